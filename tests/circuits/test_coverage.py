"""The forging batches run every instruction of our own Cairo code: what none runs, none attacks."""

from collections import Counter
from pathlib import Path

from circuits.program import bytecode, instruction_places
from prover._native import CairoRun
from prover.runner import load_program
from tests.circuits.forging_batches import forging_batches, forging_inputs

ROOT = Path(__file__).parents[2]


def steps_by_offset(run: CairoRun) -> Counter[int]:
    """Return how often the instruction at each offset of the bytecode was executed.

    The machine counts the words of the loader behind those of the program.
    """
    counts = run.steps_by_pc()
    executed = +Counter(dict(enumerate(counts[: len(bytecode())])))
    assert executed.keys() <= instruction_places().keys()
    return executed


def is_data(place: str) -> bool:
    """Say whether a place of the sources is a word of data, which is never executed."""
    name, line = place.rsplit(":", 1)
    text = (ROOT / name).read_text().splitlines()[int(line) - 1]
    return text.strip().startswith("dw ")


def test_forging_batches_run_every_instruction() -> None:
    steps: Counter[int] = Counter()
    for name, records in forging_inputs().items():
        run = load_program().run(records.opened, records.tape)
        assert tuple(run.output) == forging_batches()[name].output
        steps.update(steps_by_offset(run))
    own = {
        offset: place
        for offset, place in instruction_places().items()
        if place.startswith("circuits/cairo/")
    }
    assert len(own) > len(bytecode()) // 2
    missing = [f"{place} (offset {pc})" for pc, place in sorted(own.items()) if not steps[pc]]
    missing = [text for text in missing if not is_data(text.split(" ")[0])]
    assert not missing, "\n".join(["not executed by any forging batch:", *missing])
