"""Sharing what failed accounts cannot pay: properties over random exchanges, and of one sharing."""

import random

import pytest

from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import Side
from novation.protocol.rules.pools import share
from tests.support.builders import underlying
from tests.support.random_failures import RandomFailures


@pytest.mark.parametrize("seed", range(24))
def test_failures_when_random_then_money_is_conserved_and_only_gains_are_charged(seed: int) -> None:
    """Conservation, equal sides, and who pays are asserted behind each transaction."""
    failures = RandomFailures(seed, 1 + seed % 4)
    for _ in failures.batches(6):
        pass
    assert failures.counts["TakeOver"] > 0


def test_failures_when_many_are_taken_then_every_way_of_the_waterfall_was_gone() -> None:
    counts = sum((_counts(seed) for seed in range(100, 124)), RandomFailures(0).counts)
    for way in (
        "by pools",
        "by insurance",
        "debts",
        "insured",
        "charged",
        "shorts",
        "recorded",
        "short of it",
        "longs pay",
        "pool unwound",
        "fund unwound",
    ):
        assert counts[way] > 0, (way, counts)


def _counts(seed: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    failures = RandomFailures(seed, 2)
    for _ in failures.batches(8):
        pass
    return failures.counts


def test_charge_of_a_lot_when_many_accounts_fail_then_never_above_what_a_lot_gained() -> None:
    """20,000 sets of failing accounts, whose sizes together are no more than the other side's."""
    rng = random.Random(7)
    terms = underlying(multiplier=1)
    for _ in range(20_000):
        sizes = [rng.randrange(1, 10 ** rng.randrange(1, 10)) for _ in range(rng.randrange(1, 8))]
        lots = sum(sizes) + rng.randrange(10 ** rng.randrange(1, 9))
        gain = rng.randrange(1, 10 ** rng.randrange(1, 8))
        side = rng.choice(tuple(Side))
        mark = 10**8
        prices = UnderlyingState(
            mark << 16,
            is_listed=True,
            ref_x16=(mark - gain if side is Side.BUY else mark + gain) << 16,
        )
        for size in sizes:
            debt = rng.randrange(size * gain + 1)
            sign = 1 if side is Side.SELL else -1
            taken = UnderlyingState(
                **_fields(prices)
                | {
                    "pool_lots": prices.pool_lots + sign * size,
                    "pool_cash_quanta": prices.pool_cash_quanta - sign * size * mark - debt,
                }
            )
            shared = share(taken, terms, side, lots)
            assert shared.missing_quanta == 0
            prices = shared.prices
            worth = prices.pool_cash_quanta + prices.pool_lots * mark
            assert 0 <= worth < lots
        charged = prices.long_charged_quanta if side is Side.BUY else prices.short_charged_quanta
        assert charged <= gain


def _fields(prices: UnderlyingState) -> dict[str, int]:
    return {name: getattr(prices, name) for name in prices.__slots__}
