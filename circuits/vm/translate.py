"""Bytecode to Python, one function per straight run of instructions.

A function takes the memory and the registers and returns the next (pc, ap, fp); pc is an offset in
the bytecode. Only the usual case is translated, where the right side of an assertion is known; the
machine interprets the others, in which an operand is what the assertion defines.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from circuits.vm.instructions import (
    ApUpdate,
    Instruction,
    Opcode,
    Operand,
    PcUpdate,
    Result,
    decode,
)
from circuits.vm.memory import Memory
from novation.crypto import FIELD_PRIME

if TYPE_CHECKING:
    from circuits.vm.machine import Machine

Registers = tuple[int, int, int]
BlockFunction = Callable[[Memory, int, int, "Machine"], Registers]


class UnsupportedInstructionError(Exception):
    """An instruction that no Cairo 0 compiler output of ours contains."""


@dataclass(frozen=True, slots=True)
class Block:
    """A translated run: for each instruction its offset and how far ap has moved before it."""

    run: BlockFunction
    steps: tuple[tuple[int, int], ...]


class Translator:
    """Translates blocks on demand and keeps them."""

    def __init__(self, bytecode: Sequence[int], hinted: frozenset[int]) -> None:
        """Take the bytecode and the offsets that have hints."""
        self.bytecode = bytecode
        self._hinted = hinted
        self._blocks: dict[int, Block] = {}

    def block(self, pc: int) -> Block:
        """Return the block that starts at an offset."""
        if pc not in self._blocks:
            self._blocks[pc] = _translate(self.bytecode, self._hinted, pc)
        return self._blocks[pc]


def _translate(bytecode: Sequence[int], hinted: frozenset[int], start: int) -> Block:
    lines, steps = [], []
    pc, moved = start, 0
    while True:
        instruction = decode(bytecode[pc])
        immediate = bytecode[pc + 1] if instruction.size > 1 else 0
        steps.append((pc, moved))
        if pc in hinted:
            lines.append(f"vm.run_hints({pc}, ap+{moved}, fp)")
        emit = _Emitter(instruction, immediate, pc, moved)
        if instruction.opcode is Opcode.ASSERT_EQUAL:
            lines.extend(emit.assertion())
        ended, change = emit.control(lines)
        if ended:
            break
        moved += change
        pc += instruction.size
    body = "\n".join(f"    {line}" for line in lines)
    namespace: dict[str, Any] = {}
    source = f"def run(m, ap, fp, vm):\n{body}\n"
    exec(compile(source, f"<block {start}>", "exec"), namespace)  # noqa: S102 - our own text
    return Block(namespace["run"], tuple(steps))


@dataclass(frozen=True, slots=True)
class _Emitter:
    """Writes the lines of one instruction."""

    instruction: Instruction
    immediate: int
    pc: int
    moved: int

    def assertion(self) -> list[str]:
        dst = self._dst()
        slow = f"vm.assert_slowly({self.pc}, ap+{self.moved}, fp)"
        if self.instruction.op1 is Operand.IMMEDIATE and self.instruction.result is Result.OP1:
            value = self.immediate % FIELD_PRIME
            return [f"if m.setdefault({dst}, {value}) != {value}: {slow}"]
        return [
            "try:",
            f"    x = {self._result()}",
            f"    if m.setdefault({dst}, x) != x: {slow}",
            "except KeyError:",
            f"    {slow}",
        ]

    def control(self, lines: list[str]) -> tuple[bool, int]:
        """Add what ends the block, if anything; return (ended, change of ap)."""
        instruction, after = self.instruction, self._ap(0)
        following = self.pc + instruction.size
        if instruction.opcode is Opcode.CALL:
            ret = f"vm.base+{following}"
            lines.append(f"m[{self._ap(0)}] = fp; m[{self._ap(1)}] = {ret}")
            lines.append(f"return {self._target()}, {self._ap(2)}, {self._ap(2)}")
            return True, 0
        if instruction.opcode is Opcode.RET:
            lines.append(f"return m[fp-1]-vm.base, {after}, m[fp-2]")
            return True, 0
        if instruction.ap_update is ApUpdate.ADD_RESULT:
            if instruction.op1 is not Operand.IMMEDIATE or instruction.result is not Result.OP1:
                raise UnsupportedInstructionError(f"ap += at {self.pc}")
            return False, self.immediate
        change = 1 if instruction.ap_update is ApUpdate.ADD_ONE else 0
        after = self._ap(change)
        if instruction.pc_update is PcUpdate.NEXT:
            return False, change
        if instruction.pc_update is PcUpdate.JUMP_IF_NOT_ZERO:
            target = f"{self._signed(self.immediate)}+{self.pc}"
            lines.append(f"return ({target} if m[{self._dst()}] else {following}), {after}, fp")
            return True, 0
        lines.append(f"return {self._target()}, {after}, fp")
        return True, 0

    def _target(self) -> str:
        if self.instruction.pc_update is PcUpdate.JUMP:
            return f"({self._result()})-vm.base"
        if self.instruction.op1 is Operand.IMMEDIATE:
            return f"{self.pc + self._signed(self.immediate)}"
        raise UnsupportedInstructionError(f"computed relative jump at {self.pc}")

    def _result(self) -> str:
        operands = f"m[{self._op0()}]", self._op1()
        if self.instruction.result is Result.OP1:
            return operands[1]
        sign = "+" if self.instruction.result is Result.ADD else "*"
        return f"({operands[0]}{sign}{operands[1]})%{FIELD_PRIME}"

    def _op1(self) -> str:
        instruction = self.instruction
        if instruction.op1 is Operand.IMMEDIATE:
            return str(self.immediate % FIELD_PRIME)
        if instruction.op1 is Operand.DOUBLE_DEREF:
            return f"m[(m[{self._op0()}]+{instruction.op1_offset})%{FIELD_PRIME}]"
        if instruction.op1 is Operand.FP:
            return f"m[fp+{instruction.op1_offset}]"
        return f"m[{self._ap(instruction.op1_offset)}]"

    def _dst(self) -> str:
        offset = self.instruction.dst_offset
        return f"fp+{offset}" if self.instruction.dst_is_fp else self._ap(offset)

    def _op0(self) -> str:
        offset = self.instruction.op0_offset
        return f"fp+{offset}" if self.instruction.op0_is_fp else self._ap(offset)

    def _ap(self, offset: int) -> str:
        return f"ap+{self.moved + offset}"

    @staticmethod
    def _signed(value: int) -> int:
        return value if value < FIELD_PRIME // 2 else value - FIELD_PRIME
