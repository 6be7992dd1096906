"""Over gRPC: what forecast volatility adds to the margin of new risk is shown, and asked for."""

from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import MarginRejectedError, Side
from tests.node.support import RunningNode, running_node
from tests.support.builders import ONE_DOLLAR, genesis, parameters, underlying

MARKET = "BTC-USD"
TERMS = underlying(symbol=MARKET, margin_deviations=8)


async def end_minute(node: RunningNode, price_ticks: int) -> None:
    """Let the minute end just behind new prices, and send something."""
    next_tick_ms = await node.node.runner.call(lambda engine: engine.state.globals.next_tick_ms)
    node.move(next_tick_ms - node.clock.now_ms() - 1_000)
    await node.set_price(price_ticks)
    node.move(1_001)
    await node.fund(3)


async def test_margin_when_prices_have_moved_then_shown_previewed_and_asked_for(
    tmp_path: Path,
) -> None:
    first = genesis(parameters(2).with_underlying(0, TERMS))
    async with running_node(tmp_path, first=first) as node:
        node.l1.add_deposit(2, 10**5 * ONE_DOLLAR)
        await node.until_consumed()
        await node.set_price()
        async with node.client(2) as two:
            # The first minute's index is known then, the next one's is 1.4 % above it.
            await end_minute(node, 1000)
            await end_minute(node, 1014)
            shown = await two.prices(MARKET)
            assert shown.forecast_margin == Decimal("0.01")
            [following, steady] = two.exchange.parameters.underlyings
            assert (following, steady.margin_deviations) == (TERMS, 0)
            # 100,000 USD are the margin of 1.67 million at 6 %, of 2 million at 5 %.
            view = await two.margin()
            most = view.max_size(MARKET, Side.SELL, "101.8")
            assert 16_000 < most < 17_000
            with pytest.raises(MarginRejectedError):
                await two.place_order(MARKET, Side.SELL, price="101.8", size=most + 100)
            await two.place_order(MARKET, Side.SELL, price="101.8", size=most)
            account = await two.account()
            assert account.initial_margin is not None
            assert account.opening_margin is not None
            assert account.equity is not None
            assert account.opening_margin == pytest.approx(account.initial_margin * 12 / 10)
            assert account.available == account.equity - account.opening_margin
