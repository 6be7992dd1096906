"""The binary proof: a sequence of 32-byte words and one nonce, without lengths or tags.

What follows is known from the parameters and, in the query phase, from the query positions; the
words of the two phases are therefore read by two functions, and `ProofReader.finish` sees to it
that nothing is left. `docs/spec/proof_format.md` has the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from prover.reference.channel import NONCE_BYTES
from prover.reference.errors import RejectedProof
from prover.reference.field import FELT_BYTES, P, from_montgomery
from prover.reference.merkle import TableShape, sibling_positions
from prover.reference.parameters import ProofParameters, Suite


@dataclass(frozen=True, slots=True)
class Commitments:
    """What the prover sends before the queries are drawn."""

    trace_roots: tuple[bytes, bytes]
    composition_root: bytes
    oods_values: tuple[int, ...]
    fri_roots: tuple[bytes, ...]
    last_layer: tuple[int, ...]
    nonce: int | None  # absent without proof of work


@dataclass(frozen=True, slots=True)
class TableOpening:
    """Some rows of a committed table: the cells the verifier lacks, and the Merkle siblings."""

    cells: tuple[int, ...]
    siblings: tuple[bytes, ...]


class ProofReader:
    """Reads the words of a proof in order."""

    def __init__(self, data: bytes, parameters: ProofParameters) -> None:
        """Start at the first byte."""
        self.data = data
        self.position = 0
        self.parameters = parameters

    def take(self, n_bytes: int) -> bytes:
        """Return the next bytes."""
        end = self.position + n_bytes
        if end > len(self.data):
            raise RejectedProof(f"truncated: {n_bytes} bytes expected at {self.position}")
        taken, self.position = self.data[self.position : end], end
        return taken

    def finish(self) -> None:
        """Check that every byte was read."""
        if self.position != len(self.data):
            raise RejectedProof(f"{len(self.data) - self.position} bytes after the proof")

    def word(self) -> int:
        """Read an integer below p."""
        start = self.position
        value = int.from_bytes(self.take(FELT_BYTES), "big")
        if value >= P:
            raise RejectedProof(f"the word at byte {start} is not below the field modulus")
        return value

    def montgomery_felt(self) -> int:
        """Read a field element in Montgomery form."""
        return from_montgomery(self.word())

    def span(self, n_felts: int) -> tuple[int, ...]:
        """Read elements of one transcript message: standard form in suite P, else Montgomery."""
        if self.parameters.suite is Suite.P:
            return tuple(self.word() for _ in range(n_felts))
        return tuple(self.montgomery_felt() for _ in range(n_felts))

    def node(self, depth: int) -> bytes:
        """Read a Merkle node of this depth; the root has depth 0."""
        start, node = self.position, self.take(FELT_BYTES)
        if not self.parameters.hash_into_depth(depth).is_canonical(node):
            raise RejectedProof(f"the node at byte {start} has bits outside of the hash mask")
        return node

    def nonce(self) -> int | None:
        """Read the proof-of-work nonce: 8 bytes, in suite P at the end of a 32-byte word."""
        if self.parameters.proof_of_work_bits == 0:
            return None
        if self.parameters.suite is Suite.K:
            return int.from_bytes(self.take(NONCE_BYTES), "big")
        nonce = self.word()
        if nonce >> (8 * NONCE_BYTES):
            raise RejectedProof("the nonce exceeds 64 bits")
        return nonce


def read_commitments(reader: ProofReader, n_oods_values: int) -> Commitments:
    """Read the first part of a proof."""
    fri = reader.parameters.fri
    return Commitments(
        trace_roots=(reader.node(0), reader.node(0)),
        composition_root=reader.node(0),
        oods_values=reader.span(n_oods_values),
        fri_roots=tuple(reader.node(0) for _ in fri.steps),
        last_layer=reader.span(fri.last_layer_degree_bound),
        nonce=reader.nonce(),
    )


def read_opening(
    reader: ProofReader, shape: TableShape, rows: Sequence[int], n_known_cells: int = 0
) -> TableOpening:
    """Read the opening of distinct, sorted rows, of which the verifier knows some cells."""
    n_cells = len(rows) * shape.n_columns - n_known_cells
    cells = tuple(reader.montgomery_felt() for _ in range(n_cells))
    siblings = []
    for depth, _ in sibling_positions(rows, shape.log_rows):
        # The leaf of a table with one column is the cell itself.
        is_cell = depth == shape.log_rows and shape.n_columns == 1
        siblings.append(
            reader.word().to_bytes(FELT_BYTES, "big") if is_cell else reader.node(depth)
        )
    return TableOpening(cells, tuple(siblings))
