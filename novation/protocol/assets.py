"""Amounts of the assets besides USD, of an account or in custody: docs/spec/protocol.md, section 4.

`amounts_quanta[i]` is of asset i + 1; what is missing at the end is zero, and the last is not.
"""

from collections.abc import Sequence
from typing import Final

from novation.protocol.constants import AMOUNT_BOUND, ASSETS_PER_WORD, MAX_ASSETS
from novation.protocol.errors import DecodeError
from novation.protocol.numeric import div_ceil, pack, unpack

AMOUNT_BITS: Final = AMOUNT_BOUND.bit_length() - 1
# Words that hold one amount of each asset.
AMOUNT_WORDS: Final = div_ceil(MAX_ASSETS - 1, ASSETS_PER_WORD)


def amount_of(amounts_quanta: Sequence[int], asset_id: int) -> int:
    """Return the amount of an asset besides USD."""
    assert 1 <= asset_id < MAX_ASSETS
    return amounts_quanta[asset_id - 1] if asset_id <= len(amounts_quanta) else 0


def with_amount(
    amounts_quanta: tuple[int, ...], asset_id: int, amount_quanta: int
) -> tuple[int, ...]:
    """Return the amounts with another one of an asset besides USD."""
    assert 1 <= asset_id < MAX_ASSETS
    assert 0 <= amount_quanta < AMOUNT_BOUND
    amounts = [*amounts_quanta, *[0] * (asset_id - len(amounts_quanta))]
    amounts[asset_id - 1] = amount_quanta
    return _without_last_zeros(amounts)


def pack_amounts(amounts_quanta: Sequence[int]) -> tuple[int, ...]:
    """Return the words that are needed: the last one is not zero."""
    return tuple(
        pack(*((amount, AMOUNT_BITS) for amount in amounts_quanta[first : first + ASSETS_PER_WORD]))
        for first in range(0, len(amounts_quanta), ASSETS_PER_WORD)
    )


def unpack_amounts(words: Sequence[int]) -> tuple[int, ...]:
    """Return the amounts of words, zeros at the end left away; DecodeError beyond the assets."""
    amounts = [a for word in words for a in unpack(word, *[AMOUNT_BITS] * ASSETS_PER_WORD)]
    if any(amounts[MAX_ASSETS - 1 :]):
        raise DecodeError(f"amounts of more than {MAX_ASSETS - 1} assets besides USD")
    return _without_last_zeros(amounts)


def unpack_holdings(words: Sequence[int]) -> tuple[int, ...]:
    """Return what an account holds; DecodeError if there are more words than are needed."""
    amounts = unpack_amounts(words)
    if len(pack_amounts(amounts)) != len(words):
        raise DecodeError(f"{len(words)} words of holdings, the last one zero")
    return amounts


def _without_last_zeros(amounts: list[int]) -> tuple[int, ...]:
    while amounts and amounts[-1] == 0:
        amounts.pop()
    return tuple(amounts)
