"""What the limb functions compute, for all inputs; a fault is a change of the Rust text."""

from collections.abc import Callable
from typing import Any, Final

import z3

from formal.field.rust import constants, functions, limb_source
from formal.field.words import Integer, Integers, Vector, Vectors, vector
from formal.theorems.theorem import SOUND, Statement, Theorem

_BASE: Final = 2**64
_LIMBS: Final = 4
_WIDTH: Final = 320

Faults = dict[str, tuple[str, str]]


def _text(faults: Faults, fault: str) -> str:
    text = limb_source()
    if fault == SOUND:
        return text
    old, new = faults[fault]
    if text.count(old) != 1:
        raise ValueError(f"limbs.rs has {text.count(old)} places like {old!r}, not one")
    return text.replace(old, new)


def _prime(names: dict[str, Any]) -> int:
    return sum(int(limb) << (64 * i) for i, limb in enumerate(names["P"]))


def _sum(words: list[Any]) -> Any:  # noqa: ANN401 - z3 has no types
    return z3.Sum([word.value * _BASE**i for i, word in enumerate(words)])


def _over_integers(text: str) -> tuple[Integers, dict[str, Any], int]:
    words, names = Integers(), constants(text)
    primitives = {"mac": words.mac, "adc": words.adc, "sbb": words.sbb, "false": 0, "true": 1}
    return words, functions(text, {**names, **primitives}), _prime(names)


_REDUCE_FAULTS: Final[Faults] = {
    "a high word is forgotten": ("mac(h0, t[1], P3, 0)", "mac(0, t[1], P3, 0)"),
    "a borrow is forgotten": ("let (t5, b) = sbb(t[5], q5, b);", "let (t5, _) = sbb(t[5], q5, b);"),
    "the last multiplier is the word itself": ("mac(h2, m3, P3, 0)", "mac(h2, t[3], P3, 0)"),
    "the prime is not added back": ("[P[0] & mask, 0, 0, P[3] & mask]", "[P[0] & mask, 0, 0, 0]"),
}


def _montgomery(fault: str) -> Statement:
    """State that t + borrow * p * R = result * R + m * p with m below R: the result is t / R."""
    words, found, prime = _over_integers(_text(_REDUCE_FAULTS, fault))
    t = [words.word(f"t_{i}") for i in range(2 * _LIMBS)]
    result = found["montgomery_reduce"](t)
    # The multiplier clears the low half, and p is added back if too much was subtracted.
    multiplier, added = _low_multiplier(t, words), z3.Int("added")
    words.known.append(added == z3.If(_sum(t) < multiplier * prime, 1, 0))
    exact = _sum(t) + added * prime * _BASE**_LIMBS
    follows = exact == _sum(result) * _BASE**_LIMBS + multiplier * prime
    return Statement(list(words.known), follows)


def _low_multiplier(t: list[Integer], words: Integers) -> Any:  # noqa: ANN401
    """Return t modulo R times 1/p modulo R: 1/p = 1 - P3 * 2^192 modulo 2^256."""
    top, quotient = words.word("top").value, z3.Int("top quotient")
    words.known.append(t[3].value - t[0].value * (2**59 + 17) == top - quotient * _BASE)
    return _sum([*t[:3], Integer(top)])


_PRODUCT_FAULTS: Final[Faults] = {
    "a limb is taken twice": ("mac(t3, a[2], b[1], c)", "mac(t3, a[2], b[2], c)"),
    "a carry is forgotten": (
        "let (t4, t5) = mac(t4, a[1], b[3], c);",
        "let (t4, t5) = mac(t4, a[1], b[3], 0);",
    ),
}


def _product(fault: str) -> Statement:
    """State that mul_wide is the sum of all products of limbs in their places."""
    words, found, _ = _over_integers(_text(_PRODUCT_FAULTS, fault))
    a, b = ([words.word(f"{name}_{i}") for i in range(_LIMBS)] for name in "ab")
    result = found["mul_wide"](a, b)
    exact = z3.Sum(
        [words.product(a[i], b[j]) * _BASE ** (i + j) for i in range(_LIMBS) for j in range(_LIMBS)]
    )
    return Statement(list(words.known), _sum(result) == exact)


def _over_vectors(
    name: str, faults: Faults, follows: Callable[[Any, Any, int], Any], fault: str
) -> Statement:
    """State something of a function of one number below 2^256, in bit vectors."""
    text = _text(faults, fault)
    names, words = constants(text), Vectors()
    primitives = {"mac": None, "adc": words.adc, "sbb": words.sbb, "false": 0, "true": 1}
    function = functions(text, {**names, **primitives})[name]
    limbs = [Vector(z3.BitVec(f"a_{i}", 64)) for i in range(_LIMBS)]
    prime = _prime(names)
    # A function of two numbers has the prime as its second one.
    others = [names["P"]] if name == "reduce_once" else []
    result = [vector(limb) for limb in function(limbs, *others)]
    return Statement([], follows(_joined(limbs), _joined(result), prime))


def _joined(limbs: list[Vector]) -> Any:  # noqa: ANN401
    joined = z3.Concat(*(limb.bits for limb in reversed(limbs)))
    return z3.ZeroExt(_WIDTH - 64 * _LIMBS, joined)


def _is_partial(value: Any, result: Any, prime: int) -> Any:  # noqa: ANN401
    # One p more than the remainder of the quotient, so that it is not negative.
    residue = value - z3.LShR(value, 251) * prime + prime
    return z3.And(result == residue, z3.ULT(residue, 2 * prime))


def _is_once(value: Any, result: Any, prime: int) -> Any:  # noqa: ANN401
    return result == z3.If(z3.UGE(value, prime), value - prime, value)


_PARTIAL_FAULTS: Final[Faults] = {
    "one bit of the quotient is lost": ("let q = a[3] >> 59;", "let q = a[3] >> 60;"),
    "the prime is not added": ("a[3] & (u64::MAX >> 5)], &P)", "a[3] & (u64::MAX >> 5)], &R)"),
}
_ONCE_FAULTS: Final[Faults] = {
    "the top limb is always the difference": ("d[3] ^ (keep & (d[3] ^ a[3])),", "d[3],"),
}

THEOREMS: Final = (
    Theorem("montgomery_reduce is t / R for all t", _montgomery, tuple(_REDUCE_FAULTS)),
    Theorem("mul_wide is the product for all limbs", _product, tuple(_PRODUCT_FAULTS)),
    Theorem(
        "reduce_partial is the residue below 2p for all words",
        lambda fault: _over_vectors("reduce_partial", _PARTIAL_FAULTS, _is_partial, fault),
        tuple(_PARTIAL_FAULTS),
    ),
    Theorem(
        "reduce_once subtracts p from words that are not below it",
        lambda fault: _over_vectors("reduce_once", _ONCE_FAULTS, _is_once, fault),
        tuple(_ONCE_FAULTS),
    ),
)
