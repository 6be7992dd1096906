"""Over gRPC: who has next to nothing left gets out, who owes something sends no orders."""

from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import Client, Side, TimeInForce
from novation.client.errors import MarginRejectedError
from novation.protocol.errors import ErrorCode
from tests.node.support import UNLIQUIDATED, RunningNode, trading_node
from tests.support.builders import ONE_DOLLAR

MARKET = "BTC-USD"
# 190,000 USD at 100.0, on 10,000 of which the fee takes 95: a tick less costs 190.
SIZE = Decimal(19_000_000) / 10_000


async def _open_long(node: RunningNode, two: Client) -> None:
    for account_id in (3, 4):
        node.l1.add_deposit(account_id, 10**6 * ONE_DOLLAR)
    await node.until_consumed()
    async with node.client(3) as three:
        await three.place_order(MARKET, Side.SELL, price="100.0", size=SIZE)
        await two.place_order(MARKET, Side.BUY, price="100.0", size=SIZE)


async def test_account_when_it_has_less_than_the_fee_then_it_still_gets_out(
    tmp_path: Path,
) -> None:
    async with (
        trading_node(tmp_path, policy=UNLIQUIDATED) as node,
        node.client(2) as two,
        node.client(4) as four,
    ):
        await _open_long(node, two)
        await node.set_price(948)
        assert (await two.account()).equity == 25
        sale = await two.place_order(MARKET, Side.SELL, price="94.8", size=SIZE, reduce_only=True)
        await four.place_order(
            MARKET, Side.BUY, price="94.8", size=SIZE, time_in_force=TimeInForce.IOC
        )
        assert (await two.order(sale.order_id)).filled == SIZE
        # The fee would be 36.02: all that is left is less.
        account = await two.account()
        assert (account.positions, account.collateral) == ((), 0)
        fill = (await anext(aiter(two.fills()))).fill
        assert (fill.order_id, fill.fee) == (sale.order_id, 25)


async def test_account_when_it_owes_something_then_its_orders_are_refused(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path, policy=UNLIQUIDATED) as node,
        node.client(2) as two,
        node.client(4) as four,
    ):
        await _open_long(node, two)
        sale = await two.place_order(MARKET, Side.SELL, price="94.8", size=SIZE, reduce_only=True)
        await node.set_price(947)
        assert (await two.account()).equity == -165
        with pytest.raises(MarginRejectedError) as caught:
            await two.place_order(MARKET, Side.SELL, price="94.8", size=SIZE, reduce_only=True)
        assert caught.value.code == ErrorCode.BANKRUPT
        detail = caught.value.detail
        owed_x16 = -165 * ONE_DOLLAR << 16
        assert (detail.field, detail.value, detail.limit) == ("equity_x16", str(owed_x16), "0")
        await four.place_order(
            MARKET, Side.BUY, price="94.8", size=SIZE, time_in_force=TimeInForce.IOC
        )
        assert (await two.order(sale.order_id)).cancel_reason == "margin"
        assert (await two.account()).positions[0].size == SIZE
