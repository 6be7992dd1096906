"""The attack from both sides: on the real rules, proven, and told with its share."""

import json
from pathlib import Path

import pytest

from simulation import __main__ as command
from simulation.both_sides import SHARES_PERCENT, attack
from simulation.plan import ONE_DOLLAR_QUANTA


@pytest.mark.parametrize("share_percent", [5, 90])
def test_attack_when_over_then_proven_conserved_and_nothing_was_refused(
    share_percent: int,
) -> None:
    found = attack(share_percent, with_circuit=True)
    assert found.checks.circuit_faults == found.checks.conservation_faults == []
    assert found.unexpected == []
    assert len(found.checks.steps) > 1


def test_attack_when_the_gap_is_beyond_margin_then_worth_no_more_than_what_is_beyond() -> None:
    """A gap of 40 % against 10 % of margin: at most 30 % of one side."""
    value_usd = 20_000_000 * 20 // 100
    profit_quanta = attack(20, with_circuit=False).profit_quanta
    assert profit_quanta <= value_usd * 30 // 100 * ONE_DOLLAR_QUANTA


def test_attack_when_the_gap_is_insured_then_takes_no_more_than_a_budget() -> None:
    """A quarter of the two millions in the fund, proven; without it he takes more."""
    insured = attack(90, with_circuit=True, is_insured=True)
    assert insured.checks.circuit_faults == insured.checks.conservation_faults == []
    assert insured.unexpected == []
    assert 0 < insured.profit_quanta <= 500_000 * ONE_DOLLAR_QUANTA
    assert attack(90, with_circuit=False).profit_quanta > insured.profit_quanta


def test_report_when_attacks_are_tried_then_tells_and_shows_them(tmp_path: Path) -> None:
    small = ("--accounts", "28", "--instruments", "1", "--operations", "50", "--forecast-days", "0")
    assert command.main([*small, "--without-circuit", "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    profits = report["both_sides_attack_profit_quanta"]
    assert profits.keys() == {str(percent) for percent in SHARES_PERCENT}
    insured = report["both_sides_insured_attack_profit_quanta"]
    assert insured.keys() == profits.keys()
    assert max(insured.values()) <= 500_000 * ONE_DOLLAR_QUANTA
    assert "both_sides.svg" in {path.name for path in tmp_path.iterdir()}
