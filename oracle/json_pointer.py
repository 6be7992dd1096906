"""A place in a JSON document (RFC 6901), and numbers in it as the text they were written as."""

import json
import re
from dataclasses import dataclass
from typing import Final, NoReturn, Self

_INDEX = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
# Possessive, and the end of the string may be missing: so nothing is looked at twice.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
MAX_DEPTH: Final = 32
_STRAY_TILDE = re.compile(r"~(?![01])")


@dataclass(frozen=True, slots=True)
class JsonPointer:
    """The way to a value: names of members, and places in arrays."""

    steps: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pointer as `/data/0/price`; ValueError if it is none."""
        if text and not text.startswith("/"):
            raise ValueError(f"{text!r} does not begin with '/'")
        if _STRAY_TILDE.search(text):
            raise ValueError(f"{text!r} has a '~' that is neither '~0' nor '~1'")
        steps = (step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])
        return cls(tuple(steps))

    def find(self, document: object) -> object | None:
        """Return the value, None if the document has nothing there."""
        found: object = document
        for step in self.steps:
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and _INDEX.fullmatch(step) and int(step) < len(found):
                found = found[int(step)]
            else:
                return None
        return found


def parse_json(text: str | bytes) -> object:
    """Return a document whose numbers are texts.

    Raises:
        ValueError: if it is not JSON in UTF-8, or nested deeper than any venue's answer.
    """
    text = text if isinstance(text, str) else text.decode("utf-8")
    _check_depth(text)
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=_refuse_constant)


def _check_depth(text: str) -> None:
    """Refuse what would take the parser too deep.

    It recurses in C: where a library has raised the limit of recursion, some hundred thousand
    brackets from a venue would not raise an exception but end the process.
    """
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"JSON nested deeper than {MAX_DEPTH}")
        elif match[0] in "]}":
            depth -= 1


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
