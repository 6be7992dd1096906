"""Charts are well-formed, keep extremes and gaps, and do not change."""

from xml.etree import ElementTree as ET

import pytest

from simulation.chart import Chart, Line, Span, thinned

SVG = "{http://www.w3.org/2000/svg}"


def parsed(chart: Chart) -> ET.Element:
    return ET.fromstring(chart.svg())  # noqa: S314 - our own text


@pytest.mark.parametrize("is_log", [False, True])
def test_chart_when_drawn_then_lines_are_broken_at_gaps(is_log: bool) -> None:  # noqa: FBT001
    points = [(0.0, 1.0), (1.0, 20.0), (2.0, None), (3.0, 5.0), (4.0, 0.5)]
    spans = [Span("crash & more", 1, 2)]
    chart = Chart("a < b", "minutes", "USD", [Line("one", points)], spans, is_log)
    root = parsed(chart)
    assert len(root.findall(f"{SVG}polyline")) == 2
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert {"a < b", "crash & more", "one", "minutes; USD"} <= set(texts)
    assert chart.svg() == chart.svg()


@pytest.mark.parametrize(
    "points", [[], [(0.0, None)], [(0.0, 0.0)], [(1.0, -3.0), (2.0, 3.0)], [(5.0, 7.0)] * 3]
)
@pytest.mark.parametrize("is_log", [False, True])
def test_chart_when_there_is_little_to_draw_then_well_formed(
    points: list[tuple[float, float | None]],
    is_log: bool,  # noqa: FBT001
) -> None:
    parsed(Chart("title", "x", "y", [Line("line", points)], (), is_log))


def test_points_when_thinned_then_few_with_extremes_and_gaps() -> None:
    points: list[tuple[float, float | None]] = [(float(i), float(i % 10)) for i in range(4_000)]
    points[1_234] = (1_234.0, 99.0)
    points[2_000:2_100] = [(float(i), None) for i in range(2_000, 2_100)]
    few = thinned(points)
    assert len(few) <= 402
    assert (1_234.0, 99.0) in few
    assert sum(y is None for _, y in few) >= 4
    assert [x for x, _ in few] == sorted(x for x, _ in few)
    assert thinned(points[:300]) == points[:300]
