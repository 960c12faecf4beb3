"""Whether the first candidates answer, by models and candidates made by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from changai.indexing import faq
from changai.indexing.build import encode
from changai.indexing.faq import FaqMatches
from changai.models.encoders import Encoder
from changai.models.fitted import Floats, Model, load_model
from changai.query.understanding import understand
from changai.search.answerability import MOST_ANSWERS, Judgement, judge, weigh
from changai.search.candidates import find
from support.articles import READERS, THIRST, WELDERS, made_article
from support.candidates import PLAIN, Rows, made_candidates, made_contents, made_faq
from support.models import made_model
from support.readers import ranked

LN3 = math.log(3)
ONE = made_contents(made_article("甲", *["车间东侧设有一只保温桶。"] * 5))
PAIR = made_contents(
    made_article("甲", *["车间东侧设有一只保温桶。"] * 3),
    made_article("乙", *["图书每次可以借阅三册。"] * 2),
)
SEVERAL = "请说哪些"
"""A question as long as PLAIN that asks for several things."""


def _judge(
    scores: Sequence[float], model: Model, *, question: str = PLAIN, confidence: float = 0
) -> Judgement:
    """Judge five candidates that score so much, all with the same log-odds of an answer."""
    rows: Rows = [[score, 0, confidence, 0] for score in scores]
    return judge(ranked(made_candidates(ONE, rows, question=question), model), model)


BY_SIMILARITY = {"passage_similarity": 1.0}


@pytest.mark.parametrize(("threshold", "answering"), [(0.75, 1), (0.76, 0)])
def test_a_question_is_answered_from_the_threshold_on(threshold: float, answering: int) -> None:
    model = made_model(
        threshold=threshold,
        ranking=BY_SIMILARITY,
        # Held above 3/4 by a hair: a weight is rounded to 32 bits.
        answerability={"passage_overlap": LN3 + 1e-6},
        further={"intercept": -9},
    )
    judged = _judge([1, 2, 3, 0, 0], model, confidence=1)
    assert judged.belief.confidence == pytest.approx(3 / 4)
    assert judged.answering == answering
    assert judged.ranking.order() == [2, 1, 0, 3, 4]


def test_the_first_candidate_alone_is_believed() -> None:
    # The odds of the best are 3 to 1, whatever others have.
    model = made_model(ranking=BY_SIMILARITY, answerability={"passage_overlap": LN3})
    rows: Rows = [[0, 0, 5, 0], [1, 0, 1, 0], [0, 0, 5, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    judged = judge(ranked(made_candidates(ONE, rows), model), model)
    assert judged.belief.confidence == pytest.approx(3 / 4)


def test_what_is_missing_is_told_of_the_first_candidate() -> None:
    model = made_model(ranking=BY_SIMILARITY, answerability={"missing_years": -LN3})
    judged = _judge([1, 0, 0, 0, 0], model, question="2020年怎么说?")
    assert judged.belief.missing.names() == ("2020年",)
    # Odds of 1 to 3.
    assert judged.belief.confidence == pytest.approx(1 / 4)
    assert judged.answering == 0


@pytest.mark.parametrize(
    ("scores", "answering"),
    [
        # A further one answers up to 2 behind the first: 0.85 - 2 are log-odds of -1.15, about 1/4;
        # those of 0.3 are -0.847.
        ([9, 7.5, 7.4, 7.3, 7.2], MOST_ANSWERS),
        ([9, 7.5, 7, 7, 7], 2),
        ([9, 7, 7, 7, 7], 1),
        # Which stands where makes no difference.
        ([7, 7.5, 9, 7, 7], 2),
        # Not behind one that does not.
        ([9, 7, 7.5, 0, 0], 2),
    ],
)
def test_further_passages_answer_that_are_not_far_behind(
    scores: Sequence[float], answering: int
) -> None:
    model = made_model(
        ranking=BY_SIMILARITY,
        answerability={"intercept": 1},
        further={"behind": -1, "intercept": 0.85},
    )
    assert _judge(scores, model).answering == answering


def test_nothing_further_answers_where_the_first_does_not() -> None:
    model = made_model(
        ranking=BY_SIMILARITY, answerability={"intercept": -1}, further={"intercept": 9}
    )
    assert _judge([5, 4, 3, 2, 1], model).answering == 0


@pytest.mark.parametrize(
    ("odds", "answering"),
    [
        ((3, 2), 3),
        ((3, -2), 2),
        # One that answers behind one that does not is not counted.
        ((-2, 3), 1),
    ],
)
def test_a_further_passage_must_itself_be_believed(
    odds: tuple[float, float], answering: int
) -> None:
    # The log-odds of the first are 4.
    second, third = odds
    rows: Rows = [[9, 0, 4, 0], [8, 0, second, 0], [7, 0, third, 0], [0] * 4, [0] * 4]
    model = made_model(
        ranking=BY_SIMILARITY, answerability={"passage_overlap": 1}, further={"log_odds": 1}
    )
    assert judge(ranked(made_candidates(ONE, rows), model), model).answering == answering


@pytest.mark.parametrize(("question", "answering"), [(PLAIN, 1), (SEVERAL, MOST_ANSWERS)])
def test_several_may_answer_where_several_things_are_asked_for(
    question: str, answering: int
) -> None:
    model = made_model(
        ranking=BY_SIMILARITY,
        answerability={"intercept": 1},
        further={"intercept": -1, "several": 1},
    )
    assert _judge([5, 4, 3, 2, 1], model, question=question).answering == answering


def test_a_candidate_is_weighed_by_its_features_and_what_it_lacks() -> None:
    rows: Rows = [[0.5, 0.25, 1, 0], [0.75, 0.5, 0, 1], *[[0.0] * 4] * 3]
    ranking = ranked(made_candidates(ONE, rows, question="2020年怎么说?"), made_model())
    found, lacking = weigh(ranking, 1)
    assert lacking.names() == ("2020年",)
    assert not found.by_faq
    # Nothing leads where all score nothing. One year is missing, of nine characters.
    expected = [0.75, 0, 0, 0, 0, 0, math.log(9), 1, 0, 0]
    assert found.features.tolist() == pytest.approx(expected)


def _faq(*unanswered: float, judged: tuple[int, ...] = (0,)) -> FaqMatches:
    """A FAQ of PAIR, of whose first document these are the features of what is not answered."""
    return made_faq([[0.0] * 4] * 5, unanswered, [0, 0, 0], judged=judged)


# Log-odds of what is judged by its FAQ, and of what is not.
JUDGING = made_model(
    ranking=BY_SIMILARITY,
    faq_answerability={"unanswered_similarity": 1, "passage_similarity": 1},
    answerability={"passage_overlap": 1},
)


def test_a_document_whose_faq_doubts_that_it_answers_follows_the_others() -> None:
    rows: Rows = [[2, 0, 0, 0], [3, 0, 0, 0], [1, 0, 0, 0], [2.5, 0, 0, 0], [0.5, 0, 0, 0]]
    ranking = ranked(made_candidates(PAIR, rows, faq=_faq(-4, 0, 0)), JUDGING)
    judged = judge(ranking, JUDGING)
    # Log-odds of 3 - 4 for its best passage, 1 less than for the best of the other document, which
    # is not judged by its FAQ and stands still.
    assert judged.ranking.scores.tolist() == pytest.approx([0.5, 1.5, -0.5, 2.5, 0.5])
    assert judged.ranking.order()[0] == 3
    # What was ranked is left as it was.
    assert ranking.scores.tolist() == [2, 3, 1, 2.5, 0.5]


def test_a_document_that_is_likelier_to_answer_leads_the_others_by_as_much() -> None:
    rows: Rows = [[2, 0, 0, 0], [3, 0, 0, 0], [1, 0, 0, 0], [5, 0, -1, 0], [0.5, 0, 0, 0]]
    judged = judge(ranked(made_candidates(PAIR, rows, faq=_faq(1, 0, 0)), JUDGING), JUDGING)
    # Log-odds of 3 + 1 and of -1; the order of either's passages stays.
    assert judged.ranking.scores.tolist() == pytest.approx([9, 10, 8, 5, 0.5])
    assert judged.belief.confidence == pytest.approx(1 / (1 + math.exp(-4)))


def test_a_document_that_is_alone_does_not_sink() -> None:
    alone = made_faq([[0.0] * 4] * 5, [-9, 0, 0], judged=(0,))
    rows: Rows = [[score, 0, 0, 0] for score in (1, 2, 3, 4, 5)]
    judged = judge(ranked(made_candidates(ONE, rows, faq=alone), JUDGING), JUDGING)
    assert judged.ranking.scores.tolist() == [1, 2, 3, 4, 5]
    # Log-odds of 5 - 9: it is judged by its FAQ all the same.
    assert judged.belief.confidence == pytest.approx(1 / (1 + math.exp(4)))


def test_a_document_none_of_whose_passages_is_a_candidate_changes_nothing() -> None:
    rows: Rows = [[2, 0, 0, 0], [3, 0, 0, 0], [1, 0, 0, 0], [5, 0, -1, 0], [0.5, 0, 0, 0]]
    whole = made_candidates(PAIR, rows, faq=_faq(1, 0, 0))
    others = replace(
        whole,
        passages=whole.passages[3:],
        passage_similarity=whole.passage_similarity[3:],
        passage_overlap=whole.passage_overlap[3:],
        clauses=whole.clauses[3:],
        starts=whole.starts[:2],
        clause_similarity=whole.clause_similarity[3:],
        clause_overlap=whole.clause_overlap[3:],
    )
    judged = judge(ranked(others, JUDGING), JUDGING)
    assert judged.ranking.scores.tolist() == [5, 0.5]


def test_few_questions_sink_nothing() -> None:
    rows: Rows = [[2, 0, 0, 0], [3, 0, 0, 0], [1, 0, 0, 0], [2.5, 0, 0, 0], [0.5, 0, 0, 0]]
    candidates = made_candidates(PAIR, rows, faq=_faq(-4, 0, 0, judged=()))
    assert judge(ranked(candidates, JUDGING), JUDGING).ranking.scores.tolist() == [
        2,
        3,
        1,
        2.5,
        0.5,
    ]


def test_the_fitted_model_goes_by_the_faq_where_an_article_brings_one(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faq, "_ENOUGH", 1)
    contents, model = encode([WELDERS, READERS], encoder), load_model()

    def judged(question: str) -> tuple[Floats, Judgement]:
        query = understand(question, contents.spelling)
        ranking = ranked(find(contents, encoder, query), model)
        return ranking.scores, judge(ranking, model)

    scores, answered = judged(THIRST)
    # The question is that of the FAQ, which this passage answers; its article leads.
    assert answered.ranking.features[2, 3:5].tolist() == pytest.approx([1, 1], abs=1e-5)
    weighed = [weigh(answered.ranking, candidate)[0] for candidate in range(5)]
    assert [each.by_faq for each in weighed] == [True] * 3 + [False] * 2
    assert model.faq_answerability.probability(weighed[2].features) > 0.5
    assert answered.ranking.order()[0] == 2
    # The one that it does not answer lets the others lead, and is not believed to be answered.
    scores, refused = judged("有没有班车?")
    moved = (refused.ranking.scores - scores).tolist()
    assert moved[3:] == [0, 0]
    assert np.ptp(moved[:3]) == pytest.approx(0, abs=1e-4)
    assert refused.ranking.order()[0] in (3, 4)
    assert refused.answering == 0
