"""Signatures whose key was made for their message, so that a sum of the ECDSA builtin goes wrong.

The builtin adds z * G - S, r * Q + S, their sum B, and w * B + S, with a shift point S whose
logarithm nobody knows. Whoever signs may still choose nonce point and key as combinations
R = u * G + t * S and Q = a * S + b * G: then z * G + r * Q = s * R if and only if r * a = s * t and
z + r * b = s * u, and of the equal abscissas that a sum may meet most can be made.

All of them are valid by textbook ECDSA. What the point Q meets makes a signature unprovable; what
the mirrored point -Q meets must not matter, for the builtin takes either.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from novation.crypto.field import FIELD_PRIME
from novation.crypto.reference import ecdsa
from novation.crypto.reference.ecdsa import ELEMENT_BOUND, GENERATOR, ORDER, SHIFT_POINT

# Of the 255 steps of a sum: the ends, the limbs' borders, and those beyond the bits of a scalar.
STEPS = (0, 1, 2, 63, 64, 191, 192, 249, 250, 251, 252, 253, 254)


@dataclass(frozen=True)
class MadeSignature:
    """A signature that textbook ECDSA accepts, and the point that made it."""

    kind: str
    message_hash: int
    r: int
    s: int
    public_key: int
    ordinate: int
    is_provable: bool


def made_signatures(z: int, seed: int) -> list[MadeSignature]:
    """Return one signature of a message of every kind; the seed changes keys and nonces."""
    rng = random.Random(seed)
    return [*signatures_of_meeting_sums(z, seed), *_of_plain_numbers(z, rng)]


def signatures_of_meeting_sums(
    z: int, seed: int, steps: Sequence[int] = STEPS
) -> list[MadeSignature]:
    """Return those that one of the key's two points cannot prove, or neither."""
    rng = random.Random(seed)
    return [*_of_results(z, rng), *_of_w(z, rng, steps)]


def is_textbook_signature(made: MadeSignature) -> bool:
    """Return whether w * (z * G + r * Q) has abscissa r, without any limits of a builtin."""
    w = pow(made.s, -1, ORDER)
    left = ecdsa._multiply(made.message_hash * w % ORDER, GENERATOR)
    right = ecdsa._multiply(made.r * w % ORDER, (made.public_key, made.ordinate))
    total = ecdsa._add(left, right)
    return total[2] != 0 and ecdsa._abscissa(total) == made.r


def _of_results(z: int, rng: random.Random) -> Iterator[MadeSignature]:
    """Yield those whose first two sums, or whose last one and the shift point, meet."""
    while True:
        t = rng.randrange(1, ORDER)
        s = 2 * z * _inverse(t) % ORDER
        if _fits(_inverse(s)):
            break
    yield _made("the mirrored sums of z and r cancel", z, u=t, t=0, s=s, is_provable=True)
    while not _fits(-t * _inverse(2) % ORDER):
        t = rng.randrange(1, ORDER)
    s = -2 * _inverse(t) % ORDER
    yield _made("the sums of z and r are equal", z, u=-z * t, t=t, s=s, is_provable=False)
    w = rng.randrange(1, ELEMENT_BOUND)
    kind = "the mirrored sums of z and r are equal"
    yield _made(kind, z, u=0, t=2 * w, s=_inverse(w), is_provable=True)
    s = _inverse(rng.randrange(1, ELEMENT_BOUND))
    yield _made("the last sum is the shift point", z, u=0, t=-2, s=s, is_provable=False)
    yield _made("the last sum is thrice the shift point", z, u=0, t=2, s=s, is_provable=True)
    u = 2 * z * _inverse(s)
    yield _made("the mirrored last sum is the shift point", z, u=u, t=2, s=s, is_provable=True)


def _of_w(z: int, rng: random.Random, steps: Sequence[int]) -> Iterator[MadeSignature]:
    """Yield those whose last sum meets its summand at some step: B = c * S with a chosen c."""
    for step in steps:
        for sign in (1, -1):
            w = rng.randrange(1, ELEMENT_BOUND)
            s = _inverse(w)
            c = _inverse(sign * (1 << step) - w % (1 << step))
            name = f"sum of w meets its summand at step {step}, sign {sign}"
            yield _made(f"the {name}", z, u=0, t=w * c, s=s, is_provable=False)
            u, t = 2 * z * w, -c * w
            yield _made(f"the mirrored {name}", z, u=u, t=t, s=s, is_provable=True)


def _of_plain_numbers(z: int, rng: random.Random) -> Iterator[MadeSignature]:
    """Yield honest ones with the least and the greatest keys, nonces and w."""
    for u in (1, 2, ORDER - 1, ORDER - 2, rng.randrange(1, ORDER)):
        for w in (1, 2, ELEMENT_BOUND - 1, ELEMENT_BOUND, ORDER - 1):
            if (u - z * w) % ORDER:  # else the key would be 0
                kind = f"nonce {min(u, u - ORDER, key=abs)}, w {w:#x}"
                yield _made(kind, z, u=u, t=0, s=_inverse(w), is_provable=_fits(w))
        for key in (1, 2, ORDER - 1, ORDER - 2):
            r = ecdsa._abscissa(_combination(u, 0))
            s = (z + r * key) * _inverse(u) % ORDER
            yield _made(f"key {key:#x}", z, u=u, t=0, s=s, is_provable=_fits(_inverse(s)))


def _made(kind: str, z: int, *, u: int, t: int, s: int, is_provable: bool) -> MadeSignature:
    """Return the signature s with nonce point u * G + t * S, under the key that it needs."""
    r = ecdsa._abscissa(_combination(u, t))
    assert 0 < r < ELEMENT_BOUND
    a, b = s * t * _inverse(r), (s * u - z) * _inverse(r)
    key = _combination(b, a)
    ordinate = key[1] * pow(key[2], -3, FIELD_PRIME) % FIELD_PRIME
    return MadeSignature(kind, z, r, s, ecdsa._abscissa(key), ordinate, is_provable)


def _combination(of_generator: int, of_shift_point: int) -> tuple[int, int, int]:
    left = ecdsa._multiply(of_generator % ORDER, GENERATOR)
    return ecdsa._add(left, ecdsa._multiply(of_shift_point % ORDER, SHIFT_POINT))


def _inverse(value: int) -> int:
    return pow(value, -1, ORDER)


def _fits(value: int) -> bool:
    return 0 < value < ELEMENT_BOUND
