"""What a dishonest prover may change: nothing, but for a short list with reasons.

A tampered run must fail or show its difference where L1 looks: configuration, old root, times,
operations. No tampering gives another new root behind the same values.
"""

import random
from typing import Any

import pytest

from circuits.program_input import EPHEMERAL_KEY_BASE, ORDER_KEY_BASE, ProgramInput, program_input
from novation.crypto import FIELD_PRIME
from novation.protocol.sealing import SealedBatch
from prover._native import CairoRunError, HintView
from tests.circuits.forgery import (
    Flip,
    LatestRecords,
    Path,
    cells,
    first_of_segment,
    forged,
    header_checked_by_l1,
    read,
    run_dishonestly,
)
from tests.support.scenarios import every_outcome

SEED = 2026
BATCHES = every_outcome()
INPUTS = tuple(program_input(sealed.witness) for sealed in BATCHES)
BATCH, N_TRANSACTIONS = 1, 8
ORDER_FIELDS = 14
ORDER_KEY, PREDECESSOR = 12, 13
POSITIONS, CACHED_SURPLUS = 4, 6
TYPE_ORACLE_UPDATE = 4


def verdict(records: ProgramInput, sealed: SealedBatch) -> str:
    """Say what became of a tampered input."""
    output = run_dishonestly(records)
    if output is None:
        return "rejected"
    if output == sealed.output:
        return "same"
    shown = header_checked_by_l1(output) != header_checked_by_l1(sealed.output)
    return "shown to L1" if shown else "FORGED"


def is_irrelevant(records: ProgramInput, path: Path, tampered: ProgramInput) -> bool:
    """Say whether the program may ignore this cell, or take any such value for it."""
    if path[0] == "accounts":
        # The cached sum of an opened account: there is no table of prices it belongs to.
        return path[2:] == (CACHED_SURPLUS,)
    if path[0] != "tape":
        return False
    item = records.tape[path[1]]
    if isinstance(item, int):
        # A direction of a Merkle climb: any number but 0 means yes.
        return item == 1 and read(tampered, path) != 0
    if path[1] > BATCH and len(item) == ORDER_FIELDS and path[2:] in ((ORDER_KEY,), (PREDECESSOR,)):
        key = item[ORDER_KEY]
        rests = key != 0
        # Only a resting order has a place; one that is gone at the end may have any free key.
        return not rests or (path[2] == ORDER_KEY and int(str(key)) >= EPHEMERAL_KEY_BASE)
    # The last type of transaction is whatever is none of the others.
    return path[2:] == (0,) and len(item) == 2 and item[0] == TYPE_ORACLE_UPDATE


def assert_harmless(index: int, path: Path, change: int) -> None:
    tampered = forged(INPUTS[index], (path, change))
    outcome = verdict(tampered, BATCHES[index])
    assert outcome != "FORGED", (SEED, index, path, change)
    if outcome == "same":
        assert is_irrelevant(INPUTS[index], path, tampered), (SEED, index, path, change)


def random_change(rng: random.Random) -> int:
    return rng.choice((1, -1, 2, 1 << 16, 1 << 32, rng.randrange(1, FIELD_PRIME)))


def test_honest_inputs_give_the_honest_outputs() -> None:
    for records, sealed in zip(INPUTS, BATCHES, strict=True):
        assert verdict(records, sealed) == "same"


@pytest.mark.parametrize("part", range(4))
def test_any_cell_of_the_first_batch_when_changed_is_noticed(part: int) -> None:
    rng = random.Random(SEED + part)
    for path in list(cells(INPUTS[0]))[part::4]:
        assert_harmless(0, path, random_change(rng))


@pytest.mark.parametrize("part", range(4))
def test_any_cell_of_the_second_batch_when_changed_is_noticed(part: int) -> None:
    rng = random.Random(SEED + part)
    for path in list(cells(INPUTS[1]))[part::4]:
        assert_harmless(1, path, random_change(rng))


# Two cells of one packed word, changed so that the word stays: (cells, shift between them).
ACCOUNT_WORDS = [((2,), (3,), 100)]
POSITION_WORDS = [((0,), (1,), 16), ((1,), (2,), 37), ((2,), (3,), 37)]
ORDER_WORDS = [
    ((0, 0), (0, 1), 48),
    ((0, 1), (0, 6), 32),
    ((0, 6), (0, 7), 16),
    ((0, 7), (0, 5), 1),
    ((0, 5), (1,), 7),
    ((0, 3), (0, 4), 32),
    ((0, 4), (2,), 48),
    ((2,), (3,), 48),
]
MESSAGE_WORDS = [
    ((0,), (1,), 32),
    ((1,), (2,), 8),
    ((2,), (3,), 62),
    ((4,), (5,), 32),
    ((5,), (6,), 32),
    ((6,), (7,), 48),
    ((7,), (8,), 20),
    ((8,), (9,), 1),
    ((9,), (10,), 1),
]
COUNTER_WORDS = [((i,), (i + 1,), 48) for i in range(4)]
MARKET_WORDS = [
    ((0,), (1,), 48),
    ((1,), (6,), 56),
    ((2,), (3,), 48),
    ((3,), (4,), 32),
    ((4,), (5,), 48),
]
CONFIG_WORDS = [
    ((0,), (1,), 8),
    ((1,), (2,), 8),
    ((2,), (3,), 8),
    ((4, 0), (4, 1), 12),
    ((4, 1), (4, 2), 20),
    ((4, 2), (4, 3), 20),
    ((4, 3), (4, 4), 20),
    ((4, 4), (4, 5), 20),
    ((4, 5), (4, 6), 20),
]
PRICE_WORDS = [((5, 0), (5, 1), 48), ((6, 0), (6, 1), 48), ((6, 5), (6, 6), 48)]


def other_readings() -> list[tuple[Path, Path, int]]:
    """Return pairs of cells whose packed word a second reading could keep."""
    records = INPUTS[1]
    tape = [(i, item) for i, item in enumerate(records.tape) if not isinstance(item, int)]
    orders = transaction_places(records)
    updates = [i for i, item in tape if len(item) == 8 and not isinstance(item[7], int)]
    places: list[tuple[Path, list[Any]]] = [
        (("tape", 0), CONFIG_WORDS),
        (("tape", BATCH), COUNTER_WORDS),
        (("tape", 2), MARKET_WORDS),
        (("tape", updates[0]), PRICE_WORDS),
        *((("tape", i), MESSAGE_WORDS) for i in orders[:4]),
        *((("accounts", key), ACCOUNT_WORDS) for key in records.accounts),
        *((("orders", key), ORDER_WORDS) for key in records.orders),
    ]
    return [
        ((*place, *low), (*place, *high), width)
        for place, words in places
        for low, high, width in words
    ]


@pytest.mark.parametrize("carry", [1, -1])
def test_second_reading_of_a_packed_word_is_rejected(carry: int) -> None:
    """Move a carry between two fields: word, hash and signature stay, only range checks object."""
    pairs = other_readings()
    assert len(pairs) > 100
    for low, high, width in pairs:
        tampered = forged(INPUTS[1], (low, carry << width), (high, -carry))
        assert verdict(tampered, BATCHES[1]) == "rejected", (low, high, width)


@pytest.mark.parametrize("carry", [1, -1])
def test_second_reading_of_a_position_word_with_fitting_sums_is_rejected(carry: int) -> None:
    """As above, and the cached exposure and long lots are made to fit the forged fields."""
    records = INPUTS[1]
    places = [("accounts", key, 4) for key, x in records.accounts.items() if x[POSITIONS] != 0]
    for place in places:
        for low, high, width in POSITION_WORDS:
            fields = [read(records, (*place, i)) for i in range(6)]
            changed = list(fields)
            changed[low[0]] += carry << width
            changed[high[0]] -= carry
            _, size, buys, sells, *_ = changed
            changed[4:] = max(size + buys, sells - size), max(size, 0)
            changes = [((*place, i), changed[i] - fields[i]) for i in range(6)]
            assert verdict(forged(records, *changes), BATCHES[1]) == "rejected", (place, width)


EITHER_WAY = {
    # A maximum or minimum of two equal values may be proven as either.
    "state/positions.cairo",
    "book/makers.cairo",
    # A quick test that makes no claim when it is declined; the full rule decides.
    "transactions/place_order.cairo",
    "margin.cairo",
}


@pytest.mark.parametrize("index", [0, 1])
def test_comparison_when_told_wrong_changes_nothing(index: int) -> None:
    counting = Flip()
    assert run_dishonestly(INPUTS[index], counting) == BATCHES[index].output
    assert counting.count > 50
    for target in range(counting.count):
        flip = Flip(target)
        output = run_dishonestly(INPUTS[index], flip)
        assert output in (None, BATCHES[index].output), (target, flip.place)
        if output is not None:
            name = flip.place.removeprefix("circuits/cairo/").split(":")[0]
            assert name in EITHER_WAY, flip.place


class StaleRecords(LatestRecords):
    """Answers every lookup of an account with the record of the last but one."""

    def account(self, hint: HintView, log: int, account_id: int) -> int:
        return super().account(hint, max(log - 9, first_of_segment(log)), account_id)

    def read_log(self, hint: HintView, end: int) -> None:
        if end > self.read_to.get(first_of_segment(end), -1):
            super().read_log(hint, end)


def test_lookups_when_honest_give_the_honest_outputs() -> None:
    """The dishonest lookups below differ from the program's hints in nothing else."""
    for records, sealed in zip(INPUTS, BATCHES, strict=True):
        assert run_dishonestly(records, latest=LatestRecords) == sealed.output


def test_stale_account_records_are_rejected() -> None:
    for records in INPUTS:
        assert run_dishonestly(records, latest=StaleRecords) is None


def items(records: ProgramInput) -> list[Any]:
    return list(records.tape)


def transaction_places(records: ProgramInput) -> list[int]:
    """Return where the orders of the tape are: header, fields, signature."""
    return [
        i
        for i, item in enumerate(records.tape)
        if i > BATCH and not isinstance(item, int) and len(item) == ORDER_FIELDS
    ]


def with_tape(records: ProgramInput, tape: list[Any]) -> ProgramInput:
    return ProgramInput(records.accounts, records.orders, tape)


def with_transactions(records: ProgramInput, tape: list[Any], change: int) -> ProgramInput:
    batch = list(tape[BATCH])
    batch[N_TRANSACTIONS] += change
    return with_tape(records, [*tape[:BATCH], batch, *tape[BATCH + 1 :]])


def test_transaction_repeated_is_rejected() -> None:
    """The second use of a signature meets its own nonce."""
    records = INPUTS[0]
    for place in transaction_places(records)[:4]:
        tape = items(records)
        tape[place - 1 : place - 1] = tape[place - 1 : place + 2]
        assert verdict(with_transactions(records, tape, 1), BATCHES[0]) == "rejected"


def test_transaction_left_out_is_never_the_same_state() -> None:
    records = INPUTS[0]
    for place in transaction_places(records):
        tape = items(records)
        del tape[place - 1 : place + 2]
        assert verdict(with_transactions(records, tape, -1), BATCHES[0]) == "rejected"


def test_time_going_back_is_rejected() -> None:
    records = INPUTS[0]
    place = transaction_places(records)[0] - 1
    tampered = forged(records, (("tape", place, 1), -5), (("tape", place + 3, 1), 5))
    assert verdict(tampered, BATCHES[0]) == "rejected"


def test_new_order_in_an_occupied_slot_is_rejected() -> None:
    occupied = next(iter(INPUTS[1].orders.values()))[0][2]
    for place in transaction_places(INPUTS[1]):
        key = INPUTS[1].tape[place][ORDER_KEY]
        if ORDER_KEY_BASE <= key < EPHEMERAL_KEY_BASE:
            change = occupied - key
            tampered = forged(INPUTS[1], (("tape", place, ORDER_KEY), change))
            assert verdict(tampered, BATCHES[1]) == "rejected"


def test_surviving_order_kept_out_of_the_tree_is_rejected() -> None:
    for index, records in enumerate(INPUTS):
        for place in transaction_places(records):
            key = records.tape[place][ORDER_KEY]
            if ORDER_KEY_BASE <= key < EPHEMERAL_KEY_BASE:
                change = EPHEMERAL_KEY_BASE + 99 - key
                tampered = forged(records, (("tape", place, ORDER_KEY), change))
                assert verdict(tampered, BATCHES[index]) == "rejected"
                break


class RecordsOfAnotherKind(LatestRecords):
    """Answers with an order where an account or a market is asked for, once there is one."""

    def account(self, hint: HintView, log: int, account_id: int) -> int:
        genuine = super().account(hint, log, account_id)
        return next(iter(self.orders.values()), genuine)

    def market(self, hint: HintView, log: int, market_id: int) -> int:
        genuine = super().market(hint, log, market_id)
        return next(iter(self.orders.values()), genuine)


def test_record_of_another_kind_is_rejected() -> None:
    assert any(records.orders for records in INPUTS)
    for records in INPUTS:
        if records.orders:
            assert run_dishonestly(records, latest=RecordsOfAnotherKind) is None


class NewOrderBehindItself(LatestRecords):
    """Names a resting order as its own predecessor, so that nobody can ever meet it."""

    def order(self, hint: HintView, log: int, order_id: int) -> int:
        for record in range(hint.fp, hint.fp + 40):
            if self._is_order(hint, record, order_id):
                # Its successor is what it says itself: the list may end here.
                hint.store(record + 2, 0)
                hint.store(record + 3, 0)
                return record
        return super().order(hint, log, order_id)

    @staticmethod
    def _is_order(hint: HintView, record: int, order_id: int) -> bool:
        try:
            return hint.load(hint.load(record)) == order_id
        except CairoRunError:
            return False


def test_resting_order_behind_itself_is_rejected() -> None:
    # The last order of the first batch rests, and nothing after it looks at the book.
    records = INPUTS[0]
    places = transaction_places(records)
    place, order_id = places[-1], len(places)
    assert records.tape[place][ORDER_KEY]
    change = order_id - records.tape[place][PREDECESSOR]
    tampered = forged(records, (("tape", place, PREDECESSOR), change))
    assert run_dishonestly(tampered, latest=NewOrderBehindItself) is None


def test_batch_without_transactions_is_rejected() -> None:
    """It would move time and batch number by nobody's order."""
    records = INPUTS[0]
    batch = list(records.tape[BATCH])
    batch[N_TRANSACTIONS:] = [0] * len(batch[N_TRANSACTIONS:])
    n_markets = len(BATCHES[0].witness.config.markets)
    tape = [*records.tape[:BATCH], batch, *records.tape[BATCH + 1 : BATCH + 1 + n_markets]]
    assert run_dishonestly(with_tape(records, tape)) is None
