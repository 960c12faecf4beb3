"""What a passage mentions of a question, and what it does not give."""

from dataclasses import replace

import pytest

from changai.query.expectations import Missing
from changai.records import Article, Misreading
from changai.search.shortfall import mentioned, missing
from support.articles import GLOVES, made_article
from support.candidates import made_candidates, made_contents

CONTENTS = made_contents(
    made_article("丙", GLOVES, "宁波冬天有暖气供应。", "车间东侧设有保温桶。"),
    made_article("甲", "2021年,全市举办竞赛五十项。"),
)


def _missing(question: str, candidate: int) -> Missing:
    """What a candidate does not give."""
    return missing(made_candidates(CONTENTS, [[0.0] * 4] * 4, question=question), candidate)


def test_a_place_is_looked_for_in_the_document_and_a_year_in_what_dates_the_passage() -> None:
    assert _missing("宁波有什么规定?", 2).places == ()
    assert _missing("宁波有什么规定?", 3).places == ("宁波",)
    assert _missing("2021年有什么规定?", 3).years == ()
    assert _missing("2022年有什么规定?", 3).years == ("2022",)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("焊工的体检费用是多少?", "体检费用"),
        ("手套12双", "手套"),
        # Not 工每年, which begins within 焊工.
        ("职工每年领什么?", "每年"),
        ("两", ""),
    ],
)
def test_what_is_mentioned_of_a_question(question: str, told: str) -> None:
    assert mentioned(question, GLOVES) == told


@pytest.mark.parametrize(
    ("question", "text", "told"),
    [
        ("2021年推优入党多少名?", "2020 年推优人党 2274名", "推优"),
        ("2020年推优入党多少名?", "2020 年推优人党 2274名", "2020"),
        ("202年的事", "2020年推优入党", ""),
        ("外地人的孩子", "切实提高产业工人的获得感", ""),
        ("180.15万人里有谁?", "总量已达180.15万人", "180.15万人"),
        # Not the half of an amount.
        ("80.15万人里有谁?", "总量已达180.15万人", ""),
        # From a word that says something to another; not a mark, not a 的.
        ("技能人才的数量", "技能人才的总量", "技能人才"),
        ("有没有“方太”?", "如“方太”四化工程", "方太"),
        ("天气", "产业工人", ""),
    ],
)
def test_what_is_mentioned_are_whole_words(question: str, text: str, told: str) -> None:
    assert mentioned(question, text) == told


def test_what_is_misread_is_given_as_meant() -> None:
    """A place, a year, a point and a kind of answer, each spelt wrong by the scan."""
    printed = made_article("丁", "甲慎的焊工在2O20年参加了公积全,每人缴纳8OO元。")
    misreadings = (
        *(Misreading("甲慎", "宁波"), Misreading("2O20", "2020")),
        *(Misreading("公积全", "公积金"), Misreading("8OO元", "800元")),
    )
    document = replace(printed.document, misreadings=misreadings)
    passages = tuple(replace(passage, document=document) for passage in printed.passages)
    question = "2020年宁波的公积金多少钱?"
    for article, names in (
        (Article(document, passages), ()),
        (printed, ("宁波", "2020年")),
    ):
        asked = made_candidates(made_contents(article), [[0.0] * 4], question=question)
        assert missing(asked, 0).names() == names
