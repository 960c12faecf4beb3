"""What the fitted model is multiplied with, on candidates made by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from changai.indexing.faq import AnswerSpans, FaqMatches
from changai.models.fitted import (
    ANSWERABILITY_FEATURES,
    CLAUSE_FEATURES,
    FAQ_ANSWERABILITY_FEATURES,
    RANKING_FEATURES,
    Floats,
)
from changai.query.expectations import Missing
from changai.search.candidates import Candidates
from changai.search.features import (
    clause_features,
    evidence,
    further_features,
    log_odds,
    ranking_features,
)
from changai.text.normalisation import normalise
from support.articles import GLOVES, made_article
from support.candidates import Rows, made_candidates, made_contents, made_faq
from support.readers import made_reading

CONTENTS = made_contents(
    made_article("甲", GLOVES, "车间东侧设有一只保温桶。"), made_article("乙", "图书每次可借三册。")
)
NOTHING = Missing((), ())
ROWS: Rows = [[0.5, 0.25, 1, 0], [0.75, 0.5, 0, 0], [0, 0, 0, 0]]
# The first passage has three clauses, the others one.
CLAUSES: Rows = [[0.25, 0], [0.5, 0.75], [0.125, 1], [0.5, 0.25], [0.375, 0.125]]


def _floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float32)


def test_a_passage_is_measured_with_its_nearest_clause() -> None:
    features = ranking_features(made_candidates(CONTENTS, ROWS, clauses=CLAUSES))
    assert features.tolist() == [
        # The nearest clause is the second.
        [0.5, 0.5, 1, 0, 0, 0, 0, 0],
        [0.75, 0.5, 0, 0, 0, 0, 0, 0],
        [0, 0.375, 0, 0, 0, 0, 0, 0],
    ]
    assert features.shape == (3, len(RANKING_FEATURES))
    assert features.dtype == np.float32


def test_a_passage_is_measured_by_the_faq_too() -> None:
    faq = made_faq([[0.5, 0.25, -1, 0.125], [1, 0, 0.5, 0.75], [0, 1, 2, 0]], [0, 0, 0], judged=())
    candidates = made_candidates(CONTENTS, ROWS, faq=faq)
    features = ranking_features(candidates)
    assert features[:, 3:7].tolist() == [[0.5, 0.25, -1, 0.125], [1, 0, 0.5, 0.75], [0, 1, 2, 0]]
    # Those of the candidates alone, where these are not all the passages.
    some = replace(
        candidates,
        passages=np.array([1, 2]),
        passage_similarity=_floats(0.75, 0),
        passage_overlap=_floats(0, 0),
        clauses=np.array([3, 4]),
        starts=np.array([0, 1]),
        clause_similarity=_floats(0.5, 0),
        clause_overlap=_floats(0, 0),
    )
    assert ranking_features(some).tolist() == features[1:].tolist()


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("竞赛办了多少项?", [0, 0, 0]),
        ("2021年竞赛办了多少项?", [0, 1, 1]),
        ("2022年竞赛办了多少项?", [1, 0, 1]),
        # It must speak of every year.
        ("2021年和2022年竞赛办了多少项?", [1, 1, 1]),
    ],
)
def test_a_passage_may_speak_of_another_year(question: str, other: list[int]) -> None:
    article = made_article(
        "甲", "2021年,全市举办竞赛五十项。", "2022年,全市举办竞赛四十项。", "全市培训八千人次。"
    )
    candidates = made_candidates(made_contents(article), [[0.0] * 4] * 3, question=question)
    assert ranking_features(candidates)[:, -1].tolist() == other


def test_a_clause_has_its_own_similarity_and_overlap() -> None:
    candidates = made_candidates(CONTENTS, ROWS, clauses=CLAUSES)
    for candidate, own in ((0, CLAUSES[:3]), (1, CLAUSES[3:4]), (2, CLAUSES[4:])):
        features = clause_features(candidates, candidate, None)
        assert features.tolist() == [[*values, 0, 0, 0] for values in own]
        assert features.shape[1] == len(CLAUSE_FEATURES)
        assert features.dtype == np.float32


@pytest.mark.parametrize(
    ("answer", "shares"),
    [
        ("安全帽两顶", [1, 0, 0]),
        # Half of what answers is in each, less the comma between them.
        ("两顶,另发", [0.4, 0.4, 0]),
        # All 37 characters.
        ("", [13 / 37, 10 / 37, 11 / 37]),
    ],
)
def test_a_clause_may_hold_what_the_reader_takes_for_the_answer(
    answer: str, shares: list[float]
) -> None:
    candidates = made_candidates(CONTENTS, ROWS)
    reading = made_reading(normalise(GLOVES), answer=answer)
    features = clause_features(candidates, 0, reading)
    assert np.exp(features[:, 2]).tolist() == pytest.approx([0.001 + each for each in shares])


def _with_snippets(*snippets: tuple[int, int, float, float]) -> Candidates:
    """The candidates with snippets of the first passage, given by their ends, cosine and overlap,
    and one of the second that is much like the question."""
    rows = [(number, 0, start, end) for number, (start, end, _, _) in enumerate(snippets)]
    last = len(rows)
    likeness = np.array([*(each[2:] for each in snippets), (1, 1)], dtype=np.float32)
    faq = FaqMatches(
        spans=AnswerSpans(
            np.array([*rows, (last, 1, 0, 5)], dtype=np.int32), np.zeros(last + 1, dtype=np.int32)
        ),
        unanswered_by=np.full(last + 1, -1),
        likeness=likeness,
        predicted=np.zeros((3, 2), dtype=np.float32),
        predicted_unanswered=_floats(0),
        judged=(),
    )
    return made_candidates(CONTENTS, ROWS, faq=faq)


@pytest.mark.parametrize(
    ("snippets", "likeness"),
    [
        # The clauses of GLOVES stand at 0 to 13, 14 to 24 and 25 to 36. One without a snippet
        # counts as if it had the one that is least like.
        ([(0, 9, 0.75, 0.5)], [(0.75, 0.5)] * 3),
        ([(0, 9, 0.75, 0.5), (25, 30, 0.5, 0.25)], [(0.75, 0.5), (0.5, 0.25), (0.5, 0.25)]),
        # The least in either way, of whatever snippet.
        ([(0, 9, 0.75, 0.25), (25, 30, 0.5, 0.5)], [(0.75, 0.25), (0.5, 0.25), (0.5, 0.5)]),
        # One that reaches into two clauses counts for both.
        ([(5, 16, 1, 0.5), (25, 30, 0, 0)], [(1, 0.5), (1, 0.5), (0, 0)]),
        # Of several snippets of a clause, the nearest counts, with its own overlap.
        ([(0, 5, 0.5, 1), (2, 9, 0.75, 0.5)], [(0.75, 0.5), (0.5, 0.5), (0.5, 0.5)]),
        # What ends where a clause begins has no part of it.
        ([(13, 25, 1, 1), (30, 36, 0.5, 0.5)], [(0.5, 0.5), (1, 1), (0.5, 0.5)]),
        # None at all.
        ([], [(0, 0)] * 3),
    ],
)
def test_a_clause_may_answer_a_like_question(
    snippets: list[tuple[int, int, float, float]], likeness: list[tuple[float, float]]
) -> None:
    candidates = _with_snippets(*snippets)
    assert candidates.clause_spans(0) == [(0, 13), (14, 24), (25, 36)]
    features = clause_features(candidates, 0, None)
    assert [tuple(row) for row in features[:, 3:].tolist()] == likeness


READINGS = {0: made_reading("安", 2), 2: made_reading("安", -1)}
SCORES = _floats(0.5, -1, 0.25)


def _evidence(question: str, row: Floats, missing: Missing, *, by_faq: bool) -> Floats:
    # Of what the first document does not answer, and the second, which is not judged.
    unanswered = [0.625, 0.5, -0.125], [0.25, 0.25, 0.25]
    faq = made_faq([[0.0] * 4] * 3, *unanswered, judged=(0,) if by_faq else ())
    candidates = made_candidates(CONTENTS, ROWS, question=question, faq=faq)
    found = evidence(candidates, 0, row, SCORES, READINGS, missing)
    assert found.by_faq is by_faq
    assert not evidence(candidates, 2, row, SCORES, READINGS, missing).by_faq
    return found.features


RANKED = _floats(0.9, 0.8, 0.5, 0.7, 0.6, 0.3, 0.2, 1)


def test_the_evidence_counts_what_is_missing_up_to_two() -> None:
    missing = Missing(("2023", "2022", "2021"), ("杭州",))
    row = _evidence("保费多少?", RANKED, missing, by_faq=False)
    # Similarity and overlap; what the reader says of it, and on average; how far it leads; five
    # characters, some of them Chinese; nothing of the FAQ, since there are too few questions.
    expected = [0.9, 0.5, 2, 0.5, 0.25, 0, math.log(5), 2, 1, 0]
    assert row.tolist() == pytest.approx(expected)
    assert len(row) == len(ANSWERABILITY_FEATURES)


def test_a_passage_that_was_not_read_counts_as_the_worst_of_those_that_were() -> None:
    candidates = made_candidates(CONTENTS, ROWS)
    found = evidence(candidates, 1, RANKED, SCORES, READINGS, NOTHING).features
    # It is 1.5 behind the first.
    assert found[2:5].tolist() == [-1, 0.5, -1.5]


def test_a_passage_that_is_alone_leads_by_nothing() -> None:
    candidates = made_candidates(made_contents(made_article("甲", GLOVES)), ROWS[:1])
    found = evidence(candidates, 0, RANKED, SCORES[:1], READINGS, NOTHING).features
    assert found[4] == 0


def test_the_evidence_of_a_question_in_another_language_with_nothing_missing() -> None:
    row = _evidence("who", _floats(*[0] * 8), NOTHING, by_faq=False)
    assert row.tolist() == pytest.approx([0, 0, 2, 0.5, 0.25, 1, math.log(3), 0, 0, 0])


def test_the_evidence_may_go_by_the_faq() -> None:
    missing = Missing((), ("杭州",) * 3)
    row = _evidence("何时", RANKED, missing, by_faq=True)
    expected = [0.9, 0.5, 2, 0.5, 0.25, 0, math.log(2), 0, 2, 0]
    assert row.tolist() == pytest.approx([*expected, 0.7, 0.6, 0.3, 0.2, 0.625, 0.5, -0.125])
    assert len(row) == len(FAQ_ANSWERABILITY_FEATURES)
    assert row.dtype == np.float32


def test_without_a_faq_the_evidence_goes_by_the_text() -> None:
    found = evidence(made_candidates(CONTENTS, ROWS), 0, RANKED, SCORES, READINGS, NOTHING)
    assert not found.by_faq
    assert len(found.features) == len(ANSWERABILITY_FEATURES)


@pytest.mark.parametrize(
    ("question", "bare"),
    [("手套十二双", True), ("手套 十二双?", True), ("手套两双", False), ("双", False)],
)
def test_a_question_that_stands_in_the_passage_is_bare(question: str, bare: bool) -> None:
    row = _evidence(question, RANKED, NOTHING, by_faq=False)
    assert row[ANSWERABILITY_FEATURES.index("bare")] == bare


def test_log_odds_are_held_where_nothing_is_in_doubt() -> None:
    assert log_odds(0.75) == pytest.approx(math.log(3))
    assert log_odds(0.2) == pytest.approx(-math.log(4))
    # A millionth off: odds of 999,999 to 1.
    held = math.log(999_999)
    assert [log_odds(sure) for sure in (0, 1)] == pytest.approx([-held, held])


def test_a_further_passage_is_told_by_its_own_log_odds() -> None:
    # Odds of 3 to 1, and of 1 to 4.
    assert further_features(0.5, 0.75, True).tolist() == pytest.approx([0.5, math.log(3), 1])
    assert further_features(2, 0.2, False).tolist() == pytest.approx([2, -math.log(4), 0])
