"""The exchange as its server describes it, checked as far as that is possible."""

from dataclasses import dataclass, field
from typing import Final, Self

from novation.api.v1 import query_service_pb2, types_pb2
from novation.client.errors import (
    InvalidInputError,
    NovationError,
    UnknownAssetError,
    UnknownMarketError,
)
from novation.client.transport import Transport
from novation.client.units import Asset, Market
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import USD_ASSET_ID
from novation.protocol.fee_tiers import FeeSchedule, FeeTier
from novation.protocol.limits import Limits
from novation.protocol.parameters import Parameters, Underlying

USD: Final = Asset(USD_ASSET_ID, "USD", 6)


@dataclass(slots=True)
class Exchange:
    """Configuration, parameters, listed markets, assets and the key that signs receipts.

    The configuration never changes; the others are those of the last look.
    """

    config: ExchangeConfig
    parameters: Parameters
    markets: tuple[Market, ...]
    sequencer_public_key: int
    max_message_bytes: int
    assets: tuple[Asset, ...] = (USD,)
    looked_for: set[int] = field(default_factory=set)

    @classmethod
    def from_message(cls, message: query_service_pb2.GetExchangeResponse) -> Self:
        """Rebuild the configuration from its parts.

        Raises:
            NovationError: if the server's hash is not that of its parts, or its parameters are
                none.
        """
        config = ExchangeConfig(
            chain_id=message.chain_id,
            exchange_address=int.from_bytes(message.exchange_address, "big"),
        )
        if config.config_hash != int.from_bytes(message.config_hash, "big"):
            raise NovationError(
                f"the server's configuration hashes to {config.config_hash:#x}, "
                f"it claims 0x{message.config_hash.hex()}"
            )
        parameters = _parameters(message)
        return cls(
            config,
            parameters,
            _markets(message, parameters),
            int.from_bytes(message.sequencer_public_key, "big"),
            message.max_message_bytes,
            tuple(Asset(a.asset_id, a.symbol, a.decimals) for a in message.assets),
        )

    async def refresh(self, transport: Transport) -> query_service_pb2.GetExchangeResponse:
        """Take over the parameters and markets of now; return what the server said.

        Raises:
            NovationError: if the server serves another exchange now.
        """
        message = await ask(transport)
        now = Exchange.from_message(message)
        if now.config != self.config or now.sequencer_public_key != self.sequencer_public_key:
            raise NovationError(
                f"the server serves exchange {now.config.config_hash:#x} now, "
                f"it was {self.config.config_hash:#x}, or signs with another key"
            )
        self.parameters, self.markets, self.assets = now.parameters, now.markets, now.assets
        return message

    async def find_market(self, transport: Transport, market: str | int) -> Market:
        """Return a market; if it is not known, look once whether it was listed meanwhile."""
        try:
            return self.market(market)
        except UnknownMarketError:
            await self.refresh(transport)
        return self.market(market)

    def market(self, market: str | int) -> Market:
        """Return a market by symbol or id; UnknownMarketError if none was there at a last look."""
        known = ", ".join(candidate.symbol for candidate in self.markets)
        if isinstance(market, bool) or not isinstance(market, str | int):
            raise InvalidInputError(
                f"market: {market!r} is a {type(market).__name__}; "
                f"wanted is an id or one of {known}"
            )
        for candidate in self.markets:
            if market in (candidate.symbol, candidate.market_id):
                return candidate
        raise UnknownMarketError(f"market {market!r} is none of {known}")

    async def find_asset(self, transport: Transport, asset: str | int) -> Asset:
        """Return an asset; if it is not known, look once whether it was added meanwhile."""
        try:
            return self.asset(asset)
        except UnknownAssetError:
            await self.refresh(transport)
        return self.asset(asset)

    def asset(self, asset: str | int) -> Asset:
        """Return an asset by symbol or id; UnknownAssetError if none was there at a last look."""
        known = ", ".join(candidate.symbol for candidate in self.assets)
        if isinstance(asset, bool) or not isinstance(asset, str | int):
            raise InvalidInputError(
                f"asset: {asset!r} is a {type(asset).__name__}; wanted is an id or one of {known}"
            )
        for candidate in self.assets:
            if asset in (candidate.symbol, candidate.asset_id):
                return candidate
        raise UnknownAssetError(f"asset {asset!r} is none of {known}")

    def asset_of_balance(self, asset_id: int) -> Asset:
        """Return an asset that somebody has.

        Raises:
            UnknownAssetError: if the server has not told its name, for the first time; afterwards
                it is shown under its id, in quanta.
        """
        for candidate in self.assets:
            if candidate.asset_id == asset_id:
                return candidate
        if asset_id in self.looked_for:
            return Asset(asset_id, f"ASSET-{asset_id}", 0)
        self.looked_for.add(asset_id)
        raise UnknownAssetError(f"asset {asset_id} has no name yet")

    def underlying_id(self, underlying: str | int) -> int:
        """Return the id of an underlying by symbol or id; InvalidInputError if there is none."""
        symbols = [candidate.symbol for candidate in self.parameters.underlyings]
        if underlying in symbols:
            return symbols.index(str(underlying))
        if underlying in range(len(symbols)) and not isinstance(underlying, bool):
            return int(underlying)
        raise UnknownMarketError(f"underlying {underlying!r} is none of {', '.join(symbols)}")


async def ask(transport: Transport) -> query_service_pb2.GetExchangeResponse:
    """Return what the server says of its exchange."""
    message: query_service_pb2.GetExchangeResponse = await transport.call(
        transport.queries.GetExchange, query_service_pb2.GetExchangeRequest()
    )
    return message


def _parameters(message: query_service_pb2.GetExchangeResponse) -> Parameters:
    try:
        return Parameters(
            underlyings=tuple(_terms(underlying) for underlying in message.underlyings),
            oracle_keys=tuple(int.from_bytes(key, "big") for key in message.oracle_public_keys),
            oracle_quorum=message.oracle_quorum,
            oracle_max_age_ms=message.oracle_max_age_ms,
            outflow_share_ppm=message.outflow_share_ppm,
            fee_schedule=FeeSchedule.of(
                *(
                    FeeTier(tier.threshold_usd, tier.returned_permille)
                    for tier in message.fee_tiers
                ),
                insurance_permille=message.fee_insurance_permille,
            ),
        )
    except ValueError as error:
        raise NovationError(f"the server's parameters are none: {error}") from None


def _terms(underlying: types_pb2.Underlying) -> Underlying:
    return Underlying(
        symbol=underlying.symbol,
        multiplier=underlying.multiplier,
        initial_margin_ppm=underlying.initial_margin_ppm,
        maintenance_margin_ppm=underlying.maintenance_margin_ppm,
        maker_fee_ppm=underlying.maker_fee_ppm,
        taker_fee_ppm=underlying.taker_fee_ppm,
        price_band_ppm=underlying.price_band_ppm,
        min_order_usd=underlying.min_order_usd,
        tick_decimals=underlying.tick_decimals,
        interest_lower_kusd=underlying.interest_lower_kusd,
        interest_upper_kusd=underlying.interest_upper_kusd,
        margin_deviations=underlying.margin_deviations,
        modes=underlying.modes,
        ends_ms=underlying.ends_time_ms,
        limits=Limits(
            underlying.interest_cap_lots,
            underlying.position_limit_lots,
            underlying.least_lot_quanta,
            underlying.gap_ppm,
            underlying.gap_budgets,
        ),
    )


def _markets(
    message: query_service_pb2.GetExchangeResponse, parameters: Parameters
) -> tuple[Market, ...]:
    for market in message.markets:
        if market.underlying_id >= len(parameters.underlyings):
            raise NovationError(
                f"the server's market {market.market_id} has underlying {market.underlying_id} of "
                f"{len(parameters.underlyings)}"
            )
    return tuple(
        Market(market.market_id, parameters.underlyings[market.underlying_id])
        for market in message.markets
    )
