"""The table of features names tests that exist, and each line has all three or says why not."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
COLUMNS: Final = ("Python", "Cairo", "gRPC")
# A test or, of a file of rules left out, the case that breaks the rule.
REFERENCE: Final = re.compile(r"`([\w/]+\.py)::(\w+)`")
# Tests of a column are in these folders.
FOLDERS: Final = {
    "Python": ("unit/", "property/", "oracle/"),
    "Cairo": ("circuits/",),
    "gRPC": ("node/", "e2e/", "oracle/"),
}


def rows() -> list[list[str]]:
    """Return the lines of the tables: what, and the cells of the three columns."""
    page = (ROOT / "docs/spec/features.md").read_text()
    lines = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return [row for row in cells if row[0] != "what" and not row[0].startswith("---")]


def test_page_has_tables() -> None:
    assert len(rows()) > 50
    assert all(len(row) == 1 + len(COLUMNS) for row in rows())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_line_names_tests_that_exist(row: list[str]) -> None:
    for column, cell in zip(COLUMNS, row[1:], strict=True):
        if re.fullmatch(r"— \(.+\)", cell):
            continue
        match = REFERENCE.fullmatch(cell)
        assert match, f"{row[0]}, {column}: {cell}"
        path, name = match.groups()
        assert path.startswith(FOLDERS[column]), f"{row[0]}, {column}: {path}"
        source = (ROOT / "tests" / path).read_text()
        assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), f"{path}::{name}"
