"""The batch program of `tests.support.many_markets`: with another bound of underlyings."""

import functools
import json
from pathlib import Path

from circuits import compiler
from circuits.program_input import program_input
from novation.protocol.constants import MAX_UNDERLYINGS
from novation.protocol.witness import BatchWitness
from prover._native import CairoProgram, CairoRun
from tests.support.many_markets import N_MARKETS

_ROOT = Path(__file__).parents[2]
_CAIRO = _ROOT / "circuits" / "cairo"


@functools.cache
def _program() -> CairoProgram:
    bound, raised = (f"MAX_UNDERLYINGS = {n};" for n in (MAX_UNDERLYINGS, N_MARKETS))
    constants = (_CAIRO / "constants.cairo").read_text()
    assert bound in constants
    module = {"circuits.cairo.constants": constants.replace(bound, raised)}
    batch = compiler.compile_parts(_CAIRO / "main.cairo", _ROOT, module)
    loader = compiler.compile_loader(_CAIRO / "loader.cairo", _ROOT, batch)
    return CairoProgram(json.dumps(compiler.loaded_code(batch, loader, _ROOT)))


def run_with_many_markets(witness: BatchWitness) -> CairoRun:
    """Run a batch of such an exchange."""
    records = program_input(witness)
    return _program().run(records.opened, records.tape)
