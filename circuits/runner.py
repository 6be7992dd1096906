"""Runs the batch program: for its output only, or with everything that a prover needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from circuits.layout import LAYOUT_BUILTINS, Usage, padded_steps
from circuits.program import load_code
from circuits.program_input import (
    MARKET_KEY_BASE,
    ORDER_KEY_BASE,
    ProgramInput,
    program_input,
)
from circuits.proof_files import RunFiles, range_check_span, segment_bases, write_files
from circuits.vm.machine import Machine
from circuits.vm.memory import Memory, Segments
from novation.protocol.witness import BatchWitness

_LOG_ENTRY_CELLS: Final = 3


class LatestRecords:
    """Answers the hints that ask for the newest record of an account, an order or a market.

    That is the last one in its access log, which is read as far as it goes, or the opened one.
    """

    def __init__(self, memory: Memory, segments: Segments, records: ProgramInput) -> None:
        """Put the opened records into segments of their own."""
        self._memory = memory
        self._segments = segments
        self._accounts = {key: segments.gen_arg(x) for key, x in records.accounts.items()}
        self._orders = {key: segments.gen_arg(x) for key, x in records.orders.items()}
        self._markets: dict[int, int] = {}
        self._read_to: dict[int, int] = {}

    def account(self, log: int, account_id: int) -> int:
        """Return the record of an account, 0 if it does not exist."""
        self._read_log(log)
        return self._accounts.get(account_id, 0)

    def order(self, log: int, order_id: int) -> int:
        """Return the record of an order."""
        self._read_log(log)
        return self._orders[order_id]

    def market(self, log: int, market_id: int) -> int:
        """Return the record of a market."""
        self._read_log(log)
        return self._markets[market_id]

    def _read_log(self, end: int) -> None:
        log = self._segments.base_of(end)
        for entry in range(self._read_to.get(log, log), end, _LOG_ENTRY_CELLS):
            key, record = self._memory[entry], self._memory[entry + 2]
            if key >= MARKET_KEY_BASE:
                self._markets[key - MARKET_KEY_BASE] = record
            elif key < ORDER_KEY_BASE:
                self._accounts[key] = record
            elif record:
                terms = self._memory[record]
                self._orders[self._memory[terms]] = record
        self._read_to[log] = end


def run_machine(records: ProgramInput, bases: Sequence[int] | None = None) -> Machine:
    """Run the batch program on an input; CairoRunError if the input proves nothing."""
    machine = Machine(load_code(), tuple(LAYOUT_BUILTINS), bases)
    latest = LatestRecords(machine.memory, machine.segments, records)
    machine.run(
        {
            "witness": iter(records.tape),
            "latest_account": latest.account,
            "latest_order": latest.order,
            "latest_market": latest.market,
        }
    )
    return machine


@dataclass(frozen=True, slots=True)
class Execution:
    """What a run without proof files is good for: the output and what it cost."""

    output: tuple[int, ...]
    n_steps: int
    builtin_cells: dict[str, int]


def execute_only(witness: BatchWitness) -> Execution:
    """Run a batch and return its output and cost; nothing is written."""
    return execution_of(run_machine(program_input(witness)))


def execution_of(machine: Machine) -> Execution:
    """Return output and cost of a run."""
    cells = machine.builtin_cells("output")
    used = {
        name: machine.stop_pointer(name) - machine.builtin_bases[name]
        for name in machine.code.builtins
    }
    output = tuple(cells[offset] for offset in range(used["output"]))
    return Execution(output, machine.n_steps, used)


@dataclass(frozen=True, slots=True)
class CairoRun:
    """A run in proof mode and where its files are. `n_steps` is padded to a power of two."""

    files: RunFiles
    n_steps: int
    n_steps_used: int
    output: tuple[int, ...]


def run_batch(witness: BatchWitness, out_dir: Path) -> CairoRun:
    """Run a batch in proof mode and write trace, memory and both inputs of the prover.

    The first run finds the sizes of the memory segments; the second, on the same input, has every
    cell at its final address.
    """
    records = program_input(witness)
    first = run_machine(records)
    execution = execution_of(first)
    sizes = first.segments.sizes()
    low, high = range_check_span(first)
    usage = Usage(
        n_steps=execution.n_steps,
        instances={
            name: cells // LAYOUT_BUILTINS[name] for name, cells in execution.builtin_cells.items()
        },
        range_check_span=high - low,
        memory_holes=sum(sizes) - len(first.memory),
    )
    n_steps = padded_steps(usage)
    final = run_machine(records, segment_bases(first, sizes, n_steps))
    files = RunFiles.in_folder(out_dir)
    write_files(final, n_steps, files)
    return CairoRun(files, n_steps, execution.n_steps, execution.output)
