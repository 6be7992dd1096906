"""MassQuote: a market maker's orders in one market, all placed by one message.

docs/spec/protocol.md, sections 5 and 6.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from novation.crypto import hades
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    GUARD_BOUND,
    LABEL_BOUND,
    MAX_MARKETS,
    MAX_QUOTES,
    MESSAGE_MASS_QUOTE,
    ORDER_ID_BOUND,
    ORDER_SIZE_BOUND,
    PRICE_BOUND,
    QUOTE_TAG,
    RATE_BOUND,
    TIME_BOUND,
)
from novation.protocol.errors import InvalidTransaction
from novation.protocol.numeric import check_field, pack, unpack
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.signatures import (
    UNSIGNED,
    Signature,
    first_message_word,
    validate_signer,
)

_QUOTE_WIDTHS = (32, 32, 1)
QUOTE_BITS = sum(_QUOTE_WIDTHS)
_CANCEL_WIDTHS = (32, 48, 1)
CANCEL_BITS = sum(_CANCEL_WIDTHS)
# Expiry, fee limit, number of quotes, what is cancelled first, whether they slide, label, guard,
# number of named orders that are cancelled.
_WORD_1_WIDTHS = (48, 20, 5, 1, 1, 64, 36, 5)


@dataclass(frozen=True, slots=True)
class Quote:
    """One order of a MassQuote."""

    side: Side
    price_ticks: int
    size_lots: int

    def word(self) -> int:
        """Return the packed quote."""
        fields = self.price_ticks, self.size_lots, self.side
        return pack(*zip(fields, _QUOTE_WIDTHS, strict=True))

    @classmethod
    def from_word(cls, word: int) -> "Quote":
        """Decode a packed quote; DecodeError if it has too many bits."""
        price_ticks, size_lots, side = unpack(word, *_QUOTE_WIDTHS)
        return cls(Side(side), price_ticks, size_lots)


@dataclass(frozen=True, slots=True)
class QuoteCancel:
    """An order that a MassQuote cancels: where it rests, and its id."""

    side: Side
    price_ticks: int
    order_id: int

    def word(self) -> int:
        """Return the packed name."""
        fields = self.price_ticks, self.order_id, self.side
        return pack(*zip(fields, _CANCEL_WIDTHS, strict=True))

    @classmethod
    def from_word(cls, word: int) -> "QuoteCancel":
        """Decode a packed name; DecodeError if it has too many bits."""
        price_ticks, order_id, side = unpack(word, *_CANCEL_WIDTHS)
        return cls(Side(side), price_ticks, order_id)


@dataclass(frozen=True, slots=True)
class QuoteTerms:
    """What all orders of a MassQuote have in common.

    With `cancels_first` all orders that the account has in the market die before. An order that
    would cross slides if `slides`; else the message is refused. When `guard_lots` have been filled
    of what the account has in the market, all of it dies; 0 for no guard.
    """

    expiry_time_ms: int
    max_fee_ppm: int
    cancels_first: bool = False
    slides: bool = False
    label: int = 0
    guard_lots: int = 0


@dataclass(frozen=True, slots=True)
class MassQuote:
    """Orders that never take, all placed or none, and others that go before; 16 together.

    One to cancel that is not where its name says is gone already: the others are placed anyway.
    """

    account_id: int
    key_index: int
    nonce: int
    market_id: int
    terms: QuoteTerms
    quotes: tuple[Quote, ...]
    valid_until_ms: int = 0
    signature: Signature = UNSIGNED
    cancels: tuple[QuoteCancel, ...] = ()

    @property
    def time_in_force(self) -> TimeInForce:
        """The kind of its orders."""
        return TimeInForce.POST_ONLY_SLIDE if self.terms.slides else TimeInForce.POST_ONLY

    def message_words(self) -> tuple[int, int]:
        """Return the two packed words of the message, besides the cancels and the quotes."""
        terms = self.terms
        fields = (
            terms.expiry_time_ms,
            terms.max_fee_ppm,
            len(self.quotes),
            int(terms.cancels_first),
            int(terms.slides),
            terms.label,
            terms.guard_lots,
            len(self.cancels),
        )
        word_1 = pack(*zip(fields, _WORD_1_WIDTHS, strict=True))
        return first_message_word(MESSAGE_MASS_QUOTE, self, self.market_id), word_1

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the user signs: the words, in a domain that is a chain over all orders."""
        domain = config.config_hash
        cancels, quotes = map(QuoteCancel.word, self.cancels), map(Quote.word, self.quotes)
        for word in (*cancels, *quotes):
            domain = hades(word, QUOTE_TAG, domain)[0]
        return hades(*self.message_words(), domain)[0]


def unpack_terms(word_1: int) -> tuple[int, int, QuoteTerms]:
    """Return numbers of cancels and quotes, and terms, of a second word; or DecodeError."""
    expiry_time_ms, max_fee_ppm, n_quotes, cancels_first, slides, *rest, n_cancels = unpack(
        word_1, *_WORD_1_WIDTHS
    )
    terms = QuoteTerms(expiry_time_ms, max_fee_ppm, bool(cancels_first), bool(slides), *rest)
    return n_cancels, n_quotes, terms


def validate_mass_quote(tx: MassQuote) -> None:
    """Check the fields; stateless."""
    validate_signer(tx)
    check_field("market_id", tx.market_id, 0, MAX_MARKETS)
    check_field("expiry_time_ms", tx.terms.expiry_time_ms, 0, TIME_BOUND)
    check_field("max_fee_ppm", tx.terms.max_fee_ppm, 0, RATE_BOUND)
    check_field("label", tx.terms.label, 0, LABEL_BOUND)
    check_field("guard_lots", tx.terms.guard_lots, 0, GUARD_BOUND)
    check_field("quotes", len(tx.quotes), 1, MAX_QUOTES + 1)
    for index, quote in enumerate(tx.quotes):
        with naming("quotes", index):
            check_field("price_ticks", quote.price_ticks, 1, PRICE_BOUND)
            check_field("size_lots", quote.size_lots, 1, ORDER_SIZE_BOUND)
    check_field("cancels", len(tx.cancels), 0, MAX_QUOTES + 1 - len(tx.quotes))
    for index, named in enumerate(tx.cancels):
        with naming("cancels", index):
            check_field("price_ticks", named.price_ticks, 1, PRICE_BOUND)
            check_field("order_id", named.order_id, 1, ORDER_ID_BOUND)


@contextmanager
def naming(entries: str, index: int) -> Iterator[None]:
    """Let a refusal say which of a message's quotes, or of its cancels, broke the rule."""
    try:
        yield
    except InvalidTransaction as refusal:
        broken = refusal.broken
        raise InvalidTransaction(
            refusal.code,
            f"{entries.removesuffix('s')} {index}: {refusal.detail}",
            replace(broken, field=f"{entries}[{index}].{broken.field}"),
        ) from None
