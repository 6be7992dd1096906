"""The protocol is written twice: names, constants and codes of both must be the same."""

import re
from collections import Counter
from enum import IntEnum

from novation.protocol import constants, errors
from tests.tidy.tracked import ROOT

CAIRO = ROOT / "circuits" / "cairo"
CONSTANT = re.compile(r"^const (\w+) = ([^;]+);", re.MULTILINE)


def evaluate(expression: str, known: dict[str, int]) -> int:
    """Evaluate a Cairo constant expression over integers and constants defined above it."""
    if (text := re.fullmatch(r"'([^']*)'", expression.strip())) is not None:
        return int.from_bytes(text[1].encode(), "big")
    return int(eval(expression, {"__builtins__": {}}, known))  # noqa: S307 - our own source file


def cairo_constants() -> dict[str, int]:
    """Return the constants of the circuit by name."""
    known: dict[str, int] = {}
    for name, expression in CONSTANT.findall((CAIRO / "constants.cairo").read_text()):
        known[name] = evaluate(expression, known)
    return known


def test_transactions_when_listed_then_python_and_cairo_have_the_same() -> None:
    python_folder = ROOT / "novation" / "protocol" / "transactions"
    python = {p.stem for p in python_folder.glob("*.py") if not p.stem.startswith("_")}
    cairo = {p.stem for p in (CAIRO / "transactions").glob("*.cairo")}
    assert python
    assert python <= cairo


def test_constants_when_in_both_languages_then_equal() -> None:
    python = {name: value for name, value in vars(constants).items() if isinstance(value, int)}
    python.update({f"RESULT_{code.name}": code.value for code in errors.ResultCode})
    cairo = cairo_constants()
    shared = python.keys() & cairo.keys()
    assert len(shared) >= 10
    assert {n: (python[n], cairo[n]) for n in shared if python[n] != cairo[n]} == {}


def test_error_codes_when_numbered_then_unique() -> None:
    for enum in (errors.ErrorCode, errors.ResultCode):
        assert issubclass(enum, IntEnum)
        values = [member.value for member in enum.__members__.values()]
        assert len(values) == len(set(values))


# An import names a constant without using it: one line, or a list in parentheses.
IMPORT = re.compile(r"^from [^\n(]*(\([^)]*\)|[^\n]*)", re.MULTILINE)


def test_constants_of_the_circuit_when_listed_then_each_is_used() -> None:
    sources = [IMPORT.sub("", path.read_text()) for path in CAIRO.rglob("*.cairo")]
    words = Counter(word for text in sources for word in re.findall(r"\w+", text))
    names = {name for text in sources for name, _ in CONSTANT.findall(text)}
    assert len(names) > 40
    assert [name for name in sorted(names) if words[name] < 2] == []


def test_constants_of_the_protocol_when_listed_then_each_is_used() -> None:
    packages = ("novation", "sequencer", "circuits", "prover", "devnet")
    files = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    sources = [path.read_text() for path in files if path.name != "constants.py"]
    words = {word for text in sources for word in re.findall(r"\w+", text)}
    names = {name for name in vars(constants) if name.isupper()}
    assert len(names) > 30
    assert sorted(names - words) == []
