"""SIGKILL at any moment under load: no acknowledged order is lost, and the root is the same."""

import asyncio
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

from novation.api.v1 import order_service_pb2
from novation.client.messages import cancel_message, place_message
from novation.protocol.orders import Side
from novation.protocol.state import State
from novation.protocol.transactions import CancelOrder, PlaceOrder
from novation.protocol.transition import apply_transaction, open_batch, seal_batch
from sequencer import keyspace
from sequencer.batches import BatchArchive
from sequencer.clock import SystemClock
from sequencer.config import BatchPolicy
from sequencer.data_folder import DataFolder
from sequencer.engine import Engine, EngineSettings
from sequencer.journal import read_entries
from sequencer.store import Database, open_database
from tests.node.process import start_node, start_process, wait_until_ready
from tests.node.support import (
    PRICE_TICKS,
    SEQUENCER_KEY,
    Stubs,
)
from tests.support.builders import exchange_config, genesis, private_key
from tests.support.signing import signed
from tests.support.waiting import until, within_patience

N_KILLS = 20
MIN_RECEIPTS = 20
ACCOUNTS = tuple(range(2, 10))
SEED = int(os.environ.get("NOVATION_SEED", "20261121"))


@dataclass
class Acknowledged:
    """What the clients were promised: message hash to (sequence, order id)."""

    receipts: dict[int, tuple[int, int]] = field(default_factory=dict)

    def note(self, response: order_service_pb2.StreamOrdersResponse) -> None:
        """Keep the receipt of an answer."""
        kind = response.WhichOneof("outcome")
        if kind == "error":
            return
        receipt = getattr(response, kind or "").receipt
        message_hash = int.from_bytes(receipt.message_hash, "big")
        self.receipts[message_hash] = (receipt.sequence, receipt.order_id)


class Load:
    """Signed orders and cancellations of several accounts, for ever."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._config = exchange_config()
        self._nonce = 0
        self._request_id = 0
        self.order_ids: list[tuple[int, int]] = []
        self.account_of: dict[int, int] = {}

    def messages(self) -> Iterator[order_service_pb2.StreamOrdersRequest]:
        """Yield commands; the nonce grows over all accounts, also from one life to the next."""
        while True:
            self._nonce += 1
            self._request_id += 1
            request = order_service_pb2.StreamOrdersRequest(request_id=self._request_id)
            if self.order_ids and self._rng.random() < 0.3:
                request.cancel.CopyFrom(self._cancel())
            else:
                request.place.CopyFrom(self._order())
                self.account_of[self._request_id] = request.place.account_id
            yield request

    def _order(self) -> order_service_pb2.PlaceOrderRequest:
        account_id = self._rng.choice(ACCOUNTS)
        tx = PlaceOrder(
            account_id=account_id,
            key_index=0,
            nonce=self._nonce,
            market_id=self._rng.randrange(2),
            side=self._rng.choice(tuple(Side)),
            price_ticks=PRICE_TICKS + self._rng.randrange(-8, 9),
            size_lots=self._rng.randrange(1, 50),
            expiry_time_ms=2**47,
            max_fee_ppm=1000,
        )
        return place_message(signed(tx, private_key(account_id), self._config))

    def _cancel(self) -> order_service_pb2.CancelOrderRequest:
        account_id, order_id = self._rng.choice(self.order_ids)
        tx = CancelOrder(account_id, 0, self._nonce, order_id)
        return cancel_message(signed(tx, private_key(account_id), self._config))


@pytest.mark.timeout(300)
async def test_killed_node_loses_no_acknowledged_order_and_replays_to_the_same_root(
    tmp_path: Path,
) -> None:
    print(f"NOVATION_SEED={SEED}")
    rng = random.Random(SEED)
    deposits = tmp_path / "deposits.json"
    deposits.write_text(json.dumps([[account_id, 10**12] for account_id in ACCOUNTS]))
    acknowledged, load = Acknowledged(), Load(rng)
    for _ in range(N_KILLS):
        await _one_life(tmp_path, deposits, load, acknowledged, rng)
    print(f"{len(acknowledged.receipts)} acknowledged messages in {N_KILLS} lives")
    assert len(acknowledged.receipts) >= MIN_RECEIPTS * N_KILLS
    _check_what_is_left(tmp_path / "data", acknowledged)


async def test_second_node_on_the_same_folder_is_refused_with_a_clear_message(
    tmp_path: Path,
) -> None:
    deposits = tmp_path / "deposits.json"
    deposits.write_text("[]")
    with DataFolder(tmp_path / "data"):
        process = await start_process(tmp_path, deposits)
        _, errors = await within_patience(process.communicate())
    assert process.returncode == 1
    text = errors.decode()
    assert "in use by another sequencer" in text
    assert str(os.getpid()) in text
    assert "Traceback" not in text


async def _one_life(
    path: Path, deposits: Path, load: Load, acknowledged: Acknowledged, rng: random.Random
) -> None:
    """Start the node, load it, kill it at some moment after some number of receipts."""
    process, port = await start_node(path, deposits)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stubs = Stubs(channel)
        await wait_until_ready(stubs, len(ACCOUNTS))
        reading = asyncio.create_task(_trade(stubs, load, acknowledged))
        n_receipts = len(acknowledged.receipts) + rng.randrange(MIN_RECEIPTS, 10 * MIN_RECEIPTS)
        await until(lambda: len(acknowledged.receipts) >= n_receipts)
        await asyncio.sleep(rng.uniform(0, 0.02))
        process.kill()
        await process.wait()
        await reading


async def _trade(stubs: Stubs, load: Load, acknowledged: Acknowledged) -> None:
    """Send commands until the node dies; keep every answer that arrives."""
    call = stubs.orders.StreamOrders()
    writing = asyncio.create_task(_write(call, load))
    try:
        async for response in call:
            acknowledged.note(response)
            if response.HasField("placed") and response.placed.resting_lots:
                account_id = load.account_of[response.request_id]
                load.order_ids.append((account_id, response.placed.receipt.order_id))
    except grpc.aio.AioRpcError:
        # The kill: its status depends on what the transport was doing.
        pass
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _write(call: grpc.aio.StreamStreamCall, load: Load) -> None:
    for request in load.messages():
        await call.write(request)


def _check_what_is_left(data: Path, acknowledged: Acknowledged) -> None:
    """Open the folder as the next life would, and compare it with an independent replay."""
    database = open_database(data / "state")
    settings = EngineSettings(exchange_config(), genesis(), BatchPolicy(), SEQUENCER_KEY)
    engine = Engine(settings, database, SystemClock())
    for message_hash, (sequence, order_id) in acknowledged.receipts.items():
        answer = engine.history.acknowledgement(message_hash)
        assert answer is not None, f"acknowledged message {message_hash:#x} is lost"
        found = getattr(answer, answer.WhichOneof("outcome") or "").receipt
        assert (found.sequence, found.order_id) == (sequence, order_id)
    _check_lists(engine)
    engine.seal()
    _check_lists(engine)
    assert engine.batches.last_sealed > N_KILLS // 2
    roots = _replay_independently(database, engine.batches)
    found_roots = [engine.root_after(number) for number in range(1, len(roots) + 1)]
    assert found_roots == roots
    assert engine.state.root == roots[-1]
    database.close()


def _check_lists(engine: Engine) -> None:
    """Every order is in its account's list once, every trade in its market's and in two fills."""
    lists, market_ids = engine.history.lists, engine.state.markets

    def numbers(kind: bytes) -> list[int]:
        newest = (lists.newest_of_markets(kind, i, market_ids, 2**63) for i in ACCOUNTS)
        return sorted(number for items in newest for number, _ in items)

    assert numbers(keyspace.LISTED_ORDER) == [*range(1, engine.state.globals.next_order_id)]
    prefixes = (keyspace.list_prefix(keyspace.LISTED_TRADE, i) for i in market_ids)
    trades = sorted(number for prefix in prefixes for number, _ in lists.newest(prefix, 2**63))
    assert len(trades) == engine.counters.n_fills > 0
    assert numbers(keyspace.LISTED_FILL) == sorted([*trades, *trades])


def _replay_independently(database: Database, archive: BatchArchive) -> list[int]:
    """Run the journal through the protocol from genesis, with every signature checked."""
    state = State.genesis(exchange_config(), genesis())
    roots = []
    for batch_number in range(1, archive.last_sealed + 1):
        record = archive.get(batch_number)
        open_batch(state)
        for entry in read_entries(database, record.first_sequence, record.last_sequence):
            apply_transaction(state, entry.transaction, entry.time_ms)
        roots.append(seal_batch(state).new_root)
    keys = database.iterator(prefix=keyspace.JOURNAL, include_value=False)
    assert sum(1 for _ in keys) == archive.last_sequence
    return roots
