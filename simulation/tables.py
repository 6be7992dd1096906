"""The report's tables as Markdown: what each step of the waterfall took and paid, and by whom."""

from collections.abc import Sequence
from typing import Any, Final

from simulation.plan import ONE_DOLLAR_QUANTA

TABLES: Final = "tables.md"


def tables_of(report: dict[str, Any]) -> str:
    """Return the text of the tables."""
    return "\n".join(
        (
            f"# A day of seed {report['seed']}\n",
            "Amounts in USD.\n",
            "## The waterfall",
            _waterfall(report),
            "## What accounts owed that were taken over",
            _debts(report),
            "## Money",
            _money(report),
            *([] if not report["both_sides_attack_profit_quanta"] else _attacks(report)),
        )
    )


def _waterfall(report: dict[str, Any]) -> str:
    liquidated, bids = report["liquidations_told"], report["bids_told"]
    takeovers = report["takeovers"]
    rows = (
        (
            "Liquidate: the book takes, at the zero price or better",
            report["liquidations"],
            _usd(liquidated.get("taken_quanta", 0)),
            "-",
            _usd(liquidated.get("insurance_fee_quanta", 0)),
        ),
        (
            "Bid: outsiders take, at the mark and a discount",
            report["bids"],
            _usd(bids.get("taken_quanta", 0)),
            _usd(bids.get("discount_quanta", 0) - bids.get("insurance_fee_quanta", 0)),
            _usd(bids.get("insurance_fee_quanta", 0)),
        ),
        (
            "TakeOver: insurance takes, at the mark, with all that is left",
            takeovers.get("by_insurance", 0),
            _usd(takeovers.get("insured_quanta", 0)),
            "-",
            "-",
        ),
        (
            "TakeOver: pools take, at the mark",
            takeovers.get("by_pools", 0),
            _usd(takeovers.get("pooled_quanta", 0)),
            "-",
            _usd(takeovers.get("left_quanta", 0)),
        ),
        (
            "Unwind: the book takes from pools, at the mark or better",
            report["unwound"].get("by_pools", 0),
            _usd(report["unwound"].get("pools_quanta", 0)),
            "-",
            "-",
        ),
        (
            "Unwind: the book takes from the insurance fund, at the mark or better",
            report["unwound"].get("by_fund", 0),
            _usd(report["unwound"].get("fund_quanta", 0)),
            "-",
            "-",
        ),
    )
    names = ("step", "times", "positions taken", "given to who takes", "to the insurance fund")
    return _table(names, rows)


def _debts(report: dict[str, Any]) -> str:
    debt_quanta = report["takeovers"].get("debt_quanta", 0)
    insured_quanta, shared_quanta = report["insurance_used_quanta"], report["shared_loss_quanta"]
    pools = report["pools"]
    rows = (
        ("owed", _usd(debt_quanta)),
        ("paid by insurance", _usd(insured_quanta)),
        ("charged to those who had gained it", _usd(shared_quanta)),
        ("recorded as missing at once", _usd(debt_quanta - insured_quanta - shared_quanta)),
        ("recorded as missing later, as pools could not pass it on", _usd(_of(pools, "recorded"))),
        ("missing at the end", _usd(report["recorded_deficit_quanta"])),
        ("unaccounted for", _usd(report["deficit_unaccounted_quanta"])),
        ("what pools have charged in all, for what they hold, too", _usd(_of(pools, "charged"))),
        ("what pools have given", _usd(_of(pools, "given"))),
    )
    return _table(("", "USD"), rows)


def _of(pools: dict[str, int], what: str) -> int:
    return pools.get(f"{what}_quanta", 0)


def _money(report: dict[str, Any]) -> str:
    rows = [
        (
            kind,
            report["agents"][kind],
            _usd(money["paid_in_quanta"]),
            _usd(money["withdrawn_quanta"]),
            _usd(money["equity_above_zero_quanta"]),
            _usd(money["equity_below_zero_quanta"]),
        )
        for kind, money in report["money_by_agent"].items()
    ]
    return _table(("who", "accounts", "paid in", "taken out", "has", "owes"), rows)


def _attacks(report: dict[str, Any]) -> list[str]:
    profits = report["both_sides_attack_profit_quanta"]
    insured = report["both_sides_insured_attack_profit_quanta"]
    rows = [
        (f"{percent} %", _usd(quanta), _usd(insured[percent]))
        for percent, quanta in profits.items()
    ]
    names = (
        "share of the open interest",
        "profit after a gap of 40 %, of 20,000,000",
        "of what is insured",
    )
    return ["## An attacker on both sides", _table(names, rows)]


def _table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def _usd(quanta: int) -> str:
    """Return an amount to the quantum."""
    sign, quanta = ("-", -quanta) if quanta < 0 else ("", quanta)
    return f"{sign}{quanta // ONE_DOLLAR_QUANTA:,}.{quanta % ONE_DOLLAR_QUANTA:06}"
