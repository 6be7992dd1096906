"""`novation orders`, `fills`, `transfers`, `trades`, against a node."""

from dataclasses import replace
from pathlib import Path

from devnet.endpoints import Endpoints
from devnet.home import Home
from devnet.keys import TraderKeys, save_keys
from novation.client import Side
from sequencer.engine import Engine
from tests.e2e.test_key_commands import deposit_from, novation
from tests.node.support import POLICY, trading_node
from tests.node.test_liquidation import MARKET, SIZE, node_with_a_long
from tests.support.builders import private_key


async def test_lists_when_asked_for_then_newest_first_and_as_long_as_wanted(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    alice = TraderKeys("alice", hex(private_key(2)), f"0x{2:064x}")
    save_keys(home.keys_path, alice)
    policy = replace(POLICY, trade_retention=1)
    async with trading_node(tmp_path / "node", policy=policy) as node, node.client(3) as three:
        Endpoints(sequencer=node.target, l1="").save(home.endpoints_path)
        await deposit_from(node, alice)
        async with node.client(2) as two:
            for price in ("100.1", "100.2"):
                await two.place_order("BTC-USD", Side.BUY, price=price, size="0.0002", label=3)
            await three.place_order("BTC-USD", Side.SELL, price="100.2", size="0.0001")
        status, printed = await novation(home, "orders", "2")
        assert (status, printed.index("100.2") < printed.index("100.1")) == (0, True), printed
        status, printed = await novation(home, "orders", "2", "--limit", "1", "--open")
        assert (status, "100.1" in printed) == (0, False), printed
        for arguments in (("fills", "2"), ("fills", "3", "--market", "BTC-USD")):
            status, printed = await novation(home, *arguments)
            assert (status, "0.0001" in printed) == (0, True), printed
        await node.node.runner.change(Engine.seal)
        await three.withdraw("7")
        await node.node.runner.change(Engine.seal)
        status, printed = await novation(home, "trades", "BTC-USD")
        assert (status, "no longer kept" in printed) == (0, True), printed
        status, printed = await novation(home, "transfers", "3")
        assert (status, printed.index("withdrawal") < printed.index("deposit")) == (0, True)
        assert "2 batched" in printed
        status, printed = await novation(home, "transfers", "--key", "alice")
        assert (status, "1000" in printed) == (0, True), printed
        for arguments in (("orders",), ("fills", "2", "--key", "alice")):
            status, printed = await novation(home, *arguments)
            assert (status, "give one of a number and --key" in printed) == (2, True), printed
        status, printed = await novation(home, "orders", "99")
        assert (status, "NOT_FOUND" in printed) == (1, True), printed


async def test_watch_when_asked_for_then_a_line_for_each_state(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    async with trading_node(tmp_path / "node") as node, node.client(2) as two:
        Endpoints(sequencer=node.target, l1="").save(home.endpoints_path)
        await two.place_order("BTC-USD", Side.BUY, price="99.9", size="0.0002")
        status, printed = await novation(home, "watch", "market", "BTC-USD", "--count", "1")
        assert (status, "mark 100" in printed, "bid 0.0002 at 99.9" in printed) == (0, True, True)
        status, printed = await novation(home, "watch", "account", "2", "--count", "1")
        assert (status, "equity" in printed, "orders 1" in printed) == (0, True, True), printed
        status, printed = await novation(home, "watch", "account", "99", "--count", "1")
        assert (status, "NOT_FOUND" in printed) == (1, True), printed
        status, printed = await novation(home, "watch", "market", "NO-USD", "--count", "1")
        assert (status, "none of BTC-USD, ETH-USD" in printed) == (2, True), printed


async def test_funding_and_liquidations_when_there_were_any_then_listed_and_followed(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home")
    async with node_with_a_long(tmp_path / "node") as node, node.client(4) as four:
        Endpoints(sequencer=node.target, l1="").save(home.endpoints_path)
        status, printed = await novation(home, "watch", "funding", MARKET, "--count", "1")
        assert (status, "has never paid funding" in printed) == (0, True), printed
        for _ in range(2):
            # The first hour is the one in which minutes began to be counted.
            next_ms = (await four.prices(MARKET)).next_funding_time_ms
            node.move(next_ms - node.clock.now_ms() + 1)
            await node.set_price(1_030)
        status, printed = await novation(home, "funding", "2")
        assert (status, f"-{SIZE}" in printed, str(SIZE) in printed) == (0, False, True), printed
        status, printed = await novation(home, "funding-rates", MARKET)
        assert (status, "0.000012499" in printed) == (0, True), printed
        status, printed = await novation(home, "watch", "funding", MARKET, "--count", "1")
        assert (status, "a lot has paid 0" in printed) == (0, True), printed
        status, printed = await novation(home, "liquidations", MARKET)
        assert (status, "required" in printed) == (0, True), printed
