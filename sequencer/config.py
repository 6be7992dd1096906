"""Settings of a node. What is consensus lives in `novation.protocol.config`, not here."""

from dataclasses import dataclass, field, fields
from typing import Final

from novation.protocol.constants import (
    MAX_MAKERS_PER_ORDER,
    MAX_UNDERLYINGS,
    PRICE_VALIDITY_MS,
    REPORT_SPREAD_MS,
    RESUME_GAP_MS,
)
from novation.protocol.cost import REST_STEPS, empty_batch_steps
from sequencer.l1_cost import (
    L1Proof,
    L1Room,
    order_steps_at_most,
    padded_steps,
    room_beside,
    verify_gas,
)
from sequencer.proof_collector import ProofPolicy
from sequencer.rates import RatePolicy
from sequencer.settings import check_setting
from sequencer.settlement import SettlementPolicy
from sequencer.watcher import WatcherPolicy

# The dearest profile whose proofs fit into a transaction, `prover.proof_size`: another one's proof
# of as many steps is not larger. A test compares.
PROOFS_ON_L1: Final = tuple(
    L1Proof(log_steps, n_bytes, verify_gas(24, log_steps + 7))
    for log_steps, n_bytes in (
        (16, 96_946),
        (17, 104_050),
        (18, 110_987),
        (19, 118_091),
        (20, 125_771),
    )
)
# Of any of the server's limits: some become sizes of four bytes, one is multiplied before.
MAX_LIMIT: Final = 2**24
_NO_ROOM: Final = L1Room(-1, -1)
# Of the first transaction in a batch: whatever it costs, it goes into one.
_FIRST_STEPS: Final = (
    empty_batch_steps(MAX_UNDERLYINGS)
    + REST_STEPS
    + order_steps_at_most(MAX_MAKERS_PER_ORDER, MAX_UNDERLYINGS)
)
# Most transactions cost less than an order that meets one maker, in the core of the program.
_SMALL_STEPS: Final = order_steps_at_most(1, MAX_UNDERLYINGS)


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """When a batch is sealed.

    `max_cost_steps` bounds the Cairo steps of a batch, `max_age_ms` how long its first transaction
    waits, `max_transactions` the size of the witness, `max_output_felts` the public output (one
    more transaction may exceed it). `proofs` says what the prover's proofs take of the L1
    transaction, by ascending steps: a batch is sealed before its output could be too large beside
    the proof.
    """

    max_cost_steps: int = 200_000
    max_age_ms: int = 10_000
    max_transactions: int = 1_000
    max_output_felts: int = 2_000
    proofs: tuple[L1Proof, ...] = PROOFS_ON_L1

    @property
    def steps_at_most(self) -> int:
        """Steps of the largest batch."""
        return max(self.max_cost_steps, _FIRST_STEPS)

    def steps_after(self, cost_steps: int) -> int:
        """Return the steps of a batch after one more of most transactions."""
        return min(cost_steps + _SMALL_STEPS, self.steps_at_most)

    def room_for(self, cost_steps: int) -> L1Room:
        """Return what the proof of a batch of that cost leaves."""
        return self.room_beside((padded_steps(cost_steps) - 1).bit_length())

    def room_beside(self, log_steps: int) -> L1Room:
        """Return what the proof of 2^log_steps steps leaves."""
        fitting = (proof for proof in self.proofs if proof.log_steps >= log_steps)
        proof = next(fitting, None)
        return _NO_ROOM if proof is None else room_beside(proof)


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
    max_page_size: int = 100
    max_pending_listings: int = MAX_UNDERLYINGS

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, bounds that let nothing through."""
        for item in fields(self):
            check_setting(item.name, getattr(self, item.name), 1, MAX_LIMIT)


@dataclass(frozen=True, slots=True)
class OraclePolicy:
    """When reports become an update: a quorum of one round, then `grace_ms` for the others.

    The times of one round's reports lie within `round_span_ms` of each other. Every update costs
    the proof its signatures: one that nobody needs waits until the last is `idle_interval_ms` old,
    or a price has moved by `idle_move_ppm`. Who trades or withdraws needs one when the last is
    `refresh_ms` old.
    """

    grace_ms: int = 100
    min_interval_ms: int = 1_000
    round_span_ms: int = 1_000
    idle_interval_ms: int = 0
    idle_move_ppm: int = 500
    refresh_ms: int = 1_000

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, settings that stop trading or kill the resting orders."""
        for name, limit_ms in (
            ("round_span_ms", REPORT_SPREAD_MS + 1),
            ("refresh_ms", PRICE_VALIDITY_MS),
            ("idle_interval_ms", RESUME_GAP_MS),
        ):
            value_ms = getattr(self, name)
            if not 0 <= value_ms < limit_ms:
                raise ValueError(f"{name} {value_ms}, must be below {limit_ms}")


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """Everything that one node needs to know besides the exchange's configuration.

    `lists_markets`: the node opens the market of every underlying that has a price.
    `prunes_orders`: it takes dead orders out of the book. `liquidates`: it reduces the positions of
    failing accounts, and what pools and the insurance fund took of them. For so many journal
    entries events can be read by who resumes a stream, and trades and fills be listed; orders and
    transfers always.
    """

    listen_address: str
    sequencer_private_key: int
    lists_markets: bool = True
    prunes_orders: bool = True
    liquidates: bool = True
    batch: BatchPolicy = field(default_factory=BatchPolicy)
    limits: ServerLimits = field(default_factory=ServerLimits)
    rates: RatePolicy = field(default_factory=RatePolicy)
    oracle: OraclePolicy = field(default_factory=OraclePolicy)
    watcher: WatcherPolicy = field(default_factory=WatcherPolicy)
    settlement: SettlementPolicy = field(default_factory=SettlementPolicy)
    proofs: ProofPolicy = field(default_factory=ProofPolicy)
    event_retention: int = 1_000_000
    trade_retention: int = 100_000_000
