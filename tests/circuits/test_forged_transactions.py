"""Transactions and slots other than the state transition's: rejected, or harmless and said so."""

from typing import Any

from circuits.merkle_guesses import merkle_guesses
from circuits.program_input import (
    EPHEMERAL_KEY_BASE,
    ORDER_KEY_BASE,
    ProgramInput,
    program_input,
)
from novation.protocol.constants import MARKET_TREE_HEIGHT, ORDER_TREE_HEIGHT
from novation.protocol.output import decode_output
from novation.protocol.rebuild import apply_output
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from novation.protocol.transactions import ParameterKind
from novation.protocol.witness import NodeValue
from tests.circuits.forgery import forged, header_checked_by_l1, run_dishonestly, verdict
from tests.circuits.forging_batches import forging_batches, forging_inputs
from tests.circuits.tape import (
    BATCH,
    N_EPHEMERAL,
    N_MARKETS,
    N_OPERATIONS,
    N_ORDERS,
    N_TRANSACTIONS,
    ORDER_KEY,
    TYPE_LIST_MARKET,
    transaction_places,
    with_counts,
    with_tape,
)
from tests.support.builders import genesis, underlying
from tests.support.exchange import BUY, Exchange

FIRST, SECOND = "every outcome 1", "every outcome 2"
LAST_SLOT = (1 << ORDER_TREE_HEIGHT) - 1


def test_transaction_repeated_is_rejected() -> None:
    """The second use of a signature meets its own nonce."""
    records = forging_inputs()[FIRST]
    for place in transaction_places(records)[:4]:
        tape = list(records.tape)
        tape[place - 1 : place - 1] = tape[place - 1 : place + 3]
        assert run_dishonestly(with_counts(records, tape, {N_TRANSACTIONS: 1})) is None


def test_transaction_left_out_is_never_the_same_state() -> None:
    records = forging_inputs()[FIRST]
    for place in transaction_places(records):
        tape = list(records.tape)
        del tape[place - 1 : place + 3]
        assert run_dishonestly(with_counts(records, tape, {N_TRANSACTIONS: -1})) is None


def test_time_going_back_is_rejected() -> None:
    records = forging_inputs()[FIRST]
    place = transaction_places(records)[0] - 1
    tampered = forged(records, (("tape", place, 1), -5), (("tape", place + 4, 1), 5))
    assert run_dishonestly(tampered) is None


def test_new_order_in_an_occupied_slot_is_rejected() -> None:
    occupied = next(iter(forging_inputs()[SECOND].orders.values()))[0][2]
    for place in transaction_places(forging_inputs()[SECOND]):
        key = forging_inputs()[SECOND].tape[place][ORDER_KEY]
        if ORDER_KEY_BASE <= key < EPHEMERAL_KEY_BASE:
            change = occupied - key
            tampered = forged(forging_inputs()[SECOND], (("tape", place, ORDER_KEY), change))
            assert run_dishonestly(tampered) is None


def test_surviving_order_kept_out_of_the_tree_is_rejected() -> None:
    for records in (forging_inputs()[FIRST], forging_inputs()[SECOND]):
        for place in transaction_places(records):
            key = records.tape[place][ORDER_KEY]
            if ORDER_KEY_BASE <= key < EPHEMERAL_KEY_BASE:
                change = EPHEMERAL_KEY_BASE + 99 - key
                tampered = forged(records, (("tape", place, ORDER_KEY), change))
                assert run_dishonestly(tampered) is None
                break


def test_batch_without_transactions_is_rejected() -> None:
    """It would move time and batch number by nobody's order."""
    records = forging_inputs()[FIRST]
    batch = list(records.tape[BATCH])
    batch[N_TRANSACTIONS:] = [0] * len(batch[N_TRANSACTIONS:])
    # Behind it are the parameters and a word for each underlying.
    end = BATCH + 2 + len(forging_batches()[FIRST].witness.old_underlyings)
    tape = [*records.tape[:BATCH], batch, *records.tape[BATCH + 1 : end]]
    assert run_dishonestly(with_tape(records, tape)) is None


def listing_only(market_id: int, *, is_known: bool) -> tuple[ProgramInput, SealedBatch]:
    """Return an update of prices with a listing that Python knows, or that the prover adds."""
    exchange = Exchange()
    exchange.set_underlying(2, underlying(symbol="SOL-USD", multiplier=100))
    exchange.set_price(10_000)
    exchange.seal()
    path = exchange.state.markets_tree.siblings([market_id])
    exchange.refresh_prices()
    if is_known:
        exchange.list_market(market_id)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    if is_known:
        return records, sealed
    nodes = [NodeValue(level, index, value) for (level, index), value in path.items()]
    # What is added needs the whole program.
    tape = [0, *records.tape[1:], [TYPE_LIST_MARKET, 0], [market_id]]
    tape += merkle_guesses(MARKET_TREE_HEIGHT, [market_id], nodes)
    return with_counts(records, tape, {N_TRANSACTIONS: 1, N_MARKETS: 1}), sealed


def test_market_that_is_listed_cannot_be_listed_anew() -> None:
    """It would forget the book and the open interest."""
    _, honest = listing_only(2, is_known=True)
    added, _ = listing_only(2, is_known=False)
    assert run_dishonestly(added) == honest.output
    for market_id in (0, 1):
        added, _ = listing_only(market_id, is_known=False)
        assert run_dishonestly(added) is None, market_id


def test_market_that_the_batch_knows_cannot_be_listed_anew() -> None:
    records = forging_inputs()["registries 1"]
    place = next(i for i, item in enumerate(records.tape) if item == [TYPE_LIST_MARKET, 0])
    for market_id in (0, 1, 2):
        tape = list(records.tape)
        tape[place + 2 : place + 2] = [[TYPE_LIST_MARKET, 0], [market_id]]
        assert run_dishonestly(with_counts(records, tape, {N_TRANSACTIONS: 1})) is None, market_id


def test_operation_left_out_is_shown_to_l1() -> None:
    """L1 compares the operations with its queue, and their number with its position."""
    records, honest = forging_inputs()["registries 1"], forging_batches()["registries 1"].output
    place = next(
        i
        for i, item in enumerate(records.tape)
        if not isinstance(item, int) and item[:2] == [ParameterKind.ORACLE_KEY, 3]
    )
    tape = list(records.tape)
    del tape[place - 1 : place + 1]
    counts = {N_TRANSACTIONS: -1, N_OPERATIONS: -1}
    output = run_dishonestly(with_counts(records, tape, counts))
    assert verdict(output, honest) == "shown to L1"


def with_order_key(records: ProgramInput, key: int) -> list[Any]:
    """Return the tape with another key of the only order."""
    (place,) = transaction_places(records)
    tape = list(records.tape)
    tape[place] = [key if field == ORDER_KEY else x for field, x in enumerate(tape[place])]
    return tape


def test_slot_that_nothing_touched_cannot_be_listed() -> None:
    """An order that is born and gone takes the key of an empty slot: four changes at once."""
    for slot in (0, 12345, LAST_SLOT):
        exchange = Exchange()
        exchange.fund(2)
        exchange.place(2, BUY, 1, 990)
        exchange.cancel(2, 1)
        sealed = exchange.seal()
        records = program_input(sealed.witness)
        assert run_dishonestly(records) == sealed.output
        tape = with_order_key(records, ORDER_KEY_BASE + slot)
        siblings = sealed.witness.market_siblings
        end = len(tape) - len(list(merkle_guesses(MARKET_TREE_HEIGHT, [0], siblings)))
        tape[end:end] = merkle_guesses(ORDER_TREE_HEIGHT, [slot], ())
        tampered = with_counts(records, tape, {N_ORDERS: 1, N_EPHEMERAL: -1})
        assert run_dishonestly(tampered) is None, slot


def with_survivor_in(slot: int) -> tuple[list[SealedBatch], tuple[int, ...]]:
    """Return two batches, and an output of the second whose only order has another slot."""
    exchange = Exchange()
    exchange.fund(2)
    first = exchange.seal()
    exchange.place(2, BUY, 1, 990)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    # Behind the path of the order is that of its market.
    honest_path = list(merkle_guesses(ORDER_TREE_HEIGHT, [0], ()))
    siblings = sealed.witness.market_siblings
    end = -len(list(merkle_guesses(MARKET_TREE_HEIGHT, [0], siblings)))
    tape = with_order_key(records, ORDER_KEY_BASE + slot)
    assert tape[end - len(honest_path) : end] == honest_path
    tape[end - len(honest_path) : end] = merkle_guesses(ORDER_TREE_HEIGHT, [slot], ())
    output = run_dishonestly(with_tape(records, tape))
    assert output is not None
    return [first, sealed], output


def test_slot_of_a_survivor_is_the_provers_choice_and_harmless() -> None:
    """L1 sees nothing else, the state is the same but for the slot, and who rebuilds follows."""
    (first, sealed), output = with_survivor_in(LAST_SLOT)
    assert header_checked_by_l1(output) == header_checked_by_l1(sealed.output)
    assert output != sealed.output
    states = []
    for second in (sealed.output, output):
        state = State.genesis(sealed.witness.config, genesis())
        for felts in (first.output, second):
            apply_output(state, decode_output(felts))
        states.append(state)
    honest, other = states
    assert (other.accounts, other.orders, other.markets) == (
        honest.accounts,
        honest.orders,
        honest.markets,
    )
    assert other.slot_of_order == {1: LAST_SLOT}
