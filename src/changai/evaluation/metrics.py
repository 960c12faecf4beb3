"""Metrics: pure functions on the outcomes of an evaluation.

An outcome is *right* if one of the first three citations answers the question. It is never right
for a question that the corpus does not answer. Confidence is the predicted probability of this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from changai.evaluation import intervals
from changai.evaluation.intervals import Interval
from changai.evaluation.outcomes import Outcome

Array = npt.NDArray[Any]

BINS = 10
"""The number of equal bins of confidence, for calibration."""

NEAR = frozenset({"near", "left-out"})
"""The kinds of unanswerable questions that are near the corpus's topic."""


@dataclass(frozen=True, slots=True)
class Report:
    """The metrics of an evaluation.

    ``recall_at_1``, ``recall_at_3``, ``mrr_at_10`` (Voorhees, 1999) and ``false_refusal_rate`` are
    over the answerable questions, ``highlight_rate`` over those of them whose answering words are
    known. ``coverage_auroc`` is the chance that an answerable question has a higher confidence
    than an unanswerable one; ``coverage_auroc_near``, than one of a kind in ``NEAR``. A metric is
    None if there are no questions to compute it from. Latencies are in milliseconds.
    """

    questions: int
    answerable: int
    recall_at_1: float | None
    recall_at_3: float | None
    mrr_at_10: float | None
    coverage_auroc: float | None
    coverage_auroc_near: float | None
    false_answer_rate: float | None
    false_refusal_rate: float | None
    highlight_rate: float | None
    calibration_error: float | None
    latency_p50_ms: float
    latency_p95_ms: float


@dataclass(frozen=True, slots=True)
class KindRow:
    """The metrics of the questions of one kind, all answerable or all not."""

    kind: str
    answerable: bool
    report: Report
    mean_confidence: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The outcomes with a confidence from ``low`` to below ``high`` (1 belongs to the last bin):
    their number, mean confidence, and share that is right; both 0 in an empty bin."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """If only the most confident share ``coverage`` of the questions were answered, the share
    ``risk`` of these answers would be wrong."""

    coverage: float
    risk: float


class Fault(Enum):
    """Why an outcome is a failure."""

    FALSE_ANSWER = "误答"
    WRONG_FIRST = "第一条不对"
    FALSE_REFUSAL = "误拒"
    HIGHLIGHT = "高亮未含答案"


@dataclass(frozen=True, slots=True)
class _Columns:
    """The outcomes as arrays, each with one value for each outcome, in order."""

    answerable: Array
    near: Array
    worded: Array
    rank: Array
    highlighted: Array
    covered: Array
    confidence: Array
    milliseconds: Array
    right: Array
    wrong_if_shown: Array


def summarise(outcomes: Sequence[Outcome]) -> Report:
    """The metrics of one or more outcomes."""
    columns = _columns(outcomes)
    p50, p95 = np.percentile(columns.milliseconds, [50, 95])
    proportions = {name: _mean(values) for name, values in _proportions(columns).items()}
    compared = columns.answerable | columns.near
    return Report(
        questions=len(outcomes),
        answerable=int(columns.answerable.sum()),
        mrr_at_10=_mean(_reciprocal_ranks(columns)),
        coverage_auroc=auroc(columns.confidence, columns.answerable),
        coverage_auroc_near=auroc(columns.confidence[compared], columns.answerable[compared]),
        calibration_error=_calibration_error(_calibration_rows(columns)),
        latency_p50_ms=float(p50),
        latency_p95_ms=float(p95),
        **proportions,
    )


def auroc(scores: Array, positive: Array) -> float | None:
    """The chance that a positive scores above a negative, with ties counting half (Mann and
    Whitney, 1947); None if there are no positives or no negatives.

    ``scores`` and the booleans ``positive`` have the same length.
    """
    above, below = scores[positive], np.sort(scores[~positive])
    if not len(above) or not len(below):
        return None
    beaten = np.searchsorted(below, above, side="left")
    beaten_or_tied = np.searchsorted(below, above, side="right")
    return float((beaten + beaten_or_tied).sum() / (2 * len(above) * len(below)))


def uncertainty(outcomes: Sequence[Outcome]) -> dict[str, Interval]:
    """The 95 % intervals of the metrics of ``Report`` that have one, by the metric's name.

    They are Wilson's for proportions, Hanley and McNeil's for areas, from order statistics for
    latencies if there are enough of them, and by bootstrap for ``mrr_at_10`` if there are two or
    more questions. The calibration error has none: as a sum of distances it is biased upwards, and
    resampling increases the bias, so that a bootstrap interval may not contain the error itself
    (Kumar, Liang and Ma, "Verified uncertainty calibration", 2019, section 4).
    """
    columns = _columns(outcomes)
    report = summarise(outcomes)
    found = {name: intervals.wilson(v) for name, v in _proportions(columns).items() if len(v)}
    unanswerable = len(outcomes) - report.answerable
    for name, area, negatives in (
        ("coverage_auroc", report.coverage_auroc, unanswerable),
        ("coverage_auroc_near", report.coverage_auroc_near, int(columns.near.sum())),
    ):
        if area is not None:
            found[name] = intervals.auroc(area, report.answerable, negatives)
    if report.answerable > 1:
        found["mrr_at_10"] = intervals.mean(_reciprocal_ranks(columns))
    for name, share in (("latency_p50_ms", 0.5), ("latency_p95_ms", 0.95)):
        if interval := intervals.quantile(columns.milliseconds, share):
            found[name] = interval
    return found


def by_kind(outcomes: Sequence[Outcome]) -> tuple[KindRow, ...]:
    """The metrics of each kind: answerable kinds first, then by falling number of questions."""
    groups: dict[tuple[bool, str], list[Outcome]] = {}
    for outcome in outcomes:
        question = outcome.question
        groups.setdefault((question.answerable, question.kind), []).append(outcome)
    rows = [
        KindRow(
            kind,
            answerable,
            summarise(group),
            float(np.mean([outcome.answer.confidence for outcome in group])),
        )
        for (answerable, kind), group in groups.items()
    ]
    return tuple(sorted(rows, key=lambda row: (not row.answerable, -row.report.questions)))


def calibration(outcomes: Sequence[Outcome]) -> tuple[Bin, ...]:
    """The ``BINS`` bins of a reliability diagram: confidence against the share that is right."""
    return _bins(_calibration_rows(_columns(outcomes)))


def risk_curve(outcomes: Sequence[Outcome]) -> tuple[RiskPoint, ...]:
    """The risk-coverage curve, by rising coverage; outcomes of equal confidence share a point.

    An answer is wrong if the question is unanswerable, or if the first passage does not answer it.
    El-Yaniv and Wiener, "On the foundations of noise-free selective classification", 2010.
    """
    columns = _columns(outcomes)
    order = np.argsort(-columns.confidence, kind="stable")
    confidence = columns.confidence[order]
    wrong = np.cumsum(columns.wrong_if_shown[order])
    last_of_equals = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True))
    return tuple(
        RiskPoint((last + 1) / len(order), float(wrong[last]) / (last + 1))
        for last in last_of_equals.tolist()
    )


def risk_as_shipped(outcomes: Sequence[Outcome]) -> RiskPoint | None:
    """The point of the curve that the model's own threshold gives; None if nothing was answered."""
    columns = _columns(outcomes)
    wrong = columns.wrong_if_shown[columns.covered]
    return RiskPoint(float(columns.covered.mean()), float(wrong.mean())) if len(wrong) else None


def faults(outcome: Outcome) -> tuple[Fault, ...]:
    """What is wrong with an outcome, in the order of ``Fault``; empty if nothing is."""
    question, answer = outcome.question, outcome.answer
    holds = {
        Fault.FALSE_ANSWER: not question.answerable and answer.covered,
        Fault.WRONG_FIRST: question.answerable and outcome.rank != 1,
        Fault.FALSE_REFUSAL: question.answerable and not answer.covered,
        Fault.HIGHLIGHT: outcome.rank == 1 and bool(question.answers) and not outcome.highlighted,
    }
    return tuple(fault for fault in Fault if holds[fault])


def _columns(outcomes: Sequence[Outcome]) -> _Columns:
    questions = [outcome.question for outcome in outcomes]
    answerable = np.array([question.answerable for question in questions], dtype=bool)
    rank = np.array([outcome.rank for outcome in outcomes])
    return _Columns(
        answerable=answerable,
        right=answerable & (rank >= 1) & (rank <= 3),
        wrong_if_shown=~answerable | (rank != 1),
        near=~answerable & np.array([question.kind in NEAR for question in questions]),
        worded=answerable & np.array([bool(question.answers) for question in questions]),
        rank=rank,
        highlighted=np.array([outcome.highlighted for outcome in outcomes]),
        covered=np.array([outcome.answer.covered for outcome in outcomes]),
        confidence=np.array([outcome.answer.confidence for outcome in outcomes]),
        milliseconds=1000 * np.array([outcome.seconds for outcome in outcomes]),
    )


def _proportions(columns: _Columns) -> dict[str, Array]:
    """The booleans that each proportion of ``Report`` is the mean of."""
    return {
        "recall_at_1": columns.rank[columns.answerable] == 1,
        "recall_at_3": columns.right[columns.answerable],
        "false_answer_rate": columns.covered[~columns.answerable],
        "false_refusal_rate": ~columns.covered[columns.answerable],
        "highlight_rate": columns.highlighted[columns.worded],
    }


def _reciprocal_ranks(columns: _Columns) -> Array:
    rank = columns.rank[columns.answerable]
    return np.where(rank > 0, 1 / np.maximum(rank, 1), 0)


def _calibration_rows(columns: _Columns) -> Array:
    """The confidence of each outcome, and whether it is right: of shape ``(outcomes, 2)``."""
    return np.stack([columns.confidence, columns.right], axis=1)


def _bins(rows: Array) -> tuple[Bin, ...]:
    """The bins of ``_calibration_rows``."""
    number = np.minimum((rows[:, 0] * BINS).astype(int), BINS - 1)
    bins = []
    for each in range(BINS):
        inside = rows[number == each]
        confidence, right = inside.mean(axis=0).tolist() if len(inside) else (0.0, 0.0)
        bins.append(Bin(each / BINS, (each + 1) / BINS, len(inside), confidence, right))
    return tuple(bins)


def _calibration_error(rows: Array) -> float:
    """The expected calibration error: the mean distance between a bin's confidence and its share of
    right outcomes, weighted by the number of outcomes in the bin.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
    binning", 2015.
    """
    return sum(b.count * abs(b.confidence - b.right) for b in _bins(rows)) / len(rows)


def _mean(values: Array) -> float | None:
    return float(values.mean()) if len(values) else None
