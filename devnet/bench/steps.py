"""Cairo steps per transaction, measured by the benchmark of the circuit."""

from __future__ import annotations

import importlib
from typing import Any, Final

from devnet.errors import UserError
from prover.cost import cost_of

MODULE: Final = "tests.benchmarks.step_costs"
DISTINCT: Final = "trade, distinct accounts"
REPEATED: Final = "trade, repeated accounts"


def measure_steps() -> dict[str, float]:
    """Return the steps of one more of each measured thing: the slope between n and 2 n of it.

    Raises:
        UserError: outside a checkout, where the benchmark's batches are not at hand.
    """
    try:
        benchmark: Any = importlib.import_module(MODULE)
    except ModuleNotFoundError as error:
        raise UserError(f"bench: no module {MODULE}; run it in a checkout") from error
    steps = {}
    for name, case in benchmark.CASES.items():
        once, twice = (cost_of(benchmark.run(case, n)) for n in (case.n, 2 * case.n))
        steps[name] = round((twice - once).n_steps / case.n, 1)
    return steps
