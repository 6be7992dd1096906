"""Every kind of signed message, with every way of being wrong that all kinds share.

The kinds are those of `UserTransaction`, and the fields those of the API's messages: one that is
added is tried here, or fails.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from novation.api.v1 import oracle_service_pb2
from novation.client import messages
from novation.client.oracle import report_message
from novation.client.triggers import bracket_message, trigger_message
from novation.crypto import FIELD_PRIME, public_key
from novation.protocol.constants import (
    LAST_TIME_MS,
    MAX_VALIDITY_MS,
    MINUTE_MS,
    MODE_HALTED,
    MODE_POST_ONLY,
    MODE_REDUCE_ONLY,
    NONCE_STEP,
    PRICE_VALIDITY_MS,
)
from novation.protocol.orders import Side, TriggerDirection
from novation.protocol.signing_keys import ALL_PERMISSIONS, Permission
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    MassQuote,
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    Quote,
    QuoteCancel,
    QuoteTerms,
    RemoveKey,
    ReplaceOrder,
    SetCancelTimer,
    Transfer,
    UserTransaction,
    Withdraw,
)
from sequencer.oracle import PRICED
from tests.node.support import PRICE_TICKS, UNPRUNED, RunningNode, refusal, report_at, running_node
from tests.node.test_market_modes import change
from tests.support.builders import ONE_DOLLAR, l1_address, private_key, slot_private_key
from tests.support.signing import signed
from tests.support.simulation import deposit_entry

Status = grpc.StatusCode
HOUR_MS = 3_600_000
OWN, SISTER, STRANGER, NOBODY = 2, 3, 4, 77
OWN_KEY, FOREIGN_KEY = private_key(OWN), private_key(STRANGER)
# An order of OWN that rests, and the nonce of the messages that are tried.
ORDER_ID, NONCE = 1, 200
# Slots of keys that lack one permission, have expired, or were removed.
LACKING: Final = {Permission.TRADE: 1, Permission.WITHDRAW: 2, Permission.ADMIN: 3}
EXPIRED, REMOVED, N_SLOTS = 4, 5, 6
ANY: Final = range(FIELD_PRIME)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a good message is made and sent, and what its key must be allowed."""

    make: Callable[[int], UserTransaction]
    method: str
    message: Callable[[Any], Message]
    needs: Permission = Permission.TRADE


def place_order(now_ms: int) -> PlaceOrder:
    return PlaceOrder(OWN, 0, NONCE, 0, Side.BUY, PRICE_TICKS - 5, 10, now_ms + HOUR_MS, 1_000)


def mass_quote(now_ms: int) -> MassQuote:
    quotes = Quote(Side.BUY, PRICE_TICKS - 9, 10), Quote(Side.SELL, PRICE_TICKS + 9, 10)
    terms = QuoteTerms(now_ms + HOUR_MS, 1_000)
    return MassQuote(OWN, 0, NONCE, 0, terms, quotes, cancels=(QuoteCancel(Side.BUY, 900, 77),) * 2)


def replace_order(now_ms: int) -> ReplaceOrder:
    return ReplaceOrder.of(place_order(now_ms), order_id=ORDER_ID, seen_lots=10)


def place_trigger(now_ms: int) -> PlaceTrigger:
    order = replace(place_order(now_ms), reduce_only=True)
    below = TriggerDirection.FALL
    return PlaceTrigger.of(order, trigger_price_ticks=900, trigger_direction=below)


def place_bracket(now_ms: int) -> PlaceBracket:
    return PlaceBracket.of(
        place_order(now_ms),
        stop_trigger_ticks=PRICE_TICKS - 50,
        stop_price_ticks=PRICE_TICKS - 60,
        profit_trigger_ticks=PRICE_TICKS + 50,
        profit_price_ticks=PRICE_TICKS + 40,
        exits_expiry_time_ms=now_ms + HOUR_MS,
    )


def add_key(_: int) -> AddKey:
    key = public_key(slot_private_key(OWN, N_SLOTS))
    return AddKey(OWN, 0, NONCE, N_SLOTS, Permission.TRADE, LAST_TIME_MS, key)


KINDS: Final[dict[type, Kind]] = {
    PlaceOrder: Kind(place_order, "PlaceOrder", messages.place_message),
    ReplaceOrder: Kind(replace_order, "ReplaceOrder", messages.replace_message),
    MassQuote: Kind(mass_quote, "MassQuote", messages.quotes_message),
    PlaceTrigger: Kind(place_trigger, "PlaceTrigger", trigger_message),
    PlaceBracket: Kind(place_bracket, "PlaceBracket", bracket_message),
    CancelOrder: Kind(
        lambda _: CancelOrder(OWN, 0, NONCE, ORDER_ID), "CancelOrder", messages.cancel_message
    ),
    CancelAll: Kind(
        lambda _: CancelAll(OWN, 0, NONCE, 0), "CancelAll", messages.cancel_all_message
    ),
    SetCancelTimer: Kind(
        lambda now_ms: SetCancelTimer(OWN, 0, NONCE, now_ms + HOUR_MS),
        "SetCancelTimer",
        messages.cancel_timer_message,
    ),
    Bid: Kind(
        lambda _: Bid(OWN, 0, NONCE, STRANGER, 2**15, 1, ONE_DOLLAR), "Bid", messages.bid_message
    ),
    Withdraw: Kind(
        lambda _: Withdraw(OWN, 0, NONCE, 5),
        "Withdraw",
        messages.withdraw_message,
        Permission.WITHDRAW,
    ),
    Transfer: Kind(
        lambda _: Transfer(OWN, 0, NONCE, SISTER, 5),
        "Transfer",
        messages.transfer_message,
        Permission.WITHDRAW,
    ),
    AddKey: Kind(add_key, "AddKey", messages.add_key_message, Permission.ADMIN),
    RemoveKey: Kind(
        lambda _: RemoveKey(OWN, 0, NONCE, LACKING[Permission.TRADE]),
        "RemoveKey",
        messages.remove_key_message,
        Permission.ADMIN,
    ),
}


ORDERS = PlaceOrder, ReplaceOrder, MassQuote, PlaceBracket
# Those behind which nothing rests come last.
IN_TURN = sorted(KINDS, key=lambda kind: kind in (CancelOrder, CancelAll))
# All that their type can hold is an id, or a number of its author's; or there may be none of them.
FULL: Final = {"label", "to_account_id", "failing_account_id", "cancels"}


def test_kinds_are_all_that_people_sign() -> None:
    assert KINDS.keys() == set(get_args(UserTransaction))


@asynccontextmanager
async def node_with_an_order(path: Path) -> AsyncIterator[RunningNode]:
    """Start a node on which an account, one of two of its owner, has an order that rests."""
    async with running_node(path, policy=UNPRUNED) as node:
        for account_id, owner in ((OWN, OWN), (SISTER, OWN), (STRANGER, STRANGER)):
            entries = node.l1.entries
            entry = deposit_entry(len(entries), account_id, 1_000 * ONE_DOLLAR)
            entries.append(replace(entry, l1_address=l1_address(owner)))
        await node.until_consumed()
        await node.set_price()
        tx = replace(place_order(node.clock.now_ms()), nonce=1)
        await send(node, tx, private_key(OWN))
        yield node


async def send(node: RunningNode, tx: UserTransaction, key: int) -> Any:
    """Sign a message and send it."""
    kind = KINDS[type(tx)]
    request = kind.message(signed(tx, key, node.config))
    return await getattr(node.stubs.orders, kind.method)(request)


def good(node: RunningNode, kind: type, **changes: Any) -> UserTransaction:
    """Return a message that is good but for the changes, not signed yet."""
    tx: UserTransaction = KINDS[kind].make(node.clock.now_ms())
    return replace(tx, **changes)


# ---------------------------------------------------------------- who signs, and when


async def test_signer_when_wrong_in_any_way_then_every_message_is_refused_by_that(
    tmp_path: Path,
) -> None:
    async with node_with_an_order(tmp_path) as node:
        expired_ms = await add_keys(node)
        before = await node.trace()
        for kind in KINDS:
            for fault in (*signer_faults(node, kind), *key_faults(kind, expired_ms)):
                tx = good(node, kind, **fault.changes)
                status, detail = await refusal(send(node, tx, fault.key))
                said = detail.name, detail.field
                assert said == (fault.name, fault.field), (kind, fault, detail)
                assert int(detail.value) in fault.values, (kind, fault, detail)
                assert int(detail.limit or 0) in fault.limits, (kind, fault, detail)
                assert status is not Status.INTERNAL
        assert await node.trace() == before
        # Each is accepted but for that.
        for kind in (SetCancelTimer, MassQuote, Withdraw, Transfer, RemoveKey, CancelAll):
            await send(node, good(node, kind, nonce=NONCE + list(KINDS).index(kind)), OWN_KEY)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is changed, who signs, and what the refusal must say: values and limits in a range."""

    changes: dict[str, int]
    key: int
    name: str
    field: str
    values: range
    limits: range


def exactly(number: int) -> range:
    return range(number, number + 1)


def about(time_ms: int) -> range:
    """Clocks go on, at a fiftieth of their speed."""
    return range(time_ms, time_ms + MINUTE_MS)


def signer_faults(node: RunningNode, kind: type) -> Iterator[Fault]:
    """Yield what may be wrong about account, signature, nonce and end, whatever its key may do."""
    now_ms = node.clock.now_ms()
    tx = signed(good(node, kind, valid_until_ms=now_ms + HOUR_MS), FOREIGN_KEY, node.config)
    sent = range(tx.signature.r, tx.signature.r + 1)
    changes = {"valid_until_ms": now_ms + HOUR_MS}
    yield Fault(changes, FOREIGN_KEY, "INVALID_SIGNATURE", "signature", sent, ANY)
    for field, value, name, limits in (
        ("account_id", NOBODY, "UNKNOWN_ACCOUNT", exactly(STRANGER)),
        ("key_index", N_SLOTS, "UNKNOWN_KEY", exactly(N_SLOTS - 1)),
        ("nonce", 1, "NONCE_USED", range(1, NONCE)),
        ("nonce", 2 * NONCE_STEP, "NONCE_TOO_FAR", range(NONCE_STEP, NONCE_STEP + NONCE)),
        ("valid_until_ms", now_ms - HOUR_MS, "MESSAGE_EXPIRED", about(now_ms)),
        (
            "valid_until_ms",
            now_ms + MAX_VALIDITY_MS + HOUR_MS,
            "VALIDITY_TOO_LONG",
            about(now_ms + MAX_VALIDITY_MS),
        ),
    ):
        yield Fault({field: value}, OWN_KEY, name, field, exactly(value), limits)


def key_faults(kind: type, expired_ms: int) -> Iterator[Fault]:
    """Yield keys that lack a permission, have expired, or were removed."""
    needs = KINDS[kind].needs
    lacking = ALL_PERMISSIONS & ~needs
    name, field = "KEY_LACKS_PERMISSION", "signer_permissions"
    for slot, has, lacks in ((LACKING[needs], lacking, ALL_PERMISSIONS), (REMOVED, 0, needs)):
        changes = {"key_index": slot, "nonce": 9}
        key = slot_private_key(OWN, slot)
        yield Fault(changes, key, name, field, exactly(has), exactly(lacks))
    changes, key = {"key_index": EXPIRED, "nonce": 9}, slot_private_key(OWN, EXPIRED)
    late = range(expired_ms, expired_ms + HOUR_MS)
    yield Fault(changes, key, "KEY_EXPIRED", "time_ms", late, exactly(expired_ms - 1))


async def add_keys(node: RunningNode) -> int:
    """Give the account a key of each kind; return when one of them has expired."""
    expired_ms = node.clock.now_ms() + 1_000
    keys = {slot: (ALL_PERMISSIONS & ~needs, LAST_TIME_MS) for needs, slot in LACKING.items()}
    keys |= {EXPIRED: (ALL_PERMISSIONS, expired_ms), REMOVED: (ALL_PERMISSIONS, LAST_TIME_MS)}
    for slot, (permissions, expiry_ms) in sorted(keys.items()):
        key = public_key(slot_private_key(OWN, slot))
        await send(node, AddKey(OWN, 0, 1 + slot, slot, permissions, expiry_ms, key), OWN_KEY)
    await send(node, RemoveKey(OWN, 0, N_SLOTS + 1, REMOVED), OWN_KEY)
    node.move(2_000)
    await node.set_price()
    return expired_ms


# ---------------------------------------------------------------- sent again


async def test_message_when_sent_again_then_answered_and_changed_refused(tmp_path: Path) -> None:
    for kind in KINDS:
        if kind is Bid:
            # Nobody is up for auction.
            continue
        async with node_with_an_order(tmp_path / kind.__name__) as node:
            await add_keys(node)
            tx = good(node, kind, valid_until_ms=node.clock.now_ms() + HOUR_MS)
            first = await send(node, tx, OWN_KEY)
            before = await node.trace()
            assert await send(node, tx, OWN_KEY) == first, kind
            _, detail = await refusal(send(node, longer(tx), OWN_KEY))
            assert (detail.name, detail.value) == ("NONCE_USED", str(NONCE)), kind
            assert await node.trace() == before


def longer(tx: UserTransaction) -> UserTransaction:
    return replace(tx, valid_until_ms=tx.valid_until_ms + 1)


# ---------------------------------------------------------------- prices and modes


async def test_prices_when_old_then_what_needs_them_is_refused_and_the_rest_is_not(
    tmp_path: Path,
) -> None:
    async with node_with_an_order(tmp_path) as node:
        await add_keys(node)
        node.move(PRICE_VALIDITY_MS + 1_000)
        for number, kind in enumerate(IN_TURN):
            tx = good(node, kind, nonce=NONCE + number)
            # What lies dormant meets no price yet.
            if issubclass(kind, PRICED) and kind is not PlaceTrigger:
                before = await node.trace()
                _, detail = await refusal(send(node, tx, OWN_KEY))
                assert (detail.name, detail.field) == ("STALE_PRICE", "price_age_ms"), kind
                assert detail.limit == str(PRICE_VALIDITY_MS), kind
                assert int(detail.value) > PRICE_VALIDITY_MS, kind
                assert await node.trace() == before
            else:
                await send(node, tx, OWN_KEY)


@pytest.mark.parametrize(
    ("modes", "name", "refused"),
    [
        (MODE_HALTED, "MARKET_HALTED", {*ORDERS, PlaceTrigger}),
        (MODE_POST_ONLY, "MARKET_POST_ONLY", {PlaceOrder, ReplaceOrder, PlaceBracket}),
        (MODE_REDUCE_ONLY, "MARKET_REDUCE_ONLY", set(ORDERS)),
    ],
)
async def test_mode_when_it_takes_something_away_then_that_is_refused_and_the_rest_is_not(
    tmp_path: Path, modes: int, name: str, refused: set[type]
) -> None:
    async with node_with_an_order(tmp_path) as node:
        await add_keys(node)
        await change(node, modes=modes)
        for number, kind in enumerate(IN_TURN):
            if kind is Bid:
                continue
            tx = good(node, kind, nonce=NONCE + number)
            if kind in refused:
                before = await node.trace()
                status, detail = await refusal(send(node, tx, OWN_KEY))
                assert (detail.name, detail.field) == (name, "modes"), kind
                assert (detail.value, detail.limit) == (str(modes), "0"), kind
                assert status is Status.FAILED_PRECONDITION
                assert await node.trace() == before
            else:
                await send(node, tx, OWN_KEY)


# ---------------------------------------------------------------- fields out of range


async def test_field_when_too_great_absent_or_of_no_known_kind_then_named(tmp_path: Path) -> None:
    """Every field of every message of the API, as its descriptor has it."""
    async with node_with_an_order(tmp_path) as node:
        before, n_tried = await node.trace(), 0
        for kind, sent in KINDS.items():
            for field, edit in edits(sent.message(signed(good(node, kind), OWN_KEY, node.config))):
                request = sent.message(signed(good(node, kind), OWN_KEY, node.config))
                edit(request)
                call = getattr(node.stubs.orders, sent.method)
                status, detail = await refusal(call(request))
                assert detail.field in field, (kind, field, detail)
                assert status in (Status.INVALID_ARGUMENT, Status.NOT_FOUND), (kind, detail)
                assert detail.value or detail.limit, (kind, detail)
                n_tried += 1
        assert n_tried > 10 * len(KINDS)
        assert await node.trace() == before


async def test_field_of_a_report_when_wrong_then_named(tmp_path: Path) -> None:
    async with node_with_an_order(tmp_path) as node:
        report = report_message(report_at(0, node.clock.now_ms() + 1, PRICE_TICKS))
        before = await node.trace()
        for field, edit in edits(oracle_service_pb2.SubmitReportRequest(report=report)):
            request = oracle_service_pb2.SubmitReportRequest(report=report)
            edit(request)
            status, detail = await refusal(node.stubs.oracle.SubmitReport(request))
            assert detail.field in field, (field, detail)
            assert status in (Status.INVALID_ARGUMENT, Status.FAILED_PRECONDITION), detail
            assert detail.value or detail.limit, detail
        assert await node.trace() == before
        request = oracle_service_pb2.SubmitReportRequest(report=report)
        await node.stubs.oracle.SubmitReport(request)


Edit = Callable[[Message], None]


def edits(request: Message, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[str, ...], Edit]]:
    """Yield what spoils each field, and the names one of which a refusal has then.

    What is a good value, too, was not signed.
    """
    for field in request.DESCRIPTOR.fields:
        name = prefix(path) + field.name
        if field.is_repeated and field.message_type is None:
            # No price is a good value, too.
            for value, named in ((0, ("signature",)), (2**64 - 1, (f"{name}[1]",))):
                yield named, at((*path, field.name), setting_item(1, value))
            continue
        is_any_good = field.name in FULL or field.type == FieldDescriptor.TYPE_BOOL
        for spoil in spoilers(field):
            yield (name, "signature") if is_any_good else (name,), at(path, spoil)
        if field.name == "signature":
            for part in ("r", "s"):
                spoil = setting(part, b"\1" * 31)
                yield (f"signature.{part}",), at((*path, "signature"), spoil)
        elif field.message_type is not None:
            inner = getattr(request, field.name)
            step: tuple[Any, ...] = (field.name,)
            if field.is_repeated:
                inner, step = inner[1], (field.name, 1)
            yield from edits(inner, (*path, *step))


def spoilers(field: FieldDescriptor) -> Iterator[Edit]:
    """Yield what is wrong for a field by its type alone; of flags the other value."""
    if field.message_type is not None:
        yield lambda message: message.ClearField(field.name)
    elif field.type == FieldDescriptor.TYPE_ENUM:
        yield setting(field.name, 0)
        yield setting(field.name, 99)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        yield setting(field.name, b"\1" * 31)
        yield setting(field.name, b"\xff" * 32)
    elif field.type == FieldDescriptor.TYPE_UINT32:
        yield setting(field.name, 2**32 - 1)
    elif field.type in (FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64):
        yield setting(field.name, 2**64 - 1)
    else:
        assert field.type == FieldDescriptor.TYPE_BOOL, field.name
        yield lambda message: setattr(message, field.name, not getattr(message, field.name))


def setting(name: str, value: Any) -> Edit:
    return lambda message: setattr(message, name, value)


def setting_item(index: int, value: int) -> Callable[[Any], None]:
    def set_item(items: Any) -> None:
        items[index] = value

    return set_item


def at(path: tuple[Any, ...], edit: Edit) -> Edit:
    """Return an edit of what is inside of a message."""

    def inside(message: Any) -> None:
        for step in path:
            message = message[step] if isinstance(step, int) else getattr(message, step)
        edit(message)

    return inside


def prefix(path: tuple[Any, ...]) -> str:
    """What is in a list is named by its number; an order in a message has no name of its own."""
    return f"{path[0]}[{path[1]}]." if path and path[0] in ("quotes", "cancels") else ""
