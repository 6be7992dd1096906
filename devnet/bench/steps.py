"""Cairo steps per transaction type, measured by the benchmark of the circuit."""

from __future__ import annotations

import importlib
from typing import Any, Final

from devnet.errors import UserError

MODULE: Final = "tests.benchmarks.step_costs"


def measure_steps() -> dict[str, float]:
    """Return the steps of one more transaction of each kind.

    Raises:
        UserError: outside a checkout, where the benchmark's batches are not at hand.
    """
    try:
        benchmark: Any = importlib.import_module(MODULE)
    except ModuleNotFoundError as error:
        raise UserError(f"bench: no module {MODULE}; run it in a checkout") from error
    steps: dict[str, float] = benchmark.measure_all()
    return steps
