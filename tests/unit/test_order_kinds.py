"""Fill-or-kill, post-only that slides, and what happens instead of a trade with oneself."""

from dataclasses import replace
from typing import Any

import pytest

from novation.protocol.batch import PlaceOrderHints
from novation.protocol.conservation import check_conservation
from novation.protocol.constants import MAX_MAKERS_PER_ORDER, RESUME_GAP_MS
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import (
    CancelReason,
    OrderCancelled,
    OrderDecremented,
    OrderPlaced,
)
from novation.protocol.orders import SelfTradeMode, SelfTradeScope, TimeInForce, VisitOutcome
from tests.support.builders import ONE_DOLLAR, l1_address
from tests.support.exchange import BUY, SELL, Exchange

FOK, SLIDE, POST_ONLY = TimeInForce.FOK, TimeInForce.POST_ONLY_SLIDE, TimeInForce.POST_ONLY
MODES = tuple(SelfTradeMode)
LOTS = 3


def traders() -> Exchange:
    """Return an exchange with funded accounts 2 to 5; 2 and 3 have one owner."""
    exchange = Exchange(sign=False)
    for account_id in (2, 3, 4, 5):
        deposit = exchange.deposit(account_id, 10_000 * ONE_DOLLAR)
        exchange.apply(replace(deposit, l1_address=l1_address(max(3, account_id))))
    return exchange


def refusal(exchange: Exchange, *order: Any, **fields: Any) -> InvalidTransaction:
    """Return why an order is refused."""
    with pytest.raises(InvalidTransaction) as caught:
        exchange.place(*order, **fields)
    return caught.value


def outcomes(result: Any) -> list[tuple[int, VisitOutcome]]:
    """Return what became of the makers."""
    assert isinstance(result.hints, PlaceOrderHints)
    return [(visit.order_id, visit.outcome) for visit in result.hints.visits]


def spared(mode: SelfTradeMode, *, owner: bool = True) -> dict[str, Any]:
    """Return the fields of an order that does not trade with itself."""
    scope = SelfTradeScope.OWNER if owner else SelfTradeScope.ACCOUNT
    return {"self_trade_mode": mode, "self_trade_scope": scope}


def test_fok_when_all_of_it_trades_then_filled() -> None:
    exchange = traders()
    exchange.place(2, SELL, 2, 1000)
    exchange.place(3, SELL, 2, 1001)
    assert exchange.place(4, BUY, 4, 1001, time_in_force=FOK).result_code is ResultCode.FILLED
    assert (exchange.size(4), exchange.book(SELL)) == (4, [])


def test_fok_when_a_lot_is_missing_then_refused_with_what_would_trade() -> None:
    exchange = traders()
    exchange.place(2, SELL, 2, 1000)
    exchange.place(3, SELL, 2, 1002)
    refused = refusal(exchange, 4, BUY, 3, 1001, time_in_force=FOK)
    assert refused.code is ErrorCode.FOK_NOT_FILLED
    assert refused.broken == Broken("size_lots", 3, 2)
    assert exchange.book(SELL) == [(1, 1000, 2), (2, 1002, 2)]
    assert exchange.place(4, BUY, 2, 1001, time_in_force=FOK).result_code is ResultCode.FILLED


def test_fok_when_the_book_is_empty_or_apart_then_refused() -> None:
    exchange = traders()
    assert refusal(exchange, 4, BUY, 1, 1000, time_in_force=FOK).broken.limit == 0
    exchange.place(2, SELL, 2, 1001)
    assert refusal(exchange, 4, BUY, 1, 1000, time_in_force=FOK).broken.limit == 0


def test_fok_when_reduce_only_then_the_position_is_all_of_it() -> None:
    exchange = traders()
    exchange.place(2, SELL, 5, 1000)
    exchange.place(4, BUY, 2, 1000)
    exchange.place(5, BUY, 2, 999)
    sell = exchange.order(4, SELL, 9, 999, time_in_force=FOK, reduce_only=True)
    assert exchange.apply(sell).result_code is ResultCode.FILLED
    assert exchange.size(4) == 0


def test_fok_when_it_meets_more_makers_than_it_may_then_refused() -> None:
    exchange = traders()
    for _ in range(MAX_MAKERS_PER_ORDER + 1):
        exchange.place(2, SELL, 1, 1000)
    lots = MAX_MAKERS_PER_ORDER + 1
    refused = refusal(exchange, 4, BUY, lots, 1000, time_in_force=FOK)
    assert refused.broken == Broken("size_lots", lots, MAX_MAKERS_PER_ORDER)


def test_fok_when_lots_are_decremented_then_they_did_not_trade() -> None:
    exchange = traders()
    exchange.place(2, SELL, 1, 1000)
    exchange.place(5, SELL, 9, 1000)
    refused = refusal(
        exchange, 2, BUY, 3, 1000, time_in_force=FOK, **spared(SelfTradeMode.DECREMENT)
    )
    assert refused.broken == Broken("size_lots", 3, 2)


@pytest.mark.parametrize(("side", "limit", "slid"), [(BUY, 1005, 1000), (SELL, 995, 1000)])
def test_slide_when_it_crosses_then_one_tick_behind_the_head(
    side: Any, limit: int, slid: int
) -> None:
    exchange = traders()
    exchange.place(2, side.other, 2, slid + (1 if side is BUY else -1))
    result = exchange.place(4, side, 3, limit, time_in_force=SLIDE)
    assert result.result_code is ResultCode.RESTING
    assert result.events == (OrderPlaced(2, 4, 1, 0, side, slid, 3, 3),)
    assert exchange.book(side) == [(2, slid, 3)]
    assert exchange.size(4) == 0


def test_slide_when_it_does_not_cross_then_at_its_price() -> None:
    exchange = traders()
    assert exchange.place(4, BUY, 3, 1001, time_in_force=SLIDE).result_code is ResultCode.RESTING
    exchange.place(2, SELL, 2, 1002)
    exchange.place(4, BUY, 3, 1000, time_in_force=SLIDE)
    assert exchange.book(BUY) == [(1, 1001, 3), (3, 1000, 3)]


def test_slide_when_the_head_is_dead_or_its_own_then_behind_it_all_the_same() -> None:
    exchange = traders()
    exchange.place(4, SELL, 2, 1001, expiry_time_ms=exchange.time_ms + 5)
    exchange.time_ms += 5
    exchange.place(4, BUY, 3, 1003, time_in_force=SLIDE)
    assert exchange.book(BUY) == [(2, 1000, 3)]
    assert exchange.book(SELL) == [(1, 1001, 2)]


def test_slide_when_there_is_no_price_behind_the_head_then_refused() -> None:
    exchange = Exchange(sign=False, price_ticks=1)
    exchange.fund(2, 4)
    exchange.place(2, SELL, 2, 1)
    refused = refusal(exchange, 4, BUY, 1, 1, time_in_force=SLIDE)
    assert refused.code is ErrorCode.POST_ONLY_CROSSES
    assert refused.broken == Broken("price_ticks", 1, 0)


def test_kinds_when_prices_come_back_after_a_gap_then_only_those_that_rest() -> None:
    exchange = traders()
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    for force in (TimeInForce.GTC, TimeInForce.IOC, FOK):
        refused = refusal(exchange, 4, BUY, 1, 1000, time_in_force=force)
        assert refused.code is ErrorCode.POST_ONLY_PERIOD
    for force in (POST_ONLY, SLIDE):
        assert exchange.place(4, BUY, 1, 1000, time_in_force=force).hints is not None


@pytest.mark.parametrize("maker", [2, 3])
@pytest.mark.parametrize(
    ("mode", "code", "asks", "own_bid"),
    [
        (SelfTradeMode.CANCEL_RESTING, ResultCode.RESTING, [], 2),
        (SelfTradeMode.CANCEL_TAKING, ResultCode.SELF_TRADE_CANCELLED, [(2, 1000, LOTS)], 0),
        (SelfTradeMode.CANCEL_BOTH, ResultCode.SELF_TRADE_CANCELLED, [], 0),
        (SelfTradeMode.DECREMENT, ResultCode.SELF_TRADE_CANCELLED, [(2, 1000, 1)], 0),
    ],
)
def test_order_when_it_meets_its_account_or_owner_then_what_the_mode_says(
    maker: int, mode: SelfTradeMode, code: ResultCode, asks: list[Any], own_bid: int
) -> None:
    exchange = traders()
    # A lot of somebody else first.
    exchange.place(5, SELL, 1, 999)
    exchange.place(maker, SELL, LOTS, 1000)
    result = exchange.place(2, BUY, 3, 1000, **spared(mode))
    assert result.result_code is code
    assert exchange.book(SELL) == asks
    assert [lots for _, _, lots in exchange.book(BUY)] == ([own_bid] if own_bid else [])
    assert (exchange.size(2), exchange.size(3)) == (1, 0)
    slot = exchange.state.account(maker).position(0)
    assert (slot.open_sell_lots, slot.n_orders) == (
        sum(lots for _, _, lots in asks),
        len(asks) + (1 if own_bid and maker == 2 else 0),
    )
    check_conservation(exchange.state)
    exchange.seal()


def test_decrement_when_the_maker_is_smaller_then_gone_and_the_rest_rests() -> None:
    exchange = traders()
    exchange.place(2, SELL, 2, 1000)
    result = exchange.place(3, BUY, 5, 1000, **spared(SelfTradeMode.DECREMENT))
    assert result.result_code is ResultCode.RESTING
    assert outcomes(result) == [(1, VisitOutcome.SELF_TRADE)]
    placed, gone = result.events
    assert isinstance(placed, OrderPlaced)
    assert (placed.size_lots, placed.resting_lots, placed.decremented_lots) == (5, 3, 2)
    assert gone == OrderCancelled(1, 2, 0, SELL, 1000, 2, CancelReason.SELF_TRADE)
    assert exchange.book(BUY) == [(2, 1000, 3)]


def test_decrement_when_the_maker_is_larger_then_it_says_what_was_taken_off_both() -> None:
    exchange = traders()
    exchange.place(2, SELL, 5, 1000)
    result = exchange.place(2, BUY, 2, 1000, **spared(SelfTradeMode.DECREMENT, owner=False))
    placed, smaller, gone = result.events
    assert isinstance(placed, OrderPlaced)
    assert placed.decremented_lots == 2
    assert smaller == OrderDecremented(1, 2, 0, SELL, 1000, 2, 3)
    assert gone == OrderCancelled(2, 2, 0, BUY, 1000, 0, CancelReason.SELF_TRADE_TAKING)


@pytest.mark.parametrize("mode", MODES)
def test_order_when_the_scope_is_its_account_then_it_trades_with_its_owner(
    mode: SelfTradeMode,
) -> None:
    exchange = traders()
    exchange.place(3, SELL, 2, 1000)
    result = exchange.place(2, BUY, 2, 1000, **spared(mode, owner=False))
    assert result.result_code is ResultCode.FILLED


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("maker", [2, 3])
def test_order_when_its_own_order_is_dead_then_cleared_away_whatever_the_mode(
    maker: int, mode: SelfTradeMode
) -> None:
    exchange = traders()
    exchange.place(maker, SELL, 2, 1000, expiry_time_ms=exchange.time_ms + 5)
    exchange.place(5, SELL, 2, 1001)
    exchange.time_ms += 5
    result = exchange.place(2, BUY, 2, 1001, **spared(mode))
    assert result.result_code is ResultCode.FILLED
    assert outcomes(result) == [(1, VisitOutcome.EXPIRED), (2, VisitOutcome.FILL)]


def test_post_only_when_it_would_only_trade_with_itself_then_not_refused() -> None:
    exchange = traders()
    exchange.place(2, SELL, 2, 1000)
    fields = spared(SelfTradeMode.DECREMENT)
    result = exchange.place(2, BUY, 3, 1000, time_in_force=POST_ONLY, **fields)
    assert result.result_code is ResultCode.RESTING
    assert exchange.book(BUY) == [(2, 1000, 1)]
    exchange.place(5, SELL, 1, 1001)
    refused = refusal(exchange, 4, BUY, 3, 1001, time_in_force=POST_ONLY, **fields)
    assert refused.code is ErrorCode.POST_ONLY_CROSSES


def test_label_when_given_then_in_the_event_and_nowhere_in_the_state() -> None:
    exchange, other = traders(), traders()
    placed = exchange.place(4, BUY, 1, 1000, label=2**64 - 1).events[0]
    assert isinstance(placed, OrderPlaced)
    assert placed.label == 2**64 - 1
    other.place(4, BUY, 1, 1000)
    assert exchange.seal().output == other.seal().output
    assert exchange.refuse(exchange.order(4, BUY, 1, 1000, label=2**64)) is ErrorCode.INVALID_FIELD
