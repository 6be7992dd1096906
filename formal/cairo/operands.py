"""Operands of instructions, and how an instruction combines them."""

from dataclasses import dataclass
from typing import Any, Final

from starkware.cairo.lang.compiler.instruction import Instruction

from formal.cairo.linear import Linear, product
from formal.cairo.state import State
from novation.crypto import FIELD_PRIME


@dataclass(frozen=True)
class Cell:
    """A cell of memory, by its address."""

    address: Linear


Operand = Cell | Linear


def _sum(left: Linear | None, right: Linear | None) -> Linear | None:
    return None if left is None or right is None else left + right


def _product(left: Linear | None, right: Linear | None) -> Linear | None:
    return None if left is None or right is None else product(left, right)


def _second(_left: Linear | None, right: Linear | None) -> Linear | None:
    return right


COMBINE: Final = {
    Instruction.Res.OP1: _second,
    Instruction.Res.ADD: _sum,
    Instruction.Res.MUL: _product,
}


def evaluate(expression: Any, state: State) -> Linear:  # noqa: ANN401 - JSON
    """Return the address that a hint's name stands for."""
    if isinstance(expression, int):
        return Linear(expression % FIELD_PRIME)
    if isinstance(expression, str):
        registers = {"ap": state.ap, "fp": state.fp}
        return registers.get(expression) or Linear(int(expression, 16))
    operator, *operands = expression
    if operator == "cell":
        return state.cells[evaluate(operands[0], state).key]
    left, right = (evaluate(operand, state) for operand in operands)
    return left + right if operator == "+" else left - right
