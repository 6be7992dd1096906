"""The node unwinds what a pool took: to whoever pays the mark, a part each second, and tells it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from novation.client import Side
from novation.client.funding_models import MarketFunding, PoolShare, Unwinding
from novation.protocol.constants import UNWIND_EVERY_MS, UNWIND_SHARE
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.transactions import Unwind
from sequencer.engine import Command
from tests.node.support import running_node
from tests.node.test_liquidation import LOTS, MARKET, SIZE, node_with_a_long


async def test_pool_when_somebody_bids_the_mark_then_a_twentieth_is_sold_each_second(
    tmp_path: Path,
) -> None:
    async with node_with_a_long(tmp_path) as node, node.client(4) as four:
        await node.set_price(900)
        await node.until(lambda engine: engine.state.price_of(0).pool_lots == LOTS)
        stream = aiter(four.stream_funding(MARKET))
        await anext(stream)
        await four.place_order(MARKET, Side.BUY, price="89.9", size="1")
        with pytest.raises(InvalidTransaction) as caught:
            await node.node.runner.enqueue(Command(Unwind(0), node.clock.now_ms()))
        assert caught.value.code is ErrorCode.NOTHING_TO_UNWIND
        await four.place_order(MARKET, Side.BUY, price="90.1", size=SIZE)
        first = await _next_unwinding(stream)
        assert first.is_pool
        assert (first.limit_price, first.mark_price, first.index_price) == (90, 90, 90)
        assert first.traded == first.size == SIZE / UNWIND_SHARE
        assert first.left == SIZE - first.traded
        assert first.income == 0
        node.move(UNWIND_EVERY_MS)
        await node.set_price(900)
        second = await _next_unwinding(stream)
        assert second.time_ms >= first.time_ms + UNWIND_EVERY_MS
        assert second.traded == first.left / UNWIND_SHARE
        await four.cancel_all()
        (position,) = (await four.account()).positions
        assert position.size == SIZE - (await four.prices(MARKET)).pool_size
        l1 = node.l1
        left = await node.node.runner.call(lambda engine: engine.state.price_of(0).pool_lots)
        await node.node.runner.change(lambda engine: engine.seal())
    async with running_node(tmp_path, l1=l1) as node:
        kept = await node.node.runner.call(lambda engine: engine.state.price_of(0).pool_lots)
        assert kept == left


async def _next_unwinding(
    stream: AsyncIterator[MarketFunding | PoolShare | Unwinding],
) -> Unwinding:
    async for event in stream:
        if isinstance(event, Unwinding):
            return event
    raise AssertionError
