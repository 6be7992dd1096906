"""One price out of several: what is left out, and what no minority can do."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novation.protocol.constants import PPM_ONE, PRICE_X16_BOUND
from oracle.aggregation import (
    MAX_AHEAD_MS,
    Aggregate,
    Quote,
    Rules,
    Verdict,
    aggregate,
    weighted_median,
)
from oracle.decimal_text import MAX_CHARACTERS, parse_decimal, price_x16
from oracle.history import MIN_SPACING_MS, History, Sample

NOW_MS = 1_000_000
RULES = Rules(min_sources=2, outlier_ppm=10_000, frozen_move_ppm=1_000)


def quote(price: int, weight: int = 1, **changes: int) -> Quote:
    """Return a fresh quote that has moved a little."""
    made = Quote(weight, 3_000, NOW_MS, price, price - price // 200, price, is_watched=True)
    return replace(made, **changes)


def of(*quotes: Quote | None, rules: Rules = RULES) -> Aggregate:
    return aggregate(quotes, rules, NOW_MS)


def verdicts(*quotes: Quote | None) -> list[str]:
    return [verdict.name for verdict in of(*quotes).verdicts]


def test_price_when_sources_agree_then_the_weighted_median() -> None:
    assert of(quote(100_000), quote(100_100), quote(100_200)).price_x16 == 100_100
    assert of(quote(100_000, 3), quote(100_100), quote(100_200)).price_x16 == 100_000
    # Of an even weight the lower one.
    assert of(quote(100_000), quote(100_100)).price_x16 == 100_000


def test_source_when_it_is_too_old_then_left_out_at_its_limit() -> None:
    at_limit = quote(100_100, time_ms=NOW_MS - 3_000)
    too_old = quote(100_100, time_ms=NOW_MS - 3_001)
    assert verdicts(at_limit, too_old) == ["USED", "STALE"]
    assert of(at_limit, too_old).price_x16 is None
    ahead = quote(100_100, time_ms=NOW_MS + MAX_AHEAD_MS + 1)
    assert verdicts(None, ahead, replace(ahead, time_ms=ahead.time_ms - 1)) == [
        "NO_PRICE",
        "AHEAD",
        "USED",
    ]


def test_source_when_it_is_far_from_the_middle_then_left_out_at_the_limit() -> None:
    prices = (1_000_000, 1_000_000, 1_010_000, 1_010_001, 989_999)
    assert verdicts(*(quote(price) for price in prices)) == [
        "USED",
        "USED",
        "USED",
        "OUTLIER",
        "OUTLIER",
    ]


def test_two_sources_when_they_contradict_each_other_then_neither_is_believed() -> None:
    seen = of(quote(100_000, 5), quote(200_000))
    assert seen == Aggregate(None, (Verdict.OUTLIER, Verdict.OUTLIER))
    half = of(*[quote(100_000)] * 2, *[quote(200_000)] * 2)
    assert half.price_x16 is None


def still(price: int, **changes: int) -> Quote:
    return quote(price, low_x16=price, high_x16=price, **changes)


def test_source_when_it_stands_still_while_the_others_move_then_frozen() -> None:
    assert verdicts(quote(100_000), quote(100_100), still(100_050)) == ["USED", "USED", "FROZEN"]
    # Only one of the two others has moved: it may as well be the one that is wrong.
    assert verdicts(quote(100_000), still(100_050), still(100_020)) == ["USED"] * 3
    # Of two sources the one that moves is not right for that.
    assert verdicts(quote(100_000), still(100_050)) == ["USED", "USED"]
    # Exactly half of the others are not more than half.
    some = [quote(100_000), quote(100_000), still(100_001), still(100_002), still(100_003)]
    assert verdicts(*some) == ["USED"] * 5
    assert verdicts(*some[:4]) == ["USED", "USED", "FROZEN", "FROZEN"]
    # Nobody has looked at it long enough.
    young = still(100_050, is_watched=False)
    assert verdicts(quote(100_000), quote(100_100), young) == ["USED"] * 3
    calm, lively = (quote(100_050, low_x16=100_000, high_x16=high) for high in (100_099, 100_100))
    assert verdicts(calm, calm, still(100_050)) == ["USED"] * 3
    assert verdicts(lively, lively, still(100_050)) == ["USED", "USED", "FROZEN"]


prices = st.integers(1, PRICE_X16_BOUND - 1)
weights = st.integers(1, 1_000)
quotes = st.one_of(
    st.none(),
    st.builds(
        Quote,
        weight=weights,
        max_age_ms=st.integers(100, 60_000),
        time_ms=st.integers(NOW_MS - 60_000, NOW_MS + 5_000),
        price_x16=prices,
        low_x16=prices,
        high_x16=prices,
        is_watched=st.booleans(),
    ),
)


@given(st.lists(st.tuples(prices, weights), min_size=1))
def test_weighted_median_when_repeated_by_weight_then_the_lower_median(
    values: list[tuple[int, int]],
) -> None:
    small = [(value, 1 + weight % 9) for value, weight in values]
    repeated = sorted(value for value, weight in small for _ in range(weight))
    assert weighted_median(small) == repeated[(len(repeated) - 1) // 2]


@given(st.lists(quotes, max_size=9), st.integers(1, 9), st.integers(1, 500_000))
def test_price_when_there_is_one_then_between_enough_used_sources(
    seen: Sequence[Quote | None], min_sources: int, outlier_ppm: int
) -> None:
    rules = Rules(min_sources, outlier_ppm, 1_000)
    result = aggregate(seen, rules, NOW_MS)
    used = [
        quote.price_x16
        for quote, verdict in zip(seen, result.verdicts, strict=True)
        if quote is not None and verdict is Verdict.USED
    ]
    assert (result.price_x16 is not None) == (len(used) >= min_sources)
    if result.price_x16 is not None:
        assert result.price_x16 in used
        assert max(used) - min(used) <= 2 * max(used) * outlier_ppm // PPM_ONE + 1 or len(used) < 2
    backwards = aggregate(seen[::-1], rules, NOW_MS)
    assert backwards == Aggregate(result.price_x16, result.verdicts[::-1])


@given(
    st.integers(10**6, 10**12),
    st.lists(st.integers(0, 4_000), min_size=3, max_size=8),
    st.lists(st.tuples(prices, weights), max_size=7),
)
def test_price_when_most_sources_are_honest_then_within_what_they_say(
    base: int, spread_ppm: list[int], lies: list[tuple[int, int]]
) -> None:
    honest = [base + base * ppm // PPM_ONE for ppm in spread_ppm]
    lies = lies[: len(honest) - 1]
    weight = 1 + sum(weight for _, weight in lies)
    seen = [quote(price, weight) for price in honest]
    seen += [quote(price, weight_) for price, weight_ in lies]
    result = aggregate(seen, RULES, NOW_MS)
    assert result.price_x16 is not None
    assert min(honest) <= result.price_x16 <= max(honest)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("95000.1", Fraction(950001, 10)),
        ("0.00000123", Fraction(123, 10**8)),
        ("9.5e4", Fraction(95000)),
        ("123E-5", Fraction(123, 10**5)),
        ("007", Fraction(7)),
    ],
)
def test_number_when_it_is_a_decimal_then_exact(text: str, value: Fraction) -> None:
    assert parse_decimal(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "+1", "1.", ".5", "1/3", "1_000", "0x10", "nan", "inf", " 1", "1 ", "\u0663"),
        *("1e99", "1e-99", "1" * (MAX_CHARACTERS + 1)),
    ],
)
def test_number_when_it_is_none_then_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|exponent|characters"):
        parse_decimal(text)


@given(st.integers(1, 10**17), st.integers(0, 12), st.integers(0, 15))
def test_price_when_converted_then_the_tick_grid_is_exact_and_the_rest_cut_off(
    digits: int, decimals: int, tick_decimals: int
) -> None:
    text = str(digits).rjust(decimals + 1, "0")
    text = f"{text[:-decimals]}.{text[-decimals:]}" if decimals else text
    exact = Fraction(digits, 10**decimals) * 10**tick_decimals * 2**16
    if 1 <= exact < PRICE_X16_BOUND:
        assert 0 <= exact - price_x16(parse_decimal(text), tick_decimals) < 1
    else:
        with pytest.raises(ValueError, match="price_x16"):
            price_x16(parse_decimal(text), tick_decimals)


def watched(*samples: tuple[int, int]) -> History:
    history = History(window_ms=1_000)
    for received_ms, price in samples:
        history.add(Sample(Fraction(price), received_ms, received_ms))
    return history


def at(history: History, time_ms: int) -> Quote | None:
    return history.quote_at(time_ms, 0, weight=1, max_age_ms=1)


def test_history_when_looked_at_then_as_of_that_moment() -> None:
    history = watched((1_000, 5), (1_500, 6), (2_000, 7), (2_300, 8))
    assert at(history, 999) is None
    seen = at(history, 2_299)
    assert seen is not None
    assert (seen.time_ms, seen.price_x16 >> 16) == (2_000, 7)
    # The price of 1,000 held when the last second began.
    assert (seen.low_x16 >> 16, seen.high_x16 >> 16, seen.is_watched) == (5, 7, True)
    old_enough, young = at(history, 2_000), at(history, 1_999)
    assert old_enough is not None
    assert young is not None
    assert (old_enough.is_watched, young.is_watched) == (True, False)


def test_history_when_flooded_then_bounded_and_still_complete() -> None:
    history = watched(*((time_ms, 1 + time_ms) for time_ms in range(10_000)))
    assert len(history._samples) <= 2 + 2 * 1_000 // MIN_SPACING_MS
    seen = at(history, 9_999)
    assert seen is not None
    assert seen.price_x16 >> 16 == 10_000
    assert 8_900 <= seen.low_x16 >> 16 <= 9_001


def test_history_when_the_clock_is_put_back_then_the_later_past_is_forgotten() -> None:
    history = watched((1_000, 5), (9_000, 6), (2_000, 7))
    seen = at(history, 9_500)
    assert seen is not None
    assert {seen.price_x16 >> 16, seen.low_x16 >> 16, seen.high_x16 >> 16} == {7}
