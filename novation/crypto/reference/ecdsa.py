"""ECDSA on the Stark curve y^2 = x^3 + x + BETA, with public keys given by their abscissa.

Signing takes the nonce of RFC 6979 (section 3.2, SHA-256) and, like the builtin, accepts only
message hash, r and w = 1/s in `[1, 2^251)`. The curve parameters were published with StarkEx.

Verification is that of the Cairo ECDSA builtin, which adds points by chords alone: three sums start
at a shift point, and one that meets a summand with its own abscissa has no solution. Honest
signatures never do that; keys made for a message can.
"""

import functools
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from novation.crypto.field import FIELD_PRIME

BETA: Final = 0x6F21413EFBE40DE150E596D72F7A8C5609AD26C15C915C1F4CDFCB99CEE9E89
ORDER: Final = 0x800000000000010FFFFFFFFFFFFFFFFB781126DCAE7B2321E66A241ADC64D2F
GENERATOR: Final = (
    0x1EF15C18599971B7BECED415A40F0C7DEACFD9B0D1819E03D723D8BC943CFCA,
    0x5668060AA49730B7BE4801DF46EC62DE53ECD11ABE43A32873000C36E8DC1F,
)
SHIFT_POINT: Final = (
    0x49EE3EBA8C1600700EE1B87EB599F16716B0B1022947733551FDE4050CA6804,
    0x3CA0CFE4B3BC6DDF346D49D06EA0ED34E621062C0E056C1D0405D266E10268A,
)
ELEMENT_BITS: Final = 251
ELEMENT_BOUND: Final = 1 << ELEMENT_BITS

# Steps of a sum of the builtin; those beyond the bits of a scalar add nothing, but compare.
_SUM_STEPS: Final = 255

# A point in Jacobian coordinates (X, Y, Z) is (X / Z^2, Y / Z^3); Z = 0 is the point at infinity.
_Jacobian = tuple[int, int, int]
_INFINITY: Final[_Jacobian] = (1, 1, 0)


def ecdsa_public_key(private_key: int) -> int:
    """Return the abscissa of the public key; ValueError unless 0 < private_key < curve order."""
    if not 0 < private_key < ORDER:
        raise ValueError("private key outside 1..order-1")
    return _abscissa(_multiply(private_key, GENERATOR))


def ecdsa_sign(private_key: int, message_hash: int) -> tuple[int, int]:
    """Return (r, s); ValueError unless 0 < message_hash < 2^251 and the key is valid."""
    if not 0 < private_key < ORDER:
        raise ValueError("private key outside 1..order-1")
    if not 0 < message_hash < ELEMENT_BOUND:
        raise ValueError(f"message hash {message_hash:#x} outside 1..2^251-1")
    for nonce in _nonces(private_key, message_hash):
        r = _abscissa(_multiply(nonce, GENERATOR))
        s = (message_hash + r * private_key) * pow(nonce, -1, ORDER) % ORDER
        if 0 < r < ELEMENT_BOUND and s != 0 and pow(s, -1, ORDER) < ELEMENT_BOUND:
            return r, s
    raise AssertionError("the sequence of nonces never ends")


def ecdsa_verify(public_key: int, message_hash: int, r: int, s: int) -> bool:
    """Return whether the Cairo ECDSA builtin can prove this signature; any ints are accepted.

    The key is an abscissa: either point that has it will do, whatever the other one does.
    """
    if not (0 < message_hash < ELEMENT_BOUND and 0 < r < ELEMENT_BOUND and 0 < s < ORDER):
        return False
    w = pow(s, -1, ORDER)
    ordinate = _ordinate(public_key)
    if w >= ELEMENT_BOUND or ordinate is None:
        return False
    zg = _subset_sum(message_hash, _generator_points(), (SHIFT_POINT[0], -SHIFT_POINT[1], 1))
    keys = ((public_key, ordinate, 1), (public_key, -ordinate % FIELD_PRIME, 1))
    return any(_nonce_abscissa(key, zg, r, w) == r for key in keys)


def ecdsa_verify_many(items: Sequence[tuple[int, int, int, int]]) -> list[bool]:
    """Verify many (public_key, message_hash, r, s)."""
    return [ecdsa_verify(*item) for item in items]


def ecdsa_is_public_key(public_key: int) -> bool:
    """Return whether the abscissa belongs to a point of the curve."""
    return _ordinate(public_key) is not None


def _nonce_abscissa(key: _Jacobian, zg: _Jacobian | None, r: int, w: int) -> int | None:
    """Return the abscissa of w * (z * G + r * key), None if the builtin cannot compute it."""
    shift, minus_shift = (*SHIFT_POINT, 1), (SHIFT_POINT[0], -SHIFT_POINT[1], 1)
    base = _chord(zg, _subset_sum(r, _doublings(key), shift))
    if base is None:
        return None
    nonce = _chord(_subset_sum(w, _doublings(base), shift), minus_shift)
    return None if nonce is None else _abscissa(nonce)


def _subset_sum(scalar: int, points: Iterable[_Jacobian], start: _Jacobian) -> _Jacobian | None:
    """Return start plus the points at the set bits; None if a point has the sum's abscissa."""
    total = start
    for step, point in enumerate(points):
        with_point = _chord(total, point)
        if with_point is None:
            return None
        if scalar >> step & 1:
            total = with_point
    return total


def _doublings(point: _Jacobian) -> Iterator[_Jacobian]:
    for _ in range(_SUM_STEPS):
        yield point
        point = _double(point)


@functools.cache
def _generator_points() -> tuple[_Jacobian, ...]:
    """Return the generator's doublings: the last one with a bit stands for those behind it."""
    points = tuple(_doublings((*GENERATOR, 1)))[:ELEMENT_BITS]
    return points + points[-1:] * (_SUM_STEPS - ELEMENT_BITS)


def _chord(left: _Jacobian | None, right: _Jacobian | None) -> _Jacobian | None:
    """Return the sum of two points, None if one is missing or their abscissas are equal."""
    if left is None or right is None:
        return None
    x_left, x_right = left[0] * right[2] ** 2, right[0] * left[2] ** 2
    return None if (x_left - x_right) % FIELD_PRIME == 0 else _add(left, right)


def _nonces(private_key: int, message_hash: int) -> Iterator[int]:
    """Yield the candidates of RFC 6979, 3.2; the 32-byte hash is not truncated to 252 bits."""
    excess_bits = 256 - ORDER.bit_length()
    seed = private_key.to_bytes(32, "big") + message_hash.to_bytes(32, "big")
    key, value = bytes(32), b"\x01" * 32
    for separator in (b"\x00", b"\x01"):
        key = hmac.digest(key, value + separator + seed, hashlib.sha256)
        value = hmac.digest(key, value, hashlib.sha256)
    while True:
        value = hmac.digest(key, value, hashlib.sha256)
        candidate = int.from_bytes(value, "big") >> excess_bits
        if 0 < candidate < ORDER:
            yield candidate
        key = hmac.digest(key, value + b"\x00", hashlib.sha256)
        value = hmac.digest(key, value, hashlib.sha256)


def _ordinate(x: int) -> int | None:
    if not 0 <= x < FIELD_PRIME:
        return None
    return _square_root((x * x * x + x + BETA) % FIELD_PRIME)


def _square_root(value: int) -> int | None:
    """Tonelli-Shanks for p - 1 = odd * 2^192; 3 is not a square modulo p."""
    if value == 0:
        return 0
    if pow(value, (FIELD_PRIME - 1) // 2, FIELD_PRIME) != 1:
        return None
    odd, power = (FIELD_PRIME - 1) >> 192, 192
    root = pow(value, (odd + 1) // 2, FIELD_PRIME)
    error = pow(value, odd, FIELD_PRIME)
    generator = pow(3, odd, FIELD_PRIME)
    while error != 1:
        order_log, probe = 0, error
        while probe != 1:
            probe = probe * probe % FIELD_PRIME
            order_log += 1
        factor = pow(generator, 1 << (power - order_log - 1), FIELD_PRIME)
        root = root * factor % FIELD_PRIME
        generator = factor * factor % FIELD_PRIME
        error = error * generator % FIELD_PRIME
        power = order_log
    return root


def _multiply(scalar: int, point: tuple[int, int]) -> _Jacobian:
    result, addend = _INFINITY, (point[0], point[1], 1)
    for bit in f"{scalar:b}":
        result = _double(result)
        if bit == "1":
            result = _add(result, addend)
    return result


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if z == 0 or y == 0:
        return _INFINITY
    y_squared = y * y % FIELD_PRIME
    s = 4 * x * y_squared % FIELD_PRIME
    m = (3 * x * x + pow(z, 4, FIELD_PRIME)) % FIELD_PRIME  # the curve's coefficient of x is 1
    x_new = (m * m - 2 * s) % FIELD_PRIME
    y_new = (m * (s - x_new) - 8 * y_squared * y_squared) % FIELD_PRIME
    return x_new, y_new, 2 * y * z % FIELD_PRIME


def _add(left: _Jacobian, right: _Jacobian) -> _Jacobian:
    if left[2] == 0:
        return right
    if right[2] == 0:
        return left
    z1_squared, z2_squared = left[2] ** 2 % FIELD_PRIME, right[2] ** 2 % FIELD_PRIME
    u1, u2 = left[0] * z2_squared % FIELD_PRIME, right[0] * z1_squared % FIELD_PRIME
    s1 = left[1] * z2_squared * right[2] % FIELD_PRIME
    s2 = right[1] * z1_squared * left[2] % FIELD_PRIME
    if u1 == u2:
        return _double(left) if s1 == s2 else _INFINITY
    h, r = (u2 - u1) % FIELD_PRIME, (s2 - s1) % FIELD_PRIME
    h_squared = h * h % FIELD_PRIME
    h_cubed, v = h_squared * h % FIELD_PRIME, u1 * h_squared % FIELD_PRIME
    x = (r * r - h_cubed - 2 * v) % FIELD_PRIME
    y = (r * (v - x) - s1 * h_cubed) % FIELD_PRIME
    return x, y, left[2] * right[2] * h % FIELD_PRIME


def _abscissa(point: _Jacobian) -> int:
    return point[0] * pow(point[2], -2, FIELD_PRIME) % FIELD_PRIME
