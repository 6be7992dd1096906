"""Nine nodes, quorum seven, real processes: what some of them do wrong, and what comes of it."""

from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from devnet.simulated_venue import Fault
from novation.client import Client, PriceAbsentError, Side, StalePriceError
from tests.oracle.network import (
    N_ORACLES,
    ORDERS,
    QUORUM,
    TOLERANCE_PPM,
    Network,
    running_network,
    venue_names,
)
from tests.support.waiting import until

KINDS = (Fault.SILENT, Fault.LAGGING, Fault.LYING, Fault.FLAPPING)


async def endure(network: Network, client: Client, kinds: tuple[Fault, ...]) -> None:
    """Let as many nodes be faulty; see what happens to trading; wait until all is well again."""
    faults = dict(enumerate(kinds))
    for index, fault in faults.items():
        await network.set_fault(index, fault)
    await network.until_faulty(faults)
    n_steady = sum(kind is not Fault.FLAPPING for kind in kinds)
    if N_ORACLES - len(kinds) >= QUORUM:
        await network.until_updated(2)
        assert await network.place(client)
    elif N_ORACLES - n_steady < QUORUM:
        # Who lies takes a node from the quorum that must agree, as who is silent does.
        await expect_pause(network, client)
    check_prices(network)
    for index in faults:
        await network.set_fault(index, Fault.NONE)
    await network.until_reporting(range(N_ORACLES))
    await network.until_updated()
    assert await network.place(client)


async def expect_pause(network: Network, client: Client) -> None:
    """No order is taken, and says why; what needs no price goes on."""
    order_id = (await client.open_orders())[0].order_id

    async def is_refused() -> str:
        try:
            order = await client.place_order("BTC-USD", Side.BUY, price="90000", size="0.0001")
        except StalePriceError as refusal:
            return refusal.detail.message
        await client.cancel_order(order.order_id)
        return ""

    assert "3000" in await until(is_refused)
    n_updates = len(network.updates)
    await client.cancel_order(order_id)
    balance = await network.sequencer.node.runner.call(collateral)
    await network.sequencer.fund(2)
    assert await network.sequencer.node.runner.call(collateral) > balance
    assert await is_refused()
    assert len(network.updates) == n_updates


def collateral(engine: object) -> int:
    return int(engine.state.get_account(2).collateral_quanta)  # type: ignore[attr-defined]


def check_prices(network: Network) -> None:
    """Every price that the exchange ever took was the market's."""
    assert network.updates
    for update in network.updates:
        assert network.error_ppm(update) <= TOLERANCE_PPM, update
        times_ms = [report.time_ms for report in update.reports]
        assert max(times_ms) - min(times_ms) <= 1_000
        assert len(update.reports) >= QUORUM


async def play(folder: Path, mixes: list[tuple[Fault, ...]]) -> None:
    async with running_network(folder) as network:
        await network.sequencer.fund(2)
        await network.until_reporting(range(N_ORACLES))
        await network.until_updated()
        async with network.sequencer.client(2) as client:
            assert await network.place(client)
            for mix in mixes:
                print("mix", mix)
                await endure(network, client, mix)
        check_prices(network)


async def test_network_when_two_are_faulty_then_trading_goes_on_and_with_four_it_pauses(
    tmp_path: Path,
) -> None:
    pair = (Fault.LYING, Fault.SILENT)
    four = (Fault.SLOW, Fault.GARBAGE, Fault.LAGGING, Fault.FLAPPING)
    await play(tmp_path, [pair, (Fault.LYING,) * 3, four])


async def test_underlying_when_its_sources_are_dead_then_others_are_traded_as_before(
    tmp_path: Path,
) -> None:
    """One source more or less changes nothing; without two of three, three nodes have no price."""
    dead = [venue_names(index, "ETH-USD") for index in range(N_ORACLES)]
    async with running_network(tmp_path, n_underlyings=2) as network:
        await network.sequencer.fund(2)
        await network.until_reporting(range(N_ORACLES))
        await until(lambda: any(all(update.prices_x16) for update in network.updates))
        async with network.sequencer.client(2) as client:
            for names in dead:
                await network.set_venue_fault(names[0], Fault.SILENT)
            assert await network.place(client, "ETH-USD")
            for names in dead[: N_ORACLES - QUORUM + 1]:
                await network.set_venue_fault(names[1], Fault.SILENT)
            assert "no price of market 1" in await until(lambda: is_absent(client, "ETH-USD"))
            assert (await client.prices("ETH-USD")).is_silent
            # With something at stake there nobody takes new risk elsewhere.
            with pytest.raises(PriceAbsentError, match="market 1"):
                await client.place_order("BTC-USD", Side.BUY, price="90000", size="0.0001")
            await client.cancel_all("ETH-USD")
            assert await network.place(client, "BTC-USD")
            await network.until_updated(2)
            assert all(update.prices_x16[0] > 0 for update in network.updates)
            assert network.updates[-1].prices_x16[1] == 0
            for names in dead:
                await network.set_venue_fault(names[1], Fault.NONE)
            assert await network.place(client, "ETH-USD")
            assert not (await client.prices("ETH-USD")).is_silent


async def is_absent(client: Client, symbol: str) -> str:
    """Return how an order is refused for want of a price, nothing if it is not."""
    price, size = ORDERS[symbol]
    try:
        order = await client.place_order(symbol, Side.BUY, price=price, size=size)
    except PriceAbsentError as refusal:
        return refusal.detail.message
    except StalePriceError:
        return ""
    await client.cancel_order(order.order_id)
    return ""


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("n_faulty", [2, 3, 4])
async def test_network_when_nodes_are_faulty_in_every_mix_then_no_wrong_price(
    tmp_path: Path, n_faulty: int
) -> None:
    await play(tmp_path, list(combinations_with_replacement(KINDS, n_faulty)))
