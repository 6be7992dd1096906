"""What accounts held when lots paid funding, so that each payment is known and none is written.

A position pays each hour what each lot pays, times its lots. A market's payments are in its list,
the same for everybody; here is only how many lots an account has held since when, written when it
trades. So the end of an hour costs what the market's one event costs, however many accounts hold
it, and a page of payments reads what is on it.
"""

import heapq
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final, NamedTuple

from novation.api.v1 import stream_service_pb2, types_pb2
from novation.protocol.constants import INSURANCE_ACCOUNT_ID
from novation.protocol.events import BidFilled, Event, OrderFilled, TakenOver
from novation.protocol.state import State
from sequencer import keyspace
from sequencer.record_lists import Item, RecordLists
from sequencer.store import Database, WriteBatch

_LOTS_BYTES: Final = 8
_HIGHEST_NUMBER: Final = 2**63 - 1


class Payment(NamedTuple):
    """Lots that an account held when each lot of a market, or of its side, paid or got."""

    size_lots: int
    paid: stream_service_pb2.StreamFundingResponse


class Holdings:
    """Follows positions through the applied journal entries.

    A record says what an account has held in a market since a payment; what it held in between
    paid nothing. Two records that follow each other never both say nothing: else an account that
    opens and closes within each hour would have a long list with no payment on it.
    """

    def __init__(self, database: Database, state: State, lists: RecordLists) -> None:
        """Go on from what is sealed. `state` changes with the entries, `lists` has the payments."""
        self._database = database
        self._state = state
        self._lists = lists
        # By account and market: lots by the number of the payment since which they are held.
        self._pending: dict[bytes, dict[int, int]] = {}
        self._last_payments: dict[int, int] = {}

    def learn(self, events: Iterable[Event]) -> None:
        """Take in what an entry's events have moved; the lists have its payments already."""
        for account_id, market_id in _moved(events, self._state.markets):
            prefix = keyspace.list_prefix(keyspace.HOLDING, account_id, market_id)
            size_lots = self._state.account(account_id).position(market_id).size_lots
            self._pending.setdefault(prefix, {})[self._last_payment(market_id)] = size_lots

    def paid(self, number: int, market_id: int) -> None:
        """Take in that each lot of a market has paid: what comes from now on did not."""
        self._last_payments[market_id] = number

    def newest_payments(
        self, account_id: int, market_ids: Iterable[int], before: int
    ) -> Iterator[tuple[int, Payment]]:
        """Yield what an account paid in some markets, newest first, below a number."""
        found = (self._of_market(account_id, market_id, before) for market_id in market_ids)
        return heapq.merge(*found, key=itemgetter(0), reverse=True)

    def put_into(self, write_batch: WriteBatch) -> None:
        """Add what the open batch has moved to the write batch that seals it."""
        for prefix, lots_since in self._pending.items():
            held_lots: int | None = None
            for since, size_lots in lots_since.items():
                key = keyspace.numbered(prefix, since)
                if held_lots is None and size_lots == 0:
                    held_lots = next((lots for _, lots in self._stored(prefix, since)), 0)
                if size_lots == 0 == held_lots:
                    write_batch.delete(key)
                else:
                    write_batch.put(key, size_lots.to_bytes(_LOTS_BYTES, "big", signed=True))
                held_lots = size_lots

    def forget_pending(self) -> None:
        """The seal is durable: reads may go to the database."""
        self._pending.clear()

    def _of_market(
        self, account_id: int, market_id: int, before: int
    ) -> Iterator[tuple[int, Payment]]:
        held = keyspace.list_prefix(keyspace.HOLDING, account_id, market_id)
        for since, size_lots in self._newest(held, before):
            if size_lots:
                side = types_pb2.SIDE_BUY if size_lots > 0 else types_pb2.SIDE_SELL
                for number, message in self._newest_paid(market_id, [side], before, since):
                    assert isinstance(message, stream_service_pb2.StreamFundingResponse)
                    yield number, Payment(size_lots, message)
            before = since + 1

    def _newest_paid(
        self, market_id: int, sides: Iterable[int], before: int, after: int
    ) -> Iterator[Item]:
        """Yield what lots have paid by funding and by the pool against them, newest first."""
        prefixes = (
            keyspace.list_prefix(keyspace.LISTED_FUNDING, market_id),
            *(keyspace.list_prefix(keyspace.LISTED_POOL_SHARE, market_id, i) for i in sides),
        )
        lists = (self._lists.newest(prefix, before, after) for prefix in prefixes)
        return heapq.merge(*lists, key=itemgetter(0), reverse=True)

    def _newest(self, prefix: bytes, before: int) -> Iterator[tuple[int, int]]:
        """Yield since which payments, below a number, how many lots were held, newest first."""
        pending = self._pending.get(prefix, {})
        for since in reversed(pending):
            if since < before:
                yield since, pending[since]
        yield from self._stored(prefix, min(before, next(iter(pending), before)))

    def _stored(self, prefix: bytes, before: int) -> Iterator[tuple[int, int]]:
        # Backwards plyvel does not give a key that is the start and the only one: none is.
        stop = keyspace.numbered(prefix, before)
        for key, value in self._database.iterator(start=prefix, stop=stop, reverse=True):
            _, since = keyspace.split_list_key(key)
            yield since, int.from_bytes(value, "big", signed=True)

    def _last_payment(self, market_id: int) -> int:
        """Return the number of a market's last payment, 0 before the first."""
        if market_id not in self._last_payments:
            sides = types_pb2.SIDE_BUY, types_pb2.SIDE_SELL
            newest = self._newest_paid(market_id, sides, _HIGHEST_NUMBER, 0)
            self._last_payments[market_id] = next((number for number, _ in newest), 0)
        return self._last_payments[market_id]


def _moved(events: Iterable[Event], market_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Return whose positions in which markets a transaction has changed."""
    found = set()
    for event in events:
        if isinstance(event, OrderFilled):
            found.add((event.taker_account_id, event.market_id))
            found.add((event.maker_account_id, event.market_id))
        elif isinstance(event, BidFilled):
            for part in event.taken:
                found.add((event.failing_account_id, part.market_id))
                found.add((event.bidder_account_id, part.market_id))
        elif isinstance(event, TakenOver):
            # Which positions it had is not told; what was nothing is not written.
            for account_id in (event.account_id, INSURANCE_ACCOUNT_ID):
                found.update((account_id, market_id) for market_id in market_ids)
    return found
