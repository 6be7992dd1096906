from pathlib import Path

import pytest

from formal.exchange.check import check_contract, is_killed, properties
from formal.exchange.copies import TOOLS, replace_once
from formal.exchange.mutants import MUTANTS, Mutant
from formal.exchange.slither import check_contracts

pytestmark = pytest.mark.skipif(
    not (TOOLS / "halmos").exists(), reason="the contract checkers are not installed: make formal"
)


def test_exchange_when_outputs_are_forged_then_every_property_holds() -> None:
    results = check_contract()
    assert sorted(results) == sorted(properties())
    assert all(results.values()), results


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.prop)
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
