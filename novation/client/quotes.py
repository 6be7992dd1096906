"""A market maker's quotes in human units."""

from collections.abc import Sequence
from dataclasses import dataclass

from novation.client import checks
from novation.client.units import Market, Number
from novation.protocol.constants import GUARD_BOUND, LABEL_BOUND, ORDER_ID_BOUND
from novation.protocol.orders import Side
from novation.protocol.transactions import Quote, QuoteCancel, QuoteTerms


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """One quote: price in USD, on the tick grid, and size in the base asset, on the lot grid."""

    side: Side
    price: Number
    size: Number


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """An order of one's own to cancel: its number, and where it rests.

    The price is the one at which it rests, in USD: `QuotesAck.prices`, `Order.price`.
    """

    side: Side
    price: Number
    order_id: int


@dataclass(frozen=True, slots=True)
class QuotesRequest:
    """Orders in one market that only rest, all placed or none.

    Attributes:
        market: symbol or id.
        quotes: at least one, and 16 with those to cancel; placed in this order.
        expiry_time_ms: Unix milliseconds after which none of them trades.
        cancels_first: all orders that the account has in the market are cancelled before.
        slides: a quote that would cross rests one tick behind the other side's best price; else
            all are refused.
        max_fee_ppm: as in `OrderRequest`.
        label: a number of one's own, which comes back with each of them; 0 for none.
        guard: when so much was filled of all that the account has in the market, in the base asset,
            the rest of it is cancelled. It holds until quotes take its place.
        cancels: orders that are cancelled before; one that is gone already stops nothing. The
            others stay without `cancels_first`.
    """

    market: str | int
    quotes: Sequence[QuoteRequest]
    expiry_time_ms: int
    cancels_first: bool = True
    slides: bool = True
    max_fee_ppm: int | None = None
    label: int = 0
    guard: Number | None = None
    cancels: Sequence[CancelRequest] = ()

    def terms(self, market: Market, max_fee_ppm: int) -> QuoteTerms:
        """Return what all of them have in common, checked."""
        guard_lots = 0 if self.guard is None else market.lots(self.guard)
        if self.guard is not None:
            checks.integer("guard", guard_lots, 1, GUARD_BOUND)
        return QuoteTerms(
            checks.time_ms("expiry_time_ms", self.expiry_time_ms),
            max_fee_ppm,
            checks.flag("cancels_first", self.cancels_first),
            checks.flag("slides", self.slides),
            checks.integer("label", self.label, 0, LABEL_BOUND),
            guard_lots,
        )

    def in_lots(self, market: Market) -> tuple[Quote, ...]:
        """Return the quotes in ticks and lots, checked."""
        return tuple(
            Quote(
                checks.choice(f"quotes[{index}].side", quote.side, Side),
                market.ticks(quote.price),
                market.lots(quote.size),
            )
            for index, quote in enumerate(checks.instances("quotes", self.quotes, QuoteRequest))
        )

    def named(self, market: Market) -> tuple[QuoteCancel, ...]:
        """Return the orders to cancel, checked."""
        return tuple(
            QuoteCancel(
                checks.choice(f"cancels[{index}].side", named.side, Side),
                market.ticks(named.price),
                checks.integer(f"cancels[{index}].order_id", named.order_id, 1, ORDER_ID_BOUND),
            )
            for index, named in enumerate(checks.instances("cancels", self.cancels, CancelRequest))
        )
