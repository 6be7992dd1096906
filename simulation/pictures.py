"""The pictures of a report: what each shows of the day."""

from collections.abc import Callable, Mapping
from typing import Final

from simulation.chart import Chart, Line, Span
from simulation.forecast_errors import Picture
from simulation.market import Run
from simulation.plan import ONE_DOLLAR_QUANTA, underlyings
from simulation.record import Moment

_MINUTE_MS: Final = 60_000
_SHADED: Final = ("crash", "outage", "second crash", "rebound")


def pictures(
    run: Run, forecast: Picture | None, attack_profits_quanta: Mapping[int, int]
) -> dict[str, str]:
    """Return SVG texts by file name."""
    markets = underlyings(run.plan.n_instruments)
    prices = [
        Line(
            terms.symbol,
            _points(run, lambda m, i=index: 100 * m.mark_ticks[i] / _first(run, i)),  # type: ignore[misc]
        )
        for index, terms in enumerate(markets)
    ]
    spreads = [
        Line("median of the markets", _points(run, lambda m: _middle(m.spread_ppm))),
        Line("widest", _points(run, lambda m: max(_known(m.spread_ppm), default=None))),
    ]
    premiums = [
        Line(
            terms.symbol,
            _points(run, lambda m, i=index: m.premium_ppm[i]),  # type: ignore[misc]
        )
        for index, terms in enumerate(markets)
    ]
    charts = {
        "prices": _chart(run, "Mark prices", "percent of the first", prices),
        "insolvency": _chart(
            run,
            "What insolvent accounts owe",
            "USD",
            [Line("sum of negative equity", _points(run, _owed_dollars))],
        ),
        "accounts": _chart(
            run,
            "Accounts that are short of margin",
            "accounts",
            [
                Line("below initial", _points(run, lambda m: m.n_below_initial)),
                Line("below maintenance", _points(run, lambda m: m.n_below_maintenance)),
                Line("insolvent", _points(run, lambda m: m.n_insolvent)),
            ],
        ),
        "premium": _chart(run, "Mark above index", "ppm of the index", premiums),
        "open_interest": _chart(
            run,
            "Open interest",
            "USD",
            [Line("all longs", _points(run, lambda m: m.open_interest_quanta / ONE_DOLLAR_QUANTA))],
        ),
        "waterfall": _chart(
            run,
            "Who stands behind failed accounts",
            "USD",
            [
                Line("insurance fund", _dollars(run, lambda m: m.insurance_quanta)),
                Line("pools", _dollars(run, lambda m: m.pools_quanta)),
                Line("recorded as missing", _dollars(run, lambda m: m.recorded_deficit_quanta)),
            ],
        ),
        "spread": _chart(
            run, "Between best bid and best ask", "ppm of the mark", spreads, is_log=True
        ),
    }
    if forecast is not None:
        charts["forecast"] = _forecast_chart(forecast)
    if attack_profits_quanta:
        charts["both_sides"] = _attack_chart(attack_profits_quanta)
    return {f"{name}.svg": chart.svg() for name, chart in charts.items()}


def _chart(run: Run, title: str, unit: str, lines: list[Line], *, is_log: bool = False) -> Chart:
    spans = [
        Span(phase.name, phase.start_ms / _MINUTE_MS, phase.end_ms / _MINUTE_MS)
        for phase in run.phases
        if phase.name in _SHADED
    ]
    return Chart(title, "minutes", unit, lines, spans, is_log)


def _forecast_chart(picture: Picture) -> Chart:
    hours = [at_s / 3_600 for at_s in picture.at_s]
    lines = [Line("next 10 minutes", list(zip(hours, picture.realised, strict=True)))]
    lines.extend(
        Line(name, list(zip(hours, values, strict=True)))
        for name, values in picture.forecasts.items()
    )
    unit = "ppm, deviation of one second's return"
    return Chart("Volatility: forecast, and what came", "hours", unit, lines)


def _attack_chart(profits_quanta: Mapping[int, int]) -> Chart:
    points = [(percent, quanta / ONE_DOLLAR_QUANTA) for percent, quanta in profits_quanta.items()]
    lines = [Line("profit, after a gap of 40 %", points)]
    return Chart("Attack from both sides", "percent of the open interest", "USD", lines)


def _points(run: Run, value: Callable[[Moment], float | None]) -> list[tuple[float, float | None]]:
    return [(moment.at_ms / _MINUTE_MS, value(moment)) for moment in run.recorder.moments]


def _dollars(run: Run, quanta: Callable[[Moment], int]) -> list[tuple[float, float | None]]:
    return _points(run, lambda moment: quanta(moment) / ONE_DOLLAR_QUANTA)


def _first(run: Run, market_id: int) -> int:
    return run.recorder.moments[0].mark_ticks[market_id]


def _owed_dollars(moment: Moment) -> float:
    return moment.negative_quanta / ONE_DOLLAR_QUANTA


def _known(values: tuple[int | None, ...]) -> list[int]:
    return sorted(value for value in values if value is not None)


def _middle(values: tuple[int | None, ...]) -> int | None:
    known = _known(values)
    return known[len(known) // 2] if known else None
