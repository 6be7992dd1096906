"""The duties of the access log: numbered in one place, cited where they are done."""

import re

from tests.tidy.tracked import ROOT

CAIRO = ROOT / "circuits" / "cairo"
ACCESS_LOG = CAIRO / "state" / "access_log.cairo"
DUTY = re.compile(r"[Dd]uty (\d)")


def test_duties_when_cited_then_numbered_in_the_access_log() -> None:
    numbered = re.findall(r"^// Duty (\d), ", ACCESS_LOG.read_text(), re.MULTILINE)
    assert numbered == [str(number) for number in range(1, len(numbered) + 1)]
    sources = {path: path.read_text() for path in CAIRO.rglob("*.cairo")}
    cited = {path: DUTY.findall(text) for path, text in sources.items() if path != ACCESS_LOG}
    assert {number for numbers in cited.values() for number in numbers} <= set(numbered)


def test_records_when_guessed_then_the_comment_says_who_logs_them() -> None:
    guesses = 0
    for path in CAIRO.rglob("*.cairo"):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if "= latest_" not in line:
                continue
            guesses += 1
            assert re.search(r"[Dd]uty 1\b", lines[number - 1]), f"{path}:{number + 1}"
    assert guesses >= 10
