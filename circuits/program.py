"""The compiled batch program and its loader, cached by the hash of their sources, and their pins.

python -m circuits.program            # compile if needed; print size, hash, hints
python -m circuits.program --pin      # write circuits/program_hash.json
python -m circuits.program --check    # compile if needed; fail if that file is stale
"""

import functools
import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).resolve().parent.parent
_SOURCES: Final = _ROOT / "circuits" / "cairo"
_CACHE: Final = _ROOT / "build" / "circuits"
_PIN: Final = _ROOT / "circuits" / "program_hash.json"


def source_hash() -> str:
    """Return the hash of everything that the compiled program depends on."""
    hasher = hashlib.sha256()
    for path in (*sorted(_SOURCES.rglob("*.cairo")), *_translators()):
        hasher.update(f"{path.relative_to(_ROOT)}\0".encode())
        hasher.update(path.read_bytes())
    hasher.update(version("cairo-lang").encode())
    return hasher.hexdigest()[:16]


def _translators() -> list[Path]:
    names = ("compiler.py", "hints.py", "loader.py", "parts.py")
    return [_ROOT / "circuits" / name for name in names]


def compiled_code() -> str:
    """Return the compiled programs as the native machine reads them."""
    _plain()
    return _cached("code.json").read_text()


def program_hash() -> int:
    """Return the hash of the batch program that the loader compares."""
    return int(_plain()["program_hash"], 16)


def loader_hash() -> int:
    """Return what `cairo-hash-program --program-hash-function poseidon` computes of the loader."""
    return int(_plain()["loader"]["chain_hash"], 16)


@functools.cache
def bytecode() -> tuple[int, ...]:
    """Return the bytecode of the batch program."""
    return tuple(int(word, 16) for word in _plain()["bytecode"])


def n_core_words() -> int:
    """Return how many words of the batch program are its core; the rest is behind them."""
    return int(_plain()["n_core_words"])


@functools.cache
def loader_bytecode() -> tuple[int, ...]:
    """Return the bytecode of the loader: the program that statements and verifiers speak of."""
    return tuple(int(word, 16) for word in _plain()["loader"]["bytecode"])


def functions() -> list[tuple[int, str]]:
    """Return names of the batch program's functions by the offset of their first instruction."""
    return [(pc, name) for pc, name in _plain()["functions"]]


def instruction_places() -> dict[int, str]:
    """Return where each instruction comes from ("file:line"), by its offset in the bytecode."""
    return {int(pc): place for pc, place in _plain()["lines"].items()}


def loader_offset() -> int:
    """Return where the machine counts the loader's first word: one behind the batch program."""
    return len(bytecode()) + 1


def compiled_program_path() -> Path:
    """Return the path of the compiled batch program in cairo-lang's JSON format."""
    _plain()
    return _cached("program.json")


def compiled_loader_path() -> Path:
    """Return the path of the compiled loader in cairo-lang's JSON format."""
    _plain()
    return _cached("loader.json")


def pinned() -> dict[str, Any]:
    """Return the content of program_hash.json."""
    return dict(json.loads(_PIN.read_text()))


def pin_values() -> dict[str, Any]:
    """Return what program_hash.json must contain."""
    return {
        "program_hash": hex(program_hash()),
        "bytecode_felts": len(bytecode()),
        "core_felts": n_core_words(),
        "loader_hash": hex(loader_hash()),
        "loader_felts": len(loader_bytecode()),
        "cairo_lang": version("cairo-lang"),
    }


def hint_texts() -> list[str]:
    """Return the distinct hint texts, each of which has a function in circuits/vm/src/hints."""
    codes = (_plain(), _plain()["loader"])
    return sorted({h["text"] for code in codes for hints in code["hints"].values() for h in hints})


def _cached(name: str) -> Path:
    return _CACHE / source_hash() / name


@functools.cache
def _plain() -> dict[str, Any]:
    path = _cached("code.json")
    if not path.exists():
        _compile(path)
    return dict(json.loads(path.read_text()))


def _compile(path: Path) -> None:
    # cairo-lang takes seconds to import: only when there is something to compile.
    from circuits import compiler  # noqa: PLC0415

    batch = compiler.compile_parts(_SOURCES / "main.cairo", _ROOT)
    loader = compiler.compile_loader(_SOURCES / "loader.cairo", _ROOT, batch)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path.with_name("program.json"), compiler.program_json(batch.program))
    _write(path.with_name("loader.json"), compiler.program_json(loader))
    _write(path, json.dumps(compiler.loaded_code(batch, loader, _ROOT)))


def _write(path: Path, text: str) -> None:
    """Replace a file at once: several processes may compile at the same time."""
    temporary = path.with_suffix(f".{hash(text)}.tmp")
    temporary.write_text(text)
    temporary.replace(path)


def main() -> int:
    """Print what the program is, pin it, or check the pin; return the exit status."""
    values = pin_values()
    if "--check" in sys.argv[1:]:
        if _PIN.exists() and pinned() == values:
            return 0
        sys.stderr.write(f"{_PIN.name} is stale: run `python -m circuits.program --pin`\n")
        return 1
    if "--pin" in sys.argv[1:]:
        _PIN.write_text(json.dumps(values, indent=2) + "\n")
    out = sys.stdout
    out.write(json.dumps(values, indent=2) + "\n")
    for text in hint_texts():
        out.write(f"---- hint\n{text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
