"""Child processes that never outlive the command that started them."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from devnet import launcher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

TERMINATION_TIMEOUT_S = 10.0
LOG_TAIL_LINES = 15


class ManagedProcess:
    """A child in its own session: Ctrl-C reaches only us, and we stop the children in order.

    It is stopped by `stop`, by leaving the `with` block, at interpreter exit, and by the kernel if
    we are killed. Start it from the main thread: the kernel's signal follows the starting thread.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log_path: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `command`, appending what it prints to `log_path`."""
        self.name = name
        self.log_path = log_path
        log_path.parent.mkdir(parents=True, exist_ok=True)
        isolated = [sys.executable, "-I", "-S", str(Path(launcher.__file__).resolve())]
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (a list, never a shell)
                [*isolated, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its session and group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._process.poll()

    def stop(self, timeout_s: float = TERMINATION_TIMEOUT_S) -> None:
        """Ask the whole group to end, then insist; harmless when it is gone already."""
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout_s)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def kill(self) -> None:
        """End it without warning, as a crash would."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def log_tail(self) -> str:
        """Return the last lines that it printed."""
        lines = self.log_path.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def _signal(self, number: signal.Signals) -> None:
        # The group exists once the launcher has called setsid; until then, signal the process.
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            if self._process.poll() is None:
                self._process.send_signal(number)

    def __enter__(self) -> Self:
        """Return the running process."""
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it whatever happened."""
        self.stop()
