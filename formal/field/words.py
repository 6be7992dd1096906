"""Three meanings of a 64-bit word: a number, a bit vector, and an integer with equations."""

from dataclasses import dataclass, field
from typing import Any, Final

import z3
from typing_extensions import override

_BITS: Final = 64
_BASE: Final = 2**_BITS


class Number(int):
    """A word as a number, to run the source as it is."""

    def wrapping_neg(self) -> "Number":
        """Return -self modulo 2^64."""
        return Number(-self % _BASE)

    @override
    def __lshift__(self, count: int) -> "Number":
        """Return the word shifted up, without what leaves it."""
        return Number((int(self) << count) % _BASE)

    @override
    def __rshift__(self, count: int) -> "Number":
        """Return the word shifted down."""
        return Number(int(self) >> count)


@dataclass
class Numbers:
    """The primitives on numbers."""

    def mac(self, acc: int, a: int, b: int, carry: int) -> tuple[Number, Number]:
        """Return acc + a * b + carry as (low, high)."""
        wide = acc + a * b + carry
        return Number(wide % _BASE), Number(wide // _BASE)

    def adc(self, a: int, b: int, carry: int) -> tuple[Number, Number]:
        """Return a + b + carry as (low, carry)."""
        return Number((a + b + carry) % _BASE), Number((a + b + carry) // _BASE)

    def sbb(self, a: int, b: int, borrow: int) -> tuple[Number, Number]:
        """Return a - b - borrow as (low, borrow)."""
        difference = a - b - borrow
        return Number(difference % _BASE), Number(difference < 0)


class Vector:
    """A word as a bit vector, for functions that shift and mask."""

    def __init__(self, bits: Any) -> None:  # noqa: ANN401 - z3 has no types
        """Wrap a bit vector of 64 bits."""
        self.bits = bits

    def wrapping_neg(self) -> "Vector":
        """Return -self modulo 2^64."""
        return Vector(-self.bits)

    def __and__(self, other: "Vector | int") -> "Vector":
        """Return the common bits."""
        return Vector(self.bits & vector(other).bits)

    def __xor__(self, other: "Vector | int") -> "Vector":
        """Return the different bits."""
        return Vector(self.bits ^ vector(other).bits)

    def __rshift__(self, count: int) -> "Vector":
        """Return the higher bits."""
        return Vector(z3.LShR(self.bits, count))

    def __mul__(self, other: int) -> "Vector":
        """Return the product modulo 2^64."""
        return Vector(self.bits * other)


def vector(word: "Vector | int") -> Vector:
    """Return a word as a bit vector."""
    return word if isinstance(word, Vector) else Vector(z3.BitVecVal(int(word), _BITS))


@dataclass
class Vectors:
    """The primitives on bit vectors; no function on them multiplies two words."""

    def adc(self, a: "Vector | int", b: "Vector | int", carry: Any) -> tuple[Vector, Vector]:  # noqa: ANN401
        """Return a + b + carry as (low, carry)."""
        return self._split(_wide(a) + _wide(b) + _wide(carry))

    def sbb(self, a: "Vector | int", b: "Vector | int", borrow: Any) -> tuple[Vector, Vector]:  # noqa: ANN401
        """Return a - b - borrow as (low, borrow)."""
        low, high = self._split(_wide(a) - _wide(b) - _wide(borrow))
        return low, Vector(high.bits & 1)

    def _split(self, total: Any) -> tuple[Vector, Vector]:  # noqa: ANN401
        low = z3.Extract(_BITS - 1, 0, total)
        high = z3.ZeroExt(_BITS - 2, z3.Extract(_BITS + 1, _BITS, total))
        return Vector(low), Vector(high)


def _wide(word: Any) -> Any:  # noqa: ANN401
    return z3.ZeroExt(2, vector(word).bits)


class Integer:
    """A word as an integer of a system of equations; a negated borrow is a mask."""

    def __init__(self, value: Any, *, is_mask: bool = False) -> None:  # noqa: ANN401
        """Wrap an integer term."""
        self.value = value
        self.is_mask = is_mask

    def wrapping_neg(self) -> "Integer":
        """Return the mask of a bit: all ones if it is set."""
        return Integer(self.value, is_mask=True)

    def __rand__(self, other: int) -> "Integer":
        """Return a constant under a mask."""
        assert self.is_mask
        return Integer(self.value * other)


@dataclass
class Integers:
    """The primitives as equations; a product of two unknown words is one unknown."""

    known: list[Any] = field(default_factory=list)
    products: dict[tuple[str, str], Any] = field(default_factory=dict)

    def word(self, name: str) -> Integer:
        """Return an unknown word."""
        term = z3.Int(name)
        self.known += [term >= 0, term < _BASE]
        return Integer(term)

    def mac(self, acc: Any, a: Any, b: Any, carry: Any) -> tuple[Integer, Integer]:  # noqa: ANN401
        """Return acc + a * b + carry as (low, high): both fit, as the last bound shows."""
        return self._split(_term(acc) + self.product(a, b) + _term(carry), _BASE)

    def adc(self, a: Any, b: Any, carry: Any) -> tuple[Integer, Integer]:  # noqa: ANN401
        """Return a + b + carry as (low, carry)."""
        return self._split(_term(a) + _term(b) + _term(carry), 2)

    def sbb(self, a: Any, b: Any, borrow: Any) -> tuple[Integer, Integer]:  # noqa: ANN401
        """Return a - b - borrow as (low, borrow)."""
        low, high = self.word(self._name()), z3.Int(self._name())
        self.known += [high >= 0, high <= 1]
        self.known.append(_term(a) - _term(b) - _term(borrow) == low.value - _BASE * high)
        return low, Integer(high)

    def product(self, a: Any, b: Any) -> Any:  # noqa: ANN401
        """Return a * b; of two unknown words a term between 0 and (2^64 - 1)^2."""
        left, right = _term(a), _term(b)
        if isinstance(left, int) or isinstance(right, int):
            return left * right
        key = min(str(left), str(right)), max(str(left), str(right))
        if key not in self.products:
            term = z3.Int(f"{key[0]}*{key[1]}")
            self.known += [term >= 0, term <= (_BASE - 1) ** 2]
            self.products[key] = term
        return self.products[key]

    def _split(self, total: Any, bound: int) -> tuple[Integer, Integer]:  # noqa: ANN401
        low, high = self.word(self._name()), z3.Int(self._name())
        self.known += [high >= 0, high < bound, total == low.value + _BASE * high]
        return low, Integer(high)

    def _name(self) -> str:
        return f"t{len(self.known)}"


def _term(word: Any) -> Any:  # noqa: ANN401
    return word.value if isinstance(word, Integer) else int(word)
