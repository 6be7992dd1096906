"""Stops and take-profits: orders that reduce a position once the mark price reaches a trigger."""

from abc import ABC, abstractmethod
from typing import Any

from typing_extensions import override

from novation.api.v1 import order_service_pb2
from novation.client import checks, conversion
from novation.client.clock import now_ms
from novation.client.errors import InvalidInputError
from novation.client.messages import place_message
from novation.client.orders import MessageFactory, OrderRequest
from novation.client.reader import Reader
from novation.client.transport import Transport
from novation.client.trigger_models import BracketAck, TriggerAck
from novation.client.units import Market, Number
from novation.protocol.constants import PPM_ONE
from novation.protocol.orders import Side, TimeInForce, TriggerDirection
from novation.protocol.transactions import PlaceBracket, PlaceTrigger

DEFAULT_TRIGGER_LIFETIME_MS = 30 * 24 * 60 * 60 * 1000
# A stop is placed when the market moves against it: more than a market order allows by default.
DEFAULT_STOP_SLIPPAGE_PPM = 50_000


class TriggerCalls(ABC):
    """Stops, take-profits and brackets, alike for single calls and on a stream."""

    _transport: Transport

    async def place_stop(
        self,
        market: str | int,
        side: Side,
        **fields: Any,  # noqa: ANN401 - see place_trigger
    ) -> TriggerAck:
        """End a position when the mark price goes against it as far as a trigger; see below.

        The side is that of the order: sell to end a long position.
        """
        direction = direction_of(side, is_stop=True)
        return await self.place_trigger(market, side, direction, **fields)

    async def place_take_profit(
        self,
        market: str | int,
        side: Side,
        **fields: Any,  # noqa: ANN401 - see place_trigger
    ) -> TriggerAck:
        """End a position when the mark price has gone its way as far as a trigger; see below."""
        direction = direction_of(side, is_stop=False)
        return await self.place_trigger(market, side, direction, **fields)

    async def place_trigger(  # noqa: PLR0913 - the fields of an order, by keyword
        self,
        market: str | int,
        side: Side,
        direction: TriggerDirection,
        *,
        size: Number,
        trigger_price: Number,
        price: Number | None = None,
        slippage_ppm: int = DEFAULT_STOP_SLIPPAGE_PPM,
        ends_others: bool = False,
        **fields: Any,  # noqa: ANN401 - those of OrderRequest
    ) -> TriggerAck:
        """Let an order lie dormant until the mark price reaches a trigger; it is reduce-only.

        It trades no more than the position that there is then, and is gone if there is none. It
        lives for 30 days by default, and is cancelled as any other.

        Args:
            market: symbol or id.
            side: buy or sell.
            direction: which way the mark price must go.
            size: in the base asset, on the market's lot grid.
            trigger_price: in USD, on the market's tick grid.
            price: limit of an order that may rest; without it, what is not filled at once is
                cancelled, and nothing trades at a worse price than the next argument says.
            slippage_ppm: how much worse than the trigger; 5 % by default.
            ends_others: let all other orders of the account in the market die once this one leaves
                nothing to reduce: a stop and a take-profit that both do so cancel each other.
            **fields: others of `OrderRequest`.
        """
        exchange = self._signing().exchange
        await exchange.find_market(self._transport, market)
        known = exchange.market(market)
        checks.choice("side", side, Side)
        checks.integer("slippage_ppm", slippage_ppm, 0, PPM_ONE)
        limit = price
        if limit is None:
            limit = known.worst_price(side, trigger_price, slippage_ppm)
            fields = {"time_in_force": TimeInForce.IOC} | fields
        request = trigger_request(known, side, size, limit, fields)
        tx = self._signing().place_trigger(
            request, trigger_price, direction, ends_others=ends_others
        )
        return await self.submit_trigger(tx)

    async def submit_trigger(self, tx: PlaceTrigger) -> TriggerAck:
        """Send a signed order that lies dormant. Sent again, it gets its first answer."""
        checks.instance("tx", tx, PlaceTrigger)
        response = await self._place_trigger(trigger_message(tx))
        return self._signing().trigger_ack(tx, response)

    async def place_bracket(  # noqa: PLR0913 - the fields of an order, by keyword
        self,
        market: str | int,
        side: Side,
        *,
        price: Number,
        size: Number,
        stop_price: Number,
        profit_price: Number,
        slippage_ppm: int = DEFAULT_STOP_SLIPPAGE_PPM,
        exits_expiry_time_ms: int | None = None,
        **fields: Any,  # noqa: ANN401 - those of OrderRequest
    ) -> BracketAck:
        """Place an order with the stop and the take-profit of what it opens: all, or none.

        Both wait for the mark price, and trade at once what there is to reduce. Once that has
        closed the position, or there was none, all other orders of the account in the market are
        cancelled. If the mark has reached one of the two already, the order is refused.

        Args:
            market: symbol or id.
            side: of the order; the exits have the other one.
            price: limit of the order.
            size: in the base asset, on the market's lot grid; of the exits, too.
            stop_price: in USD, where the mark price goes against it.
            profit_price: where it has gone its way.
            slippage_ppm: how much worse than their triggers the exits may trade; 5 % by default.
            exits_expiry_time_ms: until when they wait; 30 days by default.
            **fields: others of `OrderRequest`.
        """
        exchange = self._signing().exchange
        await exchange.find_market(self._transport, market)
        known = exchange.market(market)
        exit_side = checks.choice("side", side, Side).other
        checks.integer("slippage_ppm", slippage_ppm, 0, PPM_ONE)
        expiry_time_ms = now_ms() + DEFAULT_TRIGGER_LIFETIME_MS
        exits = {"exits_expiry_time_ms": exits_expiry_time_ms or expiry_time_ms}
        for name, trigger in (("stop", stop_price), ("profit", profit_price)):
            worst = known.worst_price(exit_side, trigger, slippage_ppm)
            exits[f"{name}_trigger_ticks"] = known.ticks(trigger)
            exits[f"{name}_price_ticks"] = known.ticks(worst)
        asked = {"expiry_time_ms": expiry_time_ms} | fields
        request = OrderRequest(known.symbol, side, price, size, **asked)
        return await self.submit_bracket(self._signing().place_bracket(request, exits))

    async def submit_bracket(self, tx: PlaceBracket) -> BracketAck:
        """Send a signed order with exits. Sent again, it gets its first answer."""
        checks.instance("tx", tx, PlaceBracket)
        response = await self._place_bracket(bracket_message(tx))
        return self._signing().bracket_ack(tx, response)

    @abstractmethod
    def _signing(self) -> MessageFactory:
        """Return what signs messages."""

    @abstractmethod
    async def _place_trigger(
        self, message: order_service_pb2.PlaceTriggerRequest
    ) -> order_service_pb2.PlaceTriggerResponse:
        """Send an order that lies dormant."""

    @abstractmethod
    async def _place_bracket(
        self, message: order_service_pb2.PlaceBracketRequest
    ) -> order_service_pb2.PlaceBracketResponse:
        """Send an order with exits."""


class TriggerClient(TriggerCalls, Reader):
    """The part of a client that places stops, take-profits and brackets."""

    _factory: MessageFactory | None

    @override
    async def _place_trigger(
        self, message: order_service_pb2.PlaceTriggerRequest
    ) -> order_service_pb2.PlaceTriggerResponse:
        return await self._transport.call(self._transport.orders.PlaceTrigger, message)

    @override
    async def _place_bracket(
        self, message: order_service_pb2.PlaceBracketRequest
    ) -> order_service_pb2.PlaceBracketResponse:
        return await self._transport.call(self._transport.orders.PlaceBracket, message)

    @override
    def _signing(self) -> MessageFactory:
        if self._factory is None:
            raise InvalidInputError("the client cannot sign; pass a signer and connect")
        return self._factory


def direction_of(side: Side, *, is_stop: bool) -> TriggerDirection:
    """Return which way the mark price must go: against a position for a stop, else for it."""
    falls = (side is Side.SELL) == is_stop
    return TriggerDirection.FALL if falls else TriggerDirection.RISE


def trigger_request(
    market: Market, side: Side, size: Number, limit: Number, fields: dict[str, Any]
) -> OrderRequest:
    """Return the order that a trigger places: by default it lives for 30 days, and may rest."""
    asked = {"expiry_time_ms": now_ms() + DEFAULT_TRIGGER_LIFETIME_MS} | fields
    return OrderRequest(
        market=market.symbol, side=side, price=limit, size=size, reduce_only=True, **asked
    )


def trigger_message(tx: PlaceTrigger) -> order_service_pb2.PlaceTriggerRequest:
    """Return the API message of a signed order that lies dormant."""
    return order_service_pb2.PlaceTriggerRequest(
        order=place_message(tx),
        trigger_price_ticks=tx.trigger_price_ticks,
        trigger_direction=conversion.TRIGGER_DIRECTIONS[tx.trigger_direction],
        ends_others=tx.ends_others,
    )


def bracket_message(tx: PlaceBracket) -> order_service_pb2.PlaceBracketRequest:
    """Return the API message of a signed order with exits."""
    return order_service_pb2.PlaceBracketRequest(
        order=place_message(tx),
        stop_trigger_ticks=tx.stop_trigger_ticks,
        stop_price_ticks=tx.stop_price_ticks,
        profit_trigger_ticks=tx.profit_trigger_ticks,
        profit_price_ticks=tx.profit_price_ticks,
        exits_expiry_time_ms=tx.exits_expiry_time_ms,
    )
