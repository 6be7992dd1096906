"""Write-once memory in one flat address space, and the segments in it."""

from collections.abc import Iterable, Sequence
from typing import Final

from typing_extensions import override

from novation.crypto import FIELD_PRIME, hades

POSEIDON_CELLS: Final = 6
POSEIDON_INPUTS: Final = 3

# Segments that have no final address yet are far apart; no offset comes near this distance.
_SEGMENT_DISTANCE: Final = 1 << 192
_SEGMENT_REACH: Final = 1 << 48

Argument = int | Sequence["Argument"]


class MemoryConflictError(Exception):
    """A cell was given what is not a number, or another value than it has."""


class Memory(dict[int, int]):
    """Cells by address. Reading an unknown output of the Poseidon builtin computes it.

    Assignment checks that the cell is new or equal; the translated code uses `setdefault`.
    """

    def __init__(self) -> None:
        """Start with nothing, and no Poseidon segment."""
        super().__init__()
        self.poseidon = range(0)
        # Outputs by the address of their instance. Only those that are read become cells.
        self.permuted: dict[int, tuple[int, int, int]] = {}

    @override
    def __setitem__(self, address: int, value: int) -> None:
        """Give a cell a value; MemoryConflictError if it has another."""
        if not isinstance(value, int):
            raise MemoryConflictError(f"{address:#x} cannot hold {value!r}")
        if self.setdefault(address, value) != value:
            raise MemoryConflictError(f"{address:#x} is {self[address]}, not {value}")

    def __missing__(self, address: int) -> int:
        """Return an output of the Poseidon builtin; KeyError for any other cell."""
        offset = address - self.poseidon.start
        if address not in self.poseidon or offset % POSEIDON_CELLS < POSEIDON_INPUTS:
            raise KeyError(address)
        first = address - offset % POSEIDON_CELLS
        if first + 2 not in self:
            raise KeyError(address)
        if first not in self.permuted:
            self.permuted[first] = hades(self[first], self[first + 1], self[first + 2])
        value = self.permuted[first][offset % POSEIDON_CELLS - POSEIDON_INPUTS]
        super().__setitem__(address, value)
        return value


class Segments:
    """Hands out segments and fills them.

    Without `bases` they get provisional addresses. A second run of the same program on the same
    input asks for the same segments in the same order and can be given final ones.
    """

    def __init__(self, memory: Memory, bases: Sequence[int] | None = None) -> None:
        """Work on a memory."""
        self._memory = memory
        self._final = bases
        self.bases: list[int] = []

    def add(self) -> int:
        """Return the address of a new, empty segment."""
        index = len(self.bases)
        base = (index + 1) * _SEGMENT_DISTANCE if self._final is None else self._final[index]
        self.bases.append(base)
        return base

    def reach(self, base: int) -> range:
        """Return the addresses that a segment may use."""
        if self._final is None:
            return range(base, base + _SEGMENT_REACH)
        return range(base, min((other for other in self._final if other > base), default=base))

    def base_of(self, address: int) -> int:
        """Return where the segment of an address begins."""
        return max(base for base in self.bases if base <= address)

    def gen_arg(self, argument: Argument) -> int:
        """Return a value; a list becomes a segment and its address."""
        if isinstance(argument, int):
            return argument % FIELD_PRIME
        base = self.add()
        self.write_arg(base, argument)
        return base

    def write_arg(self, address: int, arguments: Iterable[Argument]) -> None:
        """Write values, and lists as pointers, to consecutive cells."""
        for index, argument in enumerate(arguments):
            self._memory[address + index] = self.gen_arg(argument)

    def sizes(self) -> list[int]:
        """Return the used size of each segment; only with provisional addresses."""
        sizes = [0] * len(self.bases)
        for address in self._memory:
            index, offset = divmod(address, _SEGMENT_DISTANCE)
            sizes[index - 1] = max(sizes[index - 1], offset + 1)
        return sizes
