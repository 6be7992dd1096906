from collections.abc import Callable
from dataclasses import replace

import pytest

from novation.protocol.constants import REPORT_SPREAD_MS
from novation.protocol.errors import ErrorCode
from novation.protocol.events import PricesUpdated
from novation.protocol.transactions import OracleReport, OracleUpdate
from novation.protocol.transactions.oracle_update import index_of, lower_median, price_words
from tests.support.builders import (
    oracle_private_key,
    oracle_report,
    oracle_update,
    parameters,
    public_key,
)
from tests.support.exchange import Exchange

MAX_AGE_MS = 60_000


def reports(exchange: Exchange, *price_pairs: tuple[int, int]) -> tuple[OracleReport, ...]:
    """Return signed reports of nodes 0, 1, ... made now."""
    return tuple(
        oracle_report(exchange.config, i, exchange.time_ms, pair)
        for i, pair in enumerate(price_pairs)
    )


def test_update_when_three_reports_then_medians() -> None:
    exchange = Exchange(price_ticks=0)
    update = oracle_update(reports(exchange, (1000, 700), (1002, 702), (1001, 701)))
    result = exchange.apply(update)
    assert result.events == (PricesUpdated(exchange.time_ms, (1001, 701)),)
    assert [u.index_price_x16 for u in exchange.state.underlyings] == [1001, 701]
    assert [exchange.state.mark_price_x16(i) for i in range(2)] == [1001, 701]
    assert exchange.state.globals.oracle_time_ms == exchange.time_ms


def test_update_when_even_number_of_reports_then_lower_median() -> None:
    assert lower_median([5, 9]) == 5
    assert lower_median([9, 1, 5, 7]) == 5
    exchange = Exchange(price_ticks=0)
    exchange.apply(oracle_update(reports(exchange, (1000, 702), (1001, 700))))
    assert [u.index_price_x16 for u in exchange.state.underlyings] == [1000, 700]


@pytest.mark.parametrize(
    ("prices", "n_close"),
    [
        ([100_000] * 9, 9),
        ([100_000] * 7 + [1, 2**47], 7),
        ([100_000] * 6 + [1] * 3, 6),
        # Two honest reports are missing, and those of four that lie together are there.
        ([100_000] * 3 + [2**47] * 4, 4),
        ([97_999, 98_000, 98_000, 100_000, 100_000, 100_000, 102_000, 102_000, 102_001], 7),
        ([97_999, 98_000, 98_000, 100_000, 100_000, 102_001, 102_000, 102_000, 102_001], 6),
    ],
)
def test_update_when_less_than_a_quorum_is_close_to_the_median_then_without_that_price(
    prices: list[int], n_close: int
) -> None:
    nine = tuple(public_key(oracle_private_key(index)) for index in range(9))
    committee = replace(parameters(), oracle_keys=nine, oracle_quorum=7)
    exchange = Exchange(parameters=committee, price_ticks=0)
    update = oracle_update(reports(exchange, *((price, 5) for price in prices)), quorum=7)
    exchange.apply(update)
    first, second = exchange.state.underlyings
    index_x16 = 100_000 if n_close >= 7 else 0
    assert (first.index_price_x16, first.is_silent) == (index_x16, n_close < 7)
    assert (second.index_price_x16, second.is_silent) == (5, False)


@pytest.mark.parametrize(
    ("prices", "index"),
    [
        ([0, 0, 100, 101, 101], 101),
        ([100, 0, 101], 100),
        ([0, 100, 0], 0),
        ([0, 0], 0),
        ([0, 100, 103], 0),
        ([0, 100, 102], 100),
    ],
)
def test_index_when_prices_are_absent_then_of_the_others_if_a_quorum_is_close(
    prices: list[int], index: int
) -> None:
    assert index_of(prices, 2) == index


def test_price_words_when_six_prices_then_two_words() -> None:
    assert price_words([1, 2, 3, 4, 5, 6]) == [
        1 + (2 << 48) + (3 << 96) + (4 << 144) + (5 << 192),
        6,
    ]


Change = Callable[[Exchange, OracleUpdate], OracleUpdate]

BROKEN: list[tuple[str, Change, ErrorCode]] = [
    (
        "one report",
        lambda _, u: replace(u, reports=u.reports[:1]),
        ErrorCode.QUORUM_NOT_REACHED,
    ),
    (
        "signer twice",
        lambda _, u: replace(u, reports=(u.reports[0], u.reports[0])),
        ErrorCode.SIGNERS_NOT_ASCENDING,
    ),
    (
        "descending",
        lambda _, u: replace(u, reports=u.reports[::-1]),
        ErrorCode.SIGNERS_NOT_ASCENDING,
    ),
    (
        "unknown signer",
        lambda _, u: replace(u, reports=(u.reports[0], replace(u.reports[1], signer_index=3))),
        ErrorCode.UNKNOWN_SIGNER,
    ),
    (
        "too few prices",
        lambda _, u: replace(u, prices_x16=u.prices_x16[:1]),
        ErrorCode.INVALID_FIELD,
    ),
    (
        "high price",
        lambda e, _: OracleUpdate(e.time_ms, (2**48, 1), ()),
        ErrorCode.INVALID_FIELD,
    ),
    (
        "time too long",
        lambda _, u: replace(u, reports=(replace(u.reports[0], time_ms=2**48),)),
        ErrorCode.INVALID_FIELD,
    ),
    (
        "not the median",
        lambda _, u: replace(u, prices_x16=(u.prices_x16[0], 9)),
        ErrorCode.PRICE_NOT_MEDIAN,
    ),
    (
        "a price that is not there",
        lambda e, u: replace(u, reports=reports(e, (1000, 0), (1001, 700))),
        ErrorCode.PRICE_NOT_MEDIAN,
    ),
    (
        "a price that is left out",
        lambda _, u: replace(u, prices_x16=(u.prices_x16[0], 0)),
        ErrorCode.PRICE_NOT_MEDIAN,
    ),
    (
        "wrong time",
        lambda _, u: replace(u, oracle_time_ms=u.oracle_time_ms - 1),
        ErrorCode.ORACLE_TIME_NOT_INCREASING,
    ),
    (
        "bad signature",
        lambda _, u: replace(
            u, reports=(u.reports[0], replace(u.reports[1], signature=u.reports[0].signature))
        ),
        ErrorCode.INVALID_SIGNATURE,
    ),
]


@pytest.mark.parametrize(
    ("change", "code"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_update_when_a_rule_is_broken_then_refused(change: Change, code: ErrorCode) -> None:
    exchange = Exchange(price_ticks=0)
    update = oracle_update(reports(exchange, (1000, 702), (1001, 700)))
    assert exchange.refuse(change(exchange, update)) is code


@pytest.mark.parametrize("age_ms", [MAX_AGE_MS + 1, -MAX_AGE_MS - 1])
def test_update_when_a_report_is_outside_the_window_then_refused(age_ms: int) -> None:
    exchange = Exchange(price_ticks=0)
    update = oracle_update(reports(exchange, (1000, 702), (1001, 700)))
    exchange.time_ms += age_ms
    assert exchange.refuse(update) is ErrorCode.REPORT_TIME_OUTSIDE_WINDOW


def test_update_when_reports_are_at_the_edges_of_the_window_then_accepted() -> None:
    exchange = Exchange(price_ticks=0)
    now = exchange.time_ms
    for oldest_ms in (now - MAX_AGE_MS, now):
        edges = tuple(
            oracle_report(exchange.config, i, time_ms, (1, 1))
            for i, time_ms in ((0, oldest_ms + REPORT_SPREAD_MS), (2, oldest_ms))
        )
        exchange.apply(oracle_update(edges))
        assert exchange.state.globals.oracle_time_ms == oldest_ms


def test_update_when_its_reports_are_farther_apart_then_refused() -> None:
    """Who mixes times chooses among prices."""
    exchange = Exchange(price_ticks=0)
    now = exchange.time_ms
    apart = [
        oracle_report(exchange.config, i, now - late_ms, (1, 1))
        for i, late_ms in ((0, 0), (2, REPORT_SPREAD_MS + 1))
    ]
    assert exchange.refuse(oracle_update(tuple(apart))) is ErrorCode.REPORTS_APART


def test_update_when_time_does_not_increase_then_refused() -> None:
    exchange = Exchange(price_ticks=0)
    exchange.apply(oracle_update(reports(exchange, (1000, 702), (1001, 700))))
    again = oracle_update(reports(exchange, (1000, 702), (1001, 700)))
    assert exchange.refuse(again) is ErrorCode.ORACLE_TIME_NOT_INCREASING
