"""A sequencer that leaves out a rule of dead orders, timers or pruning: no proof of it exists.

As in `test_rules_left_out.py`, each case breaks one rule by one; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from circuits.program_input import ProgramInput, program_input
from novation.crypto import FIELD_PRIME, hades, sign
from novation.protocol.constants import (
    LAST_TIME_MS,
    MAX_ORDERS_PER_SLOT,
    MESSAGE_CANCEL_ALL,
    NONCE_BOUND,
    RESUME_GAP_MS,
)
from novation.protocol.orders import RestingOrder, Side, TimeInForce, VisitOutcome
from novation.protocol.rules import cancel_order, matching, place_order, prune_order
from novation.protocol.rules.book import remove_order
from novation.protocol.sealing import SealedBatch, seal_batch
from novation.protocol.signatures import first_message_word
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions import CancelAll, SetCancelTimer
from prover._native import HintView
from tests.circuits.forgery import (
    LatestRecords,
    assert_no_lie_proves,
    assert_proven,
    run_dishonestly,
)
from tests.circuits.forging_batches import add_key, remove_key
from tests.circuits.tape import N_TRANSACTIONS, with_counts, with_tape
from tests.support.builders import private_key
from tests.support.exchange import BUY, ONE_HOUR_MS, SELL, Exchange

Patch = pytest.MonkeyPatch


def with_orders(expiry_in_ms: int = 1_000) -> Exchange:
    """Return an exchange whose account 2 has a position, a bid (3) and an ask (4) at 1001."""
    exchange = Exchange()
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 1, 1000)
    exchange.place(3, BUY, 1, 1000)
    expiry_time_ms = exchange.time_ms + expiry_in_ms
    exchange.place(2, BUY, 1, 990, expiry_time_ms=expiry_time_ms)
    exchange.place(2, SELL, 5, 1001, expiry_time_ms=expiry_time_ms)
    exchange.seal()
    return exchange


# Rules of time: a batch at whose end a rule holds for the last time, or for the first, is claimed
# to have ended a millisecond later, or earlier.


def order_by_the_timed_out(exchange: Exchange) -> None:
    exchange.place(2, BUY, 1, 989)


def quotes_by_the_timed_out(exchange: Exchange) -> None:
    exchange.quote(2, (BUY, 1, 989))


def fill_of_the_timed_out(exchange: Exchange) -> None:
    exchange.place(4, BUY, 1, 1001)


def cancellation_by_the_timed_out(exchange: Exchange) -> None:
    exchange.cancel(2, 3)


def cancel_all_by_the_timed_out(exchange: Exchange) -> None:
    exchange.cancel_all(2)


def timer_by_the_timed_out(exchange: Exchange) -> None:
    """It would revive what has died."""
    exchange.set_cancel_timer(2, LAST_TIME_MS)


def withdrawal_by_the_timed_out(exchange: Exchange) -> None:
    exchange.apply(exchange.withdrawal(2, 1))


def pruning_of_the_timed_out(exchange: Exchange) -> None:
    """The order has expired before: its lots would be given back, and then once more."""
    exchange.prune(4)


def timer_in_the_past(exchange: Exchange) -> None:
    exchange.set_cancel_timer(3, exchange.time_ms + 1)


WITH_A_TIMER = [
    order_by_the_timed_out,
    quotes_by_the_timed_out,
    fill_of_the_timed_out,
    cancellation_by_the_timed_out,
    cancel_all_by_the_timed_out,
    timer_by_the_timed_out,
    withdrawal_by_the_timed_out,
    pruning_of_the_timed_out,
    timer_in_the_past,
]
APPLYING = [act for act in WITH_A_TIMER if act is not timer_in_the_past]


def timer_runs_out_next(act: Callable[[Exchange], None]) -> SealedBatch:
    """The timer of account 2 has a millisecond left."""
    exchange = with_orders(expiry_in_ms=20 if act is pruning_of_the_timed_out else 1_000)
    exchange.set_cancel_timer(2, exchange.time_ms + 40)
    exchange.time_ms += 39
    act(exchange)
    return exchange.seal()


def timer_has_run_out(act: Callable[[Exchange], None]) -> SealedBatch:
    """The timer of account 2 is applied in the very millisecond that it runs out."""
    exchange = with_orders(expiry_in_ms=20 if act is pruning_of_the_timed_out else 1_000)
    exchange.set_cancel_timer(2, exchange.time_ms + 40)
    exchange.time_ms += 40
    act(exchange)
    assert exchange.state.batch is not None
    assert exchange.state.batch.timed_out == (2,)
    return exchange.seal()


def pruning_of_the_just_expired() -> SealedBatch:
    exchange = with_orders(expiry_in_ms=50)
    exchange.time_ms += 50
    exchange.prune(4)
    return exchange.seal()


def moved(sealed: SealedBatch, by_ms: int) -> ProgramInput:
    """Return the input of a batch whose last transaction is claimed to be of another time."""
    entries = list(sealed.witness.entries)
    entries[-1] = replace(entries[-1], time_ms=entries[-1].time_ms + by_ms)
    return program_input(replace(sealed.witness, entries=tuple(entries)))


@pytest.mark.parametrize("act", WITH_A_TIMER)
def test_timer_when_it_has_run_out_then_nobody_reads_the_slots_without_it(
    act: Callable[[Exchange], None],
) -> None:
    sealed = timer_runs_out_next(act)
    assert run_dishonestly(moved(sealed, 0)) == sealed.output
    assert run_dishonestly(moved(sealed, 1)) is None


@pytest.mark.parametrize("act", APPLYING)
def test_timer_when_it_has_a_millisecond_left_then_not_applied(
    act: Callable[[Exchange], None],
) -> None:
    sealed = timer_has_run_out(act)
    assert run_dishonestly(moved(sealed, 0)) == sealed.output
    assert run_dishonestly(moved(sealed, -1)) is None


def test_pruning_when_the_order_lives_for_a_millisecond_then_no_proof() -> None:
    sealed = pruning_of_the_just_expired()
    assert run_dishonestly(moved(sealed, 0)) == sealed.output
    assert run_dishonestly(moved(sealed, -1)) is None


@pytest.mark.parametrize("repeats", [1, 2])
def test_timer_when_applied_twice_then_no_proof(repeats: int) -> None:
    sealed = timer_has_run_out(order_by_the_timed_out)
    *entries, last = sealed.witness.entries
    last = replace(last, timed_out=last.timed_out * repeats)
    records = program_input(replace(sealed.witness, entries=(*entries, last)))
    assert run_dishonestly(records) == (sealed.output if repeats == 1 else None)


def test_timer_when_keys_and_balance_change_then_runs_on() -> None:
    exchange = with_orders()
    exchange.set_cancel_timer(2, exchange.time_ms + 40)
    for slot in (1, 2):
        add_key(exchange, 2, slot, LAST_TIME_MS, Permission.ADMIN)
    exchange.fund(2, amount_quanta=1)
    remove_key(exchange, 2, 1, by=2)
    sealed = exchange.seal()
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output
    assert exchange.state.account(2).cancel_all_at_ms == exchange.time_ms + 40


# Rules of ids and counts: Python's check is off.


def fill_of_a_cancelled_order(patch: Patch, excess: int) -> SealedBatch:
    """The newest order that was cancelled with all others, or the first behind them."""
    exchange = with_orders()
    exchange.cancel_all(2)
    # Its lots are what the sum would lose.
    exchange.place(2, SELL, 5, 1001 + excess)
    if not excess:
        exchange.prune(4)
    patch.setattr(matching, "cause_of_death", nothing_to_skip)
    exchange.place(4, BUY, 1, 1001)
    return seal_batch(exchange.state)


def nothing_to_skip(*_: object) -> None:
    """Say that a maker is alive."""


def fill_of_an_expired_order(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_orders(expiry_in_ms=50)
    exchange.time_ms += 49 + excess
    patch.setattr(matching, "cause_of_death", nothing_to_skip)
    exchange.place(4, BUY, 1, 1001)
    return exchange.seal()


def pruning_of_a_living_order(patch: Patch, excess: int) -> SealedBatch:
    """The newest order that was cancelled, or the first behind it."""
    exchange = with_orders()
    exchange.cancel_all(2)
    exchange.place(2, SELL, 5, 1002)
    patch.setattr(prune_order, "cause_of_death", lambda *_: VisitOutcome.EXPIRED)
    exchange.prune(4 + excess)
    return exchange.seal()


def pruning_of_a_living_reduce_only_order(patch: Patch, excess: int) -> SealedBatch:
    """It reserves nothing, as one that was cancelled with all others does not either."""
    exchange = with_orders()
    exchange.place(2, SELL, 1, 1000)
    exchange.place(3, BUY, 1, 1000)
    order_id = exchange.state.globals.next_order_id
    expiry_ms = exchange.time_ms + 1 + excess
    exchange.place(3, SELL, 1, 1003, reduce_only=True, expiry_time_ms=expiry_ms)
    exchange.time_ms += 1
    patch.setattr(prune_order, "cause_of_death", lambda *_: VisitOutcome.EXPIRED)
    exchange.prune(order_id)
    return exchange.seal()


def pruning_of_an_order_that_reduces(patch: Patch, excess: int, *, is_short: bool) -> SealedBatch:
    """Its position is closed, or has a lot left."""
    exchange = with_orders()
    opening, closing = (SELL, BUY) if is_short else (BUY, SELL)
    for side, lots in ((opening, 2), (closing, 2 - excess)):
        if side is closing:
            order_id = exchange.state.globals.next_order_id
            exchange.place(4, closing, 2, 1000 + (3 if closing is SELL else -3), reduce_only=True)
        exchange.place(3, side.other, lots, 1000)
        exchange.place(4, side, lots, 1000)
    patch.setattr(prune_order, "may_be_pruned_idle", lambda *_: True)
    exchange.prune(order_id)
    return exchange.seal()


def pruning_of_an_order_behind_the_gap(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_orders(expiry_in_ms=10**9)
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    exchange.place(2, SELL, 5, 1002, time_in_force=TimeInForce.POST_ONLY)
    patch.setattr(prune_order, "cause_of_death", lambda *_: VisitOutcome.KILLED)
    exchange.prune(4 + excess)
    return exchange.seal()


def one_order_too_many(patch: Patch, excess: int) -> SealedBatch:
    """Dead orders count, and those of both sides."""
    exchange = Exchange()
    exchange.fund(2)
    patch.setattr(place_order, "MAX_ORDERS_PER_SLOT", MAX_ORDERS_PER_SLOT + excess)
    for index in range(MAX_ORDERS_PER_SLOT - 1 + excess):
        exchange.place(2, (BUY, SELL)[index % 2], 1, (990, 1010)[index % 2])
    exchange.cancel_all(2)
    exchange.place(2, BUY, 1, 990)
    return exchange.seal()


def cancelling_by_message_of_another_order(patch: Patch, excess: int) -> SealedBatch:
    exchange = with_orders()
    nonce = exchange.state.order(3).nonce
    patch.setattr(State, "order_id_of", lambda *_: 3 + excess)
    exchange.cancel_placed_by(2, nonce)
    return exchange.seal()


def cancelling_of_a_strangers_order(patch: Patch, excess: int, *, by_message: bool) -> SealedBatch:
    """Two accounts have orders of the same key slot and nonce, and slots alike."""
    exchange = Exchange()
    exchange.fund(2, 3)
    for account_id in (2, 3):
        exchange.place(account_id, BUY, 1, 990)
    exchange.seal()
    first, second = (exchange.state.order(order_id) for order_id in (1, 2))
    assert first.origin == second.origin
    taken = exchange.state.order(1 + excess)
    patch.setattr(cancel_order, "named_order", lambda *_: taken)
    patch.setattr(cancel_order, "take_off_book", off_the_first_slot)
    if by_message:
        exchange.cancel_placed_by(2, first.nonce)
    else:
        exchange.cancel(2, 1 + excess)
    return seal_batch(exchange.state)


def off_the_first_slot(state: State, order: RestingOrder) -> int:
    """Take an order off the slot of account 2, whosever it is."""
    account = state.account(2)
    slot = account.position(order.market_id).without_order(order)
    state.set_account(2, account.with_position(slot))
    return remove_order(state, order)


CASES: list[Callable[[Patch, int], SealedBatch]] = [
    fill_of_a_cancelled_order,
    fill_of_an_expired_order,
    pruning_of_a_living_order,
    pruning_of_a_living_reduce_only_order,
    partial(pruning_of_an_order_that_reduces, is_short=False),
    partial(pruning_of_an_order_that_reduces, is_short=True),
    pruning_of_an_order_behind_the_gap,
    one_order_too_many,
    cancelling_by_message_of_another_order,
    partial(cancelling_of_a_strangers_order, by_message=False),
    partial(cancelling_of_a_strangers_order, by_message=True),
]


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_keeps_the_rule_by_one_then_proven(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    assert_proven(case(monkeypatch, 0))


@pytest.mark.parametrize("case", CASES)
def test_batch_when_it_breaks_the_rule_by_one_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    sealed = case(monkeypatch, 1)
    assert run_dishonestly(program_input(sealed.witness)) is None


@pytest.mark.parametrize("case", [case for case in CASES if case is not one_order_too_many])
def test_batch_when_it_breaks_the_rule_and_the_prover_lies_then_no_proof(
    case: Callable[[Patch, int], SealedBatch], monkeypatch: Patch
) -> None:
    """Whatever is said when the program asks which of two numbers is larger."""
    assert_no_lie_proves(case(monkeypatch, 1))


# Fields of messages that Python would not even build.


class OtherOrder(LatestRecords):
    """Gives the record of order 4 for that of order 3."""

    def order(self, hint: HintView, log: int, order_id: int) -> int:
        return super().order(hint, log, 4 if order_id == 3 else order_id)


@pytest.mark.parametrize("named", [4, 3])
def test_cancellation_when_it_names_another_order_then_no_proof(
    named: int, monkeypatch: Patch
) -> None:
    """The record that the prover gives is that of another order of the account."""
    exchange = with_orders()
    taken = exchange.state.order(4)
    monkeypatch.setattr(cancel_order, "named_order", lambda *_: taken)
    message = exchange.cancellation(2, named)
    exchange.apply(message)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    tape = list(records.tape)
    head = [2, 0, message.nonce, message.valid_until_ms]
    tape[tape.index([*head, 4, 0, 0])] = [*head, named, 0, 0]
    output = run_dishonestly(with_tape(records, tape), latest=OtherOrder)
    assert output == (sealed.output if named == 4 else None)


def test_cancellation_when_it_names_half_an_order_then_no_proof() -> None:
    """Between id and message: a signed cancellation of one order would serve for every other."""
    exchange = with_orders()
    message = exchange.cancellation(2, 3)
    exchange.apply(message)
    named = exchange.seal()
    assert run_dishonestly(program_input(named.witness)) == named.output
    exchange = with_orders()
    other = exchange.state.order(4)
    exchange.apply(exchange.cancellation(2, 4))
    records = program_input(exchange.seal().witness)
    by_message = (3 - 4) * pow((other.origin << 48) - 4, -1, FIELD_PRIME)
    tape = list(records.tape)
    head = [2, 0, message.nonce, message.valid_until_ms]
    (place,) = (i for i, item in enumerate(tape) if item == [*head, 4, 0, 0])
    signature = message.signature
    tape[place : place + 2] = [
        [*head, 4, by_message % FIELD_PRIME, 0],
        [signature.r, signature.s],
    ]
    assert run_dishonestly(with_tape(records, tape)) is None


@pytest.mark.parametrize("later_nonce", [0, 1, 5])
def test_cancel_all_when_used_again_with_another_market_then_no_proof(later_nonce: int) -> None:
    """The market stands above the nonce: a fraction of one would make up for a higher nonce."""
    exchange = with_orders()
    message = exchange.signed(CancelAll(2, 0, exchange.next_nonce(2), 1))
    exchange.apply(message)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    tape = list(records.tape)
    place = tape.index([2, 0, message.nonce, message.valid_until_ms, 1, 1])
    assert run_dishonestly(records) == sealed.output
    if later_nonce == 0:
        again = list(tape[place])
    else:
        fraction = 1 - later_nonce * pow(NONCE_BOUND, -1, FIELD_PRIME)
        head = [2, 0, message.nonce + later_nonce, message.valid_until_ms]
        again = [*head, fraction % FIELD_PRIME, 1]
    tape[place + 3 : place + 3] = [tape[place - 1], again, tape[place + 1], 0]
    assert run_dishonestly(with_counts(records, tape, {N_TRANSACTIONS: 1})) is None


@pytest.mark.parametrize(
    ("market_id", "is_one_market", "is_proven"),
    [(1, 1, True), (0, 0, True), (1, 0, False), (0, 2, False), (0, -1, False)],
)
def test_cancel_all_when_its_words_have_no_meaning_then_no_proof(
    market_id: int, is_one_market: int, *, is_proven: bool
) -> None:
    """A client signed what is neither one market nor all: nobody may choose what he meant."""
    exchange = with_orders()
    honest = CancelAll(2, 0, exchange.next_nonce(2), market_id if is_one_market == 1 else None)
    honest = exchange.signed(honest)
    exchange.apply(honest)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    fields = [market_id, is_one_market % FIELD_PRIME]
    word_0 = first_message_word(MESSAGE_CANCEL_ALL, honest, market_id)
    message_hash = hades(word_0, fields[1], exchange.config.config_hash)[0]
    signature = list(sign(message_hash, private_key(2)))
    tape = list(records.tape)
    head = [2, 0, honest.nonce, honest.valid_until_ms]
    place = tape.index([*head, honest.market_id or 0, int(is_one_market == 1)])
    tape[place : place + 2] = [[*head, *fields], signature]
    assert run_dishonestly(with_tape(records, tape)) == (sealed.output if is_proven else None)


@pytest.mark.parametrize("excess_ms", [0, 1, 2**48])
def test_timer_when_behind_the_last_time_then_no_proof(excess_ms: int) -> None:
    """It would borrow from the other fields of the balance word."""
    exchange = with_orders()
    honest = SetCancelTimer(2, 0, exchange.next_nonce(2), LAST_TIME_MS)
    honest = exchange.signed(honest)
    exchange.apply(honest)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    at_ms = LAST_TIME_MS + excess_ms
    message = exchange.signed(replace(honest, cancel_all_at_ms=at_ms))
    tape = list(records.tape)
    head = [2, 0, honest.nonce, honest.valid_until_ms]
    place = tape.index([*head, LAST_TIME_MS])
    signature = [message.signature.r, message.signature.s]
    tape[place : place + 2] = [[*head, at_ms], signature]
    output = run_dishonestly(with_tape(records, tape))
    assert output == (None if excess_ms else sealed.output)


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("predecessor_id", [1, 0, 2, 3])
@pytest.mark.parametrize("is_pruned", [False, True])
def test_order_when_another_is_said_to_stand_before_it_then_no_proof(
    side: Side, predecessor_id: int, *, is_pruned: bool
) -> None:
    """As the head it would take all before it out of the book; 1 stands before 2, 2 before 3.

    All in one batch, so that the market and every order have been opened.
    """
    exchange = Exchange()
    exchange.fund(2)
    for _ in range(3):
        exchange.place(2, side, 1, 1000, expiry_time_ms=exchange.time_ms + 1)
    exchange.time_ms += 1
    if is_pruned:
        exchange.prune(2)
    else:
        exchange.cancel(2, 2)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    tape = list(records.tape)
    until_ms = exchange.time_ms + ONE_HOUR_MS
    honest = [2, 1] if is_pruned else [2, 0, 4, until_ms, 2, 0, 1]
    tape[tape.index(honest)] = [*honest[:-1], predecessor_id]
    output = run_dishonestly(with_tape(records, tape))
    assert output == (sealed.output if predecessor_id == 1 else None)
