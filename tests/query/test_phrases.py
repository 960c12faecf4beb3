"""What short questions are made of, and what they are about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.query.phrases import LETTERS, is_people, lines, read


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("怎么申请", "HB"),
        ("2021年有多少", "YE"),
        ("工惠保是什么时候推出的", "CBBJ"),
        ("在宁波落户", "APC"),
        ("外地人能落户吗", "CMCU"),
        ("我,不", "XXX"),
        ("", ""),
    ],
)
def test_a_word_has_a_letter(text: str, letters: str) -> None:
    assert read(text).letters == letters


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("工惠保是什么", "工惠保"),
        ("什么是工惠保", "工惠保"),
        ("工惠保是什么时候推出的", "工惠保"),
        ("2020年推优入党多少名", "推优入党"),
        ("宁波市技能人才总量是多少", "宁波市技能人才"),
        ("外地人的孩子在宁波怎么上学", "外地人的孩子在宁波上学"),
        ("困难职工有什么帮扶政策", "困难职工帮扶政策"),
        ("外地人能落户吗", "外地人落户"),
        ("跟老板有劳动纠纷,怎么办最省事", "跟老板有劳动纠纷,"),
        ("春风行动", "春风行动"),
        ("改革由谁牵头,有多少部门参与", ""),  # two questions
        ("我是谁", ""),
        ("劳动争议化解把哪三个环节联动起来了", ""),
        ("要申请工惠保", ""),  # no question, and no keyword
        ("", ""),
    ],
)
def test_what_a_question_is_about(question: str, topic: str) -> None:
    assert read(question).topic == topic


@pytest.mark.parametrize(
    ("question", "people"),
    [
        ("外地人的孩子怎么上学", "外地人"),
        ("高技能人才有多少", "高技能人才"),
        ("人大代表中产业工人占比多少", ""),  # which of the two?
        ("工惠保是什么", ""),
    ],
)
def test_which_people_a_question_is_about(question: str, people: str) -> None:
    assert read(question).people == people


@pytest.mark.parametrize(("text", "people"), [("农民工", True), ("劳模", True), ("老人", False)])
def test_people_are_told_by_their_last_word(text: str, people: bool) -> None:
    assert is_people(text) is people


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_words_make_up_the_text(text: str) -> None:
    phrase = read(text)
    assert "".join(phrase.parts(".")) == text
    assert len(phrase.bounds) == len(phrase.letters) + 1


@pytest.mark.parametrize("name", [*LETTERS, "nobody", "named", "people", "owned", "like", "latin"])
def test_every_class_has_words(name: str) -> None:
    assert all(lines(name))
    assert lines(name)
