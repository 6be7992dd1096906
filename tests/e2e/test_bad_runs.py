"""Runs, parameters and budgets that cannot be proven: one line, the promised status, no file."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prover import _native
from tests.e2e.small_run import stark_prove_arguments, write_small_run
from tests.e2e.test_cli import Cli

SEED = 20_261_121
STEP_BYTES, CELL_BYTES = 24, 40
UNUSABLE, UNPROVABLE = 2, 1
Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_small_run(folder)
    return folder


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(tmp_path / "home", monkeypatch, capsys)


def binary(name: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def trace(change: Callable[[bytes], bytes]) -> Change:
    return binary("trace.bin", change)


def memory(change: Callable[[bytes], bytes]) -> Change:
    return binary("memory.bin", change)


def fields(name: str, **values: Any) -> Change:
    """Set values in a JSON file; the name `a__b` is the member `b` of the member `a`."""

    def change(folder: Path) -> None:
        document = json.loads((folder / name).read_text())
        for path, value in values.items():
            *parents, last = path.split("__")
            place = document
            for parent in parents:
                place = place[parent]
            place[last] = value
        (folder / name).write_text(json.dumps(document))

    return change


def cell(address: int, value: int) -> bytes:
    return address.to_bytes(8, "little") + value.to_bytes(32, "little")


def without_cell(address: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        cells = [content[i : i + CELL_BYTES] for i in range(0, len(content), CELL_BYTES)]
        kept = [c for c in cells if int.from_bytes(c[:8], "little") != address]
        assert len(kept) == len(cells) - 1
        return b"".join(kept)

    return change


def set_cell(address: int, value: int) -> Callable[[bytes], bytes]:
    return lambda content: without_cell(address)(content) + cell(address, value)


RANGE_CHECK = {"index": 0, "value": "0x5"}
POSEIDON = {"index": 0, "input_s0": "0x1", "input_s1": "0x2", "input_s2": "0x3"}
SIGNATURE = {
    "index": 0,
    "pubkey": "0x1",
    "msg": "0x2",
    "signature_input": {"r": "0x3", "w": "0x4"},
}
CASES: dict[str, tuple[Change, int, str]] = {
    "trace cut within a step": (
        trace(lambda content: content[:-5]),
        UNUSABLE,
        "trace.bin: 1572859 bytes are not a sequence of records of 24 bytes",
    ),
    "half of the trace": (
        trace(lambda content: content[: len(content) // 2]),
        UNPROVABLE,
        "32768 steps, expected 65536",
    ),
    "empty trace": (trace(lambda _: b""), UNPROVABLE, "0 steps, expected 65536"),
    "random trace": (
        trace(lambda content: random.Random(SEED).randbytes(len(content))),
        UNPROVABLE,
        "before step 0, expected",
    ),
    "register in the middle": (
        trace(lambda content: content[: 9 * STEP_BYTES] + b"\7" + content[9 * STEP_BYTES + 1 :]),
        UNPROVABLE,
        "ap is 7 before step 9, expected",
    ),
    "trace is absent": (
        lambda folder: (folder / "trace.bin").unlink(),
        UNUSABLE,
        "trace.bin: No such file",
    ),
    "memory cut within a cell": (
        memory(lambda content: content[:-1]),
        UNUSABLE,
        "not a sequence of records of 40 bytes",
    ),
    "random memory": (
        memory(lambda content: random.Random(SEED).randbytes(len(content))),
        UNUSABLE,
        "memory.bin: the value at address",
    ),
    "empty memory": (memory(lambda _: b""), UNPROVABLE, "reads address 1, which has no value"),
    "cell missing": (memory(without_cell(8)), UNPROVABLE, "reads address 8, which has no value"),
    "cell with two values": (
        memory(lambda content: content + cell(8, 8)),
        UNUSABLE,
        "memory.bin: address 8 has two values",
    ),
    "public cell with another value": (
        memory(set_cell(47, 8)),
        UNPROVABLE,
        "the instruction at 9 asserts 0x7 = 0x8",
    ),
    "address out of range": (
        memory(lambda content: content + cell(2**40, 1)),
        UNUSABLE,
        "memory.bin: address 1099511627776 exceeds",
    ),
    "value not below the prime": (
        memory(lambda content: content + cell(9, 2**255)),
        UNUSABLE,
        "memory.bin: the value at address 9 is not a field element",
    ),
    "no instruction": (memory(set_cell(7, 2**64)), UNPROVABLE, "is not an instruction"),
    "range check out of range": (
        fields("private_input.json", range_check=[RANGE_CHECK | {"value": hex(2**128)}]),
        UNUSABLE,
        "range_check instance 0 is 0x100000000000000000000000000000000, allowed is less than 2^128",
    ),
    "range check of another value": (
        fields("private_input.json", range_check=[RANGE_CHECK | {"value": "0x6"}]),
        UNPROVABLE,
        "has the values",
    ),
    "range check without an instance": (
        fields("private_input.json", range_check=[RANGE_CHECK | {"index": 2**40}]),
        UNPROVABLE,
        "range_check instance 1099511627776 given, the trace has 8192",
    ),
    "poseidon without an instance": (
        fields("private_input.json", poseidon=[POSEIDON | {"index": 4096}]),
        UNPROVABLE,
        "poseidon instance 4096 given, the trace has 4096",
    ),
    "poseidon input is no number": (
        fields("private_input.json", poseidon=[POSEIDON | {"input_s1": None}]),
        UNUSABLE,
        "private_input.json: poseidon[0].input_s1 is null, expected a string",
    ),
    "signature does not hold": (
        fields("private_input.json", ecdsa=[SIGNATURE]),
        UNPROVABLE,
        "ecdsa instance 0",
    ),
    "trace is not named": (
        fields("private_input.json", trace_path=None),
        UNUSABLE,
        "private_input.json: trace_path is null, expected a string",
    ),
    "private input is not JSON": (
        lambda folder: (folder / "private_input.json").write_text("{"),
        UNUSABLE,
        "private_input.json: not JSON: EOF",
    ),
    "steps are no power of two": (
        fields("public_input.json", n_steps=65_535),
        UNUSABLE,
        "public_input.json: n_steps is 65535, a power of two is expected",
    ),
    "public memory is empty": (
        fields("public_input.json", public_memory=[]),
        UNUSABLE,
        "public_input.json: public_memory has 0 cells",
    ),
    "layout is another": (
        fields("public_input.json", layout="small"),
        UNUSABLE,
        'unsupported: {public_input}: layout "small" is not supported, only "dynamic"',
    ),
    "parameters are of another trace length": (
        fields("params.json", stark__fri__fri_step_list=[0, 3, 3, 3]),
        UNUSABLE,
        "FRI steps and last layer give degree 2^15, the trace has length 2^20",
    ),
    "queries are too few": (
        fields("params.json", stark__fri__n_queries=35),
        UNUSABLE,
        "the parameters give 94.300 bits of conjectured security, 96 are required",
    ),
    "no queries": (
        fields("params.json", stark__fri__n_queries=0),
        UNUSABLE,
        "params.json: n_queries is 0, allowed are 1 to 256",
    ),
    "misspelt parameter": (
        fields("params.json", pow_hsah="keccak256"),
        UNUSABLE,
        'params.json: has the unknown key "pow_hsah"',
    ),
    "misspelt builtin": (
        fields("private_input.json", posiedon=[POSEIDON]),
        UNUSABLE,
        'private_input.json: has the unknown key "posiedon"',
    ),
    "instance given twice": (
        fields("private_input.json", poseidon=[POSEIDON, POSEIDON]),
        UNUSABLE,
        "private_input.json: poseidon has index 0 twice",
    ),
    "instances are no list": (
        fields("private_input.json", range_check=5),
        UNUSABLE,
        "unreadable: {private_input}: range_check is 5, expected a list",
    ),
    "key given twice": (
        lambda folder: (folder / "params.json").write_text('{"field": "x", "field": "y"}'),
        UNUSABLE,
        'key "field" appears twice',
    ),
    "public input is another file": (
        lambda folder: shutil.copy(folder / "params.json", folder / "public_input.json"),
        UNUSABLE,
        "memory_segments is missing, this is proof parameters",
    ),
    "hash is unknown": (
        fields("params.json", channel_hash="md5"),
        UNUSABLE,
        'unsupported: {params}: combination of hashes (channel_hash "md5"',
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_stark_prove_when_something_is_wrong_then_one_line_and_no_file(
    cli: Cli, run: Path, tmp_path: Path, name: str
) -> None:
    change, status, message = CASES[name]
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    change(folder)
    before = sorted(os.listdir(folder))  # noqa: PTH208
    result = cli(*stark_prove_arguments(folder, folder / "proof.json"), "--min-security-bits", "96")
    assert (result.status, result.out) == (status, "")
    names = {name: folder / f"{name}.json" for name in ("params", "public_input", "private_input")}
    for key, path in names.items():
        message = message.replace(f"{{{key}}}", str(path))
    assert message in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert sorted(os.listdir(folder)) == before  # noqa: PTH208


def test_stark_prove_when_the_budget_is_too_small_then_names_one_that_does(
    cli: Cli, run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "proof.json"
    result = cli(*stark_prove_arguments(run, out), "--memory-budget", "100M")
    assert (result.status, out.exists()) == (UNUSABLE, False)
    assert "needs a memory budget of" in result.err
    assert "the budget is 100 MiB" in result.err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--memory-budget", "12"),
        ("--memory-budget", "-1G"),
        ("--memory-budget", "1T"),
        ("--memory-budget", "0M"),
        ("--memory-budget", "1e9G"),
        ("--threads", "0"),
        ("--threads", "1025"),
        ("--threads", "two"),
    ],
)
def test_stark_prove_when_a_limit_is_malformed_then_names_the_value(
    cli: Cli, run: Path, tmp_path: Path, option: str, value: str
) -> None:
    out = tmp_path / "proof.json"
    for command in (stark_prove_arguments(run, out), ["prove", "x.json", "--out", str(out)]):
        result = cli(*command, option, value)
        assert (result.status, out.exists()) == (UNUSABLE, False)
        assert f"'{option}'" in result.err
        assert f"'{value}'" in result.err


@pytest.mark.parametrize("out", ["absent/proof.json", "."])
def test_stark_prove_when_the_place_is_unusable_then_refused_at_once(
    cli: Cli, run: Path, tmp_path: Path, out: str
) -> None:
    result = cli(*stark_prove_arguments(run, tmp_path / out))
    assert (result.status, "--out" in result.err) == (UNUSABLE, True)
    assert list(tmp_path.iterdir()) == []


class StoppedError(Exception):
    """The run was good enough to be committed to."""


def stop_at_commitment(phase: str, _share: float) -> None:
    if phase == "trace commitment":
        raise StoppedError


@pytest.mark.parametrize("name", ["trace.bin", "memory.bin"])
def test_stark_prove_when_bytes_are_random_then_typed_error_or_untouched_by_the_run(
    run: Path, tmp_path: Path, name: str
) -> None:
    rng = random.Random(f"{SEED} {name}")
    folder, out = tmp_path / "run", tmp_path / "proof.json"
    shutil.copytree(run, folder)
    original = (run / name).read_bytes()
    files = [folder / f for f in ("public_input.json", "private_input.json", "params.json")]
    for attempt in range(40):
        content = bytearray(original)
        for _ in range(rng.choice((1, 1, 4, 100))):
            content[rng.randrange(len(content))] = rng.randrange(256)
        del content[rng.choice((len(content), rng.randrange(len(content)))) :]
        (folder / name).write_bytes(content)
        expected = (ValueError, _native.ProvingFailed, StoppedError)
        with pytest.raises(expected) as raised:
            _native.stark_prove(*files, out, stop_at_commitment)
        # The whole trace is looked at; of the memory some cells are read by no step.
        if raised.type is StoppedError and name == "trace.bin":
            assert bytes(content) == original, (SEED, attempt)
        assert not out.exists()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of everything that is neither an object nor a list."""
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [leaf for i, item in enumerate(value) for leaf in leaves(item, (*path, i))]
    return [path]


def other_value(rng: random.Random, old: Any) -> Any:
    if isinstance(old, int):
        limits = (0, 1, 2**16, 2**32, 2**63, 2**64 - 1, -1)
        return rng.choice((*limits, old + 1, old - 1, old * 2, old // 2, rng.randrange(300)))
    if isinstance(old, str) and old.startswith("0x"):
        return hex(rng.choice((0, int(old, 16) + 1, 2**64, 2**128, 2**251, 2**256)))
    return rng.choice((None, True, "x", [], {}, 1.5))


@pytest.mark.parametrize("name", ["public_input.json", "private_input.json", "params.json"])
def test_stark_prove_when_any_value_is_replaced_then_typed_error_or_a_trace(
    run: Path, tmp_path: Path, name: str
) -> None:
    rng = random.Random(f"{SEED} {name}")
    original = json.loads((run / name).read_text())
    paths = leaves(original)
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    files = [folder / f for f in ("public_input.json", "private_input.json", "params.json")]
    for attempt in range(50):
        path = rng.choice(paths)
        document = json.loads((run / name).read_text())
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = other_value(rng, place[path[-1]])
        (folder / name).write_text(json.dumps(document))
        expected = (OSError, ValueError, _native.ProvingFailed, StoppedError)
        with pytest.raises(expected) as raised:
            _native.stark_prove(*files, tmp_path / "proof.json", stop_at_commitment)
        # That is how a panic would look.
        assert "fault of the prover" not in str(raised.value), (SEED, attempt, path)
