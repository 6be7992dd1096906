"""Orders of a market maker that never take, all placed or none."""

from dataclasses import replace
from typing import Any

import pytest

from novation.crypto import hades
from novation.protocol.batch import CancelOrderHints, MassQuoteHints
from novation.protocol.constants import (
    MAX_ORDERS_PER_SLOT,
    MAX_QUOTES,
    ORDER_SIZE_BOUND,
    POSITION_BOUND,
    PRICE_BOUND,
    PRICE_VALIDITY_MS,
    QUOTE_TAG,
    RESUME_GAP_MS,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, OrderCancelled, OrderPlaced
from novation.protocol.orders import TimeInForce
from novation.protocol.rules.mass_quote import MOST_CLEARED
from novation.protocol.transactions import MassQuote, Quote, QuoteCancel, QuoteTerms
from tests.support.builders import ONE_DOLLAR, exchange_config, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange, snapshot

POST_ONLY = TimeInForce.POST_ONLY
TERMS = QuoteTerms(expiry_time_ms=9, max_fee_ppm=1000)
MESSAGE = MassQuote(2, 0, 1, 0, TERMS, (Quote(BUY, 990, 5), Quote(SELL, 1010, 6)))


def quoting(n_markets: int = 2) -> Exchange:
    """Return an exchange in which 3 bids ten lots at 998 (1), and 2 quotes two levels (2 to 5)."""
    exchange = Exchange(parameters(n_markets), sign=False)
    exchange.fund(2, 3, 4)
    exchange.place(3, BUY, 10, 998)
    exchange.quote(2, (BUY, 5, 997), (BUY, 6, 996), (SELL, 7, 1003), (SELL, 8, 1004))
    return exchange


def refused(exchange: Exchange, *quotes: Any, **terms: Any) -> InvalidTransaction:
    """Return why quotes are refused; nothing has changed."""
    before = snapshot(exchange.state)
    with pytest.raises(InvalidTransaction) as caught:
        exchange.quote(2, *quotes, **terms)
    assert snapshot(exchange.state) == before
    return caught.value


def slot_of(exchange: Exchange, account_id: int = 2) -> tuple[int, int, int, int]:
    """Return the open sums, the number of orders, and the least id that lives."""
    slot = exchange.state.account(account_id).position(0)
    return slot.open_buy_lots, slot.open_sell_lots, slot.n_orders, slot.min_order_id


def test_quotes_when_placed_then_consecutive_orders_of_one_message() -> None:
    exchange = quoting()
    result = exchange.quote(4, (BUY, 1, 998), (SELL, 2, 1003), (BUY, 3, 999), label=7)
    assert result.result_code is ResultCode.RESTING
    assert result.events == (
        OrderPlaced(6, 4, 1, 0, BUY, 998, 1, 1, label=7),
        OrderPlaced(7, 4, 1, 0, SELL, 1003, 2, 2, label=7, quote_index=1),
        OrderPlaced(8, 4, 1, 0, BUY, 999, 3, 3, label=7, quote_index=2),
    )
    assert isinstance(result.hints, MassQuoteHints)
    assert result.hints.order_id == 6
    assert [order_id for order_id, _, _ in exchange.book(BUY)] == [8, 1, 6, 2, 3]
    assert [order_id for order_id, _, _ in exchange.book(SELL)] == [4, 7, 5]
    assert slot_of(exchange, 4) == (4, 2, 3, 0)
    assert exchange.state.globals.next_order_id == 9
    exchange.seal()


def test_quotes_when_old_ones_are_cancelled_first_then_these_are_gone_from_the_book() -> None:
    exchange = quoting()
    exchange.place(2, BUY, 9, 990, market_id=1)
    result = exchange.quote(2, (SELL, 4, 1001), (BUY, 3, 1000), cancels_first=True)
    cancelled = [e.order_id for e in result.events if isinstance(e, OrderCancelled)]
    reasons = {e.reason for e in result.events if isinstance(e, OrderCancelled)}
    assert (cancelled, reasons) == ([2, 3, 4, 5], {CancelReason.CANCEL_ALL})
    assert exchange.book(BUY) == [(8, 1000, 3), (1, 998, 10)]
    assert exchange.book(SELL) == [(7, 1001, 4)]
    assert slot_of(exchange) == (3, 4, 2, 7)
    # Those of another market live.
    assert exchange.state.account(2).position(1).open_buy_lots == 9
    exchange.seal()


def test_quotes_when_prices_have_moved_past_the_old_ones_then_they_do_not_slide_from_them() -> None:
    exchange = quoting()
    exchange.quote(2, (BUY, 5, 1006), (SELL, 5, 1009), cancels_first=True)
    assert exchange.book(BUY)[0] == (6, 1006, 5)


def test_quote_when_it_crosses_then_slides_or_all_are_refused() -> None:
    exchange = quoting()
    refusal = refused(exchange, (BUY, 1, 990), (SELL, 1, 997))
    assert refusal.code is ErrorCode.POST_ONLY_CROSSES
    assert refusal.broken == Broken("quotes[1].price_ticks", 997, 999)
    assert str(refusal).startswith("POST_ONLY_CROSSES: quote 1: crosses order 1 at 998")
    exchange.quote(2, (BUY, 1, 990), (SELL, 1, 997), (BUY, 2, 1010), slides=True)
    # The last one slides from the second one.
    assert exchange.book(SELL)[0] == (7, 999, 1)
    assert exchange.book(BUY)[:2] == [(8, 998, 2), (1, 998, 10)][::-1]


def test_quote_when_there_is_no_price_behind_the_head_then_refused() -> None:
    exchange = Exchange(parameters(1), sign=False, price_ticks=1)
    exchange.fund(2, 3)
    exchange.place(3, SELL, 1, 1)
    refusal = refused(exchange, (BUY, 1, 1), slides=True)
    assert (refusal.code, refusal.broken.field) == (
        ErrorCode.POST_ONLY_CROSSES,
        "quotes[0].price_ticks",
    )


def test_quotes_when_one_meets_a_dead_order_of_another_then_as_if_it_lived() -> None:
    exchange = quoting()
    exchange.cancel_all(3)
    assert refused(exchange, (SELL, 1, 998)).code is ErrorCode.POST_ONLY_CROSSES
    exchange.prune(1)
    exchange.quote(2, (SELL, 1, 998))


def test_orders_when_a_maker_quotes_again_and_again_then_his_dead_ones_do_not_add_up() -> None:
    exchange = quoting()
    for i in range(20):
        levels = [(BUY, 1, 997 - k - i % 2) for k in range(8)]
        levels += [(SELL, 1, 1003 + k + i % 2) for k in range(8)]
        exchange.quote(2, *levels, cancels_first=True)
        assert slot_of(exchange)[2] == MAX_QUOTES
    assert len(exchange.state.orders) == MAX_QUOTES + 1
    exchange.seal()


def test_dead_orders_when_many_then_some_go_with_each_message_and_the_oldest_first() -> None:
    exchange = quoting()
    for _ in range(6):
        exchange.quote(2, *([(BUY, 1, 990)] * MAX_QUOTES))
    exchange.cancel_all(2)
    result = exchange.quote(2, (BUY, 1, 991))
    assert isinstance(result.hints, MassQuoteHints)
    assert len(result.hints.cleared) == MOST_CLEARED
    assert result.hints.cleared[:2] == (CancelOrderHints(2, 1), CancelOrderHints(3, 1))
    assert slot_of(exchange)[2] == 100 - MOST_CLEARED + 1


def test_quote_when_cancelled_or_replaced_by_its_message_then_named_by_its_place() -> None:
    exchange = quoting()
    gone = exchange.cancel_placed_by(2, 1, quote_index=2)
    assert gone.hints is not None
    assert gone.hints.order_id == 4
    with pytest.raises(InvalidTransaction) as caught:
        exchange.cancel_placed_by(2, 1, quote_index=2)
    assert caught.value.code is ErrorCode.UNKNOWN_ORDER
    exchange.replace_order(3, BUY, 6, 995, order_id=0, placed_nonce=1, placed_quote_index=1)
    assert exchange.book(BUY)[-1] == (6, 995, 6)
    # The first one has the name that an order which came alone would have.
    assert exchange.cancel_placed_by(2, 1).hints == CancelOrderHints(2, 1)


@pytest.mark.parametrize(
    ("quote", "code", "broken"),
    [
        ((BUY, 1, 1101), ErrorCode.PRICE_OUTSIDE_BAND, ("price_ticks", 1101, 1100)),
        ((SELL, 1, 899), ErrorCode.PRICE_OUTSIDE_BAND, ("price_ticks", 899, 900)),
        ((BUY, 0, 990), ErrorCode.INVALID_FIELD, ("size_lots", 0, 1)),
        ((BUY, 1, 0), ErrorCode.INVALID_FIELD, ("price_ticks", 0, 1)),
        (
            (BUY, 1, PRICE_BOUND),
            ErrorCode.INVALID_FIELD,
            ("price_ticks", PRICE_BOUND, PRICE_BOUND - 1),
        ),
        (
            (BUY, ORDER_SIZE_BOUND, 990),
            ErrorCode.INVALID_FIELD,
            ("size_lots", ORDER_SIZE_BOUND, ORDER_SIZE_BOUND - 1),
        ),
    ],
)
def test_quote_when_it_breaks_a_rule_then_all_are_refused_and_it_is_named(
    quote: tuple[Any, int, int], code: ErrorCode, broken: tuple[str, int, int]
) -> None:
    refusal = refused(quoting(), (BUY, 1, 990), (BUY, 1, 991), quote, cancels_first=True)
    field, value, limit = broken
    assert (refusal.code, refusal.broken) == (code, Broken(f"quotes[2].{field}", value, limit))


@pytest.mark.parametrize("n_quotes", [0, MAX_QUOTES + 1])
def test_quotes_when_none_or_too_many_then_refused(n_quotes: int) -> None:
    refusal = refused(quoting(), *([(BUY, 1, 990)] * n_quotes))
    limit = min(max(n_quotes, 1), MAX_QUOTES)
    assert (refusal.code, refusal.broken) == (
        ErrorCode.INVALID_FIELD,
        Broken("quotes", n_quotes, limit),
    )


def test_message_when_its_terms_break_a_rule_then_refused() -> None:
    exchange = quoting()
    now_ms = exchange.time_ms
    for terms, code, field in (
        ({"expiry_time_ms": now_ms}, ErrorCode.ORDER_EXPIRED, "expiry_time_ms"),
        ({"expiry_time_ms": 2**48}, ErrorCode.INVALID_FIELD, "expiry_time_ms"),
        ({"max_fee_ppm": 499}, ErrorCode.FEE_ABOVE_LIMIT, "max_fee_ppm"),
        ({"max_fee_ppm": 2**20}, ErrorCode.INVALID_FIELD, "max_fee_ppm"),
        ({"label": 2**64}, ErrorCode.INVALID_FIELD, "label"),
        ({"market_id": 2}, ErrorCode.UNKNOWN_MARKET, "market_id"),
        ({"market_id": 2048}, ErrorCode.INVALID_FIELD, "market_id"),
    ):
        refusal = refused(exchange, (BUY, 1, 990), **terms)
        assert (refusal.code, refusal.broken.field) == (code, field)
    exchange.time_ms += PRICE_VALIDITY_MS + 1
    assert refused(exchange, (BUY, 1, 990)).code is ErrorCode.STALE_PRICE


def test_quotes_when_prices_came_back_after_a_gap_then_accepted() -> None:
    """They only rest."""
    exchange = quoting()
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    exchange.place(3, SELL, 1, 1010, time_in_force=POST_ONLY)
    exchange.quote(2, (BUY, 1, 990), (SELL, 1, 1010), slides=True)


def test_quote_when_worth_too_little_where_it_rests_then_refused() -> None:
    terms = underlying(min_order_usd=1)
    exchange = Exchange(replace(parameters(1), underlyings=(terms,)), sign=False)
    exchange.fund(2, 3)
    exchange.place(3, SELL, 200, 991)
    small = refused(exchange, (BUY, 200, 990), (BUY, 99, 990))
    assert small.broken == Broken("quotes[1].notional_quanta", 980_100, 1_000_000)
    # 101 lots at 1,000 ticks would do, at 990 they do not.
    slid = refused(exchange, (BUY, 101, 1000), slides=True)
    assert slid.broken == Broken("quotes[0].notional_quanta", 999_900, 1_000_000)


def test_quotes_when_the_position_could_grow_too_large_then_the_first_of_them_is_named() -> None:
    exchange = Exchange(parameters(1), sign=False, price_ticks=2)
    exchange.fund(2, amount_quanta=10**7 * ONE_DOLLAR)
    largest = ORDER_SIZE_BOUND - 1
    n_full = (POSITION_BOUND - 1) // largest
    assert n_full == MAX_QUOTES
    exchange.quote(2, *([(BUY, largest, 1)] * 15))
    refusal = refused(exchange, (SELL, 1, 3), (BUY, largest, 1), (BUY, largest, 1))
    room = POSITION_BOUND - 1 - 16 * largest
    assert (refusal.code, refusal.broken) == (
        ErrorCode.POSITION_LIMIT,
        Broken("quotes[2].size_lots", largest, room),
    )
    # Orders that are cancelled first make room.
    exchange.quote(2, *([(BUY, largest, 1)] * 16), cancels_first=True)


def test_quotes_when_the_slot_is_full_then_the_first_that_has_no_room_is_named() -> None:
    exchange = quoting()
    for _ in range(7):
        exchange.quote(2, *([(BUY, 1, 990)] * MAX_QUOTES))
    refusal = refused(exchange, *([(BUY, 1, 990)] * 13))
    assert refusal.code is ErrorCode.TOO_MANY_ORDERS
    assert refusal.broken == Broken("quotes[12].n_orders", 129, MAX_ORDERS_PER_SLOT)
    exchange.quote(2, *([(BUY, 1, 990)] * 12))
    exchange.quote(2, *([(BUY, 1, 990)] * MAX_QUOTES), cancels_first=True)


def test_quotes_when_margin_does_not_suffice_then_the_first_that_is_too_much_is_named() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, amount_quanta=ONE_DOLLAR)
    # 1,000 lots of 10,000 quanta need half a dollar at 5 %.
    exchange.quote(2, (BUY, 1_000, 990), (SELL, 100, 1010))
    refusal = refused(exchange, (BUY, 500, 990), (BUY, 501, 990), (SELL, 1, 1010))
    assert refusal.code is ErrorCode.INSUFFICIENT_MARGIN
    assert refusal.broken.field == "quotes[1].size_lots"
    assert 0 < refusal.broken.limit <= 500
    # What dies first frees its margin, whether or not initial margin is met.
    exchange.quote(2, (BUY, 2_000, 990), (SELL, 2_000, 1010), cancels_first=True)


def test_quotes_when_initial_margin_is_missed_then_fewer_may_take_their_place() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, amount_quanta=20 * ONE_DOLLAR)
    exchange.fund(3)
    exchange.place(3, SELL, 20_000, 1000)
    exchange.place(2, BUY, 20_000, 1000)
    exchange.quote(2, (BUY, 5_000, 990), (SELL, 5_000, 1010))
    exchange.set_price(960)
    assert refused(exchange, (BUY, 1, 950)).code is ErrorCode.INSUFFICIENT_MARGIN
    both = (BUY, 5_000, 950), (SELL, 5_000, 1010)
    exchange.quote(2, *both, cancels_first=True)
    more = (BUY, 5_001, 950), (SELL, 5_000, 1010)
    assert refused(exchange, *more, cancels_first=True).code is ErrorCode.INSUFFICIENT_MARGIN


def test_quotes_when_the_account_owes_then_refused_whatever_they_take_the_place_of() -> None:
    exchange = Exchange(parameters(1), sign=False)
    exchange.fund(2, amount_quanta=20 * ONE_DOLLAR)
    exchange.fund(3)
    exchange.place(3, SELL, 20_000, 1000)
    exchange.place(2, BUY, 20_000, 1000)
    exchange.quote(2, (BUY, 5_000, 990), (SELL, 5_000, 1010))
    exchange.set_price(880)
    refusal = refused(exchange, (BUY, 1, 870), (SELL, 1, 1010), cancels_first=True)
    assert (refusal.code, refusal.broken.field) == (ErrorCode.BANKRUPT, "equity_x16")


def test_timer_when_it_has_run_out_then_applied_first_and_told_so() -> None:
    exchange = quoting()
    exchange.set_cancel_timer(2, exchange.time_ms + 5)
    exchange.time_ms += 5
    result = exchange.quote(2, (BUY, 1, 990), cancels_first=True)
    reasons = [e.reason for e in result.events if isinstance(e, OrderCancelled)]
    assert reasons == [CancelReason.TIMER] * 4
    assert slot_of(exchange)[:3] == (1, 0, 1)


def test_message_when_hashed_then_a_chain_that_no_other_message_has() -> None:
    config = exchange_config()
    domain = config.config_hash
    for quote in MESSAGE.quotes:
        domain = hades(quote.word(), QUOTE_TAG, domain)[0]
    assert MESSAGE.message_hash(config) == hades(*MESSAGE.message_words(), domain)[0]
    first, second = MESSAGE.quotes
    others = [
        replace(MESSAGE, quotes=(second, first)),
        replace(MESSAGE, quotes=(first,)),
        replace(MESSAGE, quotes=(first, second, second)),
        replace(MESSAGE, quotes=()),
        *(
            replace(MESSAGE, terms=replace(TERMS, **changes))
            for changes in (
                {"expiry_time_ms": 8},
                {"max_fee_ppm": 999},
                {"cancels_first": True},
                {"slides": True},
                {"label": 1},
            )
        ),
    ]
    hashes = [tx.message_hash(config) for tx in (MESSAGE, *others)]
    assert len(set(hashes)) == len(hashes)


def test_first_word_when_a_message_has_quotes_then_of_type_9() -> None:
    word_0, word_1 = MESSAGE.message_words()
    assert word_0 & 0xFF == 9
    assert word_1 >> 68 & 31 == 2


def test_named_orders_when_quotes_come_then_gone_before_and_the_others_stay() -> None:
    exchange = quoting()
    cancels = [QuoteCancel(BUY, 997, 2), QuoteCancel(SELL, 1003, 4)]
    result = exchange.quote(2, (BUY, 1, 995), (SELL, 2, 998), slides=True, cancels=cancels)
    assert [
        (event.order_id, event.remaining_lots, event.reason)
        for event in result.events
        if isinstance(event, OrderCancelled)
    ] == [(2, 5, CancelReason.USER), (4, 7, CancelReason.USER)]
    assert exchange.book(BUY) == [(1, 998, 10), (3, 996, 6), (6, 995, 1)]
    assert exchange.book(SELL) == [(7, 999, 2), (5, 1004, 8)]
    assert slot_of(exchange) == (6 + 1, 8 + 2, 4, 0)
    exchange.seal()


def test_named_order_when_it_is_gone_or_elsewhere_then_the_rest_is_done() -> None:
    exchange = quoting()
    exchange.cancel(2, 2)
    absent = [
        *(QuoteCancel(BUY, 997, 2), QuoteCancel(BUY, 996, 4), QuoteCancel(SELL, 1005, 5)),
        *(QuoteCancel(BUY, 1, 1), QuoteCancel(SELL, 1, 2**48 - 1), QuoteCancel(BUY, 998, 2)),
    ]
    cancels = [*absent, QuoteCancel(BUY, 996, 3), QuoteCancel(BUY, 996, 3)]
    result = exchange.quote(2, (BUY, 1, 995), cancels=cancels)
    gone = [event.order_id for event in result.events if isinstance(event, OrderCancelled)]
    assert gone == [3]
    assert isinstance(result.hints, MassQuoteHints)
    assert [named.is_there for named in result.hints.named] == [False] * 6 + [True, False]
    assert [named.predecessor_id for named in result.hints.named] == [1, 3, 5, 3, 0, 1, 1, 1]
    assert slot_of(exchange) == (1, 15, 3, 0)
    exchange.seal()


def test_named_order_when_a_strangers_then_refused_and_nothing_happens() -> None:
    exchange = quoting()
    cancels = [QuoteCancel(BUY, 997, 2), QuoteCancel(BUY, 998, 1)]
    refusal = refused(exchange, (BUY, 1, 995), cancels=cancels)
    assert refusal.code is ErrorCode.NOT_ORDER_OWNER
    assert refusal.broken == Broken("account_id", 2, 3)


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"price_ticks": 0}, Broken("cancels[1].price_ticks", 0, 1)),
        ({"price_ticks": PRICE_BOUND}, Broken("cancels[1].price_ticks", PRICE_BOUND, PRICE_BOUND)),
        ({"order_id": 0}, Broken("cancels[1].order_id", 0, 1)),
        ({"order_id": 2**48}, Broken("cancels[1].order_id", 2**48, 2**48)),
    ],
)
def test_name_when_out_of_range_then_refused_with_its_place(
    changes: dict[str, int], broken: Broken
) -> None:
    exchange = quoting()
    good = QuoteCancel(BUY, 997, 2)
    refusal = refused(exchange, (BUY, 1, 995), cancels=[good, replace(good, **changes)])
    assert refusal.broken.field == broken.field
    assert refusal.broken.value == broken.value


def test_orders_when_quotes_and_names_are_too_many_together_then_refused() -> None:
    exchange = quoting()
    gone = [QuoteCancel(BUY, 997, 99)] * 15
    exchange.quote(2, (BUY, 1, 995), cancels=gone)
    refusal = refused(exchange, (BUY, 1, 995), (BUY, 1, 994), cancels=gone)
    assert refusal.broken.field == "cancels"
