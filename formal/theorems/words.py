"""Packed words have one reading: the fields are read from the protocol's own source."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import z3

from formal.theorems.theorem import Statement, Theorem
from novation.crypto import FIELD_PRIME
from novation.protocol import constants
from novation.protocol.nonces import WINDOWS_PER_WORD

_PROTOCOL: Final = Path(constants.__file__).parent
# How many fields a word with a list in it has at most.
_REPEATED: Final = {
    "_window_word": WINDOWS_PER_WORD,
    "price_words": constants.PRICES_PER_WORD,
    "pack_amounts": constants.ASSETS_PER_WORD,
}
# The widths of lists of fields that have a name of their own.
_NAMED: Final = {"fields": "_TIER_WIDTHS * MAX_FEE_TIERS"}
_TOO_WIDE: Final = "a field one bit wider than its place"
_WRAPS: Final = "a word that can pass the prime"


@dataclass(frozen=True)
class Word:
    """A packed word: where it is packed, and the widths of its fields from the lowest bits up."""

    place: str
    widths: tuple[int, ...]

    def value(self, fields: list[Any]) -> Any:  # noqa: ANN401 - numbers or terms
        """Return the word of fields."""
        total = fields[0]
        shift = self.widths[0]
        for field, width in zip(fields[1:], self.widths[1:], strict=True):
            total = total + field * 2**shift
            shift += width
        return total


def packed_words() -> list[Word]:
    """Return every word that the protocol packs, found in its source."""
    found: list[Word] = []
    for path in sorted(_PROTOCOL.rglob("*.py")):
        name = ".".join(("novation.protocol", *path.relative_to(_PROTOCOL).with_suffix("").parts))
        for function, call in _packs(ast.parse(path.read_text())):
            widths = _widths(call, vars(importlib.import_module(name)), function)
            found.append(Word(f"{path.stem}.{function}:{call.lineno}", widths))
    return found


def _packs(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "pack":
                    yield function.name, node


def _widths(call: ast.Call, names: dict[str, Any], function: str) -> tuple[int, ...]:
    widths: list[int] = []
    for argument in call.args:
        starred = argument.value if isinstance(argument, ast.Starred) else None
        if starred is None:
            widths.append(_width(argument, names))
        elif isinstance(starred, ast.Call):
            # Of zip, whose second argument has the widths.
            assert getattr(starred.func, "id", "") == "zip", function
            widths += _constant(starred.args[1], names)
        elif isinstance(starred, ast.Name):
            widths += _constant(ast.parse(_NAMED[starred.id], mode="eval").body, names)
        else:
            assert isinstance(starred, ast.GeneratorExp), function
            widths += [_width(starred.elt, names)] * _REPEATED[function]
    return tuple(widths)


def _width(pair: ast.expr, names: dict[str, Any]) -> int:
    assert isinstance(pair, ast.Tuple)
    return int(_constant(pair.elts[1], names))


def _constant(expression: ast.expr, names: dict[str, Any]) -> Any:  # noqa: ANN401
    code = compile(ast.Expression(expression), "<width>", "eval")
    return eval(code, names)  # noqa: S307 - of our own source


def _statement(word: Word, fault: str) -> Statement:
    first = [z3.Int(f"a{i}") for i in range(len(word.widths))]
    second = [z3.Int(f"b{i}") for i in range(len(word.widths))]
    widths = list(word.widths)
    if fault == _TOO_WIDE:
        widths[0] += 1
    if fault == _WRAPS:
        widths[-1] += 252 - sum(widths)
    known = [
        z3.And(field >= 0, field < 2**width)
        for fields in (first, second)
        for field, width in zip(fields, widths, strict=True)
    ]
    known.append(word.value(first) - word.value(second) == FIELD_PRIME * z3.Int("quotient"))
    return Statement(known, z3.And([a == b for a, b in zip(first, second, strict=True)]))


def theorems() -> list[Theorem]:
    """Return one theorem for each packed word of more than one field."""
    return [
        Theorem(
            f"word {word.place} has one reading",
            lambda fault, word=word: _statement(word, fault),  # type: ignore[misc]
            (_TOO_WIDE, _WRAPS),
        )
        for word in packed_words()
        if len(word.widths) > 1
    ]
