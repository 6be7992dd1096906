from pathlib import Path

import pytest

from formal.exchange.check import Verdict, check_contract, is_killed, properties, verdict_of
from formal.exchange.copies import TOOLS, replace_once
from formal.exchange.mutants import MUTANTS, Mutant
from formal.exchange.slither import check_contracts

pytestmark = pytest.mark.skipif(
    not (TOOLS / "halmos").exists(), reason="the contract checkers are not installed: make formal"
)

# Each mutant is compiled anew: `make formal` checks all.
QUICK = {
    "check_forged_batch_keeps_solvency",
    "check_withdrawal_pays_once",
    "check_no_deposit_is_consumed_twice",
}


def test_exchange_when_outputs_are_forged_then_every_property_holds() -> None:
    results = check_contract()
    assert sorted(results) == sorted(properties())
    assert set(results.values()) == {Verdict.HOLDS}, results


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(mutant, marks=() if mutant.prop in QUICK else pytest.mark.slow)
        for mutant in MUTANTS
    ],
    ids=lambda mutant: mutant.prop,
)
def test_mutant_when_checked_then_its_property_fails(mutant: Mutant) -> None:
    assert is_killed(mutant)


def test_every_property_has_one_mutant() -> None:
    assert sorted(mutant.prop for mutant in MUTANTS) == sorted(properties())


def test_contracts_when_read_by_slither_then_nothing_unexplained() -> None:
    outcome = check_contracts()
    assert outcome.is_sound, outcome


def test_mutation_when_its_text_is_gone_then_error(tmp_path: Path) -> None:
    path = tmp_path / "A.sol"
    path.write_text("one")
    with pytest.raises(ValueError, match="0 places"):
        replace_once(path, "two", "three")


@pytest.mark.parametrize(
    ("exit_code", "n_cut_loops", "verdict"),
    [
        (0, 0, Verdict.HOLDS),
        (0, 1, Verdict.UNDECIDED),
        (1, 0, Verdict.BROKEN),
        (2, 0, Verdict.UNDECIDED),
        (5, 0, Verdict.UNDECIDED),
    ],
)
def test_verdict_when_checker_timed_out_or_erred_then_undecided(
    exit_code: int, n_cut_loops: int, verdict: Verdict
) -> None:
    result = {"exitcode": exit_code, "num_bounded_loops": n_cut_loops}
    assert verdict_of(result) is verdict
