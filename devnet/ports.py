"""Free ports on the loopback interface."""

import socket

from devnet.errors import UserError

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a TCP port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def require_free(name: str, port: int) -> int:
    """Return `port`.

    Raises:
        UserError: if somebody listens on it; asking first avoids talking to a stranger's server.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise UserError(
                f"{name}: cannot listen on {LOOPBACK}:{port}: {error.strerror}"
            ) from error
    return port
