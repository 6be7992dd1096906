"""A load generator: how many orders per second a node takes, and how fast it answers.

Orders are signed before the clock starts and receipts are not checked, so that the figures are the
node's. They alternate around a price, so that about half of them trade.
"""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from novation.api.v1 import order_service_pb2
from novation.client.client import DEFAULT_LIFETIME_MS, Client
from novation.client.clock import now_ms
from novation.client.messages import place_message
from novation.client.orders import OrderRequest
from novation.client.transport import Transport
from novation.client.units import Number
from novation.protocol.orders import Side

_Message = order_service_pb2.StreamOrdersRequest


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What to send.

    Attributes:
        market: symbol or id.
        price: around which the orders lie, on the tick grid.
        spread_ticks: the largest distance from it.
        min_lots: the smallest size.
        max_lots: the largest size.
        n_orders: how many orders of each account in each of the two runs.
        window: unanswered orders per account in the run for throughput.
        seed: the same seed gives the same orders.
    """

    market: str | int
    price: Number
    spread_ticks: int = 20
    min_lots: int = 1
    max_lots: int = 20
    n_orders: int = 400
    window: int = 64
    seed: int = 1


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came back.

    `orders_per_second` is the throughput with full windows; the latencies are from a second run
    that sends at half that rate, evenly spaced, and count from the time an order was due.
    """

    orders_per_second: float
    ack_p50_ms: float
    ack_p99_ms: float
    n_accepted: int
    n_refused: int


class _Run:
    """Streams of commands, one per account, and the time each answer took."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.latencies_s: list[float] = []
        self.n_accepted = self.n_refused = 0

    async def with_windows(self, messages: Sequence[_Message], window: int) -> None:
        """Keep at most `window` commands unanswered."""
        room = asyncio.Semaphore(window)
        sent: dict[int, float] = {}

        async def requests() -> AsyncIterator[_Message]:
            for message in messages:
                await room.acquire()
                sent[message.request_id] = time.perf_counter()
                yield message

        async for response in self._transport.orders.StreamOrders(requests()):
            room.release()
            self._note(response, sent[response.request_id])

    async def at_rate(self, messages: Sequence[_Message], start_s: float, gap_s: float) -> None:
        """Send one command every `gap_s`, whether or not the last one is answered."""

        async def requests() -> AsyncIterator[_Message]:
            for place, message in enumerate(messages):
                await asyncio.sleep(max(0.0, start_s + place * gap_s - time.perf_counter()))
                yield message

        first_id = messages[0].request_id
        async for response in self._transport.orders.StreamOrders(requests()):
            self._note(response, start_s + (response.request_id - first_id) * gap_s)

    def _note(self, response: order_service_pb2.StreamOrdersResponse, since_s: float) -> None:
        self.latencies_s.append(time.perf_counter() - since_s)
        if response.HasField("error"):
            self.n_refused += 1
        else:
            self.n_accepted += 1


async def measure_load(clients: Sequence[Client], target: str, plan: LoadPlan) -> LoadResult:
    """Load a node through connected clients' accounts.

    Args:
        clients: connected, with funded accounts; each gets an equal part of the orders.
        target: of the node, `host:port`.
        plan: what to send.
    """
    rng, transport = random.Random(plan.seed), Transport(target)
    try:
        full = _Run(transport)
        messages = [_sign_orders(client, plan, rng) for client in clients]
        start_s = time.perf_counter()
        await asyncio.gather(*(full.with_windows(part, plan.window) for part in messages))
        rate = len(full.latencies_s) / (time.perf_counter() - start_s)
        half = _Run(transport)
        messages = [_sign_orders(client, plan, rng) for client in clients]
        gap_s = 2 * len(clients) / rate
        start_s = time.perf_counter() + gap_s
        await asyncio.gather(
            *(
                half.at_rate(part, start_s + index * gap_s / len(clients), gap_s)
                for index, part in enumerate(messages)
            )
        )
    finally:
        await transport.close()
    return LoadResult(
        orders_per_second=rate,
        ack_p50_ms=1000 * percentile(half.latencies_s, 50),
        ack_p99_ms=1000 * percentile(half.latencies_s, 99),
        n_accepted=full.n_accepted + half.n_accepted,
        n_refused=full.n_refused + half.n_refused,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` of 100 values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _sign_orders(client: Client, plan: LoadPlan, rng: random.Random) -> list[_Message]:
    orders = [client.sign_order(_random_order(client, plan, rng)) for _ in range(plan.n_orders)]
    return [
        _Message(request_id=number, place=place_message(order))
        for number, order in enumerate(orders, start=1)
    ]


def _random_order(client: Client, plan: LoadPlan, rng: random.Random) -> OrderRequest:
    market = client.exchange.market(plan.market)
    offset = rng.randint(-plan.spread_ticks, plan.spread_ticks)
    return OrderRequest(
        market=plan.market,
        side=rng.choice((Side.BUY, Side.SELL)),
        price=market.price(market.ticks(plan.price) + offset),
        size=market.size(rng.randint(plan.min_lots, plan.max_lots)),
        expiry_time_ms=now_ms() + DEFAULT_LIFETIME_MS,
    )
