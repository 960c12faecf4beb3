"""Fitting the model from hand-made observations."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from changai.errors import QuestionFileError
from changai.evaluation.fitting import fit, logistic, to_json
from changai.evaluation.observing import Observation, Source
from changai.models.fitted import (
    FEATURES,
    RANKING_FEATURES,
    Logistic,
    Model,
    model_from_json,
)
from changai.records import Question
from changai.search.answerability import weigh
from support.articles import made_article
from support.candidates import PLAIN, made_candidates, made_contents, made_faq
from support.readers import Told, ranked

TEXT = "每人发放安全帽两顶,另发防护手套一双,体检费用由企业承担。"
FIRST, TWO = "每人发放安全帽两顶", "每人发放安全帽两顶,另发防护手套一双"
CONTENTS = {n: made_contents(made_article("甲", *[TEXT] * n)) for n in (1, 2, 3, 4, 5, 13)}
SEVERAL = "请说哪些"
"""A question as long as PLAIN that asks for several things."""


def _observation(
    rows: Sequence[Sequence[float]],
    hits: Sequence[bool],
    *,
    answerable: bool,
    by_faq: bool = True,
    question: str = PLAIN,
    answer: str = FIRST,
) -> Observation:
    """A question with candidates of these rows of ``made_candidates`` and, with a FAQ,
    ``FAQ_FEATURES``."""
    faq = made_faq([row[4:] for row in rows], [0, 0, 0], judged=(0,)) if by_faq else None
    candidates = made_candidates(
        CONTENTS[len(rows)], [row[:4] for row in rows], question=question, faq=faq
    )
    snippets = (answer,) if answerable else ()
    return Observation(Question(question, snippets, answers=snippets), candidates, np.array(hits))


def _observations(
    count: int, seed: int, gap: float = 0.3, *, by_faq: bool = True
) -> tuple[Observation, ...]:
    """Questions with five candidates; in every second one the last answers, ``gap`` better."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        rows = random.uniform(0, 0.6, size=(5, 8))
        answerable = number % 2 == 0
        if answerable:
            rows[4] = rows[:4].max(axis=0) + gap
        hits = [False] * 4 + [answerable]
        answer = TWO if number % 4 else FIRST
        made.append(
            _observation(rows.tolist(), hits, answerable=answerable, by_faq=by_faq, answer=answer)
        )
    return tuple(made)


def _source(name: str, sha256: str, observations: tuple[Observation, ...]) -> Source:
    """A source whose reader has no opinion."""
    return Source(name, sha256, observations, Told())


EASY = _source("easy.jsonl", "aa", _observations(30, seed=1))
HARD = _source("hard.jsonl", "bb", _observations(40, seed=2, gap=-0.1, by_faq=False))
# The right passage was not among the candidates.
MISSED = _observation([[0.1] * 8, [0.2] * 8], [False, False], answerable=True)


def _by_first(
    *hits: bool, by_faq: bool = False, question: str = PLAIN, best: float = 3, answer: str = FIRST
) -> Observation:
    """Candidates that differ in their first feature alone, which is ``best``, and 1 less each."""
    rows = [[best - number, *[0.0] * 7] for number in range(len(hits))]
    return _observation(
        rows, hits, answerable=any(hits), by_faq=by_faq, question=question, answer=answer
    )


# What any model needs beside: of each kind one that is answered, and one that is not.
BESIDE = _source(
    "beside.jsonl",
    "cc",
    (
        _by_first(True, False, by_faq=True),
        _by_first(True, False, by_faq=True, answer=TWO),
        _by_first(False, False, by_faq=True),
    ),
)


def _fit(*observations: Observation) -> Model:
    """A model fitted on these first of all."""
    model, _ = fit([_source("asked.jsonl", "", observations), BESIDE])
    return model


def test_the_same_observations_give_the_same_text() -> None:
    assert to_json(*fit([EASY, HARD])) == to_json(*fit([EASY, HARD]))


def test_what_is_written_can_be_read() -> None:
    model, figures = fit([EASY, HARD])
    text = to_json(model, figures)
    raw = json.loads(text)
    assert list(raw) == [*FEATURES, "threshold", "fitted_on"]
    read = model_from_json(text)
    for name, names in FEATURES.items():
        fitted, own = getattr(model, name), getattr(read, name)
        assert list(raw[name]["weights"]) == list(names)
        # They are written with four digits behind the point.
        assert own.weights.tolist() == pytest.approx(fitted.weights.tolist(), abs=6e-5)
        assert own.intercept == pytest.approx(fitted.intercept, abs=6e-5)
    assert read.threshold == model.threshold
    assert 0 < model.threshold < 1
    assert raw["fitted_on"] == figures
    assert text.endswith("}\n")


def test_the_sources_are_recorded() -> None:
    more = _source("easy.jsonl", "aa", (*EASY.observations, MISSED))
    _, recorded = fit([more, HARD])
    assert [(one["file"], one["sha256"], one["questions"]) for one in recorded] == [
        ("easy.jsonl", "aa", 31),
        ("hard.jsonl", "bb", 40),
    ]
    # 15 of the 30 can be answered, each by the candidate that is best in every feature; and the
    # one that was missed.
    assert recorded[0]["recall_at_1"] == 15 / 16


def test_what_separates_perfectly_is_recorded_as_such() -> None:
    plain = _source("plain.jsonl", "cc", _observations(30, seed=3, by_faq=False))
    for recorded in fit([EASY, plain])[1]:
        assert (recorded["recall_at_1"], recorded["coverage_auroc"]) == (1, 1)


def test_a_source_tells_which_questions_can_be_answered() -> None:
    assert BESIDE.answerable.tolist() == [True, True, False]


def test_every_source_weighs_the_same_in_ranking_and_clauses() -> None:
    often = _source("easy.jsonl", "aa", EASY.observations * 3)
    (once, _), (thrice, _) = (fit([source, HARD]) for source in (EASY, often))
    for name in ("ranking", "clause"):
        expected = getattr(once, name).weights.tolist()
        assert getattr(thrice, name).weights.tolist() == pytest.approx(expected, abs=2e-3)
        assert any(expected)


def test_the_weights_of_ranking_are_the_log_odds_of_coming_first() -> None:
    # In three of four questions of either source the right candidate is the one that is 1 ahead:
    # log-odds of ln 3, from which the ridge takes 0.001 * ln(3) / 0.1875 = 0.6 %.
    plain, by_faq = (
        tuple(
            _by_first(*hits, by_faq=by_faq)
            for hits in [(True, False)] * 3 + [(False, True), (False, False)]
        )
        for by_faq in (False, True)
    )
    model, _ = fit([_source("a", "", plain), _source("b", "", by_faq)])
    weights = dict(zip(RANKING_FEATURES, model.ranking.weights.tolist(), strict=True))
    assert weights.pop("passage_similarity") == pytest.approx(math.log(3), rel=0.01)
    assert list(weights.values()) == [0] * 7
    assert model.ranking.intercept == pytest.approx(0, abs=1e-9)


def _reference(source: Source, model: Model, labels: Sequence[float], part: str) -> Logistic:
    """A regression of labels told by hand on the evidence of each question's first candidate."""
    rows = []
    for observation in source.observations:
        ranking = ranked(observation.candidates, model)
        rows.append(weigh(ranking, ranking.order()[0])[0].features)
    return logistic(part, np.array(rows, dtype=np.float64), np.array(labels))


def test_answerability_goes_by_the_first_candidate_and_the_first_three_may_answer() -> None:
    hits = [
        (True, False, False, False),
        (False, True, False, False),
        (False, False, True, False),
        (False, False, False, True),
        (False, False, False, False),
        (True, True, False, False),
    ]
    asked = tuple(_by_first(*each, best=best) for best, each in enumerate(hits, start=4))
    source = _source("asked.jsonl", "", asked)
    model, _ = fit([source, EASY])
    expected = _reference(source, model, [1, 1, 1, 0, 0, 1], "answerability")
    assert model.answerability.weights == pytest.approx(expected.weights)
    assert model.answerability.intercept == pytest.approx(expected.intercept)
    assert expected.weights[0] != 0


def test_each_answerability_is_fitted_on_all_sources_judged_so_with_equal_weight() -> None:
    second = _source("plain.jsonl", "", _observations(60, seed=3, by_faq=False))
    model, _ = fit([HARD, EASY, second])
    # In EASY all that can be answered are answered by one of the first three.
    expected = _reference(EASY, model, EASY.answerable.astype(float).tolist(), "faq_answerability")
    assert model.faq_answerability.weights == pytest.approx(expected.weights)
    # HARD has 40 questions and the second source 60: three of those count as two of these.
    rows, labels = [], []
    for source, times in ((HARD, 3), (second, 2)):
        for observation in source.observations * times:
            order = ranked(observation.candidates, model).order()
            rows.append(weigh(ranked(observation.candidates, model), order[0])[0].features)
            labels.append(float(observation.hits[order[:3]].any()))
    expected = logistic("answerability", np.array(rows, dtype=np.float64), np.array(labels))
    assert model.answerability.weights == pytest.approx(expected.weights, rel=1e-4)
    assert model.answerability.intercept == pytest.approx(expected.intercept, rel=1e-4)


def test_of_a_source_that_is_judged_in_both_ways_each_part_weighs_by_its_questions() -> None:
    few = _observations(20, seed=3, by_faq=False)
    model, _ = fit([HARD, _source("mixed.jsonl", "", (*EASY.observations, *few))])
    # 40 of 40 questions weigh 1, and 20 of 50 weigh 2/5: each of these 4/5 of one of those.
    rows, labels = [], []
    for observations, times in ((HARD.observations, 5), (few, 4)):
        for observation in observations * times:
            order = ranked(observation.candidates, model).order()
            rows.append(weigh(ranked(observation.candidates, model), order[0])[0].features)
            labels.append(float(observation.hits[order[:3]].any()))
    expected = logistic("answerability", np.array(rows, dtype=np.float64), np.array(labels))
    assert model.answerability.weights == pytest.approx(expected.weights, rel=1e-4)
    expected = _reference(EASY, model, EASY.answerable.astype(float).tolist(), "faq_answerability")
    assert model.faq_answerability.weights == pytest.approx(expected.weights)


def test_the_threshold_is_that_of_the_first_source() -> None:
    model, _ = fit([EASY, HARD])
    confidences = []
    for observation in EASY.observations:
        ranking = ranked(observation.candidates, model)
        evidence, _ = weigh(ranking, ranking.order()[0])
        assert evidence.by_faq
        confidences.append(model.faq_answerability.probability(evidence.features))
    # EASY can be told apart without a fault, HARD cannot.
    assert [c >= model.threshold for c in confidences] == EASY.answerable.tolist()
    assert fit([HARD, EASY])[0].threshold != model.threshold


@pytest.mark.parametrize(
    ("counts", "threshold"),
    [
        # Where x is 0, 0.5 and 1, so many are answered and so many are not; the odds are 1/6, 1/2
        # and 3/2, as a logistic regression would have it. Up to 1/3 eight of 14 are answered
        # falsely; up to 3/5 four of 14, and three of nine refused.
        (((1, 6), (2, 4), (6, 4)), 0.34),
        # Up to 1/3 ten of 22 are answered falsely, and two of nine refused; up to 3/5 two of 22,
        # but six of nine.
        (((2, 12), (4, 8), (3, 2)), 0.15),
    ],
)
def test_the_threshold_balances_false_answers_and_false_refusals(
    counts: Sequence[tuple[int, int]], threshold: float
) -> None:
    asked = []
    for level, (answered, not_answered) in zip((0, 0.5, 1), counts, strict=True):
        asked += [_by_first(True, False, best=level)] * answered
        asked += [_by_first(False, False, best=level)] * not_answered
    # So that there is a further passage that answers.
    asked[0] = _by_first(True, True, best=0)
    assert _fit(*asked).threshold == threshold


def test_what_tells_further_answers_is_whether_several_are_asked_for() -> None:
    # Behind a first passage that answers, one of four answers too where one thing is asked for,
    # and three of four where several are; all by as much behind, all as sure.
    one = [_by_first(True, second) for second in (True, False, False, False)]
    several = [_by_first(True, second, question=SEVERAL) for second in (True, True, True, False)]
    # This one is left alone: its first passage does not answer. And one that is not answered.
    wrong = _by_first(False, True, question=SEVERAL)
    further = _fit(*one, *several, wrong, _by_first(False, False)).further
    # As in BINARY and POSITIVE below.
    weights = dict(zip(further.features, further.weights.tolist(), strict=True))
    assert weights["several"] == pytest.approx(2 * math.log(3), rel=0.01)
    assert further.intercept == pytest.approx(-math.log(3), rel=0.01)
    assert (weights["behind"], weights["log_odds"]) == (0, 0)


def test_only_two_further_passages_are_looked_at() -> None:
    hits = [(True, True, False), (True, False, False), (True, False, True)]
    neither = _by_first(False, False, False)
    three, four = (
        _fit(*(_by_first(*each, *beyond) for each in hits), neither) for beyond in ((), (True,))
    )
    # A fourth that answers changes the scale of ranking, and with it that of being behind.
    scales = [model.ranking.weights[0] * model.further.weights[0] for model in (three, four)]
    assert scales[1] == pytest.approx(scales[0], rel=1e-4)
    assert scales[0] != 0
    assert three.ranking.weights[0] != pytest.approx(four.ranking.weights[0], rel=1e-3)


def test_what_tells_further_answers_is_fitted_on_the_first_source() -> None:
    asked = [_by_first(True, second) for second in (True, False, False, False)]
    model = _fit(*asked, _by_first(False, False))
    # One of four; no passage of the other source answers behind the first.
    assert model.further.intercept == pytest.approx(-math.log(3), rel=0.01)


def _clauses(answer: str, *clauses: tuple[float, float]) -> Observation:
    """A question of the first of two passages, whose clauses have this similarity and overlap."""
    contents = CONTENTS[2]
    other = [(0.0, 0.0)] * 3
    candidates = made_candidates(
        contents, [[3.0, *[0.0] * 3], [2.0, *[0.0] * 3]], clauses=[*clauses, *other]
    )
    question = Question(PLAIN, (answer,), answers=(answer,))
    return Observation(question, candidates, np.array([True, False]))


def test_the_weights_of_clauses_are_the_log_odds_of_holding_the_answer() -> None:
    # The clause that holds the answer is 1 ahead of both others in overlap, three times of four,
    # and once 1 behind.
    ahead, behind = (_clauses(FIRST, (0, x), (0, 1 - x), (0, 1 - x)) for x in (1, 0))
    plain = _source("a", "", (ahead, ahead, ahead, behind, _by_first(False, False)))
    # The other source says nothing of clauses: the words that answer are not told.
    silent = [replace(o, question=Question(PLAIN, ("?",))) for o in EASY.observations[::2]]
    model, _ = fit([plain, _source("b", "", (*silent, *EASY.observations[1::2]))])
    weights = dict(zip(model.clause.features, model.clause.weights.tolist(), strict=True))
    assert weights.pop("clause_overlap") == pytest.approx(math.log(3), rel=0.01)
    assert list(weights.values()) == [0] * 4
    assert model.clause.intercept == pytest.approx(0, abs=1e-9)


def test_a_clause_beside_the_best_belongs_to_the_answer_where_it_mostly_does() -> None:
    # Behind the best clause by 1, one of four holds a part of the answer too; by 2, three of four.
    # One at a time is beside the best: the last of the sentence is not compared.
    near = [_clauses(answer, (3, 0), (2, 0), (-9, 0)) for answer in (TWO, FIRST, FIRST, FIRST)]
    far = [_clauses(answer, (3, 0), (1, 0), (-9, 0)) for answer in (TWO, TWO, TWO, FIRST)]
    # Where the best clause is not of the answer, nothing is learned.
    wrong = _clauses(FIRST, (0, 0), (2, 0), (-9, 0))
    plain = _source("a", "", (*near, *far, wrong, _by_first(False, False)))
    silent = [replace(o, question=Question(PLAIN, ("?",))) for o in EASY.observations[::2]]
    model, _ = fit([plain, _source("b", "", (*silent, *EASY.observations[1::2]))])
    (scale,) = [w for w in model.clause.weights.tolist() if w != 0]
    # As in BINARY and POSITIVE below, but from 1 and 2 on: -ln 3 at 1, and ln 3 at 2.
    assert model.beside.weights[0] * scale == pytest.approx(2 * math.log(3), rel=0.01)
    assert model.beside.intercept == pytest.approx(-3 * math.log(3), rel=0.01)


def test_differences_are_taken_from_the_ten_most_similar_wrong_candidates() -> None:
    # By the sum of the first two features, of which the sixth and the seventh are the least.
    wrong = [[n / 10, (n % 3) / 10, 0.1 * n, *[0.0] * 5] for n in range(12)]
    wrong = [[-1, 0, *[0.0] * 6] if n in (5, 6) else row for n, row in enumerate(wrong)]
    right = [0.5, 0.5, 0.3, *[0.0] * 5]

    def ranking(others: Sequence[Sequence[float]]) -> bytes:
        hits = [False] * 12 + [True]
        asked = _observation([*others, right], hits, answerable=True, by_faq=False)
        return _fit(asked, _by_first(False, False)).ranking.weights.tobytes()

    def changed(number: int, row: Sequence[float]) -> list[Sequence[float]]:
        return [row if n == number else each for n, each in enumerate(wrong)]

    for number in (5, 6):
        assert ranking(changed(number, [-0.5, -0.5, 7, *[0.0] * 5])) == ranking(wrong)
    assert ranking(changed(7, [0.7, 0.1, 7, *[0.0] * 5])) != ranking(wrong)


UNANSWERABLE = _observation([[0.1] * 8, [0.3] * 8], [False, False], answerable=False)
ANSWERABLE = _observation([[0.9] * 8, [0.2] * 8], [True, False], answerable=True)


@pytest.mark.parametrize(
    "observations",
    [(ANSWERABLE, ANSWERABLE), (UNANSWERABLE, UNANSWERABLE), (MISSED, UNANSWERABLE), ()],
)
def test_a_source_must_have_both_kinds(observations: tuple[Observation, ...]) -> None:
    with pytest.raises(QuestionFileError, match=r"lacking\.jsonl"):
        fit([EASY, _source("lacking.jsonl", "", observations)])


def test_a_source_whose_every_candidate_answers_is_refused() -> None:
    alone = _observation([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]], [True], answerable=True)
    with pytest.raises(QuestionFileError, match=r"alone\.jsonl"):
        fit([_source("alone.jsonl", "", (alone, UNANSWERABLE)), HARD])


@pytest.mark.parametrize("only", [EASY, HARD])
def test_questions_must_be_asked_with_a_faq_and_without(only: Source) -> None:
    with pytest.raises(QuestionFileError, match="已知问题"):
        fit([only])


def test_where_no_question_is_answered_first_nothing_tells_further_answers() -> None:
    # The passage that answers is no better than the one before it.
    behind = _observation([[0.1] * 8, [0.1] * 8], [False, True], answerable=True)
    with pytest.raises(QuestionFileError, match=r"behind\.jsonl"):
        fit([_source("behind.jsonl", "", (behind, UNANSWERABLE)), EASY, HARD])


def test_the_words_that_answer_must_be_told() -> None:
    silent = [
        replace(o, question=replace(o.question, answers=()))
        for o in (ANSWERABLE, UNANSWERABLE, _by_first(True, False), _by_first(False, False))
    ]
    with pytest.raises(QuestionFileError, match="clause"):
        fit([_source("a", "", tuple(silent[:2])), _source("b", "", tuple(silent[2:]))])


# Where x is 0, one of four is positive; where x is 1, three of four.
BINARY = np.array([[0], [0], [0], [0], [1], [1], [1], [1]], dtype=np.float64)
POSITIVE = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=np.float64)


def test_logistic_regression_on_one_binary_feature() -> None:
    fitted = logistic("beside", BINARY, POSITIVE)
    # The log odds are ln(1/3) and ln(3), so the weight is ln(3) - ln(1/3) = 2 ln(3). The ridge
    # takes 0.001 * ln(3) / 0.1875 = 0.6 % of it, and moves the intercept by half of that.
    assert fitted.features == ("behind",)
    assert fitted.weights.tolist() == pytest.approx([2 * math.log(3)], rel=0.01)
    assert fitted.weights[0] < 2 * math.log(3)
    assert fitted.intercept == pytest.approx(-math.log(3), rel=0.01)
    # At the middle the odds are even, and stay so under the ridge.
    assert fitted.intercept + fitted.weights[0] / 2 == pytest.approx(0, abs=1e-6)
    assert fitted.weights.dtype == np.float32


def test_the_ridge_is_that_of_the_penalised_likelihood() -> None:
    # With z = -1 and 1 for x, the weight w of z solves, for 3 of 4 right on either side,
    # 3/4 - 1 / (1 + e^-w) = 0.001 w; found by bisection.
    low, high = 0.0, 2.0
    for _ in range(60):
        middle = (low + high) / 2
        short = 3 / 4 - 1 / (1 + math.exp(-middle)) > 0.001 * middle
        low, high = (middle, high) if short else (low, middle)
    assert logistic("beside", BINARY, POSITIVE).weights[0] == pytest.approx(2 * low, rel=1e-6)


def test_importance_is_as_good_as_repetition() -> None:
    rows, labels = np.array([[0.0], [0], [1], [1]]), np.array([1.0, 0, 1, 0])
    weighed = logistic("beside", rows, labels, np.array([1.0, 3, 3, 1]))
    repeated = logistic("beside", BINARY, POSITIVE)
    assert weighed.weights == pytest.approx(repeated.weights)
    assert weighed.intercept == pytest.approx(repeated.intercept)


def test_logistic_regression_does_not_mind_the_scale_of_a_column() -> None:
    small = logistic("beside", BINARY / 1000, POSITIVE)
    plain = logistic("beside", BINARY, POSITIVE)
    assert small.weights / 1000 == pytest.approx(plain.weights)
    assert small.intercept == pytest.approx(plain.intercept)


@pytest.mark.parametrize("constant", [0, 1, math.log(4), 1e6 / 7])
def test_a_constant_column_weighs_nothing(constant: float) -> None:
    columns = [BINARY, np.full((8, 2), constant)]
    fitted = logistic("further", np.hstack(columns), POSITIVE)
    assert fitted.weights[1:] == pytest.approx([0, 0], abs=1e-9)
    assert fitted.weights[0] == pytest.approx(logistic("beside", BINARY, POSITIVE).weights[0])


@pytest.mark.parametrize(("label", "odds"), [(0, 0.5 / 8.5), (1, 8.5 / 0.5)])
def test_where_all_are_alike_no_feature_tells_anything(label: int, odds: float) -> None:
    fitted = logistic("beside", BINARY, np.full(8, float(label)))
    assert fitted.weights.tolist() == [0]
    assert fitted.intercept == pytest.approx(math.log(odds))


def test_of_nothing_nothing_can_be_learned() -> None:
    with pytest.raises(QuestionFileError, match="beside"):
        logistic("beside", np.zeros((0, 1)), np.zeros(0))
