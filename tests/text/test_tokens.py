"""The terms of a text, and its words."""

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changai.text import tokens
from changai.text.thesaurus import canonicalise
from changai.text.tokens import words
from support.texts import STOPWORDS, any_text


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("维权热线", ["维权", "热线", "#维权", "#权热", "#热线"]),
        ("劳动者", ["劳动", "劳动者", "#劳动", "#动者"]),
        ("工会app", ["工会", "#工会", "app"]),
        ("达180.15万人", ["达", "180.15", "万人", "#万人"]),
        ("占12.5%,", ["占", "12.5"]),
        ("2020.", ["2020"]),
        ("的 了", []),
        ("。%", []),
        ("", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert tokens.terms(text) == terms


def test_everyday_words_share_their_terms_with_the_official_ones() -> None:
    said, official = tokens.terms("外地人的孩子上学"), tokens.terms("外来劳动者子女入学")
    assert {"外来", "劳动者", "子女", "入学"} <= set(said) & set(official)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*sorted(STOPWORDS), "工会", "12.5", "app", " ", "，"])))
def test_terms_never_hold_a_stop_word(pieces: list[str]) -> None:
    assert STOPWORDS.isdisjoint(tokens.terms("".join(pieces)))


@settings(deadline=None)
@given(any_text)
def test_terms_hold_each_pair_of_neighbouring_han_and_each_number(text: str) -> None:
    official = canonicalise(text)
    runs = re.findall("[\u3007\u3400-\u9fff\U00020000-\U0003ffff]+", official)
    pairs = [f"#{a}{b}" for run in runs for a, b in pairwise(run)]
    terms = tokens.terms(text)
    assert [term for term in terms if term.startswith("#")] == pairs
    numbers = [term for term in terms if unicodedata.category(term[0]) == "Nd"]
    assert numbers == re.findall(r"\d+(?:\.\d+)?", official)


@pytest.mark.parametrize(
    ("guessing", "expected"),
    [(True, ["那产教", "融合"]), (False, ["那", "产", "教", "融合"])],
)
def test_words_are_guessed_or_looked_up(guessing: bool, expected: list[str]) -> None:
    assert [word for word, _ in words("那产教融合", guessing=guessing)] == expected


def test_words_have_their_part_of_speech() -> None:
    assert words("那住房") == [("那", "r"), ("住房", "n")]
