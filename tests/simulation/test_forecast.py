"""The integer forecast of volatility by hand, its limits, and what its errors are beside others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.forecast import (
    LEAST_FACTOR_X16,
    LEAST_SAMPLE_S,
    MEMORY_S,
    MOST_FACTOR_X16,
    ONE_X16,
    Forecast,
    next_variance_x16,
    return_ppm,
    wanted_factor_x16,
)
from simulation.forecast_errors import CONSTANT, FORMULA, SCENARIOS, WINDOW, measure

USUAL_PPM = 100


def test_return_when_not_whole_then_rounded_down() -> None:
    assert return_ppm(3 << 16, 4 << 16) == 333_333
    assert return_ppm(3 << 16, 2 << 16) == -333_334


def test_variance_when_returns_stay_the_same_then_theirs_of_one_second() -> None:
    variance_x16 = 0
    for _ in range(2_000):
        variance_x16 = next_variance_x16(variance_x16, 400, 20, MEMORY_S)
    assert variance_x16 == pytest.approx(400 * 400 * ONE_X16 / 20, rel=1e-6)


def test_variance_when_prices_come_back_after_a_gap_then_only_that_return() -> None:
    after_gap = next_variance_x16(10**12, 1_000, 4_000, MEMORY_S)
    assert after_gap == 1_000**2 * ONE_X16 // MEMORY_S


def test_factor_when_wanted_then_the_ratio_of_deviations_within_limits() -> None:
    assert wanted_factor_x16(200**2 * ONE_X16, USUAL_PPM) == 2 * ONE_X16
    assert wanted_factor_x16(0, USUAL_PPM) == LEAST_FACTOR_X16
    assert wanted_factor_x16(10**6 * ONE_X16 * ONE_X16, USUAL_PPM) == MOST_FACTOR_X16


def test_factor_when_prices_jump_then_up_in_minutes_and_down_in_hours() -> None:
    forecast = Forecast(100**2 * ONE_X16)
    forecast = forecast.after(-400_000, 5, USUAL_PPM)
    assert forecast.factor_x16 == LEAST_FACTOR_X16 + 5 * ONE_X16 // 300
    for _ in range(30):
        forecast = forecast.after(-20_000, 20, USUAL_PPM)
    assert forecast.factor_x16 == MOST_FACTOR_X16
    for _ in range(10):
        forecast = forecast.after(0, 3_600, USUAL_PPM)
    assert forecast.factor_x16 == MOST_FACTOR_X16 - 10 * (3_600 * ONE_X16 // 43_200)


@given(
    st.lists(st.tuples(st.integers(-(10**6), 10**7), st.integers(LEAST_SAMPLE_S, 10**5))),
    st.integers(0, 2**60),
)
def test_forecast_when_anything_comes_then_never_negative_nor_outside(
    samples: list[tuple[int, int]], variance_x16: int
) -> None:
    forecast = Forecast(variance_x16)
    for returned_ppm, elapsed_s in samples:
        forecast = forecast.after(returned_ppm, elapsed_s, USUAL_PPM)
        assert forecast.variance_x16 >= 0
        assert LEAST_FACTOR_X16 <= forecast.factor_x16 <= MOST_FACTOR_X16


def test_errors_when_volatility_comes_in_clusters_then_less_than_of_a_constant_else_more() -> None:
    said: list[str] = []
    clusters, _, _, _, steady = SCENARIOS
    measured = measure(1, 1, 1, said.append, (clusters, steady))
    means = {
        name: {forecaster: errors.means() for forecaster, errors in rows["10 minutes"].items()}
        for name, rows in measured.table.items()
    }
    for other in (CONSTANT, WINDOW):
        assert means[clusters.name][FORMULA]["qlike"] < means[clusters.name][other]["qlike"]
        assert means[steady.name][FORMULA]["qlike"] > means[steady.name][other]["qlike"]
    assert len(said) == 2
    assert measured.picture is not None
    following = measured.margins[clusters.name].rates()
    assert following["beyond_following_ppm"] <= following["beyond_mean_ppm"]
    assert 1.25 < following["mean_factor"] < 3
    assert len(measured.picture.realised) == len(measured.picture.forecasts[FORMULA]) > 100
