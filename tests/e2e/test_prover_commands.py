"""Proofs by command: the table of their costs, limits, interruption, full disks, many at once."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devnet.bench.batch_proof import cells_per_step
from devnet.errors import UserError
from devnet.output_file import check_output, write_output
from devnet.phase_table import PhaseRow, total_row
from devnet.remaining_time import Forecast, remaining_text
from prover import _native
from prover.files import write_atomically
from prover.limits import parse_size, parse_threads
from tests.e2e.small_run import stark_prove_arguments, write_small_run
from tests.e2e.test_cli import STONE_PROOF, Cli, needs_vectors
from tests.support.signals import disposed

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 120
# As long as the longest part of a phase that does not look up, on a busy machine.
STOP_TIMEOUT_S = 60
# Becomes Python with small files. With `preexec_fn` threads of gRPC, if other tests
# started any, would write to the child's error output.
ON_A_FULL_DISK = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.setenv("COLUMNS", "200")
    return Cli(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_small_run(folder)
    return folder


@pytest.fixture(scope="module")
def proof(run: Path) -> Path:
    """Prove on three threads and without a budget."""
    out = run / "proof.json"
    files = [run / name for name in ("public_input.json", "private_input.json", "params.json")]
    phases = _native.stark_prove(*files, out, threads=3)
    assert [phase.name for phase in phases][:2] == ["trace", "trace commitment"]
    for phase in phases:
        assert phase.seconds >= 0
        assert phase.peak_mb > 0
        assert phase.floor_seconds * 1e9 == pytest.approx(
            phase.field_muls * _native.primitives()["field_mul_ns"]
            + phase.hashes * _native.primitives()["keccak_ns"]
        )
    commitment = phases[1]
    assert min(commitment.field_muls, commitment.hashes, commitment.bytes) > 2**20
    return out


def test_stark_prove_when_limited_then_same_proof_and_a_table(
    cli: Cli, run: Path, proof: Path, tmp_path: Path
) -> None:
    out = tmp_path / "proof.json"
    refused = cli(*stark_prove_arguments(run, out), "--memory-budget", "100M")
    needed = re.search(r"needs a memory budget of (\d+) MiB", refused.err)
    assert needed, refused.err
    # What the process holds before the proof may grow a little between two attempts.
    budget = f"{needed[1]}M"
    result = cli(*stark_prove_arguments(run, out), "--memory-budget", budget, "--threads", "1")
    assert result.status == 0, result.err
    assert out.read_bytes() == proof.read_bytes()
    for text in ("phase", "wall s", "CPU s", "floor s", "floor/CPU", "GB moved", "peak MB"):
        assert text in result.out
    assert re.search(r"trace commitment .* \d+ % ", result.out)
    assert re.search(r"proof .* \d+ % ", result.out)


def interruptible(command: list[str], **streams: int) -> subprocess.Popen[str]:
    with disposed(signal.SIG_DFL):
        return subprocess.Popen(command, cwd=ROOT, text=True, **streams)


def test_stark_prove_with_each_kernel_then_same_proof_and_without_one_refused(
    run: Path, proof: Path, tmp_path: Path
) -> None:
    available = _native.available_kernels()
    assert available[-1] == "scalar"
    for kernel in (*available, "none"):
        out = tmp_path / f"{kernel}.json"
        result = subprocess.run(
            [sys.executable, "-m", "devnet.cli", *stark_prove_arguments(run, out)],
            cwd=ROOT,
            env=os.environ | {"NOVATION_KERNEL": kernel},
            capture_output=True,
            text=True,
            check=False,
        )
        if kernel in available:
            assert result.returncode == 0, result.stderr
            assert out.read_bytes() == proof.read_bytes()
        else:
            assert result.returncode == 2, result.stderr
            assert 'NOVATION_KERNEL is "none"' in result.stderr
            assert ", ".join(available) in result.stderr
            assert "Traceback" not in result.stderr
            assert not out.exists()


def wait_for_prover(process: subprocess.Popen[str]) -> None:
    """Wait until the process has the thread that proves."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        names = Path(f"/proc/{process.pid}/task").glob("*/comm")
        if "prover" in {name.read_text().strip() for name in names}:
            return
        time.sleep(0.02)
    pytest.fail(f"no proof began: {process.communicate()}")


def test_stark_prove_when_interrupted_then_status_130_and_no_file(
    run: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "devnet.cli"]
    command += stark_prove_arguments(run, tmp_path / "proof.json")
    with interruptible(command, stderr=subprocess.PIPE) as process:
        wait_for_prover(process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=STOP_TIMEOUT_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import sys
from prover import _native
try:
    _native.stark_prove(*sys.argv[1:], lambda phase, share: print(phase, share, flush=True))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("phase", ["trace commitment", "composition evaluation", "grinding"])
def test_proof_when_interrupted_within_a_phase_then_keyboard_interrupt_and_no_file(
    run: Path, tmp_path: Path, phase: str
) -> None:
    files = [str(run / f"{name}.json") for name in ("public_input", "private_input", "params")]
    command = [sys.executable, "-c", SCRIPT, *files, str(tmp_path / "proof.json")]
    with interruptible(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(phase):
                break
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=STOP_TIMEOUT_S)
    assert rest.splitlines()[-1] == "interrupted"
    assert not any(line.startswith("done") for line in rest.splitlines())
    assert list(tmp_path.iterdir()) == []


def test_stark_prove_when_the_disk_is_full_then_status_2_and_no_part_of_the_file(
    run: Path, tmp_path: Path
) -> None:
    arguments = stark_prove_arguments(run, tmp_path / "proof.json")
    result = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, "-m", "devnet.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, "File too large" in result.stderr) == (2, True)
    assert len(result.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_write_when_the_disk_is_full_then_error_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(b"old")
    script = (
        "import resource, sys; from pathlib import Path; from devnet.output_file import *\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_output(Path(sys.argv[1]), bytes(2000))\n"
        "except UserError as error: print(error)\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == f"{path}: File too large\n"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_when_the_place_is_a_device_then_written_to_not_replaced() -> None:
    write_atomically(Path("/dev/null"), b"proof")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(UserError, match="/dev/full: No space left"):
        write_output(Path("/dev/full"), b"proof")
    assert Path("/dev/full").is_char_device()


def test_write_when_the_place_is_a_link_then_it_stays_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "a" / "proof.json")
    write_atomically(link, b"1")
    write_atomically(link, b"2")
    assert link.is_symlink()
    assert (tmp_path / "a" / "proof.json").read_bytes() == b"2"


def test_output_when_it_cannot_be_written_then_refused_before_the_work(tmp_path: Path) -> None:
    check_output("--out", tmp_path / "proof.json")
    with pytest.raises(UserError, match="--out: there is no folder"):
        check_output("--out", tmp_path / "absent" / "proof.json")
    with pytest.raises(UserError, match=r"--out: .* is a folder"):
        check_output("--out", tmp_path)


@needs_vectors
def test_verify_many_when_mixed_then_each_has_its_own_outcome(tmp_path: Path) -> None:
    text = STONE_PROOF.read_bytes()
    altered = bytearray(text)
    position = text.index(b'"proof_hex"') + 5000
    altered[position] = ord("1") if altered[position] != ord("1") else ord("2")
    absent = tmp_path / "absent.json"
    outcomes = _native.stark_verify_many([text, bytes(altered), b"{", absent, STONE_PROOF])
    assert outcomes[0] == outcomes[4] == _native.stark_verify(STONE_PROOF)
    assert isinstance(outcomes[1], _native.ProofRejected)
    assert isinstance(outcomes[2], _native.ProofUnreadable)
    assert isinstance(outcomes[3], OSError)
    assert str(absent) in str(outcomes[3])
    weak = _native.stark_verify_many([text], min_security_bits=96)[0]
    assert isinstance(weak, _native.ProofRejected)
    assert _native.stark_verify_many([]) == []


def test_verify_when_given_several_files_then_a_line_each_and_the_worst_status(
    cli: Cli, proof: Path, tmp_path: Path
) -> None:
    # A proof of something else than the batch program holds, but proves no batch.
    foreign, broken = tmp_path / "foreign.json", tmp_path / "broken.json"
    shutil.copy(proof, foreign)
    broken.write_text("{")
    for options in ((), ("--python",)):
        result = cli("verify", str(foreign), str(foreign), *options)
        assert result.status == 1, result.err
        lines = result.err.strip().splitlines()
        assert len(lines) == 2
        assert all(f"{foreign}: rejected" in line for line in lines)
    accepted = cli("stark", "verify", str(foreign), str(proof))
    assert accepted.status == 0
    lines = accepted.out.strip().splitlines()
    assert [line.split(": accepted: ")[0] for line in lines] == [str(foreign), str(proof)]
    mixed = cli("stark", "verify", str(proof), str(broken))
    assert (mixed.status, f"{proof}: accepted" in mixed.out) == (3, True)
    result = cli("verify", str(broken), str(foreign), str(tmp_path / "absent"))
    assert result.status == 3
    assert [
        f"{path}: " in line
        for path, line in zip(
            (broken, foreign, tmp_path / "absent"), result.err.strip().splitlines(), strict=True
        )
    ] == [True] * 3


def test_parse_size_when_well_formed_then_bytes() -> None:
    assert parse_size("900M") == parse_size("900MiB") == parse_size(" 900MB ") == 900 * 2**20
    assert parse_size("1.5G") == 3 * 2**29
    assert parse_size("2048K") == 2**21
    assert parse_threads("7") == 7


@pytest.mark.parametrize(
    "text", ["", "G", "12", "-1G", "1 000M", "1T", "0G", "nanG", "9" * 400 + "G", "9" * 12 + "G"]
)
def test_parse_size_when_malformed_then_value_error_names_it(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text)[:20])):
        parse_size(text)


def test_forecast_when_work_is_even_then_constant_and_short_work_has_none() -> None:
    now = 0.0
    forecast = Forecast(lambda: now)
    ends = []
    for tenth in range(1, 11):
        now = 4.0 * tenth
        ends.append(forecast.ends_at(tenth / 10))
    assert ends == pytest.approx([40.0] * 10)
    now = 0.0
    quick = Forecast(lambda: now)
    now = 0.5
    assert quick.ends_at(0.01) is None
    assert quick.ends_at(0.5) is None


def test_forecast_when_a_phase_takes_longer_then_it_follows_without_a_jump() -> None:
    now = 0.0
    forecast = Forecast(lambda: now)
    now = 10.0
    assert forecast.ends_at(0.5) == pytest.approx(20.0)
    now = 11.0
    later = forecast.ends_at(0.5)
    assert later is not None
    assert 20.0 < later < 22.0
    now = 60.0
    assert forecast.ends_at(0.5) == pytest.approx(120.0)


def test_remaining_text_when_rounded_then_never_below_the_truth() -> None:
    assert remaining_text(0.2) == "1 s left"
    assert remaining_text(-1.0) == "0 s left"
    assert remaining_text(119.5) == "2 min 00 s left"
    assert remaining_text(185.0) == "3 min 05 s left"


def test_total_row_when_rows_differ_then_sums_and_the_highest_peak() -> None:
    rows = [PhaseRow("a", 1.0, 2.0, 30.0, 0.5, 10**9), PhaseRow("b", 2.0, 0.0, 20.0)]
    assert total_row("sum", rows) == PhaseRow("sum", 3.0, 2.0, 30.0, 0.5, 10**9)
    assert rows[1].cells() == ("b", "2.00", "0.00", "", "", "", "20")
    assert PhaseRow("c", 1.0, 0.0, 1.0, 0.5, 0).cells()[4] == "-"


def test_limits_when_the_worker_is_asked_for_help_then_documented() -> None:
    command = [sys.executable, "-m", "prover.worker"]
    shown = subprocess.run(
        [*command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--memory-budget SIZE" in shown.stdout
    refused = subprocess.run(
        [*command, "--queue", os.devnull, "--memory-budget", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, "'3' is not a size" in refused.stderr) == (2, True)


def test_prove_run_when_parameters_are_too_weak_then_refused(run: Path, tmp_path: Path) -> None:
    parameters = json.loads((run / "params.json").read_text())
    parameters["stark"]["fri"]["n_queries"] = 30
    weak = tmp_path / "params.json"
    weak.write_text(json.dumps(parameters))
    files = [run / "public_input.json", run / "private_input.json", weak, tmp_path / "proof.json"]
    with pytest.raises(ValueError, match=r"give 84\.400 bits of conjectured security, 96 are"):
        _native.stark_prove(*files, min_security_bits=96)
    for threads in (0, 1025):
        with pytest.raises(ValueError, match=f"threads is {threads}, allowed are 1 to 1024"):
            _native.stark_prove(*files, threads=threads)


def test_cells_per_step_when_read_from_a_statement_then_columns_times_rows(run: Path) -> None:
    public_input = json.loads((run / "public_input.json").read_text())
    assert cells_per_step(public_input) == 7 * 16
    public_input["dynamic_params"]["cpu_component_step"] = 2
    assert cells_per_step(public_input) == 7 * 32
