"""SetAuction: whose positions are up for auction, from when on, and until when."""

import pytest

from novation.protocol.accounts import Account
from novation.protocol.auction import is_auction_running
from novation.protocol.constants import AUCTION_LIFE_MS
from novation.protocol.errors import ErrorCode
from novation.protocol.events import AuctionEnded, AuctionStarted, CancelReason, OrderCancelled
from novation.protocol.transactions import SetAuction
from tests.support.builders import ONE_DOLLAR, private_key, public_key
from tests.support.exchange import BUY, SELL, Exchange, exchange_with
from tests.unit.test_liquidate import failing

LOTS = 180_000


def start(exchange: Exchange, account_id: int = 2) -> int:
    """Return since when an auction runs."""
    return exchange.state.account(account_id).auction_start_ms


def test_auction_when_the_account_fails_then_begins_and_its_orders_die() -> None:
    exchange = failing(price_ticks=990)
    exchange.place(2, SELL, LOTS, 1050, reduce_only=True)
    exchange.set_price(970)
    result = exchange.set_auction(2)
    gone = [event for event in result.events if isinstance(event, OrderCancelled)]
    assert [event.reason for event in gone] == [CancelReason.LIQUIDATION]
    (begun,) = [event for event in result.events if isinstance(event, AuctionStarted)]
    assert begun.auction_start_ms == start(exchange) == exchange.time_ms
    assert begun.equity_x16 * 10**6 < begun.maintenance_x16_ppm
    exchange.seal()


@pytest.mark.parametrize("price_ticks", [970, 940])
def test_auction_when_it_runs_then_no_other_until_it_has_run_out(price_ticks: int) -> None:
    exchange = failing(price_ticks=price_ticks)
    exchange.set_auction(2)
    first_ms = start(exchange)
    assert exchange.refuse(SetAuction(2)) is ErrorCode.AUCTION_RUNNING
    exchange.wait(AUCTION_LIFE_MS - 1)
    assert exchange.time_ms == first_ms + AUCTION_LIFE_MS - 1
    assert exchange.refuse(SetAuction(2)) is ErrorCode.AUCTION_RUNNING
    exchange.time_ms += 1
    exchange.set_auction(2)
    assert start(exchange) == first_ms + AUCTION_LIFE_MS
    assert is_auction_running(exchange.state.account(2), exchange.time_ms)


def test_auction_when_the_account_does_not_fail_then_ends_and_keeps_its_orders() -> None:
    exchange = failing()
    exchange.set_auction(2)
    exchange.set_price(990)
    exchange.place(2, SELL, LOTS, 1050, reduce_only=True)
    result = exchange.set_auction(2)
    assert [type(event) for event in result.events] == [AuctionEnded]
    assert start(exchange) == 0
    assert exchange.refuse(SetAuction(2)) is ErrorCode.NOT_FAILING
    exchange.place(4, BUY, LOTS, 1050)
    assert exchange.size(2) == 0
    exchange.seal()


def test_auction_when_liquidation_restores_the_account_then_none_else_it_begins() -> None:
    exchange = failing()
    exchange.place(4, BUY, 1000, 970)
    (begun,) = [e for e in exchange.liquidate(2).events if isinstance(e, AuctionStarted)]
    assert begun.auction_start_ms == start(exchange) == exchange.time_ms
    exchange.time_ms += 5
    exchange.place(4, BUY, 1000, 970)
    exchange.liquidate(2)
    assert start(exchange) == begun.auction_start_ms
    exchange.place(4, BUY, 10 * LOTS, 970)
    assert isinstance(exchange.liquidate(2).events[-1], AuctionEnded)
    assert start(exchange) == 0
    exchange.seal()


def test_auction_when_it_has_no_object_then_refused() -> None:
    exchange = failing(price_ticks=940)
    assert exchange.refuse(SetAuction(77)) is ErrorCode.UNKNOWN_ACCOUNT
    assert exchange.refuse(SetAuction(3)) is ErrorCode.NOT_FAILING
    assert exchange.refuse(SetAuction(2**32)) is ErrorCode.INVALID_FIELD
    exchange.time_ms += 3_001
    assert exchange.refuse(SetAuction(2)) is ErrorCode.STALE_PRICE


def test_auction_when_only_a_debt_is_left_then_refused() -> None:
    """No rule of today leads there."""
    key = public_key(private_key(2))
    accounts = {2: Account.new(2, key).with_balance(-5), 3: Account.new(3, key).with_balance(9)}
    exchange = exchange_with(accounts)
    exchange.set_price(1000)
    assert exchange.refuse(SetAuction(2)) is ErrorCode.NO_POSITION


def test_auction_when_the_account_changes_then_stays_in_its_leaf() -> None:
    exchange = failing()
    exchange.fund(2, amount_quanta=1)
    before = exchange.state.account(2).leaf()
    exchange.set_auction(2)
    exchange.fund(2, amount_quanta=ONE_DOLLAR)
    after = exchange.state.account(2)
    assert after.auction_start_ms
    assert after.leaf() != before
    assert after.with_auction(0).balance_word() + (after.auction_start_ms << 170) == (
        after.balance_word()
    )
