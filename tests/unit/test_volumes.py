"""What accounts have traded, and which tier of fees that gives them."""

from dataclasses import replace

import pytest

from novation.protocol.constants import (
    DAY_MS,
    MAX_FEE_TIERS,
    PAST_VOLUME_BOUND,
    QUANTA_PER_KUSD,
    TIER_THRESHOLD_BOUND,
    TODAY_VOLUME_BOUND,
)
from novation.protocol.errors import DecodeError, ErrorCode, InvalidTransaction
from novation.protocol.events import OrderFilled
from novation.protocol.transactions import Liquidate, ParameterKind, SetParameter
from novation.protocol.volumes import (
    BASE_TIER,
    NO_TIERS,
    FeeSchedule,
    FeeTier,
    Volume,
    day_of,
)
from tests.circuits.volume_batches import (
    KUSD_LOTS,
    PRICE_TICKS,
    SCHEDULE,
    funded,
    next_day,
    set_tiers,
    trade,
)
from tests.support.builders import ONE_DOLLAR, START_MS, underlying
from tests.support.exchange import BUY, SELL, Exchange

TODAY = day_of(START_MS)


def fees(exchange: Exchange, lots: int) -> tuple[int, int]:
    """Let 2 sell to 3, and return what the taker and the maker paid."""
    exchange.place(2, SELL, lots, PRICE_TICKS)
    (event,) = (
        event
        for event in exchange.place(3, BUY, lots, PRICE_TICKS).events
        if isinstance(event, OrderFilled)
    )
    return event.taker_fee_quanta, event.maker_fee_quanta


@pytest.mark.parametrize(
    ("days", "left_quanta"), [(0, 2900), (1, 3770), (2, 3640), (15, 1950), (29, 130), (30, 0)]
)
def test_volume_when_days_pass_then_what_a_month_keeps(days: int, left_quanta: int) -> None:
    volume = Volume(0, TODAY, 1000, 2900)
    after = volume.on(TODAY + days, NO_TIERS)
    assert (after.past_quanta, after.day) == (left_quanta, TODAY + days)
    assert after.today_quanta == (0 if days else 1000)


def test_volume_when_as_much_is_traded_every_day_then_about_a_month_of_it() -> None:
    volume = Volume()
    for day in range(400):
        volume = volume.on(TODAY + day, NO_TIERS).with_trade(1_000_000)
    assert 28_900_000 < volume.past_quanta < 29_000_000


@pytest.mark.parametrize(
    ("volume_quanta", "tier"),
    [(0, 0), (QUANTA_PER_KUSD - 1, 0), (QUANTA_PER_KUSD, 1), (3 * QUANTA_PER_KUSD, 3)],
)
def test_tier_when_a_threshold_is_reached_then_that_one(volume_quanta: int, tier: int) -> None:
    assert SCHEDULE.tier_of(volume_quanta) == tier


@pytest.mark.parametrize(
    "volume", [Volume(), Volume(4, 2**16 - 1, TODAY_VOLUME_BOUND - 1, PAST_VOLUME_BOUND - 1)]
)
def test_volume_when_packed_then_read_back(volume: Volume) -> None:
    assert Volume.from_word(volume.word()) == volume
    with pytest.raises(DecodeError):
        Volume.from_word(1 << 147)


def test_volume_when_a_day_is_beyond_its_bound_then_it_counts_as_one_of_before() -> None:
    volume = Volume(0, TODAY, TODAY_VOLUME_BOUND - 1, 5).with_trade(2)
    assert volume == Volume(0, TODAY, 1, 6)


@pytest.mark.parametrize("schedule", [NO_TIERS, SCHEDULE])
def test_schedule_when_packed_then_read_back(schedule: FeeSchedule) -> None:
    assert FeeSchedule.from_word(schedule.word()) == schedule


def test_schedule_when_out_of_range_then_refused() -> None:
    for wrong in ((TIER_THRESHOLD_BOUND, 0, 0), (0, 1001, 0), (0, 0, -1)):
        with pytest.raises(ValueError, match="tier"):
            FeeTier(*wrong)
    for tiers in ((BASE_TIER,) * (MAX_FEE_TIERS - 1), (FeeTier(1, 0, 0), *[BASE_TIER] * 3)):
        with pytest.raises(ValueError, match="tiers at"):
            FeeSchedule(tiers)
    with pytest.raises(DecodeError):
        FeeSchedule.from_word(1001 << 32)


def test_trade_when_a_tier_is_reached_then_it_counts_from_the_next_day_on() -> None:
    exchange = funded()
    set_tiers(exchange)
    lots = 2 * KUSD_LOTS
    # 500 and 200 millionths of 2,000 USD.
    whole = (1_000_000, 400_000)
    assert fees(exchange, lots) == whole
    assert fees(exchange, lots) == whole
    next_day(exchange)
    # 3,867 USD of the day before are left: the third tier.
    assert fees(exchange, lots) == (250_000, 0)
    volume = exchange.state.account(2).volume
    assert (volume.tier, volume.today_quanta) == (3, 2 * QUANTA_PER_KUSD)
    next_day(exchange, 30)
    assert fees(exchange, lots) == whole


def test_fee_when_a_tier_leaves_a_part_of_a_quantum_then_rounded_up() -> None:
    exchange = funded()
    set_tiers(exchange, FeeSchedule.of(FeeTier(0, 333, 1)))
    next_day(exchange)
    assert fees(exchange, 1) == (2, 1)


def test_trade_when_both_have_one_owner_then_it_counts_for_nobody() -> None:
    exchange = funded()
    trade(exchange, 4, 5)
    # Who takes is brought to the day, with nothing more.
    assert exchange.state.account(4).volume == Volume()
    assert exchange.state.account(5).volume == Volume(day=day_of(exchange.time_ms))
    trade(exchange, 4, 2)
    counted = Volume(0, day_of(exchange.time_ms), QUANTA_PER_KUSD, 0)
    assert exchange.state.account(4).volume == exchange.state.account(2).volume == counted


def test_order_when_it_only_rests_then_no_day_begins_for_its_account() -> None:
    exchange = funded()
    exchange.place(2, BUY, 1, PRICE_TICKS)
    assert exchange.state.account(2).volume == Volume()


def test_liquidation_when_it_trades_then_it_counts_for_the_makers_only() -> None:
    exchange = Exchange()
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.fund(3, 4)
    exchange.place(3, SELL, 180_000, PRICE_TICKS)
    exchange.place(2, BUY, 180_000, PRICE_TICKS)
    exchange.set_price(970)
    exchange.place(4, BUY, 180_000, 969)
    before = exchange.state.account(2).volume
    exchange.apply(Liquidate(2, 0))
    assert exchange.state.account(2).volume == before
    assert exchange.state.account(4).volume.today_quanta > 0


def test_tiers_when_l1_sets_them_then_they_hold_at_once_but_ranks_stay_for_the_day() -> None:
    exchange = funded()
    trade(exchange, 2, 3)
    set_tiers(exchange, FeeSchedule.of(FeeTier(0, 100, 100)))
    assert exchange.state.parameters.fee_schedule.tiers[0] == FeeTier(0, 100, 100)
    assert fees(exchange, KUSD_LOTS) == (500_000, 200_000)
    next_day(exchange)
    assert fees(exchange, KUSD_LOTS) == (50_000, 20_000)
    set_tiers(exchange, FeeSchedule.of(FeeTier(0, 200, 100)))
    assert fees(exchange, KUSD_LOTS) == (100_000, 20_000)


def test_parameter_when_it_is_no_word_of_tiers_then_an_assertion() -> None:
    exchange = funded()
    with pytest.raises(AssertionError, match="L1 took"):
        exchange.apply(SetParameter(ParameterKind.FEE_TIERS, 0, 1001 << 32))


def test_highest_fee_when_a_tier_pays_less_then_the_signed_limit_must_reach_the_whole() -> None:
    exchange = funded()
    set_tiers(exchange, FeeSchedule.of(FeeTier(0, 0, 0)))
    next_day(exchange)
    exchange.set_underlying(0, replace(underlying(), taker_fee_ppm=1001))
    with pytest.raises(InvalidTransaction) as refusal:
        exchange.place(2, BUY, 1, PRICE_TICKS, max_fee_ppm=1000)
    assert refusal.value.code is ErrorCode.FEE_ABOVE_LIMIT


def test_days_when_counted_then_since_1970() -> None:
    assert [day_of(time_ms) for time_ms in (0, DAY_MS - 1, DAY_MS)] == [0, 0, 1]
