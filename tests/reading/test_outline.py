"""The outline of laws, regulations and plans: chapters, articles, and what hangs on them.

That of other articles is tested where they are read (``test_articles``).
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.errors import ArticleError
from changai.reading import articles, outline
from changai.records import Article
from changai.text.characters import has_words

LAW = """某省工会条例
（2023年11月30日某省人民代表大会常务委员会通过）
发布日期：2023-12-05

目 录
第一章 总则
第二章 基层工会

第一章　总　则
第一条　为了保障职工权益，制定本条例。
第二条 本省的职工适用本条例。
前款规定的职工，包括农民工。
第二章 基层工会
第一节 义务
第三条  工会应当履行下列义务：
（一）维护职工权益；
(二)组织活动。
根据第二条规定，职工有权参加。
前款所称活动包括：
（一）技能竞赛。
第二节 保障
第三条之一 工会经费由财政保障。
第十二条 本条例自2024年1月1日起施行。
"""


def parse(text: str) -> Article:
    return articles.parse(text, file="test.txt", sha256="")


def located(text: str) -> list[tuple[str, str]]:
    return [(p.locator, p.text) for p in parse(text).passages if p.locator != "文章信息"]


def test_a_law_is_cited_by_article_paragraph_and_item() -> None:
    assert located(LAW) == [
        ("第一条", "第一条　为了保障职工权益，制定本条例。"),
        ("第二条", "第二条 本省的职工适用本条例。"),
        ("第二条第二款", "前款规定的职工，包括农民工。"),
        ("第三条", "第三条  工会应当履行下列义务：\n（一）维护职工权益；\n(二)组织活动。"),
        ("第三条第二款", "根据第二条规定，职工有权参加。"),
        ("第三条第三款", "前款所称活动包括：\n（一）技能竞赛。"),
        ("第三条之一", "第三条之一 工会经费由财政保障。"),
        ("第十二条", "第十二条 本条例自2024年1月1日起施行。"),
    ]


def test_articles_stand_under_their_chapter_and_section() -> None:
    headings = {p.locator: p.headings for p in parse(LAW).passages}
    assert headings["第一条"] == ("第一章　总　则",)
    assert headings["第二条第二款"] == ("第一章　总　则",)
    assert headings["第三条第三款"] == ("第二章 基层工会", "第一节 义务")
    assert headings["第三条之一"] == ("第二章 基层工会", "第二节 保障")


def test_a_table_of_contents_is_part_of_the_head_and_no_issuing_body() -> None:
    article = parse(LAW)
    assert article.document.publisher == ""
    head = article.passages[0]
    assert head.locator == "文章信息"
    assert head.text.endswith("目 录\n第一章 总则\n第二章 基层工会")


def test_a_part_holds_chapters() -> None:
    article = parse(
        "某法\n第一编 总则\n第一章 规定\n第一条 甲。\n第二编 分则\n第一分编 合同\n第二条 乙。\n"
    )
    assert [(p.locator, p.headings) for p in article.passages[1:]] == [
        ("第一条", ("第一编 总则", "第一章 规定")),
        ("第二条", ("第二编 分则", "第一分编 合同")),
    ]


@pytest.mark.parametrize(
    ("printed", "locator"),
    [
        ("第一百二十条 甲。", "第一百二十条"),
        ("第 7 条 甲。", "第7条"),
        ("第三条（目的）为了甲。", "第三条"),
        ("第三条【目的】为了甲。", "第三条"),
        ("第三条：甲。", "第三条"),
        ("第三条\u3000甲。", "第三条"),
        ("第三条\t甲。", "第三条"),
    ],
)
def test_how_articles_are_printed(printed: str, locator: str) -> None:
    assert located(f"办法\n{printed}\n") == [(locator, printed)]


@pytest.mark.parametrize(
    "caption", ["第一条", "第一条（目的和依据）", "第一条 【目的】", "第一条(目的)"]
)
def test_a_number_with_its_caption_alone_on_a_line_belongs_to_what_follows(caption: str) -> None:
    text = f"{caption}\n　　为了保障权益。"
    assert located(f"办法\n{text}\n各级都要。\n") == [
        ("第一条", text),
        ("第一条第二款", "各级都要。"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "第一条件是要有人。",
        "第一条,要加强学习。",
        "第五条、第六条规定的职工。",
        "第五条(一)项规定的职工。",
        "第五条规定的职工。",
        "第一章程序要公开。",
        "第一章 讲改革,第二章 讲创新。",
        "第一节课讲安全。",
        "根据第五条 规定执行。",
    ],
)
def test_what_is_no_heading_and_no_article(line: str) -> None:
    assert located(f"标题\n正文一段。\n{line}\n") == [("第1段", "正文一段。"), ("第2段", line)]


def test_an_article_begins_anew_where_a_sentence_has_not_ended() -> None:
    assert located("办法\n第一条 甲\n乙。\n第二条 丙\n") == [
        ("第一条", "第一条 甲\n乙。"),
        ("第二条", "第二条 丙"),
    ]


def test_what_a_list_number_opens_is_no_paragraph_of_the_law() -> None:
    text = "办法\n第一条 甲。\n1.乙；\n2.丙。\n又一款。\n(一)丁。\n1、戊。\n再一款。\n"
    assert [locator for locator, _ in located(text)] == [
        "第一条", "第一条第2段", "第一条第3段", "第一条第二款",
        "第一条第二款第(一)项", "第一条第二款第(一)项第2段", "第一条第三款",
    ]  # fmt: skip


def test_what_an_article_lists_stays_with_the_words_that_say_of_what() -> None:
    text = (
        "办法\n第一条 有下列情形：\n1.甲；\n2.乙。\n又一款。\n(一)丙：\n1、丁。\n"
        "再一款：\n(一)戊；(二)己。\n"
    )
    assert located(text) == [
        ("第一条", "第一条 有下列情形：\n1.甲；\n2.乙。"),
        ("第一条第二款", "又一款。"),
        ("第一条第二款第(一)项", "丙：\n1、丁。"),
        ("第一条第三款", "再一款：\n(一)戊；(二)己。"),
    ]
    long = "甲" * 900 + "。"
    assert [
        locator for locator, _ in located(f"办法\n第一条 有：\n(一){long}\n(二){long}\n(三)乙。\n")
    ] == [
        "第一条",
        "第一条第(二)项",
        "第一条第(三)项",
    ]


def test_a_notice_with_the_regulation_that_it_brings() -> None:
    text = (
        "某市通知\n现印发办法。\n一、要求\n认真执行。\n某市培训办法\n第一条 甲。\n"
        "附件1：申请表\n填写说明。\n附件 2\n某表。\n"
    )
    assert located(text) == [
        ("引言", "现印发办法。"),
        ("一第1段", "认真执行。"),
        ("一第2段", "某市培训办法"),
        ("第一条", "第一条 甲。"),
        ("附件1第1段", "附件1：申请表\n填写说明。"),
        ("附件2第1段", "附件 2\n某表。"),
    ]
    assert parse(text).passages[-1].headings == ()


def test_a_notice_without_sections_counts_its_paragraphs_before_an_annex() -> None:
    assert located("某市通知\n甲。\n附件：名单\n") == [
        ("第1段", "甲。"),
        ("附件第1段", "附件：名单"),
    ]


def test_a_plan_has_chapters_and_no_articles() -> None:
    article = parse(
        "某市规划\n目录\n第一章 基础\n第二章 任务\n第一章 基础\n第一节 现状\n成绩很大。\n又一段。\n"
        "第二章 任务\n一、培训\n(一)甲。\n第三章 保障\n加强领导。\n"
    )
    assert [(p.locator, p.text, p.headings) for p in article.passages[1:]] == [
        ("第一章第一节第1段", "成绩很大。", ("第一章 基础", "第一节 现状")),
        ("第一章第一节第2段", "又一段。", ("第一章 基础", "第一节 现状")),
        ("第二章一(一)", "甲。", ("第二章 任务", "一、培训")),
        ("第三章第1段", "加强领导。", ("第三章 保障",)),
    ]


PRINTED = [
    "", "第一章 总则", "第二节", "第一条 甲。", "第二条", "第三条（目的）", "附件1 表",
    "一、要求", "(一)甲；（二）乙", "1.丙", "又一款。", "没有说完", "根据第五条 规定",
]  # fmt: skip
RANDOM = st.text(st.sampled_from("第一二条章节编之() 　。、：甲"), max_size=12)
LINES = st.lists(st.one_of(st.sampled_from(PRINTED), RANDOM), max_size=14)


@given(LINES)
def test_of_the_body_nothing_but_headings_and_numbers_is_left_out(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        article = parse(text)
    except ArticleError:
        return
    body = [p for p in article.passages if p.locator not in {"文章信息", "落款"}]
    assert len({p.locator for p in article.passages}) == len(article.passages)
    position = body[0].start
    for passage in body:
        assert passage.start >= position
        for line in text[position : passage.start].split("\n"):
            left = line.strip()
            heading = outline.rank(left) < outline.UNRANKED or re.match("[一二]+、", left)
            number = re.sub(r"[(（]\s*[一二]*\s*[)）]", "", left)
            assert heading or not has_words(number)
        assert text[passage.start : passage.end] == passage.text
        position = passage.end
