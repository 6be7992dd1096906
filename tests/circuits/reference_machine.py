"""The batch program on cairo-lang's own virtual machine, with the files that cairo-run writes.

The loader is the main program here too; cairo-lang has what it takes to load another one.
"""

import io
import json
from pathlib import Path
from typing import Any, Final

from circuits.cairo_lang_shim import quiet  # isort: skip - must come before starkware
from starkware.cairo.lang.compiler.program import Program
from starkware.cairo.lang.dynamic_layout_params import dynamic_params_dict_to_cairo_layout_params
from starkware.cairo.lang.vm.cairo_run import (
    write_air_public_input,
    write_binary_memory,
    write_binary_trace,
)
from starkware.cairo.lang.vm.cairo_runner import CairoRunner

from circuits.loader import padded
from circuits.program import compiled_loader_path, compiled_program_path
from circuits.program_input import MARKET_KEY_BASE, ORDER_KEY_BASE, ProgramInput

LAYOUT_FILE: Final = Path(__file__).parents[2] / "circuits" / "cairo_air" / "layout.json"
LAYOUT_BUILTINS: Final = (
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


class ReferenceRun:
    """A finished proof-mode run."""

    def __init__(self, records: ProgramInput, min_steps: int) -> None:
        with quiet():
            self._run(records, min_steps)

    def _run(self, records: ProgramInput, min_steps: int) -> None:
        self.batch_program = Program.load(json.loads(compiled_program_path().read_text()))
        program = Program.load(json.loads(compiled_loader_path().read_text()))
        params = dynamic_params_dict_to_cairo_layout_params(read_json(LAYOUT_FILE))
        layout = params.to_cairo_layout()
        self.runner = CairoRunner(program, layout, proof_mode=True)
        assert set(layout.builtins) == set(LAYOUT_BUILTINS)
        self.runner.initialize_segments()
        end = self.runner.initialize_main_entrypoint()
        self.runner.initialize_zero_segment()
        self.runner.initialize_vm(hint_locals=self._hint_locals(records))
        self.runner.run_until_pc(end)
        self.runner.run_for_steps(1)
        self.runner.original_steps = self.runner.vm.current_step
        self.runner.run_until_steps(min_steps)
        self.runner.end_run(disable_trace_padding=False)
        self.runner.read_return_values()
        self.runner.finalize_segments()
        self.runner.relocate()

    def trace_bytes(self) -> bytes:
        buffer = io.BytesIO()
        write_binary_trace(buffer, self.runner.relocated_trace)
        return buffer.getvalue()

    def memory_bytes(self) -> bytes:
        buffer = io.BytesIO()
        write_binary_memory(buffer, self.runner.relocated_memory, 32)
        return buffer.getvalue()

    def public_input(self) -> dict[str, Any]:
        buffer = io.StringIO()
        low, high = self.runner.get_perm_range_check_limits()
        write_air_public_input(
            layout="dynamic",
            public_input_file=buffer,
            memory=self.runner.relocated_memory,
            public_memory_addresses=self.runner.segments.get_public_memory_addresses(
                segment_offsets=self.runner.get_segment_offsets()
            ),
            memory_segment_addresses=self.runner.get_memory_segment_addresses(),
            trace=self.runner.relocated_trace,
            rc_min=low,
            rc_max=high,
        )
        return json.loads(buffer.getvalue())

    def private_input(self) -> dict[str, Any]:
        return self.runner.get_air_private_input()

    def _hint_locals(self, records: ProgramInput) -> dict[str, Any]:
        memory, segments = self.runner.vm_memory, self.runner.segments
        accounts = {key: segments.gen_arg(x) for key, x in records.accounts.items()}
        orders = {key: segments.gen_arg(x) for key, x in records.orders.items()}
        markets = {key: segments.gen_arg(x) for key, x in records.markets.items()}
        read_to: dict[int, Any] = {}

        def read_log(end: Any) -> None:
            entry = read_to.get(end.segment_index, end - end.offset)
            while entry != end:
                key, record = memory[entry], memory[entry + 2]
                if key >= MARKET_KEY_BASE:
                    markets[key - MARKET_KEY_BASE] = record
                elif key < ORDER_KEY_BASE:
                    accounts[key] = record
                elif record != 0:
                    orders[memory[memory[record]]] = record
                entry += 3
            read_to[end.segment_index] = end

        def latest(table: dict[int, Any]) -> Any:
            def find(log: Any, key: int) -> Any:
                read_log(log)
                return table.get(key, 0)

            return find

        def load(address: Any, n_words: int) -> None:
            segments.write_arg(address, padded(self.batch_program.data)[:n_words])
            self.runner.vm.load_program(self.batch_program, address)

        return {
            "load_program": load,
            "witness": iter(records.tape),
            "latest_account": latest(accounts),
            "latest_order": latest(orders),
            "latest_market": latest(markets),
        }


def parse_memory(data: bytes) -> dict[int, int]:
    """Return the cells of a memory file by address."""
    return {
        int.from_bytes(data[i : i + 8], "little"): int.from_bytes(data[i + 8 : i + 40], "little")
        for i in range(0, len(data), 40)
    }


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file."""
    return dict(json.loads(path.read_text()))
