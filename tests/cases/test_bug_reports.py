"""Public bug reports of other systems, tried on this exchange: each fails while the fault is there.

The numbers are those of docs/audits.md. A report that was written for an older interface is told
with today's; what it demands is the same.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import Client, NonceRejectedError, Permission, Side
from novation.client.clock import now_ms
from novation.client.models import OrderStatus, Portfolio
from novation.protocol.constants import MINUTE_MS, PRICE_VALIDITY_MS
from novation.protocol.errors import ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.margin import margin_of
from novation.protocol.orders import TimeInForce
from novation.protocol.transactions import TakeOver
from sequencer.clock import SystemClock
from tests.node.support import trading_node
from tests.node.test_market_data import reading, until
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
MARKET = "BTC-USD"


def test_r01_post_only_meets_a_dead_ask() -> None:
    """An ask has expired; a post-only bid at its price cannot trade with anybody, so it rests."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(2, SELL, 10, 1000, expiry_time_ms=exchange.time_ms + 1_000)
    exchange.wait(MINUTE_MS)
    placed = exchange.place(3, BUY, 10, 1000, time_in_force=TimeInForce.POST_ONLY)
    assert placed.result_code is ResultCode.RESTING
    exchange.seal()


def test_r02_expired_orders_stay_live_in_margin() -> None:
    """A day after its expiry an order has no margin locked that anybody could not give back."""
    exchange = Exchange(sign=False)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    # Takes 99.5 of 100 USD as initial margin.
    exchange.place(2, BUY, 199_000, 1000, expiry_time_ms=exchange.time_ms + 1_000)
    order_id = exchange.state.globals.next_order_id - 1
    exchange.wait(DAY_MS)
    exchange.prune(order_id)
    exchange.withdraw(2, 50 * ONE_DOLLAR)
    exchange.seal()


async def test_r02_expired_orders_stay_live_in_views(tmp_path: Path) -> None:
    """Soon after its expiry an order is in no book, not open, and not resting."""
    async with trading_node(tmp_path, clock=SystemClock()) as node, node.client(2) as client:
        placed = await client.place_order(
            MARKET, Side.SELL, price="101.0", size="0.001", expiry_time_ms=now_ms() + 300
        )

        async def is_gone() -> bool:
            order = await client.order(placed.order_id)
            asks = (await client.book(MARKET)).asks
            is_listed = bool(asks or await client.open_orders())
            return order.status is not OrderStatus.RESTING and not is_listed

        await until(is_gone)


def test_r04_reduce_only_cannot_rest_below_initial() -> None:
    """Between maintenance and initial margin an order that only closes may be posted, and trade."""
    exchange = Exchange(sign=False)
    exchange.fund(3, 4)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.place(3, SELL, 180_000, 1000)
    exchange.place(2, BUY, 180_000, 1000)
    # Equity 81.10, initial 89.10, maintenance 53.46.
    exchange.set_price(990)
    profit = exchange.place(2, SELL, 180_000, 1000, reduce_only=True)
    assert profit.result_code is ResultCode.RESTING
    exchange.place(4, BUY, 1_000, 985)
    exchange.place(2, SELL, 180_000, 985, reduce_only=True)
    assert exchange.size(2) == 179_000
    exchange.seal()


def test_r05_reduce_only_ladder_locks_margin() -> None:
    """Four reduce-only sells over one long need no more margin than the long."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(3, SELL, 10, 1000)
    exchange.place(2, BUY, 10, 1000)

    def needed_x16_ppm() -> int:
        state = exchange.state
        return margin_of(state.account(2), state.underlyings, state.parameters).initial_x16_ppm

    alone = needed_x16_ppm()
    for price_ticks in (1010, 1020, 1030, 1040):
        exchange.place(2, SELL, 10, price_ticks, reduce_only=True)
    assert needed_x16_ppm() == alone > 0


def test_r07_week_old_oracle_price() -> None:
    """The oracles are silent for a week: nobody trades or withdraws at the last mark."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(3, SELL, 1_000, 1000)
    exchange.place(2, BUY, 1_000, 1000)
    exchange.time_ms += WEEK_MS
    for act in (
        lambda: exchange.place(3, SELL, 100_000, 1000),
        lambda: exchange.place(2, BUY, 100_000, 1000),
        lambda: exchange.withdraw(2, 9_000 * ONE_DOLLAR),
    ):
        with pytest.raises(InvalidTransaction) as caught:
            act()
        assert caught.value.code is ErrorCode.STALE_PRICE
        assert (caught.value.broken.value, caught.value.broken.limit) == (
            WEEK_MS,
            PRICE_VALIDITY_MS,
        )


def test_r09_winner_is_paid_by_bystanders() -> None:
    """Profit that the loser cannot pay is not withdrawn from an idle third account."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3, 4)
    exchange.place(3, SELL, 10_000_000, 1000)
    exchange.place(2, BUY, 10_000_000, 1000)
    exchange.jump(1250)
    with pytest.raises(InvalidTransaction) as caught:
        exchange.withdraw(2, 25_000 * ONE_DOLLAR)
    assert caught.value.code is ErrorCode.RESOLVING
    exchange.apply(TakeOver(3))
    exchange.settle_gains()
    with pytest.raises(InvalidTransaction) as caught:
        exchange.withdraw(2, 25_000 * ONE_DOLLAR)
    assert caught.value.code is ErrorCode.INSUFFICIENT_MARGIN
    exchange.withdraw(2, caught.value.broken.limit)
    assert exchange.custody_quanta > 10_000 * ONE_DOLLAR
    exchange.withdraw(4, 10_000 * ONE_DOLLAR)
    exchange.seal()


async def test_r14_second_process_with_the_same_key(tmp_path: Path) -> None:
    """Two programs of one trader both trade: each has a key of its own in the account."""
    async with trading_node(tmp_path) as node, node.client(2) as first:
        own = node.oracle_signer(0)
        await first.add_key(own.public_key, Permission.TRADE)
        async with Client(node.target, account_id=2, signer=own, validity_ms=60_000) as second:
            for _ in range(10):
                for program in (first, second):
                    await program.place_order(MARKET, Side.BUY, price="95.0", size="0.0001")
        assert len(await first.open_orders()) == 20


async def test_r14_second_process_with_the_same_key_is_told_the_next_nonce(tmp_path: Path) -> None:
    """With one key the second is not silent: its refusal names what may be used."""
    async with trading_node(tmp_path) as node, node.client(2) as first, node.client(2) as second:
        await first.place_order(MARKET, Side.BUY, price="95.0", size="0.0001")
        with pytest.raises(NonceRejectedError) as caught:
            await second.place_order(MARKET, Side.BUY, price="95.0", size="0.0001")
        assert caught.value.detail.name == "NONCE_USED"
        assert int(caught.value.detail.limit) > 1


async def test_r18_account_stream_without_money(tmp_path: Path) -> None:
    """After a fill and a new mark a stream tells what the account holds and is worth."""
    async with trading_node(tmp_path) as node, node.client(2) as seller, node.client(3) as buyer:
        states: list[Portfolio] = []
        async with reading(seller.stream_portfolio(), states):
            await until(lambda: states)
            await seller.place_order(MARKET, Side.SELL, price="100.0", size="0.01")
            await buyer.place_order(MARKET, Side.BUY, price="100.0", size="0.01")
            await until(lambda: states[-1].account.positions)
            filled = states[-1].account
            assert [p.size for p in filled.positions] == [Decimal("-0.01")]
            node.move(1_000)
            await node.set_price(1050)
            await until(lambda: states[-1].account.equity != filled.equity)
            # 0.01 BTC short, 5 USD higher.
            assert states[-1].account.equity == (filled.equity or 0) - Decimal("0.05")
