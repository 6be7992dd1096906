"""Modes of a market, over gRPC and the SDK."""

from pathlib import Path

import pytest

from novation.client import MarketNotOpenError
from novation.protocol.constants import MODE_HALTED, MODE_POST_ONLY
from novation.protocol.errors import ErrorCode
from novation.protocol.transactions import ParameterKind
from tests.node.support import RunningNode, trading_node
from tests.node.test_prices import buy
from tests.support.builders import underlying


async def change(node: RunningNode, **changes: int) -> None:
    """Let L1's owner change the terms of the first market."""
    node.l1.set_parameter(ParameterKind.UNDERLYING, 0, underlying(**changes).word())
    await node.until_consumed()


async def test_market_when_its_modes_change_then_refused_told_and_opened_again(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        await change(node, modes=MODE_HALTED)
        with pytest.raises(MarketNotOpenError, match="market 0 is halted") as refused:
            await buy(client)
        assert refused.value.code == ErrorCode.MARKET_HALTED
        assert (refused.value.detail.value, refused.value.detail.limit) == ("4", "0")
        assert (await client.markets())[0].terms.is_halted
        await change(node, modes=MODE_POST_ONLY)
        with pytest.raises(MarketNotOpenError, match="MARKET_POST_ONLY"):
            await buy(client)
        await change(node)
        await buy(client)
