"""A prover who wants a message twice, or one that is over: no guess about a nonce helps him."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from circuits import program_input as inputs
from circuits.program_input import Argument, ProgramInput, program_input
from novation.crypto import FIELD_PRIME, hades, sign
from novation.protocol.constants import (
    LAST_TIME_MS,
    MAX_VALIDITY_MS,
    NONCE_BOUND,
    NONCE_STEP,
    SKIPPED_NONCES,
    TIME_BOUND,
)
from novation.protocol.nonces import WINDOW_BITS, NonceWindow
from novation.protocol.orders import TimeInForce
from novation.protocol.rules import signer
from novation.protocol.sealing import SealedBatch
from novation.protocol.signatures import Signature
from novation.protocol.transactions import (
    AddKey,
    CancelAll,
    CancelOrder,
    RemoveKey,
    SetCancelTimer,
    Withdraw,
)
from prover._native import HintView
from tests.circuits.forgery import forged, run_dishonestly, run_with_hints
from tests.circuits.forging_batches import (
    forging_batches,
    forging_inputs,
    signed_by,
    with_slots,
)
from tests.circuits.tape import with_tape
from tests.support.builders import private_key
from tests.support.exchange import BUY, Exchange, exchange_with

Patch = pytest.MonkeyPatch
DIVISION = "ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor)"
WINDOWS_FILE = "circuits/cairo/state/nonce_windows.cairo"
ALL = (1 << SKIPPED_NONCES) - 1


@dataclass
class OtherDivision:
    """Divides another way at the n-th division of nonce_windows.cairo; counts them."""

    target: int = -1
    more: int = 1
    count: int = 0

    def hints(self) -> dict[str, Callable[[HintView], None]]:
        return {DIVISION: self._divide}

    def _divide(self, hint: HintView) -> None:
        if not hint.place.startswith(WINDOWS_FILE):
            hint.run()
            return
        self.count += 1
        if self.count - 1 != self.target:
            hint.run()
            return
        divisor = hint.operand("divisor")
        quotient, remainder = divmod(hint.operand("value"), divisor)
        hint.store(hint.address("quotient"), quotient + self.more)
        hint.store(hint.address("remainder"), remainder - self.more * divisor)


def divisions(records: ProgramInput) -> int:
    """Return how many divisions of windows a run has."""
    counting = OtherDivision()
    run_with_hints(records, counting.hints())
    return counting.count


@pytest.mark.parametrize("name", ["overtaken messages 1", "overtaken messages 2", "several keys 1"])
def test_window_when_divided_another_way_then_no_proof(name: str) -> None:
    """High and skipped, what is kept, and the bit that is cleared have one value each."""
    records = forging_inputs()[name]
    honest = OtherDivision()
    assert run_with_hints(records, honest.hints()) == forging_batches()[name].output
    assert honest.count > 2
    for target in range(honest.count):
        for more in (1, -1):
            assert run_with_hints(records, OtherDivision(target, more).hints()) is None, target


# All that can be guessed of where a nonce is: the next, below, above within the window, far above.
PLACES: list[list[Argument]] = [[0], [1, 0], [1, 1, 0], [1, 1, 1]]


def outputs_of_all_guesses(
    patch: Patch, sealed: SealedBatch, bad: int
) -> Iterator[tuple[int, ...] | None]:
    """Yield what each guess about one nonce proves, with each division done another way, too."""
    honest = inputs._place_of_nonce
    for guess in PLACES:
        patch.setattr(
            inputs,
            "_place_of_nonce",
            lambda window, nonce, guess=guess: guess if nonce == bad else honest(window, nonce),
        )
        records = program_input(sealed.witness)
        yield run_dishonestly(records)
        for target in range(divisions(records)):
            for more in (1, -1):
                yield run_with_hints(records, OtherDivision(target, more).hints())
    patch.setattr(inputs, "_place_of_nonce", honest)


WINDOW = NonceWindow(1000, ALL - 0b100 - (1 << 63) - (1 << 62) - (1 << 61))
BAD_NONCES = {
    "the highest": 1000,
    "used among skipped": 997,
    "used and the lowest": 936,
    "just too old": 935,
    "far too old": 1,
    "none": 0,
    "just too far": 1000 + NONCE_STEP + 1,
}
GOOD_NONCES = {
    "next": 1001,
    "skipped": 999,
    "the lowest skipped": 939,
    "farthest": 1000 + NONCE_STEP,
    "of the shift's end": 1064,
    "behind the shift's end": 1065,
}


def batch_with(patch: Patch, slot: int, nonce: int, *, places: bool) -> SealedBatch:
    """Return a batch whose sequencer takes any nonce."""
    exchange = exchange_with({2: with_slots(2, (WINDOW,) * (1 if slot == 0 else 4))})
    exchange.set_price(1000)
    exchange.seal()
    exchange.refresh_prices()
    patch.setattr(NonceWindow, "refusal", lambda *_: None)
    tx: Any = Withdraw(2, slot, nonce, 1)
    if places:
        tx = exchange.order(2, BUY, 1, 990, key_index=slot, nonce=nonce)
    exchange.apply(signed_by(exchange, slot, tx))
    return exchange.seal()


SIGNERS = [(0, True), (0, False), (1, False), (3, False)]


@pytest.mark.parametrize("name", BAD_NONCES)
@pytest.mark.parametrize(("slot", "places"), SIGNERS)
def test_nonce_when_it_may_not_be_used_then_no_guess_proves_it(
    slot: int, name: str, monkeypatch: Patch, *, places: bool
) -> None:
    for module in ("withdraw", "place_order"):
        monkeypatch.setattr(f"novation.protocol.rules.{module}.validate_{module}", lambda *_: None)
    nonce = BAD_NONCES[name]
    sealed = batch_with(monkeypatch, slot, nonce, places=places)
    outputs = list(outputs_of_all_guesses(monkeypatch, sealed, nonce))
    assert len(outputs) > 4
    assert set(outputs) == {None}


@pytest.mark.parametrize("name", GOOD_NONCES)
@pytest.mark.parametrize(("slot", "places"), SIGNERS)
def test_nonce_when_it_may_be_used_then_all_proofs_agree(
    slot: int, name: str, monkeypatch: Patch, *, places: bool
) -> None:
    nonce = GOOD_NONCES[name]
    sealed = batch_with(monkeypatch, slot, nonce, places=places)
    outputs = list(outputs_of_all_guesses(monkeypatch, sealed, nonce))
    assert set(outputs) == {None, sealed.output}
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output


FORGETFUL: dict[str, Callable[[NonceWindow, NonceWindow], NonceWindow]] = {
    "stays as it was": lambda before, _: before,
    "frees what was used": lambda _, after: replace(after, skipped=after.skipped | 1 << 63),
    "frees all": lambda _, after: replace(after, skipped=ALL),
    "takes what was skipped": lambda _, after: replace(after, skipped=0),
    "goes back": lambda _, after: replace(after, high=after.high - 1),
    "goes ahead": lambda _, after: replace(after, high=after.high + 1),
}


@pytest.mark.parametrize("name", FORGETFUL)
@pytest.mark.parametrize("nonce", [1001, 1002, 999, 1064])
def test_window_after_a_nonce_is_not_the_sequencers_word(
    nonce: int, name: str, monkeypatch: Patch
) -> None:
    """The program's new root is the honest one, or there is none."""
    honest = batch_with(monkeypatch, 0, nonce, places=False).output
    known = NonceWindow.with_used
    monkeypatch.setattr(
        NonceWindow, "with_used", lambda self, used: FORGETFUL[name](self, known(self, used))
    )
    sealed = batch_with(monkeypatch, 0, nonce, places=False)
    assert sealed.output != honest
    assert run_dishonestly(program_input(sealed.witness)) in (None, honest)


def test_skipped_nonces_of_another_key_are_lost_whatever_the_sequencer_says(
    monkeypatch: Patch,
) -> None:
    def replaced() -> SealedBatch:
        exchange = exchange_with({2: with_slots(2, (WINDOW,) * 4)})
        tx = AddKey(2, 0, 1001, 2, 1, LAST_TIME_MS, 1)
        exchange.apply(signed_by(exchange, 0, tx))
        return exchange.seal()

    honest = replaced().output
    monkeypatch.setattr(NonceWindow, "of_another_key", lambda self: self)
    sealed = replaced()
    assert sealed.output != honest
    assert run_dishonestly(program_input(sealed.witness)) in (None, honest)


MESSAGES: dict[str, Callable[[Exchange], Any]] = {
    "order": lambda exchange: exchange.order(2, BUY, 1, 990, nonce=1001),
    "cancel": lambda exchange: CancelOrder(2, 0, 1001, exchange.state.globals.next_order_id - 1),
    "cancel all": lambda _: CancelAll(2, 0, 1001),
    "cancel all of a market": lambda _: CancelAll(2, 0, 1001, 0),
    "timer": lambda _: SetCancelTimer(2, 0, 1001, LAST_TIME_MS),
    "withdrawal": lambda _: Withdraw(2, 0, 1001, 1),
    "new key": lambda _: AddKey(2, 0, 1001, 1, 1, LAST_TIME_MS, 1),
    "removed key": lambda _: RemoveKey(2, 0, 1001, 1),
}


def valid_for(patch: Patch, name: str, left_ms: int) -> SealedBatch:
    """Return a batch with one message, whose sequencer does not look at its end."""
    patch.setattr(signer, "_check_validity", lambda *_: None)
    exchange = exchange_with({2: with_slots(2, (NonceWindow(999), NonceWindow()))})
    exchange.set_price(1000)
    exchange.place(2, BUY, 1, 980)
    exchange.seal()
    exchange.refresh_prices()
    tx = replace(MESSAGES[name](exchange), valid_until_ms=exchange.time_ms + left_ms)
    exchange.apply(signed_by(exchange, 0, tx))
    return exchange.seal()


@pytest.mark.parametrize("left_ms", [0, MAX_VALIDITY_MS])
@pytest.mark.parametrize("name", MESSAGES)
def test_message_when_it_is_just_valid_then_proven(
    name: str, left_ms: int, monkeypatch: Patch
) -> None:
    sealed = valid_for(monkeypatch, name, left_ms)
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output


@pytest.mark.parametrize("left_ms", [-1, MAX_VALIDITY_MS + 1])
@pytest.mark.parametrize("name", MESSAGES)
def test_message_when_it_is_not_valid_then_no_proof(
    name: str, left_ms: int, monkeypatch: Patch
) -> None:
    sealed = valid_for(monkeypatch, name, left_ms)
    assert run_dishonestly(program_input(sealed.witness)) is None


# Fields of a message: the head, then those of its kind.
NONCE, VALID_UNTIL, FIRST = 2, 3, 4
CARRIES = {
    "order": [(NONCE, FIRST, 61), (FIRST, VALID_UNTIL, 16)],
    "cancel all": [(NONCE, FIRST, 61), (FIRST, VALID_UNTIL, 16)],
    "cancel all of a market": [(NONCE, FIRST, 61), (FIRST, VALID_UNTIL, 16)],
    "new key": [(NONCE, VALID_UNTIL, 77), (VALID_UNTIL, FIRST, 48)],
    "withdrawal": [(NONCE, VALID_UNTIL, 77)],
}


def is_head(item: Argument) -> bool:
    """Say whether an item of the tape has the fields of the one message."""
    return not isinstance(item, int) and list(item[:3]) == [2, 0, 1001]


@pytest.mark.parametrize("carry", [1, -1])
@pytest.mark.parametrize("name", CARRIES)
def test_second_reading_of_a_message_is_rejected(name: str, carry: int, monkeypatch: Patch) -> None:
    """The word that was signed stays the same; what it says would not."""
    sealed = valid_for(monkeypatch, name, 1000)
    records = program_input(sealed.witness)
    (place,) = (i for i, item in enumerate(records.tape) if is_head(item))
    for low, high, width in CARRIES[name]:
        low_cell, high_cell = ("tape", place, low), ("tape", place, high)
        changed = forged(records, (low_cell, carry << width), (high_cell, -carry))
        assert run_dishonestly(changed) is None, (low, high)


def test_message_that_is_over_is_not_one_for_the_end_of_time() -> None:
    """Its end and the slot of its key, which stands above, have one reading together."""
    exchange = exchange_with({2: with_slots(2, (NonceWindow(1000), NonceWindow()))})
    exchange.time_ms = LAST_TIME_MS - 1
    over = AddKey(2, 0, 1001, 2, 1, LAST_TIME_MS, 1, valid_until_ms=5)
    message = signed_by(exchange, 0, over)
    honest = AddKey(2, 0, 1001, 1, 1, LAST_TIME_MS, 1)
    exchange.apply(signed_by(exchange, 0, honest))
    records = program_input(exchange.seal().witness)
    place = next(i for i, item in enumerate(records.tape) if is_head(item))
    tape = list(records.tape)
    fields = list(tape[place])  # type: ignore[arg-type]
    fields[VALID_UNTIL] = message.valid_until_ms + TIME_BOUND
    tape[place : place + 2] = [fields, [message.signature.r, message.signature.s]]
    assert run_dishonestly(with_tape(records, tape)) is None


CARRY_UP = 1 << WINDOW_BITS, -1
CARRY_DOWN = -1, pow(1 << WINDOW_BITS, -1, FIELD_PRIME)
# One more below, and above what makes up the prime.
CARRY_PRIME = 1, (FIELD_PRIME - 1) >> WINDOW_BITS


@pytest.mark.parametrize(
    ("slot", "carry", "nonce"),
    [
        (0, CARRY_DOWN, 1000),
        (1, CARRY_UP, 1000),
        (2, CARRY_DOWN, 1000),
        (3, CARRY_UP, 1000),
        (0, CARRY_PRIME, 1002),
        (2, CARRY_PRIME, 1002),
    ],
)
def test_window_read_otherwise_beside_another_is_rejected(
    slot: int, carry: tuple[int, int], nonce: int, monkeypatch: Patch
) -> None:
    """The word of two windows stays the same; the last nonce would be the next, or one be lost."""
    exchange = exchange_with({2: with_slots(2, (1000,) * 4)})
    exchange.set_price(1000)
    exchange.seal()
    exchange.refresh_prices()
    monkeypatch.setattr(NonceWindow, "refusal", lambda *_: None)
    monkeypatch.setattr(inputs, "_place_of_nonce", lambda *_: [0])
    tx: Any = Withdraw(2, slot, nonce, 1)
    if slot != 3:
        tx = exchange.order(2, BUY, 1, 990, key_index=slot, nonce=nonce)
    exchange.apply(signed_by(exchange, slot, tx))
    records = program_input(exchange.seal().witness)
    if slot < 2:
        cells: list[tuple[Any, ...]] = [("accounts", 2, 1), ("accounts", 2, 0, 3, 0)]
    else:
        place = next(i for i, item in enumerate(records.tape) if item == [1000, 1000])
        cells = [("tape", place, 0), ("tape", place, 1)]
    changed = forged(records, *zip(cells, carry, strict=True))
    assert run_dishonestly(changed) is None


@pytest.mark.parametrize("kind", ["withdraw", "place_order"])
def test_nonce_beyond_the_last_is_rejected(kind: str, monkeypatch: Patch) -> None:
    """A window that grew over its bits would begin anew."""
    exchange = exchange_with({2: with_slots(2, (NONCE_BOUND - 1,))})
    exchange.set_price(1000)
    exchange.sign = False
    tx: Any = Withdraw(2, 0, 1, 1, valid_until_ms=exchange.time_ms)
    if kind == "place_order":
        # One that does not rest keeps its nonce nowhere else.
        tx = exchange.order(2, BUY, 1, 990, nonce=1, time_in_force=TimeInForce.IOC)
    word_0, word_1 = tx.message_words()
    word_0 += NONCE_BOUND - 1 << 48
    r, s = sign(hades(word_0, word_1, exchange.config.config_hash)[0], private_key(2))
    monkeypatch.setattr(f"novation.protocol.rules.{kind}.validate_{kind}", lambda *_: None)
    monkeypatch.setattr(NonceWindow, "word", lambda self: self.high + (self.skipped << 61))
    exchange.apply(replace(tx, nonce=NONCE_BOUND, signature=Signature(r, s)))
    sealed = exchange.seal()
    for guess in PLACES:
        monkeypatch.setattr(inputs, "_place_of_nonce", lambda *_, guess=guess: guess)
        assert run_dishonestly(program_input(sealed.witness)) is None
