"""Where the charts draw things: the plane is 306 wide from 36, and 192 high up from 236."""

import math
import re
from xml.etree import ElementTree

import pytest

from changai.evaluation.metrics import Bin, RiskPoint
from changai.pages import charts
from changai.pages.charts import Chart
from support.pages import printed


def _svg(macro: str, *values: object) -> ElementTree.Element:
    svg = printed("pages/templates/charts.html", macro, *values)
    return ElementTree.fromstring(svg)  # noqa: S314


def _drawn(chart: Chart) -> ElementTree.Element:
    return _svg("chart", chart)


def _of(chart: Chart, kind: str) -> list[ElementTree.Element]:
    return [e for e in _drawn(chart).iter() if e.get("class") == kind]


def _points(element: ElementTree.Element) -> list[tuple[float, float]]:
    return [
        (float(x), float(y))
        for x, y in (pair.split(",") for pair in element.get("points", "").split())
    ]


def _texts(chart: Chart) -> list[str | None]:
    return [e.text for e in _drawn(chart).iter("text")]


EMPTY = [Bin(n / 10, (n + 1) / 10, 0, 0.0, 0.0) for n in range(10)]


def test_a_bar_a_bin_as_high_as_its_share_with_its_count() -> None:
    bins = [*EMPTY[:5], Bin(0.5, 0.6, 4, 0.55, 0.75), *EMPTY[6:9], Bin(0.9, 1, 17, 0.95, 0.5)]
    chart = charts.reliability(bins)
    middle, last = _of(chart, "bar")
    assert (middle.get("height"), last.get("height")) == ("144.0", "96.0")
    assert (middle.get("y"), last.get("y")) == ("92.0", "140.0")
    # The sixth tenth of the width, less a gap of 1 on either side.
    assert (middle.get("x"), middle.get("width")) == ("190.0", "28.6")
    assert {"4", "17"} <= set(_texts(chart))
    assert middle[0].text == "可能性 0.5–0.6：4 个问题，平均可能性 0.55，答对 75%"
    # From the share to where it should be, at the mean confidence.
    assert _points(_of(chart, "gap")[0]) == [(204.3, 92.0), (204.3, 130.4)]
    assert _points(_of(chart, "ideal")[0]) == [(36, 236), (342, 44)]


def test_an_empty_bin_is_not_drawn() -> None:
    assert not _of(charts.reliability(EMPTY), "bar")


CURVE = (RiskPoint(0.25, 0), RiskPoint(0.75, 0.1), RiskPoint(1, 0.35))


def test_the_risk_curve_reaches_to_the_next_tenth() -> None:
    chart = charts.risk(CURVE, CURVE[1], 0.55)
    # 0.35 is 7/8 of 0.4.
    assert _points(_of(chart, "curve")[0]) == [(112.5, 236), (265.5, 188), (342, 68)]
    assert _points(_of(chart, "threshold")[0]) == [(265.5, 236), (265.5, 44)]
    (point,) = _drawn(chart).iter("circle")
    assert (point.get("cx"), point.get("cy")) == ("265.5", "188.0")
    texts = _texts(chart)
    assert "默认阈值 0.55：显示 75%，其中 10.0% 是错的" in texts
    assert "40%" in texts[6:]
    assert "50%" not in texts


@pytest.mark.parametrize(("risk", "top"), [(0.0, "10%"), (0.1, "10%"), (0.3, "30%"), (1.0, "100%")])
def test_the_scale_of_risk_ends_at_a_tenth(risk: float, top: str) -> None:
    chart = charts.risk((RiskPoint(1, risk),), None, 0.5)
    shares = [e.text for e in _of(chart, "tick") if e.get("text-anchor") == "end"]
    assert shares[-1] == top


def test_a_threshold_that_nothing_reaches_is_not_drawn() -> None:
    chart = charts.risk((RiskPoint(1, 0.5),), None, 0.99)
    assert not _of(chart, "threshold")
    assert "默认阈值 0.99：没有一个问题显示答案" in _texts(chart)


def test_times_are_counted_and_the_last_bar_holds_what_is_beyond() -> None:
    # 1.5 * 9.2 = 13.8 in 23 bars wants a step of 0.6, so 1; 14 bars and one for the rest.
    chart = charts.latency([1.2, 1.9, 3, 9.2, 13.99, 14, 500], 3.0, 9.2)
    told = [bar[0].text for bar in _of(chart, "bar")]
    assert told == [
        "1–2 毫秒：2 个问题",
        "3–4 毫秒：1 个问题",
        "9–10 毫秒：1 个问题",
        "13–14 毫秒：1 个问题",
        "更久：2 个问题",
    ]
    # 3/15 and 9.2/15 of the width.
    assert [_points(line)[0][0] for line in _of(chart, "threshold")] == [97.2, 223.7]
    assert {"p50 3", "p95 9"} <= set(_texts(chart))


@pytest.mark.parametrize("scale", [0.001, 0.3, 1, 47, 20_000])
def test_any_scale_of_times_gives_a_readable_number_of_bars(scale: float) -> None:
    times = [scale * n / 100 for n in range(1, 101)]
    chart = charts.latency(times, 0.5 * scale, 0.95 * scale)
    bars = _of(chart, "bar")
    assert 8 <= len(bars) <= 24
    counted = [int(re.findall(r"(\d+) 个", bar[0].text or "")[0]) for bar in bars]
    assert sum(counted) == 100
    assert all(math.isfinite(float(bar.get("height", "nan"))) for bar in bars)


def test_a_whisker_spans_its_interval() -> None:
    track, between, value = _svg("whisker", 0.5, 0.25, 0.875)
    assert (track.get("x1"), track.get("x2")) == ("0", "100")
    assert (between.get("x1"), between.get("x2")) == ("25.0", "87.5")
    assert value.get("x1") == value.get("x2") == "50.0"


def test_a_strip_is_as_long_as_its_share() -> None:
    (bar,) = _svg("strip", 0.306)
    assert bar.get("width") == "30.60"


def test_what_a_chart_says_is_text() -> None:
    axis = charts.Axis("<name>", [(0, "<0>")])
    bar = charts.Bar(0, 0, 1, 1, "<told>")
    chart = charts._chart('"<label>', axis, axis, lines=[], texts=[], bars=[bar])
    assert _drawn(chart).get("aria-label") == '"<label>'
    assert _of(chart, "bar")[0][0].text == "<told>"
    assert set(_texts(chart)) == {"<0>", "<name>"}
