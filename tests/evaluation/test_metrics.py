"""Figures worked out by hand from outcomes made by hand."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.evaluation.metrics import (
    Bin,
    Fault,
    Report,
    RiskPoint,
    auroc,
    by_kind,
    calibration,
    faults,
    risk_as_shipped,
    risk_curve,
    summarise,
    uncertainty,
)
from support.asked import outcome

MIXED = [
    outcome(0.9, 1, highlighted=True, milliseconds=10),
    outcome(0.8, 3, milliseconds=20),
    outcome(0.4, 1, answers=(), milliseconds=30),
    outcome(0.7, 0, milliseconds=40),
    outcome(0.6, kind="near", milliseconds=50),
    outcome(0.45, kind="left-out", milliseconds=60),
    outcome(0.1, kind="far", milliseconds=70),
    outcome(0.2, kind="far", milliseconds=80),
]


def test_the_figures() -> None:
    report = summarise(MIXED)
    assert asdict(report) == {
        "questions": 8,
        "answerable": 4,
        "recall_at_1": 2 / 4,
        "recall_at_3": 3 / 4,
        "mrr_at_10": pytest.approx((1 + 1 / 3 + 1 + 0) / 4),
        # 0.9, 0.8 and 0.7 are above all four, 0.4 above two.
        "coverage_auroc": 14 / 16,
        # Against 0.6 and 0.45 alone 0.4 is below both.
        "coverage_auroc_near": 6 / 8,
        "false_answer_rate": 1 / 4,
        "false_refusal_rate": 1 / 4,
        # Nobody has said which words answer the third.
        "highlight_rate": 1 / 3,
        # 0.1 + 0.2 + 0.15 (two at a mean of 0.425, half of them right: 0.075 twice) + 0.7 + 0.6
        # + 0.1 + 0.2, each bin's distance by its number.
        "calibration_error": pytest.approx((0.1 + 0.2 + 0.15 + 0.7 + 0.6 + 0.1 + 0.2) / 8),
        "latency_p50_ms": pytest.approx(45),
        # Between the seventh and the eighth, at 6.65 of 7.
        "latency_p95_ms": pytest.approx(76.5),
    }


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        # Pairs of positive and negative: 0.9 above 0.8, 0.3 below it.
        ([0.9, 0.8, 0.3], [True, False, True], 0.5),
        # 2 above 1, 2 tied with 2, 3 above both: (1 + 0.5 + 2) / 4.
        ([2, 3, 1, 2], [True, True, False, False], 0.875),
        ([0.1, 0.9], [True, False], 0.0),
        ([0.1, 0.9], [True, True], None),
        ([0.1, 0.9], [False, False], None),
    ],
)
def test_auroc(scores: list[float], positive: list[bool], expected: float | None) -> None:
    assert auroc(np.array(scores), np.array(positive)) == expected


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1))
def test_auroc_equals_counting_pairs(scored: list[tuple[int, bool]]) -> None:
    pairs = [(a, b) for a, yes in scored if yes for b, no in scored if not no]
    counted = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs)
    found = auroc(np.array([s for s, _ in scored]), np.array([p for _, p in scored]))
    assert found == (pytest.approx(counted / len(pairs)) if pairs else None)


def test_auroc_needs_no_table_of_all_pairs() -> None:
    # 10,000,000,000 pairs. The odd number 2i + 1 is above the i + 1 even ones from 0 to 2i.
    numbers, half = np.arange(200_000), 100_000
    assert auroc(numbers, numbers % 2 == 1) == (half + 1) / (2 * half)


def test_what_the_outcomes_do_not_allow_is_none_and_has_no_interval() -> None:
    for outcomes, lacking in (
        (
            [outcome(0.2, kind="far")],
            {
                "recall_at_1",
                "recall_at_3",
                "mrr_at_10",
                "highlight_rate",
                "coverage_auroc",
                "coverage_auroc_near",
                "false_refusal_rate",
            },
        ),
        (
            [outcome(0.2, 1, answers=())],
            {"highlight_rate", "coverage_auroc", "coverage_auroc_near", "false_answer_rate"},
        ),
        ([outcome(0.2, 1), outcome(0.3, kind="far")], {"coverage_auroc_near"}),
    ):
        values = asdict(summarise(outcomes))
        assert {name for name, value in values.items() if value is None} == lacking
        # The calibration error has none; and one or two latencies, or one rank, are too few.
        without = {"questions", "answerable", "calibration_error", "mrr_at_10"}
        figures = set(values) - without - {"latency_p50_ms", "latency_p95_ms"}
        assert set(uncertainty(outcomes)) == figures - lacking


def test_the_near_kinds_count_for_unanswerable_questions_only() -> None:
    report = summarise([outcome(0.5, 1, kind="near"), outcome(0.4, kind="near"), outcome(0.9)])
    assert report.coverage_auroc_near == 1
    assert report.coverage_auroc == 1 / 2


def test_each_figure_has_its_own_interval() -> None:
    found = uncertainty(MIXED)
    # Wilson for 2, 3 and 1 of 4, and 1 of 3.
    assert found["recall_at_1"] == pytest.approx((0.1500, 0.8500), abs=5e-5)
    assert found["recall_at_3"] == pytest.approx((0.3006, 0.9544), abs=5e-5)
    assert found["false_refusal_rate"] == pytest.approx((0.0456, 0.6994), abs=5e-5)
    assert found["highlight_rate"] == pytest.approx((0.0615, 0.7923), abs=5e-5)
    # Hanley and McNeil at 0.75 with 4 positives and 2 negatives: Q1 = 0.6, Q2 = 0.642857;
    # (0.1875 + 3 * 0.0375 + 1 * 0.080357) / 8 = 0.0475446; 1.96 * 0.218047 = 0.42737.
    assert found["coverage_auroc_near"] == pytest.approx((0.3226, 1), abs=5e-5)
    report = asdict(summarise(MIXED))
    for name, (low, high) in found.items():
        assert 0 <= low <= report[name] <= high, name


def test_two_ranks_are_enough_for_an_interval() -> None:
    low, high = uncertainty([outcome(0.9, 1), outcome(0.9, 2)])["mrr_at_10"]
    # The means of two drawn from 1 and 1/2 are 1/2 and 1, each in a quarter of the cases, or 3/4.
    assert (low, high) == (0.5, 1)


def test_the_intervals_of_latencies_hold_them_and_keep_their_order() -> None:
    found = uncertainty([outcome(0.9, 1, milliseconds=n) for n in range(1, 201)])
    # By scipy.stats.binom(200, share): of 200 at most 85 lie below the median with a chance of
    # 0.0200, 86 with 0.0280, 113 with 0.9720, 114 with 0.9800; below the other at most 183 with
    # 0.0238, 184 with 0.0444, 195 with 0.9736, 196 with 0.9910.
    assert found["latency_p50_ms"] == pytest.approx((86, 115))
    assert found["latency_p95_ms"] == pytest.approx((184, 197))


def test_calibration_by_hand() -> None:
    outcomes = [
        outcome(0.95, 1),
        outcome(0.92, 3),
        outcome(0.55, 2),
        outcome(0.58, 4),
        outcome(0.05),
    ]
    bins = calibration(outcomes)
    assert [(b.low, b.high) for b in bins] == [(n / 10, (n + 1) / 10) for n in range(10)]
    assert [b.count for b in bins] == [1, 0, 0, 0, 0, 2, 0, 0, 0, 2]
    assert [bins[5].confidence, bins[5].right] == pytest.approx([0.565, 0.5])
    assert [bins[9].confidence, bins[9].right] == pytest.approx([0.935, 1])
    assert bins[1] == Bin(0.1, 0.2, 0, 0.0, 0.0)
    # (2 * 0.065 + 2 * 0.065 + 0.05) / 5.
    assert summarise(outcomes).calibration_error == pytest.approx(0.062)


def test_an_edge_belongs_to_the_bin_above_and_1_to_the_last() -> None:
    outcomes = [outcome(c) for c in (0.0, 0.1, 0.5, 1.0)]
    assert [b.count for b in calibration(outcomes)] == [1, 1, 0, 0, 0, 1, 0, 0, 0, 1]


def test_an_unanswerable_question_is_never_right() -> None:
    assert summarise([outcome(0.9)]).calibration_error == pytest.approx(0.9)
    assert summarise([outcome(0.9, 1)]).calibration_error == pytest.approx(0.1)


def test_the_risk_curve_by_hand() -> None:
    outcomes = [
        outcome(0.4),  # wrong: unanswerable
        outcome(0.8, 2),  # wrong: the first passage does not answer
        outcome(0.9, 1),
        outcome(0.8, 1),
    ]
    # Those of 0.8 come together.
    assert risk_curve(outcomes) == (
        RiskPoint(1 / 4, 0),
        RiskPoint(3 / 4, 1 / 3),
        RiskPoint(1, 2 / 4),
    )
    assert risk_as_shipped(outcomes) == RiskPoint(3 / 4, 1 / 3)


def test_where_nothing_is_answered_there_is_no_risk() -> None:
    assert risk_as_shipped([outcome(0.4, 1), outcome(0.2)]) is None


def test_the_kinds_are_told_apart_and_put_in_order() -> None:
    rows = by_kind(
        [
            outcome(0.7, kind="far"),
            outcome(0.3, 2, kind="typo"),
            outcome(0.9, 1, kind="figure", highlighted=True),
            outcome(0.6, 0, kind="figure"),
            outcome(0.1, kind="near"),
            outcome(0.2, kind="near"),
            outcome(0.8, 1, kind="near"),
        ]
    )
    told = [(row.kind, row.answerable, row.report.questions) for row in rows]
    assert told == [
        ("figure", True, 2),
        ("typo", True, 1),
        ("near", True, 1),
        ("near", False, 2),
        ("far", False, 1),
    ]
    figure, typo, _, near, far = rows

    def shares(report: Report) -> tuple[float | None, ...]:
        return (
            report.recall_at_1,
            report.recall_at_3,
            report.highlight_rate,
            report.false_refusal_rate,
            report.false_answer_rate,
        )

    assert shares(figure.report) == (0.5, 0.5, 0.5, 0, None)
    assert shares(typo.report) == (0, 1, 0, 1, None)
    assert shares(near.report) == (None, None, None, None, 0)
    assert shares(far.report) == (None, None, None, None, 1)
    assert [row.mean_confidence for row in rows] == pytest.approx([0.75, 0.3, 0.8, 0.15, 0.7])


@pytest.mark.parametrize(
    ("confidence", "rank", "highlighted", "answers", "expected"),
    [
        (0.9, 1, True, ("甲",), ()),
        (0.9, 1, False, (), ()),
        (0.9, 1, False, ("甲",), (Fault.HIGHLIGHT,)),
        (0.4, 1, False, ("甲",), (Fault.FALSE_REFUSAL, Fault.HIGHLIGHT)),
        (0.9, 2, False, ("甲",), (Fault.WRONG_FIRST,)),
        (0.4, 0, False, ("甲",), (Fault.WRONG_FIRST, Fault.FALSE_REFUSAL)),
        (0.9, None, False, (), (Fault.FALSE_ANSWER,)),
        (0.4, None, False, (), ()),
    ],
)
def test_faults(
    confidence: float,
    rank: int | None,
    highlighted: bool,
    answers: tuple[str, ...],
    expected: tuple[Fault, ...],
) -> None:
    assert faults(outcome(confidence, rank, highlighted=highlighted, answers=answers)) == expected
