"""What a node must not forget: up to when it has signed, and its place in the committee.

A node never lets two different reports for one time out. Before a report leaves, its time is on the
disk; after a restart only later times are signed.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from novation.protocol.constants import MAX_ORACLES, TICK_DECIMALS_BOUND, TIME_BOUND
from oracle.durable import write_atomically
from oracle.errors import OracleError

# Symbol and decimals of the tick, which an exchange never changes, in its order.
Listed = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """What the exchange said last: the node's place in the committee, and what it must price.

    A node that starts while the exchange is away goes on signing full minutes with it.
    """

    signer_index: int
    listed: Listed


class SignedState:
    """The file, and its content in memory."""

    def __init__(self, path: Path) -> None:
        """Read the file; a missing one has signed nothing.

        Raises:
            OracleError: if it cannot be read. Without it nobody knows what was signed.
        """
        self._path = path
        self.last_ms = 0
        self.seat: Seat | None = None
        try:
            values = json.loads(path.read_bytes())
            self.last_ms = _integer(values["last_ms"], TIME_BOUND)
            listed = tuple(
                (str(symbol), _integer(tick_decimals, TICK_DECIMALS_BOUND))
                for symbol, tick_decimals in values["listed"]
            )
            self.seat = Seat(_integer(values["signer_index"], MAX_ORACLES), listed)
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise OracleError(f"data_folder: {path} cannot be read: {error!r}") from error

    def note(self, time_ms: int, seat: Seat) -> None:
        """Take note that a report of this time may leave; durable on return."""
        assert time_ms > self.last_ms
        content = {"last_ms": time_ms, **asdict(seat)}
        write_atomically(self._path, json.dumps(content).encode("ascii"))
        self.last_ms, self.seat = time_ms, seat


def _integer(value: object, bound: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < bound:
        raise ValueError(f"{value!r} is no integer from 0 to {bound - 1}")
    return value
