"""What a command imports: a slow library only where the command needs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devnet.cli import COMMANDS
from tests.e2e.test_cli import leaf_commands

HEAVY = {"web3", "starkware", "eth_account", "aiohttp", "py_ecc", "ckzg", "requests"}

# Runs command lines in one fresh process and prints the packages that it has loaded.
RUN = """
import contextlib, io, json, sys
from devnet.cli import main
for line in json.loads(sys.argv[1]):
    sys.argv = ["novation", *line]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main()
    except SystemExit:
        pass
    assert "Traceback" not in said.getvalue(), said.getvalue()
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(home: Path, *lines: list[str]) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(lines)],
        check=False,
        capture_output=True,
        text=True,
        env={"NOVATION_HOME": str(home), "PATH": "/usr/bin:/bin"},
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


def packages(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def test_help_when_asked_for_then_no_command_is_imported(tmp_path: Path) -> None:
    modules = modules_after(tmp_path, ["--help"], ["no-such-command"])
    assert {source.module for source in COMMANDS.values()}.isdisjoint(modules)
    light = {"grpc", "google", "novation", "sequencer", "circuits", "prover"}
    assert (HEAVY | light).isdisjoint(packages(modules))


def test_help_of_every_command_when_asked_for_then_nothing_heavy_is_imported(
    tmp_path: Path,
) -> None:
    modules = modules_after(tmp_path, *([*command, "--help"] for command in leaf_commands()))
    assert HEAVY.isdisjoint(packages(modules))


@pytest.mark.parametrize(
    "lines",
    [
        [["keys", "new", "alice"], ["keys", "list"], ["keys", "show", "alice"]],
        [["status"], ["book", "BTC-USD"], ["account", "2"], ["orders", "2"], ["batch", "list"]],
        [
            ["keys", "new", "alice"],
            ["order", "BTC-USD", "buy", "1", "1", "-k", "alice"],
            ["cancel", "1", "-k", "alice"],
        ],
        [["prove", "absent.json", "--out", "proof.json"]],
        [["verify", "absent.json"], ["verify", "absent.json", "--python"]],
        [["stark", "verify", "absent.json"]],
    ],
    ids=lambda lines: lines[0][0],
)
def test_command_when_run_then_nothing_heavy_is_imported(
    tmp_path: Path, lines: list[list[str]]
) -> None:
    # The sequencer that the record names does not run: the command connects and says so.
    record = {"sequencer": "127.0.0.1:1", "l1": "http://127.0.0.1:1"}
    (tmp_path / "endpoints.json").write_text(json.dumps(record))
    assert HEAVY.isdisjoint(packages(modules_after(tmp_path, *lines)))


def test_group_when_it_lists_its_commands_then_with_their_own_words() -> None:
    for name, source in COMMANDS.items():
        loaded = source.load(name)
        text = loaded.help or ""
        assert source.short_help() == text.partition("\n")[0]
        assert source.short_help()
