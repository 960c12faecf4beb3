"""Fitting the weights of ranking from hand-made observations."""

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest

from changai.errors import QuestionFileError
from changai.evaluation import fitting
from changai.evaluation.fitting import Observation, Source, fit, observe, to_json
from changai.models.ranking import (
    COVERAGE_FEATURES,
    FEATURES,
    FURTHER_FEATURES,
    TAUGHT_COVERAGE_FEATURES,
    weights_from_json,
)
from changai.records import Question
from changai.search.index import Index

# What COVERAGE_FEATURES add to the first four FEATURES, and TAUGHT_COVERAGE_FEATURES to all.
ASKED = np.zeros(len(COVERAGE_FEATURES) - 4)
UNANSWERED = np.zeros(3)


def _observation(
    features: Sequence[Sequence[float]],
    hits: Sequence[bool],
    *,
    answerable: bool,
    taught: bool = True,
    several: bool = False,
) -> Observation:
    rows = np.array(features, dtype=np.float64)

    def coverage_row(candidate: int) -> fitting.Array:
        row = np.concatenate([rows[candidate, :4], ASKED])
        return np.concatenate([row, rows[candidate, 4:], UNANSWERED]) if taught else row

    return Observation(rows, np.array(hits), answerable, several, coverage_row)


def _observations(
    count: int, seed: int, gap: float = 0.3, *, taught: bool = True
) -> tuple[Observation, ...]:
    """Questions with five candidates; in every second one the last answers, ``gap`` better."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        features = random.uniform(0, 0.6, size=(5, len(FEATURES)))
        answerable = number % 2 == 0
        hits = [False] * 4 + [answerable]
        if answerable:
            features[4] = features[:4].max(axis=0) + gap
        made.append(_observation(features.tolist(), hits, answerable=answerable, taught=taught))
    return tuple(made)


EASY = Source("easy.jsonl", "aa", _observations(30, seed=1))
HARD = Source("hard.jsonl", "bb", _observations(40, seed=2, gap=-0.1, taught=False))
# The right passage was not among the candidates.
MISSED = _observation([[0.1] * 8, [0.2] * 8], [False, False], answerable=True)


def test_the_same_observations_give_the_same_text() -> None:
    assert to_json(fit([EASY, HARD])) == to_json(fit([EASY, HARD]))


def test_what_is_written_can_be_read_by_ranking() -> None:
    text = to_json(fit([EASY, HARD]))
    raw = json.loads(text)
    assert list(raw["ranking"]) == list(FEATURES)
    weights = weights_from_json(text)
    assert weights.ranking.tolist() == pytest.approx(list(raw["ranking"].values()))
    for name, names, model in (
        ("coverage", COVERAGE_FEATURES, weights.coverage),
        ("taught_coverage", TAUGHT_COVERAGE_FEATURES, weights.taught_coverage),
        ("further", FURTHER_FEATURES, weights.further),
    ):
        assert list(raw[name]) == [*names, "intercept"]
        assert [*model.weights.tolist(), model.intercept] == pytest.approx([*raw[name].values()])
    assert 0 < weights.covered_from < 1
    assert text.endswith("}\n")


def test_the_sources_are_recorded() -> None:
    more = Source("easy.jsonl", "aa", (*EASY.observations, MISSED))
    recorded = json.loads(to_json(fit([more, HARD])))["fitted_on"]
    assert [(one["file"], one["sha256"], one["questions"]) for one in recorded] == [
        ("easy.jsonl", "aa", 31),
        ("hard.jsonl", "bb", 40),
    ]
    # 15 of the 30 can be answered, each by the candidate that is best in every feature; and the
    # one that was missed.
    assert recorded[0]["recall_at_1"] == 15 / 16


def test_what_separates_perfectly_is_recorded_as_such() -> None:
    plain = Source("plain.jsonl", "cc", _observations(30, seed=3, taught=False))
    for recorded in json.loads(to_json(fit([EASY, plain])))["fitted_on"]:
        assert (recorded["recall_at_1"], recorded["coverage_auroc"]) == (1, 1)


def test_every_source_weighs_the_same_in_ranking() -> None:
    often = Source("easy.jsonl", "aa", EASY.observations * 3)
    once, thrice = (weights_from_json(to_json(fit([s, HARD]))) for s in (EASY, often))
    assert thrice.ranking.tolist() == pytest.approx(once.ranking.tolist(), abs=2e-4)


def test_the_threshold_is_that_of_the_first_source() -> None:
    weights = weights_from_json(to_json(fit([EASY, HARD])))
    confidences = []
    for observation in EASY.observations:
        rows = observation.features.astype(np.float32)
        top = observation.coverage_row(int((rows @ weights.ranking).argmax())).astype(np.float32)
        confidences.append(weights.confidence(top))
    answerable = [observation.answerable for observation in EASY.observations]
    # EASY can be told apart without a fault, HARD cannot.
    assert [c >= weights.covered_from for c in confidences] == answerable
    assert weights_from_json(to_json(fit([HARD, EASY]))).covered_from != weights.covered_from


def test_coverage_is_fitted_on_the_first_source_with_its_features() -> None:
    wide = (np.array([[0.0, 1], [1, 0]]), np.array([0.0, 1]))
    two = (np.array([[0.0], [1]]), np.array([1.0, 0]))
    weights, intercept = fitting._fit_coverage([wide, (BINARY, POSITIVE), two], ("one",))
    expected, expected_intercept = fitting._logistic(BINARY, POSITIVE, np.ones(8))
    assert weights.tolist() == expected.tolist()
    assert intercept == expected_intercept


def test_where_no_question_is_answered_first_nothing_tells_further_answers() -> None:
    # The passage that answers is behind in every feature.
    behind = _observation([[0.1] * 8, [0.9] * 8, [0.8] * 8], [True, False, False], answerable=True)
    models: fitting.Models = {COVERAGE_FEATURES: (np.zeros(len(COVERAGE_FEATURES)), 0.0)}
    with pytest.raises(QuestionFileError, match=r"behind\.jsonl"):
        fitting._fit_further(Source("behind.jsonl", "", (behind,)), np.ones(8), models)


@pytest.mark.parametrize("only", [EASY, HARD])
def test_questions_must_be_asked_with_and_without_known_ones(only: Source) -> None:
    with pytest.raises(QuestionFileError, match="已知问题"):
        fit([only])


def _ordered(*hits: bool, several: bool = False) -> Observation:
    """Candidates that score 3, 2, 1 … by their first feature, which is all that is measured."""
    rows = [[float(len(hits) - i), *[0.0] * 7] for i in range(len(hits))]
    return _observation(rows, hits, answerable=True, taught=False, several=several)


BY_FIRST = np.array([1.0, *[0.0] * 7])
EVEN: fitting.Models = {COVERAGE_FEATURES: (np.zeros(len(COVERAGE_FEATURES)), 0.0)}


def test_the_first_passage_is_measured_and_the_first_three_may_answer() -> None:
    asked = (
        _ordered(True, False),
        _ordered(False, False, True, False),
        _ordered(False, False, False, True),
    )
    rows, labels = fitting._tops(Source("", "", asked), BY_FIRST)
    assert rows[:, 0].tolist() == [2, 4, 4]
    assert labels.tolist() == [1, 1, 0]


def test_what_tells_further_answers_is_whether_several_are_asked_for() -> None:
    # Behind a first passage that answers, one of four answers too where one thing is asked for,
    # and three of four where several are; all by 1 behind, all with confidence 1/2.
    one = [_ordered(True, second) for second in (True, False, False, False)]
    several = [_ordered(True, second, several=True) for second in (True, True, True, False)]
    # This one is left alone: its first passage does not answer.
    wrong = _ordered(False, True, several=True)
    weights, intercept = fitting._fit_further(
        Source("", "", (*one, *several, wrong)), BY_FIRST, EVEN
    )
    # As in BINARY and POSITIVE below.
    assert weights.tolist() == pytest.approx([0, 0, 2 * math.log(3)], rel=0.01)
    assert intercept == pytest.approx(-math.log(3), rel=0.01)


def test_only_two_further_passages_are_looked_at() -> None:
    asked = [_ordered(True, *rest) for rest in ((True, False), (False, False), (False, True))]
    beyond = [
        _ordered(True, *rest, True) for rest in ((True, False), (False, False), (False, True))
    ]
    three, four = (
        fitting._fit_further(Source("", "", tuple(seen)), BY_FIRST, EVEN)
        for seen in (asked, beyond)
    )
    # A fourth that answers changes nothing: the gaps are the same, 1 and 2.
    assert four[0].tolist() == three[0].tolist()
    assert four[1] == three[1]


UNANSWERABLE = _observation([[0.1] * 8, [0.3] * 8], [False, False], answerable=False)
ANSWERABLE = _observation([[0.9] * 8, [0.2] * 8], [True, False], answerable=True)


@pytest.mark.parametrize(
    "observations",
    [(ANSWERABLE, ANSWERABLE), (UNANSWERABLE, UNANSWERABLE), (MISSED, UNANSWERABLE), ()],
)
def test_a_source_must_have_both_kinds(observations: tuple[Observation, ...]) -> None:
    with pytest.raises(QuestionFileError, match=r"lacking\.jsonl"):
        fit([EASY, Source("lacking.jsonl", "", observations)])


def test_a_source_whose_every_candidate_answers_is_refused() -> None:
    alone = _observation([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]], [True], answerable=True)
    with pytest.raises(QuestionFileError, match=r"alone\.jsonl"):
        fit([Source("alone.jsonl", "", (alone, UNANSWERABLE)), HARD])


def test_observe_measures_the_candidates_of_each_question(faq_index: Index) -> None:
    asked = ["宁波市技能人才总量是多少?", "北京明天会下雨吗?"]
    questions = [Question(asked[0], ("180.15万人",)), Question(asked[1], ())]
    taught, plain = observe("mine.jsonl", "aa", faq_index, questions)
    assert (taught.name, taught.sha256) == ("mine.jsonl with known questions", "aa")
    assert (plain.name, plain.sha256) == ("mine.jsonl", "aa")
    for source, asked_of, length in (
        (taught, faq_index, len(TAUGHT_COVERAGE_FEATURES)),
        (plain, faq_index.without_known_questions(), len(COVERAGE_FEATURES)),
    ):
        known, unknown = source.observations
        assert (known.answerable, unknown.answerable) == (True, False)
        matches = asked_of.match(asked[0])
        assert known.features.tolist() == matches.features.astype(np.float64).tolist()
        holding = ["180.15万人" in faq_index.passages[number].text for number in matches.passages]
        assert known.hits.tolist() == holding
        assert sum(holding) == 1
        assert not unknown.hits.any()
        for candidate in range(3):
            row = known.coverage_row(candidate)
            assert row.tolist() == matches.coverage_row(candidate).tolist()
            assert len(row) == length


def test_an_index_without_known_questions_gives_one_source(faq_index: Index) -> None:
    asked = [Question("宁波市技能人才总量是多少?", ("180.15万人",))]
    plain = faq_index.without_known_questions()
    assert [source.name for source in observe("mine.jsonl", "aa", plain, asked)] == ["mine.jsonl"]


def test_observe_tells_which_questions_ask_for_several_things(faq_index: Index) -> None:
    asked = [Question("技能人才总量是多少?", ()), Question("出台了哪些文件?", ())]
    for source in observe("mine.jsonl", "aa", faq_index, asked):
        assert [observed.several for observed in source.observations] == [False, True]


def test_observe_leaves_out_the_passage_that_is_to_be(faq_index: Index) -> None:
    first = faq_index.passages[0]
    question = Question("维权热线是多少?", (first.text,), without=first.id)
    for source in observe("mine.jsonl", "aa", faq_index, [question]):
        (observed,) = source.observations
        assert len(observed.features) == len(faq_index.match("维权热线是多少?").passages) - 1
        assert not observed.hits.any()


# Where x is 0, one of four is positive; where x is 1, three of four.
BINARY = np.array([[0], [0], [0], [0], [1], [1], [1], [1]], dtype=np.float64)
POSITIVE = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=np.float64)


def test_logistic_regression_on_one_binary_feature() -> None:
    weights, intercept = fitting._logistic(BINARY, POSITIVE, np.ones(8))
    # The log odds are ln(1/3) and ln(3), so the weight is ln(3) - ln(1/3) = 2 ln(3). The ridge
    # takes 0.001 * ln(3) / 0.1875 = 0.6 % of it, and moves the intercept by half of that.
    assert weights.tolist() == pytest.approx([2 * math.log(3)], rel=0.01)
    assert weights[0] < 2 * math.log(3)
    assert intercept == pytest.approx(-math.log(3), rel=0.01)
    # At the middle the odds are even, and stay so under the ridge.
    assert intercept + weights[0] / 2 == pytest.approx(0, abs=1e-9)


def test_importance_is_as_good_as_repetition() -> None:
    rows, labels = np.array([[0.0], [0], [1], [1]]), np.array([1.0, 0, 1, 0])
    weighed = fitting._logistic(rows, labels, np.array([1.0, 3, 3, 1]))
    repeated = fitting._logistic(BINARY, POSITIVE, np.ones(8))
    assert weighed[0] == pytest.approx(repeated[0])
    assert weighed[1] == pytest.approx(repeated[1])


def test_logistic_regression_does_not_mind_the_scale_of_a_column() -> None:
    small = fitting._logistic(BINARY / 1000, POSITIVE, np.ones(8))
    plain = fitting._logistic(BINARY, POSITIVE, np.ones(8))
    assert small[0] / 1000 == pytest.approx(plain[0])
    assert small[1] == pytest.approx(plain[1])


def test_a_constant_column_weighs_nothing() -> None:
    weights, _ = fitting._logistic(np.hstack([BINARY, np.ones((8, 1))]), POSITIVE, np.ones(8))
    assert weights[1] == 0


def test_differences_are_taken_from_the_ten_most_similar_wrong_candidates() -> None:
    wrong = [[n / 10, 0.0, 9.0 - n, *[0.0] * 5] for n in range(12)]
    right = [2.0, 1, 0, 0, 0, 0, 0, 3]
    observation = _observation([*wrong, right], [False] * 12 + [True], answerable=True)
    # By the sum of the first two features 11 is hardest; 0 and 1 are left out.
    expected = [[2 - n / 10, 1, n - 9.0, 0, 0, 0, 0, 3] for n in range(11, 1, -1)]
    assert fitting._differences(observation) == pytest.approx(np.array(expected))


@pytest.mark.parametrize(
    ("confidence", "answerable", "threshold"),
    [
        # Above 0.30 and up to 0.35 nothing is told apart wrongly.
        ([0.2, 0.3, 0.35, 0.8], [False, False, True, True], 0.31),
        # Up to 0.5 the one unanswerable question is answered; up to 0.6 one of two is refused.
        ([0.5, 0.4, 0.6], [False, True, True], 0.51),
        # 0.02 to 0.10: one false answer in four, no refusal; any other is as bad or worse.
        ([0.01, 0.01, 0.01, 0.9, 0.1], [False] * 4 + [True], 0.02),
    ],
)
def test_the_threshold_balances_both_faults(
    confidence: list[float], answerable: list[bool], threshold: float
) -> None:
    found = fitting._balanced_threshold(np.array(confidence), np.array(answerable))
    assert found == threshold
