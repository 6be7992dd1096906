"""The report of a run: what was sent, what became of it, and whether everything held."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from novation.protocol.constants import PRICE_X16_ONE
from simulation.agents.agent import Agent
from simulation.both_sides import Attack
from simulation.forecast_errors import Measured, Picture
from simulation.market import Run
from simulation.pictures import pictures
from simulation.plan import underlyings
from simulation.record import Moment
from simulation.tables import TABLES, tables_of

REPORT: Final = "report.json"
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Besides:
    """What is measured besides the day: attacks by share of the open interest, the forecast.

    `insured_attacks` are those on a market as large as its gap is insured.
    """

    attacks: Mapping[int, Attack] = field(default_factory=dict)
    forecast: Measured | None = None
    insured_attacks: Mapping[int, Attack] = field(default_factory=dict)

    @property
    def all_attacks(self) -> list[Attack]:
        """Both kinds."""
        return [*self.attacks.values(), *self.insured_attacks.values()]

    @property
    def picture(self) -> Picture | None:
        """What the forecast's picture shows, None if it was not measured."""
        return None if self.forecast is None else self.forecast.picture


NOTHING: Final = Besides()


def report_of(run: Run, besides: Besides = NOTHING) -> dict[str, Any]:
    """Return what `report.json` holds; docs/spec/simulation.md explains it."""
    counts, checks, forecast = run.recorder.counts, run.exchange.checks, besides.forecast
    all_checks = [checks, *(attack.checks for attack in besides.all_attacks)]
    circuit_faults = [fault for found in all_checks for fault in found.circuit_faults]
    conservation_faults = [fault for found in all_checks for fault in found.conservation_faults]
    totals = run.recorder.waterfall.totals
    unexpected = [*run.recorder.unexpected]
    unexpected.extend(line for attack in besides.all_attacks for line in attack.unexpected)
    return {
        "seed": run.plan.seed,
        "accounts": run.plan.n_accounts,
        "instruments": run.plan.n_instruments,
        "with_liquidator": run.plan.with_liquidator,
        "python_equals_cairo": not circuit_faults if checks.with_circuit else None,
        "conservation_exact": not conservation_faults,
        "refusals_expected": not unexpected,
        "faults": [*conservation_faults, *circuit_faults],
        "refusals_unexpected": unexpected,
        "n_operations": counts.operations.total(),
        "operations": _sorted(counts.operations),
        "operations_by_agent": _sorted(counts.operations_by_agent),
        "agents": {kind: len(agents) for kind, agents in run.agents.items()},
        "money_by_agent": {kind: _money(agents) for kind, agents in run.agents.items()},
        "refusals": _sorted(counts.refusals),
        "refusals_by_agent": _sorted(counts.refusals_by_agent),
        "reducing_orders_refused": _sorted(counts.reducing_refused),
        "deaths": _sorted(counts.deaths),
        "dormant_orders_placed": counts.n_triggered,
        "liquidations": counts.liquidations["liquidations"],
        "liquidations_told": _sorted(counts.liquidations),
        "auctions": _sorted(counts.auctions),
        "bids": counts.bids["bids"],
        "bids_told": _sorted(counts.bids),
        "takeovers": _sorted(totals.takeovers),
        "unwound": _sorted(totals.unwound),
        "insurance_used_quanta": totals.insurance_used_quanta,
        "shared_loss_quanta": totals.shared_loss_quanta,
        "pools": _sorted(totals.pools),
        "charged_above_gain_lots": totals.charged_above_gain_lots,
        "healthy_taken_over": _sorted(totals.healthy_taken_over),
        "dead_orders_left": run.n_dead_left,
        "oracle_updates": counts.n_oracle_updates,
        "trades": counts.n_trades,
        "volume_quanta": counts.volume_quanta,
        "fees_quanta": counts.fees_quanta,
        "funding": {"payments": counts.n_fundings, "quanta": counts.funding_quanta},
        "phases": [
            {"name": phase.name, "start_ms": phase.start_ms, "end_ms": phase.end_ms}
            for phase in run.phases
        ],
        "largest_premium_ppm": _largest_premiums(run),
        **_insolvency(run),
        "batches": len(checks.n_transactions),
        "transactions_per_batch": checks.n_transactions,
        "charged_steps_per_batch": checks.charged_steps,
        "steps_per_batch": checks.steps,
        "final_state_root": f"{run.exchange.state.root:#x}",
        "both_sides_attack_profit_quanta": _profits(besides.attacks),
        "both_sides_insured_attack_profit_quanta": _profits(besides.insured_attacks),
        "forecast_errors": None if forecast is None else _forecast(forecast),
        "forecast_margins": None
        if forecast is None
        else {name: margins.rates() for name, margins in forecast.margins.items()},
    }


def _profits(attacks: Mapping[int, Attack]) -> dict[str, int] | None:
    return {str(percent): attack.profit_quanta for percent, attack in attacks.items()} or None


def passes(report: dict[str, Any]) -> bool:
    """Return whether nothing was found that should not be."""
    return (
        report["python_equals_cairo"] is not False
        and report["conservation_exact"]
        and report["refusals_expected"]
        and report["charged_above_gain_lots"] == 0
        and (report["deficit_unaccounted_quanta"] == 0 or not report["with_liquidator"])
    )


def write_report(run: Run, besides: Besides, folder: Path) -> dict[str, Any]:
    """Write all into a folder; the report comes last, so that it is complete."""
    report = report_of(run, besides)
    profits = {percent: attack.profit_quanta for percent, attack in besides.attacks.items()}
    texts = pictures(run, besides.picture, profits)
    texts[TABLES] = tables_of(report)
    texts[REPORT] = json.dumps(report, indent=1) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft.", dir=folder))
    try:
        for name, text in texts.items():
            (draft / name).write_text(text, encoding="ascii")
        (folder / REPORT).unlink(missing_ok=True)
        for name in texts:
            (draft / name).replace(folder / name)
    finally:
        shutil.rmtree(draft)
    return report


def _money(agents: list[Agent]) -> dict[str, int]:
    """Return what agents paid in, took out, and have or owe at the end."""
    equities = [agent.view.equity_quanta(agent.account_id) for agent in agents]
    return {
        "paid_in_quanta": sum(agent.desk.paid_in_quanta for agent in agents),
        "withdrawn_quanta": sum(agent.desk.withdrawn_quanta for agent in agents),
        "equity_above_zero_quanta": sum(max(equity, 0) for equity in equities),
        "equity_below_zero_quanta": sum(min(equity, 0) for equity in equities),
    }


def _insolvency(run: Run) -> dict[str, Any]:
    """Return what the accounts owed that had less than nothing, and who was short of margin."""
    moments = run.recorder.moments
    worst = max(moments, key=lambda moment: moment.negative_quanta)
    last, custody_quanta = moments[-1], run.exchange.state.globals.custody_quanta
    claims_x16 = sum(max(m.equity_x16, 0) for m in run.exchange.margins().values())
    flat_quanta = sum(
        account.collateral_quanta
        for account in run.exchange.state.accounts.values()
        if not account.positions
    )
    by_minute = {moment.at_ms // _MINUTE_MS: moment for moment in reversed(moments)}
    return {
        "largest_insolvency": {
            "quanta": worst.negative_quanta,
            "at_ms": worst.at_ms,
            "accounts": worst.n_insolvent,
        },
        "most_accounts_stuck": max(moment.n_stuck for moment in moments),
        "insurance_at_the_end_quanta": last.insurance_quanta,
        "recorded_deficit_quanta": last.recorded_deficit_quanta,
        "deficit_unaccounted_quanta": _unaccounted_quanta(run, last),
        "insolvency_at_the_end_quanta": last.negative_quanta,
        "custody_at_the_end_quanta": custody_quanta,
        "claims_at_the_end_quanta": claims_x16 // PRICE_X16_ONE + flat_quanta,
        "by_minute": [
            {
                "minute": minute,
                "below_initial": moment.n_below_initial,
                "below_maintenance": moment.n_below_maintenance,
                "insolvent": moment.n_insolvent,
                "stuck": moment.n_stuck,
                "negative_quanta": moment.negative_quanta,
                "open_interest_quanta": moment.open_interest_quanta,
                "insurance_quanta": moment.insurance_quanta,
                "pools_quanta": moment.pools_quanta,
                "recorded_deficit_quanta": moment.recorded_deficit_quanta,
            }
            for minute, moment in sorted(by_minute.items())
        ],
    }


def _unaccounted_quanta(run: Run, last: Moment) -> int:
    """Return what accounts owe that neither insurance, nor a pool, nor the record stands for.

    That is negative equity which is left once everybody was taken over whom the rules give up, and
    whatever all equity together, at the mark, differs from what is in custody and recorded.
    """
    return last.negative_quanta + abs(run.exchange.unexplained_x16()) // PRICE_X16_ONE


def _largest_premiums(run: Run) -> dict[str, int]:
    """Return by symbol how far the mark was above or below the index at most."""
    return {
        terms.symbol: max((moment.premium_ppm[index] for moment in run.recorder.moments), key=abs)
        for index, terms in enumerate(underlyings(run.plan.n_instruments))
    }


def _forecast(measured: Measured) -> dict[str, Any]:
    return {
        scenario: {
            horizon: {name: errors.means() for name, errors in row.items()}
            for horizon, row in rows.items()
        }
        for scenario, rows in measured.table.items()
    }


def _sorted(counter: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counter.items()))
