"""Straight-line Yul for the expression graph.

Additions are not reduced: every expression carries a bound, a multiple of the prime that it stays
below, and 31 primes fit in a word. Nodes used more than once are stored in memory; so are nodes
whose evaluation would need more stack than the compiler can reach.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from verifier_gen.description import Node

WORD = 0x20
MAX_BOUND = 31
MAX_STACK = 9  # DUP16 must still reach the variable `p` below the pending operands.
LEAVES = "cmyp"


@dataclass(frozen=True, slots=True)
class Code:
    """A Yul expression, the multiple of the prime it stays below, the stack slots it needs."""

    text: str
    bound: int
    stack: int


def add(left: Code, right: Code) -> Code:
    """A sum, reduced first if it could overflow. The deeper operand is evaluated first."""
    if left.bound + right.bound > MAX_BOUND:
        left, right = reduce(left), reduce(right)
    if right.stack < left.stack:
        left, right = right, left
    stack = max(right.stack, left.stack + 1)
    return Code(f"add({left.text}, {right.text})", left.bound + right.bound, stack)


def negate(code: Code) -> Code:
    """A multiple of the prime minus the operand, hence not negative."""
    if code.bound >= MAX_BOUND:
        code = reduce(code)
    multiple = "p" if code.bound == 1 else f"mul(p, {code.bound})"
    # A reduced operand may be 0, so the result may equal the multiple: one more prime.
    return Code(f"sub({multiple}, {code.text})", code.bound + 1, max(code.stack, 3))


def multiply(left: Code, right: Code) -> Code:
    """A reduced product; operands may be any words."""
    if right.stack < left.stack:
        left, right = right, left
    stack = max(right.stack + 1, left.stack + 2)
    return Code(f"mulmod({left.text}, {right.text}, p)", 1, stack)


def reduce(code: Code) -> Code:
    """The canonical representative."""
    if code.bound == 1:
        return code
    return Code(f"mod({code.text}, p)", 1, code.stack + 1)


def literal(value: int) -> Code:
    """A constant."""
    return Code(str(value) if value < 10 else hex(value), 1, 1)  # noqa: PLR2004


class Emitter:
    """Turns graph nodes into code; leaves are read from memory at the given addresses."""

    def __init__(
        self,
        nodes: Sequence[Node],
        leaf_bases: Mapping[str, int],
        temporaries: int,
    ) -> None:
        """`leaf_bases` maps m, y, p to regions; stored nodes go to `temporaries` and up."""
        self._nodes = nodes
        self._leaf_bases = leaf_bases
        self._next = temporaries
        self._stored: dict[int, Code] = {}
        self._uses: Counter[int] = Counter()
        self.lines: list[str] = []

    @property
    def end(self) -> int:
        """The first address behind the stored nodes."""
        return self._next

    def prepare(self, roots: Iterable[int]) -> None:
        """Count the uses of all nodes below the roots and store those used more than once."""
        reachable: set[int] = set()
        pending = list(roots)
        self._uses.update(pending)
        while pending:
            position = pending.pop()
            if position in reachable:
                continue
            reachable.add(position)
            node = self._nodes[position]
            if node.op not in LEAVES:
                self._uses.update(node.args)
                pending.extend(node.args)
        for position in sorted(reachable):
            if self._uses[position] > 1 and self._nodes[position].op not in LEAVES:
                self._store(position, self._build(position))

    def code(self, position: int) -> Code:
        """Code for a node, through memory if it is stored."""
        return self._stored.get(position) or self._build(position)

    def _build(self, position: int) -> Code:
        node = self._nodes[position]
        if node.op == "c":
            return literal(node.args[0])
        if node.op in LEAVES:
            return Code(f"mload({self._leaf_bases[node.op] + WORD * node.args[0]:#x})", 1, 1)
        operands = [self._operand(arg) for arg in node.args]
        return self._combine(node, operands)

    def _combine(self, node: Node, operands: list[Code]) -> Code:
        match node.op:
            case "+":
                return add(*operands)
            case "-":
                return add(operands[0], negate(operands[1]))
            case "*":
                return multiply(*operands)
            case "neg":
                return negate(operands[0])
            case _:
                raise ValueError(f"unknown operation {node.op!r}")

    def _operand(self, position: int) -> Code:
        code = self.code(position)
        if code.stack >= MAX_STACK - 2:
            code = self._store(position, code)
        return code

    def _store(self, position: int, code: Code) -> Code:
        self.lines.append(f"mstore({self._next:#x}, {code.text})")
        stored = Code(f"mload({self._next:#x})", code.bound, 1)
        self._stored[position] = stored
        self._next += WORD
        return stored
