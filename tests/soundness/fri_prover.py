"""A prover of FRI alone, honest about hashing and folding, for any function, low degree or not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prover.reference.field import P, domain_element, product, to_montgomery_bytes
from prover.reference.fri import FriCommitment, fold_coset
from prover.reference.hashes import node_hash
from prover.reference.merkle import TableShape, leaf, sibling_positions
from prover.reference.parameters import FriParameters, ProofParameters, Suite

LOG_DOMAIN = 7
FRI = FriParameters(steps=(2, 1), last_layer_degree_bound=4)


def parameters(hash_name: str, n_friendly_layers: int = 0) -> ProofParameters:
    """Return parameters for 2^7 points and degree below 2^5."""
    return ProofParameters(
        suite=Suite.K,
        log_blowup=2,
        n_queries=5,
        proof_of_work_bits=0,
        fri=FRI,
        n_friendly_layers=n_friendly_layers,
        bottom_hash=node_hash(hash_name),
        friendly_hash=node_hash("poseidon3"),
    )


class Table:
    """A committed table of 2^log_columns columns, row by row."""

    def __init__(
        self, values: Sequence[int], log_columns: int, parameters: ProofParameters
    ) -> None:
        width = 1 << log_columns
        self.rows = [values[i : i + width] for i in range(0, len(values), width)]
        self.shape = TableShape(width, (len(self.rows) - 1).bit_length())
        nodes = [leaf(row, self.shape, parameters) for row in self.rows]
        self.levels = [nodes]
        for depth in reversed(range(self.shape.log_rows)):
            node = parameters.hash_into_depth(depth).node
            nodes = [node(nodes[i], nodes[i + 1]) for i in range(0, len(nodes), 2)]
            self.levels.append(nodes)

    @property
    def root(self) -> bytes:
        return self.levels[-1][0]

    def siblings(self, rows: Iterable[int]) -> list[bytes]:
        """Return the nodes that open these rows."""
        return [
            self.levels[self.shape.log_rows - depth][index]
            for depth, index in sibling_positions(rows, self.shape.log_rows)
        ]

    def opening(self, known: Iterable[int]) -> bytes:
        """Return the bytes that complete and open the rows of known values."""
        indices = set(known)
        rows = sorted({index // self.shape.n_columns for index in indices})
        cells = b"".join(
            to_montgomery_bytes(cell)
            for row in rows
            for column, cell in enumerate(self.rows[row])
            if row * self.shape.n_columns + column not in indices
        )
        return cells + b"".join(self.siblings(rows))


@dataclass(frozen=True, slots=True)
class FriProof:
    """What the verifier of FRI needs."""

    commitment: FriCommitment
    openings: bytes


def prove(
    layers: Sequence[Sequence[int]],
    challenges: Sequence[int],
    queries: Sequence[int],
    parameters: ProofParameters,
) -> FriProof:
    """Commit to the given layers, the last of which is sent as a polynomial through 4 points."""
    tables = [
        Table(layer, step, parameters)
        for layer, step in zip(layers[:-1], parameters.fri.steps, strict=True)
    ]
    openings, known = b"", set(queries)
    for table, step in zip(tables, parameters.fri.steps, strict=True):
        openings += table.opening(known)
        known = {index >> step for index in known}
    log_last = (len(layers[-1]) - 1).bit_length()
    points = [domain_element(i, log_last) for i in range(FRI.last_layer_degree_bound)]
    last = interpolate(points, layers[-1][: len(points)])
    roots = tuple(table.root for table in tables)
    return FriProof(FriCommitment(roots, tuple(challenges), tuple(last)), openings)


def fold(layer: Sequence[int], step: int, challenge: int) -> list[int]:
    """Fold a whole layer."""
    log_size = (len(layer) - 1).bit_length()
    width = 1 << step
    return [
        fold_coset(layer[start : start + width], start, log_size, challenge)
        for start in range(0, len(layer), width)
    ]


def interpolate(points: Sequence[int], values: Sequence[int]) -> list[int]:
    """Return the coefficients of the polynomial through these points (Lagrange)."""
    result = [0] * len(points)
    for i, (x, value) in enumerate(zip(points, values, strict=True)):
        others = [point for j, point in enumerate(points) if j != i]
        basis = [1]
        for other in others:
            shifted = [0, *basis]
            basis = [a - other * b for a, b in zip(shifted, [*basis, 0], strict=True)]
        scale = value * pow(product(x - other for other in others), -1, P)
        result = [(a + scale * b) % P for a, b in zip(result, basis, strict=True)]
    return result
