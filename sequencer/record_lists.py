"""Lists of an account or a market, newest first: a page costs what is on it, whoever else trades.

The numbers in a list only grow, so a page goes on below the last one's smallest number whatever has
come meanwhile. What the open batch added is in memory, above everything that the database has; it
is written with the seal, and after a crash the replay of the journal adds it again. Items are
stream events that are kept longer, and the numbers of orders.
"""

import bisect
import heapq
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

from novation.api.v1 import stream_service_pb2
from sequencer import keyspace
from sequencer.feed import FeedEvent, FeedMessage, entry_of, first_event_number
from sequencer.store import Database, WriteBatch

_SEQUENCE_BYTES: Final = 8
# A number and the event under it, None for an order.
Item = tuple[int, FeedMessage | None]
_number = itemgetter(0)
_CLASSES: Final[dict[bytes, type[FeedMessage]]] = {
    keyspace.LISTED_FILL: stream_service_pb2.StreamAccountResponse,
    keyspace.LISTED_TRADE: stream_service_pb2.StreamTradesResponse,
    keyspace.LISTED_TRANSFER: stream_service_pb2.StreamAccountResponse,
    keyspace.LISTED_FUNDING: stream_service_pb2.StreamFundingResponse,
    keyspace.LISTED_POOL_SHARE: stream_service_pb2.StreamFundingResponse,
    keyspace.LISTED_LIQUIDATION: stream_service_pb2.StreamLiquidationsResponse,
}


class RecordLists:
    """Orders, fills and transfers of accounts; trades, funding and liquidations of markets.

    A list is named by what its keys begin with, `keyspace.list_prefix`.
    """

    def __init__(self, database: Database, trade_retention: int) -> None:
        """Go on from what is sealed; `trade_retention` counts journal entries."""
        self._database = database
        self._trade_retention = trade_retention
        self._pending: dict[bytes, list[Item]] = {}
        # Trades and fills of earlier journal entries are gone.
        oldest = database.get(keyspace.META_OLDEST_TRADES, b"")
        self.oldest_trades = int.from_bytes(oldest, "big")

    def add_order(self, account_id: int, market_id: int, order_id: int) -> None:
        """Put an order into its account's list; its record is elsewhere."""
        prefix = keyspace.list_prefix(keyspace.LISTED_ORDER, account_id, market_id)
        self._pending.setdefault(prefix, []).append((order_id, None))

    def add(self, event: FeedEvent) -> None:
        """Put an event into its list; the history writes it."""
        prefix, number = keyspace.split_list_key(event.list_key)
        self._pending.setdefault(prefix, []).append((number, event.message))

    def newest(self, prefix: bytes, before: int, after: int = 0) -> Iterator[Item]:
        """Yield the items of a list below a number, newest first, those behind another one."""
        pending = self._pending.get(prefix, ())
        for place in range(bisect.bisect_left(pending, before, key=_number), 0, -1):
            if pending[place - 1][0] <= after:
                return
            yield pending[place - 1]
        kind = _CLASSES.get(prefix[:1])
        start, stop = keyspace.numbered(prefix, after), keyspace.numbered(prefix, before)
        for key, value in self._database.iterator(
            start=start, stop=stop, reverse=True, include_start=False
        ):
            _, number = keyspace.split_list_key(key)
            yield number, None if kind is None else kind.FromString(value)

    def newest_of_markets(
        self, kind: bytes, account_id: int, market_ids: Iterable[int], before: int
    ) -> Iterator[Item]:
        """Yield the items of an account in some markets below a number, newest first."""
        prefixes = (keyspace.list_prefix(kind, account_id, i) for i in market_ids)
        lists = (self.newest(prefix, before) for prefix in prefixes)
        return heapq.merge(*lists, key=_number, reverse=True)

    def put_into(
        self, write_batch: WriteBatch, last_sequence: int, market_ids: Iterable[int]
    ) -> None:
        """Add the open batch's orders to the write batch that seals it; drop what is too old."""
        for prefix, items in self._pending.items():
            if prefix.startswith(keyspace.LISTED_ORDER):
                for order_id, _ in items:
                    write_batch.put(keyspace.numbered(prefix, order_id), b"")
        self._drop_old_trades(write_batch, last_sequence - self._trade_retention, market_ids)

    def forget_pending(self) -> None:
        """The seal is durable: reads may go to the database."""
        self._pending.clear()

    def _drop_old_trades(
        self, write_batch: WriteBatch, oldest_kept: int, market_ids: Iterable[int]
    ) -> None:
        """Drop trades of journal entries before one, each with the fills of its two accounts.

        The scan starts where the last one ended, as that of old events does. What is only being
        written stays.
        """
        for prefix, items in self._pending.items():
            if prefix.startswith(keyspace.LISTED_TRADE):
                oldest_kept = min(oldest_kept, entry_of(items[0][0]))
        if oldest_kept <= self.oldest_trades:
            return
        first, kept = first_event_number(self.oldest_trades), first_event_number(oldest_kept)
        for market_id in market_ids:
            prefix = keyspace.list_prefix(keyspace.LISTED_TRADE, market_id)
            start, stop = keyspace.numbered(prefix, first), keyspace.numbered(prefix, kept)
            for key, value in self._database.iterator(start=start, stop=stop):
                write_batch.delete(key)
                trade = stream_service_pb2.StreamTradesResponse.FromString(value).trade
                for account_id in (trade.maker_account_id, trade.taker_account_id):
                    fills = keyspace.list_prefix(keyspace.LISTED_FILL, account_id, market_id)
                    write_batch.delete(keyspace.numbered(fills, trade.sequence))
        self.oldest_trades = oldest_kept
        write_batch.put(keyspace.META_OLDEST_TRADES, oldest_kept.to_bytes(_SEQUENCE_BYTES, "big"))
