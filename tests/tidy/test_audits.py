"""The table of findings names tests that exist, and every finding."""

import re

from tests.tidy.tracked import ROOT

TABLE = (ROOT / "docs" / "audits.md").read_text()
NAMED = re.compile(r"`([\w./]+\.(?:py|rs|sol))(?:::(\w+))?`")
ROW = re.compile(r"^\| ([CABr]\d+) \|[^|]*\|([^|]*)\|([^|]*)\|$", re.MULTILINE)
LETTERS = {"C": 4, "A": 17, "B": 13}
FINDINGS = {f"{letter}{n}" for letter, last in LETTERS.items() for n in range(1, last + 1)}
REPORTS = {1, 2, 4, 5, 7, 9, 12, 14, 15, 16, 17, 18, 22, 23, 30, 31, 35, 36, 37, 38}


def test_findings_when_listed_then_complete() -> None:
    assert {name for name, _, _ in ROW.findall(TABLE)} == FINDINGS | {f"r{n:02}" for n in REPORTS}


def test_tests_when_named_then_exist() -> None:
    named = NAMED.findall(TABLE)
    assert len(named) > 40
    missing = [
        f"{path}::{test}" if test else path
        for path, test in named
        if not (ROOT / path).is_file() or (test and f"def {test}(" not in (ROOT / path).read_text())
    ]
    assert missing == []


def test_finding_when_it_has_no_test_then_open_or_stated_in_the_spec() -> None:
    without = {name for name, _, tests in ROW.findall(TABLE) if not tests.strip()}
    is_open = {name for name, status, _ in ROW.findall(TABLE) if "**open**" in status}
    assert without == is_open | {"C4", "A17"}
