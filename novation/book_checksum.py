"""The checksum of a book's best levels: whoever follows changes notices that he has lost one.

CRC32 (that of zlib) of a text: the best bids, best first, `|`, the best asks, best first. A level
is `price_ticks:size_lots:n_orders;` in decimal digits.
"""

import zlib
from collections.abc import Iterable
from typing import Final

# Of each side. A snapshot may have fewer levels than the book, but never fewer than these.
CHECKSUM_LEVELS: Final = 10


def level_text(price_ticks: int, size_lots: int, n_orders: int) -> bytes:
    """Return what a level adds to the text."""
    return b"%d:%d:%d;" % (price_ticks, size_lots, n_orders)


def book_checksum(bids: Iterable[bytes], asks: Iterable[bytes]) -> int:
    """Return the checksum of the texts of at most ten levels of each side, best first."""
    return zlib.crc32(b"".join((*bids, b"|", *asks)))
