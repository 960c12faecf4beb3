"""The order of the candidates."""

import numpy as np
import pytest

from changai.models.fitted import RANKING_FEATURES
from changai.search.features import ranking_features
from changai.search.ranking import Ranking, rank, read, rerank
from support.articles import made_article
from support.candidates import Rows, made_candidates, made_contents
from support.models import made_model
from support.readers import Told

FIVE = made_contents(made_article("甲", *["车间东侧设有一只保温桶。"] * 5))
ROWS: Rows = [[0.5, 0.5, 0, 0], [0.25, 1, 0, 0], [0.25, 0, 0, 0], [0.75, 0, 0, 0], [0, 1, 1, 0]]


def test_scores_are_linear_in_the_features() -> None:
    candidates = made_candidates(FIVE, ROWS)
    model = made_model(ranking={"passage_similarity": 2, "clause_similarity": -1, "intercept": 3})
    ranking = rank(candidates, model)
    assert ranking.scores.tolist() == [3.5, 2.5, 3.5, 4.5, 2]
    assert ranking.features.tolist() == ranking_features(candidates).tolist()
    assert ranking.features.shape == (5, len(RANKING_FEATURES))
    assert ranking.candidates is candidates


def _order(*scores: float) -> list[int]:
    candidates = made_candidates(FIVE, ROWS)
    features = np.zeros((len(scores), len(RANKING_FEATURES)), dtype=np.float32)
    return Ranking(candidates, features, np.array(scores, dtype=np.float32)).order()


def test_order_is_by_falling_score_with_ties_in_reading_order() -> None:
    assert _order(0.5, 2, -1, 2, 0.5) == [1, 3, 0, 4, 2]


def test_order_of_many_ties_is_the_reading_order() -> None:
    assert _order(*[0, 1] * 300) == [*range(1, 600, 2), *range(0, 600, 2)]


def test_what_speaks_of_another_year_is_ranked_lower() -> None:
    article = made_article(
        "甲", "2021年,全市举办竞赛五十项。", "全市培训八千人次。", "2022年,全市举办竞赛四十项。"
    )
    rows = [[0.5, 0, 0, 0]] * 3
    model = made_model(ranking={"passage_similarity": 1, "other_year": -2})
    asked = made_candidates(made_contents(article), rows, question="2022年竞赛办了多少项?")
    assert rank(asked, model).scores.tolist() == pytest.approx([-1.5, -1.5, 0.5])
    # Where no year is asked about, none is another.
    asked = made_candidates(made_contents(article), rows, question="竞赛办了多少项?")
    assert rank(asked, model).scores.tolist() == pytest.approx([0.5] * 3)


ELEVEN = made_contents(made_article("甲", *[f"车间东侧设有第{n}只保温桶。" for n in range(11)]))
FALLING: Rows = [[1 - n / 16, 0, 0, 0] for n in range(11)]


def test_the_first_eight_are_read() -> None:
    model = made_model(ranking={"passage_similarity": 16})
    ranking = read(rank(made_candidates(ELEVEN, FALLING), model), Told({"第3只": 2}))
    assert [*ranking.readings] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert [each.score for each in ranking.readings.values()] == [0, 0, 0, 2, 0, 0, 0, 0]
    # Reading alone changes no score.
    assert ranking.scores.tolist() == [*range(16, 5, -1)]


def test_what_reads_well_rises_and_what_was_not_read_stays_behind() -> None:
    model = made_model(
        ranking={"passage_similarity": 16}, reranking={"score": 0.5, "reading": 2, "intercept": 1}
    )
    told = Told({"第3只": 2, "第7只": -3})
    ranking = rerank(read(rank(made_candidates(ELEVEN, FALLING), model), told), model)
    # Half of 16, 15, … 9, and 1; 4 more for the fourth, 6 less for the eighth; the others are as
    # far behind the eighth as they were.
    assert ranking.scores.tolist() == [9, 8.5, 8, 11.5, 7, 6.5, 6, -0.5, -1.5, -2.5, -3.5]
    assert ranking.order()[0] == 3


def test_a_passage_that_was_not_read_is_behind_all_that_were() -> None:
    model = made_model(ranking={"passage_similarity": 16}, reranking={"reading": 1})
    told = Told({"第0只": -5})
    ranking = rerank(read(rank(made_candidates(ELEVEN, FALLING), model), told), model)
    assert ranking.scores.tolist() == [-5, 0, 0, 0, 0, 0, 0, 0, -6, -7, -8]
