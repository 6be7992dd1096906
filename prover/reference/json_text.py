"""JSON read strictly: a document has one meaning, or is refused."""

import json
import math
import re
from typing import Final

from prover.reference.errors import UnreadableProof

# Lists and objects inside each other; the files that we read need six.
MAX_DEPTH: Final = 32
_QUOTED_CHARACTERS: Final = 40
# A string that does not end is one up to the end: to look for it again behind every escaped quote
# would take hours.
_STRING_OR_BRACKET: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def parse(content: str | bytes) -> object:
    """Return the parsed document.

    Raises:
        UnreadableProof: if it is not JSON in UTF-8, a number is not finite, a key appears twice in
            an object, a string holds half of a surrogate pair, or the nesting is too deep.
    """
    try:
        text = content if isinstance(content, str) else content.decode()
    except UnicodeDecodeError as error:
        raise UnreadableProof(f"not UTF-8 text at byte {error.start}") from error
    try:
        _check_nesting(text)
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_number,
        )
        _check_strings(document)
    # The parser's own limits: digits of a number, encoding.
    except (ValueError, RecursionError) as error:
        raise UnreadableProof(f"not JSON: {error}") from error
    return document


def quote(text: str) -> str:
    """Return a foreign text as a message repeats it: not all of a long one."""
    if len(text) > _QUOTED_CHARACTERS:
        return json.dumps(text[:_QUOTED_CHARACTERS]) + "..."
    return json.dumps(text)


def _check_nesting(document: str) -> None:
    """Refuse deep nesting before the recursive parser meets it.

    The interpreter's recursion limit is no guard: libraries raise it beyond what the stack holds.
    """
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(document):
        bracket = match[0]
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        elif bracket in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for key, value in pairs:
        if key in fields:
            raise ValueError(f"key {quote(key)} appears twice")
        fields[key] = value
    return fields


def _integer(digits: str) -> int | float:
    # Minus zero and what no machine word holds are no integers to other readers of JSON.
    value = int(digits)
    if digits == "-0" or not -(2**63) <= value < 2**64:
        return _number(digits)
    return value


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"number {digits[:_QUOTED_CHARACTERS]} is not finite")
    return value


def _check_strings(value: object) -> None:
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, list):
        for item in value:
            _check_strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            key.encode()
            _check_strings(item)
