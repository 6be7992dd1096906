"""A small day: everything holds, everybody acts, and a seed means the same day again."""

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from novation.crypto import public_key
from novation.protocol.margin import Margin
from novation.protocol.transactions import Deposit
from novation.protocol.witness import BatchWitness
from prover._native import CairoRunError
from prover.runner import Execution, execute_only
from simulation import exchange as exchange_module
from simulation.agents.taker import Taker
from simulation.exchange import Exchange
from simulation.market import Run, run_market
from simulation.plan import ONE_DOLLAR_QUANTA, Plan, account_secret, l1_address
from simulation.record import does_harm
from simulation.report import NOTHING, REPORT, passes, report_of, write_report
from simulation.tables import tables_of

SMALL = Plan(seed=3, n_accounts=40, n_instruments=3, n_operations=1_500)


def silent(_: str) -> None:
    """Say nothing."""


@functools.cache
def small_day() -> Run:
    return run_market(SMALL, silent)


@pytest.fixture
def report() -> dict[str, Any]:
    return report_of(small_day())


def test_day_when_over_then_python_equals_cairo_and_money_is_conserved(
    report: dict[str, Any],
) -> None:
    assert report["python_equals_cairo"] is True
    assert report["conservation_exact"] is True
    assert report["refusals_expected"] is True
    assert report["faults"] == []
    assert report["refusals_unexpected"] == []
    assert passes(report)


def test_day_when_over_then_everybody_acted_and_everything_happened(
    report: dict[str, Any],
) -> None:
    # Nobody may fail by so little, for so long, that outsiders bid.
    acted = {*report["operations_by_agent"], "bidder"} - {"set-up"}
    assert acted == report["agents"].keys()
    assert sum(report["operations"].values()) == report["n_operations"] >= SMALL.n_operations
    kinds = {"Deposit", "PlaceOrder", "CancelOrder", "SetCancelTimer", "PruneOrder", "AddKey"}
    kinds |= {"MassQuote", "Transfer", "SetParameter", "PlaceTrigger"}
    assert report["dormant_orders_placed"] > 0
    assert kinds <= report["operations"].keys()
    assert {"timer", "user", "guard"} <= report["deaths"].keys()
    closed = {"MARKET_POST_ONLY", "MARKET_REDUCE_ONLY", "MARKET_HALTED"}
    assert {"STALE_PRICE", "POST_ONLY_PERIOD"} <= report["refusals"].keys()
    assert closed & report["refusals"].keys()
    assert report["trades"] > 100
    assert report["fees_quanta"] > 0
    assert report["funding"]["payments"] == SMALL.n_instruments


def test_day_when_prices_crash_then_insolvency_is_what_custody_lacks(
    report: dict[str, Any],
) -> None:
    worst = report["largest_insolvency"]
    assert worst["quanta"] > 0
    crash = next(phase for phase in report["phases"] if phase["name"] == "crash")
    assert worst["at_ms"] > crash["start_ms"]
    before = [m for m in report["by_minute"] if m["minute"] * 60_000 < crash["start_ms"]]
    assert all(moment["negative_quanta"] == 0 for moment in before)
    # What winners may claim and what is there differ by what losers owe, but for rounding.
    lacking = report["claims_at_the_end_quanta"] - report["custody_at_the_end_quanta"]
    assert lacking > 0


def test_money_when_added_up_then_custody_is_what_was_paid_in_and_not_out(
    report: dict[str, Any],
) -> None:
    paid = {kind: money["paid_in_quanta"] for kind, money in report["money_by_agent"].items()}
    out = {kind: money["withdrawn_quanta"] for kind, money in report["money_by_agent"].items()}
    assert paid.keys() == report["agents"].keys()
    assert sum(paid.values()) - sum(out.values()) == report["custody_at_the_end_quanta"]


def test_pairs_of_accounts_have_one_owner_each() -> None:
    run, owners = small_day(), {}
    for kind in ("arbitrageur", "strangler", "isolator"):
        accounts = [run.exchange.state.account(a.account_id) for a in run.agents[kind]]
        owners[kind] = {account.l1_address for account in accounts}
    assert all(len(addresses) == 1 for addresses in owners.values())
    assert owners["arbitrageur"] != owners["strangler"]


def test_accounts_when_they_fail_then_liquidated_without_harm(report: dict[str, Any]) -> None:
    assert report["liquidations"] == report["operations"]["Liquidate"] > 0
    assert report["liquidations_told"]["liquidations"] == report["liquidations"]
    alone = run_market(replace(SMALL, with_circuit=False, with_liquidator=False), silent)
    left_alone = report_of(alone)
    assert left_alone["liquidations"] == 0
    assert left_alone["deficit_unaccounted_quanta"] > 0
    assert passes(left_alone)
    assert not passes(left_alone | {"with_liquidator": True})


def test_debts_when_added_up_then_insured_charged_or_recorded(report: dict[str, Any]) -> None:
    takeovers = report["takeovers"]
    assert takeovers["by_pools"] > 0
    paid_quanta = report["insurance_used_quanta"] + report["shared_loss_quanta"]
    assert 0 < paid_quanta <= takeovers["debt_quanta"]
    assert report["deficit_unaccounted_quanta"] == report["charged_above_gain_lots"] == 0
    assert report["healthy_taken_over"].keys() == {"hedged", "unhedged"}


def test_batches_when_sealed_then_within_the_budget_and_never_dearer_than_charged(
    report: dict[str, Any],
) -> None:
    assert report["batches"] == len(report["steps_per_batch"]) > 5
    for steps, charged in zip(
        report["steps_per_batch"], report["charged_steps_per_batch"], strict=True
    ):
        assert steps <= charged <= exchange_module.BATCH_STEPS


def test_day_when_run_again_then_the_same_files_byte_for_byte(tmp_path: Path) -> None:
    write_report(small_day(), NOTHING, tmp_path / "first")
    write_report(run_market(SMALL, silent), NOTHING, tmp_path / "second")
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("first", "second")
    )
    assert first == second
    assert REPORT in first
    assert len(first) == 9


def test_tables_when_written_then_say_what_the_report_says(report: dict[str, Any]) -> None:
    text = tables_of(report)
    fee_quanta = report["liquidations_told"]["insurance_fee_quanta"]
    assert f"{fee_quanta // 10**6:,}.{fee_quanta % 10**6:06}" in text
    assert f"| {report['bids']} |" in text
    assert all(f"| {kind} |" in text for kind in report["agents"])


def test_day_when_of_another_seed_then_another() -> None:
    plan = Plan(4, 40, 3, 300, with_circuit=False)
    other = report_of(run_market(plan, silent))
    assert other["python_equals_cairo"] is None
    assert other["final_state_root"] != report_of(small_day())["final_state_root"]
    json.dumps(other)


# ---------------------------------------------------------------- what must be noticed


@pytest.fixture
def exchange() -> Exchange:
    opened = Exchange(Plan(n_instruments=1))
    opened.submit(deposit())
    return opened


def deposit() -> Deposit:
    key = public_key(account_secret(2))
    return Deposit(2, l1_address(2), key, 100 * ONE_DOLLAR_QUANTA)


def test_money_when_it_appears_then_noticed(exchange: Exchange) -> None:
    account = exchange.state.account(2)
    exchange.state.accounts[2] = account.with_balance(account.collateral_quanta + 1)
    exchange.check_equity(exchange.margins())
    assert len(exchange.checks.conservation_faults) == 1
    exchange.seal()
    assert len(exchange.checks.conservation_faults) == 3
    assert exchange.checks.circuit_faults


def test_circuit_when_it_writes_something_else_then_noticed(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_output(witness: BatchWitness) -> Execution:
        right = execute_only(witness)
        return Execution((*right.output[:-1], right.output[-1] + 1), right.n_steps, {})

    monkeypatch.setattr(exchange_module, "execute_only", other_output)
    exchange.seal()
    assert exchange.checks.circuit_faults == ["batch 1: the circuit writes another output"]
    assert exchange.checks.conservation_faults == []


def test_circuit_when_it_refuses_or_takes_more_steps_then_noticed(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: BatchWitness) -> Execution:
        raise CairoRunError("no")

    def slow(witness: BatchWitness) -> Execution:
        return Execution(tuple(witness.output), 10**6, {})

    monkeypatch.setattr(exchange_module, "execute_only", refuse)
    exchange.seal()
    monkeypatch.setattr(exchange_module, "execute_only", slow)
    exchange.submit(deposit())
    exchange.seal()
    refused, dear = exchange.checks.circuit_faults
    assert refused == "batch 1 is not proven: no"
    assert dear.startswith("batch 2: 1000000 steps")


@pytest.mark.parametrize(
    ("before", "after", "harm"),
    [
        ((10, 100), (10, 50), False),
        ((10, 100), (5, 50), False),
        ((10, 100), (4, 50), True),
        ((0, 100), (0, 50), False),
        ((0, 100), (-1, 0), True),
    ],
)
def test_liquidation_when_equity_over_requirement_falls_then_it_did_harm(
    before: tuple[int, int], after: tuple[int, int], *, harm: bool
) -> None:
    (equity, required), (equity_after, required_after) = before, after
    margins = Margin(equity, 0, required), Margin(equity_after, 0, required_after)
    assert does_harm(*margins) is harm


def test_refusal_when_the_agent_does_not_expect_it_then_the_report_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Taker, "expects", frozenset())
    run = run_market(Plan(3, 40, 3, 800, with_circuit=False), silent)
    found = report_of(run)
    assert found["refusals_expected"] is False
    assert not passes(found)
    assert all(", taker: " in line for line in found["refusals_unexpected"])
