"""Transfers between accounts of one owner, over gRPC and SDK: how margin is isolated."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from grpc import StatusCode

from novation.api.v1 import order_service_pb2
from novation.client import (
    BalanceRejectedError,
    InvalidInputError,
    MarginRejectedError,
    NotFoundError,
    OwnerRejectedError,
    ResolvingError,
    Side,
)
from novation.client.messages import transfer_message
from novation.client.models import BalanceUpdate
from novation.protocol.constants import RESOLVE_MS
from novation.protocol.signing import signed
from novation.protocol.transactions import Transfer
from tests.node.support import RunningNode, refusal, running_node
from tests.node.test_resolving import JUMPED_TICKS
from tests.support.builders import ONE_DOLLAR, l1_address, private_key
from tests.support.simulation import deposit_entry

MARKET = "BTC-USD"
OWN, SISTER, STRANGER = 2, 3, 4
ETH = 1


@asynccontextmanager
async def node_of_sisters(path: Path) -> AsyncIterator[RunningNode]:
    """Start a node in which two accounts have one owner, and a third another one."""
    async with running_node(path) as node:
        for account_id, owner, asset_id in (
            (OWN, OWN, 0),
            (SISTER, OWN, 0),
            (STRANGER, STRANGER, 0),
            (OWN, OWN, ETH),
        ):
            entries = node.l1.entries
            entry = deposit_entry(len(entries), account_id, 1_000 * ONE_DOLLAR)
            entries.append(replace(entry, l1_address=l1_address(owner), asset_id=asset_id))
        await node.until_consumed()
        await node.set_price()
        yield node


async def test_transfer_when_sent_then_both_accounts_show_it_also_after_a_restart(
    tmp_path: Path,
) -> None:
    async with (
        node_of_sisters(tmp_path) as node,
        node.client(OWN) as own,
        node.client(SISTER) as sister,
    ):
        stream = aiter(sister.stream_account())
        await anext(stream)
        answer = await own.transfer("250.5", SISTER)
        assert (answer.amount, answer.to_account_id, answer.asset) == (
            Decimal("250.5"),
            SISTER,
            "USD",
        )
        await own.transfer("0.25", SISTER, "TETH")
        update = await anext(stream)
        assert isinstance(update, BalanceUpdate)
        assert (update.kind, update.amount, update.other_account_id) == (
            "transfer_in",
            Decimal("250.5"),
            OWN,
        )
        assert (await own.account()).collateral == Decimal("749.5")
        assert (await sister.account()).collateral == Decimal("1250.5")
        await node.node.runner.change(lambda engine: engine.seal())
        l1 = node.l1
    async with running_node(tmp_path, l1=l1) as node:
        sides = (
            (OWN, "transfer_out", SISTER),
            (SISTER, "transfer_in", OWN),
        )
        for account_id, kind, other_id in sides:
            async with node.client(account_id) as client:
                newest = [item async for item in client.transfers()][:2]
                assert [(t.kind, t.amount, t.asset, t.other_account_id) for t in newest] == [
                    (kind, Decimal("0.25"), "TETH", other_id),
                    (kind, Decimal("250.5"), "USD", other_id),
                ]
                assert all(item.batch_number is not None for item in newest)


async def test_transfer_when_it_breaks_a_rule_then_refused_and_nothing_moves(
    tmp_path: Path,
) -> None:
    async with node_of_sisters(tmp_path) as node, node.client(OWN) as own:
        before = await node.trace()
        for to_account_id in (OWN, STRANGER):
            with pytest.raises(OwnerRejectedError):
                await own.transfer(1, to_account_id)
        with pytest.raises(NotFoundError):
            await own.transfer(1, 99)
        with pytest.raises(MarginRejectedError) as caught:
            await own.transfer("1000.000001", SISTER)
        assert caught.value.detail.limit == str(1_000 * ONE_DOLLAR)
        with pytest.raises(BalanceRejectedError):
            await own.transfer(11, SISTER, "TETH")
        with pytest.raises(InvalidInputError):
            await own.transfer(1, 2**32)
        assert await node.trace() == before


async def test_transfer_when_a_field_is_bad_then_named(tmp_path: Path) -> None:
    async with node_of_sisters(tmp_path) as node:
        unsigned = Transfer(OWN, 0, 300, SISTER, 5, valid_until_ms=node.clock.now_ms() + 10_000)
        good = signed(unsigned, private_key(OWN), node.config)
        for change, field in (
            ({"amount_quanta": 0}, "amount_quanta"),
            ({"amount_quanta": 2**63}, "amount_quanta"),
            ({"asset_id": 8}, "asset_id"),
            ({"nonce": 0}, "nonce"),
        ):
            message = transfer_message(replace(good, **change))
            status, detail = await refusal(node.stubs.orders.Transfer(message))
            assert (status, detail.name, detail.field) == (
                StatusCode.INVALID_ARGUMENT,
                "INVALID_FIELD",
                field,
            )
        tampered = transfer_message(replace(good, to_account_id=0))
        _, detail = await refusal(node.stubs.orders.Transfer(tampered))
        assert detail.name == "INVALID_SIGNATURE"
        # On the stream of orders it is a command like others.
        open_stream = node.stubs.channel.stream_stream("/novation.api.v1.OrderService/StreamOrders")
        request = order_service_pb2.StreamOrdersRequest(transfer=transfer_message(good))
        answers = [raw async for raw in open_stream(iter([request.SerializeToString()]))]
        [answer] = [order_service_pb2.StreamOrdersResponse.FromString(raw) for raw in answers]
        assert answer.transferred.receipt.sequence > 0


async def test_transfer_when_an_index_jumps_then_usd_waits_where_something_is_held(
    tmp_path: Path,
) -> None:
    """Whoever holds nothing there may help, and what margin does not count may go."""
    async with (
        node_of_sisters(tmp_path) as node,
        node.client(OWN) as own,
        node.client(SISTER) as sister,
    ):
        await own.place_order(MARKET, Side.BUY, price="97.0", size="0.001")
        await node.jump(JUMPED_TICKS)
        until_ms = (await own.prices(MARKET)).resolving_until_ms
        before = await node.trace()
        with pytest.raises(ResolvingError) as refused:
            await own.transfer(1, SISTER)
        assert (refused.value.detail.field, refused.value.detail.limit) == (
            "time_ms",
            str(until_ms),
        )
        assert await node.trace() == before
        await own.transfer("0.25", SISTER, "TETH")
        await sister.transfer(1, OWN)
        node.move(RESOLVE_MS)
        await node.jump(JUMPED_TICKS)
        await own.transfer(2, SISTER)
        assert (await sister.account()).collateral == 1_001


async def test_account_of_its_own_when_it_fails_then_the_other_one_pays_nothing(
    tmp_path: Path,
) -> None:
    """Isolated margin: what one account loses is not the other's, unless its owner sends some."""
    async with (
        node_of_sisters(tmp_path) as node,
        node.client(OWN) as own,
        node.client(SISTER) as sister,
        node.client(STRANGER) as stranger,
    ):
        await own.transfer(900, SISTER)
        # 1,500 USD on 100.
        await stranger.place_order(MARKET, Side.SELL, price="100.0", size=15)
        await own.place_order(MARKET, Side.BUY, price="100.0", size=15)
        with pytest.raises(MarginRejectedError):
            await own.transfer(1, SISTER)
        await node.set_price(960)
        account = await own.account()
        assert account.equity is not None
        assert account.maintenance_margin is not None
        assert account.equity < account.maintenance_margin
        assert (await sister.account()).equity == 1_900
        await sister.transfer(900, OWN)
        account = await own.account()
        assert account.equity is not None
        assert account.maintenance_margin is not None
        assert account.equity > account.maintenance_margin
