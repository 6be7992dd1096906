"""Tiers of fees over gRPC: what was traded is shown, and who has traded pays less the next day."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import Client, Side
from novation.protocol.constants import DAY_MS, POST_ONLY_MS
from novation.protocol.transactions import ParameterKind
from novation.protocol.volumes import FeeSchedule, FeeTier
from tests.node.support import RunningNode, running_node
from tests.support.builders import ONE_DOLLAR, l1_address
from tests.support.simulation import deposit_entry

MARKET = "BTC-USD"
SCHEDULE = FeeSchedule.of(FeeTier(1, 500, 250))
# Worth 2,000 USD.
SIZE, PRICE = 20, "100.0"


async def ready(node: RunningNode, owner_of_3: int = 3) -> None:
    """Fund accounts 2 and 3, set tiers and a price."""
    for account_id, owner in ((2, 2), (3, owner_of_3)):
        deposit = deposit_entry(len(node.l1.entries), account_id, 10**5 * ONE_DOLLAR)
        node.l1.entries.append(replace(deposit, l1_address=l1_address(owner)))
    node.l1.set_parameter(ParameterKind.FEE_TIERS, 0, SCHEDULE.word())
    await node.until_consumed()
    await node.set_price()


async def trade(two: Client, three: Client) -> tuple[Decimal, Decimal]:
    """Let 3 sell to 2, and return the fees of the taker and the maker."""
    await three.place_order(MARKET, Side.SELL, price=PRICE, size=SIZE)
    await two.place_order(MARKET, Side.BUY, price=PRICE, size=SIZE)
    taken = [item.fill async for item in two.fills()]
    made = [item.fill async for item in three.fills()]
    return taken[0].fee, made[0].fee


async def test_tiers_when_the_owner_sets_them_then_who_has_traded_pays_less_the_next_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_node(tmp_path) as node:
        await ready(node)
        # The traders' clocks go with the node's, or their messages of the next day have ended.
        for name in ("orders", "client"):
            monkeypatch.setattr(f"novation.client.{name}.now_ms", node.clock.now_ms)
        async with node.client(2) as two, node.client(3) as three:
            assert two.exchange.parameters.fee_schedule == SCHEDULE
            assert await trade(two, three) == (Decimal(1), Decimal("0.4"))
            account = await two.account()
            assert (account.fee_tier, account.traded_today) == (0, Decimal(2_000))
        node.move(DAY_MS)
        await node.set_price()
        node.move(POST_ONLY_MS)
        await node.set_price()
        async with node.client(2) as two, node.client(3) as three:
            account = await two.account()
            assert (account.fee_tier, account.traded_today) == (1, Decimal(0))
            assert account.traded_before == Decimal("1933.333333")
            assert await trade(two, three) == (Decimal("0.5"), Decimal("0.1"))


async def test_volume_when_both_accounts_have_one_owner_then_not_shown(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        await ready(node, owner_of_3=2)
        async with node.client(2) as two, node.client(3) as three:
            assert await trade(two, three) == (Decimal(1), Decimal("0.4"))
            for client in (two, three):
                assert (await client.account()).traded_today == 0
