"""Which assets the contract takes, for whoever asks: names and decimals, nothing that is proven.

The state knows assets by their ids only, and takes deposits of all that L1 takes. So this list may
be behind; it is read again and again, and while L1 does not answer it stays as it was.
"""

from typing import Final

from novation.protocol.constants import USD_ASSET_ID
from sequencer.clock import Clock
from sequencer.l1 import L1, L1Asset, L1UnavailableError

POLL_MS: Final = 2_000
USD: Final = L1Asset(USD_ASSET_ID, symbol="USD", decimals=6, token=0, min_deposit_quanta=0)


class AssetList:
    """The assets as of the last answer."""

    def __init__(self, l1: L1, clock: Clock) -> None:
        """Know USD only; nothing is asked yet."""
        self._l1 = l1
        self._clock = clock
        self.known: tuple[L1Asset, ...] = (USD,)

    async def run(self) -> None:
        """Never returns; cancel it to stop."""
        while True:
            await self.step()
            await self._clock.sleep_ms(POLL_MS)

    async def step(self) -> None:
        """Look once."""
        try:
            self.known = await self._l1.read_assets()
        except L1UnavailableError:
            # The watcher of the queue tells so.
            return
