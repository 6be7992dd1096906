"""The protocol is deterministic: no clock, randomness, floats or I/O may enter it."""

import ast
from pathlib import Path

from tests.tidy.tracked import ROOT, tracked_files

BANNED_IMPORTS = {"time", "random", "datetime", "os", "pathlib", "socket", "asyncio", "secrets"}
BANNED_NAMES = {"float", "open", "print", "input", "hash", "id"}


def protocol_files() -> list[Path]:
    """Return the Python files of the protocol."""
    folder = ROOT / "novation" / "protocol"
    return [path for path in tracked_files() if folder in path.parents and path.suffix == ".py"]


def violations(path: Path) -> list[str]:
    """Return what breaks determinism in one file, as `file:line reason`."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        reason = None
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            reason = f"float literal {node.value}"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            reason = "true division"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in BANNED_NAMES:
                reason = f"call of {node.func.id}"
        elif isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names} & BANNED_IMPORTS
            reason = f"import of {names}" if names else None
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            root = node.module.split(".")[0]
            reason = f"import of {root}" if root in BANNED_IMPORTS else None
        if reason:
            found.append(f"{path.relative_to(ROOT)}:{node.lineno} {reason}")  # type: ignore[attr-defined]
    return found


def test_protocol_when_scanned_then_deterministic() -> None:
    files = protocol_files()
    assert files
    assert [line for path in files for line in violations(path)] == []
