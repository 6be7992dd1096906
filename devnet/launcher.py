"""Become another program that the kernel ends when the program's parent dies.

Run as a script with the parent's process id and a command line. Only the standard library is used,
so that the interpreter starts in isolated mode within a few milliseconds. The parent-death signal
survives exec (prctl(2)), therefore no watching process stays behind.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for a signal at the parent's death, leave its terminal group, and exec."""
    parent_pid, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # The parent may have died before the request was made; nothing would signal us then.
    if os.getppid() != parent_pid:
        raise SystemExit(1)
    os.setsid()
    # Our parent may ignore or block signals, as a shell's background commands do; exec would pass
    # that on, and we could not ask the program to end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execvp(command[0], command)  # noqa: S606  (replacing this process is the purpose)


if __name__ == "__main__":
    main()
