"""Keys of an account: what each may sign and until when, how they change, what of them lasts."""

from dataclasses import replace
from typing import Any

import pytest

from novation.crypto import FIELD_PRIME, is_public_key
from novation.protocol.constants import LAST_TIME_MS, MAX_KEYS, NONCE_BOUND, TIME_BOUND
from novation.protocol.encoding import decode_transaction, encode_transaction
from novation.protocol.errors import DecodeError, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import KeyChanged
from novation.protocol.nonces import NonceWindow
from novation.protocol.numeric import pack
from novation.protocol.output import decode_output, encode_output
from novation.protocol.rebuild import apply_output
from novation.protocol.signatures import Signature
from novation.protocol.signing_keys import ALL_PERMISSIONS, Permission, SigningKey
from novation.protocol.state import State
from novation.protocol.storage import decode_account, encode_account
from novation.protocol.transactions import AddKey, CancelOrder, RemoveKey, Withdraw
from tests.support.builders import genesis, private_key, public_key, slot_private_key
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

TRADE, WITHDRAW, ADMIN = Permission


def exchange_of_two() -> Exchange:
    exchange = Exchange()
    exchange.fund(2, 3)
    return exchange


def sign(exchange: Exchange, tx: Any, version: int = 0) -> Any:
    """Return a message with the signature of its key, of some version in the slot."""
    account_id, slot = tx.account_id, tx.key_index
    secret = slot_private_key(account_id, slot, version) if slot else private_key(account_id)
    return exchange.signed(tx, secret)


def new_key(exchange: Exchange, slot: int, permissions: int, **changes: Any) -> AddKey:
    """Return a signed request of account 2's first key."""
    version = changes.pop("version", 0)
    fields = {
        "key_index": 0,
        "nonce": exchange.next_nonce(2),
        "expiry_ms": LAST_TIME_MS,
        "public_key": public_key(slot_private_key(2, slot, version)),
    } | changes
    return sign(exchange, AddKey(account_id=2, slot=slot, permissions=permissions, **fields))


def removal(exchange: Exchange, slot: int, by: int = 0, nonce: int = 0) -> RemoveKey:
    return sign(exchange, RemoveKey(2, by, nonce or exchange.next_nonce(2), slot))


def messages(exchange: Exchange, slot: int, nonce: int) -> dict[Permission, list[Any]]:
    """Return messages of a slot by what they need; order 1 rests."""
    order = exchange.order(2, BUY, 1, 990, key_index=slot, nonce=nonce)
    return {
        TRADE: [order, CancelOrder(2, slot, nonce, 1)],
        WITHDRAW: [Withdraw(2, slot, nonce, 1)],
        ADMIN: [RemoveKey(2, slot, nonce, 0), AddKey(2, slot, nonce, 2, 1, LAST_TIME_MS, 1)],
    }


@pytest.mark.parametrize("permissions", range(1, ALL_PERMISSIONS + 1))
def test_key_when_it_signs_then_its_permissions_decide(permissions: int) -> None:
    exchange = exchange_of_two()
    exchange.place(2, BUY, 1, 990)
    added = exchange.apply(new_key(exchange, 1, permissions))
    key = SigningKey(public_key(slot_private_key(2, 1)), permissions, LAST_TIME_MS)
    assert added.events == (KeyChanged(2, 1, key),)
    nonce = 0
    for needed in Permission:
        for index in range(len(messages(exchange, 1, 1)[needed])):
            nonce += 1
            tx = sign(exchange, messages(exchange, 1, nonce)[needed][index])
            if permissions & needed:
                assert exchange.apply(tx).result_code in (ResultCode.DONE, ResultCode.RESTING)
            else:
                assert exchange.refuse(tx) is ErrorCode.KEY_LACKS_PERMISSION
    exchange.seal()


def test_refusal_when_permission_lacks_then_says_which() -> None:
    exchange = exchange_of_two()
    exchange.apply(new_key(exchange, 1, TRADE))
    with pytest.raises(InvalidTransaction, match=r"key 1 has permissions 1, needs 2 \(WITHDRAW\)"):
        exchange.apply(sign(exchange, Withdraw(2, 1, 1, 1)))


def test_key_when_its_time_is_over_then_refused_from_that_millisecond() -> None:
    exchange = exchange_of_two()
    end_ms = exchange.time_ms + 100
    exchange.apply(new_key(exchange, 1, ALL_PERMISSIONS, expiry_ms=end_ms))
    exchange.time_ms = end_ms - 1
    exchange.apply(sign(exchange, Withdraw(2, 1, 1, 1)))
    exchange.time_ms = end_ms
    tx = sign(exchange, Withdraw(2, 1, 2, 1))
    assert exchange.refuse(tx) is ErrorCode.KEY_EXPIRED
    with pytest.raises(InvalidTransaction, match=f"expired at {end_ms}, now {end_ms}"):
        exchange.apply(tx)


def test_key_when_time_is_at_its_bound_then_only_that_of_the_first_slot_signs() -> None:
    exchange = exchange_of_two()
    exchange.apply(new_key(exchange, 1, ALL_PERMISSIONS))
    exchange.time_ms = LAST_TIME_MS
    assert exchange.refuse(sign(exchange, Withdraw(2, 1, 1, 1))) is ErrorCode.KEY_EXPIRED
    exchange.apply(sign(exchange, Withdraw(2, 0, exchange.next_nonce(2), 1)))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"slot": 0}, ErrorCode.INVALID_FIELD, "slot"),
        ({"slot": MAX_KEYS}, ErrorCode.INVALID_FIELD, "slot"),
        ({"slot": 3}, ErrorCode.UNKNOWN_KEY, "slot"),
        ({"permissions": 0}, ErrorCode.INVALID_FIELD, "permissions"),
        ({"permissions": 8}, ErrorCode.INVALID_FIELD, "permissions"),
        ({"expiry_ms": -1}, ErrorCode.INVALID_FIELD, "expiry_time_ms"),
        ({"expiry_ms": TIME_BOUND}, ErrorCode.INVALID_FIELD, "expiry_time_ms"),
        ({"expiry_ms": 5}, ErrorCode.KEY_EXPIRED, "expiry_time_ms"),
        ({"public_key": -1}, ErrorCode.INVALID_FIELD, "public_key"),
        ({"public_key": FIELD_PRIME}, ErrorCode.INVALID_FIELD, "public_key"),
        ({"key_index": MAX_KEYS}, ErrorCode.INVALID_FIELD, "key_index"),
        ({"key_index": 2}, ErrorCode.UNKNOWN_KEY, "key_index"),
        ({"nonce": 2}, ErrorCode.NONCE_USED, "nonce"),
        ({"nonce": 99}, ErrorCode.INVALID_SIGNATURE, "signature"),
    ],
)
def test_new_key_when_a_field_is_wrong_then_refused_by_name(
    changes: dict[str, int], code: ErrorCode, field: str
) -> None:
    exchange = exchange_of_two()
    exchange.nonces[2] = 1
    exchange.apply(new_key(exchange, 1, ALL_PERMISSIONS))
    tx = replace(new_key(exchange, 2, TRADE), **changes)
    if code in (ErrorCode.UNKNOWN_KEY, ErrorCode.KEY_EXPIRED):
        tx = sign(exchange, tx)
    assert exchange.refuse(tx) is code
    with pytest.raises(InvalidTransaction) as refused:
        exchange.apply(tx)
    assert refused.value.broken.field == field


def test_new_key_when_off_the_curve_then_refused_with_the_next_that_is_on_it() -> None:
    exchange = exchange_of_two()
    off = next(number for number in range(2, 99) if not is_public_key(number))
    tx = new_key(exchange, 1, TRADE, public_key=off)
    assert exchange.refuse(tx) is ErrorCode.INVALID_FIELD
    with pytest.raises(InvalidTransaction) as refused:
        exchange.apply(tx)
    assert is_public_key(refused.value.broken.limit)
    assert refused.value.broken.limit > off


def test_key_change_when_of_its_own_slot_then_refused() -> None:
    exchange = exchange_of_two()
    exchange.apply(new_key(exchange, 1, ALL_PERMISSIONS))
    exchange.apply(new_key(exchange, 2, ALL_PERMISSIONS))
    for slot in (1, 2):
        added = AddKey(2, slot, 1, slot, 1, LAST_TIME_MS, 1)
        assert exchange.refuse(sign(exchange, added)) is ErrorCode.OWN_KEY
    for slot in range(3):
        tx = removal(exchange, slot, by=slot, nonce=9)
        assert exchange.refuse(tx) is ErrorCode.OWN_KEY
    assert exchange.refuse(removal(exchange, 3)) is ErrorCode.UNKNOWN_KEY


def test_first_key_when_removed_then_signs_nothing_but_deposits_still_name_it() -> None:
    exchange = exchange_of_two()
    exchange.apply(new_key(exchange, 1, ADMIN))
    exchange.apply(removal(exchange, 0, by=1, nonce=1))
    for tx in messages(exchange, 0, 50)[TRADE] + messages(exchange, 0, 50)[WITHDRAW]:
        assert exchange.refuse(sign(exchange, tx)) is ErrorCode.KEY_LACKS_PERMISSION
    balance = exchange.balance(2)
    assert exchange.apply(exchange.deposit(2, 5)).result_code is ResultCode.DONE
    assert exchange.balance(2) == balance + 5
    exchange.seal()


def test_orders_when_their_key_is_removed_then_stay_and_fill() -> None:
    exchange = exchange_of_two()
    exchange.apply(new_key(exchange, 1, TRADE))
    order = exchange.order(2, SELL, 3, 1000, key_index=1, nonce=1)
    exchange.apply(sign(exchange, order))
    exchange.apply(removal(exchange, 1))
    assert exchange.refuse(sign(exchange, CancelOrder(2, 1, 2, 1))) is (
        ErrorCode.KEY_LACKS_PERMISSION
    )
    exchange.seal()
    exchange.place(3, BUY, 1, 1000)
    assert (exchange.size(2), exchange.size(3)) == (-1, 1)
    # The account's other keys may cancel them.
    exchange.cancel(2, 1)
    exchange.seal()


def test_old_message_when_its_key_comes_back_then_refused() -> None:
    """Neither the request for a removed key nor a message of that key works a second time."""
    exchange = exchange_of_two()
    request = new_key(exchange, 1, ALL_PERMISSIONS)
    exchange.apply(request)
    used = sign(exchange, Withdraw(2, 1, 7, 1))
    exchange.apply(used)
    exchange.apply(removal(exchange, 1))
    assert exchange.refuse(request) is ErrorCode.NONCE_USED
    exchange.apply(new_key(exchange, 1, TRADE, version=1))
    other = sign(exchange, Withdraw(2, 1, 8, 1))
    assert exchange.refuse(other) is ErrorCode.KEY_LACKS_PERMISSION
    exchange.apply(new_key(exchange, 1, ALL_PERMISSIONS))
    assert exchange.refuse(used) is ErrorCode.NONCE_USED
    assert exchange.state.account(2).windows == (NonceWindow(4), NonceWindow(7))


def test_key_when_replaced_then_its_signatures_count_no_more() -> None:
    exchange = exchange_of_two()
    exchange.apply(new_key(exchange, 1, ALL_PERMISSIONS))
    exchange.apply(new_key(exchange, 1, ALL_PERMISSIONS, version=1))
    tx = Withdraw(2, 1, 1, 1)
    assert exchange.refuse(sign(exchange, tx)) is ErrorCode.INVALID_SIGNATURE
    exchange.apply(sign(exchange, tx, version=1))


def test_key_when_in_two_slots_then_each_has_its_own_rights_and_nonce() -> None:
    exchange = exchange_of_two()
    shared = public_key(slot_private_key(2, 1))
    exchange.apply(new_key(exchange, 1, TRADE, public_key=shared))
    exchange.apply(new_key(exchange, 2, WITHDRAW, public_key=shared))
    for slot, code in ((1, ErrorCode.KEY_LACKS_PERMISSION), (2, None)):
        tx = exchange.signed(Withdraw(2, slot, 1, 1), slot_private_key(2, 1))
        if code is None:
            exchange.apply(tx)
            # The message names its slot: it is none of the other's.
            assert exchange.refuse(replace(tx, key_index=1)) is ErrorCode.KEY_LACKS_PERMISSION
        else:
            assert exchange.refuse(tx) is code
    assert exchange.state.account(2).windows[1:] == (NonceWindow(), NonceWindow(1))


def rebuilt(outputs: list[tuple[int, ...]], exchange: Exchange) -> State:
    state = State.genesis(exchange.config, genesis())
    for output in outputs:
        assert encode_output(decode_output(output)) == output
        apply_output(state, decode_output(output))
    return state


def test_keys_when_changed_in_many_ways_then_whoever_rebuilds_knows_them() -> None:
    """A new account and its keys in one batch, several changes in one, none in another."""
    exchange, outputs = Exchange(), []
    exchange.fund(2, 3)
    for slot in range(1, MAX_KEYS):
        exchange.apply(new_key(exchange, slot, ADMIN if slot == 7 else TRADE))
    outputs.append(exchange.seal().output)
    exchange.place(2, SELL, 1, 1000)
    outputs.append(exchange.seal().output)
    # Opened as a maker first, then its keys change.
    exchange.place(3, BUY, 1, 1000)
    exchange.apply(removal(exchange, 0, by=7, nonce=1))
    exchange.apply(removal(exchange, 3, by=7, nonce=2))
    outputs.append(exchange.seal().output)
    exchange.fund(2, amount_quanta=1)
    outputs.append(exchange.seal().output)
    with_keys = [
        {record.account_id: record.keys is not None for record in decode_output(output).accounts}
        for output in outputs
    ]
    assert [accounts[2] for accounts in with_keys] == [True, False, True, False]
    assert not any(accounts.get(3, False) for accounts in with_keys)
    state = rebuilt(outputs, exchange)
    assert state.accounts == exchange.state.accounts
    assert state.root == exchange.state.root
    keys = state.account(2).keys
    assert [key.permissions for key in keys] == [0, 1, 1, 0, 1, 1, 1, 4]


def test_refused_key_change_when_after_another_then_output_has_the_first() -> None:
    exchange = exchange_of_two()
    exchange.seal()
    assert exchange.refuse(new_key(exchange, 5, TRADE)) is ErrorCode.UNKNOWN_KEY
    exchange.fund(2, amount_quanta=1)
    (record,) = [r for r in decode_output(exchange.seal().output).accounts if r.account_id == 2]
    assert record.keys is None


def test_rebuild_when_keys_of_a_record_are_missing_then_refused() -> None:
    exchange = exchange_of_two()
    exchange.apply(new_key(exchange, 1, TRADE))
    output = decode_output(exchange.seal().output)
    accounts = tuple(replace(record, keys=None) for record in output.accounts)
    with pytest.raises(DecodeError, match="account 2: 2 keys, known 1"):
        apply_output(State.genesis(exchange.config, genesis()), replace(output, accounts=accounts))


@pytest.mark.parametrize("n_keys", range(1, MAX_KEYS + 1))
def test_account_when_stored_then_all_keys_come_back(n_keys: int) -> None:
    account = exchange_of_two().state.account(2)
    for slot in range(1, n_keys):
        account = account.with_key(slot, SigningKey(slot, slot, LAST_TIME_MS - slot))
        account = account.with_window(slot, NonceWindow(NONCE_BOUND - slot, 2**64 - slot))
    data = encode_account(account)
    assert decode_account(data) == account
    for broken in (data[:-1], data + b"\0"):
        with pytest.raises(DecodeError):
            decode_account(broken)
    exchange = exchange_with({2: account})
    exchange.fund(2, amount_quanta=1)
    (record,) = [r for r in decode_output(exchange.seal().output).accounts if r.account_id == 2]
    assert record.windows == account.windows


def test_key_when_packed_then_word_as_specified() -> None:
    key = SigningKey(5, 3, 2**48 - 2)
    assert key.words() == (5, pack((3, 8), (2**48 - 2, 48)))
    assert SigningKey.from_words(*key.words()) == key
    for word in (8, 1 << 56):
        with pytest.raises(DecodeError):
            SigningKey.from_words(5, word)


def test_messages_when_packed_then_words_and_bytes_as_specified() -> None:
    signature = Signature(2, 3)
    added = AddKey(7, 5, 2**61 - 1, 6, 7, 2**48 - 1, FIELD_PRIME - 1, 2**48 - 2, signature)
    usual = ((4, 8), (7, 32), (5, 8), (2**61 - 1, 61), (0, 16), (2**48 - 2, 48))
    word_0 = pack(*usual, (6, 4), (7, 8), (2**48 - 1, 48))
    assert added.message_words() == (word_0, FIELD_PRIME - 1)
    removed = RemoveKey(7, 5, 9, 6, 77, signature)
    usual = ((5, 8), (7, 32), (5, 8), (9, 61), (0, 16), (77, 48))
    assert removed.message_words() == (pack(*usual), 6)
    for tx in (added, removed):
        data = encode_transaction(tx)
        assert decode_transaction(data) == tx
        for broken in (data[:-1], data + b"\0", data[:1] + b"\xff" + data[2:]):
            with pytest.raises(DecodeError):
                decode_transaction(broken)
