import math
from dataclasses import replace

from changai.pages.terminal import answer_text, description
from changai.records import (
    Answer,
    Citation,
    Document,
    Example,
    Hotline,
    Misreading,
    Passage,
    Printed,
)

TEXT = "每名焊工每年发放安全帽两顶。"
DOCUMENT = Document("d", "焊工劳保办法", "市总工会", "", "", "d.txt", "", TEXT)
PASSAGE = Passage("d#p1", DOCUMENT, TEXT, 0, len(TEXT), ("一、劳保",), "一(一)")
CITED = "一(一)  一、劳保\n每名焊工每年发放【安全帽两顶】。\n——焊工劳保办法，市总工会，日期不详"
THRESHOLD = 0.65


def answer(*, answering: int, confidence: float, missing: tuple[str, ...] = ()) -> Answer:
    citations = tuple(Citation(rank, 1.0, PASSAGE, ((8, 13),)) for rank in (1, 2))
    covered = answering > 0
    return Answer("?", covered, confidence, citations, answering, missing=missing)


def test_an_answer_comes_first_and_what_is_near_behind_it() -> None:
    assert answer_text(answer(answering=1, confidence=0.934), THRESHOLD) == (
        f"原文如下（文章能回答的可能性 93%）\n\n[1] {CITED}\n\n"
        f"其他相近的段落，不一定回答问题：\n\n[2] {CITED}"
    )


def test_several_answers_are_counted() -> None:
    text = answer_text(answer(answering=2, confidence=1.0), THRESHOLD)
    assert text == f"原文如下，共 2 处（文章能回答的可能性 100%）\n\n[1] {CITED}\n\n[2] {CITED}"


def test_a_confidence_just_below_the_threshold_is_shown_below_it() -> None:
    for confidence in (0.649, math.nextafter(THRESHOLD, 0)):
        shown = answer_text(answer(answering=0, confidence=confidence), THRESHOLD)
        assert shown.startswith("文章未提及（文章能回答的可能性 64%，不到 65%）")
    assert "可能性 65%）" in answer_text(answer(answering=1, confidence=THRESHOLD), THRESHOLD)


def test_a_refusal_says_what_is_missing_and_how_sure_it_should_have_been() -> None:
    refused = answer(answering=0, confidence=0.57, missing=("金额",))
    assert answer_text(refused, THRESHOLD) == (
        f"文章未提及（文章能回答的可能性 57%，不到 65%）\n最接近的段落没有说：金额。\n\n"
        f"最接近的段落，不能当作答案：\n\n[1] {CITED}\n\n其他相近的段落：\n\n[2] {CITED}"
    )


def test_what_is_known_of_an_article_is_a_line_a_fact() -> None:
    described = replace(
        DOCUMENT,
        publisher="宁波市总工会",
        printed=Printed(publisher="宁淀市总工会"),
        region="宁波",
        hotline=Hotline("12351", "工会维权热线"),
        examples=(Example("帽子几顶?", "劳保", "worker"),),
        misreadings=(Misreading("宁淀", "宁波"),),
    )
    assert description(described).splitlines() == [
        "标题  焊工劳保办法",
        "单位  宁淀市总工会（应为：宁波市总工会）",
        "日期  —",
        "网站  —",
        "地区  宁波",
        "来源  —",
        "热线  工会维权热线 12351",
        "误识  “宁淀”应为“宁波”",
        "例题  职工，劳保：帽子几顶?",
    ]
