"""How well the variance of the next minutes, hours and days is forecast, and beside what.

Paths of 20-second returns over some weeks. The first 30 days fill the windows, on the rest every
forecast is compared with the variance that followed: the mean of the squared returns of the
horizon. QLIKE is `x - ln x - 1` of realised over forecast, 0 at best; it punishes forecasts that
are too low most. MSE is the squared error over the square of the mean realised variance.

Margin is what a forecast is for: `Margins` counts the moves of ten minutes that are larger than a
margin of four usual deviations times the factor by which the margin of new risk is above the
terms', once as it follows the forecast, with its limits and speeds, once its mean, which costs
traders as much.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from novation.protocol.constants import MINUTE_MS
from novation.protocol.forecast_margin import (
    HOUR_ROOT,
    SECOND_MS,
    followed_forecast_ppm,
    next_variance_ppm2,
)
from novation.protocol.parameters import Underlying
from simulation.prices import Garch, gauss

SAMPLE_S: Final = 20
_DAY_S: Final = 86_400
WARM_UP_DAYS: Final = 30
_EVALUATE_S: Final = 120
HORIZONS_S: Final = {"10 minutes": 600, "1 hour": 3_600, "1 day": _DAY_S}
# Deviation of the return of one second, in ppm: 60 % a year.
USUAL_PPM: Final = 107
# Margin is this many deviations of the return of ten minutes, times the factor.
_MARGIN_DEVIATIONS: Final = 4
# Jumps are up to this large, either way.
_JUMP: Final = 0.01
FORMULA: Final = "formula"
CONSTANT: Final = "constant"
WINDOW: Final = "30 days"
_LONG: Final = "20 s, 1 day"
_MINUTE_S: Final = MINUTE_MS // SECOND_MS
CAPPED: Final = "formula, capped"
# Averages of other samples: how far those are apart, and what is remembered, in seconds. The first
# is the formula of the design.
_AVERAGES_S: Final = {
    "20 s, 10 minutes": (SAMPLE_S, 600),
    "1 minute, 30 minutes": (_MINUTE_S, 1_800),
    "20 s, 1 hour": (SAMPLE_S, 3_600),
    "20 s, 6 hours": (SAMPLE_S, 21_600),
    _LONG: (SAMPLE_S, _DAY_S),
}
_CAP_DEVIATIONS: Final = 4
# Half of one and half of the other.
_MIX: Final = "formula and 1 day"
FORECASTERS: Final = (CONSTANT, WINDOW, FORMULA, CAPPED, *_AVERAGES_S, _MIX)
# Margin is for eight deviations of an hour.
_TERMS: Final = Underlying(
    symbol="ANY",
    multiplier=1,
    initial_margin_ppm=8 * HOUR_ROOT * USUAL_PPM,
    maintenance_margin_ppm=1,
    maker_fee_ppm=0,
    taker_fee_ppm=0,
    price_band_ppm=0,
    min_order_usd=0,
    tick_decimals=0,
    margin_deviations=8,
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of path: how fast clusters of volatility pass, jumps a day, and spells of storm.

    `kept` is what is left of a cluster after a sample: 0.99233 halves it in 30 minutes, 0.99952 in
    8 hours. `storm_days` is the usual length of a spell with three times the deviation, 0 for none.
    """

    name: str
    kept: float
    alpha: float
    jumps_a_day: float
    storm_days: float = 0.0


SCENARIOS: Final = (
    Scenario("clusters of 30 minutes", 0.99233, 0.06, 0),
    Scenario("clusters of 30 minutes, jumps", 0.99233, 0.06, 4),
    Scenario("clusters of 8 hours, jumps", 0.99952, 0.015, 4),
    Scenario("spells of 2 days, jumps", 0.99952, 0.005, 4, storm_days=2),
    Scenario("always the same", 0.0, 0.0, 0),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """Deviations of one second, in ppm, of a day of a path."""

    at_s: list[int]
    realised: list[float]
    forecasts: dict[str, list[float]]


@dataclass(slots=True)
class Errors:
    """Sums of the errors of one forecaster."""

    n: int = 0
    qlike: float = 0.0
    squared: float = 0.0
    realised: float = 0.0

    def add(self, forecast: float, realised: float) -> None:
        """Compare once."""
        ratio = realised / forecast
        self.n += 1
        self.qlike += ratio - math.log(ratio) - 1
        self.squared += (realised - forecast) ** 2
        self.realised += realised

    def means(self) -> dict[str, float]:
        """Return both errors, rounded so that the last digits of a logarithm do not matter."""
        mean = self.realised / self.n
        return {
            "qlike": round(self.qlike / self.n, 4),
            "mse": round(self.squared / self.n / mean**2, 4),
        }


@dataclass(slots=True)
class Margins:
    """How many moves were beyond a margin that follows the forecast, and beyond its mean."""

    n: int = 0
    beyond_following: int = 0
    beyond_mean: int = 0
    factors: float = 0.0

    def rates(self) -> dict[str, float]:
        """Return moves in a million that were beyond, and the mean factor."""
        return {
            "mean_factor": round(self.factors / self.n, 3),
            "beyond_following_ppm": round(1e6 * self.beyond_following / self.n),
            "beyond_mean_ppm": round(1e6 * self.beyond_mean / self.n),
        }


Table = dict[str, dict[str, dict[str, Errors]]]


@dataclass(slots=True)
class Measured:
    """Errors by scenario, horizon and forecaster, margins by scenario, and a day of the first."""

    table: Table = field(default_factory=dict)
    margins: dict[str, Margins] = field(default_factory=dict)
    picture: Picture | None = None


def measure(
    seed: int,
    days: int,
    n_paths: int,
    say: Callable[[str], None],
    scenarios: Sequence[Scenario] = SCENARIOS,
) -> Measured:
    """Measure on some paths of each scenario, `days` after the warm-up."""
    measured = Measured()
    for scenario in scenarios:
        say(f"forecast: {scenario.name}, {n_paths} paths of {WARM_UP_DAYS + days} days")
        rows = measured.table[scenario.name] = {
            horizon: {name: Errors() for name in FORECASTERS} for horizon in HORIZONS_S
        }
        margins = measured.margins[scenario.name] = Margins()
        for number in range(n_paths):
            rng = random.Random(f"{seed} {scenario.name} {number}")
            returns = returns_ppm(scenario, WARM_UP_DAYS + days, rng)
            forecasts = forecasts_of(returns)
            _compare(returns, forecasts, rows)
            _compare_margins(returns, margins)
            if measured.picture is None:
                measured.picture = _picture(returns, forecasts)
    return measured


def returns_ppm(scenario: Scenario, days: int, rng: random.Random) -> list[int]:
    """Return a path of returns of `SAMPLE_S` seconds."""
    variance = (USUAL_PPM / 10**6) ** 2 * SAMPLE_S
    garch = Garch.around(variance, scenario.alpha, scenario.kept - scenario.alpha)
    jump_chance = scenario.jumps_a_day * SAMPLE_S / _DAY_S
    turn_chance = SAMPLE_S / (scenario.storm_days * _DAY_S) if scenario.storm_days else 0.0
    is_storm, found = False, []
    for _ in range(days * _DAY_S // SAMPLE_S):
        change = garch.next_return(gauss(rng))
        if turn_chance and rng.random() < turn_chance:
            is_storm = not is_storm
        if is_storm:
            change *= 3
        if rng.random() < jump_chance:
            change += _JUMP * (2 * rng.random() - 1)
        found.append(math.floor(change * 10**6))
    return found


def forecasts_of(returns: Sequence[int]) -> dict[str, list[float]]:
    """Return the variances of one second, in ppm^2, that each forecaster has after each sample.

    The constant is the variance of the first 30 days: a parameter that was right when it was set.
    """
    n_warm = WARM_UP_DAYS * _DAY_S // SAMPLE_S
    sums = [0, *itertools.accumulate(change * change for change in returns)]
    first = sums[n_warm] / (n_warm * SAMPLE_S)
    window = (
        (sums[end] - sums[max(0, end - n_warm)]) / (min(end, n_warm) * SAMPLE_S)
        for end in range(1, len(sums))
    )
    found = {CONSTANT: [first] * len(returns), WINDOW: list(window)}
    found[FORMULA] = list(_formula(returns, round(first)))
    found[CAPPED] = list(_capped(returns, round(first)))
    for name, (apart_s, memory_s) in _AVERAGES_S.items():
        found[name] = list(_averages(returns, first, apart_s, memory_s))
    mixed = zip(found[FORMULA], found[_LONG], strict=True)
    found[_MIX] = [(fast + slow) / 2 for fast, slow in mixed]
    return found


def _formula(returns: Sequence[int], variance_ppm2: int) -> Iterable[int]:
    for change in _sums(returns, _MINUTE_S):
        if change is not None:
            variance_ppm2 = next_variance_ppm2(variance_ppm2, change, MINUTE_MS)
        yield variance_ppm2


def _capped(returns: Sequence[int], variance_ppm2: int) -> Iterable[int]:
    """Yield the formula's with no return counted for more than some deviations."""
    for change in _sums(returns, _MINUTE_S):
        if change is not None:
            most = math.isqrt(variance_ppm2 * _MINUTE_S) * _CAP_DEVIATIONS
            counted = min(abs(change), most)
            variance_ppm2 = next_variance_ppm2(variance_ppm2, counted, MINUTE_MS)
        yield variance_ppm2


def _averages(
    returns: Sequence[int], variance: float, apart_s: int, memory_s: int
) -> Iterable[float]:
    for change in _sums(returns, apart_s):
        if change is not None:
            variance += (change * change - variance * apart_s) / memory_s
        yield variance


def _sums(returns: Sequence[int], apart_s: int) -> Iterable[int | None]:
    """Yield the return since the last sample at each sample, None between them."""
    n = apart_s // SAMPLE_S
    moves = [0, *itertools.accumulate(returns)]
    for end in range(1, len(moves)):
        yield moves[end] - moves[end - n] if end % n == 0 else None


def _compare(
    returns: Sequence[int],
    forecasts: dict[str, list[float]],
    rows: dict[str, dict[str, Errors]],
) -> None:
    sums = [0, *itertools.accumulate(change * change for change in returns)]
    first = WARM_UP_DAYS * _DAY_S // SAMPLE_S
    for horizon, horizon_s in HORIZONS_S.items():
        n = horizon_s // SAMPLE_S
        for now in range(first, len(returns) - n, _EVALUATE_S // SAMPLE_S):
            realised = (sums[now + n] - sums[now]) / horizon_s
            for name, errors in rows[horizon].items():
                errors.add(forecasts[name][now - 1], realised)


def _compare_margins(returns: Sequence[int], margins: Margins) -> None:
    """Count moves beyond margin on a path."""
    moves = [0, *itertools.accumulate(returns)]
    horizon_s = HORIZONS_S["10 minutes"]
    first, n = WARM_UP_DAYS * _DAY_S // SAMPLE_S, horizon_s // SAMPLE_S
    margin_ppm = _MARGIN_DEVIATIONS * USUAL_PPM * math.sqrt(horizon_s)
    needed, factors = [], []
    for now, factor in enumerate(_factors(returns[: len(returns) - n]), start=1):
        if now >= first:
            needed.append(abs(moves[now + n] - moves[now]) / margin_ppm)
            factors.append(factor)
    mean = sum(factors) / len(factors)
    margins.n += len(needed)
    margins.factors += sum(factors)
    margins.beyond_mean += sum(move > mean for move in needed)
    pairs = zip(needed, factors, strict=True)
    margins.beyond_following += sum(move > factor for move, factor in pairs)


def _factors(returns: Sequence[int]) -> Iterable[float]:
    """Yield how many times the terms' margin new risk needs, after each sample."""
    initial_ppm, forecast_ppm = _TERMS.initial_margin_ppm, 0
    for number, variance_ppm2 in enumerate(_formula(returns, USUAL_PPM**2), start=1):
        if number * SAMPLE_S % _MINUTE_S == 0:
            forecast_ppm = followed_forecast_ppm(forecast_ppm, variance_ppm2, _TERMS)
        yield 1 + forecast_ppm / initial_ppm


def _picture(returns: Sequence[int], forecasts: dict[str, list[float]]) -> Picture:
    """Return the day after the warm-up: what followed in ten minutes, and what was forecast."""
    sums = [0, *itertools.accumulate(change * change for change in returns)]
    first, n = WARM_UP_DAYS * _DAY_S // SAMPLE_S, HORIZONS_S["10 minutes"] // SAMPLE_S
    last = min(first + _DAY_S // SAMPLE_S, len(returns) - n)
    times = range(first, last, _EVALUATE_S // SAMPLE_S)
    return Picture(
        at_s=[(now - first) * SAMPLE_S for now in times],
        realised=[math.sqrt((sums[now + n] - sums[now]) / (n * SAMPLE_S)) for now in times],
        forecasts={
            name: [math.sqrt(forecasts[name][now - 1]) for now in times]
            for name in (FORMULA, CONSTANT, WINDOW, _MIX)
        },
    )
