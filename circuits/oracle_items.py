"""An oracle update on the tape of the batch program, with what the proof of its medians guesses."""

from collections.abc import Iterator, Sequence

from circuits.records import Argument
from novation.protocol.constants import PRICES_PER_WORD
from novation.protocol.transactions import OracleUpdate
from novation.protocol.transactions.oracle_update import is_close, is_parted


def oracle_items(tx: OracleUpdate) -> Iterator[Argument]:
    """Yield the transaction, its signatures, and what the proof of the medians guesses."""
    n_prices = len(tx.prices_x16)
    n_words = -(-n_prices // PRICES_PER_WORD)
    n_lower = (len(tx.reports) - 1) // 2
    yield [
        tx.oracle_time_ms,
        len(tx.reports),
        n_lower,
        n_words,
        n_prices - (n_words - 1) * PRICES_PER_WORD,
        list(tx.prices_x16),
        [price for report in tx.reports for price in report.prices_x16],
        [value for report in tx.reports for value in (report.signer_index, report.time_ms)],
    ]
    for report in tx.reports:
        yield [report.signature.r, report.signature.s]
    for market_id, claimed_x16 in enumerate(tx.prices_x16):
        column = [report.prices_x16[market_id] for report in tx.reports]
        yield int(is_parted(column, claimed_x16))
        yield from _parted(column) if is_parted(column, claimed_x16) else _close(column)


def _close(column: Sequence[int]) -> Iterator[Argument]:
    """Yield the sides of reports that are all close to their median."""
    lower, equal = _sides(column)
    for index in range(len(column)):
        yield from (0,) if index in lower else (1, int(index != equal))
        yield int(index + 1 < len(column))


def _parted(column: Sequence[int]) -> Iterator[Argument]:
    """Yield struct Parting of oracle/medians.cairo, and struct Side of each report with a price."""
    lower, equal = _sides(column)
    median_x16 = column[equal] or 1
    yield [median_x16, column.count(0), len(lower)]
    for index, price_x16 in enumerate(column):
        if price_x16:
            is_far = not is_close(price_x16, median_x16)
            yield [int(index == equal), int(index not in lower), int(is_far)]


def _sides(column: Sequence[int]) -> tuple[list[int], int]:
    """Return which reports are below the median of those that have a price, and which it is.

    Of equal prices, any may be the lower ones, or the median.
    """
    present = [index for index, price_x16 in enumerate(column) if price_x16]
    in_order = sorted(present, key=column.__getitem__) or [0]
    n_lower = (len(in_order) - 1) // 2
    return in_order[:n_lower], in_order[n_lower]
