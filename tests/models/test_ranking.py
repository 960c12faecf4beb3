"""Scoring candidates with linear models."""

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest

from changai.models import ranking
from changai.models.ranking import (
    COVERAGE_FEATURES,
    FEATURES,
    FURTHER_FEATURES,
    TAUGHT_COVERAGE_FEATURES,
    Logistic,
)
from changai.pages import wording
from changai.query.expectations import Unmet


def _backwards(names: Sequence[str], sign: int, intercept: float | None = None) -> dict[str, float]:
    """``sign`` times 1, 2, … by name, not in the order of the names, which alone may count."""
    numbers = {} if intercept is None else {"intercept": intercept}
    return numbers | {n: sign * i for i, n in reversed([*enumerate(names, start=1)])}


NUMBERS: dict[str, object] = {
    "ranking": _backwards(FEATURES, 1),
    "coverage": _backwards(COVERAGE_FEATURES, -1, -2.5),
    "taught_coverage": _backwards(TAUGHT_COVERAGE_FEATURES, 2, 1.5),
    "further": _backwards(FURTHER_FEATURES, -3, 0.5),
    "covered_from": 0.46,
}
NOTHING_UNMET = Unmet((), (), (), (), (), ())


def _floats(*values: float) -> ranking.Floats:
    return np.array(values, dtype=np.float32)


def test_a_coverage_row_counts_what_is_unmet_up_to_two() -> None:
    unmet = Unmet(("金额", "数字"), (), ("原因",), ("2023",), (), ("保费", "网址", "名单"))
    candidate = _floats(0.9, 0.8, 0.5, 0.25, 0.7, 0.6, 0.3, 0.2)
    row = ranking.coverage_row(candidate, "保费多少?", unmet, False)
    # Five characters, some of them Chinese; the counts in the order of COVERAGE_FEATURES; nothing
    # of the known questions, since it is not said what is known not to be answered.
    assert row.tolist() == pytest.approx(
        [0.9, 0.8, 0.5, 0.25, 0, math.log(5), 2, 0, 1, 1, 0, 2, 1, 0]
    )


def test_a_coverage_row_of_a_question_in_another_language_with_nothing_unmet() -> None:
    row = ranking.coverage_row(_floats(*[0] * 8), "who", NOTHING_UNMET, True)
    assert row.tolist() == pytest.approx([0, 0, 0, 0, 1, math.log(3), 0, 0, 0, 0, 0, 0, 0, 1])


def test_a_taught_coverage_row_adds_what_is_known() -> None:
    unmet = Unmet((), ("时间",), (), (), ("杭州",) * 3, ())
    candidate = _floats(0.9, 0.8, 0.5, 0.25, 0.7, 0.6, 0.3, 0.2)
    row = ranking.coverage_row(candidate, "何时", unmet, False, _floats(0.65, 0.55, -0.1))
    expected = [0.9, 0.8, 0.5, 0.25, 0, math.log(2), 0, 1, 0, 0, 2, 0, 1, 0]
    assert row.tolist() == pytest.approx([*expected, 0.7, 0.6, 0.3, 0.2, 0.65, 0.55, -0.1])
    assert len(row) == len(TAUGHT_COVERAGE_FEATURES)
    assert row.dtype == np.float32


def test_log_odds_are_held_where_nothing_is_in_doubt() -> None:
    assert ranking.log_odds(0.75) == pytest.approx(math.log(3))
    assert ranking.log_odds(0.2) == pytest.approx(-math.log(4))
    held = math.log(1e6 - 1)
    assert [ranking.log_odds(sure) for sure in (0, 1)] == pytest.approx([-held, held])


def test_a_further_row_gives_the_log_odds() -> None:
    # Odds of 3 to 1, and of 1 to 4.
    assert ranking.further_row(0.5, 0.75, True).tolist() == pytest.approx([0.5, math.log(3), 1])
    assert ranking.further_row(2, 0.2, False).tolist() == pytest.approx([2, -math.log(4), 0])


@pytest.mark.parametrize(("confidence", "sign"), [(0.0, -1), (1.0, 1)])
def test_the_log_odds_of_what_is_certain_are_large_and_finite(confidence: float, sign: int) -> None:
    _, odds, _ = ranking.further_row(0, confidence, False).tolist()
    # A millionth off: odds of 999,999 to 1.
    assert odds == pytest.approx(sign * math.log(999_999), rel=1e-6)


def test_order_is_by_falling_score_with_ties_in_reading_order() -> None:
    assert ranking.order(_floats(0.5, 2, -1, 2, 0.5)).tolist() == [1, 3, 0, 4, 2]


def test_order_of_many_ties_is_the_reading_order() -> None:
    scores = np.tile(_floats(0, 1), 300)
    assert ranking.order(scores).tolist() == [*range(1, 600, 2), *range(0, 600, 2)]


def test_best_of_group() -> None:
    values = _floats(-3, -1, -2, 7, 0, 5, 5)
    groups = ranking.best_of_group(values, np.array([0, 3, 4]))
    # The groups are (-3, -1, -2), (7) and (0, 5, 5).
    assert groups.tolist() == [-1, 7, 5]


def test_probability_is_the_logistic_function_of_the_weighted_sum() -> None:
    model = Logistic(_floats(math.log(3), -2 * math.log(3)), math.log(3))
    # With ln 3 added: odds of 3 * 3, 3 / 9 and 3 * 3 / 9 to 1.
    assert [model.probability(_floats(*row)) for row in ((1, 0), (0, 1), (1, 1))] == pytest.approx(
        [9 / 10, 1 / 4, 1 / 2]
    )


def test_probability_without_an_intercept() -> None:
    assert Logistic(_floats(2, -1), 0).probability(_floats(1, 2)) == 0.5


def test_confidence_is_that_of_the_model_for_rows_of_this_kind() -> None:
    plain, taught = len(COVERAGE_FEATURES), len(TAUGHT_COVERAGE_FEATURES)
    weights = ranking.Weights(
        ranking=_floats(*[0] * 8),
        coverage=Logistic(_floats(*[0] * plain), math.log(3)),
        taught_coverage=Logistic(_floats(*[0] * (taught - 1), math.log(2)), math.log(2)),
        further=Logistic(_floats(0, 0, 0), 0),
        covered_from=0.5,
    )
    # Odds of 3 to 1; and of 2, or 2 * 2, to 1.
    assert weights.confidence(_floats(*[1] * plain)) == pytest.approx(3 / 4)
    assert weights.confidence(_floats(*[0] * taught)) == pytest.approx(2 / 3)
    assert weights.confidence(_floats(*[1] * taught)) == pytest.approx(4 / 5)


def test_weights_stand_in_the_order_of_the_features() -> None:
    weights = ranking.weights_from_json(json.dumps(NUMBERS))
    assert weights.ranking.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert weights.ranking.dtype == np.float32
    models = (weights.coverage, weights.taught_coverage, weights.further)
    assert [model.weights.tolist() for model in models] == [
        [-n for n in range(1, 15)],
        [2 * n for n in range(1, 22)],
        [-3, -6, -9],
    ]
    assert [model.intercept for model in models] == [-2.5, 1.5, 0.5]
    assert {model.weights.dtype for model in models} == {np.dtype(np.float32)}
    assert weights.covered_from == 0.46


@pytest.mark.parametrize("lost", NUMBERS)
def test_weights_must_be_whole(lost: str) -> None:
    rest = {name: value for name, value in NUMBERS.items() if name != lost}
    with pytest.raises(KeyError, match=lost):
        ranking.weights_from_json(json.dumps(rest))


def test_a_weight_of_a_feature_must_be_there() -> None:
    with pytest.raises(KeyError, match="clause_coverage"):
        ranking.weights_from_json(json.dumps(NUMBERS | {"ranking": dict.fromkeys(FEATURES[:3], 1)}))


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("coverage", COVERAGE_FEATURES),
        ("taught_coverage", TAUGHT_COVERAGE_FEATURES),
        ("further", FURTHER_FEATURES),
    ],
)
def test_a_model_must_have_its_intercept(model: str, names: Sequence[str]) -> None:
    with pytest.raises(KeyError, match="intercept"):
        ranking.weights_from_json(json.dumps(NUMBERS | {model: _backwards(names, 1)}))


def test_shipped_weights_can_say_either() -> None:
    weights = ranking.shipped_weights()
    assert weights.ranking.shape == (len(FEATURES),)
    assert weights.coverage.weights.shape == (len(COVERAGE_FEATURES),)
    assert weights.taught_coverage.weights.shape == (len(TAUGHT_COVERAGE_FEATURES),)
    assert weights.further.weights.shape == (len(FURTHER_FEATURES),)
    assert (weights.ranking > 0).all()
    bad = Unmet(("金额", "数字"), (), (), ("2023",), (), ("保费",))
    far, near = _floats(0.8, 0.8, 0, 0, 0.8, 0, -0.1, 0), _floats(0.9, 0.9, 1, 1, 0.95, 1, 0.5, 1)
    # Known not to be answered: a question very like it, and one unlike it.
    for like, unlike in ((None, None), (_floats(0.95, 1, 0.5), _floats(0.8, 0, -0.1))):
        low, high = (
            weights.confidence(
                ranking.coverage_row(row, "工惠保一年保费多少钱?", unmet, False, known)
            )
            for row, unmet, known in ((far, bad, like), (near, NOTHING_UNMET, unlike))
        )
        assert low < weights.covered_from < high


@pytest.mark.parametrize(
    ("confidence", "digits", "shown"),
    [(0.57, 2, "0.57"), (0.6499, 2, "0.64"), (1.0, 2, "1.00"), (1e-7, 3, "0.000"), (0.9, 1, "0.9")],
)
def test_a_confidence_is_shown_rounded_down(confidence: float, digits: int, shown: str) -> None:
    assert str(wording.floor(confidence, digits)) == shown
