"""Linear forms over the field, in symbols that stand for memory cells, products and results."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from novation.crypto import FIELD_PRIME


@dataclass(frozen=True, order=True)
class Symbol:
    """A field element that is not known.

    Attributes:
        name: equal names are equal elements, within one run.
        shared: both runs have the same element here.
        kind: what the element points to, if that matters: a builtin, a log, the frame.
        factors: of a product, else none.
    """

    name: str
    shared: bool = field(compare=False)
    kind: str = field(default="", compare=False)
    factors: tuple["Linear", "Linear"] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Linear:
    """constant + sum of coefficient * symbol, modulo the prime; symbols in order of their names."""

    constant: int
    terms: tuple[tuple[Symbol, int], ...] = ()

    @classmethod
    def of(cls, constant: int, terms: Mapping[Symbol, int]) -> Self:
        """Return the form with zero terms left out."""
        kept = sorted((s, c % FIELD_PRIME) for s, c in terms.items() if c % FIELD_PRIME)
        return cls(constant % FIELD_PRIME, tuple(kept))

    @classmethod
    def symbol(cls, symbol: Symbol) -> Self:
        """Return the form that is one symbol."""
        return cls(0, ((symbol, 1),))

    def __add__(self, other: "Linear | int") -> "Linear":
        """Return the sum."""
        if isinstance(other, int):
            return Linear((self.constant + other) % FIELD_PRIME, self.terms)
        terms = dict(self.terms)
        for symbol, coefficient in other.terms:
            terms[symbol] = terms.get(symbol, 0) + coefficient
        return Linear.of(self.constant + other.constant, terms)

    def __sub__(self, other: "Linear") -> "Linear":
        """Return the difference."""
        return self + other.scaled(-1)

    def scaled(self, factor: int) -> "Linear":
        """Return the form times a number."""
        return Linear.of(self.constant * factor, {s: c * factor for s, c in self.terms})

    @property
    def is_constant(self) -> bool:
        """Whether the form has no symbol."""
        return not self.terms

    @cached_property
    def is_shared(self) -> bool:
        """Whether both runs have the same value of the form."""
        return all(symbol.shared for symbol, _ in self.terms)

    @property
    def base(self) -> Symbol | None:
        """Return the symbol of `symbol + constant`, None if the form is another one."""
        if len(self.terms) == 1 and self.terms[0][1] == 1:
            return self.terms[0][0]
        return None

    @property
    def offset(self) -> int:
        """Return the constant as a number around 0."""
        return self.constant if self.constant < FIELD_PRIME // 2 else self.constant - FIELD_PRIME

    @property
    def key(self) -> str:
        """Return a text that is equal for equal forms."""
        terms = "+".join(s.name if c == 1 else f"{c}*{s.name}" for s, c in self.terms)
        return f"{terms}{self.offset:+d}" if terms else str(self.offset)


def product(left: Linear, right: Linear) -> Linear:
    """Return the product: a symbol with two factors, unless one of them is a number."""
    if left.is_constant:
        return right.scaled(left.constant)
    if right.is_constant:
        return left.scaled(right.constant)
    first, second = sorted((left, right), key=lambda form: form.key)
    shared = first.is_shared and second.is_shared
    name = f"({first.key})*({second.key})"
    return Linear.symbol(Symbol(name, shared, factors=(first, second)))


def rewrite(form: Linear, change: Callable[[Symbol], Linear | None]) -> Linear:
    """Return the form with symbols replaced, inside products too; None keeps a symbol."""
    result = Linear(form.constant)
    for symbol, coefficient in form.terms:
        changed = change(symbol)
        if changed is None and symbol.factors is not None:
            left, right = (rewrite(factor, change) for factor in symbol.factors)
            changed = product(left, right)
        result += (Linear.symbol(symbol) if changed is None else changed).scaled(coefficient)
    return result
