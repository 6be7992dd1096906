"""FRI: folding a function on 2^log_size points until it is a polynomial of low degree.

Domains are subgroups in bit-reversed order, so that x and -x are neighbours. A fold maps
f(x) = g(x^2) + x*h(x^2) to 2*(g + beta*h)(x^2) (the factor 2 is kept, as in Stone).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prover.reference.errors import reject_unless
from prover.reference.field import P, domain_element, evaluate, inverse
from prover.reference.merkle import TableShape, check_opening
from prover.reference.proof import ProofReader, read_opening


@dataclass(frozen=True, slots=True)
class FriCommitment:
    """Roots of the layers, one folding challenge for each, and the last layer's coefficients."""

    roots: tuple[bytes, ...]
    challenges: tuple[int, ...]
    last_layer: tuple[int, ...]


def check_low_degree(
    first_layer: Mapping[int, int],
    log_domain_size: int,
    commitment: FriCommitment,
    reader: ProofReader,
) -> None:
    """Check the query phase of FRI.

    Args:
        first_layer: values of the tested function at the queried positions.
        log_domain_size: of the first layer.
        commitment: what was sent before the queries.
        reader: stands at the opening of the first committed layer.

    Raises:
        RejectedProof: if a layer does not match its root or the last one its polynomial.
        UnreadableProof: if an opening is malformed.
    """
    parameters = reader.parameters
    values = dict(first_layer)
    log_sizes = parameters.fri.log_layer_sizes(log_domain_size)
    for i, step in enumerate(parameters.fri.steps):
        shape = TableShape(n_columns=2**step, log_rows=log_sizes[i] - step)
        rows = open_layer(values, shape, commitment.roots[i], reader)
        challenge = commitment.challenges[i]
        values = {
            row: fold_coset(cells, row << step, log_sizes[i], challenge)
            for row, cells in rows.items()
        }
    for index, value in values.items():
        point = domain_element(index, log_sizes[-1])
        reject_unless(
            value == evaluate(commitment.last_layer, point),
            f"FRI: position {index} of the last layer is not on its polynomial",
        )


def open_layer(
    values: Mapping[int, int], shape: TableShape, root: bytes, reader: ProofReader
) -> dict[int, list[int]]:
    """Complete the rows that hold known values, and check them against the root."""
    indices = sorted({index // shape.n_columns for index in values})
    opening = read_opening(reader, shape, indices, n_known_cells=len(values))
    received: Iterator[int] = iter(opening.cells)
    rows = {
        row: [
            values[index] if index in values else next(received)
            for index in range(row * shape.n_columns, (row + 1) * shape.n_columns)
        ]
        for row in indices
    }
    check_opening(root, shape, rows, opening.siblings, reader.parameters)
    return rows


def fold_coset(cells: Sequence[int], start: int, log_size: int, challenge: int) -> int:
    """Fold a row of neighbours, beginning at domain index `start`, to one value."""
    values = list(cells)
    while len(values) > 1:
        values = [
            fold_pair(values[i], values[i + 1], domain_element(start + i, log_size), challenge)
            for i in range(0, len(values), 2)
        ]
        start, log_size, challenge = start // 2, log_size - 1, challenge * challenge % P
    return values[0]


def fold_pair(at_x: int, at_minus_x: int, x: int, challenge: int) -> int:
    """Return f(x) + f(-x) + challenge * (f(x) - f(-x)) / x."""
    return (at_x + at_minus_x + challenge * (at_x - at_minus_x) * inverse(x)) % P
