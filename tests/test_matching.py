"""Candidates, their measures, and what of them is shown first."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from changai import chinese, expectations, known, matching, ranking
from changai.build import encode
from changai.encoders import Encoder
from changai.errors import QuestionError
from changai.known import AnswerSpans, KnownMatches
from changai.matching import Matches, _answered, match
from changai.records import Article, Document, Passage, Question
from changai.retrieval import Index
from changai.store import Contents

CLAUSES = [(0, 5), (6, 10), (11, 20)]


@pytest.mark.parametrize(
    ("scores", "snippets", "stretch"),
    [
        ([1, 3, 2], [], (1, 1)),
        # Of equals, the first in reading order.
        ([1, 3, 3], [], (1, 1)),
        # A snippet that reaches over two clauses shows both, from whichever of them is best.
        ([1, 3, 2], [(8, 15, 10)], (1, 2)),
        ([1, 2, 3], [(8, 15, 10)], (1, 2)),
        ([1, 3, 2], [(0, 20, 10)], (0, 2)),
        # A clause without a snippet counts as if it had the one that is least like: the only one
        # moves nothing.
        ([9, 3, 2], [(8, 15, 10)], (0, 0)),
        # 1 + 10, 3 + 4, 2 + 4.
        ([1, 3, 2], [(0, 5, 10), (11, 20, 4)], (0, 0)),
        # 1 + 10, 8 + 4, 2 + 4.
        ([1, 8, 2], [(0, 5, 10), (11, 20, 4)], (1, 1)),
        # 1 + 10, 7 + 4, 2 + 4: of equals, the first.
        ([1, 7, 2], [(0, 5, 10), (11, 20, 4)], (0, 0)),
        # Of the snippets of the best clause, the one most like says how far to show.
        ([5, 1, 1], [(0, 3, 4), (2, 8, 10)], (0, 1)),
        ([5, 1, 1], [(0, 3, 10), (2, 8, 4)], (0, 0)),
        # What ends where a clause begins, or stands between two, does not touch it.
        ([1, 3, 2], [(5, 6, 10)], (1, 1)),
        ([1, 1, 2], [(0, 6, 10), (10, 12, 5)], (0, 0)),
    ],
)
def test_the_clauses_of_the_best_answer(
    scores: Sequence[float], snippets: Sequence[tuple[int, int, float]], stretch: tuple[int, int]
) -> None:
    places = np.array([snippet[:2] for snippet in snippets], dtype=np.int32).reshape(-1, 2)
    likeness = np.array([snippet[2] for snippet in snippets], dtype=np.float32)
    found = _answered(CLAUSES, np.array(scores, dtype=np.float32), places, likeness)
    assert found[1:] == stretch


def _article(name: str, *texts: str, questions: Sequence[Question] = ()) -> Article:
    document = Document(name, name, "", "", "", f"{name}.txt", "", "\n".join(texts))
    passages, start = [], 0
    for number, text in enumerate(texts):
        end = start + len(text)
        passages.append(Passage(f"{name}#{number}", document, text, start, end, (), ""))
        start = end + 1
    return Article(document, tuple(passages), tuple(questions))


GLOVES = "每名焊工每年发放安全帽两顶,另发放防护手套十二双,体检费用由企业全部承担。"
THIRST = "口渴了怎么办?"
WELDERS = _article(
    "甲",
    GLOVES,
    "电工每季度更换一次绝缘鞋。",
    "车间东侧设有保温桶。",
    questions=[Question(THIRST, ("保温桶",)), Question("有没有班车?", ())],
)
READERS = _article("乙", "口渴时请勿在书架旁饮用任何东西。", "图书每次可借三册。")


@pytest.fixture(scope="module")
def contents(encoder: Encoder) -> Contents:
    return encode([WELDERS, READERS], encoder)


@pytest.fixture
def gloves(contents: Contents, encoder: Encoder) -> Matches:
    """The matches of a question for a number, with clause scores made by hand."""
    made = match(replace(contents, known=None), encoder, "手套有多少双?")
    assert made.passages.tolist() == [0, 1, 2, 3, 4]
    # The first passage has three clauses.
    assert made.starts.tolist() == [0, 3, 4, 5, 6]
    return made


def _scored(matches: Matches, *scores: float) -> Matches:
    return replace(matches, clause_scores=np.array([*scores, 0, 0, 0, 0], dtype=np.float32))


def _shown(matches: Matches, candidate: int = 0) -> str:
    text: str = matches.contents.passages[matches.passages[candidate]].text
    return text[slice(*matches.highlight(candidate))]


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        # The first two give a number, the third does not: 2 is added to theirs.
        ((13.0, 1.0, 2.0), "每名焊工每年发放安全帽两顶"),
        ((1.0, 12.0, 20.0), "体检费用由企业全部承担"),
        # What is beside the best and within 4 of it is shown too: 3, 14, 13.5; 12, 7, 4; 12, 8, 4.
        ((1.0, 12.0, 13.5), "另发放防护手套十二双,体检费用由企业全部承担"),
        ((10.0, 5.0, 4.0), "每名焊工每年发放安全帽两顶"),
        ((10.0, 6.0, 4.0), "每名焊工每年发放安全帽两顶,另发放防护手套十二双"),
        # 12, 2, 11: not across one that does not match.
        ((10.0, 0.0, 11.0), "每名焊工每年发放安全帽两顶"),
    ],
)
def test_a_clause_of_the_kind_asked_for_is_shown_first(
    gloves: Matches, scores: tuple[float, float, float], shown: str
) -> None:
    assert expectations.gives(gloves.expected, "两顶")
    assert _shown(_scored(gloves, *scores)) == shown


def test_a_passage_of_one_clause_shows_it(gloves: Matches) -> None:
    assert _shown(gloves, 4) == "图书每次可借三册"


def _known(cosines: Sequence[float], rows: Sequence[tuple[int, int, int, int]]) -> KnownMatches:
    likeness = np.array([[cosine, 0] for cosine in cosines], dtype=np.float32)
    spans = AnswerSpans(np.array(rows, dtype=np.int32), np.zeros(len(cosines), dtype=np.int32))
    answered = np.full(len(cosines), -1)
    taught = np.zeros((5, 2), np.float32)
    return KnownMatches(spans, answered, likeness, taught, np.zeros(1, np.float32))


def test_what_answers_a_like_question_is_shown_first(gloves: Matches) -> None:
    rows = [
        (0, 0, GLOVES.index("体检"), len(GLOVES) - 1),
        (1, 0, GLOVES.index("安全帽"), GLOVES.index("手套")),
        # Of another passage.
        (2, 3, 0, 4),
    ]
    # The third clause has 60 * 0.95, and the first two 60 * 0.8 and 2 more for the number.
    scored = _scored(gloves, 0, 0, 0)
    assert _shown(replace(scored, known=_known([0.95, 0.8, 1], rows))) == "体检费用由企业全部承担"
    # The other way round; the snippet reaches into two clauses.
    shown = _shown(replace(scored, known=_known([0.8, 0.95, 1], rows)))
    assert shown == "每名焊工每年发放安全帽两顶,另发放防护手套十二双"
    # The second clause matches better, by 48 + 2 + 14 = 64 to 57.
    better = _scored(gloves, 0, 14, 0)
    shown = _shown(replace(better, known=_known([0.95, 0.8, 1], rows)))
    assert shown == "每名焊工每年发放安全帽两顶,另发放防护手套十二双"


def test_the_measures_are_those_of_passages_clauses_and_known_questions(
    contents: Contents, encoder: Encoder
) -> None:
    question = "每名焊工发几顶安全帽?"
    found = match(contents, encoder, question)
    (vector,) = encoder.encode_questions([chinese.officialise(question)])
    terms = list(dict.fromkeys(chinese.tokens(question)))
    rarity = contents.sparse_passages.idf(terms)
    owners = contents.clauses[:, 0]
    near, held = (
        contents.dense_clauses.rows @ vector,
        contents.sparse_clauses.coverage(terms, rarity),
    )
    expected = np.column_stack(
        [
            contents.dense_passages.rows @ vector,
            [near[owners == number].max() for number in range(5)],
            contents.sparse_passages.coverage(terms, rarity),
            [held[owners == number].max() for number in range(5)],
        ]
    )
    assert found.features.shape == (5, len(ranking.FEATURES))
    assert found.features[:, :4] == pytest.approx(expected, abs=1e-6)
    assert found.known is not None
    assert found.features[:, 4:].tolist() == found.known.measures(found.passages).tolist()
    weights = dict(zip(ranking.FEATURES, ranking.shipped_weights().ranking, strict=True))
    scores = weights["clause_similarity"] * near + weights["clause_coverage"] * held
    assert found.clause_scores == pytest.approx(scores, abs=1e-4)
    assert found.features[:, 2].argmax() == 0


def test_a_passage_may_be_found_by_a_known_question_alone(
    contents: Contents, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "_CANDIDATES", 1)
    # By meaning and by wording it is the other article that speaks of thirst.
    assert match(replace(contents, known=None), encoder, THIRST).passages.tolist() == [3]
    assert match(contents, encoder, THIRST).passages.tolist() == [2, 3]


def test_a_passage_is_left_out(contents: Contents, encoder: Encoder) -> None:
    whole = match(contents, encoder, THIRST)
    found = match(contents, encoder, THIRST, without="甲#2")
    assert found.passages.tolist() == [0, 1, 3, 4]
    # Clauses and starts follow: those of the passages 0 (three), 1, 3 and 4.
    assert found.clauses.tolist() == [0, 1, 2, 3, 5, 6]
    assert found.starts.tolist() == [0, 3, 4, 5]
    assert found.features[:, :4].tolist() == whole.features[[0, 1, 3, 4], :4].tolist()
    assert match(contents, encoder, THIRST, without="nobody").passages.tolist() == [0, 1, 2, 3, 4]


def test_the_only_passage_cannot_be_left_out(encoder: Encoder) -> None:
    alone = encode([_article("甲", GLOVES)], encoder)
    with pytest.raises(QuestionError, match="甲#0"):
        match(alone, encoder, THIRST, without="甲#0")


def test_coverage_goes_by_known_questions_where_the_article_brings_both_sorts(
    contents: Contents, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "_ENOUGH", 1)
    found = match(contents, encoder, THIRST)
    lengths = [len(found.coverage_row(candidate)) for candidate in range(5)]
    taught, plain = len(ranking.TAUGHT_COVERAGE_FEATURES), len(ranking.COVERAGE_FEATURES)
    assert lengths == [taught] * 3 + [plain] * 2
    assert found.known is not None
    unanswered = found.known.unanswered(0)
    assert unanswered is not None
    assert found.coverage_row(2)[-3:].tolist() == unanswered.tolist()
    # The question is the known one, which that passage answers.
    assert found.features[2, 4:6].tolist() == pytest.approx([1, 1], abs=1e-5)
    weights = ranking.shipped_weights()
    for candidate in range(5):
        row = found.coverage_row(candidate)
        assert found.confidence(candidate) == weights.confidence(row)


def test_nothing_known_means_plain_coverage(gloves: Matches) -> None:
    assert not gloves.features[:, 4:].any()
    assert len(gloves.coverage_row(0)) == len(ranking.COVERAGE_FEATURES)


def test_what_is_unmet_is_looked_for_in_the_best_clauses(
    contents: Contents, encoder: Encoder
) -> None:
    found = match(contents, encoder, "手套有多少双?")
    assert found.unmet(0).names() == ()
    assert "数字" in found.unmet(2).names()


def test_a_misspelt_question_is_matched_as_mended(contents: Contents, encoder: Encoder) -> None:
    wrong = match(contents, encoder, "防护手逃几双?")
    right = match(contents, encoder, "防护手套几双?")
    assert (wrong.typed, wrong.question) == ("防护手逃几双?", "防护手套几双?")
    assert (right.typed, right.question) == ("防护手套几双?", "防护手套几双?")
    assert wrong.features.tolist() == right.features.tolist()


def test_the_real_article_is_highlighted_by_what_is_known(index: Index) -> None:
    matches = index.match("老板拖着工钱不给,我该打哪个号码找工会撑腰?")
    candidate = int(np.argmax(matches.features @ ranking.shipped_weights().ranking))
    assert "12351" in _shown(matches, candidate)


def test_a_highlight_stays_within_its_sentence(index: Index) -> None:
    for passage in index.passages:
        for question in (passage.text[:12], passage.text[-12:], f"{passage.text[:20]}有哪些?"):
            for citation in index.ask(question).citations:
                shown = citation.passage.text[slice(*citation.highlights[0])]
                assert not chinese.ends_sentence(shown)


@pytest.mark.parametrize(
    ("question", "bare"),
    [("手套十二双", True), ("手套 十二双?", True), ("手套两双", False), ("双", False)],
)
def test_a_question_that_stands_in_the_passage_is_bare(
    contents: Contents, encoder: Encoder, question: str, bare: bool
) -> None:
    found = match(replace(contents, known=None), encoder, question)
    stands = found.coverage_row(0)[ranking.COVERAGE_FEATURES.index("bare")]
    assert stands == bare


GIVEN = "杭州市发放安全帽两万顶。"


def test_a_place_that_is_asked_about_rules_out_articles_that_do_not_name_it(
    encoder: Encoder,
) -> None:
    pair = encode(
        [
            _article(
                "甲",
                "杭州市发放安全帽两万顶。",
                questions=[Question("发了多少安全帽?", ("两万顶",))],
            ),
            _article("乙", "宁波市总工会", "全市发放安全帽三千顶。"),
        ],
        encoder,
    )
    assert match(pair, encoder, "宁波发放安全帽多少顶?").passages.tolist() == [1, 2]
    assert match(pair, encoder, "杭州发放安全帽多少顶?").passages.tolist() == [0]
    # Where no article names it, or none is asked about, all are looked at.
    for question in ("温州发放安全帽多少顶?", "发放安全帽多少顶?"):
        assert match(pair, encoder, question).passages.tolist() == [0, 1, 2]
