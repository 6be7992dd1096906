"""No test of the node depends on how fast the machine is: waits have one patience, in one place."""

import re

from tests.tidy.tracked import ROOT

# A test exchange waits by moving its own time.
OWN_LIMIT = re.compile(
    r"asyncio\.(?:timeout|wait_for)\(|\.communicate\(timeout=\d|(?<!exchange)\.wait\(\d"
)


def test_waits_when_limited_then_by_the_common_patience() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path.name not in {"waiting.py", "test_waiting.py"}
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if OWN_LIMIT.search(line)
    ]
    assert found == []
