"""`build/demo/report.json`: what the demo measured and proved."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from devnet.errors import UserError

MAX_CALLDATA_BYTES = 131_072
MAX_L1_GAS = 6_000_000
MIN_SECURITY_BITS = 96


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """One finalised batch."""

    batch_number: int
    cairo_steps: int
    n_steps: int
    prove_seconds: float
    prove_cpu_seconds: float
    prove_peak_mb: float
    security_bits_conjectured: float
    security_bits_proven: float
    proof_bytes: int
    calldata_bytes: int
    l1_gas: int


@dataclass(frozen=True, slots=True)
class DemoReport:
    """The keys of the file. Of several batches it has the worst figure; `batches` has all."""

    orders_accepted: int
    fills: int
    batches_proven: int
    batches_finalised: int
    cairo_steps: int
    prove_seconds: float
    prove_peak_mb: float
    security_bits_conjectured: float
    security_bits_proven: float
    proof_bytes: int
    calldata_bytes: int
    l1_gas: int
    state_root_sequencer: str
    state_root_l1: str
    state_root_rebuilt: str
    withdrawals_paid: int
    tampered_proof_rejected: bool
    tampered_root_rejected: bool
    profile: str
    seconds_total: float
    markets_listed: int
    funding_payments: int
    funding_paid_quanta: int
    funding_received_quanta: int
    funding_rebuilt: bool
    bids: int
    bids_rebuilt: bool
    insurance_quanta: int
    batches: tuple[BatchFigures, ...]

    def to_json(self) -> dict[str, object]:
        """Return the file's content."""
        return asdict(self)

    def failures(self) -> list[str]:
        """Return what the demo promised and this run did not show."""
        roots = {self.state_root_sequencer, self.state_root_l1, self.state_root_rebuilt}
        promises = {
            f"orders_accepted {self.orders_accepted} < 60": self.orders_accepted >= 60,  # noqa: PLR2004
            f"fills {self.fills} < 20": self.fills >= 20,  # noqa: PLR2004
            f"state roots differ: {sorted(roots)}": len(roots) == 1,
            "no batch was finalised": self.batches_finalised > 0,
            "proven and finalised batches differ": self.batches_proven == self.batches_finalised,
            "no withdrawal was paid": self.withdrawals_paid > 0,
            "the tampered proof was accepted": self.tampered_proof_rejected,
            "the tampered root was accepted": self.tampered_root_rejected,
            "no market was listed": self.markets_listed > 0,
            "no funding was paid": self.funding_paid_quanta > 0,
            f"{self.funding_paid_quanta} quanta of funding were paid, "
            f"{self.funding_received_quanta} received": (
                self.funding_paid_quanta == self.funding_received_quanta
            ),
            "the state rebuilt from L1 has other funding": self.funding_rebuilt,
            "nobody bid in an auction": self.bids > 0,
            "the state rebuilt from L1 does not have what was bid for": self.bids_rebuilt,
            "nobody was liquidated: insurance got nothing": self.insurance_quanta > 0,
            f"security {self.security_bits_conjectured} bits < {MIN_SECURITY_BITS}": (
                self.security_bits_conjectured >= MIN_SECURITY_BITS
            ),
            f"calldata {self.calldata_bytes} bytes >= {MAX_CALLDATA_BYTES}": (
                self.calldata_bytes < MAX_CALLDATA_BYTES
            ),
            f"L1 gas {self.l1_gas} > {MAX_L1_GAS}": self.l1_gas <= MAX_L1_GAS,
        }
        return [failure for failure, kept in promises.items() if not kept]

    def require_promises(self) -> None:
        """Raise UserError with status 1 if a promise is broken."""
        if broken := self.failures():
            raise UserError("demo: " + "; ".join(broken), exit_code=1)
