"""Assets besides USD over gRPC and SDK: deposits, balances, withdrawals, names that come later."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import (
    BalanceRejectedError,
    Client,
    InvalidInputError,
    OffGridError,
    UnknownAssetError,
)
from novation.client.models import Balance, BalanceUpdate
from novation.client.units import Asset
from sequencer.assets import USD, AssetList
from sequencer.clock import SystemClock
from sequencer.l1 import L1Asset
from tests.node.support import RunningNode, trading_node
from tests.support.simulation import SimulatedL1, deposit_entry
from tests.support.waiting import until

ETH, DOGE = 1, 2


async def deposit(node: RunningNode, account_id: int, asset_id: int, amount_quanta: int) -> None:
    entries = node.l1.entries
    entry = deposit_entry(len(entries), account_id, amount_quanta)
    entries.append(replace(entry, asset_id=asset_id))
    await node.until_consumed()


async def looked(client: Client, n_assets: int) -> None:
    """Wait until the node has read the contract's assets, and the client the node's."""

    async def is_known() -> bool:
        await client.markets()
        return len(client.exchange.assets) == n_assets

    await until(is_known)


async def test_assets_when_deposited_and_withdrawn_then_shown_by_name(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        await looked(two, 2)
        assert two.exchange.asset("TETH") == two.exchange.asset(ETH) == Asset(ETH, "TETH", 8)
        collateral = (await two.account()).collateral
        await deposit(node, 2, ETH, 150_000_000)
        usd = Balance(0, "USD", collateral)
        assert (await two.account()).balances == (usd, Balance(ETH, "TETH", Decimal("1.5")))
        answer = await two.withdraw("0.5", "TETH")
        assert (answer.amount, answer.asset) == (Decimal("0.5"), "TETH")
        answer = await two.withdraw(1, ETH)
        assert (await two.account()).balances == (usd,)
        await two.withdraw("0.25")
        assert (await two.account()).collateral == collateral - Decimal("0.25")
        moved = [(t.kind, t.amount, t.asset) async for t in two.transfers()]
        assert moved[:4] == [
            ("withdrawal", Decimal("0.25"), "USD"),
            ("withdrawal", Decimal(1), "TETH"),
            ("withdrawal", Decimal("0.5"), "TETH"),
            ("deposit", Decimal("1.5"), "TETH"),
        ]


async def test_withdrawal_when_more_than_the_balance_then_refused_with_it(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        await looked(two, 2)
        await deposit(node, 2, ETH, 7)
        with pytest.raises(BalanceRejectedError) as caught:
            await two.withdraw("0.00000008", "TETH")
        detail = caught.value.detail
        assert (detail.field, detail.limit, detail.value) == ("amount_quanta", "7", "8")
        with pytest.raises(OffGridError, match="quantum"):
            await two.withdraw("0.000000001", "TETH")
        with pytest.raises(UnknownAssetError, match="'GOLD' is none of USD, TETH"):
            await two.withdraw(1, "GOLD")
        with pytest.raises(InvalidInputError, match="is a bool"):
            await two.withdraw(1, True)
        assert (await two.status()).other_custody == (Balance(ETH, "TETH", Decimal("0.00000007")),)


async def test_asset_when_it_has_no_name_yet_then_shown_by_id_until_it_has(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(3) as three:
        await looked(three, 2)
        await deposit(node, 3, DOGE, 42)
        unnamed = Balance(DOGE, "ASSET-2", Decimal(42))
        assert (await three.account()).balances[1:] == (unnamed,)
        node.l1.assets += (L1Asset(DOGE, "DOGE", 1, 0x33, 1),)
        await looked(three, 3)
        assert (await three.account()).balances[1:] == (Balance(DOGE, "DOGE", Decimal("4.2")),)
        await three.withdraw("0.2", "DOGE")


async def test_account_stream_when_an_asset_moves_then_named(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as two:
        await looked(two, 2)
        updates = []
        await deposit(node, 2, ETH, 5)
        sequence = (await two.status()).last_sequence
        async for update in two.stream_account(after_sequence=(sequence - 1) * 4096):
            updates.append(update)
            if isinstance(update, BalanceUpdate) and update.asset != "USD":
                break
        assert isinstance(updates[-1], BalanceUpdate)
        assert (updates[-1].kind, updates[-1].asset) == ("deposit", "TETH")
        assert updates[-1].amount == Decimal("0.00000005")


async def test_list_when_l1_is_down_then_as_before() -> None:
    l1 = SimulatedL1(1, 2)
    assets = AssetList(l1, SystemClock())
    l1.is_down = True
    await assets.step()
    assert assets.known == (USD,)
    l1.is_down = False
    await assets.step()
    l1.is_down = True
    await assets.step()
    assert [asset.symbol for asset in assets.known] == ["USD", "TETH"]
