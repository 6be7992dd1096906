"""A market maker that sends all quotes of a market in one message, the old ones dying with it."""

from typing import ClassVar, Final

from typing_extensions import override

from novation.protocol.errors import ErrorCode
from novation.protocol.transactions import Quote, QuoteTerms
from simulation.agents.maker import Maker
from simulation.desk import MAX_FEE_PPM

_LIVES_MS: Final = 120_000
_SLIDES_CHANCE: Final = 0.7
# Of one quote's lots, what may be filled before all the others die; 0 is no guard.
_GUARDS_PERCENT: Final = (0, 50, 100, 250)


class Quoter(Maker):
    """Quotes as a maker does, with a guard of its own choice."""

    kind: ClassVar[str] = "quoter"
    expects: ClassVar[frozenset[ErrorCode]] = Maker.expects - {ErrorCode.UNKNOWN_ORDER}

    @override
    def _leave(self, market_id: int, *, in_a_hurry: bool) -> None:
        """Cancel what rests only where no new quotes can take its place."""
        if not self.view.has_valid_prices:
            self.desk.cancel_all(market_id)

    @override
    def _quote(self, market_id: int, index_ticks: int) -> None:
        lots = self._quote_lots(market_id)
        if lots == 0:
            return
        quotes = tuple(
            Quote(side, price_ticks, lots)
            for side, _, price_ticks in self._ladder(market_id, index_ticks)
        )
        terms = QuoteTerms(
            self.view.now_ms + _LIVES_MS,
            MAX_FEE_PPM,
            cancels_first=True,
            slides=self.happens(_SLIDES_CHANCE),
            guard_lots=lots * self.rng.choice(_GUARDS_PERCENT) // 100,
        )
        self.desk.mass_quote(market_id, terms, quotes)
        self._quoted[market_id] = index_ticks, self.view.now_ms
