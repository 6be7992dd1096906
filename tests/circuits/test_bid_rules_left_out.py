"""A sequencer that leaves out a rule of bids, or computes a number its own way: no proof.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from novation.protocol import auction
from novation.protocol.accounts import Account
from novation.protocol.constants import (
    AUCTION_LIFE_MS,
    POSITION_BOUND,
    PRICE_VALIDITY_MS,
    SHARE_X16_ONE,
)
from novation.protocol.markets import Market
from novation.protocol.orders import TimeInForce
from novation.protocol.rules import bid
from novation.protocol.rules import failing as failing_rules
from novation.protocol.rules.pools import credit_insurance
from novation.protocol.sealing import SealedBatch, seal_batch
from novation.protocol.transactions import Bid
from tests.circuits.forgery import assert_left_out, assert_proven, ignored
from tests.circuits.test_liquidation_rules_left_out import (
    LOTS,
    MARK,
    REQUIRED_QUANTA,
    failing,
    holding,
)
from tests.support.builders import ONE_DOLLAR, l1_address
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
Case = Callable[[Patch, int], SealedBatch]
# Of which no part of a lot is left over.
EIGHTH = SHARE_X16_ONE // 8


def auctioned(exchange: Exchange | None = None) -> Exchange:
    """Return an exchange whose account 2 is up for auction since the last batch."""
    exchange = exchange or failing()
    exchange.set_auction(2)
    exchange.seal()
    return exchange


def sold(exchange: Exchange, **changes: int) -> SealedBatch:
    """Return the batch in which account 4 takes an eighth."""
    exchange.bid(4, 2, **({"share_x16": EIGHTH} | changes))
    return exchange.seal()


def computed(patch: Patch, name: str, change: int) -> None:
    """Let the state transition find a number that is another one by so much."""
    honest: Any = getattr(bid, name)
    patch.setattr(bid, name, lambda *args: honest(*args) + change)


def number_of_its_own(patch: Patch, excess: int, *, name: str, change: int) -> SealedBatch:
    exchange = auctioned()
    computed(patch, name, change * excess)
    return sold(exchange)


def share_beyond_what_restores(patch: Patch, excess: int) -> SealedBatch:
    exchange = auctioned()
    computed(patch, "restoring_share_x16", excess)
    return sold(exchange, share_x16=SHARE_X16_ONE)


def fee_of_its_own(patch: Patch, excess: int, *, change: int) -> SealedBatch:
    exchange = auctioned()
    patch.setattr(bid, "AUCTION_FEE_PPM", bid.AUCTION_FEE_PPM + change * 20 * excess)
    return sold(exchange)


def price_of_its_own(patch: Patch, excess: int, *, change: int) -> SealedBatch:
    """The lots are worth a whole number of quanta: a quantum more or less is paid."""
    exchange = auctioned()
    if excess:
        honest = bid._sell
        patch.setattr(
            bid,
            "_sell",
            lambda *args: replace(
                sale := honest(*args), price_quanta=sale.price_quanta + change * excess
            ),
        )
    return sold(exchange)


def price_that_is_rounded_down(patch: Patch, excess: int) -> SealedBatch:
    exchange = holding(REQUIRED_QUANTA * 9 // 10)
    exchange.set_price_x16((MARK << 16) + 1, 1000 << 16)
    auctioned(exchange)
    if excess:
        patch.setattr(bid, "div_ceil", lambda value, divisor: value // divisor)
    return sold(exchange)


def account_that_does_not_fail(patch: Patch, excess: int) -> SealedBatch:
    """It has what it needs, but for a quantum, or all of it."""
    exchange = holding(REQUIRED_QUANTA - 1 + excess)
    exchange.set_price(MARK - 1, 1000)
    auctioned(exchange)
    exchange.set_price(MARK, 1000)
    patch.setattr(bid, "check_failing", ignored)
    return sold(exchange)


def account_that_is_bankrupt(patch: Patch, excess: int) -> SealedBatch:
    exchange = auctioned(holding(-excess, loss_ticks=100))
    patch.setattr(bid, "check_not_bankrupt", ignored)
    return sold(exchange)


def auction_that_is_over(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = auctioned()
    patch.setattr(bid, "is_auction_running", lambda *_: True)
    exchange.wait(AUCTION_LIFE_MS - 1)
    exchange.time_ms += late_ms
    return sold(exchange)


def auction_that_never_began(patch: Patch, excess: int) -> SealedBatch:
    exchange = failing()
    if excess:
        patch.setattr(bid, "is_auction_running", lambda *_: True)
    else:
        exchange.set_auction(2)
    return sold(exchange)


def prices_that_are_old(patch: Patch, late_ms: int) -> SealedBatch:
    exchange = auctioned()
    patch.setattr(bid, "check_prices_are_valid", ignored)
    exchange.refresh_prices()
    exchange.time_ms += PRICE_VALIDITY_MS + late_ms
    return sold(exchange)


def bid_for_oneself(patch: Patch, excess: int) -> SealedBatch:
    """The account takes a share of its own: its margin fails, unless nobody asks."""
    exchange = auctioned()
    if not excess:
        return sold(exchange)
    patch.setattr(bid, "_check_margin", ignored)
    patch.setattr(bid, "check_bid", lambda state, *_, **__: _own(state))
    exchange.apply(exchange.offer(2, 2, share_x16=EIGHTH))
    return seal_batch(exchange.state)


def _own(state: Any) -> Any:
    account = state.account(2)
    return account, bid.margin_of(account, state.underlyings, state.parameters)


def timer_that_is_not_applied(patch: Patch, late_ms: int, *, account_id: int) -> SealedBatch:
    exchange = failing()
    exchange.set_cancel_timer(account_id, exchange.time_ms + 10)
    exchange.set_auction(2)
    exchange.time_ms += 9 + late_ms
    patch.setattr(bid, "apply_timer", lambda *_: ())
    return sold(exchange)


def bidder_without_margin(patch: Patch, excess: int) -> SealedBatch:
    """What the bidder needs is what it has, less `excess` quanta."""
    patch.setattr(bid, "_check_margin", ignored)
    trial, exchange = auctioned(), auctioned()
    trial.bid(4, 2, share_x16=EIGHTH)
    margin = trial.margin(4)
    spare_x16_ppm = margin.equity_x16 * 10**6 - margin.initial_x16_ppm
    exchange.withdraw(4, spare_x16_ppm // (10**6 << 16) + excess)
    return sold(exchange)


def discount_below_what_is_asked(patch: Patch, excess: int) -> SealedBatch:
    return _limited(patch, "min_discount_ppm", excess)


def notional_beyond_what_is_allowed(patch: Patch, excess: int) -> SealedBatch:
    return _limited(patch, "max_notional_quanta", -excess)


def _limited(patch: Patch, field: str, change: int) -> SealedBatch:
    patch.setattr(bid, "_check_limits", ignored)
    exchange = auctioned()
    notional = LOTS // 8 * MARK * 10
    events = auctioned().bid(4, 2, share_x16=EIGHTH).events
    (event,) = [event for event in events if isinstance(event, bid.BidFilled)]
    given_ppm = (event.discount_quanta - event.fee_quanta) * 10**6 // notional
    limits = {"min_discount_ppm": given_ppm, "max_notional_quanta": notional}
    return sold(exchange, **{field: limits[field] + change})


def position_beyond_its_bound(patch: Patch, excess: int, *, side: Any) -> SealedBatch:
    """What the bidder could reach with an order that rests is the bound, or less by one lot."""
    patch.setattr(bid, "_check_position_limit", ignored)
    exchange = Exchange(price_ticks=1)
    exchange.fund(3, 4, 5, amount_quanta=2**60)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    for _ in range(15):
        exchange.place(3, side.other, 2**32 - 1, 1)
        exchange.place(4, side, 2**32 - 1, 1)
    lots = 190_000_000
    exchange.place(5, side.other, lots, 1)
    exchange.place(2, side, lots, 1)
    rest = POSITION_BOUND - 15 * (2**32 - 1) - lots // 8 - 1 + excess
    exchange.place(4, side, rest, 1)
    change = -25 if side is BUY else 25
    exchange.set_price_x16(2**16 * (1000 + change) // 1000, 2**16)
    return sold(auctioned(exchange))


def orders_that_live_on(patch: Patch, excess: int) -> SealedBatch:
    exchange = auctioned()
    exchange.set_price(990, 1000)
    exchange.place(2, SELL, 1000, 1020, reduce_only=True, time_in_force=TimeInForce.POST_ONLY)
    exchange.set_price(MARK, 1000)
    if excess:
        patch.setattr(Account, "with_all_cancelled", lambda account, _: account)
    exchange.bid(4, 2, share_x16=EIGHTH)
    patch.undo()
    return exchange.seal()


def open_interest_that_stays(patch: Patch, excess: int) -> SealedBatch:
    """The bidder was on the other side: what both held is gone."""
    exchange = failing()
    exchange.place(3, BUY, LOTS, MARK)
    exchange.place(4, SELL, LOTS, MARK)
    auctioned(exchange)
    if excess:
        patch.setattr(Market, "with_open_interest", lambda market, _: market)
    exchange.bid(4, 2, share_x16=EIGHTH)
    patch.undo()
    return seal_batch(exchange.state)


def prefixes_that_are_not_settled(patch: Patch, excess: int, *, account_id: int) -> SealedBatch:
    """What long lots have paid more than short ones goes with them to who was short."""
    exchange = failing()
    exchange.place(3, BUY, LOTS, MARK)
    exchange.place(4, SELL, LOTS, MARK)
    prices = replace(
        exchange.state.price_of(0), long_prefix=3, short_prefix=2, pool_cash_quanta=LOTS
    )
    exchange.state.set_underlying(0, prices)
    auctioned(exchange)
    honest = bid._moved
    if excess:
        patch.setattr(
            bid,
            "_moved",
            lambda state, account, market_id, lots: (
                account.with_position(account.position(market_id).traded(BUY, lots))
                if account.l1_address == l1_address(account_id)
                else honest(state, account, market_id, lots)
            ),
        )
    exchange.bid(4, 2, share_x16=EIGHTH)
    return seal_batch(exchange.state)


def auction_that_stays(patch: Patch, excess: int) -> SealedBatch:
    """The bid makes the account whole, and its auction runs on."""
    exchange = auctioned()
    if excess:
        patch.setattr(failing_rules, "followed_auction", lambda account, *_: account)
    return sold(exchange, share_x16=SHARE_X16_ONE)


def auction_that_ends_too_soon(patch: Patch, excess: int) -> SealedBatch:
    exchange = auctioned()
    if excess:
        patch.setattr(
            failing_rules, "followed_auction", lambda account, *_: account.with_auction(0)
        )
    return sold(exchange, share_x16=100)


def payment_to_nobody(patch: Patch, excess: int) -> SealedBatch:
    """The insurance fund does not get its part."""
    exchange = auctioned()
    if excess:
        patch.setattr(bid, "credit_insurance", lambda state, _: credit_insurance(state, 0))
    exchange.bid(4, 2, share_x16=EIGHTH)
    return seal_batch(exchange.state)


def signature_of_another_offer(patch: Patch, excess: int, *, field: str) -> SealedBatch:
    """What is carried out is not what was signed."""
    exchange = auctioned()
    tx = exchange.offer(4, 2, share_x16=EIGHTH, min_discount_ppm=1)
    if excess:
        patch.setattr(bid, "check_signer", ignored)
        change = {"failing_account_id": 3 - tx.failing_account_id}.get(field, 0) or 1
        if field == "failing_account_id":
            exchange.fund(5)
            tx = exchange.signed(replace(tx, failing_account_id=5))
            tx = replace(tx, failing_account_id=2)
        else:
            tx = replace(tx, **{field: getattr(tx, field) - change})
    assert isinstance(tx, Bid)
    exchange.apply(tx)
    return exchange.seal()


FIELDS = ("failing_account_id", "share_x16", "min_discount_ppm", "max_notional_quanta")
REFUSED: list[Case] = [
    account_that_does_not_fail,
    account_that_is_bankrupt,
    auction_that_is_over,
    auction_that_never_began,
    prices_that_are_old,
    bid_for_oneself,
    *(partial(timer_that_is_not_applied, account_id=account_id) for account_id in (2, 4)),
    bidder_without_margin,
    discount_below_what_is_asked,
    notional_beyond_what_is_allowed,
    *(partial(position_beyond_its_bound, side=side) for side in (BUY, SELL)),
    *(partial(signature_of_another_offer, field=field) for field in FIELDS),
]
# Nobody tells the program these: it finds the right ones, and proves another output, or none.
COMPUTED: list[Case] = [
    *(
        partial(number_of_its_own, name=name, change=change)
        for name in ("discount_ppm", "discount_quanta", "lots_of_share")
        for change in (-1, 1)
    ),
    share_beyond_what_restores,
    *(partial(fee_of_its_own, change=change) for change in (-1, 1)),
    *(partial(price_of_its_own, change=change) for change in (-1, 1)),
    price_that_is_rounded_down,
    orders_that_live_on,
    open_interest_that_stays,
    *(partial(prefixes_that_are_not_settled, account_id=account_id) for account_id in (2, 4)),
    auction_that_stays,
    auction_that_ends_too_soon,
    payment_to_nobody,
]
CASES = [*REFUSED, *COMPUTED]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(case: Case, monkeypatch: Patch) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Case, monkeypatch: Patch
) -> None:
    assert_left_out(case(monkeypatch, 1), is_computed=case in COMPUTED)


def test_offer_when_computed_otherwise_then_the_module_is_the_one_that_is_used() -> None:
    """The cases patch names of `bid`: they must be those of `auction`."""
    for name in ("discount_ppm", "discount_quanta", "lots_of_share", "restoring_share_x16"):
        assert getattr(bid, name) is getattr(auction, name)
