"""What an order would do, before it is sent: the exchange's own rules on what the server told."""

from decimal import Decimal
from typing import Final

from novation.api.v1 import query_service_pb2, types_pb2
from novation.client import checks, models
from novation.client.conversion import equity_usd, gain_usd, integer, requirement_usd
from novation.client.errors import UnknownMarketError
from novation.client.exchange import Exchange
from novation.client.orders import OrderRequest
from novation.client.units import Market, Number
from novation.protocol.accounts import Account, Position
from novation.protocol.constants import LAST_TIME_MS, RESOLVE_MS
from novation.protocol.markets import Globals, UnderlyingState
from novation.protocol.markets import Market as MarketState
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.preview import Outcome, Surroundings, largest_size_lots, preview
from novation.protocol.transactions import PlaceOrder

_HOUR_MS: Final = 3_600_000


class MarginView:
    """An account and its markets as they were when the server was asked; answers need no server.

    What it says is what the exchange does as long as neither has changed. It takes the prices as
    valid: the exchange gets new ones before an order if it has to.
    """

    def __init__(
        self,
        exchange: Exchange,
        account: types_pb2.Account,
        prices: query_service_pb2.GetExchangeResponse,
        post_only_until_ms: int,
    ) -> None:
        """Take over what the server said."""
        self._exchange = exchange
        self._account_id = account.account_id
        self._account = _account(account)
        self._markets = {market.market_id: market for market in prices.markets}
        self._underlyings = tuple(
            _prices(index, underlying.index_price_x16, prices)
            for index, underlying in enumerate(prices.underlyings)
        )
        self._counters = Globals(
            time_ms=prices.time_ms,
            oracle_time_ms=prices.time_ms,
            post_only_until_ms=post_only_until_ms,
        )

    def preview(self, order: OrderRequest) -> models.OrderPreview:
        """Return what an order would lead to, if it rests and if it fills at its own price.

        Raises:
            OffGridError, InvalidInputError: see `Client.place_order`.
        """
        checks.instance("order", order, OrderRequest)
        market = self._exchange.market(order.market)
        size_lots = market.lots(order.size)
        tx = self._order(market, order, size_lots)
        shown = preview(self._account, self._around(market), tx)
        return models.OrderPreview(_outcome(shown.rests), _outcome(shown.fills))

    def max_size(
        self,
        market: str | int,
        side: Side,
        price: Number,
        *,
        reduce_only: bool = False,
        time_in_force: TimeInForce = TimeInForce.GTC,
    ) -> Decimal:
        """Return the largest size that is accepted whether it rests or fills at its own price.

        0 if none is. An account below its initial margin may only reduce: try FOK or IOC orders
        with `reduce_only`. Orders that fill at several prices round their fees up at each: leave
        0.000019 USD for 19 makers if you go to the last lot.
        """
        found = self._exchange.market(market)
        expiry_time_ms = self._counters.time_ms + _HOUR_MS
        request = OrderRequest(
            market, side, price, 0, expiry_time_ms, time_in_force, reduce_only=reduce_only
        )
        tx = self._order(found, request, 1)
        return found.size(largest_size_lots(self._account, self._around(found), tx))

    def _order(self, market: Market, order: OrderRequest, size_lots: int) -> PlaceOrder:
        highest_fee_ppm = market.terms.highest_fee_ppm
        fee_ppm = highest_fee_ppm if order.max_fee_ppm is None else order.max_fee_ppm
        return PlaceOrder(
            account_id=self._account_id,
            key_index=0,
            nonce=1,
            market_id=market.market_id,
            side=checks.choice("side", order.side, Side),
            price_ticks=market.ticks(order.price),
            size_lots=size_lots,
            expiry_time_ms=checks.time_ms("expiry_time_ms", order.expiry_time_ms),
            max_fee_ppm=checks.rate_ppm("max_fee_ppm", fee_ppm),
            reduce_only=checks.flag("reduce_only", order.reduce_only),
            time_in_force=checks.choice("time_in_force", order.time_in_force, TimeInForce),
        )

    def _around(self, market: Market) -> Surroundings:
        shown = self._markets.get(market.market_id)
        if shown is None:
            raise UnknownMarketError(f"market {market.symbol} was not listed when this was asked")
        state = MarketState(
            underlying_id=shown.underlying_id,
            listed_ms=shown.listed_time_ms,
            status=shown.status,
            open_interest_lots=shown.open_interest_lots,
        )
        return Surroundings(self._exchange.parameters, self._underlyings, state, self._counters)


def _account(message: types_pb2.Account) -> Account:
    """Return what the rules know of an account, but for its keys, which do not matter."""
    return Account(
        l1_address=integer(message.l1_address),
        keys=(),
        windows=(),
        collateral_quanta=int(message.collateral_quanta),
        positions=tuple(
            Position(
                market_id=position.market_id,
                size_lots=position.size_lots,
                open_buy_lots=position.open_buy_lots,
                open_sell_lots=position.open_sell_lots,
                n_orders=position.n_orders,
            )
            for position in message.positions
        ),
        cancel_all_at_ms=message.cancel_all_at_ms or LAST_TIME_MS,
    )


def _prices(
    underlying_id: int, index_x16: int, prices: query_service_pb2.GetExchangeResponse
) -> UnderlyingState:
    """Return an underlying's prices; premium and funding are those of its market."""
    markets = (market for market in prices.markets if market.underlying_id == underlying_id)
    market = next(markets, None)
    if market is None:
        return UnderlyingState(index_x16)
    return UnderlyingState(
        index_x16,
        is_listed=True,
        premium_x16=market.premium_x16,
        long_prefix=market.funding_quanta_per_lot,
        short_prefix=market.short_quanta_per_lot,
        ref_x16=market.ref_price_x16,
        long_charged_quanta=market.long_charged_quanta_per_lot,
        short_charged_quanta=market.short_charged_quanta_per_lot,
        jumped_ms=max(market.resolving_until_ms - RESOLVE_MS, 0),
        added_margin_ppm=market.added_margin_ppm,
        forecast_margin_ppm=market.forecast_margin_ppm,
        is_silent=market.is_silent,
    )


def _outcome(outcome: Outcome | None) -> models.OrderOutcome | None:
    if outcome is None:
        return None
    refusal, margin = outcome.refusal, outcome.margin
    return models.OrderOutcome(
        result=outcome.result_code,
        refusal=None if refusal is None else refusal.code.name,
        reason=None if refusal is None else refusal.detail,
        equity=None if margin is None else equity_usd(margin.equity_x16),
        unsettled_gain=None if margin is None else gain_usd(margin.unsettled_x16),
        initial_margin=None if margin is None else requirement_usd(margin.initial_x16_ppm),
        opening_margin=None if margin is None else requirement_usd(margin.opening_x16_ppm),
        maintenance_margin=None if margin is None else requirement_usd(margin.maintenance_x16_ppm),
    )
