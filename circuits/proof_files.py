"""Writes a proof-mode run in the file formats of cairo-run and Stone."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from circuits.layout import (
    LAYOUT_BUILTINS,
    LAYOUT_NAME,
    RANGE_CHECK_PARTS,
    allocated_instances,
    dynamic_params,
)
from circuits.vm.instructions import biased_offsets
from circuits.vm.machine import ECDSA_CELLS, Machine
from circuits.vm.memory import POSEIDON_CELLS, POSEIDON_INPUTS
from novation.crypto import STARK_CURVE_ORDER

_FELT_BYTES: Final = 32
_PART_BITS: Final = 16
_PART_MASK: Final = (1 << _PART_BITS) - 1


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Paths of the four files of a run."""

    trace: Path
    memory: Path
    public_input: Path
    private_input: Path

    @classmethod
    def in_folder(cls, folder: Path) -> "RunFiles":
        """Return the usual names in a folder."""
        return cls(
            folder / "trace.bin",
            folder / "memory.bin",
            folder / "public_input.json",
            folder / "private_input.json",
        )


def segment_bases(machine: Machine, sizes: list[int], n_steps: int) -> list[int]:
    """Return the final addresses of all segments, which follow each other from 1 on.

    The instances of a builtin that a run leaves unused are in the trace too, so that its segment
    takes the space of all.
    """
    names = list(machine.builtin_bases)
    bases, address = [], 1
    for index, size in enumerate(sizes):
        bases.append(address)
        builtin = names[index - 2] if 0 <= index - 2 < len(names) else "output"
        allocated = allocated_instances(builtin, n_steps) * LAYOUT_BUILTINS[builtin]
        address += max(size, allocated)
    return bases


def range_check_span(machine: Machine) -> tuple[int, int]:
    """Return the least and the greatest 16-bit value that the range-check component sees."""
    low, high = _PART_MASK, 0
    block, bytecode = machine.code.translator.block, machine.code.bytecode
    for pc in {pc for pc, _, _ in machine.trace}:
        for offset, _ in block(pc).steps:
            values = biased_offsets(bytecode[offset])
            low, high = min(low, *values), max(high, *values)
    for value in machine.builtin_cells("range_check").values():
        for part in range(RANGE_CHECK_PARTS):
            part_value = value >> _PART_BITS * part & _PART_MASK
            low, high = min(low, part_value), max(high, part_value)
    return low, high


def write_files(machine: Machine, n_steps: int, files: RunFiles) -> None:
    """Write the four files of a run on final addresses."""
    files.trace.write_bytes(_trace(machine, n_steps))
    files.memory.write_bytes(_memory(machine))
    _write_json(files.public_input, _public_input(machine, n_steps))
    private_input = {
        "trace_path": str(files.trace.resolve()),
        "memory_path": str(files.memory.resolve()),
        **_private_input(machine),
    }
    _write_json(files.private_input, private_input)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def _trace(machine: Machine, n_steps: int) -> bytes:
    """Return (ap, fp, pc) of every step; the end loop fills the rest."""
    block, base = machine.code.translator.block, machine.base
    registers: list[int] = []
    for pc, ap, fp in machine.trace:
        for offset, moved in block(pc).steps:
            registers += (ap + moved, fp, base + offset)
    last = (machine.final_ap, machine.execution_base + 2, base + machine.code.end)
    registers += last * (n_steps - len(registers) // 3)
    return struct.pack(f"<{len(registers)}Q", *registers)


def _memory(machine: Machine) -> bytes:
    return b"".join(
        address.to_bytes(8, "little") + value.to_bytes(_FELT_BYTES, "little")
        for address, value in machine.memory.items()
    )


def _public_input(machine: Machine, n_steps: int) -> dict[str, Any]:
    low, high = range_check_span(machine)
    names = machine.code.builtins
    first, last_ap = machine.execution_base, machine.final_ap
    output = range(machine.builtin_bases["output"], machine.stop_pointer("output"))
    public_addresses = (
        *range(machine.base, machine.base + len(machine.code.bytecode)),
        *range(first, first + 2 + len(names)),
        *range(last_ap - len(names), last_ap),
        *output,
    )
    segments = {
        "program": (machine.base + machine.code.start, machine.base + machine.code.end),
        "execution": (first + 2, last_ap),
        **{
            name: (base, machine.stop_pointer(name)) for name, base in machine.builtin_bases.items()
        },
    }
    return {
        "layout": LAYOUT_NAME,
        "rc_min": low,
        "rc_max": high,
        "n_steps": n_steps,
        "memory_segments": {
            name: {"begin_addr": begin, "stop_ptr": stop}
            for name, (begin, stop) in segments.items()
        },
        "public_memory": [
            {"address": address, "value": hex(machine.memory[address]), "page": 0}
            for address in public_addresses
        ],
        "dynamic_params": dynamic_params(),
    }


def _private_input(machine: Machine) -> dict[str, Any]:
    unused: dict[str, Any] = {
        name: [] for name in LAYOUT_BUILTINS if name not in machine.code.builtins
    }
    for name in ("add_mod", "mul_mod"):
        unused[name] = {"instances": [], "zero_value_address": machine.zeros}
    return unused | {
        "range_check": [
            {"index": index, "value": hex(value)}
            for index, value in sorted(machine.builtin_cells("range_check").items())
        ],
        "ecdsa": [_signature(machine, address) for address in sorted(machine.ecdsa.signatures)],
        "poseidon": _poseidon_inputs(machine),
    }


def _signature(machine: Machine, address: int) -> dict[str, Any]:
    r, s = machine.ecdsa.signatures[address]
    return {
        "index": (address - machine.builtin_bases["ecdsa"]) // ECDSA_CELLS,
        "pubkey": hex(machine.memory[address]),
        "msg": hex(machine.memory[address + 1]),
        "signature_input": {"r": hex(r), "w": hex(pow(s, -1, STARK_CURVE_ORDER))},
    }


def _poseidon_inputs(machine: Machine) -> list[dict[str, Any]]:
    base, stop = machine.builtin_bases["poseidon"], machine.stop_pointer("poseidon")
    return [
        {
            "index": index,
            **{
                f"input_s{i}": hex(machine.memory[base + index * POSEIDON_CELLS + i])
                for i in range(POSEIDON_INPUTS)
            },
        }
        for index in range((stop - base) // POSEIDON_CELLS)
    ]
