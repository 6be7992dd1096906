"""Child processes end with us, whatever ends us."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devnet.anvil import CHAIN_ID, Anvil, binary_path, rpc_call
from devnet.errors import UserError
from devnet.processes import ManagedProcess
from tests.support.signals import disposed
from tests.support.waiting import PATIENCE_S, wait_until

ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import sys, time
from pathlib import Path
from devnet.processes import ManagedProcess
child = ManagedProcess("sleeper", ["sleep", "600"], Path(sys.argv[1]) / "log")
print(child.pid, flush=True)
time.sleep(600)
"""


def is_running(pid: int) -> bool:
    """Return whether the process exists and is not a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_child_when_parent_is_signalled_then_ends(tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with disposed(signal.SIG_DFL):
        started = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
        )
    with started as parent:
        assert parent.stdout is not None
        child_pid = int(parent.stdout.readline())
        assert is_running(child_pid)
        parent.send_signal(how)
        parent.wait(PATIENCE_S)
    wait_until(lambda: not is_running(child_pid))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_child_when_we_ignore_signals_then_it_does_not(tmp_path: Path) -> None:
    with disposed(signal.SIG_IGN):
        child = ManagedProcess("reader", ["cat", "/proc/self/status"], tmp_path / "log")
    wait_until(lambda: child.exit_code() is not None)
    (ignored,) = (line for line in child.log_path.read_text().splitlines() if "SigIgn" in line)
    mask = int(ignored.split()[1], 16)
    assert not any(mask & (1 << (number - 1)) for number in (signal.SIGINT, signal.SIGTERM))


def test_stop_when_child_ignores_termination_then_it_is_killed(tmp_path: Path) -> None:
    stubborn = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
    child = ManagedProcess("stubborn", stubborn, tmp_path / "log")
    wait_until(lambda: "ready" in child.log_tail())
    child.stop(timeout_s=0.2)
    assert child.exit_code() == -signal.SIGKILL


def test_anvil_when_restarted_then_keeps_its_state(tmp_path: Path) -> None:
    address = "0x" + "11" * 20
    first = Anvil(tmp_path)
    assert int(str(rpc_call(first.url, "eth_chainId", [])), 16) == CHAIN_ID
    rpc_call(first.url, "anvil_setBalance", [address, "0x2a"])
    first.stop()
    second = Anvil(tmp_path)
    try:
        assert rpc_call(second.url, "eth_getBalance", [address, "latest"]) == "0x2a"
    finally:
        second.stop()
    assert not is_running(second.process.pid)


def test_anvil_when_port_is_taken_then_says_so(tmp_path: Path) -> None:
    first = Anvil(tmp_path / "a")
    try:
        with pytest.raises(UserError, match="anvil port: cannot listen"):
            Anvil(tmp_path / "b", port=first.port)
    finally:
        first.stop()


def test_anvil_when_binary_is_absent_then_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="npm ci"):
        binary_path(tmp_path)


def test_launcher_when_command_is_absent_then_exit_code_says_so(tmp_path: Path) -> None:
    child = ManagedProcess("absent", [os.fspath(tmp_path / "absent")], tmp_path / "log")
    wait_until(lambda: child.exit_code() is not None)
    assert child.exit_code() == 1
    assert "FileNotFoundError" in child.log_tail()
