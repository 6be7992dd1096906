"""A sequencer that leaves a rule of keys out: no proof of the batch exists.

As in `test_rules_left_out.py`, each case breaks one rule; the control keeps it by as little.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from circuits.program_input import ProgramInput, program_input
from circuits.records import Argument
from novation.crypto import FIELD_PRIME, hades, sign
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import LAST_TIME_MS, MESSAGE_ADD_KEY, MESSAGE_REMOVE_KEY
from novation.protocol.nonces import NonceWindow
from novation.protocol.rules import change_keys, signer
from novation.protocol.sealing import SealedBatch
from novation.protocol.signatures import MESSAGE_WORD_0_BITS, UNSIGNED, Signature
from novation.protocol.signing_keys import Permission, SigningKey
from novation.protocol.transactions import (
    AddKey,
    CancelAll,
    CancelOrder,
    RemoveKey,
    SetCancelTimer,
    Withdraw,
)
from tests.circuits.forgery import assert_proven, header_checked_by_l1, ignored, run_dishonestly
from tests.circuits.forging_batches import add_key, remove_key, signed_by
from tests.circuits.tape import BATCH, with_tape
from tests.support.builders import private_key, public_key, slot_private_key
from tests.support.exchange import BUY, ONE_HOUR_MS, Exchange

Patch = pytest.MonkeyPatch
TRADE, WITHDRAW, ADMIN = Permission
ALL = TRADE + WITHDRAW + ADMIN


def with_keys(*permissions: int, expiry_ms: int = LAST_TIME_MS) -> Exchange:
    """Return an exchange whose account 2 has a resting order and keys behind the first."""
    exchange = Exchange()
    exchange.fund(2, 3)
    exchange.place(2, BUY, 1, 990)
    for slot, granted in enumerate(permissions, 1):
        add_key(exchange, 2, slot, expiry_ms, granted)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def sign_without_permission(
    make: Callable[[Exchange], Any], needed: int, patch: Patch, bad: int
) -> SealedBatch:
    """Let a key sign that may do all, or all but what is needed."""
    exchange = with_keys(ALL - needed * bad)
    patch.setattr(signer, "_check_key", ignored)
    exchange.apply(signed_by(exchange, 1, make(exchange)))
    return exchange.seal()


def placed(exchange: Exchange) -> Any:
    return exchange.order(2, BUY, 1, 989, key_index=1, nonce=1)


def cancelled(_: Exchange) -> Any:
    return CancelOrder(2, 1, 1, 1)


def all_cancelled(_: Exchange) -> Any:
    return CancelAll(2, 1, 1)


def timed(_: Exchange) -> Any:
    return SetCancelTimer(2, 1, 1, LAST_TIME_MS)


def withdrawn(_: Exchange) -> Any:
    return Withdraw(2, 1, 1, 1)


def added(_: Exchange) -> Any:
    return AddKey(2, 1, 1, 2, 1, LAST_TIME_MS, 1)


def removed(_: Exchange) -> Any:
    return RemoveKey(2, 1, 1, 0)


def expired_key(patch: Patch, bad: int) -> SealedBatch:
    exchange = with_keys(ALL, expiry_ms=1_700_000_001_000)
    exchange.time_ms = 1_700_000_001_000 - 1 + bad
    patch.setattr(signer, "_check_key", ignored)
    exchange.apply(signed_by(exchange, 1, cancelled(exchange)))
    return exchange.seal()


def removed_key(patch: Patch, bad: int) -> SealedBatch:
    exchange = with_keys(ALL, ALL)
    if bad:
        remove_key(exchange, 2, 1, by=2)
    patch.setattr(signer, "_check_key", ignored)
    exchange.apply(signed_by(exchange, 1, cancelled(exchange)))
    return exchange.seal()


def removed_first_key(patch: Patch, bad: int, *, places: bool) -> SealedBatch:
    exchange = with_keys(ALL)
    if bad:
        remove_key(exchange, 2, 0, by=1)
    patch.setattr(signer, "_check_key", ignored)
    if places:
        exchange.place(2, BUY, 1, 989)
    else:
        exchange.cancel(2, 1)
    return exchange.seal()


def key_that_was_replaced(patch: Patch, bad: int) -> SealedBatch:
    """A sequencer that checked the signature before another key took the slot."""
    exchange = with_keys(ALL)
    if bad:
        key = public_key(slot_private_key(2, 5))
        exchange.apply(signed_by(exchange, 0, AddKey(2, 0, 99, 1, ALL, LAST_TIME_MS, key)))
    patch.setattr(signer, "check_signature", ignored)
    exchange.apply(signed_by(exchange, 1, cancelled(exchange)))
    return exchange.seal()


def replay_after_removal(_: Patch, bad: int) -> SealedBatch:
    """The old AddKey once more, when its key has been removed."""
    exchange = with_keys(ALL)
    old = signed_by(exchange, 0, AddKey(2, 0, 50, 1, ALL, LAST_TIME_MS, 1))
    exchange.apply(old)
    exchange.apply(signed_by(exchange, 0, RemoveKey(2, 0, 51, 1)))
    if bad:
        lower_first_nonce(exchange)
        exchange.apply(old)
    return exchange.seal()


def lower_first_nonce(exchange: Exchange) -> None:
    state = exchange.state
    state.accounts[2] = state.account(2).with_window(0, NonceWindow(49))


def old_message_of_a_slot(_: Patch, bad: int) -> SealedBatch:
    """A key comes back to its slot, whose nonce the sequencer sets back."""
    exchange = with_keys(ALL)
    exchange.apply(signed_by(exchange, 1, Withdraw(2, 1, 7, 1)))
    exchange.apply(signed_by(exchange, 0, RemoveKey(2, 0, 50, 1)))
    key = public_key(slot_private_key(2, 1))
    exchange.apply(signed_by(exchange, 0, AddKey(2, 0, 51, 1, ALL, LAST_TIME_MS, key)))
    if bad:
        exchange.state.accounts[2] = exchange.state.account(2).with_window(1, NonceWindow())
    exchange.apply(signed_by(exchange, 1, Withdraw(2, 1, 8 - bad, 1)))
    return exchange.seal()


def add(patch: Patch, good: dict[str, int], bad: dict[str, int], is_bad: int) -> SealedBatch:
    """Add a key with fields that keep a rule, or break it."""
    exchange = with_keys(ALL, ALL)
    exchange.time_ms += 1
    for name in ("_check_slot", "validate_add_key"):
        patch.setattr(change_keys, name, ignored)
    patch.setattr(change_keys, "check_key_change", unchecked)
    fields = {"slot": 3, "permissions": ALL, "expiry_ms": exchange.time_ms + 1, "key_index": 0}
    fields |= bad if is_bad else good
    if fields["expiry_ms"] == 0:
        fields["expiry_ms"] = exchange.time_ms
    tx = AddKey(2, nonce=90, public_key=1, **fields)  # type: ignore[arg-type]
    exchange.apply(signed_by(exchange, tx.key_index, tx))
    return exchange.seal()


def unchecked(state: Any, tx: Any, **_: object) -> Any:
    """Return what check_key_change does, of anything."""
    account = state.account(tx.account_id)
    if isinstance(tx, AddKey):
        return account, tx.key()
    return account, account.keys[tx.slot % len(account.keys)].removed()


def remove(patch: Patch, good: dict[str, int], bad: dict[str, int], is_bad: int) -> SealedBatch:
    exchange = with_keys(ALL, ALL)
    patch.setattr(change_keys, "check_key_change", unchecked)
    fields = {"slot": 2, "key_index": 1} | (bad if is_bad else good)
    tx = RemoveKey(2, nonce=90, **fields)
    exchange.apply(signed_by(exchange, tx.key_index, tx))
    return exchange.seal()


@dataclass(frozen=True, slots=True)
class Words:
    """Any two words, to be signed."""

    word_0: int
    word_1: int
    signature: Signature = UNSIGNED

    def message_words(self) -> tuple[int, int]:
        return self.word_0, self.word_1

    def message_hash(self, config: ExchangeConfig) -> int:
        return hades(self.word_0, self.word_1, config.config_hash)[0]


def is_flat(item: Sequence[Argument]) -> bool:
    """Return whether an item of the tape has numbers alone, as a key change does."""
    return all(isinstance(value, int) for value in item)


def forged_message(
    n_keys: int, good: AddKey | RemoveKey, changes: dict[int, int]
) -> tuple[SealedBatch, ProgramInput]:
    """Return an honest key change, and the input with other fields, which its signer signed."""
    exchange = with_keys(*[ALL] * (n_keys - 1))
    exchange.apply(signed_by(exchange, 0, good))
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    tape, fields = list(records.tape), (10 if isinstance(good, AddKey) else 5)
    place = next(
        i
        for i, item in enumerate(tape)
        if i > BATCH and not isinstance(item, int) and len(item) == fields and is_flat(item)
    )
    item = [(x + changes.get(i, 0)) % FIELD_PRIME for i, x in enumerate(tape[place])]
    account_id, key_index, nonce, valid_until_ms, slot, *rest = item
    message_type = MESSAGE_ADD_KEY if rest else MESSAGE_REMOVE_KEY
    word_0 = message_type + (account_id << 8) + (key_index << 40) + (nonce << 48)
    word_0, word_1 = word_0 + (valid_until_ms << 125), slot
    if rest:
        trade, withdraw, admin, expiry_ms, word_1 = rest
        rights = slot + (trade + 2 * withdraw + 4 * admin << 4) + (expiry_ms << 12)
        word_0 = (word_0 + (rights << MESSAGE_WORD_0_BITS)) % FIELD_PRIME
    message = signed_by_first(exchange, Words(word_0, word_1))
    tape[place : place + 2] = [item, [message.signature.r, message.signature.s]]
    return sealed, with_tape(records, tape)


def signed_by_first(exchange: Exchange, message: Words) -> Words:
    r, s = sign(message.message_hash(exchange.config), private_key(2))
    return replace(message, signature=Signature(r, s))


NEW = AddKey(2, 0, 90, 2, ALL, LAST_TIME_MS, 1)
SLOT, TRADE_FIELD, EXPIRY = 4, 5, 8


@pytest.mark.parametrize(
    ("n_keys", "good", "changes"),
    [
        (2, NEW, {TRADE_FIELD: 1}),
        (2, NEW, {TRADE_FIELD: 8}),
        (2, NEW, {TRADE_FIELD + 1: 1}),
        (2, NEW, {TRADE_FIELD + 2: 2}),
        (2, NEW, {EXPIRY: 1}),
        (2, NEW, {SLOT: 1}),
        (2, NEW, {SLOT: -2}),
        (8, replace(NEW, slot=7), {SLOT: 1}),
        (8, RemoveKey(2, 0, 90, 7), {SLOT: 1}),
        (8, RemoveKey(2, 0, 90, 7), {SLOT: 8}),
        (8, RemoveKey(2, 0, 90, 7), {SLOT: -8}),
    ],
)
def test_key_change_when_signed_with_other_fields_then_no_proof(
    n_keys: int, good: AddKey | RemoveKey, changes: dict[int, int]
) -> None:
    """What Python would not even build: the program bounds each field by itself."""
    sealed, same = forged_message(n_keys, good, {})
    assert run_dishonestly(same) == sealed.output
    _, records = forged_message(n_keys, good, changes)
    assert run_dishonestly(records) is None


CASES: dict[str, Callable[[Patch, int], SealedBatch]] = {
    "order": partial(sign_without_permission, placed, TRADE),
    "cancellation": partial(sign_without_permission, cancelled, TRADE),
    "cancel-all": partial(sign_without_permission, all_cancelled, TRADE),
    "timer": partial(sign_without_permission, timed, TRADE),
    "withdrawal": partial(sign_without_permission, withdrawn, WITHDRAW),
    "new key": partial(sign_without_permission, added, ADMIN),
    "removal": partial(sign_without_permission, removed, ADMIN),
    "expired key": expired_key,
    "removed key": removed_key,
    "removed first key": partial(removed_first_key, places=False),
    "order by a removed first key": partial(removed_first_key, places=True),
    "key that was replaced": key_that_was_replaced,
    "replay after removal": replay_after_removal,
    "old message of a slot": old_message_of_a_slot,
    "new key in the first slot": lambda p, b: add(p, {"slot": 1}, {"slot": 0, "key_index": 1}, b),
    "new key behind a gap": lambda p, b: add(p, {"slot": 3}, {"slot": 4}, b),
    "new key in its own slot": lambda p, b: add(
        p, {"slot": 1, "key_index": 2}, {"slot": 2, "key_index": 2}, b
    ),
    "new key without permissions": lambda p, b: add(p, {"permissions": 1}, {"permissions": 0}, b),
    "new key that has expired": lambda p, b: add(p, {}, {"expiry_ms": 0}, b),
    "removal of its own slot": lambda p, b: remove(p, {"slot": 2}, {"slot": 1}, b),
}


@pytest.mark.parametrize("name", CASES)
def test_batch_when_it_keeps_the_rule_then_proven(name: str, monkeypatch: Patch) -> None:
    assert_proven(CASES[name](monkeypatch, 0))


@pytest.mark.parametrize("name", CASES)
def test_batch_when_it_breaks_the_rule_then_no_proof(name: str, monkeypatch: Patch) -> None:
    sealed = CASES[name](monkeypatch, 1)
    assert run_dishonestly(program_input(sealed.witness)) is None


def test_key_behind_the_list_is_nobodys() -> None:
    """The prover writes a key of his own behind the account's: no hash has it."""
    exchange = with_keys()
    exchange.cancel(2, 1)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    tape, owner = list(records.tape), records.accounts[2][0][0]
    until_ms = exchange.time_ms + ONE_HOUR_MS
    (place,) = (i for i, item in enumerate(tape) if item == [2, 0, 2, until_ms, 1, 0, 0])
    cancel = CancelOrder(2, 1, 1, 1)
    stranger = SigningKey.full(public_key(slot_private_key(2, 1)))
    signature = signed_by(exchange, 1, cancel).signature
    fields = [2, 1, 1, until_ms, 1, 0, 0]
    tape[place : place + 2] = [fields, [signature.r, signature.s], [1, 1, 1]]
    accounts = dict(records.accounts)
    accounts[2] = [[[*owner, *stranger.words()], *accounts[2][0][1:]], *accounts[2][1:]]
    assert run_dishonestly(replace(records, accounts=accounts, tape=tape)) is None


def test_changed_keys_cannot_be_kept_from_the_output() -> None:
    """Whoever rebuilds needs them: the program writes them whatever the sequencer says."""
    honest = with_keys(ALL)
    remove_key(honest, 2, 1, by=0)
    expected = honest.seal().output
    exchange = with_keys(ALL)
    remove_key(exchange, 2, 1, by=0)
    assert exchange.state.batch is not None
    exchange.state.batch.changed_keys.clear()
    sealed = exchange.seal()
    output = run_dishonestly(program_input(sealed.witness))
    assert output is not None
    assert output == expected != sealed.output
    assert header_checked_by_l1(output) == header_checked_by_l1(sealed.output)
