"""The statement: what ran, on which layout, with which public memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from prover.reference.errors import UnreadableProof, reject_unless
from prover.reference.field import P, product, to_bytes
from prover.reference.hashes import keccak256, pedersen_hash_many
from prover.reference.json_fields import (
    felt,
    integer,
    known_keys,
    mapping,
    sequence,
    text,
)
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
    """The public input of a run in the dynamic layout; all public memory is in page 0."""

    n_steps: int
    rc_min: int
    rc_max: int
    layout: DynamicLayout
    segments: Mapping[str, Segment]
    memory: tuple[tuple[int, int], ...]  # (address, value)

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
            1,  # page 0 is the only one
            len(self.memory),
            self.main_page_hash(parameters.suite),
        ]

    def main_page_hash(self, suite: Suite) -> int:
        """Hash the addresses and values of page 0."""
        words = [word for entry in self.memory for word in entry]
        if suite is Suite.P:
            return pedersen_hash_many(words)
        return int.from_bytes(keccak256(b"".join(map(to_bytes, words))), "big")

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


def parse_public_input(raw: object) -> PublicInput:
    """Read the `public_input` of a proof.

    Raises:
        UnreadableProof: for wrong types, keys or layout, and for public memory outside page 0.
        RejectedProof: from `check_public_input`.
    """
    fields = mapping(raw, "public_input")
    known_keys(fields, KEYS, "public_input")
    if text(fields, "layout") != LAYOUT_NAME:
        raise UnreadableProof(f"layout {fields['layout']!r} is not supported, only 'dynamic'")
    segments = mapping(fields.get("memory_segments"), "memory_segments")
    if set(segments) != set(SEGMENTS):
        raise UnreadableProof(f"memory_segments must be exactly {list(SEGMENTS)}")
    public_input = PublicInput(
        n_steps=integer(fields, "n_steps"),
        rc_min=integer(fields, "rc_min"),
        rc_max=integer(fields, "rc_max"),
        layout=DynamicLayout.parse(fields.get("dynamic_params")),
        segments={name: _parse_segment(segments[name], name) for name in SEGMENTS},
        memory=tuple(_parse_memory_entry(entry) for entry in sequence(fields, "public_memory")),
    )
    check_public_input(public_input)
    return public_input


def _parse_segment(raw: object, name: str) -> Segment:
    fields = mapping(raw, f"segment {name}")
    known_keys(fields, {"begin_addr", "stop_ptr"}, f"segment {name}")
    return Segment(integer(fields, "begin_addr"), integer(fields, "stop_ptr"))


def _parse_memory_entry(raw: object) -> tuple[int, int]:
    fields = mapping(raw, "public memory entry")
    known_keys(fields, {"address", "page", "value"}, "public memory entry")
    if integer(fields, "page", default=MAIN_PAGE) != MAIN_PAGE:
        # The products of other pages would have to be proven outside of the STARK.
        raise UnreadableProof("public memory pages other than 0 are not supported")
    return integer(fields, "address"), felt(fields, "value")


def check_public_input(public_input: PublicInput) -> None:
    """Check that the statement is one that the AIR can express.

    What the public memory says (which program, which output) is for the caller to judge.

    Raises:
        RejectedProof: naming the violated bound.
    """
    n_steps = public_input.n_steps
    reject_unless(is_power_of_two(n_steps), f"n_steps = {n_steps} is not a power of two")
    reject_unless(n_steps <= 2**MAX_LOG_STEPS, f"n_steps = {n_steps} > 2^{MAX_LOG_STEPS}")
    reject_unless(
        public_input.rc_min <= public_input.rc_max < RANGE_CHECK_BOUND,
        f"range check bounds {public_input.rc_min}, {public_input.rc_max}",
    )
    layout = public_input.layout
    trace_length = public_input.trace_length
    reject_unless(is_power_of_two(trace_length), f"{trace_length} rows are not a power of two")
    layout.check(trace_length)
    check_segments(public_input.segments, layout, trace_length)
    n_cells = layout.n_public_memory_cells(trace_length)
    n_public = len(public_input.memory)
    reject_unless(1 <= n_public <= n_cells, f"{n_public} public cells, the layout has {n_cells}")


def is_power_of_two(value: int) -> bool:
    """Tell whether value is 2^k with k >= 0."""
    return value > 0 and value & (value - 1) == 0
