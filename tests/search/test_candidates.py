"""Which passages are looked at closely for a question, and how each matches."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from changai.errors import QuestionError
from changai.indexing.build import encode
from changai.indexing.store import Contents
from changai.models.encoders import Encoder, Vectors
from changai.query.understanding import understand
from changai.records import Question
from changai.search import candidates
from changai.search.candidates import Candidates, find
from support.articles import GLOVES, READERS, THIRST, WELDERS, made_article


@pytest.fixture(scope="module")
def contents(encoder: Encoder) -> Contents:
    return encode([WELDERS, READERS], encoder)


def _find(
    contents: Contents, encoder: Encoder, question: str, without: str | None = None
) -> Candidates:
    return find(contents, encoder, understand(question, contents.spelling), without)


def test_each_passage_and_clause_is_compared_with_the_question(
    contents: Contents, encoder: Encoder
) -> None:
    question = "每名焊工发几顶安全帽?"
    found = _find(contents, encoder, question)
    assert found.passages.tolist() == [0, 1, 2, 3, 4]
    assert len(found) == 5
    (vector,) = encoder.encode_questions([found.query.text])
    assert found.passage_similarity == pytest.approx(
        contents.dense_passages.rows @ vector, abs=1e-6
    )
    assert found.clause_similarity == pytest.approx(contents.dense_clauses.rows @ vector, abs=1e-6)
    terms = found.query.terms
    # Terms weigh by how rare they are among passages, in clauses too.
    rarity = contents.sparse_passages.idf(terms)
    passages, clauses = contents.sparse_passages, contents.sparse_clauses
    assert found.passage_overlap.tolist() == passages.overlap(terms, rarity).tolist()
    assert found.clause_overlap.tolist() == clauses.overlap(terms, rarity).tolist()
    assert found.passage_overlap.argmax() == 0
    assert found.faq is not None
    # The FAQ's two questions, of which neither is like this one.
    assert (found.faq.likeness[:, 0] < 0.95).all()
    assert (found.query.text, found.contents) == (question, contents)


def test_clauses_stand_under_their_candidates(contents: Contents, encoder: Encoder) -> None:
    found = _find(contents, encoder, THIRST)
    # The first passage has three clauses, every other one.
    assert found.clauses.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert found.starts.tolist() == [0, 3, 4, 5, 6]
    assert [found.of(candidate) for candidate in (0, 1, 4)] == [
        slice(0, 3),
        slice(3, 4),
        slice(6, 7),
    ]
    assert [GLOVES[start:end] for start, end in found.clause_spans(0)] == GLOVES[:-1].split(",")
    assert [found.passage(candidate).id for candidate in (0, 3)] == ["甲#0", "乙#0"]
    assert found.clause_spans(4) == [(0, 8)]


def test_a_passage_may_be_found_by_the_faq_alone(
    contents: Contents, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_NEAREST", 1)
    # By meaning and by wording it is the other article that speaks of thirst.
    plain = _find(replace(contents, faq=None), encoder, THIRST)
    assert (plain.passages.tolist(), plain.faq) == ([3], None)
    assert _find(contents, encoder, THIRST).passages.tolist() == [2, 3]


def test_a_passage_is_left_out(contents: Contents, encoder: Encoder) -> None:
    whole = _find(contents, encoder, THIRST)
    found = _find(contents, encoder, THIRST, without="甲#2")
    assert found.passages.tolist() == [0, 1, 3, 4]
    # Clauses and starts follow: those of the passages 0 (three), 1, 3 and 4.
    assert found.clauses.tolist() == [0, 1, 2, 3, 5, 6]
    assert found.starts.tolist() == [0, 3, 4, 5]
    assert [found.of(candidate) for candidate in (2, 3)] == [slice(4, 5), slice(5, 6)]
    assert found.passage(2).id == "乙#0"
    kept = [0, 1, 3, 4]
    assert found.passage_similarity.tolist() == whole.passage_similarity[kept].tolist()
    assert found.passage_overlap.tolist() == whole.passage_overlap[kept].tolist()
    assert found.clause_similarity.tolist() == whole.clause_similarity[found.clauses].tolist()
    assert found.clause_overlap.tolist() == whole.clause_overlap[found.clauses].tolist()
    assert _find(contents, encoder, THIRST, without="nobody").passages.tolist() == [0, 1, 2, 3, 4]


def test_the_only_passage_cannot_be_left_out(encoder: Encoder) -> None:
    alone = encode([made_article("甲", GLOVES)], encoder)
    with pytest.raises(QuestionError, match="甲#0"):
        _find(alone, encoder, THIRST, without="甲#0")


def test_a_question_that_costs_too_much_is_refused_before_it_is_encoded(
    contents: Contents, encoder: Encoder
) -> None:
    class Counting:
        """The real encoder, that counts as many tokens as it is told to."""

        identity = encoder.identity

        def __init__(self, tokens: int) -> None:
            self.tokens = tokens
            self.encoded: list[str] = []

        def count_tokens(self, question: str) -> int:
            return self.tokens

        def encode_questions(self, texts: Sequence[str]) -> Vectors:
            self.encoded += texts
            return encoder.encode_questions(texts)

        encode_passages = encode_questions

    query = understand(THIRST, contents.spelling)
    most, over = Counting(candidates.MOST_TOKENS), Counting(candidates.MOST_TOKENS + 1)
    assert len(find(contents, most, query)) == 5
    with pytest.raises(QuestionError, match=r"问题有 449 个词元.*超过 448 个；请缩短"):
        find(contents, over, query)
    assert (most.encoded, over.encoded) == ([query.text], [])


def test_a_misspelt_question_is_matched_as_mended(contents: Contents, encoder: Encoder) -> None:
    wrong = _find(contents, encoder, "防护手逃几双?")
    right = _find(contents, encoder, "防护手套几双?")
    assert (wrong.query.typed, wrong.query.text) == ("防护手逃几双?", "防护手套几双?")
    assert wrong.passage_similarity.tolist() == right.passage_similarity.tolist()
    assert wrong.clause_overlap.tolist() == right.clause_overlap.tolist()


def test_a_place_that_is_asked_about_rules_out_articles_that_do_not_name_it(
    encoder: Encoder,
) -> None:
    pair = encode(
        [
            made_article(
                "甲",
                "杭州市发放安全帽两万顶。",
                questions=[Question("发了多少安全帽?", ("两万顶",))],
            ),
            made_article("乙", "宁波市总工会", "全市发放安全帽三千顶。"),
        ],
        encoder,
    )
    assert _find(pair, encoder, "宁波发放安全帽多少顶?").passages.tolist() == [1, 2]
    assert _find(pair, encoder, "杭州发放安全帽多少顶?").passages.tolist() == [0]
    # Where no article names it, or none is asked about, all are looked at.
    for question in ("温州发放安全帽多少顶?", "发放安全帽多少顶?"):
        assert _find(pair, encoder, question).passages.tolist() == [0, 1, 2]
