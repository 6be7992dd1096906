"""An oracle update on the tape of the batch program, with what the proof of its medians guesses."""

from collections.abc import Iterator, Sequence

from circuits.records import Argument
from novation.protocol.constants import PRICES_PER_WORD
from novation.protocol.transactions import OracleUpdate


def oracle_items(tx: OracleUpdate) -> Iterator[Argument]:
    """Yield the transaction, its signatures, and what the proof of the medians guesses."""
    row = _padded(tx.prices_x16)
    n_lower = (len(tx.reports) - 1) // 2
    yield [
        tx.oracle_time_ms,
        len(tx.reports),
        n_lower,
        len(row) // PRICES_PER_WORD,
        len(row) - len(tx.prices_x16),
        row,
        [price for report in tx.reports for price in _padded(report.prices_x16)],
        [value for report in tx.reports for value in (report.signer_index, report.time_ms)],
    ]
    for report in tx.reports:
        yield [report.signature.r, report.signature.s]
    for market_id in range(len(tx.prices_x16)):
        column = [report.prices_x16[market_id] for report in tx.reports]
        # Of equal prices, any may be the lower ones.
        lower = sorted(range(len(column)), key=column.__getitem__)[: n_lower + 1]
        for index in range(len(column)):
            yield int(index not in lower)
            yield int(index + 1 < len(column))


def _padded(prices_x16: Sequence[int]) -> list[int]:
    return [*prices_x16, *(0 for _ in range(-len(prices_x16) % PRICES_PER_WORD))]
