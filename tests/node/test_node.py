"""The node as a whole: failure, shutdown, services, generated code, error tables."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from novation.client import Client, ConnectionLostError, LocalSigner, NotFoundError, OverloadedError
from novation.client.errors import InvalidInputError
from novation.protocol.errors import ErrorCode
from sequencer.data_folder import DataFolder, DataFolderInUseError
from sequencer.engine import Engine
from sequencer.errors import NodeErrorCode
from sequencer.rpc import refusals
from tests.node.support import POLICY, SEQUENCER_KEY, running_node, trading_node
from tests.support.builders import public_key
from tests.support.waiting import within_patience

ROOT = Path(__file__).resolve().parents[2]


async def test_node_when_collateral_does_not_add_up_stops_and_keeps_the_journal(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        ack = await client.withdraw("1")
        l1 = node.l1

        def lose_a_quantum(engine: Engine) -> None:
            counters = engine.state.globals
            engine.state.globals = replace(counters, custody_quanta=counters.custody_quanta - 1)
            engine.meter._first_time_ms = 0

        await node.node.runner.call(lose_a_quantum)
        with pytest.raises(ExceptionGroup) as caught:
            await within_patience(node.node.wait_for_failure())
        assert caught.value.subgroup(AssertionError) is not None
    async with running_node(tmp_path, l1=l1) as node, node.client(2) as client:
        assert (await client.status()).last_sequence == ack.receipt.sequence


async def test_health_and_reflection_are_served(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        channel = node.stubs.channel
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        async for response in reflection.ServerReflectionInfo(iter([request])):
            names = {service.name for service in response.list_services_response.service}
            assert "novation.api.v1.OrderService" in names
            assert "novation.api.v1.StreamService" in names
            break


async def test_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    async with running_node(tmp_path / "a") as node:
        taken = replace(POLICY, listen_address=node.target)
        with pytest.raises(OSError, match="cannot listen"):
            async with running_node(tmp_path / "b", policy=taken):
                pass


async def test_stopping_answers_what_was_accepted_and_refuses_the_rest(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        sending = [asyncio.create_task(client.withdraw("1")) for _ in range(50)]
        await asyncio.sleep(0.01)
        await node.node.stop()
        results = await asyncio.gather(*sending, return_exceptions=True)
        l1 = node.l1
        node.folder.close()
    accepted = [item for item in results if not isinstance(item, BaseException)]
    refused = [item for item in results if isinstance(item, BaseException)]
    assert all(
        isinstance(item, ConnectionLostError | OverloadedError) or _is_closing(item)
        for item in refused
    )
    async with running_node(tmp_path, l1=l1) as node, node.client(2) as client:
        withdrawn = 10_000 - (await client.account()).collateral
        assert len(accepted) <= withdrawn <= len(sending)


def _is_closing(error: object) -> bool:
    return "SHUTTING_DOWN" in str(error)


async def test_client_refuses_foreign_keys_accounts_and_servers(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        stranger = LocalSigner(4242)
        with pytest.raises(InvalidInputError, match="not a key of account 2"):
            await Client(node.target, account_id=2, signer=stranger).connect()
        with pytest.raises(InvalidInputError, match="is the first key of no account"):
            await Client(node.target, signer=stranger).connect()
        with pytest.raises(NotFoundError):
            await Client(node.target, account_id=99, signer=stranger).connect()
        with pytest.raises(InvalidInputError, match="the server signs with"):
            await Client(node.target, sequencer_public_key=5).connect()
        pinned = Client(node.target, sequencer_public_key=public_key(SEQUENCER_KEY))
        async with pinned:
            with pytest.raises(InvalidInputError, match="cannot sign"):
                await pinned.withdraw("1")
            assert await pinned.mark_price("BTC-USD") == 100


def test_second_owner_of_a_data_folder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    with pytest.raises(DataFolderInUseError, match="in use by another sequencer"):
        DataFolder(tmp_path)
    first.close()
    DataFolder(tmp_path).close()


def test_generated_api_code_is_fresh(tmp_path: Path) -> None:
    sys.path.insert(0, str(ROOT / "proto"))
    try:
        import generate  # type: ignore[import-not-found]  # noqa: PLC0415
    finally:
        sys.path.pop(0)
    generate.generate(tmp_path)
    fresh = sorted((tmp_path / "novation/api/v1").iterdir())
    assert len(fresh) == 3 * len(list((ROOT / "proto").rglob("*.proto")))
    for path in fresh:
        committed = ROOT / "novation/api/v1" / path.name
        assert path.read_text() == committed.read_text(), (
            f"run python proto/generate.py: {path.name}"
        )


def test_error_codes_of_node_and_protocol_are_disjoint_and_have_a_status() -> None:
    assert max(ErrorCode) < min(NodeErrorCode)
    assert set(NodeErrorCode) <= refusals._STATUS.keys()
