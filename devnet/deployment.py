"""The record of a deployment: what somebody needs to use, follow or rebuild the exchange."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from devnet.errors import UserError
from devnet.markets import MarketSetup
from novation.protocol.config import ExchangeConfig
from novation.protocol.limits import NO_LIMITS, Limits
from novation.protocol.parameters import Parameters, Underlying
from novation.protocol.state import Genesis
from prover.files import write_json_atomically

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class GenesisAccount:
    """Owner of an account that exists from the start; hexadecimal text."""

    l1_address: str
    stark_key: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """Addresses on L1 and everything that the configuration hash and the genesis root commit to.

    Markets and oracles are those of the start: L1's owner may have changed them since.
    """

    chain_id: int
    deploy_block: int
    exchange: str
    verifier: str
    token: str
    loader: str
    markets: tuple[MarketSetup, ...]
    oracle_keys: tuple[str, ...]
    oracle_quorum: int
    oracle_max_age_ms: int
    fee_account: GenesisAccount
    insurance_account: GenesisAccount

    @property
    def config(self) -> ExchangeConfig:
        """The consensus configuration."""
        return ExchangeConfig(
            chain_id=self.chain_id,
            exchange_address=int(self.exchange, 16),
        )

    @property
    def parameters(self) -> Parameters:
        """The parameters of the start."""
        return Parameters(
            underlyings=tuple(market.terms for market in self.markets),
            oracle_keys=tuple(int(key, 16) for key in self.oracle_keys),
            oracle_quorum=self.oracle_quorum,
            oracle_max_age_ms=self.oracle_max_age_ms,
        )

    @property
    def genesis(self) -> Genesis:
        """The state before the first batch."""
        return Genesis(
            fee_l1_address=int(self.fee_account.l1_address, 16),
            fee_key=int(self.fee_account.stark_key, 16),
            insurance_l1_address=int(self.insurance_account.l1_address, 16),
            insurance_key=int(self.insurance_account.stark_key, 16),
            parameters=self.parameters,
        )

    def save(self, path: Path) -> None:
        """Write the record, complete or not at all."""
        write_json_atomically(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read a record.

        Raises:
            UserError: if there is none, or it is not one.
        """
        try:
            record = json.loads(path.read_text(encoding="ascii"))
            for name in ("fee_account", "insurance_account"):
                record[name] = GenesisAccount(**record[name])
            record["oracle_keys"] = tuple(record["oracle_keys"])
            record["markets"] = tuple(
                MarketSetup(**{**market, "terms": _terms(market["terms"])})
                for market in record["markets"]
            )
            return cls(**record)
        except FileNotFoundError as error:
            raise UserError(
                f"deployment: no {path}; start one with `novation devnet`, or give --home"
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"deployment: {path} is not a deployment record: {error}") from error


def _terms(record: dict[str, Any]) -> Underlying:
    """Return an underlying's terms; a record of before limits has none."""
    limits = Limits(**record["limits"]) if "limits" in record else NO_LIMITS
    return Underlying(**{**record, "limits": limits})
