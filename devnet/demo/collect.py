"""Collects the demo's figures: from the prover's reports, from L1, from the sequencer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from devnet.contracts import load_artifact
from devnet.demo.plan import STORY_MARKETS
from devnet.demo.report import BatchFigures, DemoReport
from novation.protocol.constants import INSURANCE_ACCOUNT_ID
from prover.job_folder import REPORT_FILE
from prover.pipeline import PHASE_PROOF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web3.types import EventData

    from devnet.contracts import Chain
    from devnet.demo.play import Seen
    from devnet.demo.tamper import TamperResult
    from devnet.deployment import Deployment
    from devnet.home import Home
    from devnet.rebuild import RebuiltState
    from novation.client.auction_models import BidFill
    from novation.client.models import Status


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found after the last batch was final."""

    batches: tuple[BatchFigures, ...]
    rebuilt: RebuiltState
    answers: TamperResult
    withdrawals_paid: int
    seen: Seen


def settling_logs(chain: Chain, deployment: Deployment) -> Sequence[EventData]:
    """Return the contract's event of every finalised batch."""
    contract = chain.contract(load_artifact("Exchange"), deployment.exchange)
    logs: Sequence[EventData] = contract.events.BatchFinalised().get_logs(
        from_block=deployment.deploy_block
    )
    return logs


def batch_figures(home: Home, chain: Chain, logs: Sequence[EventData]) -> tuple[BatchFigures, ...]:
    """Join the prover's report of each batch with its L1 transaction."""
    figures = []
    for log in logs:
        batch_number = log["args"]["batchNumber"]
        path = home.proof_queue_path / f"{batch_number:08d}" / REPORT_FILE
        report: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
        (proof,) = (phase for phase in report["phases"] if phase["name"] == PHASE_PROOF)
        transaction = chain.web3.eth.get_transaction(log["transactionHash"])
        receipt = chain.web3.eth.get_transaction_receipt(log["transactionHash"])
        figures.append(
            BatchFigures(
                batch_number=batch_number,
                cairo_steps=report["cairo_steps"],
                n_steps=report["n_steps"],
                prove_seconds=proof["wall_seconds"],
                prove_cpu_seconds=proof["cpu_seconds"],
                prove_peak_mb=proof["peak_mb"],
                security_bits_conjectured=report["security_bits_conjectured"],
                security_bits_proven=report["security_bits_proven"],
                proof_bytes=report["proof_bytes"],
                calldata_bytes=len(transaction["input"]),
                l1_gas=receipt["gasUsed"],
            )
        )
    return tuple(figures)


def build_report(
    profile: str, status: Status, evidence: Evidence, seconds_total: float
) -> DemoReport:
    """Put everything together. Of several batches the report's main keys show the worst case."""
    batches, rebuilt, funding = evidence.batches, evidence.rebuilt, evidence.seen.funding
    return DemoReport(
        orders_accepted=status.n_orders_accepted,
        fills=status.n_fills,
        batches_proven=status.proven_batch_number,
        batches_finalised=len(batches),
        cairo_steps=max(batch.cairo_steps for batch in batches),
        prove_seconds=max(batch.prove_seconds for batch in batches),
        prove_peak_mb=max(batch.prove_peak_mb for batch in batches),
        security_bits_conjectured=min(batch.security_bits_conjectured for batch in batches),
        security_bits_proven=round(min(batch.security_bits_proven for batch in batches), 1),
        proof_bytes=max(batch.proof_bytes for batch in batches),
        calldata_bytes=max(batch.calldata_bytes for batch in batches),
        l1_gas=max(batch.l1_gas for batch in batches),
        state_root_sequencer=f"{status.state_root:#066x}",
        state_root_l1=f"{rebuilt.l1_root:#066x}",
        state_root_rebuilt=f"{rebuilt.state.root:#066x}",
        withdrawals_paid=evidence.withdrawals_paid,
        tampered_proof_rejected=bool(evidence.answers.flipped_byte),
        tampered_root_rejected=bool(evidence.answers.changed_root),
        profile=profile,
        seconds_total=round(seconds_total, 1),
        markets_listed=sum(market.listed_ms > 0 for market in rebuilt.state.markets.values()),
        funding_payments=funding.n_payments,
        funding_paid_quanta=funding.paid_quanta,
        funding_received_quanta=funding.received_quanta,
        funding_rebuilt=all(
            rebuilt.state.price_of(market_id).long_prefix == quanta
            for market_id, quanta in funding.quanta_per_lot.items()
        ),
        bids=len(evidence.seen.bids),
        bids_rebuilt=all(_is_held(rebuilt, fill) for fill in evidence.seen.bids),
        insurance_quanta=rebuilt.state.account(INSURANCE_ACCOUNT_ID).collateral_quanta,
        batches=batches,
    )


def _is_held(rebuilt: RebuiltState, fill: BidFill) -> bool:
    """Return whether the bidder, who trades nothing else, holds what he took."""
    account = rebuilt.state.account(fill.bidder_account_id)
    market_ids = {market.symbol: market_id for market_id, market in enumerate(STORY_MARKETS)}
    return all(
        account.position(market_id := market_ids[part.symbol]).size_lots
        * Decimal(STORY_MARKETS[market_id].lot_size)
        == part.size
        for part in fill.taken
    )
