"""Tiers of fees over gRPC: what was paid is shown, and what comes back with the next batch."""

from decimal import Decimal
from pathlib import Path

from novation.client import Client, Side
from novation.client.fee_models import FeeStanding
from novation.protocol.fee_tiers import FeeSchedule, FeeTier
from novation.protocol.transactions import ParameterKind
from sequencer.engine import Engine
from tests.node.support import RunningNode, running_node
from tests.support.builders import ONE_DOLLAR
from tests.support.simulation import deposit_entry

MARKET = "BTC-USD"
SCHEDULE = FeeSchedule.of(FeeTier(1, 250), FeeTier(5, 400), insurance_permille=500)
# Worth 2,000 USD, of which takers pay 1 USD.
SIZE, PRICE = 20, "100.0"


async def ready(node: RunningNode, schedule: FeeSchedule = SCHEDULE) -> None:
    """Fund accounts 2 and 3, set tiers and a price."""
    for account_id in (2, 3):
        entry = deposit_entry(len(node.l1.entries), account_id, 10**5 * ONE_DOLLAR)
        node.l1.entries.append(entry)
    node.l1.set_parameter(ParameterKind.FEE_SCHEDULE, 0, schedule.word())
    await node.until_consumed()
    await node.set_price()


async def trade(two: Client, three: Client) -> None:
    """Let 3 sell to 2."""
    await three.place_order(MARKET, Side.SELL, price=PRICE, size=SIZE)
    await two.place_order(MARKET, Side.BUY, price=PRICE, size=SIZE)


async def seal(node: RunningNode) -> None:
    """End the open batch."""
    await node.node.runner.change(Engine.seal)


async def test_fees_when_a_tier_is_reached_then_a_share_comes_back_with_the_batch(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path) as node:
        await ready(node)
        await seal(node)
        await check_fees(node)


async def check_fees(node: RunningNode) -> None:
    async with node.client(2) as two, node.client(3) as three:
        assert two.exchange.parameters.fee_schedule == SCHEDULE
        await trade(two, three)
        assert (await two.account()).fees == FeeStanding(
            in_batch=Decimal(1), to_next_tier=Decimal(1)
        )
        await seal(node)
        await trade(two, three)
        account = await two.account()
        assert account.fees == FeeStanding(
            1, 250, Decimal(1), Decimal(1), Decimal("0.25"), Decimal(4)
        )
        assert account.fees.effective_fee_ppm(500) == Decimal(375)
        assert (await three.account()).fees.returned == 0
        await seal(node)
        after = await two.account()
        assert after.collateral == account.collateral + Decimal("0.25")
        assert after.fees.counted == Decimal(2)


async def test_maker_when_there_are_rebates_then_gets_back_more_than_it_pays(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path) as node:
        await ready(node, FeeSchedule.of(FeeTier(0, 400), rebates=True))
        await seal(node)
        async with node.client(2) as two, node.client(3) as three:
            assert two.exchange.parameters.fee_schedule.rebates
            await trade(two, three)
            fees = (await three.account()).fees
            # Its fee of 0.40 USD, and the taker's of 1 USD.
            assert (fees.in_batch, fees.returned) == (Decimal("1.4"), Decimal("0.56"))
