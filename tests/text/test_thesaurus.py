"""Everyday words and the official ones that they are read as."""

import pytest
from hypothesis import given

from changai.text.normalisation import normalise
from changai.text.thesaurus import canonicalise
from support.texts import THESAURUS, any_text, lexicon


def test_every_word_of_the_thesaurus_becomes_its_official_word_which_stays() -> None:
    assert {word: canonicalise(word) for word in THESAURUS} == THESAURUS
    assert set(map(canonicalise, THESAURUS.values())) == set(THESAURUS.values())


def test_thesaurus_holds_each_word_once_and_as_normalised() -> None:
    words = [word for line in lexicon("thesaurus.txt") for word in line.replace(":", " ").split()]
    assert sorted(words) == sorted(set(words))
    assert [word for word in words if normalise(word) != word] == []


@pytest.mark.parametrize(
    "text", ["2024年宁波", "每周几小时", "124小时", "要求职工", "人员工资", "投入户外", "改进修订"]
)
def test_a_word_that_only_seems_to_stand_there_is_left_alone(text: str) -> None:
    assert canonicalise(text) == text


def test_a_word_may_follow_a_number() -> None:
    assert canonicalise("3个孩子") == "3个子女"


def test_the_longest_word_of_the_thesaurus_wins() -> None:
    # 看病 and 报销 are listed too, and would give 医疗医疗保障.
    assert canonicalise("看病报销难") == "医疗保障难"


@given(any_text.filter(lambda text: not any(word in text for word in THESAURUS)))
def test_canonicalise_leaves_other_text_alone(text: str) -> None:
    assert canonicalise(text) == text
