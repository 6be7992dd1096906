"""The exchange as its server describes it, checked as far as that is possible."""

from dataclasses import dataclass
from decimal import Decimal

from novation.api.v1 import query_service_pb2, types_pb2
from novation.client.errors import InvalidInputError, NovationError
from novation.client.units import Market
from novation.protocol.config import ExchangeConfig
from novation.protocol.parameters import Parameters, Underlying


@dataclass(frozen=True, slots=True)
class Exchange:
    """Configuration, parameters, markets and the key that signs receipts."""

    config: ExchangeConfig
    parameters: Parameters
    markets: tuple[Market, ...]
    sequencer_public_key: int
    max_message_bytes: int

    @classmethod
    def from_message(cls, message: query_service_pb2.GetExchangeResponse) -> "Exchange":
        """Rebuild the configuration from its parts.

        Raises:
            NovationError: if the server's hashes are not those of its parts.
        """
        config = ExchangeConfig(
            chain_id=message.chain_id,
            exchange_address=int.from_bytes(message.exchange_address, "big"),
        )
        parameters = Parameters(
            underlyings=tuple(_underlying(market) for market in message.markets),
            oracle_keys=tuple(int.from_bytes(key, "big") for key in message.oracle_public_keys),
            oracle_quorum=message.oracle_quorum,
            oracle_max_age_ms=message.oracle_max_age_ms,
        )
        if config.config_hash != int.from_bytes(message.config_hash, "big"):
            raise NovationError(
                f"the server's configuration hashes to {config.config_hash:#x}, "
                f"it claims 0x{message.config_hash.hex()}"
            )
        markets = tuple(
            Market(market.market_id, own, Decimal(market.tick_size), Decimal(market.lot_size))
            for market, own in zip(message.markets, parameters.underlyings, strict=True)
        )
        return cls(
            config,
            parameters,
            markets,
            int.from_bytes(message.sequencer_public_key, "big"),
            message.max_message_bytes,
        )

    def market(self, market: str | int) -> Market:
        """Return a market by symbol or id; InvalidInputError if there is none."""
        known = ", ".join(candidate.symbol for candidate in self.markets)
        if isinstance(market, bool) or not isinstance(market, str | int):
            raise InvalidInputError(
                f"market: {market!r} is a {type(market).__name__}; "
                f"wanted is an id or one of {known}"
            )
        for candidate in self.markets:
            if market in (candidate.symbol, candidate.market_id):
                return candidate
        raise InvalidInputError(f"market {market!r} is none of {known}")


def _underlying(market: types_pb2.Market) -> Underlying:
    exponent = Decimal(market.tick_size).as_tuple().exponent
    return Underlying(
        symbol=market.symbol,
        multiplier=market.multiplier,
        initial_margin_ppm=market.initial_margin_ppm,
        maintenance_margin_ppm=market.maintenance_margin_ppm,
        maker_fee_ppm=market.maker_fee_ppm,
        taker_fee_ppm=market.taker_fee_ppm,
        price_band_ppm=market.price_band_ppm,
        tick_decimals=-exponent if isinstance(exponent, int) else 0,
    )
