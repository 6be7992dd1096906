"""L1's owner: closes a market in one of its ways now and then, and opens it again."""

import random
from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.constants import MODE_HALTED, MODE_POST_ONLY, MODE_REDUCE_ONLY
from novation.protocol.errors import ErrorCode
from simulation.agents.agent import Agent
from simulation.desk import Desk

_LASTS_MS: Final = 20_000
_PAUSE_MS: Final = 60_000
_MODES: Final = (MODE_POST_ONLY, MODE_REDUCE_ONLY, MODE_POST_ONLY | MODE_REDUCE_ONLY, MODE_HALTED)


class Governor(Agent):
    """Changes the modes of one market at a time, by operations of L1's queue."""

    kind: ClassVar[str] = "governor"
    expects: ClassVar[frozenset[ErrorCode]] = frozenset()

    def __init__(self, desk: Desk, rng: random.Random) -> None:
        """All markets are open."""
        super().__init__(desk, rng)
        self._closed_id: int | None = None
        self._changed_ms = self.view.now_ms

    @override
    def act(self) -> None:
        """Open what is closed, or close another market, if it is time."""
        waits_ms = _PAUSE_MS if self._closed_id is None else _LASTS_MS
        if self.view.now_ms < self._changed_ms + waits_ms:
            return
        self._changed_ms = self.view.now_ms
        if self._closed_id is not None:
            self.desk.set_modes(self._closed_id, 0)
            self._closed_id = None
            return
        self._closed_id = self.rng.randrange(self.view.n_markets)
        self.desk.set_modes(self._closed_id, self.rng.choice(_MODES))
