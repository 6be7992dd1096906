"""A dishonest prover's hints: comparisons told wrong, records and arrays that are not theirs."""

from collections.abc import Callable
from typing import Any

import pytest

from circuits.program_input import (
    MARKET_KEY_BASE,
    ORDER_KEY_BASE,
    ProgramInput,
    program_input,
)
from novation.protocol.sealing import SealedBatch
from prover._native import CairoRunError, HintView
from tests.circuits.forgery import (
    LOG_ENTRY_CELLS,
    SEGMENT_BITS,
    Flip,
    LatestRecords,
    first_of_segment,
    forged,
    run_dishonestly,
    run_with_hints,
    verdict,
)
from tests.circuits.forging_batches import forging_batches, forging_inputs, random_trading
from tests.circuits.tape import ORDER_KEY, PREDECESSOR, transaction_places

WITHOUT_COMPARISONS = {"wide tree 1", "prices only 1", "several keys 3", "key changes 1"}
EITHER_WAY = {
    # A maximum or minimum of two equal values may be proven as either.
    "state/positions.cairo",
    "state/slot_leaves.cairo",
    "book/makers.cairo",
    # What may still be charged of a lot is nothing: both ways give that.
    "state/prices.cairo",
    # A quick test that makes no claim when it is declined; the full rule decides.
    "transactions/place_order.cairo",
    "margin.cairo",
    # Behind a gap an index is too far up and too far down: either sends its row the long way.
    "oracle/rows.cairo",
}


def assert_comparisons_are_proven(sealed: SealedBatch) -> int:
    """Tell the opposite at each comparison of a run in turn; return how many there are."""
    records, counting = program_input(sealed.witness), Flip()
    assert run_dishonestly(records, counting) == sealed.output
    for target in range(counting.count):
        flip = Flip(target)
        output = run_dishonestly(records, flip)
        assert output in (None, sealed.output), (target, flip.place)
        if output is not None:
            name = flip.place.removeprefix("circuits/cairo/").split(":")[0]
            assert name in EITHER_WAY, flip.place
    return counting.count


@pytest.mark.parametrize("name", forging_batches())
def test_comparison_when_told_wrong_changes_nothing(name: str) -> None:
    n_comparisons = assert_comparisons_are_proven(forging_batches()[name])
    assert n_comparisons > 0 or name in WITHOUT_COMPARISONS


class StaleRecords(LatestRecords):
    """Answers lookups of one kind with the record before the newest, once there is one."""

    kind = ""

    def __init__(self, records: ProgramInput) -> None:
        super().__init__(records)
        self.previous: dict[tuple[str, int], int] = {}
        self.n_lies = 0

    def read_log(self, hint: HintView, end: int) -> None:
        log = first_of_segment(end)
        for entry in range(self.read_to.get(log, log), end, LOG_ENTRY_CELLS):
            key, old, new = (hint.load(entry + i) for i in range(LOG_ENTRY_CELLS))
            if old != new:
                self.previous[self._subject(hint, key, old or new)] = old
        super().read_log(hint, end)

    @staticmethod
    def _subject(hint: HintView, key: int, record: int) -> tuple[str, int]:
        if key >= MARKET_KEY_BASE:
            return "market", key - MARKET_KEY_BASE
        if key < ORDER_KEY_BASE:
            return "account", key
        return "order", hint.load(hint.load(record))

    def account(self, hint: HintView, log: int, account_id: int) -> int:
        return self._stale("account", account_id, super().account(hint, log, account_id))

    def order(self, hint: HintView, log: int, order_id: int) -> int:
        return self._stale("order", order_id, super().order(hint, log, order_id))

    def market(self, hint: HintView, log: int, market_id: int) -> int:
        return self._stale("market", market_id, super().market(hint, log, market_id))

    def _stale(self, kind: str, key: int, newest: int) -> int:
        record = self.previous.get((kind, key), newest)
        # A record that comes into being has none before it; an account may be absent, too.
        if kind != self.kind or record == newest or (record == 0 and kind != "account"):
            return newest
        self.n_lies += 1
        return record


def test_lookups_when_honest_give_the_honest_outputs() -> None:
    """The dishonest lookups below differ from the program's hints in nothing else."""
    for name, records in forging_inputs().items():
        output = run_dishonestly(records, latest=LatestRecords)
        assert output == forging_batches()[name].output


def assert_stale_records_are_rejected(kind: str, sealed: SealedBatch) -> int:
    """Answer with stale records; return how often."""
    records = program_input(sealed.witness)
    stale = StaleRecords(records)
    stale.kind = kind
    output = run_with_hints(records, stale.hints())
    assert output is None if stale.n_lies else output == sealed.output
    return stale.n_lies


@pytest.mark.parametrize("kind", ["account", "order", "market"])
def test_stale_records_are_rejected(kind: str) -> None:
    lies = [assert_stale_records_are_rejected(kind, x) for x in forging_batches().values()]
    assert len([n_lies for n_lies in lies if n_lies]) >= 3


class RecordsOfAnotherKind(LatestRecords):
    """Answers with an order where an account or a market is asked for, once there is one."""

    n_lies = 0

    def account(self, hint: HintView, log: int, account_id: int) -> int:
        return self._lie(super().account(hint, log, account_id))

    def market(self, hint: HintView, log: int, market_id: int) -> int:
        return self._lie(super().market(hint, log, market_id))

    def _lie(self, genuine: int) -> int:
        record = next(iter(self.orders.values()), genuine)
        self.n_lies += record != genuine
        return record


def test_record_of_another_kind_is_rejected() -> None:
    n_rejected = 0
    for name, records in forging_inputs().items():
        lies = RecordsOfAnotherKind(records)
        output = run_with_hints(records, lies.hints())
        assert output is None if lies.n_lies else output == forging_batches()[name].output
        n_rejected += output is None
    assert n_rejected >= 3


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
    records = forging_inputs()["every outcome 1"]
    places = transaction_places(records)
    place, order_id = places[-1], len(places)
    assert records.tape[place][ORDER_KEY]
    change = order_id - records.tape[place][PREDECESSOR]
    tampered = forged(records, (("tape", place, PREDECESSOR), change))
    assert run_dishonestly(tampered, latest=NewOrderBehindItself) is None


ALLOCATION = "memory[ap] = segments.add()"
OFFSETS = (0, 1, 2, 3, 6, 7, 21, 300)
# In program, stack, output, range checks, signatures, hashes, and small numbers.
PLACES = (
    0,
    1,
    5,
    *(segment << SEGMENT_BITS for segment in range(1, 7)),
    (1 << SEGMENT_BITS) + 1,
    (2 << SEGMENT_BITS) + 50,
    (3 << SEGMENT_BITS) + 7,
)


class AliasedArray:
    """Places the n-th array that the program allocates where the prover likes."""

    def __init__(self, target: int, place: Callable[[list[int]], int]) -> None:
        self.target, self.place = target, place
        self.arrays: list[int] = []

    def hints(self) -> dict[str, Callable[[HintView], None]]:
        return {ALLOCATION: self._allocate}

    def _allocate(self, hint: HintView) -> None:
        if len(self.arrays) == self.target:
            hint.store(hint.ap, self.place(self.arrays))
        else:
            hint.run()
        self.arrays.append(hint.load(hint.ap))


def aliases(n_arrays: int) -> list[AliasedArray]:
    """Return each array in each earlier one, and in the segments of the machine."""

    def in_array(source: int, offset: int) -> Callable[[list[int]], int]:
        return lambda arrays: arrays[source] + offset

    def at(place: int) -> Callable[[list[int]], int]:
        return lambda _: place

    found = []
    for target in range(n_arrays):
        for source in range(target):
            found += [AliasedArray(target, in_array(source, offset)) for offset in OFFSETS]
        found += [AliasedArray(target, at(place)) for place in PLACES]
    return found


def assert_aliases_are_harmless(sealed: SealedBatch) -> None:
    records = program_input(sealed.witness)
    honest = AliasedArray(-1, lambda _: 0)
    assert run_with_hints(records, honest.hints()) == sealed.output
    assert len(honest.arrays) > 5
    verdicts: dict[str, Any] = {}
    for alias in aliases(len(honest.arrays)):
        outcome = verdict(run_with_hints(records, alias.hints()), sealed.output)
        assert outcome in ("rejected", "same"), (alias.target, alias.arrays)
        verdicts[outcome] = verdicts.get(outcome, 0) + 1
    assert verdicts["rejected"] > 50


@pytest.mark.parametrize("name", ["several keys 2", "without fees 1", "prices only 1"])
def test_aliased_arrays_are_harmless(name: str) -> None:
    assert_aliases_are_harmless(forging_batches()[name])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("n_markets", "n_transactions"), [(2, 25), (6, 10), (11, 6)])
def test_hints_of_random_batches_when_dishonest_change_nothing(
    seed: int, n_markets: int, n_transactions: int
) -> None:
    for sealed in random_trading(seed, n_markets, n_transactions):
        assert_comparisons_are_proven(sealed)
        for kind in ("account", "order", "market"):
            assert_stale_records_are_rejected(kind, sealed)
        assert_aliases_are_harmless(sealed)
