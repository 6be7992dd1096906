"""OracleUpdate: a quorum of oracle nodes signed prices; what it agrees on are the indices."""

from collections.abc import Sequence
from dataclasses import dataclass

from novation.crypto import poseidon_hash_many
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    AGREEMENT_PPM,
    MESSAGE_ORACLE_REPORT,
    PPM_ONE,
    PRICE_X16_BITS,
    PRICE_X16_BOUND,
    PRICES_PER_WORD,
    TIME_BOUND,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.numeric import check_field, pack
from novation.protocol.parameters import Parameters
from novation.protocol.signatures import UNSIGNED, Signature


@dataclass(frozen=True, slots=True)
class OracleReport:
    """What one oracle node saw: a price per underlying, in ticks with 16 fraction bits.

    0 stands for none.
    """

    signer_index: int
    time_ms: int
    prices_x16: tuple[int, ...]
    signature: Signature = UNSIGNED

    def message_hash(self, config: ExchangeConfig) -> int:
        """Return what the node signs."""
        word_0 = pack(
            (MESSAGE_ORACLE_REPORT, 8),
            (self.signer_index, 8),
            (self.time_ms, 48),
            (len(self.prices_x16), 8),
        )
        return poseidon_hash_many((config.config_hash, word_0, *price_words(self.prices_x16)))


@dataclass(frozen=True, slots=True)
class OracleUpdate:
    """Reports of at least a quorum, by ascending signer, and the indices that they make.

    0 stands for none: the underlying keeps the old one, and is silent.
    """

    oracle_time_ms: int
    prices_x16: tuple[int, ...]
    reports: tuple[OracleReport, ...]


def price_words(prices_x16: Sequence[int]) -> list[int]:
    """Return the prices packed five per word, the last word filled with zeros."""
    return [
        pack(*((price, PRICE_X16_BITS) for price in prices_x16[i : i + PRICES_PER_WORD]))
        for i in range(0, len(prices_x16), PRICES_PER_WORD)
    ]


def lower_median(values: Sequence[int]) -> int:
    """Return the middle value, of an even number the lower of the two."""
    return sorted(values)[(len(values) - 1) // 2]


def is_close(price_x16: int, median_x16: int) -> bool:
    """Return whether a reported price speaks for a median."""
    return abs(price_x16 - median_x16) * PPM_ONE <= median_x16 * AGREEMENT_PPM


def index_of(reported_x16: Sequence[int], quorum: int) -> int:
    """Return the median of the reports that have a price if a quorum is close to it, else 0."""
    present_x16 = [price_x16 for price_x16 in reported_x16 if price_x16]
    if len(present_x16) < quorum:
        return 0
    median_x16 = lower_median(present_x16)
    n_close = sum(is_close(price_x16, median_x16) for price_x16 in present_x16)
    return median_x16 if n_close >= quorum else 0


def is_parted(reported_x16: Sequence[int], index_x16: int) -> bool:
    """Return whether the circuit needs its longer way to prove an index: not all are close."""
    reach = index_x16 * (PPM_ONE + AGREEMENT_PPM)
    # In the shorter one, whatever is close must be a price.
    return not 0 < reach < PRICE_X16_BOUND * PPM_ONE or not all(
        is_close(price_x16, index_x16) for price_x16 in reported_x16
    )


def build_update(reports: Sequence[OracleReport], quorum: int) -> OracleUpdate:
    """Return the update of some reports, by ascending signer, with the claims that follow."""
    columns = zip(*(report.prices_x16 for report in reports), strict=True)
    return OracleUpdate(
        oracle_time_ms=min(report.time_ms for report in reports),
        prices_x16=tuple(index_of(column, quorum) for column in columns),
        reports=tuple(reports),
    )


def validate_oracle_update(tx: OracleUpdate, parameters: Parameters) -> None:
    """Check shapes and bounds, the quorum and the order of the signers; stateless."""
    for report in tx.reports:
        check_field("time_ms", report.time_ms, 0, TIME_BOUND)
    for prices_x16 in (tx.prices_x16, *(report.prices_x16 for report in tx.reports)):
        if len(prices_x16) != len(parameters.underlyings):
            raise InvalidTransaction(
                ErrorCode.INVALID_FIELD,
                f"{len(prices_x16)} prices for {len(parameters.underlyings)} underlyings",
                Broken("prices_x16", len(prices_x16), len(parameters.underlyings)),
            )
        for index, price_x16 in enumerate(prices_x16):
            check_field(f"prices_x16[{index}]", price_x16, 0, PRICE_X16_BOUND)
    if len(tx.reports) < parameters.oracle_quorum:
        raise InvalidTransaction(
            ErrorCode.QUORUM_NOT_REACHED,
            f"{len(tx.reports)} reports < {parameters.oracle_quorum}",
            Broken("reports", len(tx.reports), parameters.oracle_quorum),
        )
    previous = -1
    for report in tx.reports:
        if report.signer_index <= previous:
            raise InvalidTransaction(
                ErrorCode.SIGNERS_NOT_ASCENDING,
                f"signer {report.signer_index} after {previous}",
                Broken("signer_index", report.signer_index, previous + 1),
            )
        if report.signer_index >= len(parameters.oracle_keys):
            raise InvalidTransaction(
                ErrorCode.UNKNOWN_SIGNER,
                f"signer {report.signer_index} of {len(parameters.oracle_keys)}",
                Broken("signer_index", report.signer_index, len(parameters.oracle_keys) - 1),
            )
        previous = report.signer_index


def check_report_time(time_ms: int, now_ms: int, max_age_ms: int) -> None:
    """Raise InvalidTransaction unless a report is neither too old nor too far ahead."""
    if abs(time_ms - now_ms) > max_age_ms:
        nearest_ms = now_ms + (max_age_ms if time_ms > now_ms else -max_age_ms)
        raise InvalidTransaction(
            ErrorCode.REPORT_TIME_OUTSIDE_WINDOW,
            f"report time {time_ms} not within {max_age_ms} of {now_ms}",
            Broken("time_ms", time_ms, nearest_ms),
        )
