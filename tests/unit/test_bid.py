"""Bid: who may take what of a failing account, and what both get for it."""

from fractions import Fraction

import pytest

from novation.protocol.auction import discount_ppm, restoring_share_x16
from novation.protocol.constants import (
    AMOUNT_BOUND,
    AUCTION_LIFE_MS,
    INSURANCE_ACCOUNT_ID,
    POSITION_BOUND,
    PPM_ONE,
    RESUME_GAP_MS,
    SHARE_X16_ONE,
)
from novation.protocol.errors import ErrorCode, ResultCode
from novation.protocol.events import AuctionEnded, BidFilled, CancelReason, OrderCancelled
from novation.protocol.margin import Margin
from novation.protocol.orders import Side
from novation.protocol.rules.resolving import is_resolving
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange
from tests.unit.test_liquidate import failing

LOTS = 180_000
HALF = SHARE_X16_ONE // 2


def auctioned(side: Side = BUY, *, waited_ms: int = 0) -> Exchange:
    """Return an exchange whose account 2 has been up for auction for so long."""
    exchange = failing(side)
    exchange.set_auction(2)
    exchange.seal()
    exchange.wait(waited_ms)
    return exchange


def filled(result: object) -> BidFilled:
    """Return what a bid took."""
    (event,) = [e for e in getattr(result, "events", ()) if isinstance(e, BidFilled)]
    return event


@pytest.mark.parametrize("side", [BUY, SELL])
def test_bid_when_it_takes_a_share_then_both_sides_are_exact(side: Side) -> None:
    exchange = auctioned(side)
    before, balances = exchange.margin(2), [exchange.balance(i) for i in (1, 2, 4)]
    start_ms = exchange.state.account(2).auction_start_ms
    result = exchange.bid(4, 2, share_x16=HALF // 4)
    event = filled(result)
    assert result.result_code is ResultCode.DONE
    lots = LOTS // 8 if side is BUY else -LOTS // 8
    assert [(part.market_id, part.lots) for part in event.taken] == [(0, lots)]
    assert (exchange.size(2), exchange.size(4)) == (7 * lots, lots)
    # An eighth of the equity, and 5 % of that and a little more.
    behind = before.equity_x16 // 8 // 2**16
    given_ppm = 50_000 + 16 * (exchange.time_ms - start_ms)
    assert event.discount_quanta == behind * given_ppm // PPM_ONE
    assert event.fee_quanta == event.discount_quanta // 10
    paid = event.price_quanta - event.discount_quanta
    changes = [exchange.balance(i) - old for i, old in zip((1, 2, 4), balances, strict=True)]
    assert changes == [event.fee_quanta, paid, -paid - event.fee_quanta]
    exchange.seal()


def test_discount_when_time_passes_then_grows_to_all_of_equity() -> None:
    account = auctioned().state.account(2)
    start_ms = account.auction_start_ms
    assert [discount_ppm(account, start_ms + t) for t in (0, 1, 30_000, 59_375, 110_000)] == [
        50_000,
        50_016,
        530_000,
        1_000_000,
        1_000_000,
    ]


def test_bid_when_all_equity_is_given_then_nothing_is_left_and_no_debt() -> None:
    exchange = auctioned(waited_ms=60_000)
    equity_quanta = exchange.margin(2).equity_x16 >> 16
    event = filled(exchange.bid(4, 2))
    assert event.share_x16 == SHARE_X16_ONE
    assert event.discount_quanta == equity_quanta
    account = exchange.state.account(2)
    assert (account.positions, account.collateral_quanta) == ((), 0)
    exchange.seal()


def test_share_when_larger_than_needed_then_capped_and_the_account_is_whole() -> None:
    exchange = auctioned()
    result = exchange.bid(4, 2)
    assert result.result_code is ResultCode.BID_CAPPED
    assert 0 < filled(result).share_x16 < SHARE_X16_ONE
    assert exchange.margin(2).meets_initial
    assert isinstance(result.events[-1], AuctionEnded)
    assert exchange.state.account(2).auction_start_ms == 0
    assert exchange.refuse(exchange.offer(5, 2)) is ErrorCode.UNKNOWN_ACCOUNT
    assert exchange.refuse(exchange.offer(3, 2)) is ErrorCode.NO_AUCTION
    # With a share that is one part less, it would not have been.
    other = auctioned()
    other.bid(4, 2, share_x16=filled(result).share_x16 - 4)
    assert not other.margin(2).meets_initial


def test_enough_when_computed_then_the_least_share_that_restores() -> None:
    margin, given_ppm = Margin(3 << 40, 5 * (10**6 << 40), 4 * (10**6 << 40)), 530_000
    share = Fraction(restoring_share_x16(margin, given_ppm), SHARE_X16_ONE)
    equity, initial, given = Fraction(3), Fraction(5), Fraction(given_ppm, PPM_ONE)
    least = (initial - equity) / (initial - given * equity)
    assert least <= share < least + Fraction(1, SHARE_X16_ONE)
    assert restoring_share_x16(margin, PPM_ONE) == SHARE_X16_ONE


def test_orders_of_the_failing_account_when_somebody_bids_then_die() -> None:
    exchange = auctioned()
    exchange.set_price(990)
    exchange.place(2, SELL, LOTS, 1050, reduce_only=True)
    exchange.set_price(970)
    events = exchange.bid(4, 2, share_x16=HALF // 8).events
    gone = [event for event in events if isinstance(event, OrderCancelled)]
    assert [event.reason for event in gone] == [CancelReason.LIQUIDATION]
    exchange.place(4, BUY, 5, 1050)
    assert exchange.size(4) == -(-LOTS // 16)
    exchange.seal()


def test_bidder_when_on_the_other_side_then_both_go_and_open_interest_falls() -> None:
    exchange = auctioned()
    exchange.place(3, BUY, 30_000, 970)
    exchange.place(4, SELL, 30_000, 970)
    before = exchange.state.market(0).open_interest_lots
    exchange.bid(4, 2, share_x16=HALF // 4)
    assert exchange.size(4) == -30_000 + LOTS // 8
    assert exchange.state.market(0).open_interest_lots == before - LOTS // 8
    exchange.bid(4, 2, share_x16=HALF // 4)
    assert exchange.size(4) > 0
    assert exchange.state.market(0).open_interest_lots == before - 30_000
    exchange.seal()


def test_legs_when_of_several_markets_then_each_is_taken_and_one_lot_at_least() -> None:
    exchange = Exchange(parameters(3), sign=False)
    exchange.fund(3, 4, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    for market_id, lots in ((0, 120_000), (1, -40_000), (2, 3)):
        side = BUY if lots > 0 else SELL
        exchange.place(3, side.other, abs(lots), 1000, market_id=market_id)
        exchange.place(2, side, abs(lots), 1000, market_id=market_id)
    exchange.set_price(950, 1000, 1000)
    exchange.set_auction(2)
    event = filled(exchange.bid(4, 2, share_x16=HALF // 8))
    assert [(part.market_id, part.lots) for part in event.taken] == [(0, 7500), (1, -2500), (2, 1)]
    assert [slot.size_lots for slot in exchange.state.account(2).positions] == [112_500, -37_500, 2]
    exchange.seal()


@pytest.mark.parametrize("change", [-1, 0, 1])
def test_limits_when_broken_by_one_then_refused_with_what_there_is(change: int) -> None:
    exchange = auctioned()
    trial = auctioned()
    event = filled(trial.bid(4, 2, share_x16=HALF))
    given = event.discount_quanta - event.fee_quanta
    (part,) = event.taken
    notional = part.lots * 970 * 10
    least_ppm = given * PPM_ONE // notional
    for limits, refused in (
        ({"min_discount_ppm": least_ppm + change}, change > 0),
        ({"max_notional_quanta": notional + change}, change < 0),
    ):
        offer = exchange.offer(4, 2, share_x16=HALF, **limits)
        if refused:
            assert exchange.refuse(offer) is ErrorCode.BID_LIMIT
    if change == 0:
        limits = {"min_discount_ppm": least_ppm, "max_notional_quanta": notional}
        exchange.bid(4, 2, share_x16=HALF, **limits)


def test_bid_when_the_auction_is_not_on_then_refused() -> None:
    exchange = failing()
    assert exchange.refuse(exchange.offer(4, 2)) is ErrorCode.NO_AUCTION
    exchange.set_auction(2)
    assert exchange.refuse(exchange.offer(4, 77)) is ErrorCode.UNKNOWN_ACCOUNT
    assert exchange.refuse(exchange.offer(2, 2)) is ErrorCode.OWN_ACCOUNT
    exchange.set_price(990)
    assert exchange.refuse(exchange.offer(4, 2)) is ErrorCode.NOT_FAILING
    exchange.set_price(940)
    assert exchange.refuse(exchange.offer(4, 2)) is ErrorCode.BANKRUPT
    exchange.set_price(970)
    exchange.wait(AUCTION_LIFE_MS)
    assert exchange.refuse(exchange.offer(4, 2)) is ErrorCode.NO_AUCTION
    exchange.time_ms += 3_001
    assert exchange.refuse(exchange.offer(4, 2)) is ErrorCode.STALE_PRICE


def test_bid_when_nobody_may_take_orders_then_goes_on() -> None:
    exchange = auctioned()
    exchange.set_price(990)
    exchange.jump(970)
    assert is_resolving(exchange.state.price_of(0), exchange.time_ms)
    exchange.bid(4, 2, share_x16=HALF // 64)
    exchange.time_ms += RESUME_GAP_MS
    exchange.jump(970)
    assert exchange.time_ms < exchange.state.globals.post_only_until_ms
    exchange.set_auction(2)
    exchange.bid(4, 2, share_x16=HALF // 64)


def test_fields_when_out_of_range_then_refused() -> None:
    exchange = auctioned()
    for field, value in (
        ("share_x16", 0),
        ("share_x16", SHARE_X16_ONE + 1),
        ("min_discount_ppm", -1),
        ("min_discount_ppm", 2**20),
        ("max_notional_quanta", 0),
        ("max_notional_quanta", AMOUNT_BOUND),
    ):
        assert exchange.refuse(exchange.offer(4, 2, **{field: value})) is ErrorCode.INVALID_FIELD
    assert exchange.refuse(exchange.offer(4, 2**32)) is ErrorCode.INVALID_FIELD


def test_bidder_when_it_would_lack_initial_margin_then_refused() -> None:
    exchange = auctioned()
    exchange.fund(5, amount_quanta=ONE_DOLLAR)
    assert exchange.refuse(exchange.offer(5, 2)) is ErrorCode.INSUFFICIENT_MARGIN
    # Also one that would only reduce: who lacks initial margin is no bidder.
    # 54 of it for what a lot held short has gained since the reference mark.
    exchange.fund(6, amount_quanta=142_200_000)
    exchange.place(4, BUY, LOTS, 970)
    exchange.place(6, SELL, LOTS, 970)
    exchange.set_price(974)
    assert not exchange.margin(6).meets_initial
    assert exchange.refuse(exchange.offer(6, 2, share_x16=9)) is ErrorCode.INSUFFICIENT_MARGIN


def test_bidder_when_a_position_could_pass_its_bound_then_refused() -> None:
    exchange = Exchange(sign=False, price_ticks=1)
    exchange.fund(3, 4, 5, amount_quanta=2**60)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    for _ in range(15):
        exchange.place(3, SELL, 2**32 - 1, 1)
        exchange.place(4, BUY, 2**32 - 1, 1)
    lots = 190_000_000
    exchange.place(5, SELL, lots, 1)
    exchange.place(2, BUY, lots, 1)
    # Orders that could be filled count, too.
    exchange.place(4, BUY, 2**32 - lots + 15, 1)
    exchange.set_price_x16(2**16 * 975 // 1000, 2**16)
    exchange.set_auction(2)
    exchange.wait(AUCTION_LIFE_MS // 2)
    assert exchange.size(4) + 2**32 + 15 == POSITION_BOUND
    assert exchange.refuse(exchange.offer(4, 2)) is ErrorCode.POSITION_LIMIT
    exchange.bid(4, 2, share_x16=SHARE_X16_ONE - 64)


def test_start_that_was_not_ended_then_costs_no_more_than_the_share_of_equity() -> None:
    """The proposer leaves the end out: the account recovers, fails again, and he bids at once."""
    honest, hostile = auctioned(waited_ms=AUCTION_LIFE_MS * 5 // 6), auctioned()
    hostile.jump(990)
    hostile.wait(AUCTION_LIFE_MS * 5 // 6)
    assert hostile.margin(2).meets_maintenance
    hostile.jump(970)
    before = hostile.margin(2)
    event = filled(hostile.bid(4, 2))
    after = hostile.margin(2)
    # What he could have had by keeping others out for as long, and not more; never a debt.
    assert event.discount_quanta == filled(honest.bid(4, 2)).discount_quanta
    assert event.discount_quanta <= before.equity_x16 >> 16 < before.maintenance_x16_ppm >> 16
    assert after.equity_x16 >= 0
    # Two minutes after the start the old auction is over, whatever is left out.
    late = auctioned()
    late.set_price(990)
    late.wait(AUCTION_LIFE_MS)
    late.set_price(970)
    assert late.refuse(late.offer(4, 2)) is ErrorCode.NO_AUCTION
    late.set_auction(2)
    assert filled(late.bid(4, 2)).discount_quanta < event.discount_quanta // 10


def test_self_dealing_when_an_owner_bids_for_his_own_account_then_only_the_fund_gains() -> None:
    exchange = auctioned(waited_ms=30_000)
    exchange.place(3, BUY, 1, 970)
    owned = [exchange.margin(i).equity_x16 for i in (2, 4)]
    event = filled(exchange.bid(4, 2))
    after = [exchange.margin(i).equity_x16 for i in (2, 4)]
    assert sum(owned) - sum(after) == event.fee_quanta << 16
    assert exchange.balance(INSURANCE_ACCOUNT_ID) == event.fee_quanta
    assert min(after) >= 0
