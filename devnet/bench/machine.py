"""How fast the machine runs a batch: hints, builtins, signatures and memory included."""

from __future__ import annotations

import importlib
import time
from typing import Any, Final

from circuits.program_input import program_input
from devnet.bench.steps import DISTINCT, MODULE
from devnet.errors import UserError
from prover.runner import run_program

TRADES: Final = 120
RUNS: Final = 7


def measure_machine() -> float:
    """Return the steps per second of the fastest of a few runs of a batch of trades.

    Raises:
        UserError: outside a checkout, where the benchmark's batches are not at hand.
    """
    try:
        benchmark: Any = importlib.import_module(MODULE)
    except ModuleNotFoundError as error:
        raise UserError(f"bench: no module {MODULE}; run it in a checkout") from error
    records = program_input(benchmark.sealed(benchmark.CASES[DISTINCT], TRADES).witness)
    fastest, n_steps = float("inf"), 0
    for _ in range(RUNS):
        start = time.perf_counter()
        run = run_program(records)
        run.provable()
        fastest = min(fastest, time.perf_counter() - start)
        n_steps = run.n_steps
    return n_steps / fastest
