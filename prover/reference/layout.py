"""The dynamic layout: its 340 parameters, and the conditions that make them a layout.

A virtual column is (column, step, offset). Builtins own slots in three shared pools (memory,
16-bit range checks, diluted values); a slot is given by its suboffset, counted in units of the
pool, within a period of rows. The conditions are those of StarkWare's verifiers: without them a
prover could choose parameters that make constraints vacuous.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from prover.reference.errors import reject_unless, unsupported_if
from prover.reference.json_fields import Malformed, field, integer, mapping

N_PARAMS = 340
# Pins the names, and so their order in the seed, without listing them.
PARAM_NAMES_SHA256 = "e27758e505898708b13c101325149d7dbac07f9543ff584fb4f7262bb9f7b61f"

CPU_COMPONENT_HEIGHT = 16
MAX_CPU_COMPONENT_STEP = 256
# StarkWare's Cairo verifier bounds the columns of each phase by 128.
MAX_COLUMNS = 128
PUBLIC_MEMORY_FRACTION = 8

SEGMENTS = (
    "program",
    "execution",
    "output",
    "pedersen",
    "range_check",
    "ecdsa",
    "bitwise",
    "ec_op",
    "keccak",
    "poseidon",
    "range_check96",
    "add_mod",
    "mul_mod",
)
# The AIR has no constraints for these, hence they must be switched off.
UNSUPPORTED_BUILTINS = ("keccak", "range_check96", "add_mod", "mul_mod")
# They have no instances, whatever one would consist of.
UNSUPPORTED_CELLS = 1

# All parameters of a builtin but the one that switches it on.
PARAMS_OF = {
    name: re.compile(rf"{name}(_builtin)?_(row_ratio|_)")
    for name in (
        "pedersen",
        "range_check",
        "ecdsa",
        "bitwise",
        "ec_op",
        "poseidon",
        *UNSUPPORTED_BUILTINS,
    )
}

SECOND_PHASE_COLUMNS = {
    "memory__multi_column_perm__perm__cum_prod0_column",
    "range_check16__perm__cum_prod0_column",
    "diluted_check__cumulative_value_column",
    "diluted_check__permutation__cum_prod0_column",
}

MEMORY = "memory_units_row_ratio"
RANGE_CHECK = "range_check_units_row_ratio"
DILUTED = "diluted_units_row_ratio"


@dataclass(frozen=True, slots=True)
class Slot:
    """A virtual column inside a pool: its step is the period of its owner over `fraction`."""

    suboffset: str
    pool: str = MEMORY
    fraction: int = 1


@dataclass(frozen=True, slots=True)
class Builtin:
    """A builtin with constraints: rows per instance, and units per instance in each pool."""

    row_ratio: str
    min_row_ratio: int
    memory_units: int
    slots: tuple[Slot, ...]
    range_check_units: int = 0
    diluted_units: int = 0


BUILTINS = {
    "pedersen": Builtin(
        "pedersen_builtin_row_ratio",
        min_row_ratio=512,
        memory_units=3,
        slots=tuple(Slot(f"pedersen__{cell}_suboffset") for cell in ("input0", "input1", "output")),
    ),
    "range_check": Builtin(
        "range_check_builtin_row_ratio",
        min_row_ratio=8,
        memory_units=1,
        range_check_units=8,
        slots=(
            Slot("range_check_builtin__mem_suboffset"),
            Slot("range_check_builtin__inner_range_check_suboffset", RANGE_CHECK, fraction=8),
        ),
    ),
    "ecdsa": Builtin(
        "ecdsa_builtin_row_ratio",
        min_row_ratio=512,
        memory_units=2,
        slots=(Slot("ecdsa__pubkey_suboffset"), Slot("ecdsa__message_suboffset")),
    ),
    "bitwise": Builtin(
        "bitwise__row_ratio",
        min_row_ratio=64,
        memory_units=5,
        diluted_units=68,
        slots=(
            Slot("bitwise__var_pool_suboffset", fraction=4),
            Slot("bitwise__x_or_y_suboffset"),
            Slot("bitwise__diluted_var_pool_suboffset", DILUTED, fraction=64),
            *(Slot(f"bitwise__trim_unpacking{i}_suboffset", DILUTED) for i in range(192, 196)),
        ),
    ),
    "ec_op": Builtin(
        "ec_op_builtin_row_ratio",
        min_row_ratio=256,
        memory_units=7,
        slots=tuple(
            Slot(f"ec_op__{cell}_suboffset")
            for cell in ("p_x", "p_y", "q_x", "q_y", "m", "r_x", "r_y")
        ),
    ),
    "poseidon": Builtin(
        "poseidon__row_ratio",
        min_row_ratio=64,
        memory_units=6,
        slots=tuple(
            Slot(f"poseidon__param_{i}__input_output_suboffset", fraction=2) for i in range(3)
        ),
    ),
}
CPU_MEMORY_UNITS = 4
CPU_RANGE_CHECK_UNITS = 3
CPU_SLOTS = (
    *(
        Slot(f"cpu__{cell}_suboffset")
        for cell in ("decode__mem_inst", "operands__mem_dst", "operands__mem_op0")
    ),
    Slot("cpu__operands__mem_op1_suboffset"),
    *(Slot(f"cpu__decode__off{i}_suboffset", RANGE_CHECK) for i in range(3)),
)


@dataclass(frozen=True, slots=True)
class DynamicLayout:
    """The parameters by name."""

    params: Mapping[str, int]

    @classmethod
    def parse(cls, raw: object) -> Self:
        """Read `dynamic_params`.

        Raises:
            UnreadableProof: if the names or types are not those of the dynamic layout.
        """
        fields = mapping(raw)
        names = ",".join(sorted(fields))
        if hashlib.sha256(names.encode(errors="replace")).hexdigest() != PARAM_NAMES_SHA256:
            raise Malformed(f"has not exactly the {N_PARAMS} names of the layout")
        return cls({name: field(fields, name, integer) for name in sorted(fields)})

    @property
    def cpu_component_step(self) -> int:
        """Rows between neighbouring cells of the CPU component."""
        return self.params["cpu_component_step"]

    @property
    def n_columns(self) -> tuple[int, int]:
        """Columns of the first and of the second phase."""
        return self.params["num_columns_first"], self.params["num_columns_second"]

    def words(self) -> list[int]:
        """Return the parameters in the order of the seed, which is alphabetical."""
        return [self.params[name] for name in sorted(self.params)]

    def n_public_memory_cells(self, trace_length: int) -> int:
        """Return how many memory units hold public memory."""
        return trace_length // (PUBLIC_MEMORY_FRACTION * self.params[MEMORY])

    def n_instances(self, builtin: str, trace_length: int) -> int:
        """Return how many instances of a builtin the trace holds."""
        if not self.params[f"uses_{builtin}_builtin"]:
            return 0
        return trace_length // self.params[BUILTINS[builtin].row_ratio]

    def check_supported(self) -> None:
        """Check that builtins that are on have constraints, and nothing is said about the others.

        Raises:
            UnsupportedProof: naming the parameter.
        """
        for name in UNSUPPORTED_BUILTINS:
            unsupported_if(
                self.params[f"uses_{name}_builtin"] == 1,
                f"builtin {name} is switched on: it is not supported",
            )
        for name in (*BUILTINS, *UNSUPPORTED_BUILTINS):
            if self.params[f"uses_{name}_builtin"]:
                continue
            for param in filter(PARAMS_OF[name].match, self.params):
                value = self.params[param]
                unsupported_if(
                    value != 0,
                    f"{param} is {value}, but its builtin is switched off: "
                    "only 0 is supported then",
                )

    def check(self, trace_length: int) -> None:
        """Check that the parameters describe a layout of this many rows.

        Raises:
            RejectedProof: naming the parameter.
        """
        self._check_columns(trace_length)
        step = self.cpu_component_step
        reject_unless(
            step <= MAX_CPU_COMPONENT_STEP,
            f"cpu_component_step is {step}, at most {MAX_CPU_COMPONENT_STEP} is allowed",
        )
        for pool in (RANGE_CHECK, DILUTED):
            self._check_divides(pool, trace_length)
        self._check_divides(MEMORY, trace_length // PUBLIC_MEMORY_FRACTION)
        self._check_slots(CPU_SLOTS, CPU_COMPONENT_HEIGHT * step)
        public_period = PUBLIC_MEMORY_FRACTION * self.params[MEMORY]
        self._check_slots((Slot("orig__public_memory_suboffset"),), public_period)
        for name in (*BUILTINS, *UNSUPPORTED_BUILTINS):
            uses = self.params[f"uses_{name}_builtin"]
            reject_unless(uses in (0, 1), f"uses_{name}_builtin is {uses}, expected 0 or 1")
        for name, builtin in BUILTINS.items():
            if self.params[f"uses_{name}_builtin"]:
                self._check_divides(builtin.row_ratio, trace_length, builtin.min_row_ratio)
                self._check_slots(builtin.slots, self.params[builtin.row_ratio])
        self._check_units(trace_length)

    def _check_columns(self, trace_length: int) -> None:
        first, second = self.n_columns
        for name, count in (("num_columns_first", first), ("num_columns_second", second)):
            allowed = f"expected 1 to {MAX_COLUMNS}"
            reject_unless(1 <= count <= MAX_COLUMNS, f"{name} is {count}, {allowed}")
        for name, value in self.params.items():
            if name.endswith("_column"):
                second_phase = name in SECOND_PHASE_COLUMNS
                columns = range(first, first + second) if second_phase else range(first)
                allowed = f"expected {columns[0]} to {columns[-1]}"
                reject_unless(value in columns, f"{name} is {value}, {allowed}")
            elif name.endswith("_offset"):
                reject_unless(
                    value < trace_length, f"{name} is {value}, the trace has {trace_length}"
                )

    def _check_divides(self, name: str, rows: int, minimum: int = 1) -> None:
        value = self.params[name]
        # Rows are a power of two, so that their divisors are, too.
        allowed = f"expected a power of two of at least {minimum} and at most {rows}"
        reject_unless(value >= minimum and rows % value == 0, f"{name} is {value}, {allowed}")

    def _check_slots(self, slots: tuple[Slot, ...], period: int) -> None:
        for slot in slots:
            suboffset, step = self.params[slot.suboffset], period // slot.fraction
            row = suboffset * self.params[slot.pool]
            reason = f"{slot.suboffset} is {suboffset}: row {row} is beyond its {step} rows"
            reject_unless(row < step, reason)

    def _check_units(self, trace_length: int) -> None:
        """Check that each pool has a unit for every use."""
        n_steps = trace_length // (CPU_COMPONENT_HEIGHT * self.cpu_component_step)
        instances = {name: self.n_instances(name, trace_length) for name in BUILTINS}
        memory = CPU_MEMORY_UNITS * n_steps + self.n_public_memory_cells(trace_length)
        memory += sum(BUILTINS[name].memory_units * n for name, n in instances.items())
        range_checks = CPU_RANGE_CHECK_UNITS * n_steps
        range_checks += sum(BUILTINS[name].range_check_units * n for name, n in instances.items())
        diluted = sum(BUILTINS[name].diluted_units * n for name, n in instances.items())
        for pool, used in ((MEMORY, memory), (RANGE_CHECK, range_checks), (DILUTED, diluted)):
            units = trace_length // self.params[pool]
            reject_unless(used <= units, f"{used} units are used, {pool} leaves {units}")


@dataclass(frozen=True, slots=True)
class Segment:
    """Where a builtin, the program or the stack lives, and where its pointer stopped."""

    begin_addr: int
    stop_ptr: int


def check_segments(
    segments: Mapping[str, Segment], layout: DynamicLayout, trace_length: int
) -> None:
    """Check that no builtin used more instances than the trace holds.

    Raises:
        RejectedProof: naming the segment.
    """
    for name in SEGMENTS[2:]:
        begin, stop = segments[name].begin_addr, segments[name].stop_ptr
        reject_unless(
            begin <= stop, f"segment {name} begins at {begin} and stops before, at {stop}"
        )
        if name == "output":
            continue
        cells = UNSUPPORTED_CELLS if name in UNSUPPORTED_BUILTINS else BUILTINS[name].memory_units
        size = stop - begin
        reject_unless(
            size % cells == 0, f"segment {name} has {size} cells, an instance has {cells}"
        )
        used, limit = size // cells, layout.n_instances(name, trace_length)
        reject_unless(used <= limit, f"segment {name} has {used} instances, the trace has {limit}")
