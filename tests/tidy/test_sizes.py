"""Files stay under 600 lines and functions under 70, so that each can be read in one sitting."""

import ast
import re
from pathlib import Path

import pytest

from tests.tidy.tracked import ROOT, tracked_files

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70
GENERATED = (
    "novation/api/",
    "l1_contracts/src/verifier/generated/",
    "tests/vectors/",
    "circuits/cairo/state/merkle.cairo",
)
# A call costs steps in the proof of every order (docs/decisions/0011): these are not cut up.
LONGER_CAIRO_FUNCTIONS = {"place_order": 404, "visit_maker": 153, "seal_accounts": 114}
SOURCE_SUFFIXES = {".py", ".rs", ".sol", ".cairo", ".proto"}


def source_files(suffixes: set[str]) -> list[Path]:
    """Return tracked, hand-written files with one of the given suffixes."""
    return [
        path
        for path in tracked_files()
        if path.suffix in suffixes and not str(path.relative_to(ROOT)).startswith(GENERATED)
    ]


def test_files_when_hand_written_then_at_most_600_lines() -> None:
    long_files = {
        str(path.relative_to(ROOT)): lines
        for path in source_files(SOURCE_SUFFIXES)
        if (lines := len(path.read_text().splitlines())) > MAX_FILE_LINES
    }
    assert long_files == {}


def test_python_functions_when_docstring_not_counted_then_at_most_70_lines() -> None:
    long_functions = []
    for path in source_files({".py"}):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                has_docstring = ast.get_docstring(node) is not None
                first = node.body[1 if has_docstring and len(node.body) > 1 else 0]
                lines = (node.end_lineno or 0) - first.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    long_functions.append(
                        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {lines}"
                    )
    assert long_functions == []


@pytest.mark.parametrize(
    ("suffix", "opening"),
    [(".sol", re.compile(r"^\s*function (\w+)")), (".cairo", re.compile(r"^func (\w+)"))],
)
def test_brace_language_functions_when_measured_then_bounded(
    suffix: str, opening: re.Pattern[str]
) -> None:
    # Named arguments take a line each in Cairo 0, so its bound is wider (style guide, section 1).
    limit = MAX_FUNCTION_LINES if suffix == ".sol" else 2 * MAX_FUNCTION_LINES
    long_functions = []
    for path in source_files({suffix}):
        lines = path.read_text().splitlines()
        for start, line in enumerate(lines):
            if (match := opening.match(line)) is None:
                continue
            indent = len(line) - len(line.lstrip())
            # A line `}(...)` ends the implicit arguments of a Cairo function, not the function.
            closing = " " * indent + "}"
            end = next((i for i in range(start, len(lines)) if lines[i].rstrip() == closing), start)
            allowed = LONGER_CAIRO_FUNCTIONS.get(match[1], limit) if suffix == ".cairo" else limit
            if end - start + 1 > allowed:
                long_functions.append(
                    f"{path.relative_to(ROOT)}:{start + 1} {match[1]} {end - start + 1}"
                )
    assert long_functions == []
