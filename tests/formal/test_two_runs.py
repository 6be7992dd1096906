from pathlib import Path

import pytest

from circuits.compiler import compile_source
from circuits.program import functions, instruction_places
from formal.cairo import contracts
from formal.cairo.bytecode import Code
from formal.cairo.check import check_function, checker
from formal.cairo.machine import Drop
from formal.cairo.solver import Verdict
from formal.cairo.two_runs import Checker

OWN = [name for _, name in functions() if name.startswith(("circuits.", "__main__."))]
# What these say is a relation: docs/spec/formal.md.
UNDECIDED = {"check_medians", "check_parted", "count_far", "update_subtree", "split", "divide"}
ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).with_name("cairo")


@pytest.fixture(scope="module")
def shapes() -> Checker:
    return Checker(Code(compile_source(SOURCES / "shapes.cairo", SOURCES)))


@pytest.mark.parametrize("name", OWN)
def test_function_when_two_runs_then_equal_outputs_and_a_mutant_differs(name: str) -> None:
    outcomes = check_function(name)
    if name.rsplit(".", 1)[-1] in UNDECIDED:
        assert [outcome.holds for outcome in outcomes] == [False], outcomes
        assert outcomes[0].reason.startswith("unknown: "), outcomes
    else:
        assert all(outcome.is_sound for outcome in outcomes), outcomes


@pytest.mark.parametrize("line", ["assert word[1] = pool_word", "assert word[2] = reference_word"])
def test_guessed_record_when_its_word_is_not_compared_then_two_runs(line: str) -> None:
    """The cells behind a pointer on the tape are inputs only if a word says what they are."""
    function = next(f for f in checker().code.own if f.short == "open_underlyings")
    places = instruction_places()
    sources = {
        pc: places[pc] for pc, _ in checker().code.body(function) if "/prices.cairo" in places[pc]
    }
    found = [pc for pc, place in sources.items() if line in _source(place)]
    assert found
    assert any(checker().check(function, Drop(pc=pc)).verdict is Verdict.DIFFERENT for pc in found)


def _source(place: str) -> str:
    path, _, line = place.partition(":")
    return (ROOT / path).read_text().splitlines()[int(line) - 1]


def test_undecided_functions_are_few() -> None:
    assert {name for name in UNDECIDED if any(own.endswith(f".{name}") for own in OWN)} == UNDECIDED
    assert len(UNDECIDED) * 5 <= len(OWN)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("path_without_top", Verdict.DIFFERENT),
        ("path_with_top", Verdict.EQUAL),
        ("limb_without_bound", Verdict.DIFFERENT),
        ("limb_with_bound", Verdict.EQUAL),
        ("branch_without_proof", Verdict.DIFFERENT),
        ("branch_with_proof", Verdict.EQUAL),
    ],
)
def test_known_shapes_when_checked_then_unsound_ones_have_two_runs(
    shapes: Checker, name: str, verdict: Verdict
) -> None:
    function = next(f for f in shapes.code.own if f.short == name)
    assert shapes.check(function).verdict is verdict


def test_contracts_when_functions_are_renamed_then_names_are_gone() -> None:
    names = {name.rsplit(".", 1)[-1] for _, name in functions()}
    tables = (
        contracts.TAPE_INPUTS,
        contracts.WRITES,
        contracts.WRITES_AT,
        contracts.WRITES_IF_RETURNED,
        contracts.LEFT_TO_CALLERS,
        contracts.RECORDS,
        contracts.PINNED_ARGUMENTS,
        contracts.PROMISES,
        contracts.GUARANTEES,
        contracts.ASSUMED_BELOW,
        contracts.OPENINGS,
        contracts.ASSUMED,
    )
    assert {name for table in tables for name in table} <= names
