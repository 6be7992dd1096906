"""A dishonest prover: runs the batch program on inputs and hints that were tampered with."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Final

from circuits.program_input import (
    MARKET_KEY_BASE,
    ORDER_KEY_BASE,
    ProgramInput,
    program_input,
)
from novation.crypto import FIELD_PRIME
from novation.protocol.sealing import SealedBatch
from prover._native import CairoRunError, HintView
from prover.runner import load_program

Path = tuple[Any, ...]
Hints = dict[str, Callable[[HintView], None]]

# The machine's flat memory: segments, and which is the first of the opened records.
SEGMENT_BITS: Final = 32
FIRST_RECORD_SEGMENT: Final = 14
LOG_ENTRY_CELLS: Final = 3

COMPARISON = "memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1"
WIDE_COMPARISON = "memory[ap] = 0 if ids.value % PRIME < 2**248 else 1"


def cells(records: ProgramInput) -> Iterator[Path]:
    """Yield where every integer of an input is: ("tape", "accounts", ... index, ...)."""
    for index, item in enumerate(records.tape):
        yield from _cells(item, ("tape", index))
    for name in ("accounts", "orders", "markets"):
        for key, record in getattr(records, name).items():
            yield from _cells(record, (name, key))


def _cells(item: Any, path: Path) -> Iterator[Path]:
    if isinstance(item, int):
        yield path
    else:
        for index, inner in enumerate(item):
            yield from _cells(inner, (*path, index))


def read(records: ProgramInput, path: Path) -> int:
    """Return the integer at a place."""
    container = getattr(records, path[0])
    for step in path[1:]:
        container = container[step]
    return int(container)


def forged(records: ProgramInput, *changes: tuple[Path, int]) -> ProgramInput:
    """Return a copy of an input with integers added to some of its cells."""
    result = copy.deepcopy(records)
    for path, change in changes:
        container = getattr(result, path[0])
        for step in path[1:-1]:
            container = container[step]
        container[path[-1]] = (container[path[-1]] + change) % FIELD_PRIME
    return result


@dataclass
class Flip:
    """Tells the opposite at the n-th comparison hint of a run; counts them."""

    target: int = -1
    count: int = 0
    place: str = ""

    def hints(self) -> Hints:
        """Return the dishonest hints."""
        return {
            COMPARISON: partial(self._compare, "a", 2**128),
            WIDE_COMPARISON: partial(self._compare, "value", 2**248),
        }

    def _compare(self, name: str, bound: int, hint: HintView) -> None:
        self.count += 1
        if self.count - 1 != self.target:
            hint.run()
            return
        self.place = hint.place
        # The honest answer to "is it not below?", turned round.
        hint.store(hint.ap, int(hint.operand(name) < bound))


class LatestRecords:
    """Answers lookups as the honest hints do: the newest record in the log, or the opened one.

    Subclasses lie. The machine's memory is flat here: a record is an address.
    """

    def __init__(self, records: ProgramInput) -> None:
        """Find out where the machine puts the opened records."""
        segments = count(FIRST_RECORD_SEGMENT)
        self.accounts = {key: _place(segments, x) for key, x in records.accounts.items()}
        self.orders = {key: _place(segments, x) for key, x in records.orders.items()}
        self.markets = {key: _place(segments, x) for key, x in records.markets.items()}
        self.read_to: dict[int, int] = {}

    def hints(self) -> Hints:
        """Return the hints that ask for records."""
        finders = {"account": self.account, "order": self.order, "market": self.market}
        targets = {"maker": "order", "predecessor": "order", **{kind: kind for kind in finders}}
        return {
            f"ids.{target} = latest_{kind}(ids.{kind}s_log.address_, ids.{kind}_id)": partial(
                self._answer, finders[kind], target, kind
            )
            for target, kind in targets.items()
        }

    @staticmethod
    def _answer(
        find: Callable[[HintView, int, int], int], target: str, kind: str, hint: HintView
    ) -> None:
        record = find(hint, hint.operand(f"{kind}s_log.address_"), hint.operand(f"{kind}_id"))
        hint.store(hint.address(target), record)

    def account(self, hint: HintView, log: int, account_id: int) -> int:
        """Return the record of an account, 0 if it does not exist."""
        self.read_log(hint, log)
        return self.accounts.get(account_id, 0)

    def order(self, hint: HintView, log: int, order_id: int) -> int:
        """Return the record of an order."""
        self.read_log(hint, log)
        if order_id not in self.orders:
            raise CairoRunError(f"no order {order_id}")
        return self.orders[order_id]

    def market(self, hint: HintView, log: int, market_id: int) -> int:
        """Return the record of a market."""
        self.read_log(hint, log)
        return self.markets[market_id]

    def read_log(self, hint: HintView, end: int) -> None:
        """Note the records of a log up to an entry."""
        log = first_of_segment(end)
        for entry in range(self.read_to.get(log, log), end, LOG_ENTRY_CELLS):
            key, record = hint.load(entry), hint.load(entry + 2)
            if key >= MARKET_KEY_BASE:
                self.markets[key - MARKET_KEY_BASE] = record
            elif key < ORDER_KEY_BASE:
                self.accounts[key] = record
            elif record:
                self.orders[hint.load(hint.load(record))] = record
        self.read_to[log] = end


def _place(segments: Iterator[int], argument: Any) -> int:
    """Return what stands for an argument; a list takes the next segment, and so do lists in it."""
    if isinstance(argument, int):
        return argument
    address = (next(segments) + 1) << SEGMENT_BITS
    for item in argument:
        _place(segments, item)
    return address


def first_of_segment(address: int) -> int:
    """Return where the segment of an address begins."""
    return address >> SEGMENT_BITS << SEGMENT_BITS


def run_dishonestly(
    records: ProgramInput, flip: Flip | None = None, latest: type[LatestRecords] | None = None
) -> tuple[int, ...] | None:
    """Return the output that a tampered input proves, None if it proves nothing."""
    hints = {
        **(flip.hints() if flip else {}),
        **(latest(records).hints() if latest else {}),
    }
    return run_with_hints(records, hints)


def run_with_hints(records: ProgramInput, hints: Hints) -> tuple[int, ...] | None:
    """Return the output that an input proves with these hints, None if it proves nothing."""
    try:
        run = load_program().run(records.opened, records.tape, overrides=hints)
    except CairoRunError:
        return None
    return tuple(run.output)


def ignored(*_: object, **__: object) -> None:
    """Stand for a check of the state transition that is left out."""


def assert_proven(sealed: SealedBatch) -> None:
    """Assert that the program gives a batch's output, which keeps a rule by as little as can be."""
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output


def assert_left_out(sealed: SealedBatch, *, is_computed: bool) -> None:
    """Assert that a batch that breaks a rule is not proven, whatever lies are told.

    Where the program computes itself what the rule says, it may prove that, and never the batch's
    output.
    """
    if is_computed:
        assert_no_lie_gives_output(sealed)
    else:
        assert_no_lie_proves(sealed)


def assert_no_lie_proves(sealed: SealedBatch) -> None:
    """Assert that no lie about which of two numbers is larger proves a batch that breaks a rule."""
    assert run_dishonestly(program_input(sealed.witness)) is None
    assert_no_lie_gives_output(sealed)


def assert_no_lie_gives_output(sealed: SealedBatch) -> None:
    """Assert that no such lie proves the batch's output; the program may prove another one."""
    records, counting = program_input(sealed.witness), Flip()
    assert run_dishonestly(records, counting) != sealed.output
    for target in range(counting.count):
        assert run_dishonestly(records, Flip(target)) != sealed.output, target


def header_checked_by_l1(output: Sequence[int]) -> tuple[int, ...]:
    """Return what L1 compares with its own state: all but the new root and data availability."""
    n_operations, n_withdrawals = output[5] >> 48 & 0xFFFF, output[5] >> 64 & 0xFFFF
    end = 7 + 3 * n_operations + n_withdrawals
    return (*output[:3], *output[4:5], output[5] & (1 << 80) - 1, *output[6:end])


def verdict(output: Sequence[int] | None, honest: Sequence[int]) -> str:
    """Say what became of a tampered run: "FORGED" is what must not be."""
    if output is None:
        return "rejected"
    if tuple(output) == tuple(honest):
        return "same"
    shown = header_checked_by_l1(output) != header_checked_by_l1(honest)
    return "shown to L1" if shown else "FORGED"
