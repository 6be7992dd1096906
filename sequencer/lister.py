"""Listing markets: for whoever asks, and for the node itself.

Anybody may ask, without a signature, so that must cost next to nothing: requests for one market
share one command, and few wait at a time. A refused one is in no batch.
"""

import asyncio
import logging

from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.rules.list_market import check_underlying
from novation.protocol.transactions import ListMarket
from sequencer.clock import Clock
from sequencer.engine import Accepted, Command, Engine, GroupResult
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.runner import EngineRunner

logger = logging.getLogger(__name__)


class MarketLister:
    """Submits ListMarket."""

    def __init__(self, runner: EngineRunner, clock: Clock, max_pending: int) -> None:
        """Let at most `max_pending` of them wait for the engine."""
        self._runner = runner
        self._clock = clock
        self._max_pending = max_pending
        self._pending: dict[int, asyncio.Future[Accepted]] = {}
        self._has_prices = asyncio.Event()
        self._refusals: dict[int, ErrorCode] = {}

    async def list_market(self, tx: ListMarket) -> Accepted:
        """List a market; returns when that is durable.

        Raises:
            InvalidTransaction: it breaks a rule of the protocol.
            RequestRefusedError: too many wait already, or the node is overloaded or stops.
        """
        # Nonsense must not take the places of markets that could be listed.
        check_underlying(tx, len(self._runner.parameters.underlyings))
        answer = self._pending.get(tx.market_id)
        if answer is None:
            answer = self._enqueue(tx)
        # Who goes away must not take the answer from the others.
        return await asyncio.shield(answer)

    async def run(self) -> None:
        """Open the market of every underlying that has a price; never returns."""
        self._runner.add_listener(self._hear)
        self._has_prices.set()
        while True:
            await self._has_prices.wait()
            self._has_prices.clear()
            for market_id in await self._runner.call(_listable):
                await self._list_unasked(ListMarket(market_id))

    def _enqueue(self, tx: ListMarket) -> "asyncio.Future[Accepted]":
        if len(self._pending) >= self._max_pending:
            limit = str(self._max_pending)
            context = ErrorContext("pending_listings", limit, limit)
            sentence = f"{limit} requests to list a market wait already; try again"
            raise RequestRefusedError(NodeErrorCode.QUEUE_FULL, sentence, context)
        answer = self._runner.enqueue(Command(tx, self._clock.now_ms()))
        self._pending[tx.market_id] = answer
        answer.add_done_callback(lambda done: self._forget(tx.market_id, done))
        return answer

    def _forget(self, market_id: int, answer: "asyncio.Future[Accepted]") -> None:
        del self._pending[market_id]
        if not answer.cancelled():
            # Nobody may be left to hear of a refusal.
            answer.exception()

    async def _list_unasked(self, tx: ListMarket) -> None:
        """List a market; what it is refused for may change with the next price."""
        try:
            await self.list_market(tx)
        except InvalidTransaction as refusal:
            if self._refusals.get(tx.market_id) is not refusal.code:
                logger.warning("market %d is not listed: %s", tx.market_id, refusal)
            self._refusals[tx.market_id] = refusal.code
        except RequestRefusedError as refusal:
            logger.warning("market %d is not listed yet: %s", tx.market_id, refusal)
        else:
            self._refusals.pop(tx.market_id, None)
            logger.info("market %d is listed", tx.market_id)

    def _hear(self, result: GroupResult) -> None:
        if result.oracle_updates:
            self._has_prices.set()


def _listable(engine: Engine) -> list[int]:
    """Return the underlyings that have a price and no market."""
    state = engine.state
    return [
        underlying_id
        for underlying_id, underlying in enumerate(state.underlyings)
        if underlying.index_price_x16 and underlying_id not in state.markets
    ]
