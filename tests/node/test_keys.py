"""Keys with permissions on a running node: added, used, removed, and every wrong request."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from novation.api.v1 import order_service_pb2, query_service_pb2
from novation.client import (
    Client,
    InvalidInputError,
    LocalSigner,
    Permission,
    PermissionRejectedError,
    RejectedError,
    Side,
)
from novation.client.messages import (
    add_key_message,
    cancel_message,
    place_message,
    remove_key_message,
    withdraw_message,
)
from novation.crypto import is_public_key
from novation.protocol.constants import LAST_TIME_MS, MAX_KEYS, NONCE_BOUND, NONCE_STEP
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.signing_keys import ALL_PERMISSIONS
from novation.protocol.transactions import AddKey, CancelOrder, RemoveKey, Withdraw
from sequencer.engine import Accepted, Command
from sequencer.signature_check import KeyDirectory, verify_group
from tests.node.support import RunningNode, refusal, running_node, trading_node
from tests.node.test_bad_input import order
from tests.support.builders import private_key, public_key, slot_private_key
from tests.support.signing import VALIDITY_MS, signed

Status = grpc.StatusCode
TRADE, WITHDRAW, ADMIN = Permission
MARKET = "BTC-USD"


def bot(node: RunningNode, slot: int = 1, account_id: int | None = 2) -> Client:
    """Return a client with the key of a slot of account 2."""
    signer = LocalSigner(slot_private_key(2, slot))
    return Client(node.target, account_id=account_id, signer=signer, validity_ms=VALIDITY_MS)


def key_of(slot: int) -> int:
    return public_key(slot_private_key(2, slot))


async def resting(client: Client, price: int) -> int:
    """Place an order that rests; return its number."""
    market = client.exchange.market(MARKET)
    placed = await client.place_order(
        MARKET, Side.BUY, price=market.price(price), size=market.size(1)
    )
    return placed.order_id


async def test_key_that_may_trade_then_trades_but_cannot_withdraw(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        async with node.client(2) as owner:
            added = await owner.add_key(key_of(1), TRADE)
            assert added.slot == 1
        async with bot(node) as trader:
            order_id = await resting(trader, 990)
            with pytest.raises(PermissionRejectedError, match=r"needs 2 \(WITHDRAW\)"):
                await trader.withdraw("1")
            with pytest.raises(PermissionRejectedError, match=r"needs 4 \(ADMIN\)"):
                await trader.add_key(key_of(2), TRADE)
            with pytest.raises(PermissionRejectedError):
                await trader.remove_key(0)
            account = await trader.account()
            assert [(key.permissions, key.last_nonce > 0) for key in account.keys] == [
                (ALL_PERMISSIONS, True),
                (TRADE, True),
            ]
            await trader.cancel_order(order_id)
        async with node.client(2) as owner:
            await owner.withdraw("1")


async def test_orders_when_their_key_is_removed_then_stay(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as owner:
        with pytest.raises(InvalidInputError, match="is not a key of account 2"):
            await bot(node).connect()
        await owner.add_key(key_of(1), TRADE)
        async with bot(node) as trader:
            order_id = await resting(trader, 990)
            await owner.remove_key(1)
            with pytest.raises(PermissionRejectedError):
                await resting(trader, 980)
            with pytest.raises(PermissionRejectedError):
                await trader.cancel_order(order_id)
        assert [found.order_id for found in await owner.open_orders()] == [order_id]
        assert await owner.find_accounts(key_of(1)) == ()
        await owner.cancel_order(order_id)
        # Its slot is the first free one.
        assert (await owner.add_key(key_of(2), WITHDRAW)).slot == 1
        assert (await owner.add_key(key_of(3), TRADE)).slot == 2


async def test_key_when_it_skips_nonces_then_no_farther_than_the_limit(tmp_path: Path) -> None:
    """So a key that is taken away cannot have used up the nonces of its slot."""
    async with trading_node(tmp_path) as node, node.client(2) as owner:
        await owner.add_key(key_of(1), TRADE)
        for nonce in (NONCE_STEP + 1, NONCE_BOUND - 1):
            tx = order(node, key=slot_private_key(2, 1), key_index=1, nonce=nonce)
            status, detail = await refusal(node.stubs.orders.PlaceOrder(place_message(tx)))
            assert (status, detail.name) == (Status.FAILED_PRECONDITION, "NONCE_TOO_FAR")
            assert (detail.field, detail.limit) == ("nonce", str(NONCE_STEP))
        tx = order(node, key=slot_private_key(2, 1), key_index=1, nonce=NONCE_STEP)
        await node.stubs.orders.PlaceOrder(place_message(tx))
        (_, key) = (await owner.account()).keys
        assert (key.last_nonce, key.nonce_window) == (NONCE_STEP, 2**64 - 1)
        await owner.remove_key(1)
        await owner.add_key(key_of(2), TRADE)
        (_, key) = (await owner.account()).keys
        assert (key.last_nonce, key.nonce_window) == (NONCE_STEP, 0)


async def test_key_when_one_of_its_slots_has_expired_then_signs_with_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trading_node(tmp_path) as node:
        monkeypatch.setattr("novation.client.client.now_ms", node.clock.now_ms)
        async with node.client(2) as owner:
            end_ms = node.clock.now_ms() + 1_000
            await owner.add_key(key_of(1), ALL_PERMISSIONS, expiry_time_ms=end_ms)
            await owner.add_key(key_of(1), TRADE)
        node.move(2_000)
        async with bot(node) as trader:
            await resting(trader, 990)
            account = await trader.account()
            assert [key.last_nonce > 0 for key in account.keys] == [True, False, True]


async def test_keys_when_the_node_restarts_then_still_hold(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        l1 = node.l1
        async with node.client(2) as owner:
            await owner.add_key(key_of(1), TRADE)
            await owner.add_key(key_of(2), ADMIN)
        async with bot(node, 2) as admin:
            await admin.remove_key(0)
    async with running_node(tmp_path, l1=l1) as node:
        await node.set_price()
        async with bot(node) as trader:
            await resting(trader, 990)
        async with node.client(2) as owner:
            with pytest.raises(PermissionRejectedError):
                await resting(owner, 990)
            # The first key's account is found: deposits name it.
            assert await owner.find_accounts(public_key(private_key(2))) == (2,)


def new_key(node: RunningNode, secret: int | None = None, **changes: Any) -> AddKey:
    """Return a signed request that is good but for the changes; slot 1 may trade."""
    fields = {
        "account_id": 2,
        "key_index": 0,
        "nonce": 100,
        "slot": 2,
        "permissions": TRADE,
        "expiry_ms": LAST_TIME_MS,
        "public_key": key_of(2),
    } | changes
    tx = AddKey(**fields)
    return signed(tx, private_key(2) if secret is None else secret, node.config)


def removal(node: RunningNode, slot: int, key_index: int = 0) -> RemoveKey:
    secret = slot_private_key(2, key_index) if key_index else private_key(2)
    return signed(RemoveKey(2, key_index, 100, slot), secret, node.config)


OFF_THE_CURVE = next(number for number in range(2, 99) if not is_public_key(number))
ADDITIONS: dict[str, tuple[Status, str, str, Callable[[RunningNode], AddKey]]] = {
    "wrong signer": (
        Status.INVALID_ARGUMENT, "INVALID_SIGNATURE", "signature",
        lambda node: new_key(node, secret=999),
    ),
    "key that may only trade": (
        Status.PERMISSION_DENIED, "KEY_LACKS_PERMISSION", "signer_permissions",
        lambda node: new_key(node, secret=slot_private_key(2, 1), key_index=1),
    ),
    "unknown account": (
        Status.NOT_FOUND, "UNKNOWN_ACCOUNT", "account_id",
        lambda node: new_key(node, account_id=77),
    ),
    "unknown signer's slot": (
        Status.NOT_FOUND, "UNKNOWN_KEY", "key_index", lambda node: new_key(node, key_index=5),
    ),
    "signer's slot too great": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "key_index",
        lambda node: new_key(node, key_index=MAX_KEYS),
    ),
    "nonce zero": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "nonce", lambda node: new_key(node, nonce=0),
    ),
    "nonce used": (
        Status.FAILED_PRECONDITION, "NONCE_USED", "nonce",
        lambda node: new_key(node, nonce=1),
    ),
    "slot zero": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "slot", lambda node: new_key(node, slot=0),
    ),
    "slot too great": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "slot",
        lambda node: new_key(node, slot=MAX_KEYS),
    ),
    "slot behind a gap": (
        Status.NOT_FOUND, "UNKNOWN_KEY", "slot", lambda node: new_key(node, slot=3),
    ),
    "no permission": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "permissions",
        lambda node: new_key(node, permissions=0),
    ),
    "permission that is none": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "permissions",
        lambda node: new_key(node, permissions=8),
    ),
    "end in the past": (
        Status.PERMISSION_DENIED, "KEY_EXPIRED", "expiry_time_ms",
        lambda node: new_key(node, expiry_ms=node.clock.now_ms() - 1),
    ),
    "number that is no key": (
        Status.INVALID_ARGUMENT, "INVALID_FIELD", "public_key",
        lambda node: new_key(node, public_key=OFF_THE_CURVE),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ADDITIONS)
async def test_bad_addition_is_refused_with_its_code_and_changes_nothing(
    name: str, tmp_path: Path
) -> None:
    status, code, field, make = ADDITIONS[name]
    async with trading_node(tmp_path) as node:
        await node.stubs.orders.AddKey(
            add_key_message(new_key(node, slot=1, nonce=1, public_key=key_of(1)))
        )
        before = await node.trace()
        request = add_key_message(make(node))
        found, detail = await refusal(node.stubs.orders.AddKey(request))
        assert (found, detail.name, detail.field) == (status, code, field)
        assert await node.trace() == before
        await node.stubs.orders.AddKey(add_key_message(new_key(node)))


async def test_addition_when_bytes_are_wrong_or_missing_then_refused(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        before = await node.trace()
        for change, code, field in (
            ({"public_key": b"\1" * 31}, "MALFORMED_MESSAGE", "public_key"),
            ({"public_key": b""}, "MALFORMED_MESSAGE", "public_key"),
            ({"public_key": b"\xff" * 32}, "FIELD_OUT_OF_RANGE", "public_key"),
            ({"expiry_time_ms": 2**48}, "INVALID_FIELD", "expiry_time_ms"),
        ):
            request = add_key_message(new_key(node, slot=1))
            for name, value in change.items():
                setattr(request, name, value)
            _, detail = await refusal(node.stubs.orders.AddKey(request))
            assert (detail.name, detail.field) == (code, field)
        for call, request in (
            (node.stubs.orders.AddKey, add_key_message(new_key(node, slot=1))),
            (node.stubs.orders.RemoveKey, remove_key_message(removal(node, 0))),
        ):
            request.ClearField("signature")
            _, detail = await refusal(call(request))
            assert (detail.name, detail.field) == ("MISSING_FIELD", "signature")
        assert await node.trace() == before


@pytest.mark.parametrize(
    ("slot", "key_index", "status", "code"),
    [
        (MAX_KEYS, 0, Status.INVALID_ARGUMENT, "INVALID_FIELD"),
        (2, 0, Status.NOT_FOUND, "UNKNOWN_KEY"),
        (0, 0, Status.PERMISSION_DENIED, "OWN_KEY"),
        (1, 1, Status.PERMISSION_DENIED, "OWN_KEY"),
    ],
)
async def test_bad_removal_is_refused_with_its_slot(
    slot: int, key_index: int, status: Status, code: str, tmp_path: Path
) -> None:
    async with trading_node(tmp_path) as node:
        added = new_key(node, slot=1, nonce=1, public_key=key_of(1), permissions=ADMIN)
        await node.stubs.orders.AddKey(add_key_message(added))
        before = await node.trace()
        request = remove_key_message(removal(node, slot, key_index))
        found, detail = await refusal(node.stubs.orders.RemoveKey(request))
        assert (found, detail.name, detail.field) == (status, code, "slot")
        assert await node.trace() == before


async def test_key_when_its_time_is_over_then_refused_with_the_time(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        end_ms = node.clock.now_ms() + 60_000
        added = new_key(
            node, slot=1, public_key=key_of(1), permissions=ALL_PERMISSIONS, expiry_ms=end_ms
        )
        await node.stubs.orders.AddKey(add_key_message(added))
        secret = slot_private_key(2, 1)

        def by_key(tx: Any) -> Any:
            return signed(tx, secret, node.config)

        place = order(node, key=secret, key_index=1, nonce=1, price_ticks=990)
        await node.stubs.orders.PlaceOrder(place_message(place))
        node.move(60_000)
        # A minute is over: whatever comes next, ticks come first.
        await refusal(node.stubs.orders.Withdraw(withdraw_message(by_key(Withdraw(2, 1, 2, 1)))))
        before = await node.trace()
        for call, request in (
            (node.stubs.orders.CancelOrder, cancel_message(by_key(CancelOrder(2, 1, 2, 1)))),
            (node.stubs.orders.Withdraw, withdraw_message(by_key(Withdraw(2, 1, 2, 1)))),
            (node.stubs.orders.RemoveKey, remove_key_message(by_key(RemoveKey(2, 1, 2, 0)))),
        ):
            status, detail = await refusal(call(request))
            assert (status, detail.name) == (Status.PERMISSION_DENIED, "KEY_EXPIRED")
            assert (detail.field, detail.limit) == ("time_ms", str(end_ms - 1))
        assert await node.trace() == before
        # What it sent in time is answered once more.
        again = await node.stubs.orders.PlaceOrder(place_message(place))
        assert again.receipt.order_id == 1


async def test_addition_when_sent_again_then_first_receipt_also_after_the_removal(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        request = add_key_message(new_key(node, slot=1, nonce=1, public_key=key_of(1)))
        first = await node.stubs.orders.AddKey(request)
        await node.stubs.orders.RemoveKey(remove_key_message(removal(node, 1)))
        before = await node.trace()
        assert await node.stubs.orders.AddKey(request) == first
        assert await node.trace() == before
        found = await node.stubs.queries.GetAccount(
            query_service_pb2.GetAccountRequest(account_id=2)
        )
        assert [key.permissions for key in found.account.keys] == [ALL_PERMISSIONS, 0]


async def test_key_changes_when_streamed_then_answered_in_order(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        added = new_key(node, slot=1, nonce=1, public_key=key_of(1))
        place = order(node, key=slot_private_key(2, 1), key_index=1, nonce=1, price_ticks=990)
        requests = [
            order_service_pb2.StreamOrdersRequest(request_id=1, add_key=add_key_message(added)),
            order_service_pb2.StreamOrdersRequest(request_id=2, place=place_message(place)),
            order_service_pb2.StreamOrdersRequest(
                request_id=3, remove_key=remove_key_message(removal(node, 1))
            ),
            order_service_pb2.StreamOrdersRequest(
                request_id=4,
                place=place_message(
                    order(node, key=slot_private_key(2, 1), key_index=1, nonce=2, price_ticks=990)
                ),
            ),
        ]
        call = node.stubs.orders.StreamOrders(iter(requests))
        answers = [answer.WhichOneof("outcome") async for answer in call]
        assert answers == ["key_added", "placed", "key_removed", "error"]


async def test_message_when_its_key_is_replaced_after_the_check_then_refused(
    tmp_path: Path,
) -> None:
    """Signatures are checked ahead of the engine; one of a replaced key could not be proven."""
    async with trading_node(tmp_path) as node:
        await node.stubs.orders.AddKey(
            add_key_message(new_key(node, slot=1, nonce=1, public_key=key_of(1)))
        )
        other = new_key(node, slot=1, nonce=2, public_key=key_of(2))
        late = order(node, key=slot_private_key(2, 1), key_index=1, nonce=1, price_ticks=990)
        commands = [
            Command(tx, node.clock.now_ms(), tx.message_hash(node.config)) for tx in (other, late)
        ]

        def process(engine: Any) -> Any:
            directory = KeyDirectory(node.config, engine.state.accounts)
            checked = verify_group(directory, (), commands)
            assert all(command.is_verified for command in checked)
            return engine.process(checked).outcomes

        replaced, refused = await node.node.runner.call(process)
        assert isinstance(replaced, Accepted)
        assert isinstance(refused, InvalidTransaction)
        assert refused.code is ErrorCode.INVALID_SIGNATURE


async def test_client_when_arguments_are_wrong_then_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as owner:
        before = await node.trace()
        for arguments in (
            (OFF_THE_CURVE, TRADE),
            (-1, TRADE),
            (key_of(1), 0),
            (key_of(1), 8),
        ):
            with pytest.raises(InvalidInputError):
                await owner.add_key(*arguments)
        for slot in (0, MAX_KEYS):
            with pytest.raises(InvalidInputError, match="slot"):
                await owner.add_key(key_of(1), TRADE, slot=slot)
        with pytest.raises(InvalidInputError, match="slot"):
            await owner.remove_key(MAX_KEYS)
        assert await node.trace() == before
        with pytest.raises(RejectedError, match="UNKNOWN_KEY"):
            await owner.remove_key(1)
        tx = replace(new_key(node, slot=1), signature=new_key(node).signature)
        _, detail = await refusal(node.stubs.orders.AddKey(add_key_message(tx)))
        assert detail.name == "INVALID_SIGNATURE"
