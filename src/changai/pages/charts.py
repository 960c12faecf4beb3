"""Computes the shapes of charts for the template ``charts.html``, with pure functions.

Positions in a chart are shares from 0 to 1, to the right and upwards. The shapes are in SVG units,
rounded to a tenth.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from changai.evaluation.metrics import Bin, RiskPoint

_WIDTH, _HEIGHT = 360, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 36.0, 18.0, 44.0, 44.0
_TENTHS = [tenth / 10 for tenth in range(11)]
_MOST_BARS = 24

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, by its upper left corner and its size, with its description."""

    x: float
    y: float
    width: float
    height: float
    told: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line through several points. ``kind`` is its class in the style sheet."""

    kind: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text whose ``side`` (start, middle or end) is at ``x``."""

    kind: str
    x: float
    y: float
    side: str
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The name of an axis, and the shares of its length at which it has labels."""

    name: str
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Chart:
    """The shapes of a chart, in drawing order. ``label`` describes it for screen readers."""

    label: str
    grid: Sequence[Line]
    bars: Sequence[Bar]
    lines: Sequence[Line]
    points: Sequence[Place]
    texts: Sequence[Text]
    width: int = _WIDTH
    height: int = _HEIGHT


def reliability(bins: Sequence[Bin]) -> Chart:
    """A reliability diagram (Niculescu-Mizil and Caruana, 2005).

    Each bin has a bar as high as its share of right outcomes, a line from there to its mean
    confidence, and its number of outcomes on top.
    """
    bars, gaps, counts = [], [], []
    for each in bins:
        if not each.count:
            continue
        told = (
            f"可能性 {each.low:.1f}–{each.high:.1f}：{each.count} 个问题，"
            f"平均可能性 {each.confidence:.2f}，答对 {each.right:.0%}"
        )
        bars.append(_bar(each.low, each.high, each.right, told))
        gaps.append(_line("gap", [(each.confidence, each.right), (each.confidence,) * 2]))
        counts.append(_text((each.low + each.high) / 2, 1, str(each.count), dy=-8))
    return _chart(
        "可靠性图：" + "；".join(f"{b.low:.1f} 起 {b.count} 个，答对 {b.right:.0%}" for b in bins),
        Axis("可能性", [(t, f"{t:.1f}") for t in _TENTHS]),
        Axis("前三条答对的比例", [(t, f"{t:.0%}") for t in _TENTHS[::2]]),
        bars=bars,
        lines=[_line("ideal", [(0, 0), (1, 1)]), *gaps],
        texts=counts,
    )


def risk(curve: Sequence[RiskPoint], shipped: RiskPoint | None, threshold: float) -> Chart:
    """A risk-coverage curve, with a mark at the default threshold."""
    most = math.ceil(max(0.1, *(point.risk for point in curve)) * 10 - 1e-9) / 10
    lines = [_line("curve", [(point.coverage, point.risk / most) for point in curve])]
    points = []
    label = f"默认阈值 {threshold:.2f}：没有一个问题显示答案"
    if shipped is not None:
        x, y = shipped.coverage, shipped.risk / most
        label = f"默认阈值 {threshold:.2f}：显示 {x:.0%}，其中 {shipped.risk:.1%} 是错的"
        lines.append(_line("threshold", [(x, 0), (x, 1)]))
        points.append(_place(x, y))
    return _chart(
        f"风险与覆盖曲线；{label}",
        Axis("显示答案的问题占全部的比例", [(t, f"{t:.0%}") for t in _TENTHS[::2]]),
        Axis("其中错的", [(t / most, f"{t:.0%}") for t in _TENTHS if t <= most]),
        lines=lines,
        points=points,
        texts=[_text(1, 1, label, dy=-8, side="end", kind="told")],
    )


def latency(milliseconds: Sequence[float], p50: float, p95: float) -> Chart:
    """A histogram of times, with two percentiles marked. The last bar holds all longer times."""
    step = _round_step(1.5 * p95 / (_MOST_BARS - 1))
    number = math.ceil(1.5 * p95 / step) + 1
    counts = [0] * number
    for each in milliseconds:
        counts[min(int(each / step), number - 1)] += 1
    last = (number - 1) * step
    y_step = max(1, _round_step(max(counts) / 5))
    most = math.ceil(max(counts) / y_step) * y_step
    bars = [
        _bar(
            place / number,
            (place + 1) / number,
            count / most,
            (f"{place * step:g}–{(place + 1) * step:g} 毫秒" if place < number - 1 else "更久")
            + f"：{count} 个问题",
        )
        for place, count in enumerate(counts)
        if count
    ]
    lines, texts = [], []
    for value, name, side in ((p50, "p50", "end"), (p95, "p95", "start")):
        share = value / step / number
        lines.append(_line("threshold", [(share, 0), (share, 1)]))
        texts.append(_text(share, 1, f"{name} {value:.0f}", dy=-8, side=side, kind="told"))
    every = math.ceil(number / 7)
    return _chart(
        f"耗时的分布：p50 {p50:.0f} 毫秒，p95 {p95:.0f} 毫秒，{counts[-1]} 个超过 {last:g} 毫秒",
        Axis(
            f"毫秒（最右一格是 {last:g} 以上的）",
            [(n / number, f"{n * step:g}") for n in range(0, number, every)],
        ),
        Axis("问题数", [(n / most, f"{n:g}") for n in range(0, int(most) + 1, int(y_step))]),
        bars=bars,
        lines=lines,
        texts=texts,
    )


def _chart(
    label: str,
    x: Axis,
    y: Axis,
    *,
    lines: Iterable[Line],
    texts: Iterable[Text],
    bars: Sequence[Bar] = (),
    points: Sequence[Place] = (),
) -> Chart:
    """A chart of these shapes, with its axes, their names and their labels."""
    names = [
        Text("name", 4, 13, "start", y.name),
        Text("name", _WIDTH - _RIGHT, _HEIGHT - 6, "end", x.name),
    ]
    return Chart(
        label,
        grid=[_line("grid", [(0, share), (1, share)]) for share, _ in y.ticks],
        bars=bars,
        lines=[*lines, _line("axis", [(0, 0), (1, 0)])],
        points=points,
        texts=[
            *texts,
            *(_text(share, 0, text, dy=17) for share, text in x.ticks),
            *(_text(0, share, text, dx=-5, dy=4, side="end") for share, text in y.ticks),
            *names,
        ],
    )


def _bar(left: float, right: float, height: float, told: str) -> Bar:
    (x, y), (end, foot) = _exact(left, height), _exact(right, 0)
    return Bar(round(x + 1, 1), round(y, 1), round(end - x - 2, 1), round(foot - y, 1), told)


def _line(kind: str, places: Iterable[Place]) -> Line:
    return Line(kind, tuple(_place(x, y) for x, y in places))


def _text(
    x: float,
    y: float,
    text: str,
    *,
    dx: float = 0,
    dy: float,
    side: str = "middle",
    kind: str = "tick",
) -> Text:
    """A text at the shares ``x`` and ``y``, moved right by ``dx`` and down by ``dy`` SVG units."""
    across, down = _exact(x, y)
    return Text(kind, round(across + dx, 1), round(down + dy, 1), side, text)


def _place(x: float, y: float) -> Place:
    across, down = _exact(x, y)
    return round(across, 1), round(down, 1)


def _exact(x: float, y: float) -> Place:
    return (
        _LEFT + x * (_WIDTH - _LEFT - _RIGHT),
        _HEIGHT - _BOTTOM - y * (_HEIGHT - _TOP - _BOTTOM),
    )


def _round_step(least: float) -> float:
    """The smallest of …, 0.1, 0.2, 0.5, 1, 2, 5, 10, … that is at least ``least``."""
    decade = 10.0 ** math.floor(math.log10(least))
    return next(f * decade for f in (1, 2, 5, 10) if f * decade >= least)
