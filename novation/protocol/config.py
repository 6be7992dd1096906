"""Configuration of a deployment: fixed for its life and committed to by every batch."""

from dataclasses import dataclass, field

from novation.crypto import FIELD_PRIME, poseidon_hash_many
from novation.protocol.constants import (
    CONFIG_TAG,
    CONFIG_VERSION,
    L1_ADDRESS_BOUND,
    MAX_MARKETS,
    MAX_ORACLES,
    MULTIPLIER_BOUND,
    PPM_ONE,
    RATE_BOUND,
)
from novation.protocol.numeric import pack

_DOMAIN_FELTS = 4


@dataclass(frozen=True, slots=True)
class MarketConfig:
    """Parameters of one market. `symbol` has 1 to 8 ASCII characters."""

    symbol: str
    multiplier: int
    initial_margin_ppm: int
    maintenance_margin_ppm: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    price_band_ppm: int

    def __post_init__(self) -> None:
        """Refuse parameters outside docs/spec/protocol.md, section 3, with a ValueError."""
        _require(self.symbol.isascii() and 1 <= len(self.symbol) <= 8, f"symbol {self.symbol!r}")  # noqa: PLR2004
        _require(0 < self.multiplier < MULTIPLIER_BOUND, f"multiplier {self.multiplier}")
        _require(
            0 < self.maintenance_margin_ppm <= self.initial_margin_ppm < RATE_BOUND,
            f"margins {self.maintenance_margin_ppm} <= {self.initial_margin_ppm}",
        )
        _require(0 <= self.maker_fee_ppm < RATE_BOUND, f"maker fee {self.maker_fee_ppm}")
        _require(0 <= self.taker_fee_ppm < RATE_BOUND, f"taker fee {self.taker_fee_ppm}")
        _require(0 <= self.price_band_ppm < PPM_ONE, f"price band {self.price_band_ppm}")

    def felt(self) -> int:
        """Return the packed word of the market in `config_felts`."""
        return pack(
            (self.multiplier, 12),
            (self.initial_margin_ppm, 20),
            (self.maintenance_margin_ppm, 20),
            (self.maker_fee_ppm, 20),
            (self.taker_fee_ppm, 20),
            (self.price_band_ppm, 20),
            (int.from_bytes(self.symbol.encode("ascii"), "big"), 64),
        )


@dataclass(frozen=True, slots=True)
class ExchangeConfig:
    """Everything fixed per deployment.

    `oracle_keys` are abscissas of Stark curve points; `config_hash` and `domain_tag` are derived.
    """

    chain_id: int
    exchange_address: int
    markets: tuple[MarketConfig, ...]
    oracle_keys: tuple[int, ...]
    oracle_quorum: int
    oracle_max_age_ms: int
    config_hash: int = field(init=False, compare=False)
    domain_tag: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse parameters outside docs/spec/protocol.md, section 3; derive the two hashes."""
        _require(0 <= self.chain_id < FIELD_PRIME, f"chain id {self.chain_id}")
        _require(0 <= self.exchange_address < L1_ADDRESS_BOUND, "exchange address")
        _require(1 <= len(self.markets) <= MAX_MARKETS, f"{len(self.markets)} markets")
        _require(len(self.oracle_keys) <= MAX_ORACLES, f"{len(self.oracle_keys)} oracles")
        _require(1 <= self.oracle_quorum <= len(self.oracle_keys), f"quorum {self.oracle_quorum}")
        _require(all(0 < key < FIELD_PRIME for key in self.oracle_keys), "oracle keys")
        _require(0 <= self.oracle_max_age_ms < 2**32, f"oracle age {self.oracle_max_age_ms}")
        felts = self.felts()
        object.__setattr__(self, "config_hash", poseidon_hash_many(felts))
        object.__setattr__(self, "domain_tag", poseidon_hash_many(felts[:_DOMAIN_FELTS]))

    def felts(self) -> tuple[int, ...]:
        """Return `config_felts`, whose hash every batch outputs."""
        counts = pack(
            (len(self.markets), 8),
            (len(self.oracle_keys), 8),
            (self.oracle_quorum, 8),
            (self.oracle_max_age_ms, 32),
        )
        head = (CONFIG_TAG, CONFIG_VERSION, self.chain_id, self.exchange_address, counts)
        return (*head, *(market.felt() for market in self.markets), *self.oracle_keys)


def _require(condition: bool, what: str) -> None:  # noqa: FBT001
    if not condition:
        raise ValueError(f"configuration out of range: {what}")
