"""Reads functions of crates/field/src/limbs.rs as formulas.

The file is straight-line code on 64-bit words with few forms: `let (x, y) = f(...)`, `let x = ...`,
arrays, and the operators of words. Each function becomes a Python function of the same text, over
whichever words it is given: numbers, bit vectors, or integers with equations.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

_SOURCE: Final = Path(__file__).resolve().parents[2] / "crates" / "field" / "src" / "limbs.rs"
_FUNCTION: Final = re.compile(r"const fn (\w+)\(([^)]*)\)[^{]*\{\n(.*?)\n\}\n", re.DOTALL)
_CONSTANT: Final = re.compile(r"const (\w+): (?:Limbs|u64) =\s*([^;]+);", re.DOTALL)
_KEPT: Final = frozenset({"mac", "adc", "sbb"})

Source = Mapping[str, str]


def limb_source() -> str:
    """Return the Rust text."""
    return _SOURCE.read_text()


def constants(text: str) -> dict[str, Any]:
    """Return the numbers that the source names."""
    found: dict[str, Any] = {"u64": type("u64", (), {"MAX": 2**64 - 1})}
    for name, value in _CONSTANT.findall(text):
        found[name] = eval(_python(value), {}, found)  # noqa: S307 - our own source
    return found


def functions(text: str, words: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions of the source over some words.

    Args:
        text: the Rust source.
        words: what `mac`, `adc`, `sbb` do and what the constants are.
    """
    names: dict[str, Any] = dict(words)
    for name, arguments, body in _FUNCTION.findall(text):
        if name in _KEPT:
            continue
        parameters = ", ".join(part.split(":")[0].strip() for part in arguments.split(",") if part)
        exec(f"def {name}({parameters}):\n{_block(body)}\n", names)  # noqa: S102 - our own source
    return {name: names[name] for name, _, _ in _FUNCTION.findall(text) if name not in _KEPT}


def _block(body: str) -> str:
    text = re.sub(r"//[^\n]*", "", body)
    statements = [part.strip() for part in text.split(";")]
    lines = [f"    {_python(part.removeprefix('let ').strip())}" for part in statements[:-1]]
    return "\n".join([*lines, f"    return {_python(statements[-1])}"])


def _python(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    # A reference is the value itself; what is left of `&` is the operator.
    text = re.sub(r"(^|[(,=\[])\s*&\s*", r"\1", text)
    text = re.sub(r"\)\.(\d)", r")[\1]", text)
    return text.replace(" as u64", "").replace("u64::", "u64.").replace("u128::", "u128.")
