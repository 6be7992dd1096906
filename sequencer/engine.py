"""The sequencer's core: START READING HERE.

One thread owns the engine. A group of commands goes through the state transition one by one; the
accepted ones are written to the journal with one synchronous write; only then does anyone hear of
them. When the batch is full or old it is sealed: state, witness, history and journal position
change in one atomic write. After a crash, replaying the journal behind the last sealed batch gives
back the state that was lost from memory.
"""

import functools
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from novation.api.v1 import order_service_pb2
from novation.protocol.batch import TakeOverHints, TransactionResult, WithdrawHints
from novation.protocol.config import ExchangeConfig
from novation.protocol.conservation import check_conservation
from novation.protocol.errors import BatchFull, ErrorCode, InvalidTransaction
from novation.protocol.events import Event, OrderFilled, OrderPlaced
from novation.protocol.parameters import Parameters
from novation.protocol.rules.minute_tick import is_tick_due
from novation.protocol.rules.triggers import due_markets, due_order
from novation.protocol.running_sums import RunningSums
from novation.protocol.state import Genesis, State
from novation.protocol.transactions import (
    MinuteTick,
    OracleUpdate,
    PlaceBracket,
    PlaceTrigger,
    SetParameter,
    Transaction,
    TriggerOrder,
    UserTransaction,
)
from novation.protocol.transition import apply_transaction, open_batch, seal_batch
from novation.receipts import Receipt
from sequencer import keyspace
from sequencer.account_index import AccountIndex
from sequencer.batcher import BatchMeter
from sequencer.batches import BatchArchive, Settled, batch_record
from sequencer.clock import Clock
from sequencer.config import BatchPolicy
from sequencer.dead_orders import DeadOrders
from sequencer.feed import FeedEvent
from sequencer.history import AppliedEntry, History
from sequencer.journal import JournalEntry, put_entry, read_entries
from sequencer.l1_cursor import L1Cursor
from sequencer.margin_watch import MarginWatch
from sequencer.messages import acknowledgement
from sequencer.spent_reports import SpentReports
from sequencer.store import Database, load_or_create_state, put_state

logger = logging.getLogger(__name__)

# Dormant orders that are placed before a command, and behind one after which others may be due.
TRIGGERS_AT_ONCE: Final = 16
_MOVES_MARK: Final = (OracleUpdate, PlaceBracket, PlaceTrigger, SetParameter)


@dataclass(frozen=True, slots=True)
class Command:
    """A transaction that wants to be applied.

    `message_hash` is what the user signed, 0 for other transactions. `l1_index` is the index of an
    operation in the contract's queue. `is_verified`: the signature has been checked already, that
    of a user's message with the key `signer_key`, those of an oracle update with `committee`.
    """

    transaction: Transaction
    received_time_ms: int
    message_hash: int = 0
    l1_index: int | None = None
    is_verified: bool = False
    committee: tuple[int, ...] = ()
    signer_key: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """A command that is durable now, or was before (`is_repeat`)."""

    acknowledgement: order_service_pb2.StreamOrdersResponse
    receipt: Receipt | None = None
    is_repeat: bool = False


Outcome = Accepted | InvalidTransaction


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What a group of commands led to; everything in it is durable.

    `feed` are the stream events up to `last_sequence`; `flushed_sequence` is the end of the last
    sealed batch, whose events can be read from the database. `oracle_updates` are those applied,
    `parameters` hold now, and `spent_ms` is the time up to which the reports of each of their keys
    are spent.
    """

    parameters: Parameters
    outcomes: tuple[Outcome, ...] = ()
    feed: tuple[FeedEvent, ...] = ()
    events: tuple[Event, ...] = ()
    oracle_updates: tuple[OracleUpdate, ...] = ()
    spent_ms: tuple[int, ...] = ()
    last_sequence: int = 0
    flushed_sequence: int = 0
    last_batch_change: int = 0


@dataclass(slots=True)
class Counters:
    """Totals over the exchange's life, as of some journal entry."""

    n_orders_accepted: int = 0
    n_fills: int = 0

    def count(self, events: Sequence[Event]) -> None:
        """Take in the events of a transaction."""
        for event in events:
            if isinstance(event, OrderPlaced):
                self.n_orders_accepted += 1
            elif isinstance(event, OrderFilled):
                self.n_fills += 1


@dataclass(slots=True)
class _Unpublished:
    """What was applied since the last `GroupResult`."""

    feed: list[FeedEvent] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    oracle_updates: list[OracleUpdate] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine is made for."""

    exchange: ExchangeConfig
    genesis: Genesis
    batch: BatchPolicy
    private_key: int
    event_retention: int = 1_000_000
    trade_retention: int = 100_000_000


class Engine:
    """Applies commands, keeps the journal and seals batches. Not thread-safe: one owner."""

    def __init__(self, settings: EngineSettings, database: Database, clock: Clock) -> None:
        """Load the last sealed batch and replay the journal behind it.

        Raises:
            WrongExchangeError: if the database belongs to another exchange.
        """
        self.settings = settings
        self.state: State = load_or_create_state(database, settings.exchange, settings.genesis)
        self.batches = BatchArchive(database)
        self.history = History(
            database, self.state, settings.event_retention, settings.trade_retention
        )
        self.meter = BatchMeter(settings.batch, len(self.state.underlyings))
        self.last_sequence = self.batches.last_sequence
        self.counters = _load_counters(database)
        self.account_index = AccountIndex(self.state.accounts)
        self.l1_cursor = L1Cursor(database)
        self.spent_reports = SpentReports(database)
        self._database = database
        self._clock = clock
        self._write_batch = database.write_batch(sync=True)
        self._has_writes = False
        self._unpublished = _Unpublished()
        open_batch(self.state)
        check_conservation(self.state)
        self._sums = RunningSums(self.state)
        self.dead_orders = DeadOrders(self.state)
        self.margin_watch = MarginWatch(self.state)
        self._replay()

    def process(self, commands: Sequence[Command]) -> GroupResult:
        """Apply a group; returns when its accepted commands are durable."""
        outcomes = tuple(self._process_one(command) for command in commands)
        self._make_durable()
        return self._publish(outcomes)

    def seal_if_old(self) -> GroupResult | None:
        """Seal the open batch if its first transaction has waited long enough."""
        if not self.meter.is_old(self._clock.now_ms()):
            return None
        return self.seal()

    def seal(self) -> GroupResult | None:
        """Seal the open batch, if there is anything in it."""
        if self.meter.n_transactions == 0:
            return None
        self._seal()
        return self._publish(())

    def mark_proven(self, batch_number: int, calldata: bytes) -> GroupResult:
        """Record the proof of a batch."""
        with self._database.write_batch(transaction=True, sync=True) as write_batch:
            now_ms = self._clock.now_ms()
            self.batches.mark_proven(write_batch, batch_number, calldata, now_ms)
        return self._publish(())

    def discard_proof(self, batch_number: int) -> GroupResult:
        """Forget the proof of a batch that is not final: it is only sealed again."""
        with self._database.write_batch(transaction=True, sync=True) as write_batch:
            self.batches.discard_proof(write_batch, batch_number)
        return self._publish(())

    def mark_final(
        self, batch_number: int, transaction_hash: bytes, block_number: int
    ) -> GroupResult:
        """Record that L1 holds a batch in a confirmed block."""
        with self._database.write_batch(transaction=True, sync=True) as write_batch:
            now_ms = self._clock.now_ms()
            settled = Settled(transaction_hash, block_number, now_ms)
            self.batches.mark_final(write_batch, batch_number, settled)
        return self._publish(())

    def mark_taken_back(self, batch_number: int) -> GroupResult:
        """Record that the last final batch is not on L1 any more."""
        with self._database.write_batch(transaction=True, sync=True) as write_batch:
            self.batches.mark_taken_back(write_batch, batch_number)
        return self._publish(())

    def root_after(self, batch_number: int) -> int:
        """Return the state root after a sealed batch, the genesis root for 0."""
        if batch_number == 0:
            return State.genesis(self.settings.exchange, self.settings.genesis).root
        return int.from_bytes(self.batches.get(batch_number).new_root, "big")

    @property
    def now_ms(self) -> int:
        """The time that a transaction would have now; while none comes the state's stands still."""
        return max(self._clock.now_ms(), self.state.globals.time_ms)

    def replayed(self) -> GroupResult:
        """Return the stream events that the replay brought back, for those who resume."""
        return self._publish(())

    def _process_one(self, command: Command) -> Outcome:
        if command.l1_index is not None and command.l1_index < self.l1_cursor.next_index:
            return Accepted(order_service_pb2.StreamOrdersResponse(), is_repeat=True)
        time_ms = self.now_ms
        self._tick(time_ms)
        self._trigger(time_ms)
        n_holes = self._holes_before(command)
        if not self.meter.has_room_for_holes(n_holes):
            self._seal()
        try:
            result = self._apply(command, time_ms)
        except InvalidTransaction as refusal:
            return self._find_repeat(command, refusal) or refusal
        entry = self._put(command, time_ms)
        if isinstance(command.transaction, OracleUpdate):
            keys = self.state.parameters.oracle_keys
            self.spent_reports.note(self._write_batch, command.transaction, keys)
        if command.l1_index is not None:
            self.l1_cursor.consume(self._write_batch, command.l1_index)
        self.meter.add_holes(n_holes)
        self._follow(entry, result, command.message_hash)
        accepted = self._accept(entry, result, command.message_hash)
        if self.meter.is_full(self.state):
            self._seal()
        if isinstance(command.transaction, _MOVES_MARK):
            self._trigger(time_ms)
        return accepted

    def _trigger(self, time_ms: int) -> None:
        """Place the dormant orders that are due, before anybody trades.

        A few at once, so that a flood of them holds up neither cancellations nor other markets;
        whoever would trade before the others is refused. The next command goes on with them.
        """
        n_left = TRIGGERS_AT_ONCE
        for market_id in due_markets(self.state, time_ms):
            while n_left and due_order(self.state, market_id, time_ms) is not None:
                n_left -= 1
                trigger = Command(TriggerOrder(market_id), time_ms)
                try:
                    result = self._apply(trigger, time_ms)
                except InvalidTransaction as refusal:
                    logger.debug("not triggered: %s", refusal)
                    break
                self._follow(self._put(trigger, time_ms), result, message_hash=0)
                if self.meter.is_full(self.state):
                    self._seal()

    def _tick(self, time_ms: int) -> None:
        """Apply the ticks that are due, whatever becomes of the command that comes next.

        Nothing else may happen before them: without one there is no proof of the batch.
        """
        while is_tick_due(self.state, time_ms):
            tick = Command(MinuteTick(), time_ms)
            result = self._apply(tick, time_ms)
            self._follow(self._put(tick, time_ms), result, message_hash=0)
            if self.meter.is_full(self.state):
                self._seal()

    def _put(self, command: Command, time_ms: int) -> JournalEntry:
        """Add an applied command to the journal."""
        entry = JournalEntry(
            self.last_sequence + 1, time_ms, command.received_time_ms, command.transaction
        )
        put_entry(self._write_batch, entry)
        self._has_writes = True
        return entry

    def _holes_before(self, command: Command) -> int:
        """Return how many entries of L1's queue are left out before a deposit."""
        return 0 if command.l1_index is None else command.l1_index - self.l1_cursor.next_index

    def _find_repeat(self, command: Command, refusal: InvalidTransaction) -> Accepted | None:
        """Return the first answer to a message that is sent again: its nonce is used up.

        Only a message whose signature counts may see it: the hash alone is public.
        """
        if refusal.code not in (ErrorCode.NONCE_USED, ErrorCode.NONCE_TOO_OLD):
            return None
        if not (command.message_hash and self._is_verified(command)):
            return None
        known = self.history.acknowledgement(command.message_hash)
        return None if known is None else Accepted(known, is_repeat=True)

    def _apply(self, command: Command, time_ms: int) -> TransactionResult:
        tx, verify = command.transaction, not self._is_verified(command)
        try:
            return apply_transaction(
                self.state,
                tx,
                time_ms,
                verify_signature=verify,
                steps_limit=self.meter.steps_left(),
                check_room=functools.partial(self.meter.check_room, self.state, tx),
            )
        except BatchFull:
            self._seal()
            return apply_transaction(self.state, tx, time_ms, verify_signature=verify)

    def _is_verified(self, command: Command) -> bool:
        """Say whether the earlier check counts: committee or signer's key may have changed since.

        A transaction with a replaced key's signature could not be proven, nor any batch behind it.
        """
        tx = command.transaction
        if isinstance(tx, OracleUpdate):
            keys = self.state.parameters.oracle_keys
            return command.is_verified and command.committee == keys
        if not (command.is_verified and isinstance(tx, UserTransaction)):
            return command.is_verified
        account = self.state.get_account(tx.account_id)
        assert account is not None
        return account.keys[tx.key_index].public_key == command.signer_key

    def _follow(self, entry: JournalEntry, result: TransactionResult, message_hash: int) -> None:
        """Take note of an applied entry, live or replayed."""
        self.last_sequence = entry.sequence
        self.meter.add(entry.sequence, entry.time_ms, entry.transaction, result.cost_steps, result)
        self.meter.grow(len(self.state.underlyings))
        self.counters.count(result.events)
        self.account_index.learn(result.events, self.state.accounts)
        self.dead_orders.learn(result.events, self.state)
        self.margin_watch.learn(result.events, self.state)
        applied = AppliedEntry(entry, message_hash, result.events)
        self._unpublished.feed.extend(self.history.record(applied))
        self._unpublished.events.extend(result.events)
        if isinstance(entry.transaction, OracleUpdate):
            self._unpublished.oracle_updates.append(entry.transaction)

    def _accept(
        self, entry: JournalEntry, result: TransactionResult, message_hash: int
    ) -> Accepted:
        """Sign the receipt; the answer becomes durable with the entry, so that no replay signs."""
        receipt = Receipt(
            sequence=entry.sequence,
            message_hash=message_hash,
            time_ms=entry.time_ms,
            result_code=result.result_code,
            order_id=_order_id(result),
        ).signed(self.settings.exchange.config_hash, self.settings.private_key)
        answer = acknowledgement(entry.transaction, receipt, result.events)
        if message_hash:
            self.history.put_acknowledgement(self._write_batch, message_hash, answer)
        return Accepted(answer, receipt)

    def _make_durable(self) -> None:
        if self._has_writes:
            self._write_batch.write()
            self._write_batch = self._database.write_batch(sync=True)
            self._has_writes = False
            self.history.forget_written_acknowledgements()

    def _seal(self) -> None:
        """Close the open batch; what the current group has written so far goes with it."""
        first_sequence, cost_steps = self.meter.first_sequence, self.meter.cost_steps
        sealed = seal_batch(self.state)
        self._sums.follow(self.state, sealed)
        put_state(self._write_batch, sealed.writes)
        record = batch_record(sealed)
        record.first_sequence, record.last_sequence = first_sequence, self.last_sequence
        record.cost_steps, record.sealed_time_ms = cost_steps, self._clock.now_ms()
        self.batches.add(self._write_batch, record, sealed)
        self.history.put_into(self._write_batch, self.last_sequence)
        self._write_batch.put(keyspace.META_COUNTERS, json.dumps(asdict(self.counters)).encode())
        self._has_writes = True
        self._make_durable()
        self.history.forget_pending()
        self.meter.reset()
        open_batch(self.state)
        logger.info("sealed batch %d: %d transactions", record.batch_number, record.n_transactions)

    def _publish(self, outcomes: tuple[Outcome, ...]) -> GroupResult:
        assert not self._has_writes
        unpublished, self._unpublished = self._unpublished, _Unpublished()
        return GroupResult(
            parameters=self.state.parameters,
            outcomes=outcomes,
            feed=tuple(unpublished.feed),
            events=tuple(unpublished.events),
            oracle_updates=tuple(unpublished.oracle_updates),
            spent_ms=self.spent_reports.newest_ms(self.state.parameters.oracle_keys),
            last_sequence=self.last_sequence,
            flushed_sequence=self.batches.last_sequence,
            last_batch_change=self.batches.last_change,
        )

    def _replay(self) -> None:
        for entry in read_entries(self._database, self.last_sequence + 1):
            tx = entry.transaction
            result = apply_transaction(self.state, tx, entry.time_ms, verify_signature=False)
            self._follow(entry, result, message_hash_of(tx, self.settings.exchange))
        if self.meter.n_transactions:
            logger.info("replayed %d journal entries", self.meter.n_transactions)


def message_hash_of(tx: Transaction, config: ExchangeConfig) -> int:
    """Return what the author of a user transaction signed, 0 for others."""
    return tx.message_hash(config) if isinstance(tx, UserTransaction) else 0


def _order_id(result: TransactionResult) -> int:
    """Return the order that was placed or taken off the book, 0 if there is none."""
    hints = result.hints
    if hints is None or isinstance(hints, TakeOverHints | WithdrawHints):
        return 0
    return hints.order_id


def _load_counters(database: Database) -> Counters:
    value = database.get(keyspace.META_COUNTERS)
    return Counters() if value is None else Counters(**json.loads(value))
