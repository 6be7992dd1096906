"""Runs the batch program: for its output only, or with everything that a prover needs."""

import functools
from dataclasses import dataclass
from pathlib import Path

from circuits.program import compiled_code
from circuits.program_input import ProgramInput, program_input
from novation.protocol.witness import BatchWitness
from prover._native import CairoProgram, CairoRun, ProvableRun


@functools.cache
def load_program() -> CairoProgram:
    """Return batch program and loader; ValueError if a hint has no native function."""
    return CairoProgram(compiled_code())


def run_program(records: ProgramInput) -> CairoRun:
    """Run the batch program on an input; CairoRunError if the input proves nothing."""
    return load_program().run(records.opened, records.tape)


@dataclass(frozen=True, slots=True)
class Execution:
    """What a run is good for besides a proof: the output and what it cost."""

    output: tuple[int, ...]
    n_steps: int
    builtin_cells: dict[str, int]


def execute_only(witness: BatchWitness) -> Execution:
    """Run a batch and return its output and cost; CairoRunError if it proves nothing."""
    return execution_of(run_program(program_input(witness)))


def execution_of(run: CairoRun) -> Execution:
    """Return output and cost of a run."""
    return Execution(tuple(run.output), run.n_steps, run.builtin_cells)


@dataclass(frozen=True, slots=True)
class BatchRun:
    """A batch that ran in proof mode: what it wrote, and the run as the prover takes it."""

    execution: Execution
    provable: ProvableRun


def run_batch(witness: BatchWitness) -> BatchRun:
    """Run a batch for the prover.

    Raises:
        CairoRunError: if the witness proves nothing.
        ValueError: if the run does not fit the layout.
    """
    run = run_program(program_input(witness))
    return BatchRun(execution_of(run), run.provable())


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Paths of the four files of a run, which cairo-run and Stone know under these names."""

    trace: Path
    memory: Path
    public_input: Path
    private_input: Path


def write_files(run: ProvableRun, folder: Path) -> RunFiles:
    """Write a run in the formats of cairo-run and Stone; OSError leaves no part of it."""
    run.write_files(folder)
    names = ("trace.bin", "memory.bin", "public_input.json", "private_input.json")
    return RunFiles(*(folder / name for name in names))
