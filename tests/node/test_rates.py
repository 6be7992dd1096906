"""One key's flood is refused by key, costs its key alone, and nobody else can bring it about."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from devnet.errors import UserError
from devnet.node_process import node_config, parse_arguments
from novation.api.v1 import order_service_pb2
from novation.client import OverloadedError, Permission, RateLimitedError, Side
from novation.client.messages import place_message
from novation.client.orders import OrderRequest
from novation.protocol.constants import LAST_TIME_MS
from novation.protocol.nonces import NonceWindow
from novation.protocol.transactions import CancelOrder, OracleUpdate, PlaceOrder
from sequencer.admission import PAID_KEPT, Admission
from sequencer.config import ServerLimits
from sequencer.engine import Command
from sequencer.errors import NodeErrorCode, RequestRefusedError
from sequencer.rates import MAX_REFILL_S, RatePolicy, TokenBuckets
from sequencer.rpc.order_service import PAUSE_MS
from sequencer.waiting_room import Ticket, WaitingRoom
from tests.node.support import POLICY, RunningNode, UnhurriedClock, refusal, trading_node
from tests.node.test_bad_input import order
from tests.support.builders import private_key, public_key, slot_private_key
from tests.support.simulation import ManualClock
from tests.support.waiting import within_patience

BURST, CANCELS = 20, 40
RATES = RatePolicy(
    key_orders_per_s=10, key_orders_burst=BURST, key_cancels_per_s=20, key_cancels_burst=CANCELS
)
_Request = order_service_pb2.StreamOrdersRequest


class StoppedClock(UnhurriedClock):
    """No token comes back until a test lets time pass."""

    passed_ms = 0
    n_pauses = 0

    def elapsed_ms(self) -> int:
        return self.passed_ms

    async def sleep_ms(self, duration_ms: int) -> None:
        """Count the pauses of streams, which are not waited for."""
        is_pause = duration_ms == PAUSE_MS
        self.n_pauses += is_pause
        await super().sleep_ms(0 if is_pause else duration_ms)


# Buckets ----------------------------------------------------------------------------------------


def test_bucket_gives_its_burst_then_its_rate() -> None:
    buckets = TokenBuckets[str](per_s=200, burst=400)
    for _ in range(400):
        assert buckets.left("a", 0) >= 1
        buckets.take("a", 0)
    assert (buckets.left("a", 0), buckets.wait_ms("a", 0)) == (0, 5)
    assert (buckets.left("a", 4), buckets.wait_ms("a", 4)) == (0, 1)
    assert (buckets.left("a", 5), buckets.wait_ms("a", 5)) == (1, 0)
    assert buckets.left("a", 10**9) == 400
    assert buckets.left("b", 0) == 400


def test_bucket_when_the_rate_does_not_divide_a_second_then_waits_are_rounded_up() -> None:
    buckets = TokenBuckets[str](per_s=3, burst=1)
    buckets.take("a", 0)
    assert buckets.wait_ms("a", 0) == 334
    assert (buckets.left("a", 333), buckets.left("a", 334)) == (0, 1)


def test_bucket_owes_no_more_than_a_burst() -> None:
    buckets = TokenBuckets[str](per_s=10, burst=5)
    for _ in range(1_000):
        buckets.take("a", 0)
    assert buckets.left("a", 0) == -5
    assert buckets.left("a", 600) == 1


def test_buckets_that_are_full_again_are_forgotten() -> None:
    """Ever new names, as strangers could bring, take memory for one refill only."""
    buckets, most = TokenBuckets[int](per_s=100, burst=200), 0
    for time_ms in range(20_000):
        buckets.take(time_ms, time_ms)
        most = max(most, len(buckets))
    assert most <= 11
    buckets = TokenBuckets[int](per_s=100, burst=200)
    for place in range(20_000):
        buckets.take(place % 50, place)
        assert len(buckets) <= 50


@pytest.mark.parametrize("name", [item.name for item in fields(RatePolicy)])
@pytest.mark.parametrize("value", [0, -1, 10**9, 1.5, True, "9", None])
def test_rate_when_it_is_none_then_refused_with_its_name(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name} {re.escape(repr(value))}, must be an integer"):
        RatePolicy(**{name: value})


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"key_cancels_per_s": 199}, "key_cancels_per_s 199, must be an integer from 200"),
        ({"key_cancels_burst": 399}, "key_cancels_burst 399, must be an integer from 400"),
        ({"key_orders_per_s": 500}, "key_cancels_per_s 400, must be an integer from 500"),
        (
            {"key_orders_per_s": 1, "key_orders_burst": MAX_REFILL_S + 1},
            f"key_orders_burst 61, must be an integer from 1 to {MAX_REFILL_S}",
        ),
    ],
)
def test_rates_that_do_not_fit_together_are_refused(changes: dict[str, int], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}"):
        RatePolicy(**changes)


@pytest.mark.parametrize("name", [item.name for item in fields(ServerLimits)])
@pytest.mark.parametrize("value", [0, -1, 2**24 + 1, True, "9"])
def test_limit_of_the_server_when_it_is_none_then_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name} "):
        ServerLimits(**{name: value})


def test_node_process_takes_rates_and_refuses_wrong_ones_by_name() -> None:
    given = ["--home", "h", "--listen", "l", "--l1", "u"]
    config = node_config(parse_arguments([*given, "--key-orders-per-s", "50"]), key=1)
    assert config.rates == RatePolicy(key_orders_per_s=50)
    assert node_config(parse_arguments(given), key=1).rates == RatePolicy()
    with pytest.raises(UserError, match="key_orders_burst 0"):
        node_config(parse_arguments([*given, "--key-orders-burst", "0"]), key=1)
    with pytest.raises(UserError, match="idle_interval_ms"):
        node_config(parse_arguments([*given, "--oracle-heartbeat", "-1"]), key=1)


# Who pays ---------------------------------------------------------------------------------------


def admission(clock: ManualClock, last_nonces: dict[tuple[int, int], int]) -> Admission:
    windows = {slot: NonceWindow(nonce) for slot, nonce in last_nonces.items()}
    return Admission(RATES, clock, lambda account_id, slot: windows.get((account_id, slot)))


def message(number: int, *, account_id: int = 2, slot: int = 0, nonce: int = 0) -> Command:
    """Return a checked order; its hash and its nonce are the number."""
    tx = PlaceOrder(account_id, slot, nonce or number, 0, Side.BUY, 1, 1, 1, 1)
    return Command(tx, 0, message_hash=number, is_verified=True)


def cancellation(number: int) -> Command:
    return Command(CancelOrder(2, 0, number, 1), 0, message_hash=number, is_verified=True)


def n_paid(gate: Admission, commands: Sequence[Command], connection: str = "c") -> int:
    return sum(gate.pay(command, connection) is None for command in commands)


def test_flood_of_a_key_is_refused_and_other_keys_and_cancels_are_not() -> None:
    clock = ManualClock()
    gate = admission(clock, {(2, 0): 0, (2, 1): 0, (3, 0): 0})
    assert n_paid(gate, [message(n) for n in range(1, 100)]) == BURST
    assert n_paid(gate, [message(n, slot=1) for n in range(201, 201 + BURST)]) == BURST
    assert n_paid(gate, [message(n, account_id=3) for n in range(301, 301 + BURST)]) == BURST
    assert n_paid(gate, [cancellation(n) for n in range(401, 500)]) == CANCELS
    refused = gate.refusal(message(999))
    assert refused is not None
    assert refused.code is NodeErrorCode.RATE_LIMITED
    context = refused.context
    assert (context.field, context.limit, context.value) == ("key_orders_burst", "20", "21")
    assert context.retry_after_ms == 100
    clock.move(99)
    assert gate.refusal(message(999)) is not None
    clock.move(1)
    assert gate.refusal(message(999)) is None
    assert n_paid(gate, [message(n) for n in range(600, 700)]) == 1


def test_message_that_anybody_could_send_costs_the_key_nothing() -> None:
    used = message(7)
    gate = admission(ManualClock(), {(2, 0): 100})
    others: list[Command] = []
    for number in range(101, 1_000):
        others.append(replace(message(number), is_verified=False))
        others.append(message(number, nonce=100))
        others.append(message(number, account_id=77))
    others.extend([used] * 100)
    assert n_paid(gate, others) == len(others)
    assert n_paid(gate, [message(n) for n in range(101, 200)]) == BURST
    # Nor does what is sent again, be it before the nonce is used or after a refusal.
    gate = admission(ManualClock(), {(2, 0): 0})
    assert n_paid(gate, [message(5)] * 500) == 500
    assert n_paid(gate, [message(n) for n in range(6, 100)]) == BURST - 1


def test_connection_is_doubtful_only_after_its_share_and_not_for_others() -> None:
    clock = ManualClock()
    gate = admission(clock, {(2, 0): 0})
    forged = [replace(message(n), is_verified=False) for n in range(1, 401)]
    assert n_paid(gate, forged[:-1], "bad") == 399
    assert not gate.is_doubtful("bad")
    assert n_paid(gate, forged[-1:], "bad") == 1
    assert gate.is_doubtful("bad")
    assert not gate.is_doubtful("good")
    clock.move(10)
    assert not gate.is_doubtful("bad")


def test_what_admission_remembers_is_bounded() -> None:
    clock = ManualClock()
    gate = admission(clock, {(account_id, 0): 0 for account_id in range(30_000)})
    for number in range(1, 30_000):
        clock.move(1)
        gate.pay(message(number, account_id=number), "c")
        gate.pay(replace(message(number), is_verified=False), f"c{number}")
    assert len(gate._paid) == PAID_KEPT
    # One order takes 100 ms to come back, one stray 10 ms.
    assert len(gate._orders) <= 101
    assert len(gate._strays) <= 11


def test_what_no_user_has_signed_is_not_counted() -> None:
    gate = admission(ManualClock(), {})
    update = Command(OracleUpdate(1, (), ()), 0)
    assert n_paid(gate, [update] * 1_000) == 1_000
    assert gate.refusal(update) is None


# Who waits --------------------------------------------------------------------------------------

LIMITS = ServerLimits(max_pending_commands=80, max_group_commands=16)


async def room_with_a_bad_connection() -> tuple[WaitingRoom, ManualClock]:
    clock = ManualClock()
    gate = admission(clock, {(2, 0): 0, (3, 0): 0})
    n_paid(gate, [replace(message(n), is_verified=False) for n in range(1, 900)], "bad")
    return WaitingRoom(LIMITS, gate), clock


def hashes(group: Sequence[Ticket]) -> list[int]:
    return [ticket.command.message_hash for ticket in group]


async def test_room_lets_a_bad_connection_wait_in_order_and_serves_the_others() -> None:
    room, clock = await room_with_a_bad_connection()
    for number in range(10):
        room.enter(Ticket(message(100 + number), "bad"))
    for number in range(15):
        room.enter(Ticket(message(200 + number), "good"))
    # All that came so far is sorted; a few of the bad go along.
    assert hashes(await room.next_group()) == [*range(200, 215), 100, 101]
    # Its share has come back, but what it sent before still goes first.
    clock.move(10_000)
    room.enter(Ticket(message(300), "bad"))
    seen: list[int] = []
    while room.n_waiting:
        seen += hashes(await room.next_group())
    assert seen == [*range(102, 110), 300]
    room.enter(Ticket(message(301), "bad"))
    room.enter(Ticket(message(302), "good"))
    assert hashes(await room.next_group()) == [301, 302]


async def test_room_when_too_much_is_doubtful_then_refuses_that_alone() -> None:
    room, _ = await room_with_a_bad_connection()
    bad = [Ticket(message(100 + number), "bad") for number in range(60)]
    good = [Ticket(message(200 + number), "good") for number in range(20)]
    for ticket in [*bad, *good]:
        room.enter(ticket)
    with pytest.raises(RequestRefusedError, match="80 commands wait already"):
        room.enter(Ticket(message(999), "good"))
    served: list[int] = []
    while room.n_waiting:
        group = await room.next_group()
        served += hashes(group)
        for _ in group:
            room.leave()
    assert served.count(219) == 1
    assert sum(number < 200 for number in served) == 20
    refused = [ticket.answer.exception() for ticket in bad if ticket.answer.done()]
    assert len(refused) == 40
    assert all(isinstance(error, RequestRefusedError) for error in refused)
    await within_patience(room.emptied())


async def test_room_when_it_closes_then_nobody_waits_for_ever() -> None:
    room, _ = await room_with_a_bad_connection()
    tickets = [Ticket(message(100 + n), "bad" if n % 2 else "good") for n in range(40)]
    for ticket in tickets:
        room.enter(ticket)
    await room.next_group()
    room.close()
    assert room.n_waiting == 0


# On a running node ------------------------------------------------------------------------------


def limited_node(path: Path, rates: RatePolicy = RATES) -> Any:
    return trading_node(path, policy=replace(POLICY, rates=rates), clock=StoppedClock())


def orders_of(node: RunningNode, account_id: int, numbers: range, **changes: Any) -> list[_Request]:
    changes = {"key": private_key(account_id), "price_ticks": 990, "size_lots": 1} | changes
    return [
        _Request(
            request_id=number,
            place=place_message(order(node, account_id=account_id, nonce=number, **changes)),
        )
        for number in numbers
    ]


def clock_of(node: RunningNode) -> StoppedClock:
    assert isinstance(node.clock, StoppedClock)
    return node.clock


async def outcomes(node: RunningNode, requests: Sequence[_Request]) -> Counter[str]:
    """Send messages on a stream; count the answers by their kind."""
    call = node.stubs.orders.StreamOrders(iter(requests))
    return Counter([a.error.name or a.WhichOneof("outcome") async for a in call])


async def test_flood_on_a_node_is_refused_by_key_and_another_key_is_served(tmp_path: Path) -> None:
    async with limited_node(tmp_path) as node:
        flood = orders_of(node, 2, range(1, 501))
        honest = orders_of(node, 3, range(1, BURST + 1))
        of_flood, of_honest = await asyncio.gather(outcomes(node, flood), outcomes(node, honest))
        assert of_flood == {"placed": BURST, "RATE_LIMITED": 500 - BURST}
        assert of_honest == {"placed": BURST}
        n_accepted = await node.node.runner.call(lambda engine: engine.counters.n_orders_accepted)
        assert n_accepted == 2 * BURST
        # The flood's stream is read more slowly, but for what came before the key had paid:
        # some 256 of a stream wait for their answers at a time.
        assert 200 < clock_of(node).n_pauses <= 500 - BURST
        request = flood[-1].place
        before = await node.trace()
        status, detail = await refusal(node.stubs.orders.PlaceOrder(request))
        assert (status, detail.name) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
        assert (detail.field, detail.limit, detail.value) == ("key_orders_burst", "20", "21")
        assert detail.retry_after_ms == 100
        assert await node.trace() == before
        clock_of(node).passed_ms += 100
        assert (await node.stubs.orders.PlaceOrder(request)).receipt.order_id > 0


async def test_orders_when_a_key_has_sent_too_many_then_it_can_still_cancel(tmp_path: Path) -> None:
    async with limited_node(tmp_path) as node, node.client(2) as client:
        price, size = client.exchange.market(0).price(990), client.exchange.market(0).size(1)
        placed = [
            await client.place_order(0, Side.BUY, price=price, size=size) for _ in range(BURST)
        ]
        with pytest.raises(RateLimitedError, match="key 0 of account 2 has used 20 of 20") as why:
            await client.place_order(0, Side.BUY, price=price, size=size)
        assert isinstance(why.value, OverloadedError)
        assert why.value.retry_after_ms == 100
        for one in placed:
            await client.cancel_order(one.order_id)
        with pytest.raises(RateLimitedError):
            await client.withdraw("1")
        async with client.order_stream() as stream:
            with pytest.raises(RateLimitedError) as why:
                await stream.send_order(
                    client.sign_order(OrderRequest(0, Side.BUY, price, size, LAST_TIME_MS))
                )
            assert why.value.retry_after_ms == 100


async def test_budget_when_strangers_name_the_account_then_untouched(tmp_path: Path) -> None:
    """Bad signatures, on the victim's connection and on others, and its own messages repeated."""
    async with limited_node(tmp_path) as node:
        # The stubs and `outcomes` share a connection: the worst case.
        forged = orders_of(node, 2, range(1, 1_001), key=private_key(3))
        assert await outcomes(node, forged) == {"INVALID_SIGNATURE": 1_000}
        assert 300 < clock_of(node).n_pauses <= 600
        seen = orders_of(node, 2, range(1, 3))
        assert await outcomes(node, seen * 100) == {"placed": 200}
        refused = orders_of(node, 2, range(501, 502), max_fee_ppm=0)
        assert await outcomes(node, refused * 100) == {"FEE_ABOVE_LIMIT": 100}
        own = orders_of(node, 2, range(601, 700))
        assert await outcomes(node, own) == {"placed": BURST - 3, "RATE_LIMITED": 99 - BURST + 3}


async def test_slots_of_an_account_have_budgets_of_their_own(tmp_path: Path) -> None:
    async with limited_node(tmp_path) as node:
        async with node.client(2) as owner:
            added = public_key(slot_private_key(2, 1))
            await owner.add_key(added, Permission.TRADE)
        bot = orders_of(node, 2, range(1, 100), key=slot_private_key(2, 1), key_index=1)
        assert (await outcomes(node, bot))["placed"] == BURST
        # Adding the key has cost one.
        own = orders_of(node, 2, range(101, 200))
        assert (await outcomes(node, own))["placed"] == BURST - 1
