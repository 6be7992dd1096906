"""Limits of a market, over gRPC and the SDK."""

from pathlib import Path

import pytest

from novation.client import LimitRejectedError, RejectedError, Side
from novation.protocol.errors import ErrorCode
from novation.protocol.limits import NO_LIMITS, Limits
from novation.protocol.transactions import ParameterKind
from tests.node.support import trading_node
from tests.node.test_limits import LOT, MARKET, rest


async def test_market_when_it_has_limits_then_told_and_new_risk_refused_with_value_and_limit(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        limits = Limits(interest_cap_lots=3, position_limit_lots=5)
        node.l1.set_parameter(ParameterKind.LIMITS, 0, limits.word())
        await node.until_consumed()
        await three.markets()
        assert [u.limits for u in three.exchange.parameters.underlyings] == [limits, NO_LIMITS]
        with pytest.raises(LimitRejectedError) as refused:
            await rest(two, Side.SELL, "100.0", 6)
        assert refused.value.code == ErrorCode.POSITION_LIMIT
        assert (refused.value.detail.value, refused.value.detail.limit) == ("6", "5")
        await rest(two, Side.SELL, "100.0", 5)
        with pytest.raises(LimitRejectedError) as refused:
            await three.place_order(MARKET, Side.BUY, price="100.0", size=4 * LOT)
        assert refused.value.code == ErrorCode.OPEN_INTEREST_LIMIT
        assert (refused.value.detail.value, refused.value.detail.limit) == ("4", "3")
        filled = await three.place_order(MARKET, Side.BUY, price="100.0", size=3 * LOT)
        assert filled.filled == 3 * LOT
        # Who reduces is not in the way of any limit.
        await two.cancel_all(MARKET)
        lowered = Limits(interest_cap_lots=1, position_limit_lots=1)
        node.l1.set_parameter(ParameterKind.LIMITS, 0, lowered.word())
        await node.until_consumed()
        await rest(two, Side.BUY, "100.0", 2, reduce_only=True)
        closed = await three.place_order(
            MARKET, Side.SELL, price="100.0", size=2 * LOT, reduce_only=True
        )
        assert closed.filled == 2 * LOT


async def test_market_when_a_gap_is_insured_then_told_and_no_more_than_that_opens(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        limits = Limits(gap_ppm=130_000, gap_budgets=1)
        node.l1.set_parameter(ParameterKind.LIMITS, 0, limits.word())
        await node.until_consumed()
        await three.markets()
        assert three.exchange.parameters.underlyings[0].limits == limits
        # There is nothing in the fund, so that nothing is insured.
        assert (await three.prices(MARKET)).interest_cap == 0
        await rest(two, Side.SELL, "100.0", 2)
        with pytest.raises(LimitRejectedError) as refused:
            await three.place_order(MARKET, Side.BUY, price="100.0", size=LOT)
        assert refused.value.code == ErrorCode.OPEN_INTEREST_LIMIT
        assert (refused.value.detail.value, refused.value.detail.limit) == ("1", "0")


async def test_market_when_a_lot_is_worth_too_little_then_told_and_reduce_only(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two, node.client(3) as three:
        await rest(two, Side.SELL, "100.0", 2)
        await three.place_order(MARKET, Side.BUY, price="100.0", size=2 * LOT)
        # A lot is worth 10,000 quanta.
        limits = Limits(least_lot_quanta=10_001)
        node.l1.set_parameter(ParameterKind.LIMITS, 0, limits.word())
        await node.until_consumed()
        await three.markets()
        assert three.exchange.parameters.underlyings[0].limits == limits
        with pytest.raises(RejectedError, match="takes reduce-only orders alone") as refused:
            await rest(two, Side.SELL, "100.0")
        assert refused.value.code == ErrorCode.LOT_TOO_SMALL
        await rest(two, Side.BUY, "100.0", 2, reduce_only=True)
