"""The fitted model: its arithmetic, and how it is read and written."""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from changai.models.fitted import (
    ANSWERABILITY_FEATURES,
    FAQ_ANSWERABILITY_FEATURES,
    FAQ_FEATURES,
    FEATURES,
    RANKING_FEATURES,
    TEXT_FEATURES,
    Floats,
    Logistic,
    load_model,
    model_from_json,
)


def _floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float32)


def _backwards(names: Sequence[str], step: int, intercept: float) -> dict[str, Any]:
    """``step`` times 1, 2, … by name, not in the order of the names, which alone may count."""
    weights = {name: step * i for i, name in reversed([*enumerate(names, start=1)])}
    return {"weights": weights, "intercept": intercept}


STEPS = {name: step for step, name in enumerate(FEATURES, start=1)}
NUMBERS: dict[str, Any] = {
    **{name: _backwards(names, STEPS[name], -STEPS[name] / 2) for name, names in FEATURES.items()},
    "threshold": 0.46,
}


def test_log_odds_are_the_weighted_sum_of_each_row() -> None:
    model = Logistic(("one", "two"), _floats(2, -3), 0.5)
    # 2 - 3 + 0.5, and 4 + 0.5; of a single row too.
    assert model.log_odds(np.stack([_floats(1, 1), _floats(2, 0)])).tolist() == [-0.5, 4.5]
    assert float(model.log_odds(_floats(0, 1))) == -2.5
    assert model.log_odds(np.zeros((0, 2), np.float32)).tolist() == []


def test_probability_is_the_logistic_function_of_the_weighted_sum() -> None:
    model = Logistic(("one", "two"), _floats(math.log(3), -2 * math.log(3)), math.log(3))
    # With ln 3 added: odds of 3 * 3, 3 / 9 and 3 * 3 / 9 to 1.
    assert [model.probability(_floats(*row)) for row in ((1, 0), (0, 1), (1, 1))] == pytest.approx(
        [9 / 10, 1 / 4, 1 / 2]
    )


def test_probability_without_an_intercept() -> None:
    assert Logistic(("one", "two"), _floats(2, -1), 0).probability(_floats(1, 2)) == 0.5


def test_what_is_written_are_the_weights_by_name_in_four_digits() -> None:
    written = Logistic(("one", "two"), _floats(0.123456, -2), 1.00009).to_dict()
    assert written == {"intercept": 1.0001, "weights": {"one": 0.1235, "two": -2}}


def test_names_must_be_as_many_as_weights() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Logistic(("one", "two"), _floats(1), 0).to_dict()


def test_weights_stand_in_the_order_of_the_features() -> None:
    model = model_from_json(json.dumps(NUMBERS))
    for name, names in FEATURES.items():
        part = getattr(model, name)
        assert part.features == names
        assert part.weights.tolist() == [STEPS[name] * n for n in range(1, len(names) + 1)]
        assert part.weights.dtype == np.float32
        assert part.intercept == -STEPS[name] / 2
    assert model.threshold == 0.46


def test_what_is_written_is_what_is_read() -> None:
    model = model_from_json(json.dumps(NUMBERS))
    for name in FEATURES:
        # By name: their order in a file does not count.
        assert getattr(model, name).to_dict() == NUMBERS[name]


def test_a_passage_is_judged_by_its_faq_or_by_its_text() -> None:
    model = model_from_json(json.dumps(NUMBERS))
    assert model.answerability_of(by_faq=True) is model.faq_answerability
    assert model.answerability_of(by_faq=False) is model.answerability


@pytest.mark.parametrize("lost", NUMBERS)
def test_a_model_must_be_whole(lost: str) -> None:
    rest = {name: value for name, value in NUMBERS.items() if name != lost}
    with pytest.raises(KeyError, match=lost):
        model_from_json(json.dumps(rest))


@pytest.mark.parametrize("part", FEATURES)
def test_a_part_must_have_every_weight_and_its_intercept(part: str) -> None:
    *_, last = FEATURES[part]
    weights = {name: 1 for name in FEATURES[part] if name != last}
    with pytest.raises(KeyError, match=last):
        model_from_json(json.dumps(NUMBERS | {part: {"weights": weights, "intercept": 0}}))
    with pytest.raises(KeyError, match="intercept"):
        model_from_json(json.dumps(NUMBERS | {part: {"weights": weights | {last: 1}}}))


def test_the_features_build_on_each_other() -> None:
    assert (*TEXT_FEATURES, *FAQ_FEATURES, "other_year") == RANKING_FEATURES
    assert {*ANSWERABILITY_FEATURES[:2]} < {*TEXT_FEATURES}
    assert FAQ_ANSWERABILITY_FEATURES[:-3] == (*ANSWERABILITY_FEATURES, *FAQ_FEATURES)
    for names in FEATURES.values():
        assert len(set(names)) == len(names)


def test_the_model_that_comes_with_the_package_can_say_either() -> None:
    model = load_model()
    assert (model.ranking.weights[:-1] > 0).all()
    assert model.ranking.weights[-1] < 0
    assert 0 < model.threshold < 1
    # Similarity, overlap, what the reader says of the passage and on average, and the lead.
    far, near = [0.5, 0, -3, -3, 0], [0.7, 1, 3, 1, 3]
    # A Chinese question of twelve characters, with a year missing.
    asked = [0, math.log(12)]
    lacking, nothing = [1, 0, 0], [0] * 3
    low = model.answerability.probability(_floats(*far, *asked, *lacking))
    high = model.answerability.probability(_floats(*near, *asked, *nothing))
    assert low < model.threshold < high
    # Like a question that is not answered and unlike one that is; and the other way round.
    low = model.faq_answerability.probability(
        _floats(*far, *asked, *lacking, 0.8, 0, -0.1, 0, 0.95, 1, 0.5)
    )
    high = model.faq_answerability.probability(
        _floats(*near, *asked, *nothing, 0.95, 1, 0.5, 1, 0.8, 0, -0.1)
    )
    assert low < model.threshold < high
