"""The health of a node and of each source, as `GET /status` shows it."""

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Final

from novation.display import plain
from novation.protocol.transactions import OracleReport
from oracle.archive import MinuteArchive
from oracle.observer import Observer, WatchedUnderlying
from oracle.records import report_json
from oracle.sources.feed import Feed
from oracle.submitter import Submitter

if TYPE_CHECKING:
    from fractions import Fraction

# More digits than a venue may write.
_SHOWN: Final = Context(prec=50)


def status_json(
    observer: Observer,
    submitter: Submitter,
    archive: MinuteArchive,
    last_report: OracleReport | None,
) -> dict[str, object]:
    """Return everything but what only the node itself knows."""
    delivery = submitter.delivery
    return {
        "last_report": None if last_report is None else report_json(last_report),
        "delivery": {
            "n_accepted": delivery.n_accepted,
            "n_refused": delivery.n_refused,
            "last_accepted_ms": delivery.last_accepted_ms,
            "last_failure": delivery.last_failure,
        },
        "minutes": {
            "count": len(archive.times_ms),
            "first_ms": archive.times_ms[0] if archive.times_ms else 0,
            "last_ms": archive.newest_ms,
        },
        "underlyings": [_underlying_json(watched) for watched in observer.underlyings],
    }


def _underlying_json(watched: WatchedUnderlying) -> dict[str, object]:
    last = watched.last
    verdicts = ["not looked at yet"] * len(watched.feeds) if last is None else last.verdicts
    return {
        "symbol": watched.setup.symbol,
        "price_x16": None if last is None else last.price_x16,
        "sources": [
            _source_json(feed, verdict)
            for feed, verdict in zip(watched.feeds, verdicts, strict=True)
        ],
    }


def _source_json(feed: Feed, verdict: str) -> dict[str, object]:
    newest, health = feed.history.newest, feed.health
    return {
        "name": feed.source.name,
        "verdict": verdict,
        "price": None if newest is None else _decimal(newest.price),
        "price_time_ms": None if newest is None else newest.time_ms,
        "n_samples": health.n_samples,
        "n_failures": health.n_failures,
        "is_failing": health.is_failing,
        "last_failure": health.last_failure,
        "last_failure_ms": health.last_failure_ms,
    }


def _decimal(price: "Fraction") -> str:
    return plain(_SHOWN.divide(Decimal(price.numerator), Decimal(price.denominator)))
