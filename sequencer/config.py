"""Settings of a node. What is consensus lives in `novation.protocol.config`, not here."""

from dataclasses import dataclass, field

from sequencer.proof_collector import ProofPolicy
from sequencer.settlement import SettlementPolicy
from sequencer.watcher import WatcherPolicy


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """When a batch is sealed.

    `max_cost_steps` bounds the Cairo steps of a batch, `max_age_ms` how long its first transaction
    waits, `max_transactions` the size of the witness, `max_output_felts` the public output that the
    L1 transaction must carry (one more transaction may exceed it).
    """

    max_cost_steps: int = 200_000
    max_age_ms: int = 10_000
    max_transactions: int = 1_000
    max_output_felts: int = 2_000


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds on what clients can ask of the server."""

    max_message_bytes: int = 16_384
    max_pending_commands: int = 4_096
    max_group_commands: int = 128
    max_inflight_per_stream: int = 256
    max_streams: int = 1_024
    max_book_levels: int = 500
    max_listed: int = 500


@dataclass(frozen=True, slots=True)
class OraclePolicy:
    """When reports become an update: a quorum of one round, then `grace_ms` for the others.

    The times of one round's reports lie within `round_span_ms` of each other.
    """

    grace_ms: int = 100
    min_interval_ms: int = 1_000
    round_span_ms: int = 5_000


@dataclass(frozen=True, slots=True)
class MarketDisplay:
    """Human size of a market's units, decimal strings: tick in USD, lot in the base asset."""

    tick_size: str
    lot_size: str


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Everything that one node needs to know besides the exchange's configuration."""

    listen_address: str
    sequencer_private_key: int
    market_displays: tuple[MarketDisplay, ...]
    batch: BatchPolicy = field(default_factory=BatchPolicy)
    limits: ServerLimits = field(default_factory=ServerLimits)
    oracle: OraclePolicy = field(default_factory=OraclePolicy)
    watcher: WatcherPolicy = field(default_factory=WatcherPolicy)
    settlement: SettlementPolicy = field(default_factory=SettlementPolicy)
    proofs: ProofPolicy = field(default_factory=ProofPolicy)
    event_retention: int = 1_000_000
