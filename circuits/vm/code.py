"""A compiled program in the form that the machine runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from circuits.vm.translate import Translator


@dataclass(frozen=True, slots=True)
class Hint:
    """A hint: its text, by which other machines know it, and what to execute."""

    text: str
    source: str
    code: CodeType = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Code:
    """Bytecode with hints; offsets are from its start.

    `functions` are names by the offset of their first instruction, ascending; `lines` are source
    places (`file:line`) by the offset of an instruction, for error messages.
    """

    bytecode: tuple[int, ...]
    builtins: tuple[str, ...]
    start: int
    end: int
    hints: Mapping[int, tuple[Hint, ...]]
    functions: tuple[tuple[int, str], ...]
    lines: Mapping[int, str]
    translator: Translator = field(compare=False, repr=False)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Code":
        """Build from what `plain_code` of circuits.compiler returns, after a JSON round trip."""
        hints = {
            int(pc): tuple(
                Hint(text, source, compile(source, f"<hint {pc}>", "exec"))
                for text, source in items
            )
            for pc, items in plain["hints"].items()
        }
        bytecode = tuple(int(word, 16) for word in plain["bytecode"])
        return cls(
            bytecode=bytecode,
            builtins=tuple(plain["builtins"]),
            start=plain["start"],
            end=plain["end"],
            hints=hints,
            functions=tuple((pc, name) for pc, name in plain["functions"]),
            lines={int(pc): place for pc, place in plain["lines"].items()},
            translator=Translator(bytecode, frozenset(hints)),
        )
