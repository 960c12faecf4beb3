"""From what was typed to what is searched for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.errors import QuestionError
from changai.query import expectations
from changai.query.spelling import Spelling
from changai.query.understanding import LONGEST_QUESTION, Query, check, understand
from changai.text import tokens
from changai.text.normalisation import normalise

SPELLING = Spelling.fit(["推优入党工作", "防护手套"])


def test_a_question_is_read() -> None:
    query = understand("推忧入挡２021年有哪些电话，宁波怎么办理？", SPELLING)
    text = "推优入党2021年有哪些电话,宁波怎么办理?"
    assert query == Query(
        typed="推忧入挡2021年有哪些电话,宁波怎么办理?",
        text=text,
        terms=query.terms,
        expected=expectations.read(text),
        circumstances=frozenset({"2021", "宁波"}),
        several=True,
    )
    # 电话 is read as 热线 (thesaurus.txt).
    assert "热线" in query.terms
    assert query.expected.years == ("2021",)
    assert query.expected.places == ("宁波",)
    assert set(query.terms) == set(tokens.terms(text))


def test_a_question_is_left_as_typed_where_that_is_wanted() -> None:
    query = understand("推忧入挡有多少名？", SPELLING, as_typed=True)
    assert query.typed == query.text == "推忧入挡有多少名?"
    assert not query.several


def test_each_term_counts_once_in_the_order_of_the_question() -> None:
    query = understand("手套、手套和安全帽", SPELLING)
    assert len(set(query.terms)) == len(query.terms)
    assert query.terms.index("手套") < query.terms.index("安全帽")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("", "没有文字"),
        (" \n\t\u3000", "没有文字"),
        ("？！。…——", "没有文字"),
        ("\0", "没有文字"),
        ("😀", "没有文字"),
        ("\ud800", "孤立代理项"),
        ("上学\udfff", "孤立代理项"),
        ("长" * 513, "问题有 513 个字，超过 512 个；请缩短"),
        # Eighteen characters each, as normalised.
        ("\ufdfa" * 512, f"问题有 {18 * 512} 个字，超过 512 个；请缩短"),
        (None, "不是 NoneType"),
        (5, "不是 int"),
        (["技能"], "不是 list"),
        (b"\xe6\x8a\x80", "不是 bytes"),
    ],
)
def test_what_is_no_question_is_refused(question: Any, said: str) -> None:
    with pytest.raises(QuestionError, match=said):
        understand(question, SPELLING)
    with pytest.raises(QuestionError, match=said):
        check(question)


def test_what_is_checked_is_normalised_and_keeps_its_spelling() -> None:
    assert check("推忧入挡２021年？") == "推忧入挡2021年?"


def test_the_longest_question_is_read() -> None:
    assert LONGEST_QUESTION == 512
    assert understand("学" * 512, SPELLING).text == "学" * 512


@given(st.text(max_size=40), st.booleans())
def test_whatever_is_typed_is_read_or_refused(question: str, as_typed: bool) -> None:
    try:
        query = understand(question, SPELLING, as_typed=as_typed)
    except QuestionError:
        # Other text is a question.
        assert not any(character.isalnum() for character in normalise(question))
    else:
        assert query.typed == normalise(question)
        assert len(query.text) == len(query.typed)
        assert len(set(query.terms)) == len(query.terms)
        assert query.text == query.typed or not as_typed
