"""Small line charts as SVG text: axes, lines with gaps, shaded spans, a legend. Nothing random."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 840, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 40, 72
_COLOURS: Final = ("#1f6fb4", "#d1603d", "#2b8a57", "#8a55a8", "#a37a1c", "#5b6770")
# A line of more points is thinned: of each group its highest and lowest stay.
_MOST_POINTS: Final = 400
_N_TICKS: Final = 6
_FONT: Final = "font-family='sans-serif' font-size='12' fill='#333'"

Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line; where a value is None it is broken."""

    name: str
    points: Points


@dataclass(frozen=True, slots=True)
class Span:
    """A shaded part of the horizontal axis."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn. With `is_log` the vertical axis is logarithmic, and 0 is not shown."""

    title: str
    x_name: str
    y_name: str
    lines: Sequence[Line]
    spans: Sequence[Span] = field(default=())
    is_log: bool = False

    def svg(self) -> str:
        """Return the picture."""
        return _Drawing(self).text()


class _Drawing:
    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        points = [point for line in chart.lines for point in line.points]
        self._x_low = min((x for x, _ in points), default=0.0)
        self._x_high = max((x for x, _ in points), default=1.0)
        if self._x_high <= self._x_low:
            self._x_high = self._x_low + 1
        values = [y for _, y in points if y is not None and (y > 0 or not chart.is_log)]
        low, high = min(values, default=0.0), max(values, default=1.0)
        if chart.is_log:
            low = 10.0 ** math.floor(math.log10(low)) if values else 1.0
            high = 10.0 ** math.ceil(math.log10(high)) if values else 10.0
        else:
            low = min(low, 0.0)
        self._y_low, self._y_high = low, high if high > low else low + 1

    def text(self) -> str:
        chart = self._chart
        parts = [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {_HEIGHT}'>",
            f"<rect width='{_WIDTH}' height='{_HEIGHT}' fill='#fff'/>",
            *self._spans(),
            *self._axes(),
            f"<text x='{_LEFT}' y='22' {_FONT} font-weight='bold'>{escape(chart.title)}</text>",
        ]
        for index, line in enumerate(chart.lines):
            parts.extend(self._line(line, _COLOURS[index % len(_COLOURS)]))
        parts.extend(self._legend())
        return "\n".join((*parts, "</svg>", ""))

    def _x(self, value: float) -> float:
        share = (value - self._x_low) / (self._x_high - self._x_low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        low, high = self._y_low, self._y_high
        if self._chart.is_log:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def _spans(self) -> list[str]:
        parts = []
        for span in self._chart.spans:
            left, right = self._x(span.start), self._x(span.end)
            height = _HEIGHT - _TOP - _BOTTOM
            parts.append(
                f"<rect x='{left:.1f}' y='{_TOP}' width='{max(right - left, 1):.1f}' "
                f"height='{height}' fill='#e9e4d8'/>"
                f"<text x='{left + 2:.1f}' y='{_TOP - 4}' {_FONT}>{escape(span.name)}</text>"
            )
        return parts

    def _axes(self) -> list[str]:
        bottom, parts = _HEIGHT - _BOTTOM, []
        for value in self._y_ticks():
            y = self._y(value)
            parts.append(
                f"<line x1='{_LEFT}' x2='{_WIDTH - _RIGHT}' y1='{y:.1f}' y2='{y:.1f}' "
                f"stroke='#ddd'/><text x='{_LEFT - 6}' y='{y + 4:.1f}' text-anchor='end' {_FONT}>"
                f"{_number(value)}</text>"
            )
        for value in _round_ticks(self._x_low, self._x_high):
            x = self._x(value)
            parts.append(
                f"<text x='{x:.1f}' y='{bottom + 16}' text-anchor='middle' {_FONT}>"
                f"{_number(value)}</text>"
            )
        right = _WIDTH - _RIGHT
        parts.append(f"<line x1='{_LEFT}' x2='{right}' y1='{bottom}' y2='{bottom}' stroke='#555'/>")
        names = f"{self._chart.x_name}; {self._chart.y_name}"
        parts.append(
            f"<text x='{_WIDTH - _RIGHT}' y='{bottom + 34}' text-anchor='end' {_FONT}>"
            f"{escape(names)}</text>"
        )
        return parts

    def _y_ticks(self) -> list[float]:
        if not self._chart.is_log:
            return _round_ticks(self._y_low, self._y_high)
        first, last = round(math.log10(self._y_low)), round(math.log10(self._y_high))
        return [10.0**power for power in range(first, last + 1)]

    def _line(self, line: Line, colour: str) -> list[str]:
        parts, piece = [], list[str]()
        for x, y in (*thinned(line.points), (0.0, None)):
            if y is not None and (y > 0 or not self._chart.is_log):
                piece.append(f"{self._x(x):.1f},{self._y(y):.1f}")
                continue
            if piece:
                # A single point is drawn as a dot.
                points = " ".join(piece if len(piece) > 1 else piece * 2)
                parts.append(
                    f"<polyline points='{points}' fill='none' stroke='{colour}' "
                    "stroke-width='1.4' stroke-linecap='round'/>"
                )
            piece = []
        return parts

    def _legend(self) -> list[str]:
        parts, x, y = [], float(_LEFT), _HEIGHT - 14
        for index, line in enumerate(self._chart.lines):
            colour = _COLOURS[index % len(_COLOURS)]
            parts.append(
                f"<line x1='{x:.0f}' x2='{x + 18:.0f}' y1='{y - 4}' y2='{y - 4}' "
                f"stroke='{colour}' stroke-width='3'/>"
                f"<text x='{x + 23:.0f}' y='{y}' {_FONT}>{escape(line.name)}</text>"
            )
            x += 44 + 7 * len(line.name)
        return parts


def thinned(points: Points) -> list[tuple[float, float | None]]:
    """Return at most about `_MOST_POINTS` points, extremes and gaps kept."""
    group = -(-2 * len(points) // _MOST_POINTS)
    if group <= 2:  # noqa: PLR2004 - two points of each group stay
        return list(points)
    found: list[tuple[float, float | None]] = []
    for start in range(0, len(points), group):
        known = [(x, y) for x, y in points[start : start + group] if y is not None]
        if not known:
            found.append((points[start][0], None))
            continue
        ends = {min(known, key=lambda point: point[1]), max(known, key=lambda point: point[1])}
        found.extend(sorted(ends))
    return found


def _round_ticks(low: float, high: float) -> list[float]:
    """Return about `_N_TICKS` round numbers between two."""
    rough = (high - low) / _N_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _number(value: float) -> str:
    for size, suffix in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / (1e3 if suffix == ' k' else size):g}{suffix}"
    return f"{value:g}"
