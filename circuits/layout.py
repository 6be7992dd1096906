"""The frozen dynamic layout: how many units of each kind a run of n steps has."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LAYOUT_NAME: Final = "dynamic"

# The builtins of the dynamic layout in the order of its memory segments, with their cells.
LAYOUT_BUILTINS: Final = {
    "output": 1,
    "pedersen": 3,
    "range_check": 1,
    "ecdsa": 2,
    "bitwise": 5,
    "ec_op": 7,
    "keccak": 16,
    "poseidon": 6,
    "range_check96": 1,
    "add_mod": 7,
    "mul_mod": 7,
}
RANGE_CHECK_PARTS: Final = 8
MIN_STEPS: Final = 2**16

_TABLE: Final = Path(__file__).resolve().parent / "cairo_air" / "layout.json"
_ROWS_PER_STEP: Final = 16
_MEMORY_UNITS_OF_INSTRUCTION: Final = 4
_RANGE_CHECK_UNITS_OF_INSTRUCTION: Final = 3
_PUBLIC_MEMORY_FRACTION: Final = 8
_ROW_RATIOS: Final = {
    "range_check": "range_check_builtin_row_ratio",
    "ecdsa": "ecdsa_builtin_row_ratio",
    "poseidon": "poseidon__row_ratio",
}


@functools.cache
def dynamic_params() -> dict[str, int]:
    """Return the 340 parameters of the frozen table."""
    return dict(json.loads(_TABLE.read_text()))


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run needs of the limited units."""

    n_steps: int
    instances: dict[str, int]
    range_check_span: int
    memory_holes: int


def allocated_instances(builtin: str, n_steps: int) -> int:
    """Return how many instances of a builtin the trace of a padded run has, used or not."""
    ratio_rows = dynamic_params().get(_ROW_RATIOS.get(builtin, ""), 0)
    return n_steps * _ROWS_PER_STEP // ratio_rows if ratio_rows else 0


def padded_steps(usage: Usage) -> int:
    """Return the number of steps, a power of two, of a provable run."""
    n_steps = MIN_STEPS
    while not _fits(usage, n_steps):
        n_steps *= 2
    return n_steps


def _fits(usage: Usage, n_steps: int) -> bool:
    params = dynamic_params()
    allocated = {name: allocated_instances(name, n_steps) for name in _ROW_RATIOS}
    range_check_units = n_steps * _ROWS_PER_STEP // params["range_check_units_row_ratio"]
    spare_range_checks = (
        range_check_units
        - _RANGE_CHECK_UNITS_OF_INSTRUCTION * n_steps
        - RANGE_CHECK_PARTS * usage.instances["range_check"]
    )
    memory_units = n_steps * _ROWS_PER_STEP // params["memory_units_row_ratio"]
    spare_memory = (
        memory_units
        - memory_units // _PUBLIC_MEMORY_FRACTION
        - _MEMORY_UNITS_OF_INSTRUCTION * n_steps
        - sum(LAYOUT_BUILTINS[name] * count for name, count in allocated.items())
    )
    return (
        usage.n_steps <= n_steps
        and all(usage.instances[name] <= count for name, count in allocated.items())
        # Values that no one uses still need a unit each, so that the sorted column has no gap.
        and usage.range_check_span <= spare_range_checks
        and usage.memory_holes <= spare_memory
    )
