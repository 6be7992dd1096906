"""A market that ends, over gRPC and the SDK: announced, settled, and everybody paid by the node."""

from pathlib import Path

import pytest

from novation.client import MarketNotOpenError, Side
from novation.client.ending import PositionSettled
from novation.protocol.constants import MINUTE_MS, RESOLVE_MS
from novation.protocol.errors import ErrorCode
from novation.protocol.transactions import ParameterKind
from tests.node.support import trading_node
from tests.node.test_limits import LOT, MARKET, rest


async def test_market_when_it_ends_then_told_and_all_positions_become_money(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await rest(two, Side.SELL, "100.0", 3)
        await three.place_order(MARKET, Side.BUY, price="100.0", size=3 * LOT)
        ends_ms = (node.clock.now_ms() // MINUTE_MS + 2) * MINUTE_MS
        node.l1.set_parameter(ParameterKind.END, 0, ends_ms)
        await node.until_consumed()
        told = (await three.markets())[0].terms
        assert (told.ends_ms, told.is_reduce_only) == (ends_ms, True)
        with pytest.raises(MarketNotOpenError, match="MARKET_REDUCE_ONLY"):
            await rest(two, Side.SELL, "100.0", 1)
        prices = await three.prices(MARKET)
        assert not prices.is_settled
        node.move(ends_ms - node.clock.now_ms())
        await node.jump(1000)
        await node.until(lambda engine: engine.state.underlyings[0].is_settled)
        with pytest.raises(MarketNotOpenError, match="positions are settled") as refused:
            await rest(two, Side.BUY, "100.0", 1, reduce_only=True)
        assert refused.value.code == ErrorCode.MARKET_SETTLED
        assert (await three.prices(MARKET)).is_settled
        since = (await three.status()).last_sequence
        node.move(RESOLVE_MS)
        await node.until(lambda engine: engine.state.market(0).open_interest_lots == 0)
        await node.until(lambda engine: engine.state.underlyings[0].pool_lots == 0)
        assert not (await two.account()).positions
        async for update in three.stream_account(after_sequence=since):
            if isinstance(update, PositionSettled):
                assert (update.symbol, update.size) == (MARKET, 3 * LOT)
                break
