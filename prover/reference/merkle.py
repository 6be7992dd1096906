"""Merkle commitments to tables of field elements, opened at many rows at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prover.reference.errors import reject_unless
from prover.reference.field import to_montgomery_bytes
from prover.reference.parameters import ProofParameters


@dataclass(frozen=True, slots=True)
class TableShape:
    """A committed table: 2^log_rows rows, each a leaf."""

    n_columns: int
    log_rows: int


def sibling_positions(rows: Iterable[int], log_rows: int) -> Iterator[tuple[int, int]]:
    """Yield (depth, index) of the nodes that a proof carries, in the order of the proof.

    From the leaves up and from left to right: the siblings that cannot be computed.
    """
    known = sorted(set(rows))
    for depth in range(log_rows, 0, -1):
        present = set(known)
        yield from ((depth, index ^ 1) for index in known if index ^ 1 not in present)
        known = sorted({index // 2 for index in known})


def check_opening(
    root: bytes,
    shape: TableShape,
    rows: Mapping[int, Sequence[int]],
    siblings: Sequence[bytes],
    parameters: ProofParameters,
) -> None:
    """Check that the rows belong to the table with this root.

    Args:
        root: the commitment.
        shape: of the table.
        rows: full rows by their index.
        siblings: as many nodes as `sibling_positions` yields.
        parameters: which hash is used at which depth.

    Raises:
        RejectedProof: if the recomputed root differs.
    """
    nodes = {index: leaf(row, shape, parameters) for index, row in rows.items()}
    positions = sibling_positions(rows, shape.log_rows)
    missing = dict(zip(positions, siblings, strict=True))
    for depth in range(shape.log_rows, 0, -1):
        hasher = parameters.hash_into_depth(depth - 1)
        nodes |= {index: node for (at, index), node in missing.items() if at == depth}
        parents = {index // 2 for index in nodes}
        nodes = {index: hasher.node(nodes[2 * index], nodes[2 * index + 1]) for index in parents}
    reject_unless(nodes == {0: root}, "a decommitment does not match its Merkle root")


def leaf(row: Sequence[int], shape: TableShape, parameters: ProofParameters) -> bytes:
    """Return the leaf of a row: the hash of its cells in Montgomery form, or the only cell."""
    cells = b"".join(map(to_montgomery_bytes, row))
    return cells if shape.n_columns == 1 else parameters.hash_into_depth(shape.log_rows).leaf(cells)
