"""Decoded instructions, in the terms of the Cairo whitepaper (ePrint 2021/1063, section 4)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

_BIAS: Final = 1 << 15
_OFFSET_MASK: Final = (1 << 16) - 1


class Operand(IntEnum):
    """Where op1 comes from."""

    DOUBLE_DEREF = 0
    IMMEDIATE = 1
    FP = 2
    AP = 4


class Result(IntEnum):
    """How res follows from the operands."""

    OP1 = 0
    ADD = 1
    MUL = 2


class PcUpdate(IntEnum):
    """How pc moves."""

    NEXT = 0
    JUMP = 1
    JUMP_RELATIVE = 2
    JUMP_IF_NOT_ZERO = 4


class ApUpdate(IntEnum):
    """How ap moves, besides the two cells of a call."""

    KEEP = 0
    ADD_RESULT = 1
    ADD_ONE = 2


class Opcode(IntEnum):
    """What the instruction asserts."""

    NOP = 0
    CALL = 1
    RET = 2
    ASSERT_EQUAL = 4


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; `size` is 2 if it has an immediate."""

    dst_offset: int
    op0_offset: int
    op1_offset: int
    dst_is_fp: bool
    op0_is_fp: bool
    op1: Operand
    result: Result
    pc_update: PcUpdate
    ap_update: ApUpdate
    opcode: Opcode

    @property
    def size(self) -> int:
        """Number of cells it takes in the bytecode."""
        return 2 if self.op1 is Operand.IMMEDIATE else 1


def biased_offsets(word: int) -> tuple[int, int, int]:
    """Return the three 16-bit offsets as the range-check component sees them."""
    return word & _OFFSET_MASK, word >> 16 & _OFFSET_MASK, word >> 32 & _OFFSET_MASK


def decode(word: int) -> Instruction:
    """Decode one word; ValueError if it is not an instruction."""
    if not 0 <= word < 1 << 63:
        raise ValueError(f"not an instruction: {word:#x}")
    dst, op0, op1 = biased_offsets(word)
    flags = word >> 48
    return Instruction(
        dst_offset=dst - _BIAS,
        op0_offset=op0 - _BIAS,
        op1_offset=op1 - _BIAS,
        dst_is_fp=bool(flags & 1),
        op0_is_fp=bool(flags >> 1 & 1),
        op1=Operand(flags >> 2 & 7),
        result=Result(flags >> 5 & 3),
        pc_update=PcUpdate(flags >> 7 & 7),
        ap_update=ApUpdate(flags >> 10 & 3),
        opcode=Opcode(flags >> 12 & 7),
    )
