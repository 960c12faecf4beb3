"""Scoring candidates with linear models."""

import json
import math

import numpy as np
import pytest

from changai import ranking
from changai.expectations import Unmet
from changai.ranking import COVERAGE_FEATURES, FEATURES

NUMBERS: dict[str, object] = {
    # Not in the order of FEATURES, which alone may count.
    "ranking": {name: number for number, name in reversed([*enumerate(FEATURES, start=1)])},
    "coverage": {name: -number for number, name in enumerate(COVERAGE_FEATURES, start=1)},
    "intercept": -2.5,
    "covered_from": 0.46,
}


def _floats(*values: float) -> ranking.Floats:
    return np.array(values, dtype=np.float32)


def test_a_coverage_row_counts_what_is_unmet_up_to_two() -> None:
    unmet = Unmet(("金额", "数字"), (), ("原因",), ("2023",), (), ("保费", "网址", "名单"))
    row = ranking.coverage_row(_floats(0.9, 0.8, 0.5, 0.25), "保费多少?", unmet)
    # Five characters, some of them Chinese; the counts in the order of COVERAGE_FEATURES.
    assert row.tolist() == pytest.approx([0.9, 0.8, 0.5, 0.25, 0, math.log(5), 2, 0, 1, 1, 0, 2, 1])


def test_a_coverage_row_of_a_question_in_another_language_with_nothing_unmet() -> None:
    row = ranking.coverage_row(_floats(0, 0, 0, 0), "who", Unmet((), (), (), (), (), ()))
    assert row.tolist() == pytest.approx([0, 0, 0, 0, 1, math.log(3), 0, 0, 0, 0, 0, 0, 0])


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
    rows = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    weights = _floats(math.log(3), -2 * math.log(3))
    # With ln 3 added: odds of 3 * 3, 3 / 9 and 3 * 3 / 9 to 1.
    assert ranking.probability(rows, weights, math.log(3)).tolist() == pytest.approx(
        [9 / 10, 1 / 4, 1 / 2]
    )


def test_probability_of_a_single_row() -> None:
    assert float(ranking.probability(_floats(1, 2), _floats(2, -1), 0)) == 0.5


def test_weights_stand_in_the_order_of_the_features() -> None:
    weights = ranking.weights_from_json(json.dumps(NUMBERS))
    assert weights.ranking.tolist() == [1, 2, 3, 4]
    assert weights.coverage.tolist() == [-n for n in range(1, 14)]
    assert (weights.intercept, weights.covered_from) == (-2.5, 0.46)
    assert weights.ranking.dtype == weights.coverage.dtype == np.float32


@pytest.mark.parametrize("lost", NUMBERS)
def test_weights_must_be_whole(lost: str) -> None:
    rest = {name: value for name, value in NUMBERS.items() if name != lost}
    with pytest.raises(KeyError, match=lost):
        ranking.weights_from_json(json.dumps(rest))


def test_a_weight_of_a_feature_must_be_there() -> None:
    with pytest.raises(KeyError, match="clause_coverage"):
        ranking.weights_from_json(json.dumps(NUMBERS | {"ranking": dict.fromkeys(FEATURES[:3], 1)}))


def test_shipped_weights_can_say_either() -> None:
    weights = ranking.shipped_weights()
    assert weights.ranking.shape == (len(FEATURES),)
    assert weights.coverage.shape == (len(COVERAGE_FEATURES),)
    assert (weights.ranking > 0).all()
    good = Unmet((), (), (), (), (), ())
    bad = Unmet(("金额", "数字"), (), (), ("2023",), (), ("保费",))
    low, high = (
        ranking.probability(
            ranking.coverage_row(row, "工惠保一年保费多少钱?", unmet),
            weights.coverage,
            weights.intercept,
        )
        for row, unmet in ((_floats(0.8, 0.8, 0, 0), bad), (_floats(0.9, 0.9, 1, 1), good))
    )
    assert low < weights.covered_from < high
