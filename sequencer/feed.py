"""What the streams carry: the events of a transaction, each as a message for an audience.

An event's number is its transaction's place in the journal and its place in the transaction, so
that replaying the journal gives the same numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

from novation.api.v1 import stream_service_pb2, types_pb2
from novation.protocol.constants import MAX_ORDERS_PER_SLOT, MAX_POSITIONS
from novation.protocol.events import (
    AuctionEnded,
    AuctionStarted,
    BidFilled,
    Deposited,
    DepositFailed,
    Event,
    FundingPaid,
    LegTaken,
    Liquidated,
    OrderFilled,
    PoolShared,
    PositionSettled,
    TakenOver,
    Transferred,
    Unwound,
    Withdrawn,
)
from novation.protocol.orders import Side
from sequencer import keyspace
from sequencer.book_view import BookView, LevelChange
from sequencer.messages import (
    SIDES,
    auction_message,
    bid_message,
    funding_message,
    level_message,
    liquidation_message,
    pool_share_message,
    take_over_message,
    unwinding_message,
)

_MOST_ORDERS: Final = MAX_ORDERS_PER_SLOT * MAX_POSITIONS
# A transaction has at most 24 visits with five messages each and a few more, and 25 accounts whose
# timers run out: each of their orders has a message, and so has its price level. A gap kills at
# most that many of each account.
EVENTS_PER_TRANSACTION: Final = 2**19

FeedMessage = (
    stream_service_pb2.StreamBookResponse
    | stream_service_pb2.StreamAccountResponse
    | stream_service_pb2.StreamTradesResponse
    | stream_service_pb2.StreamAuctionsResponse
    | stream_service_pb2.StreamFundingResponse
    | stream_service_pb2.StreamLiquidationsResponse
)


class Channel(IntEnum):
    """The kinds of streams; those of batches do not carry journal events."""

    BOOK = 1
    ACCOUNT = 2
    TRADES = 3
    BATCHES = 4
    FUNDING = 5
    LIQUIDATIONS = 6
    AUCTIONS = 7


# A channel and a market, or an account: what one reader follows.
Scope = tuple[Channel, int]
BATCH_CHANGES: Final[Scope] = (Channel.BATCHES, 0)
AUCTION_EVENTS: Final[Scope] = (Channel.AUCTIONS, 0)


class FeedEvent(NamedTuple):
    """A message for the listeners of a market (book, trades, funding, ...) or an account.

    `list_key` is where it is kept longer, as an item of a list; empty if it is in none.
    """

    number: int
    channel: Channel
    scope_id: int
    message: FeedMessage
    list_key: bytes = b""

    @property
    def scope(self) -> Scope:
        """Whose readers it is for."""
        return self.channel, self.scope_id


class FeedBuilder:
    """Collects the messages of one transaction and numbers them."""

    def __init__(self, sequence: int, time_ms: int) -> None:
        """Start the messages of the journal entry `sequence`."""
        self._next_number = first_event_number(sequence)
        self._time_ms = time_ms
        self.events: list[FeedEvent] = []

    def add_book(self, changes: Iterable[LevelChange], book: BookView) -> None:
        """Add one message per market whose levels changed; `book` is as they are now."""
        by_market: dict[int, list[LevelChange]] = {}
        for change in changes:
            by_market.setdefault(change.market_id, []).append(change)
        for market_id, levels in by_market.items():
            message = stream_service_pb2.StreamBookResponse(
                time_ms=self._time_ms,
                bids=[level_message(level) for level in levels if level.side is Side.BUY],
                asks=[level_message(level) for level in levels if level.side is Side.SELL],
                checksum=book.checksum(market_id),
            )
            self._add(Channel.BOOK, market_id, message)

    def add_trade(self, event: OrderFilled) -> int:
        """Add a match to the market's trades and return its number."""
        trade = types_pb2.Trade(
            time_ms=self._time_ms,
            market_id=event.market_id,
            price_ticks=event.price_ticks,
            size_lots=event.size_lots,
            taker_side=SIDES[event.taker_side],
            maker_order_id=event.maker_order_id,
            taker_order_id=event.taker_order_id,
            maker_account_id=event.maker_account_id,
            taker_account_id=event.taker_account_id,
        )
        number = trade.sequence = self._next_number
        message = stream_service_pb2.StreamTradesResponse(trade=trade)
        key = keyspace.list_key(keyspace.LISTED_TRADE, event.market_id, 0, number)
        self._add(Channel.TRADES, event.market_id, message, key)
        return number

    def add_fill(self, account_id: int, fill: types_pb2.Fill, trade_number: int) -> None:
        """Add a match to one account's events, and to its fills under the trade's number."""
        message = stream_service_pb2.StreamAccountResponse(time_ms=self._time_ms, fill=fill)
        key = keyspace.list_key(keyspace.LISTED_FILL, account_id, fill.market_id, trade_number)
        self._add(Channel.ACCOUNT, account_id, message, key)

    def add_order(self, account_id: int, update: stream_service_pb2.OrderUpdate) -> None:
        """Add an order's new status to its account's events."""
        message = stream_service_pb2.StreamAccountResponse(time_ms=self._time_ms, order=update)
        self._add(Channel.ACCOUNT, account_id, message)

    def add_killed(self, updates: Mapping[int, Sequence[stream_service_pb2.OrderUpdate]]) -> None:
        """Add the orders that a gap has killed, by account.

        There can be more than numbers. So each account's are numbered from the same one on: a
        number must be unique in its stream only.
        """
        killed = [
            self._killed(self._next_number + place, account_id, update)
            for account_id, of_account in updates.items()
            for place, update in enumerate(of_account)
        ]
        # The log forgets its oldest events, up to a number: they have to ascend.
        self.events += sorted(killed, key=lambda event: event.number)
        most = max(map(len, updates.values()), default=0)
        assert most <= _MOST_ORDERS
        self._next_number += most

    def add_balance(self, event: Event) -> None:
        """Add a deposit, withdrawal or transfer to its accounts' events; others add nothing."""
        kinds = stream_service_pb2.BalanceChange
        if isinstance(event, Transferred):
            self._add_transfer(event)
            return
        if isinstance(event, Deposited):
            kind = kinds.KIND_DEPOSIT
        elif isinstance(event, DepositFailed):
            kind = kinds.KIND_DEPOSIT_REFUSED
        elif isinstance(event, Withdrawn):
            kind = kinds.KIND_WITHDRAWAL
        else:
            return
        balance = kinds(kind=kind, amount_quanta=event.amount_quanta, asset_id=event.asset_id)
        self._add_balance_change(event.account_id, balance)

    def _add_transfer(self, event: Transferred) -> None:
        """Add both sides, each with the other one's account."""
        kinds = stream_service_pb2.BalanceChange
        for kind, account_id, other_id in (
            (kinds.KIND_TRANSFER_OUT, event.account_id, event.to_account_id),
            (kinds.KIND_TRANSFER_IN, event.to_account_id, event.account_id),
        ):
            balance = kinds(
                kind=kind,
                amount_quanta=event.amount_quanta,
                asset_id=event.asset_id,
                other_account_id=other_id,
            )
            self._add_balance_change(account_id, balance)

    def _add_balance_change(
        self, account_id: int, balance: stream_service_pb2.BalanceChange
    ) -> None:
        message = stream_service_pb2.StreamAccountResponse(time_ms=self._time_ms, balance=balance)
        key = keyspace.list_key(keyspace.LISTED_TRANSFER, account_id, 0, self._next_number)
        self._add(Channel.ACCOUNT, account_id, message, key)

    def add_liquidation(self, event: Liquidated, fills: Iterable[OrderFilled]) -> None:
        """Add what the rules did to a failing account to its events and to its market's."""
        liquidation = liquidation_message(event, fills)
        message = stream_service_pb2.StreamAccountResponse(
            time_ms=self._time_ms, liquidation=liquidation
        )
        self._add(Channel.ACCOUNT, event.account_id, message)
        of_market = stream_service_pb2.StreamLiquidationsResponse(
            time_ms=self._time_ms, liquidation=liquidation
        )
        market_id, number = event.market_id, self._next_number
        key = keyspace.list_key(keyspace.LISTED_LIQUIDATION, market_id, 0, number)
        self._add(Channel.LIQUIDATIONS, market_id, of_market, key)

    def add_settlement(self, event: PositionSettled) -> None:
        """Add that a position became money to the events of its account."""
        message = stream_service_pb2.StreamAccountResponse(
            time_ms=self._time_ms,
            settlement=types_pb2.PositionSettlement(
                account_id=event.account_id,
                market_id=event.market_id,
                size_lots=event.size_lots,
                price_ticks=event.price_ticks,
            ),
        )
        self._add(Channel.ACCOUNT, event.account_id, message)

    def add_funding(self, event: FundingPaid | PoolShared | Unwound) -> None:
        """Add what lots of a market, or of a side, have paid or got to the market's funding.

        What was unwound, too: whom a pool pays, and for how many lots, is seen in one place.
        """
        message, number = stream_service_pb2.StreamFundingResponse(), self._next_number
        if isinstance(event, Unwound):
            message.unwinding.CopyFrom(unwinding_message(event, number, self._time_ms))
            self._add(Channel.FUNDING, event.market_id, message)
            return
        kind, side = keyspace.LISTED_FUNDING, 0
        if isinstance(event, PoolShared):
            kind, side = keyspace.LISTED_POOL_SHARE, SIDES[event.side]
            message.pool_share.CopyFrom(pool_share_message(event, number, self._time_ms))
        else:
            message.funding.CopyFrom(funding_message(event, number, self._time_ms))
        key = keyspace.list_key(kind, event.market_id, side, number)
        self._add(Channel.FUNDING, event.market_id, message, key)

    def add_auction(self, event: AuctionStarted | AuctionEnded | BidFilled) -> None:
        """Add what happens in an auction to the events of its accounts, and to all auctions."""
        if isinstance(event, BidFilled):
            account_ids = [event.failing_account_id, event.bidder_account_id]
            fields: dict[str, Any] = {"bid": bid_message(event)}
        else:
            account_ids = [event.account_id]
            fields = {"auction": auction_message(event)}
        for account_id in account_ids:
            message = stream_service_pb2.StreamAccountResponse(time_ms=self._time_ms, **fields)
            self._add(Channel.ACCOUNT, account_id, message)
        of_all = stream_service_pb2.StreamAuctionsResponse(time_ms=self._time_ms, **fields)
        self._add(*AUCTION_EVENTS, of_all)

    def add_take_over(self, event: TakenOver, legs: Iterable[LegTaken]) -> None:
        """Add what became of a hopeless account to its events."""
        message = stream_service_pb2.StreamAccountResponse(
            time_ms=self._time_ms, take_over=take_over_message(event, legs)
        )
        self._add(Channel.ACCOUNT, event.account_id, message)

    def _killed(
        self, number: int, account_id: int, update: stream_service_pb2.OrderUpdate
    ) -> FeedEvent:
        message = stream_service_pb2.StreamAccountResponse(
            sequence=number, time_ms=self._time_ms, order=update
        )
        return FeedEvent(number, Channel.ACCOUNT, account_id, message)

    def _add(
        self, channel: Channel, scope_id: int, message: FeedMessage, list_key: bytes = b""
    ) -> None:
        number = message.sequence = self._next_number
        self.events.append(FeedEvent(number, channel, scope_id, message, list_key))
        self._next_number += 1
        assert self._next_number % EVENTS_PER_TRANSACTION != 0


def first_event_number(sequence: int) -> int:
    """Return the number of a journal entry's first event."""
    return sequence * EVENTS_PER_TRANSACTION


def entry_of(number: int) -> int:
    """Return the journal entry that an event belongs to."""
    return number // EVENTS_PER_TRANSACTION


def last_event_number(sequence: int) -> int:
    """Return a number not below that of any event up to a journal entry."""
    return first_event_number(sequence + 1) - 1


_CLASSES: Final[Mapping[Channel, type[FeedMessage]]] = {
    Channel.BOOK: stream_service_pb2.StreamBookResponse,
    Channel.ACCOUNT: stream_service_pb2.StreamAccountResponse,
    Channel.TRADES: stream_service_pb2.StreamTradesResponse,
    Channel.FUNDING: stream_service_pb2.StreamFundingResponse,
    Channel.LIQUIDATIONS: stream_service_pb2.StreamLiquidationsResponse,
}


def event_key(scope: Scope, number: int) -> bytes:
    """Return the key under which an event is stored: the events of a scope lie together."""
    channel, scope_id = scope
    return keyspace.event_key(channel, scope_id, number)


def decode_event(key: bytes, value: bytes) -> FeedEvent:
    """Return an event of its key and its serialized message."""
    channel_code, scope_id, number = keyspace.event_of(key)
    channel = Channel(channel_code)
    return FeedEvent(number, channel, scope_id, _CLASSES[channel].FromString(value))
