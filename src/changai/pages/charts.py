"""Charts as SVG for a page that styles them: pure functions on plain numbers.

A chart is drawn in a plane of shares, from 0 to 1 rightwards and upwards, and takes its colours
from the page's style sheet by class.
"""

import math
from collections.abc import Iterable, Sequence

from changai.evaluation.metrics import Bin, RiskPoint

_WIDTH, _HEIGHT = 360, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 18, 44, 44
_TENTHS = [tenth / 10 for tenth in range(11)]
_MOST_BARS = 24

Ticks = Iterable[tuple[float, str]]


def reliability(bins: Sequence[Bin]) -> str:
    """A reliability diagram (Niculescu-Mizil and Caruana, 2005): a bar a bin, as high as its share
    of right outcomes, a line from there to its mean confidence, and its number of outcomes on top.
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
    diagonal = _line("ideal", [(0, 0), (1, 1)])
    return _chart(
        "可靠性图：" + "；".join(f"{b.low:.1f} 起 {b.count} 个，答对 {b.right:.0%}" for b in bins),
        ("可能性", [(t, f"{t:.1f}") for t in _TENTHS]),
        ("前三条答对的比例", [(t, f"{t:.0%}") for t in _TENTHS[::2]]),
        [*bars, diagonal, *gaps, *counts],
    )


def risk(curve: Sequence[RiskPoint], shipped: RiskPoint | None, threshold: float) -> str:
    """A risk-coverage curve, with the point marked at which the default threshold stands."""
    most = math.ceil(max(0.1, *(point.risk for point in curve)) * 10 - 1e-9) / 10
    places = [(point.coverage, point.risk / most) for point in curve]
    drawn = [_line("curve", places)]
    label = f"默认阈值 {threshold:.2f}：没有一个问题显示答案"
    if shipped is not None:
        x, y = shipped.coverage, shipped.risk / most
        label = f"默认阈值 {threshold:.2f}：显示 {x:.0%}，其中 {shipped.risk:.1%} 是错的"
        drawn.append(_line("threshold", [(x, 0), (x, 1)]))
        drawn.append(f'<circle cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="5"/>')
    drawn.append(_text(1, 1, label, dy=-8, side="end", kind="told"))
    return _chart(
        f"风险与覆盖曲线；{label}",
        ("显示答案的问题占全部的比例", [(t, f"{t:.0%}") for t in _TENTHS[::2]]),
        ("其中错的", [(t / most, f"{t:.0%}") for t in _TENTHS if t <= most]),
        drawn,
    )


def latency(milliseconds: Sequence[float], p50: float, p95: float) -> str:
    """A histogram of times, with two percentiles marked; the last bar holds all that is beyond."""
    step = _round_step(1.5 * p95 / (_MOST_BARS - 1))
    bars = math.ceil(1.5 * p95 / step) + 1
    counts = [0] * bars
    for each in milliseconds:
        counts[min(int(each / step), bars - 1)] += 1
    last = (bars - 1) * step
    y_step = max(1, _round_step(max(counts) / 5))
    most = math.ceil(max(counts) / y_step) * y_step
    drawn = [
        _bar(
            number / bars,
            (number + 1) / bars,
            count / most,
            (f"{number * step:g}–{(number + 1) * step:g} 毫秒" if number < bars - 1 else "更久")
            + f"：{count} 个问题",
        )
        for number, count in enumerate(counts)
        if count
    ]
    for value, name, side in ((p50, "p50", "end"), (p95, "p95", "start")):
        share = value / step / bars
        drawn.append(_line("threshold", [(share, 0), (share, 1)]))
        drawn.append(_text(share, 1, f"{name} {value:.0f}", dy=-8, side=side, kind="told"))
    every = math.ceil(bars / 7)
    return _chart(
        f"耗时的分布：p50 {p50:.0f} 毫秒，p95 {p95:.0f} 毫秒，{counts[-1]} 个超过 {last:g} 毫秒",
        (
            f"毫秒（最右一格是 {last:g} 以上的）",
            [(n / bars, f"{n * step:g}") for n in range(0, bars, every)],
        ),
        ("问题数", [(n / most, f"{n:g}") for n in range(0, int(most) + 1, int(y_step))]),
        drawn,
    )


def whisker(value: float, low: float, high: float) -> str:
    """A value between 0 and 1 with its interval, as a small drawing for a table's cell."""
    width, middle = 100, 7
    return (
        f'<svg class="whisker" viewBox="-5 0 {width + 10} 14" aria-hidden="true">'
        f'<line class="track" x1="0" x2="{width}" y1="{middle}" y2="{middle}"/>'
        f'<line class="range" x1="{low * width:.1f}" x2="{high * width:.1f}" '
        f'y1="{middle}" y2="{middle}"/>'
        f'<line class="point" x1="{value * width:.1f}" x2="{value * width:.1f}" '
        'y1="1" y2="13"/></svg>'
    )


def strip(share: float) -> str:
    """A share from 0 to 1 as a bar as wide as its place on the page, beside the number in words."""
    return (
        '<svg class="strip" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="bar" width="{100 * share:.2f}" height="6"/></svg>'
    )


def _chart(label: str, x: tuple[str, Ticks], y: tuple[str, Ticks], drawn: Iterable[str]) -> str:
    """The frame of a chart, with the names and ticks of its axes, around what is drawn in it."""
    x_name, x_ticks = x
    y_name, y_ticks = y
    grid = [_line("grid", [(0, share), (1, share)]) for share, _ in y_ticks]
    x_labels = [_text(share, 0, text, dy=17) for share, text in x_ticks]
    y_labels = [
        f'<text class="tick" x="{_LEFT - 5}" y="{_y(share) + 4:.1f}" text-anchor="end">'
        f"{text}</text>"
        for share, text in y_ticks
    ]
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(grid)}{''.join(drawn)}{_line('axis', [(0, 0), (1, 0)])}"
        f"{''.join(x_labels)}{''.join(y_labels)}"
        f'<text class="name" x="4" y="13">{y_name}</text>'
        f'<text class="name" x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 6}" text-anchor="end">{x_name}'
        "</text></svg>"
    )


def _bar(left: float, right: float, height: float, told: str) -> str:
    x, width = _x(left) + 1, _x(right) - _x(left) - 2
    return (
        f'<rect class="bar" x="{x:.1f}" y="{_y(height):.1f}" width="{width:.1f}" '
        f'height="{_y(0) - _y(height):.1f}"><title>{told}</title></rect>'
    )


def _line(kind: str, places: Iterable[tuple[float, ...]]) -> str:
    points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in places)
    return f'<polyline class="{kind}" points="{points}"/>'


def _text(
    x: float, y: float, text: str, *, dy: float, side: str = "middle", kind: str = "tick"
) -> str:
    """A text whose ``side`` (start, middle, end) stands at ``x``, and ``dy`` below ``y``."""
    return (
        f'<text class="{kind}" x="{_x(x):.1f}" y="{_y(y) + dy:.1f}" text-anchor="{side}">'
        f"{text}</text>"
    )


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _round_step(least: float) -> float:
    """The least of …, 0.1, 0.2, 0.5, 1, 2, 5, 10, … that is not below ``least``."""
    decade = 10.0 ** math.floor(math.log10(least))
    return next(f * decade for f in (1, 2, 5, 10) if f * decade >= least)
