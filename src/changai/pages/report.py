"""Renders an evaluation as one self-contained HTML page, with pure functions.

The page has no script and loads nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from changai.evaluation import metrics
from changai.evaluation.intervals import Interval
from changai.evaluation.metrics import KindRow, Report
from changai.evaluation.outcomes import Evaluation
from changai.pages import charts, failures
from changai.pages.rendering import render

_PERCENT, _SHARE, _TIME = "percent", "share", "time"

_FIGURES = (
    (
        "recall_at_1",
        "第一条就对（R@1）",
        _PERCENT,
        "能回答的问题里，排第一的段落含有答案的比例。越高越好。",
    ),
    (
        "recall_at_3",
        "前三条有对的（R@3）",
        _PERCENT,
        "能回答的问题里，前三条中至少一条含有答案的比例。越高越好。",
    ),
    (
        "mrr_at_10",
        "平均倒数排名（MRR@10）",
        _SHARE,
        "含有答案的段落排第一得 1，排第二得 1/2，依此类推，前十没有得 0，再平均。越高越好。",
    ),
    (
        "coverage_auroc",
        "分清能否回答（AUROC）",
        _SHARE,
        "任取一个能回答的和一个不能回答的问题，给前者的可能性更高的机会。"
        "0.5 等于瞎猜，1 是全分清。",
    ),
    (
        "coverage_auroc_near",
        "分清相近的问题（AUROC）",
        _SHARE,
        "同上，但不能回答的只取与文章题目相近的（题型 near，或 SQuAD 里抽去原段的），最难分清。",
    ),
    (
        "false_answer_rate",
        "误答",
        _PERCENT,
        "不能回答的问题里，仍当作有答案显示的比例，按默认阈值。越低越好。",
    ),
    (
        "false_refusal_rate",
        "误拒",
        _PERCENT,
        "能回答的问题里，却说“文章未提及”的比例，按默认阈值。越低越好。",
    ),
    (
        "highlight_rate",
        "高亮含答案",
        _PERCENT,
        "能回答的问题里，第一条是对的、高亮的那句又完整含有答案原话的比例。越高越好。",
    ),
    (
        "calibration_error",
        "校准误差（ECE）",
        _SHARE,
        "所说的可能性与实际答对的比例平均差多少，见下面的可靠性图。越低越好。",
    ),
    ("latency_p50_ms", "耗时中位数（p50）", _TIME, "一半的问题在这个时间以内答完。越低越好。"),
    ("latency_p95_ms", "耗时（p95）", _TIME, "95% 的问题在这个时间以内答完。越低越好。"),
)

_FEW = 0.01
"""The share of FAQ questions that needs no remark: short, misspelt questions may coincide."""

_NAMED = 5
"""How many of the unusable questions are named."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """A row of the table of metrics. ``value`` and ``between``, its interval, are as shown, and the
    interval may be empty. ``drawn`` has both as numbers, if they can be drawn."""

    label: str
    value: str
    between: str
    drawn: tuple[float, float, float] | None
    explanation: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """A row of a table of kinds."""

    name: str
    questions: int
    shares: tuple[float | None, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class _KindTable:
    """The kinds of questions with the same metrics. ``columns`` names the metrics."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[_Kind]


def page(evaluation: Evaluation, file: str, made: str, left_out: Sequence[str] = ()) -> str:
    """The page of an evaluation with the questions in ``file``. ``made`` is the day of the
    evaluation, and ``left_out`` are the questions that could not be used."""
    outcomes = evaluation.outcomes
    report = metrics.summarise(outcomes)
    shipped = metrics.risk_as_shipped(outcomes)
    milliseconds = [1000 * outcome.seconds for outcome in outcomes]
    return render(
        "pages/templates/report.html",
        file=file,
        made=made,
        report=report,
        documents=len({passage.document.id for passage in evaluation.passages}),
        passages=len(evaluation.passages),
        faq=faq_among(evaluation),
        left_out=told_left_out(left_out),
        threshold=evaluation.threshold,
        figures=_figures(report, metrics.uncertainty(outcomes)),
        kinds=_kinds(metrics.by_kind(outcomes)),
        reliability=charts.reliability(metrics.calibration(outcomes)),
        calibration_error=_shown(report.calibration_error, _SHARE),
        risk=charts.risk(metrics.risk_curve(outcomes), shipped, evaluation.threshold),
        latency=charts.latency(milliseconds, report.latency_p50_ms, report.latency_p95_ms),
        groups=failures.groups(evaluation),
    )


def faq_among(evaluation: Evaluation) -> str:
    """A warning that some questions are in the FAQ; empty if they are too few to change the
    metrics."""
    if evaluation.in_faq <= _FEW * len(evaluation.outcomes):
        return ""
    return (
        f"注意：{len(evaluation.outcomes)} 个问题里有 {evaluation.in_faq} 个"
        "就是文章自带的已知问题，指标因此偏高；要知道新问题答得怎样，请另写问题来测。"
    )


def told_left_out(names: Sequence[str]) -> str:
    """A warning that names the questions that could not be used; empty if there are none."""
    if not names:
        return ""
    first = "、".join(names[:_NAMED]) + ("等" if len(names) > _NAMED else "")
    why = "没有文字、太长，或者答案不在它的段落里"
    return f"注意：有 {len(names)} 个问题没有用上，因为{why}：{first}。"


def _figures(report: Report, intervals: dict[str, Interval]) -> list[_Figure]:
    rows = []
    for name, label, unit, explanation in _FIGURES:
        value, interval = getattr(report, name), intervals.get(name)
        between, drawn = "", None
        if interval is not None:
            between = f"{_shown(interval[0], unit)} – {_shown(interval[1], unit)}"
            drawn = None if unit == _TIME else (value, *interval)
        rows.append(_Figure(label, _shown(value, unit), between, drawn, explanation))
    return rows


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "—"
    return {
        _PERCENT: f"{value:.1%}",
        _SHARE: f"{value:.3f}",
        _TIME: f"{value:.0f} 毫秒",
    }[unit]


def _kinds(rows: Iterable[KindRow]) -> list[_KindTable]:
    """One table for the kinds of answerable questions and one for the others, if not empty."""
    answerable: list[_Kind] = []
    others: list[_Kind] = []
    for row in rows:
        report = row.report
        shares: tuple[float | None, ...]
        if row.answerable:
            shares = (
                report.recall_at_1,
                report.recall_at_3,
                report.highlight_rate,
                report.false_refusal_rate,
            )
        else:
            shares = (report.false_answer_rate,)
        kind = _Kind(failures.kind_name(row.kind), report.questions, shares, row.mean_confidence)
        (answerable if row.answerable else others).append(kind)
    tables = (
        _KindTable("能回答的", ("R@1", "R@3", "高亮", "误拒"), answerable),
        _KindTable("不能回答的", ("误答",), others),
    )
    return [table for table in tables if table.rows]
