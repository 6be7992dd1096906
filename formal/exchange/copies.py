"""Copies of contract sources that can be changed and compiled apart from the project."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_CONTRACTS: Final = _ROOT / "l1_contracts"
_WORK: Final = _ROOT / "build" / "formal" / "contracts"

# Where `make` installs the checkers.
TOOLS: Final = _ROOT / "build" / "formal" / "tools" / "bin"
# The exchange without the verifier, which its properties take as broken.
EXCHANGE_PARTS: Final = ("src/Exchange.sol", "src/interfaces", "src/libraries", "src/types")


def copy_sources(name: str, parts: tuple[str, ...]) -> Path:
    """Return a fresh project with some sources."""
    work = _WORK / name
    shutil.rmtree(work, ignore_errors=True)
    for part in parts:
        source, target = _CONTRACTS / part, work / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    shutil.copy(_CONTRACTS / "foundry.toml", work)
    (work / "node_modules").symlink_to(_ROOT / "node_modules")
    return work


def replace_once(path: Path, old: str, new: str) -> None:
    """Replace a text; ValueError unless there is exactly one."""
    text = path.read_text()
    if text.count(old) != 1:
        raise ValueError(f"{path.name} has {text.count(old)} places like {old!r}, not one")
    path.write_text(text.replace(old, new))


def build(work: Path, flag: str) -> dict[str, str]:
    """Compile a project; return the environment in which the compiler is found."""
    path = f"{_ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    command = ["forge", "build", flag, "--quiet"]
    subprocess.run(command, cwd=work, env=environment, check=True)  # noqa: S603
    return environment
