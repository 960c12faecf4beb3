"""An evaluation as one HTML page that stands alone: no script, and nothing to be fetched.

Pure functions. Every text from outside goes through ``html.escape``.
"""

from collections.abc import Iterable, Sequence
from html import escape

from changai.evaluation import metrics
from changai.evaluation.intervals import Interval
from changai.evaluation.metrics import KindRow, Report
from changai.evaluation.outcomes import Evaluation
from changai.pages import charts, failures, markup

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
"""The share of FAQ questions that goes without saying: misspelt, short ones coincide."""

_NAMED = 5
"""How many of the questions that could not be used are named."""


def page(evaluation: Evaluation, file: str, made: str, left_out: Sequence[str] = ()) -> str:
    """The page of an evaluation of the questions in ``file``, made on the day ``made``; the
    questions ``left_out`` could not be used."""
    outcomes = evaluation.outcomes
    report = metrics.summarise(outcomes)
    documents = {passage.document.id for passage in evaluation.passages}
    body = f"""<header>
<h1>产改问答测评</h1>
<p class="soft">问题文件 {escape(file)}：{report.questions} 个问题，\
能回答的 {report.answerable} 个，不能回答的 {report.questions - report.answerable} 个。\
收录文章 {len(documents)} 篇，共 {len(evaluation.passages)} 段。{escape(made)} 测。\
{faq_among(evaluation)}{escape(told_left_out(left_out))}</p>
</header>
<main>
<section>
<h2>指标</h2>
<p class="soft">数值后面是 95% 区间：真正的水平多半在其中；问题越少，区间越宽，太少的没有。\
校准误差的区间算不准，不列。\
默认阈值是 {evaluation.threshold:.2f}：可能性不低于它，就当作有答案。</p>
{_figures(report, metrics.uncertainty(outcomes))}
</section>
<section>
<h2>各类问题</h2>
<p class="soft">高亮是第一条正确、高亮的那句又完整含有答案原话的比例，可能性是平均值。\
题数少的，比例只供参考。</p>
{_kinds(metrics.by_kind(outcomes))}
</section>
{_charts(evaluation, report)}
<section>
<h2>逐个看失误</h2>
<p class="soft">点开一个问题，左边是应当引用的原文，右边是实际排第一的原文，都照录不改。\
一个问题有几种失误的，各组里都列。</p>
{failures.groups(evaluation)}
</section>
</main>"""
    return markup.page(f"产改问答测评：{file}", "report.css", body)


def faq_among(evaluation: Evaluation) -> str:
    """That questions of the FAQ are among those asked, in a sentence; empty where they are too few
    to move the figures."""
    if evaluation.in_faq <= _FEW * len(evaluation.outcomes):
        return ""
    return (
        f"注意：{len(evaluation.outcomes)} 个问题里有 {evaluation.in_faq} 个"
        "就是文章自带的已知问题，指标因此偏高；要知道新问题答得怎样，请另写问题来测。"
    )


def told_left_out(names: Sequence[str]) -> str:
    """That some questions could not be used, and which, in a sentence; empty for none."""
    if not names:
        return ""
    first = "、".join(names[:_NAMED]) + ("等" if len(names) > _NAMED else "")
    return (
        f"注意：有 {len(names)} 个问题没有用上，因为问题是空的，或者答案不在它的段落里：{first}。"
    )


def _figures(report: Report, intervals: dict[str, Interval]) -> str:
    rows = []
    for name, label, unit, explanation in _FIGURES:
        value, interval = getattr(report, name), intervals.get(name)
        between = "—"
        if interval is not None:
            between = f"<span>{_shown(interval[0], unit)} – {_shown(interval[1], unit)}</span>"
            if unit != _TIME:
                between = charts.whisker(value, *interval) + between
        rows.append(
            f'<tr><th scope="row">{label}</th>'
            f'<td class="value number">{_shown(value, unit)}</td>'
            f'<td class="interval">{between}</td><td class="what">{explanation}</td></tr>'
        )
    return (
        '<table class="figures"><thead><tr><th scope="col">指标</th>'
        '<th scope="col" class="number">数值</th><th scope="col">95% 区间</th>'
        f'<th scope="col">意思</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "—"
    return {
        _PERCENT: f"{value:.1%}",
        _SHARE: f"{value:.3f}",
        _TIME: f"{value:.0f} 毫秒",
    }[unit]


def _kinds(rows: Iterable[KindRow]) -> str:
    """A table of the kinds of answerable questions, and one of the others."""
    answerable, others = [], []
    for row in rows:
        report = row.report
        if row.answerable:
            shares = (
                report.recall_at_1,
                report.recall_at_3,
                report.highlight_rate,
                report.false_refusal_rate,
            )
            answerable.append(_kind_row(row, shares))
        else:
            others.append(_kind_row(row, (report.false_answer_rate,)))
    return (
        '<div class="kinds">'
        + _kind_table("能回答的", ("R@1", "R@3", "高亮", "误拒"), answerable)
        + _kind_table("不能回答的", ("误答",), others)
        + "</div>"
    )


def _kind_table(title: str, columns: Iterable[str], rows: Sequence[str]) -> str:
    if not rows:
        return ""
    heads = "".join(
        f'<th scope="col" class="number">{column}</th>' for column in ("题数", *columns, "可能性")
    )
    return (
        f'<table><thead><tr><th scope="col">{title}</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _kind_row(row: KindRow, shares: Iterable[float | None]) -> str:
    return (
        f'<tr><th scope="row">{failures.kind_name(row.kind)}</th>'
        f'<td class="number">{row.report.questions}</td>{"".join(map(_share_cell, shares))}'
        f'<td class="number">{row.mean_confidence:.2f}</td></tr>'
    )


def _share_cell(share: float | None) -> str:
    if share is None:
        return '<td class="number">—</td>'
    return f'<td class="number" style="--share:{share:.3f}">{share:.0%}</td>'


def _charts(evaluation: Evaluation, report: Report) -> str:
    outcomes = evaluation.outcomes
    shipped = metrics.risk_as_shipped(outcomes)
    drawn = (
        (
            "可能性说得准吗",
            charts.reliability(metrics.calibration(outcomes)),
            "把问题按所说的可能性分成十格：柱高是答对的比例（能回答，且前三条中有含答案的；"
            "不能回答的一律算没答对），最上一排是问题数。虚线是说得正好；红线是差距，"
            f"按问题数平均是校准误差（ECE）{_shown(report.calibration_error, _SHARE)}。",
        ),
        (
            "把关松紧与对错",
            charts.risk(metrics.risk_curve(outcomes), shipped, evaluation.threshold),
            "从最有把握的问题开始显示答案，越往右显示得越多。纵轴是显示出来的答案里错的比例："
            "不能回答却显示了，或第一条不对。",
        ),
        (
            "答得快吗",
            charts.latency(
                [1000 * outcome.seconds for outcome in outcomes],
                report.latency_p50_ms,
                report.latency_p95_ms,
            ),
            "每个问题从提出到答完的时间，在运行测评的机器上逐个测得，与机器的快慢有关。",
        ),
    )
    return "".join(
        [
            '<section class="charts">',
            *(
                f'<figure class="card"><h2>{title}</h2>{chart}'
                f"<figcaption>{caption}</figcaption></figure>"
                for title, chart, caption in drawn
            ),
            "</section>",
        ]
    )
