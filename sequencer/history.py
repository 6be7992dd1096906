"""Orders, acknowledgements and stream events: what the node remembers beside the state.

Derived from the journal. What the open batch added lives in memory and is written when the batch is
sealed, in the same atomic write as the state; after a crash the replay of the journal adds it
again. Only the answers, which are signed, are written with the journal's entries.
"""

from dataclasses import dataclass

from novation.api.v1 import order_service_pb2, stream_service_pb2, types_pb2
from novation.protocol.events import (
    AuctionEnded,
    AuctionStarted,
    BidFilled,
    BooksKilled,
    Event,
    FundingPaid,
    LegTaken,
    Liquidated,
    OrderAmended,
    OrderCancelled,
    OrderDecremented,
    OrderEvent,
    OrderFilled,
    OrderPlaced,
    OrderTriggered,
    PoolShared,
    PositionSettled,
    TakenOver,
    TriggerPlaced,
    Unwound,
)
from novation.protocol.orders import TimeInForce
from novation.protocol.rules.dead_orders import is_cancelled
from novation.protocol.state import State
from novation.protocol.transactions import (
    CancelOrder,
    Liquidate,
    MassQuote,
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    ReplaceOrder,
    TriggerOrder,
    Unwind,
)
from sequencer import keyspace
from sequencer.book_view import BookView
from sequencer.feed import Channel, FeedBuilder, FeedEvent
from sequencer.holdings import Holdings
from sequencer.journal import JournalEntry
from sequencer.messages import (
    CANCEL_REASONS,
    SIDES,
    TIMES_IN_FORCE,
    TRIGGER_DIRECTIONS,
    effective_size_lots,
    felt_bytes,
    maker_fill,
    order_update,
    taker_fill,
)
from sequencer.record_lists import RecordLists
from sequencer.store import Database, WriteBatch


@dataclass(frozen=True, slots=True)
class AppliedEntry:
    """A journal entry with its outcome."""

    entry: JournalEntry
    message_hash: int
    events: tuple[Event, ...]


_SEQUENCE_BYTES = 8


class History:
    """Follows the applied journal entries, one by one."""

    def __init__(
        self,
        database: Database,
        state: State,
        event_retention: int,
        trade_retention: int,
    ) -> None:
        """Start from the last sealed batch; both retentions count journal entries."""
        self._database = database
        self._event_retention = event_retention
        self.lists = RecordLists(database, trade_retention)
        self.holdings = Holdings(database, state, self.lists)
        orders = [order for order in state.orders.values() if not is_cancelled(state, order)]
        on_book = [order for order in orders if order.trigger is None]
        self.book = BookView(state.markets, state.underlyings, on_book)
        # By account and order: the market.
        self._open_orders: dict[int, dict[int, int]] = {}
        for order in orders:
            self._open_orders.setdefault(order.account_id, {})[order.order_id] = order.market_id
        self._orders: dict[int, types_pb2.Order] = {}
        # The orders that messages placed, by their keys in the database.
        self._placed: dict[bytes, int] = {}
        # Those of the group that is not written yet.
        self._acknowledgements: dict[int, order_service_pb2.StreamOrdersResponse] = {}
        self._feed: list[FeedEvent] = []
        # Batches that end before this entry have no events any more, or not for long: it is written
        # before they are dropped, so that who reads first and asks then knows what he has missed.
        self.oldest_events = int.from_bytes(database.get(keyspace.META_OLDEST_EVENTS, b""), "big")

    def record(self, applied: AppliedEntry) -> list[FeedEvent]:
        """Take in one applied entry and return its stream events."""
        entry = applied.entry
        feed = FeedBuilder(entry.sequence, entry.time_ms)
        for event in applied.events:
            self._record_event(event, applied, feed)
        feed.add_book(self.book.apply(applied.events), self.book)
        for item in feed.events:
            if item.list_key:
                self.lists.add(item)
            if item.channel is Channel.FUNDING:
                self.holdings.paid(item.number, item.scope_id)
        self.holdings.learn(applied.events)
        self._feed.extend(feed.events)
        return feed.events

    def order(self, order_id: int) -> types_pb2.Order | None:
        """Return the record of an order; do not change it."""
        if order_id in self._orders:
            return self._orders[order_id]
        value = self._database.get(keyspace.number_key(keyspace.ORDER, order_id))
        return None if value is None else types_pb2.Order.FromString(value)

    def placed_order_id(self, tx: CancelOrder | ReplaceOrder) -> int:
        """Return the number of the order that is named by its message, 0 if there is none."""
        key = keyspace.origin_key(
            tx.account_id, tx.placed_key_index, tx.placed_nonce, tx.placed_quote_index
        )
        return self._placed.get(key) or int.from_bytes(self._database.get(key, b""), "big")

    def open_orders(self, account_id: int) -> list[types_pb2.Order]:
        """Return the records of an account's resting orders, oldest first."""
        orders = map(self.order, sorted(self._open_orders.get(account_id, ())))
        return [order for order in orders if order is not None]

    def open_order_ids(self, account_id: int, market_id: int | None, before: int) -> list[int]:
        """Return an account's resting orders below a number, of a market or of all, newest first.

        An account has at most 128 in each of its 32 positions.
        """
        market_of_order = self._open_orders.get(account_id, {})
        found = (
            order_id
            for order_id, found_id in market_of_order.items()
            if order_id < before and market_id in (None, found_id)
        )
        return sorted(found, reverse=True)

    def n_open_orders(self, account_id: int) -> int:
        """Return how many orders of an account rest."""
        return len(self._open_orders.get(account_id, ()))

    def acknowledgement(self, message_hash: int) -> order_service_pb2.StreamOrdersResponse | None:
        """Return the answer that a message got, None if it was never accepted."""
        if message_hash in self._acknowledgements:
            return self._acknowledgements[message_hash]
        value = self._database.get(keyspace.felt_key(keyspace.ACKNOWLEDGEMENT, message_hash))
        return None if value is None else order_service_pb2.StreamOrdersResponse.FromString(value)

    def put_acknowledgement(
        self,
        write_batch: WriteBatch,
        message_hash: int,
        answer: order_service_pb2.StreamOrdersResponse,
    ) -> None:
        """Add the answer to a message to the write batch that makes the message durable."""
        self._acknowledgements[message_hash] = answer
        key = keyspace.felt_key(keyspace.ACKNOWLEDGEMENT, message_hash)
        write_batch.put(key, answer.SerializeToString())

    def forget_written_acknowledgements(self) -> None:
        """The group is durable: its answers can be read from the database."""
        self._acknowledgements.clear()

    def put_into(self, write_batch: WriteBatch, last_sequence: int) -> None:
        """Add what the open batch brought to the write batch that seals it."""
        for order_id, order in self._orders.items():
            write_batch.put(
                keyspace.number_key(keyspace.ORDER, order_id), order.SerializeToString()
            )
        for key, order_id in self._placed.items():
            write_batch.put(key, order_id.to_bytes(_SEQUENCE_BYTES, "big"))
        self._put_events(write_batch, last_sequence)
        self.lists.put_into(write_batch, last_sequence, self.book.market_ids)
        self.holdings.put_into(write_batch)
        self._drop_old_events(write_batch, last_sequence - self._event_retention)

    def forget_pending(self) -> None:
        """The seal is durable: reads may go to the database."""
        self._orders.clear()
        self._placed.clear()
        self.lists.forget_pending()
        self.holdings.forget_pending()
        self._feed.clear()

    def _record_event(self, event: Event, applied: AppliedEntry, feed: FeedBuilder) -> None:
        if isinstance(event, OrderEvent):
            self._record_order(event, applied, feed)
        elif isinstance(event, BooksKilled):
            self._record_killed(feed)
        elif isinstance(event, FundingPaid | PoolShared | Unwound):
            feed.add_funding(event)
        elif isinstance(event, PositionSettled):
            feed.add_settlement(event)
        elif isinstance(event, Liquidated | AuctionStarted | AuctionEnded | BidFilled | TakenOver):
            _record_failing(event, applied, feed)
        else:
            feed.add_balance(event)

    def _record_order(self, event: OrderEvent, applied: AppliedEntry, feed: FeedBuilder) -> None:
        if isinstance(event, OrderPlaced):
            self._record_placed(event, applied, feed)
        elif isinstance(event, TriggerPlaced):
            self._record_dormant(event, applied, feed)
        elif isinstance(event, OrderTriggered):
            self._record_triggered(event, feed)
        elif isinstance(event, OrderFilled):
            self._record_filled(event, feed)
        elif isinstance(event, OrderCancelled):
            self._record_cancelled(event, feed)
        elif isinstance(event, OrderDecremented):
            self._record_decremented(event, feed)
        else:
            self._record_amended(event, feed)

    def _record_placed(self, event: OrderPlaced, applied: AppliedEntry, feed: FeedBuilder) -> None:
        order = _new_order(event, applied)
        tx = applied.entry.transaction
        if isinstance(tx, TriggerOrder):
            self._add_dormant_part(order, applied)
        self._orders[event.order_id] = order
        if isinstance(tx, PlaceOrder | MassQuote):
            key = keyspace.origin_key(tx.account_id, tx.key_index, tx.nonce, event.quote_index)
            self._placed[key] = event.order_id
        self.lists.add_order(event.account_id, event.market_id, event.order_id)
        if event.resting_lots:
            self._open_orders.setdefault(event.account_id, {})[event.order_id] = event.market_id
        feed.add_order(event.account_id, order_update(order))

    def _record_dormant(
        self, event: TriggerPlaced, applied: AppliedEntry, feed: FeedBuilder
    ) -> None:
        tx = applied.entry.transaction
        assert isinstance(tx, PlaceTrigger | PlaceBracket)
        order = _new_order(event, applied)
        if isinstance(tx, PlaceBracket):
            order.reduce_only = True
            order.time_in_force = TIMES_IN_FORCE[event.trigger.time_in_force]
            order.expiry_time_ms = tx.exits_expiry_time_ms
        order.status = types_pb2.ORDER_STATUS_DORMANT
        order.remaining_lots = event.size_lots
        order.trigger_price_ticks = event.trigger.price_ticks
        order.trigger_direction = TRIGGER_DIRECTIONS[event.trigger.direction]
        order.ends_others = event.trigger.ends_others
        self._orders[event.order_id] = order
        key = keyspace.origin_key(tx.account_id, tx.key_index, tx.nonce, event.quote_index)
        self._placed[key] = event.order_id
        self.lists.add_order(event.account_id, event.market_id, event.order_id)
        self._open_orders.setdefault(event.account_id, {})[event.order_id] = event.market_id
        feed.add_order(event.account_id, order_update(order))

    def _record_triggered(self, event: OrderTriggered, feed: FeedBuilder) -> None:
        order = self._order_to_change(event.order_id)
        order.status = types_pb2.ORDER_STATUS_TRIGGERED
        order.triggered_order_id = event.placed_order_id
        order.remaining_lots = 0
        self._close(order)
        feed.add_order(order.account_id, order_update(order))

    def _add_dormant_part(self, order: types_pb2.Order, applied: AppliedEntry) -> None:
        """Copy what an order has of the message that placed it, when it was dormant."""
        triggered = next(e for e in applied.events if isinstance(e, OrderTriggered))
        dormant = self.order(triggered.order_id)
        assert dormant is not None, f"no record of order {triggered.order_id}"
        order.dormant_order_id = dormant.order_id
        order.message_hash = dormant.message_hash
        order.time_in_force = dormant.time_in_force
        order.expiry_time_ms = dormant.expiry_time_ms
        order.label = dormant.label

    def _record_filled(self, event: OrderFilled, feed: FeedBuilder) -> None:
        trade_number = feed.add_trade(event)
        taker = self._order_to_change(event.taker_order_id)
        _add_fill(taker, event, taker.remaining_lots - event.size_lots)
        fill = taker_fill(event, taker.remaining_lots)
        feed.add_fill(event.taker_account_id, fill, trade_number)
        maker = self._order_to_change(event.maker_order_id)
        _add_fill(maker, event, event.maker_remaining_lots)
        feed.add_fill(event.maker_account_id, maker_fill(event), trade_number)
        for order in (taker, maker):
            if order.remaining_lots == 0:
                order.status = types_pb2.ORDER_STATUS_FILLED
                self._close(order)
                feed.add_order(order.account_id, order_update(order))

    def _record_cancelled(self, event: OrderCancelled, feed: FeedBuilder) -> None:
        order = self._order_to_change(event.order_id)
        order.status = types_pb2.ORDER_STATUS_CANCELLED
        order.cancel_reason = CANCEL_REASONS[event.reason]
        order.remaining_lots = 0
        self._close(order)
        feed.add_order(order.account_id, order_update(order))

    def _record_decremented(self, event: OrderDecremented, feed: FeedBuilder) -> None:
        order = self._order_to_change(event.order_id)
        order.remaining_lots = event.remaining_lots
        order.decremented_lots += event.lots
        feed.add_order(order.account_id, order_update(order))

    def _record_amended(self, event: OrderAmended, feed: FeedBuilder) -> None:
        order = self._order_to_change(event.order_id)
        order.size_lots -= event.lots
        order.remaining_lots = event.remaining_lots
        order.expiry_time_ms = event.expiry_time_ms
        feed.add_order(order.account_id, order_update(order))

    def _record_killed(self, feed: FeedBuilder) -> None:
        """Tell the owners of all that lives in the books: it dies.

        The book does not know of the kill yet, so what died before is told once only.
        """
        killed: dict[int, list[stream_service_pb2.OrderUpdate]] = {}
        for account_id, market_of_order in self._open_orders.items():
            ids = [
                order_id
                for order_id, market_id in market_of_order.items()
                if self.book.lives(market_id, order_id)
            ]
            if ids:
                killed[account_id] = [self._killed_update(order_id) for order_id in sorted(ids)]
        feed.add_killed(killed)

    def _killed_update(self, order_id: int) -> stream_service_pb2.OrderUpdate:
        order = self.order(order_id)
        assert order is not None, f"no record of order {order_id}"
        update = order_update(order)
        update.status = types_pb2.ORDER_STATUS_KILLED
        return update

    def _order_to_change(self, order_id: int) -> types_pb2.Order:
        order = self.order(order_id)
        assert order is not None, f"no record of order {order_id}"
        self._orders[order_id] = order
        return order

    def _close(self, order: types_pb2.Order) -> None:
        self._open_orders.get(order.account_id, {}).pop(order.order_id, None)

    def _put_events(self, write_batch: WriteBatch, last_sequence: int) -> None:
        keys = []
        for event in self._feed:
            keys.append(keyspace.event_key(event.channel, event.scope_id, event.number))
            value = event.message.SerializeToString()
            write_batch.put(keys[-1], value)
            if event.list_key:
                write_batch.put(event.list_key, value)
        # Events lie by scope; this tells which of them belong to the batch when it grows old.
        write_batch.put(keyspace.number_key(keyspace.EVENT_KEYS, last_sequence), b"".join(keys))

    def _drop_old_events(self, write_batch: WriteBatch, oldest_kept: int) -> None:
        """Drop the events of the batches that end before an entry.

        The scan starts where the last one ended: LevelDB would walk over everything that it has
        deleted before.
        """
        if oldest_kept <= self.oldest_events:
            return
        start = keyspace.number_key(keyspace.EVENT_KEYS, self.oldest_events)
        self.oldest_events = oldest_kept
        kept = oldest_kept.to_bytes(_SEQUENCE_BYTES, "big")
        write_batch.put(keyspace.META_OLDEST_EVENTS, kept)
        stop = keyspace.number_key(keyspace.EVENT_KEYS, oldest_kept)
        for batch_key, event_keys in self._database.iterator(start=start, stop=stop):
            write_batch.delete(batch_key)
            for key in keyspace.split_event_keys(event_keys):
                write_batch.delete(key)


def _record_failing(
    event: Liquidated | AuctionStarted | AuctionEnded | BidFilled | TakenOver,
    applied: AppliedEntry,
    feed: FeedBuilder,
) -> None:
    """Tell what became of a failing account."""
    if isinstance(event, Liquidated):
        feed.add_liquidation(event, (e for e in applied.events if isinstance(e, OrderFilled)))
    elif isinstance(event, TakenOver):
        feed.add_take_over(event, (e for e in applied.events if isinstance(e, LegTaken)))
    else:
        feed.add_auction(event)


def _new_order(event: OrderPlaced | TriggerPlaced, applied: AppliedEntry) -> types_pb2.Order:
    entry, tx = applied.entry, applied.entry.transaction
    if isinstance(tx, PlaceOrder):
        force, reduce_only, expiry_time_ms = tx.time_in_force, tx.reduce_only, tx.expiry_time_ms
    elif isinstance(tx, MassQuote):
        force, reduce_only, expiry_time_ms = tx.time_in_force, False, tx.terms.expiry_time_ms
    else:
        assert isinstance(tx, Liquidate | TriggerOrder | Unwind)
        force, reduce_only, expiry_time_ms = TimeInForce.IOC, True, 0
    return types_pb2.Order(
        order_id=event.order_id,
        sequence=entry.sequence,
        message_hash=felt_bytes(applied.message_hash),
        account_id=event.account_id,
        market_id=event.market_id,
        side=SIDES[event.side],
        time_in_force=TIMES_IN_FORCE[force],
        reduce_only=reduce_only,
        price_ticks=event.price_ticks,
        size_lots=event.size_lots,
        remaining_lots=effective_size_lots(applied.events, event.order_id),
        expiry_time_ms=expiry_time_ms,
        label=event.label,
        decremented_lots=event.decremented_lots if isinstance(event, OrderPlaced) else 0,
        is_liquidation=isinstance(tx, Liquidate),
        quote_index=event.quote_index,
        status=types_pb2.ORDER_STATUS_RESTING,
        times=types_pb2.LifecycleTimes(
            received_time_ms=entry.received_time_ms, matched_time_ms=entry.time_ms
        ),
    )


def _add_fill(order: types_pb2.Order, event: OrderFilled, remaining_lots: int) -> None:
    order.filled_lots += event.size_lots
    order.filled_ticks_lots += event.size_lots * event.price_ticks
    order.remaining_lots = remaining_lots
