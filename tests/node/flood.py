"""What an honest key gets beside a flood: accepted orders and latencies, with and without limits.

python -m tests.node.flood

The node, the flood and the honest trader are three processes.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import grpc

from novation.api.v1 import order_service_pb2
from novation.client import Client, LocalSigner, Side, TimeInForce
from novation.client.clock import now_ms
from novation.client.load import percentile
from novation.client.messages import (
    bid_message,
    cancel_all_message,
    place_message,
    quotes_message,
    transfer_message,
)
from novation.client.orders import OrderRequest
from novation.client.transport import Transport
from novation.protocol.transactions import (
    Bid,
    CancelAll,
    MassQuote,
    Quote,
    QuoteTerms,
    Transfer,
    UserTransaction,
)
from tests.node.process import ROOT, start_node, wait_until_ready
from tests.node.support import Stubs
from tests.support.builders import exchange_config, private_key
from tests.support.signing import VALIDITY_MS, signed
from tests.support.waiting import within_patience

FLOODER, HONEST = 2, 3
ORDERS_PER_S, N_ORDERS = 50, 500
N_FLOOD, WINDOW = 20_000, 256
# "key": orders that the flooder may send. "forged": they name the honest account. The others are
# messages of that kind, of which those that wait for a token pay one, or one for each quote.
FLOODS = ("none", "key", "forged", "quotes", "bids", "transfers", "cancels")

Signable = TypeVar("Signable", bound=UserTransaction)
_Message = order_service_pb2.StreamOrdersRequest


def _signed(client: Client, n_orders: int) -> list[_Message]:
    market = client.exchange.market(0)
    # Nothing of it rests, so that the flood does not end at an account's number of orders.
    price, size, expiry_ms = market.price(990), market.size(1), now_ms() + 3_600_000
    request = OrderRequest(0, Side.BUY, price, size, expiry_ms, TimeInForce.IOC)
    orders = (client.sign_order(request) for _ in range(n_orders))
    return [
        _Message(request_id=number, place=place_message(tx))
        for number, tx in enumerate(orders, start=1)
    ]


def _flood_of(kind: str, client: Client) -> list[_Message]:
    if kind in ("key", "forged"):
        messages = _signed(client, N_FLOOD)
        for message in messages if kind == "forged" else ():
            message.place.account_id = HONEST
        return messages
    return [
        _Message(request_id=number, **_command(kind, number)) for number in range(1, N_FLOOD + 1)
    ]


def _command(kind: str, nonce: int) -> dict[str, Any]:
    """Return one signed message of a kind, by its name in the stream."""

    def own(tx: Signable) -> Signable:
        return signed(tx, private_key(FLOODER), exchange_config())

    if kind == "quotes":
        terms = QuoteTerms(now_ms() + 3_600_000, 1_000, cancels_first=True)
        quotes = tuple(
            Quote(side, price, 1)
            for side, prices in ((Side.BUY, range(980, 988)), (Side.SELL, range(1012, 1020)))
            for price in prices
        )
        return {"quote": quotes_message(own(MassQuote(FLOODER, 0, nonce, 0, terms, quotes)))}
    if kind == "bids":
        return {"bid": bid_message(own(Bid(FLOODER, 0, nonce, HONEST, 2**16, 0, 10**12)))}
    if kind == "transfers":
        # To somebody else: it is signed and paid for, and refused by the rules.
        return {"transfer": transfer_message(own(Transfer(FLOODER, 0, nonce, HONEST, 1)))}
    return {"cancel_all": cancel_all_message(own(CancelAll(FLOODER, 0, nonce)))}


def _client(target: str, account_id: int) -> Client:
    # All is signed before the first is sent.
    signer = LocalSigner(private_key(account_id))
    return Client(target, account_id=account_id, signer=signer, validity_ms=VALIDITY_MS)


async def flood(target: str, kind: str) -> None:
    """Send as fast as answers come, until killed; print what came back each second."""
    async with _client(target, FLOODER) as client:
        messages = _flood_of(kind, client)
    print("ready", flush=True)
    transport, seen, since_s = Transport(target), Counter[str](), time.perf_counter()
    room = asyncio.Semaphore(WINDOW)

    async def requests() -> AsyncIterator[_Message]:
        for place in count():
            await room.acquire()
            yield messages[place % N_FLOOD]

    async for answer in transport.orders.StreamOrders(requests()):
        room.release()
        seen[answer.error.name or "accepted"] += 1
        if time.perf_counter() - since_s > 1:
            print(json.dumps(seen), flush=True)
            seen, since_s = Counter[str](), time.perf_counter()


async def honest(target: str) -> dict[str, object]:
    """Send at a steady rate; count from when each order was due."""
    async with _client(target, HONEST) as client:
        messages = _signed(client, N_ORDERS)
    transport, seen, latencies_ms = Transport(target), Counter[str](), list[float]()
    start_s = time.perf_counter() + 1

    async def requests() -> AsyncIterator[_Message]:
        for place, message in enumerate(messages):
            due_s = start_s + place / ORDERS_PER_S
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            yield message

    async for answer in transport.orders.StreamOrders(requests()):
        due_s = start_s + (answer.request_id - 1) / ORDERS_PER_S
        latencies_ms.append(1000 * (time.perf_counter() - due_s))
        seen[answer.error.name or "accepted"] += 1
    await transport.close()
    return {
        "honest": dict(seen),
        "p50_ms": round(percentile(latencies_ms, 50), 1),
        "p99_ms": round(percentile(latencies_ms, 99), 1),
    }


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def _flooded(target: str, kind: str) -> AsyncIterator[list[Counter[str]]]:
    """Let another process send beside; gives what it got, second by second."""
    seconds: list[Counter[str]] = []
    if kind == "none":
        yield seconds
        return
    arguments = ("-m", "tests.node.flood", target, kind)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await within_patience(process.stdout.readline()) == b"ready\n"
    output = process.stdout

    async def read() -> None:
        seconds.extend([Counter(json.loads(line)) async for line in output])

    reading = asyncio.create_task(read())
    try:
        yield seconds
    finally:
        process.kill()
        await process.wait()
        await reading


async def measure(policy: str, kind: str) -> dict[str, object]:
    """Start a node, flood it, and trade beside."""
    with tempfile.TemporaryDirectory(prefix="novation-flood-") as name:
        folder = Path(name)
        deposits = folder / "deposits.json"
        deposits.write_text(json.dumps([[i, 10**13] for i in (FLOODER, HONEST)]))
        process, port = await start_node(folder, deposits, policy=policy)
        target = f"127.0.0.1:{port}"
        try:
            async with grpc.aio.insecure_channel(target) as channel:
                await wait_until_ready(Stubs(channel), 2)
            async with _flooded(target, kind) as seconds:
                since_s = _cpu_s(process.pid)
                result = await honest(target)
                result["node_cpu_s"] = round(_cpu_s(process.pid) - since_s, 1)
        finally:
            process.kill()
            await process.wait()
    total = sum(seconds, Counter[str]())
    per_s = {name: round(n / len(seconds)) for name, n in total.items()}
    return {"policy": policy, "flood": kind, **result, "flood_answers_per_s": per_s}


async def main() -> None:
    """Measure each flood without and with limits, in turn."""
    for kind in FLOODS:
        for policy in ("unlimited", "bench"):
            print(json.dumps(await measure(policy, kind)), flush=True)


if __name__ == "__main__":
    asyncio.run(flood(*sys.argv[1:]) if len(sys.argv) > 1 else main())
