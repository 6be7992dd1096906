"""The statement: what ran, on which layout, with which public memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from prover.reference.errors import reject_unless, unsupported_if
from prover.reference.field import P, product, to_bytes
from prover.reference.hashes import keccak256, pedersen_hash_many
from prover.reference.json_fields import (
    felt,
    field,
    integer,
    items,
    mapping,
    optional,
    text,
)
from prover.reference.json_text import quote
from prover.reference.layout import (
    CPU_COMPONENT_HEIGHT,
    SEGMENTS,
    DynamicLayout,
    Segment,
    check_segments,
)
from prover.reference.parameters import ProofParameters, Suite

LAYOUT_NAME = "dynamic"
MAX_LOG_STEPS = 50
RANGE_CHECK_BOUND = 2**16
MAIN_PAGE = 0
KEYS = {
    "dynamic_params",
    "layout",
    "memory_segments",
    "n_steps",
    "public_memory",
    "rc_max",
    "rc_min",
}


@dataclass(frozen=True, slots=True)
class PublicInput:
    """The public input of a run in the dynamic layout.

    Page 0 of the public memory is a list of cells; the cells of others have consecutive addresses.
    """

    n_steps: int
    rc_min: int
    rc_max: int
    layout: DynamicLayout
    segments: Mapping[str, Segment]
    memory: tuple[tuple[int, int], ...]  # (address, value)
    pages: tuple[int, ...]  # of each cell

    @property
    def trace_length(self) -> int:
        """Rows: 16 per step, times the step of the CPU component."""
        return self.n_steps * CPU_COMPONENT_HEIGHT * self.layout.cpu_component_step

    @property
    def log_trace_length(self) -> int:
        """Base-2 logarithm of the number of rows."""
        return self.trace_length.bit_length() - 1

    def seed_words(self, parameters: ProofParameters) -> list[int]:
        """Return the words whose hash is the seed of the transcript."""
        padding_address, padding_value = self.memory[0]
        return [
            parameters.n_friendly_layers,
            self.n_steps.bit_length() - 1,
            self.rc_min,
            self.rc_max,
            int.from_bytes(LAYOUT_NAME.encode(), "big"),
            *self.layout.words(),
            *(
                word
                for name in SEGMENTS
                for word in (self.segments[name].begin_addr, self.segments[name].stop_ptr)
            ),
            padding_address,
            padding_value,
            len(set(self.pages)),
            *self._page_words(parameters.suite),
        ]

    def _page_words(self, suite: Suite) -> Iterator[int]:
        """Yield for each page its first address unless it is page 0, its length and its hash."""
        for page, cells in sorted(self.cells_by_page().items()):
            if page == MAIN_PAGE:
                words = [word for cell in cells for word in cell]
            else:
                words = [value for _, value in cells]
                yield cells[0][0]
            yield len(cells)
            yield page_hash(words, suite)

    def cells_by_page(self) -> dict[int, list[tuple[int, int]]]:
        """Return the cells of each page."""
        pages: dict[int, list[tuple[int, int]]] = {}
        for cell, page in zip(self.memory, self.pages, strict=True):
            pages.setdefault(page, []).append(cell)
        return pages

    def memory_product_ratio(self, z: int, alpha: int) -> tuple[int, int]:
        """Return numerator and denominator of the public factor of the memory permutation.

        The public cells are 0 in the committed trace; the verifier replaces them by the public
        memory, padded with its first entry: z^S / prod(z - (a + alpha*v)), S being their number.
        """
        n_cells = self.layout.n_public_memory_cells(self.trace_length)
        padding_address, padding_value = self.memory[0]
        padding = pow(z - (padding_address + alpha * padding_value), n_cells - len(self.memory), P)
        entries = product(z - (address + alpha * value) for address, value in self.memory)
        return pow(z, n_cells, P), entries * padding % P


def page_hash(words: list[int], suite: Suite) -> int:
    """Hash the content of a page."""
    if suite is Suite.P:
        return pedersen_hash_many(words)
    return int.from_bytes(keccak256(b"".join(map(to_bytes, words))), "big")


def parse_public_input(raw: object) -> PublicInput:
    """Read and check the `public_input` of a proof.

    Raises:
        UnreadableProof: for wrong types, missing or unknown keys.
        UnsupportedProof: for another layout and for builtins without constraints.
        RejectedProof: naming the violated bound.
    """
    return check_public_input(read_public_input(raw))


def read_public_input(raw: object) -> PublicInput:
    """Read keys and types.

    Raises:
        UnreadableProof: naming the key.
        UnsupportedProof: if what follows from the layout is not known.
    """
    fields = mapping(raw, KEYS)
    layout = field(fields, "layout", text)
    unsupported_if(
        layout != LAYOUT_NAME, f'layout {quote(layout)} is not supported, only "{LAYOUT_NAME}"'
    )
    cells = field(fields, "public_memory", lambda value: items(value, _memory_cell))
    return PublicInput(
        n_steps=field(fields, "n_steps", integer),
        rc_min=field(fields, "rc_min", integer),
        rc_max=field(fields, "rc_max", integer),
        layout=field(fields, "dynamic_params", DynamicLayout.parse),
        segments=field(fields, "memory_segments", _segments),
        memory=tuple((address, value) for address, value, _ in cells),
        pages=tuple(page for _, _, page in cells),
    )


def _segments(raw: object) -> Mapping[str, Segment]:
    fields = mapping(raw, set(SEGMENTS))
    return {name: field(fields, name, _segment) for name in SEGMENTS}


def _segment(raw: object) -> Segment:
    fields = mapping(raw, {"begin_addr", "stop_ptr"})
    return Segment(field(fields, "begin_addr", integer), field(fields, "stop_ptr", integer))


def _memory_cell(raw: object) -> tuple[int, int, int]:
    fields = mapping(raw, {"address", "page", "value"})
    address, value = field(fields, "address", integer), field(fields, "value", felt)
    return address, value, optional(fields, "page", integer, MAIN_PAGE)


def check_public_input(public_input: PublicInput) -> PublicInput:
    """Check first that the statement can be judged here, then that the AIR can express it.

    What the public memory says (which program, which output) is for the caller to judge.

    Raises:
        UnsupportedProof: for builtins without constraints.
        RejectedProof: naming the violated bound.
    """
    layout, n_steps = public_input.layout, public_input.n_steps
    layout.check_supported()
    most = 2**MAX_LOG_STEPS
    unsupported_if(n_steps > most, f"n_steps is {n_steps}, supported are at most {most}")
    reject_unless(is_power_of_two(n_steps), f"n_steps is {n_steps}, a power of two is expected")
    rc_min, rc_max = public_input.rc_min, public_input.rc_max
    reject_unless(
        rc_min <= rc_max < RANGE_CHECK_BOUND,
        f"rc_min is {rc_min} and rc_max {rc_max}, expected rc_min <= rc_max <= 65535",
    )
    step = layout.cpu_component_step
    reject_unless(is_power_of_two(step), f"cpu_component_step is {step}, no power of two")
    trace_length = public_input.trace_length
    layout.check(trace_length)
    check_segments(public_input.segments, layout, trace_length)
    n_cells = layout.n_public_memory_cells(trace_length)
    n_public = len(public_input.memory)
    reject_unless(
        1 <= n_public <= n_cells,
        f"public_memory has {n_public} cells, at least 1 is needed and the trace has {n_cells}",
    )
    _check_pages(public_input)
    return public_input


def _check_pages(public_input: PublicInput) -> None:
    for expected, (page, cells) in enumerate(sorted(public_input.cells_by_page().items())):
        reject_unless(page == expected, f"public memory has page {page}, but no page {expected}")
        addresses = [address for address, _ in cells]
        for previous, address in pairwise(addresses):
            reject_unless(
                page == MAIN_PAGE or address == previous + 1,
                f"public memory page {page} is not continuous at address {address}",
            )


def is_power_of_two(value: int) -> bool:
    """Tell whether value is 2^k with k >= 0."""
    return value > 0 and value & (value - 1) == 0
