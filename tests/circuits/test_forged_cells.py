"""What a dishonest prover may change in the input: nothing, but for a short list with reasons.

A tampered run must fail or show its difference where L1 looks: configuration, old root, times,
operations. No tampering gives another new root behind the same values.
"""

import random
from typing import Any

import pytest

from circuits.program_input import EPHEMERAL_KEY_BASE, ProgramInput, program_input
from novation.crypto import FIELD_PRIME
from novation.protocol.constants import TIME_BOUND
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import ParameterKind
from tests.circuits.forgery import Path, cells, forged, read, run_dishonestly, verdict
from tests.circuits.forging_batches import forging_batches, forging_inputs, random_trading
from tests.circuits.tape import (
    BATCH,
    CORE_ONLY,
    KEYS,
    ORDER_FIELDS,
    ORDER_KEY,
    PREDECESSOR,
    TYPE_LIST_MARKET,
    transaction_places,
)
from tests.support.exchange import BUY, SELL, Exchange

SEED = 2026
COLLATERAL, TIMER, POSITIONS, CACHED_SURPLUS = 3, 4, 5, 7
# Of a slot: its fields without the next one's place, and the first that follows from others.
SLOT_FIELDS, MIN_ORDER_ID, FIRST_CACHED = 8, 5, 6


def is_irrelevant(records: ProgramInput, path: Path, tampered: ProgramInput) -> bool:
    """Say whether the program may ignore this cell, or take any such value for it."""
    if path[0] == "accounts":
        # The cached sum of an opened account: there is no table of prices it belongs to.
        return path[2:] == (CACHED_SURPLUS,)
    if path[0] != "tape":
        return False
    item = records.tape[path[1]]
    if isinstance(item, int):
        # More of the program than the batch needs may be loaded; or a direction of a Merkle climb:
        # any number but 0 means yes.
        return item == 1 and (read(tampered, path) != 0) == (path[1] != CORE_ONLY)
    if path[1] > BATCH and len(item) == ORDER_FIELDS and path[2:] in ((ORDER_KEY,), (PREDECESSOR,)):
        key = item[ORDER_KEY]
        rests = key != 0
        # Only a resting order has a place; one that is gone at the end may have any free key.
        return not rests or (path[2] == ORDER_KEY and int(str(key)) >= EPHEMERAL_KEY_BASE)
    if path[1] > BATCH and len(path) == 3 and path[2] in KEYS.get(len(item), ()):
        return int(str(item[path[2]])) >= EPHEMERAL_KEY_BASE
    # The last type of transaction is whatever is none of the others.
    return path[2:] == (0,) and len(item) == 2 and item[0] == TYPE_LIST_MARKET


def random_change(rng: random.Random) -> int:
    return rng.choice((1, -1, 2, 1 << 16, 1 << 32, rng.randrange(1, FIELD_PRIME)))


def assert_every_cell_is_pinned(sealed: SealedBatch, seed: int) -> None:
    records, rng = program_input(sealed.witness), random.Random(seed)
    assert run_dishonestly(records) == sealed.output
    for path in cells(records):
        change = random_change(rng)
        tampered = forged(records, (path, change))
        outcome = verdict(run_dishonestly(tampered), sealed.output)
        assert outcome != "FORGED", (path, change)
        if outcome == "same":
            assert is_irrelevant(records, path, tampered), (path, change)


@pytest.mark.parametrize("name", forging_batches())
def test_any_cell_when_changed_is_noticed(name: str) -> None:
    assert_every_cell_is_pinned(forging_batches()[name], SEED)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("n_markets", "n_transactions"), [(2, 12), (6, 10), (11, 6)])
def test_any_cell_of_a_random_batch_when_changed_is_noticed(
    seed: int, n_markets: int, n_transactions: int
) -> None:
    for sealed in random_trading(seed, n_markets, n_transactions):
        assert_every_cell_is_pinned(sealed, seed)


# A batch that opens old accounts and old orders.
WITH_EVERY_WORD = "every outcome 2"
# Two cells of one packed word, changed so that the word stays: (cells, shift between them).
POSITION_WORDS = [
    ((0,), (1,), 16),
    ((1,), (2,), 37),
    ((2,), (3,), 37),
    ((3,), (4,), 37),
    ((4,), (5,), 8),
]
ORDER_WORDS = [
    ((0, 0), (0, 1), 48),
    ((0, 1), (0, 6), 32),
    ((0, 6), (0, 7), 16),
    ((0, 7), (0, 5), 1),
    ((0, 5), (1,), 7),
    ((1,), (0, 8), 32),
    ((0, 8), (0, 9), 20),
    ((0, 3), (0, 4), 32),
    ((0, 4), (2,), 48),
    ((2,), (3,), 48),
]
MESSAGE_WORDS = [
    ((0,), (1,), 32),
    ((1,), (2,), 8),
    ((2,), (4,), 61),
    ((4,), (3,), 16),
    ((5,), (6,), 32),
    ((6,), (7,), 32),
    ((7,), (8,), 48),
    ((8,), (9,), 20),
    ((9,), (10,), 1),
    ((10,), (11,), 1),
]
COUNTER_WORDS = [*(((i,), (i + 1,), 48) for i in range(4)), ((5,), (6,), 63)]
MARKET_WORDS = [
    ((0,), (1,), 48),
    ((1,), (2,), 32),
    ((2,), (3,), 48),
    ((5, 0), (4,), 48),
]
RATES = [((1,), (2,), 20), ((2,), (3,), 20), ((3,), (4,), 20), ((4,), (5,), 20), ((5,), (6,), 20)]
UNDERLYING_WORDS = [((0,), (1,), 12), *RATES]
LIMIT_WORDS = [((14,), (15,), 48), ((15,), (16,), 36)]
PARAMETER_WORDS = [((0,), (1,), 8), ((1,), (2,), 8), ((2,), (3,), 8), ((3,), (4,), 32)]
PARAMETERS, FIRST_UNDERLYING = 3, 4
UNDERLYINGS, UNDERLYING_FIELDS = 6, 9
PRICES, TABLE = 5, 6


def price_words(n_prices: int) -> list[Any]:
    """Return the first two prices of the index, and of the first two reports."""
    return [
        ((row, first), (row, first + 1), 48)
        for row, first in ((PRICES, 0), (TABLE, 0), (TABLE, n_prices))
    ]


def other_readings() -> list[tuple[Path, Path, int]]:
    """Return pairs of cells whose packed word a second reading could keep."""
    records = forging_inputs()[WITH_EVERY_WORD]
    tape = [(i, item) for i, item in enumerate(records.tape) if not isinstance(item, int)]
    orders = transaction_places(records)
    updates = [(i, item) for i, item in tape if len(item) == 8 and not isinstance(item[7], int)]
    (update, fields), *_ = updates
    prices = fields[PRICES]
    assert not isinstance(prices, int)
    places: list[tuple[Path, list[Any]]] = [
        (("tape", PARAMETERS), PARAMETER_WORDS),
        (("tape", FIRST_UNDERLYING), [((0,), (1,), 48)]),
        (("tape", BATCH), COUNTER_WORDS),
        (("tape", update), price_words(len(prices))),
        *((("tape", i), MESSAGE_WORDS) for i in orders[:4]),
        *((("orders", key), ORDER_WORDS) for key in records.orders),
        *((("markets", key), MARKET_WORDS) for key in records.markets),
    ]
    terms = ("tape", PARAMETERS, UNDERLYINGS)
    pairs = [((*terms, *low), (*terms, *high), width) for low, high, width in UNDERLYING_WORDS]
    return pairs + [
        ((*place, *low), (*place, *high), width)
        for place, words in places
        for low, high, width in words
    ]


@pytest.mark.parametrize("carry", [1, -1])
def test_second_reading_of_a_packed_word_is_rejected(carry: int) -> None:
    """Move a carry between two fields: word, hash and signature stay, only range checks object."""
    records, pairs = forging_inputs()[WITH_EVERY_WORD], other_readings()
    assert len(pairs) > 100
    for low, high, width in pairs:
        tampered = forged(records, (low, carry << width), (high, -carry))
        assert run_dishonestly(tampered) is None, (low, high, width)


FEE_WORDS = [
    *(((i,), (i + 1,), 10 if i % 2 else 32) for i in range(7)),
    # Between the tiers and the share of insurance is what nobody reaches, and no part of the word.
    ((7,), (9,), 10),
    ((9,), (10,), 10),
]
OPERATION_WORDS: dict[int, list[Any]] = {
    ParameterKind.UNDERLYING: UNDERLYING_WORDS,
    ParameterKind.LIMITS: LIMIT_WORDS,
    ParameterKind.ORACLE_RULE: [((0,), (1,), 8)],
    ParameterKind.FEE_SCHEDULE: FEE_WORDS,
}


@pytest.mark.parametrize("carry", [1, -1])
def test_second_reading_of_an_operation_is_rejected(carry: int) -> None:
    """L1 has the word alone; the prover says what it means."""
    read_kinds: set[int] = set()
    for records in (forging_inputs()["registries 1"], forging_inputs()["fees 1"]):
        tape = [(i, item) for i, item in enumerate(records.tape) if not isinstance(item, int)]
        kinds = {i + 1: item[0] for i, item in tape if len(item) == 3 and item[2] != 0}
        read_kinds.update(kinds.values())
        for place, kind in kinds.items():
            for low, high, width in OPERATION_WORDS.get(kind, []):
                low_cell, high_cell = ("tape", place, *low), ("tape", place, *high)
                tampered = forged(records, (low_cell, carry << width), (high_cell, -carry))
                assert run_dishonestly(tampered) is None, (kind, low)
    assert sorted(read_kinds) == sorted(ParameterKind)


@pytest.mark.parametrize("carry", [1, -1])
def test_second_reading_of_a_position_word_with_fitting_sums_is_rejected(carry: int) -> None:
    """As above, and the cached exposure and long lots are made to fit the forged fields.

    The last pair of fields makes up for a multiple of the prime.
    """
    pairs = [(low[0], high[0], carry << width, -carry) for low, high, width in POSITION_WORDS]
    pairs.append((0, MIN_ORDER_ID, carry, carry * (FIELD_PRIME - 1 >> 135)))
    min_order_ids = set()
    for records in (forging_inputs()[WITH_EVERY_WORD], after_cancel_all()):
        owners = [key for key, record in records.accounts.items() if record[POSITIONS] != 0]
        for place in (("accounts", key, POSITIONS) for key in owners):
            fields = [signed_cell(read(records, (*place, i))) for i in range(SLOT_FIELDS)]
            assert fields[FIRST_CACHED:] == cached(fields)
            min_order_ids.add(fields[MIN_ORDER_ID])
            for low, high, change_low, change_high in pairs:
                changed = list(fields)
                changed[low] += change_low
                changed[high] += change_high
                changed[FIRST_CACHED:] = cached(changed)
                changes = [((*place, i), changed[i] - fields[i]) for i in range(SLOT_FIELDS)]
                tampered = forged(records, *changes)
                assert run_dishonestly(tampered) is None, (place, low, high)
    assert len(min_order_ids) > 1


def after_cancel_all() -> ProgramInput:
    """Return a batch with a deposit alone, which reads no slot: the opening has to object."""
    exchange = Exchange()
    exchange.fund(2)
    exchange.place(2, BUY, 300, 990, market_id=1)
    exchange.cancel_all(2)
    exchange.place(2, SELL, 5, 1010, market_id=1)
    exchange.seal()
    exchange.fund(2)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    assert run_dishonestly(records) == sealed.output
    return records


def cached(fields: list[int]) -> list[int]:
    """Return exposure and long lots of a slot."""
    _, size, buys, sells, *_ = fields
    return [max(size + buys, sells - size), max(size, 0)]


@pytest.mark.parametrize("carry", [1, -1])
def test_second_reading_of_an_order_word_behind_the_prime_is_rejected(carry: int) -> None:
    """The top field of a word makes up for a multiple of the prime in the lowest."""
    records = forging_inputs()[WITH_EVERY_WORD]
    assert records.orders
    for key in records.orders:
        for low, high, bit in ((0, 0), (0, 9), 156), ((0, 3), (3,), 128):
            high_change = carry * (FIELD_PRIME - 1 >> bit)
            changes = (("orders", key, *low), carry), (("orders", key, *high), high_change)
            assert run_dishonestly(forged(records, *changes)) is None, (key, low)


def signed_cell(cell: int) -> int:
    """Return the small number, maybe negative, that a felt stands for."""
    return cell if cell < FIELD_PRIME // 2 else cell - FIELD_PRIME


@pytest.mark.parametrize("carry", [1, -1])
def test_second_reading_of_a_balance_word_is_rejected(carry: int) -> None:
    """The timer stands in the word as what is missing to the last time: both fields move alike.

    A deposit is no reader of the timer, so that nothing but the opening of the record objects.
    """
    exchange = Exchange()
    exchange.fund(2)
    exchange.set_cancel_timer(2, TIME_BOUND // 2)
    exchange.seal()
    exchange.fund(2, amount_quanta=5)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    assert run_dishonestly(records) == sealed.output
    balance, timer = ("accounts", 2, COLLATERAL), ("accounts", 2, TIMER)
    assert run_dishonestly(forged(records, (balance, carry << 120), (timer, carry))) is None
    # A part of the collateral, which stands below the timer, is a fraction of a time.
    fraction = pow(1 << 120, -1, FIELD_PRIME)
    assert run_dishonestly(forged(records, (balance, carry), (timer, carry * fraction))) is None
