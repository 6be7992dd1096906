"""A signed report as JSON: a line of the archive, and what the node serves."""

import json
from typing import Final

from novation.protocol.constants import (
    MAX_ORACLES,
    MAX_UNDERLYINGS,
    PRICE_X16_BOUND,
    TIME_BOUND,
)
from novation.protocol.signatures import Signature
from novation.protocol.transactions import OracleReport

_FIELD_BITS: Final = 252
MAX_LINE_BYTES: Final = 1_024


def report_json(report: OracleReport) -> dict[str, object]:
    """Return the fields of a report; field elements are hexadecimal texts."""
    return {
        "time_ms": report.time_ms,
        "signer_index": report.signer_index,
        "prices_x16": list(report.prices_x16),
        "r": hex(report.signature.r),
        "s": hex(report.signature.s),
    }


def report_line(report: OracleReport) -> bytes:
    """Return a line of the archive."""
    return json.dumps(report_json(report), separators=(",", ":")).encode("ascii") + b"\n"


def parse_report(line: bytes) -> OracleReport:
    """Read a line of the archive; ValueError if it is no report."""
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"not a report: {len(line)} bytes, at most {MAX_LINE_BYTES}")
    try:
        values = json.loads(line)
        report = OracleReport(
            signer_index=_integer(values["signer_index"], MAX_ORACLES),
            time_ms=_integer(values["time_ms"], TIME_BOUND),
            prices_x16=tuple(_integer(price, PRICE_X16_BOUND) for price in values["prices_x16"]),
            signature=Signature(int(values["r"], 16), int(values["s"], 16)),
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"not a report: {error!r}") from error
    signature = (report.signature.r, report.signature.s)
    if any(not 0 < value < 2**_FIELD_BITS for value in signature):
        raise ValueError("not a report: r or s out of range")
    if not 1 <= len(report.prices_x16) <= MAX_UNDERLYINGS:
        raise ValueError(f"not a report: {len(report.prices_x16)} prices")
    if report_line(report) != line:
        raise ValueError("not a report as it is written")
    return report


def _integer(value: object, bound: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < bound:
        raise ValueError(f"not a report: {value!r} is no integer from 0 to {bound - 1}")
    return value
