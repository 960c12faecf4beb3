"""Reading SQuAD's format."""

from pathlib import Path
from typing import Any

import pytest

from changai.errors import QuestionFileError
from changai.evaluation.squad import Squad, parse
from changai.records import Question
from support.files_of_questions import COOKING, SKY, foreign

PATH = Path("asked.json")


def parsed(*articles: dict[str, Any]) -> Squad:
    return parse(PATH, {"version": "1.1", "data": list(articles)})


def test_squad_brings_its_paragraphs_as_passages() -> None:
    sky, cooking = parsed(SKY, COOKING).articles
    assert (sky.document.title, cooking.document.title) == ("天空", "")
    assert sky.document.text == "白天的天空是蓝色的。\n夜里的天空能看见星星。"
    # The first paragraph has 10 characters, the second 11.
    assert [(p.start, p.end, p.locator) for p in sky.passages] == [
        (0, 10, "第1段"),
        (11, 22, "第2段"),
    ]
    for passage in (*sky.passages, *cooking.passages):
        assert passage.document.text[passage.start : passage.end] == passage.text
    assert len({p.id for p in (*sky.passages, *cooking.passages)}) == 3


def test_squad_asks_with_the_paragraph_there_and_left_out() -> None:
    read = parsed(SKY)
    ids = [passage.id for passage in read.articles[0].passages]
    assert read.questions == (
        Question("天空是什么颜色?", ("白天的天空是蓝色的。",), None, "answerable", ("蓝色",)),
        Question("天空是什么颜色?", (), ids[0], "left-out"),
        Question("夜里能看见什么?", ("夜里的天空能看见星星。",), None, "answerable"),
        Question("夜里能看见什么?", (), ids[1], "left-out"),
    )


def test_squad_asks_an_impossible_question_once() -> None:
    asked = parsed(COOKING).questions
    assert asked == (Question("面条要煮多久?", (), kind="impossible"),)


def test_squad_answers_are_given_once_each_in_order() -> None:
    asked = {"question": "几时?", "answers": [{"text": t} for t in ("夜里", "白天", "夜里")]}
    more = {"paragraphs": [{"context": "白天和夜里。", "qas": [asked]}]}
    assert parsed(more).questions == (
        Question("几时?", ("白天和夜里。",), None, "answerable", ("夜里", "白天")),
    )


@pytest.mark.parametrize(
    "article",
    [
        {},
        {"paragraphs": [{"qas": []}]},
        {"paragraphs": [{"context": "甲"}]},
        {"paragraphs": [{"context": 1, "qas": []}]},
        {"paragraphs": [{"context": "甲", "qas": [{}]}]},
        {"paragraphs": [{"context": "甲", "qas": ["一?"]}]},
        {"paragraphs": [{"context": "甲", "qas": [{"question": None}]}]},
        {"paragraphs": [{"context": "甲", "qas": [{"question": "一?", "answers": [{"text": 1}]}]}]},
        {"paragraphs": [{"context": "甲", "qas": [{"question": "一?", "answers": [{}]}]}]},
        {"paragraphs": [{"context": "甲", "qas": [{"question": "一?", "answers": [""]}]}]},
        {"title": 1, "paragraphs": [{"context": "甲", "qas": [{"question": "一?"}]}]},
        {"paragraphs": [{"context": "甲", "qas": []}]},
        {"paragraphs": []},
    ],
)
def test_malformed_or_empty_squad_is_refused(article: dict[str, Any]) -> None:
    with pytest.raises(QuestionFileError, match=r"asked\.json") as caught:
        parsed(article)
    assert not foreign(caught.value, PATH)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (1, "的 data 不是列表"),
        ([COOKING, {}], "第 2 篇文章不合 SQuAD 格式：缺少 paragraphs"),
        ([1], "第 1 篇文章不合 SQuAD 格式：有一处写错了"),
    ],
)
def test_what_is_wrong_is_told_in_chinese_with_its_place(data: object, said: str) -> None:
    with pytest.raises(QuestionFileError, match=said) as caught:
        parse(PATH, {"data": data})
    assert not foreign(caught.value, PATH)


def asking(question: str, *answers: str, **more: object) -> dict[str, Any]:
    """An article of one paragraph with one question about it."""
    asked = {"question": question, "answers": [{"text": text} for text in answers], **more}
    return {"title": "饭", "paragraphs": [{"context": "米饭要煮二十分钟。", "qas": [asked]}]}


@pytest.mark.parametrize(
    ("unusable", "name"),
    [
        (asking("米饭要煮多久?", "三刻钟", id="A-1"), "A-1"),
        # As some sets mark an answer that nobody has found in the paragraph.
        (asking("米饭要煮多久?", "", id="A-1"), "A-1"),
        (asking("米饭要煮多久?", " ", "20分钟"), "米饭要煮多久?"),
        (asking("", "二十分钟", id="A-1"), "A-1"),
        (asking(" ", "二十分钟"), "饭第1段"),
        (asking("", is_impossible=True, id=""), "饭第1段"),
        (asking("\ud800?", "二十分钟", id=7), "饭第1段"),
        # What an index would refuse: no letter, or more than 512 characters.
        (asking("???", "二十分钟"), "???"),
        (asking("???", is_impossible=True), "???"),
        (asking("长" * 600, "二十分钟"), "长" * 40),
        (asking("", id="\x1b[2J" + "长" * 100), "\\x1b[2J" + "长" * 36),
    ],
)
def test_a_question_that_cannot_be_used_is_left_out_by_name(
    unusable: dict[str, Any], name: str
) -> None:
    read = parsed(SKY, unusable)
    assert read.left_out == (name,)
    assert read.questions == parsed(SKY).questions
    # Its paragraph is among what the others are asked of.
    assert len(read.articles) == 2


def test_an_answer_that_is_not_in_the_paragraph_does_not_count() -> None:
    read = parsed(SKY, asking("米饭要煮多久?", "20分钟", "二十分钟", ""))
    assert read.left_out == ()
    assert read.questions[-2].answers == ("二十分钟",)


def test_a_file_of_which_no_question_can_be_used_is_refused() -> None:
    with pytest.raises(QuestionFileError, match="没有能用的问题，不能用的有 2 个") as caught:
        parsed(asking("米饭要煮多久?", "三刻钟"), asking("米饭要煮多久?", "三刻钟"))
    assert not foreign(caught.value, PATH)
