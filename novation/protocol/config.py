"""Configuration of a deployment: fixed for its life and committed to by every batch."""

from dataclasses import dataclass, field

from novation.crypto import FIELD_PRIME, poseidon_hash_many
from novation.protocol.constants import CONFIG_TAG, CONFIG_VERSION, L1_ADDRESS_BOUND


@dataclass(frozen=True, slots=True)
class ExchangeConfig:
    """Everything fixed per deployment.

    `config_hash` is derived, and the domain of every signature.
    """

    chain_id: int
    exchange_address: int
    config_hash: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is outside docs/spec/protocol.md, section 3; derive the hash."""
        _require(0 <= self.chain_id < FIELD_PRIME, f"chain id {self.chain_id}")
        _require(0 <= self.exchange_address < L1_ADDRESS_BOUND, "exchange address")
        object.__setattr__(self, "config_hash", poseidon_hash_many(self.felts()))

    def felts(self) -> tuple[int, ...]:
        """Return `config_felts`, whose hash every batch outputs."""
        return CONFIG_TAG, CONFIG_VERSION, self.chain_id, self.exchange_address


def _require(condition: bool, what: str) -> None:  # noqa: FBT001
    if not condition:
        raise ValueError(f"configuration out of range: {what}")
