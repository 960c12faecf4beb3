"""Conversations as documents: what Markdown renders to, and what Word will read."""

from dataclasses import replace
from datetime import date, datetime
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import docx
import pytest
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from changai.pages.transcripts import file_name, to_docx, to_markdown
from changai.records import Answer, Article, Citation, Document, Exchange, Passage, Spans
from changai.search.citing import annotated
from changai.text.sentences import clauses

DAY = date(2026, 11, 22)
HOME = "https://host.example/chat/"
COMMONMARK = MarkdownIt("commonmark")
EXTENDED = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ATTACK = "<script>alert(1)</script>"


class _Rendered(HTMLParser):
    """The paragraphs of rendered Markdown: the element, its text, and where that is strong."""

    def __init__(self, markdown: str, reader: MarkdownIt = COMMONMARK) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str] = []
        self.paragraphs: list[tuple[str, str]] = []
        self.strong: list[set[int]] = []
        self._open: list[str] = []
        self.feed(reader.render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._open.append(tag)
        if tag == "a":
            ((name, address),) = attrs
            assert name == "href"
            assert str(address).startswith(f"{HOME}source/")
            self.links.append(str(address))
            return
        assert attrs == []
        if tag in {"h1", "h2", "p"}:
            self.paragraphs.append(("quotation" if "blockquote" in self._open else tag, ""))
            self.strong.append(set())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert (tag, attrs) == ("br", [])  # the renderer writes a line end behind it
        self.elements.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"h1", "h2", "p"} & {*self._open}:
            role, text = self.paragraphs[-1]
            if "strong" in self._open:
                self.strong[-1] |= {*range(len(text), len(text) + len(data))}
            self.paragraphs[-1] = (role, text + data)


def _citation(
    text: str,
    *highlights: tuple[int, int],
    title: str = "题目",
    publisher: str = "市总工会",
    locator: str = "二(一)",
) -> Citation:
    document = Document("d", title, publisher, "2023-05-13", "", "d.txt", "", text)
    passage = Passage("d#p1", document, text, 0, len(text), (), locator)
    return Citation(1, 1.0, passage, highlights)


def _answered(*citations: Citation, question: str = "问?") -> Exchange:
    return Exchange(question, Answer(question, True, 0.9, citations, len(citations)))


def _markdown(*exchanges: Exchange) -> str:
    return to_markdown(exchanges, DAY, HOME)


def _word(*exchanges: Exchange) -> WordDocument:
    return docx.Document(BytesIO(to_docx(exchanges, DAY, HOME)))


def _texts(document: WordDocument) -> list[tuple[str, str]]:
    return [(p.style.name or "" if p.style else "", p.text) for p in document.paragraphs]


SKILLED = _citation("2020 年,技能人才达180.15万人,其中高技能人才55.13万人。", (7, 20), (23, 35))
SKILLED = replace(SKILLED, as_of="2020 年")
SHARE = _citation("产业工人占11.%;出台《办法》(试行)。", (12, 16), locator="引言")
SHARE = annotated(SHARE)
CONVERSATION = (
    Exchange(
        "技能人材有多少?",
        Answer("技能人材有多少?", True, 0.9, (SKILLED, SHARE), 1, taken_as="技能人才有多少?"),
    ),
    Exchange("那占比呢?", Answer("产业工人占比多少?", True, 0.8, (SHARE, SKILLED), 2)),
    Exchange(
        "工惠保一年保费多少?",
        Answer("工惠保一年保费多少?", False, 0.2, (SHARE,), 0, "工惠保", ("保费",)),
    ),
)


def test_a_conversation_as_markdown() -> None:
    assert _markdown(*CONVERSATION) == (
        """# 产改问答记录

导出日期：2026年11月22日

## 技能人材有多少?

理解为：技能人才有多少?

> “2020 年,**技能人才达180.15万人**,其中**高技能人才55.13万人**。”[1]

数据时点：2020 年（文章发布于 2023-05-13）

## 那占比呢?

理解为：产业工人占比多少?

> “产业工人占11\\.%;出&#21488;**《办法》**(试行)。”[2]

原文疑有识别错误：“产业工人占11\\.%”

> “2020 年,**技能人才达180.15万人**,其中**高技能人才55.13万人**。”[1]

数据时点：2020 年（文章发布于 2023-05-13）

## 工惠保一年保费多少?

文章未提及。最接近的段落提到“工惠保”，但没有说：保费。

## 引用文献

[1] 《题目》，市总工会，2023年5月13日，二(一) 段 \
[查看原文](<https://host.example/chat/source/d?mark=7-20&mark=23-35#p1>)

[2] 《题目》，市总工会，2023年5月13日，引言 \
[查看原文](<https://host.example/chat/source/d?mark=12-16#p1>)

引文均照录上列文章原文，未作改动；加粗为导出时所加。
"""
    )


def test_a_conversation_in_word() -> None:
    document = _word(*CONVERSATION)
    skilled = "“2020 年,技能人才达180.15万人,其中高技能人才55.13万人。”[1]"
    assert _texts(document) == [
        ("Title", "产改问答记录"),
        ("Normal", "导出日期：2026年11月22日"),
        ("Heading 1", "技能人材有多少?"),
        ("Normal", "理解为：技能人才有多少?"),
        ("Quote", skilled),
        ("Body Text 3", "数据时点：2020 年（文章发布于 2023-05-13）"),
        ("Heading 1", "那占比呢?"),
        ("Normal", "理解为：产业工人占比多少?"),
        ("Quote", "“产业工人占11.%;出台《办法》(试行)。”[2]"),
        ("Body Text 3", "原文疑有识别错误：“产业工人占11.%”"),
        ("Quote", skilled),
        ("Body Text 3", "数据时点：2020 年（文章发布于 2023-05-13）"),
        ("Heading 1", "工惠保一年保费多少?"),
        ("Normal", "文章未提及。最接近的段落提到“工惠保”，但没有说：保费。"),
        ("Heading 1", "引用文献"),
        ("List Paragraph", "[1] 《题目》，市总工会，2023年5月13日，二(一) 段 查看原文"),
        ("List Paragraph", "[2] 《题目》，市总工会，2023年5月13日，引言 查看原文"),
        ("Normal", "引文均照录上列文章原文，未作改动；加粗为导出时所加。"),
    ]
    assert [run.text for run in document.paragraphs[4].runs if run.bold] == [
        "技能人才达180.15万人",
        "高技能人才55.13万人",
    ]
    assert [
        [(link.text, link.url) for link in paragraph.hyperlinks]
        for paragraph in document.paragraphs
        if paragraph.hyperlinks
    ] == [
        [("查看原文", "https://host.example/chat/source/d?mark=7-20&mark=23-35#p1")],
        [("查看原文", "https://host.example/chat/source/d?mark=12-16#p1")],
    ]
    raised = [run.text for p in document.paragraphs for run in p.runs if run.font.superscript]
    assert raised == ["[1]", "[2]", "[1]"]


def test_a_reference_leads_to_all_that_is_marked_of_its_passage() -> None:
    first, again = (replace(SHARE, highlights=spans) for spans in (((10, 12), (12, 16)), ((0, 4),)))
    page = _Rendered(_markdown(_answered(first), _answered(again), _answered(first)))
    assert page.links == [f"{HOME}source/d?mark=0-4&mark=10-12&mark=12-16#p1"]


def test_the_same_words_in_two_articles_are_two_references() -> None:
    other = replace(SHARE.passage.document, title="另一篇", sha256="2")
    again = replace(SHARE, passage=replace(SHARE.passage, document=other))
    references = [
        text
        for _, text in _Rendered(_markdown(_answered(SHARE, again))).paragraphs
        if "《题" in text
    ]
    assert len(references) == 1
    assert "[2] 《另一篇》" in _markdown(_answered(SHARE, again))


def test_what_is_not_covered_leaves_nothing_to_cite() -> None:
    expected = "# 产改问答记录\n\n导出日期：2026年11月22日\n\n## 问?\n\n文章未提及。\n"
    assert _markdown(Exchange("问?", Answer("问?", False, 0.1, (SHARE,)))) == expected


@pytest.mark.parametrize(
    ("asked", "heading"),
    [
        (" 怎么\r\n上学? ", "怎么 上学?"),
        ("1. *怎么* #", "1. *怎么* #"),
        (ATTACK, ATTACK),
        ("![x](http://a.cn)\x00", "![x](http://a.cn)\ufffd"),
    ],
)
def test_a_question_is_a_heading_of_one_line(asked: str, heading: str) -> None:
    exchange = _answered(SHARE, question=asked)
    page = _Rendered(_markdown(exchange))
    assert page.paragraphs[2] == ("h2", heading)
    assert {*page.elements} == {"h1", "h2", "p", "blockquote", "strong", "a"}
    assert _texts(_word(exchange))[2] == ("Heading 1", heading)
    assert "理解为" not in "".join(text for _, text in page.paragraphs)


MARKUP = [
    *["# 题", "1. 甲", "1) 甲", "- 甲", "+ 甲", "* 甲", "> 甲", "    甲", "\t甲", "***", "-", "+"],
    *["甲\n---", "甲\n===", "=\n=", "甲\n# 乙", "甲\n1. 乙", "甲\n1) 乙", "甲\n- 乙", "1\n.甲"],
    *["甲\n    乙", "甲  \n  乙", "甲\n\n\n乙", "甲\\\n乙", "甲\u3000\n\u3000乙", "```\n甲", "~~~"],
    *[
        "|甲|乙|\n|-|-|\n|丙|丁|",
        "甲 | 乙\n--- | ---",
        "**甲**",
        "__甲__",
        "a_b_c",
        "~~甲~~",
        "`甲`",
    ],
    *["[甲](http://a.cn)", "![甲](x)", "[1]: http://a.cn", "<http://a.cn>", "http://a.cn/a_b*c*"],
    *[ATTACK, "&amp;&#35;&", "\\*甲\\*", "\\", "<!-- 甲 -->", "甲<br>乙", "$甲$", "11.%"],
]


@pytest.mark.parametrize("reader", [COMMONMARK, EXTENDED])
@pytest.mark.parametrize("text", MARKUP)
def test_what_looks_like_markup_is_shown_as_it_is(text: str, reader: MarkdownIt) -> None:
    plain = _Rendered(_markdown(_answered(_citation(text))), reader)
    assert ("quotation", f"“{text}”[1]") in plain.paragraphs
    assert {*plain.elements} <= {"h1", "h2", "p", "blockquote", "br", "a"}
    within = _Rendered(_markdown(_answered(_citation(f"甲{text}乙", (1, len(text) + 1)))), reader)
    assert ("quotation", f"“甲{text}乙”[1]") in within.paragraphs
    assert within.elements.count("strong") == 1


@pytest.mark.parametrize(
    ("text", "highlight", "source"),
    [
        ("出台《办法》后", "《办法》", "出&#21488;**《办法》**&#21518;"),
        ("出台，《办法》，", "《办法》", "出台，**《办法》**，"),
        ("出台办法后", "办法", "出台**办法**后"),
        ("出台 办法 后", " 办法 ", "出台 **办法** 后"),
        ("占12.5%，", "12.5%", "占**12.5%**，"),
        ("达12.5%以上", "12.5%", "达**12.5%**&#20197;上"),
        ("甲*乙", "*", "&#30002;**\\***&#20057;"),
        ("甲\n（乙）\n丙", "（乙）", "甲\\\n> **（乙）**\\\n> 丙"),
        ("全部。", "全部。", "**全部。**"),
        # left alone, or kept from what extensions would read
        ("1.5-2.5万人(3月)", "万人", "1.5-2.5**万人**(3月)"),
        ("见http://www.a.cn", "见", "**见**http\\://www\\.a.cn"),
        ("$甲$==乙==", "乙", "\\$甲\\$\\=\\=**乙**\\=\\="),
    ],
)
def test_bold_is_written_so_that_it_is_read(text: str, highlight: str, source: str) -> None:
    start = text.index(highlight)
    markdown = _markdown(_answered(_citation(text, (start, start + len(highlight)))))
    assert f"> “{source}”[1]\n" in markdown
    page = _Rendered(markdown)
    assert page.elements.count("strong") == 1


TEXTS = st.lists(
    st.one_of(
        st.sampled_from("*_`#<>&|\\[]()!+-=~.:/$1a甲《》，。“”\n\t \u3000\xa0"),
        st.sampled_from(["**", "\n\n", "\n1. "]),
        st.characters(exclude_categories=("Cc", "Cs", "Cn")),
    ),
    min_size=1,
    max_size=20,
).map("".join)  # fmt: skip
SPANS = st.lists(
    st.tuples(st.integers(0, 25), st.integers(0, 25)).map(lambda pair: (min(pair), max(pair))),
    max_size=3,
).map(tuple)


def _check_bold(text: str, highlights: Spans, strong: set[int]) -> None:
    """What is highlighted is strong, but perhaps for blanks; nothing else is."""
    highlighted = {place for span in highlights for place in range(*span) if place < len(text)}
    assert strong <= highlighted
    assert {place for place in highlighted if not text[place].isspace()} <= strong


@given(TEXTS, SPANS)
@example("甲《x》乙丙《y》丁", ((1, 4), (6, 9)))
@example("《x》乙《y》", ((0, 3), (4, 7)))
@example("甲\u2028《x》", ((2, 5),))
@example("甲℃《x》℃", ((2, 5),))
def test_markdown_shows_every_character_and_bold_where_it_belongs(
    text: str, highlights: Spans
) -> None:
    page = _Rendered(_markdown(_answered(_citation(text, *highlights))))
    (place,) = [n for n, (role, _) in enumerate(page.paragraphs) if role == "quotation"]
    assert page.paragraphs[place][1] == f"“{text}”[1]"
    _check_bold(text, highlights, {within - 1 for within in page.strong[place]})


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(TEXTS, SPANS)
def test_word_holds_every_character_and_bold_where_it_belongs(text: str, highlights: Spans) -> None:
    (quotation,) = [
        paragraph
        for paragraph in _word(_answered(_citation(text, *highlights))).paragraphs
        if paragraph.style and paragraph.style.name == "Quote"
    ]
    assert quotation.text == f"“{text}”[1]"
    strong: set[int] = set()
    written = 0
    for run in quotation.runs:
        if run.bold:
            strong |= {*range(written - 1, written - 1 + len(run.text))}
        written += len(run.text)
    _check_bold(text, highlights, strong)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=()), min_size=1), SPANS)
@example("\x00\x0b\x1f\x85\ud800\ufdd0\uffff\U0010ffff", ())
def test_any_text_at_all_can_be_exported(text: str, highlights: Spans) -> None:
    exchange = _answered(_citation(text, *highlights, title=text, publisher=text), question=text)
    _markdown(exchange).encode()
    assert len(_word(exchange).paragraphs) >= 5


def test_what_no_document_can_hold_is_replaced_and_told() -> None:
    text = "甲\x0c乙\x00丙\r\n丁\r戊"
    exchange = _answered(_citation(text, (2, 3)))
    told = "；加粗为导出时所加；原文中无法显示的控制字符以“\ufffd”代替。"
    shown = "“甲\ufffd乙\ufffd丙\n丁\n戊”[1]"
    page = _Rendered(_markdown(exchange))
    assert ("quotation", shown) in page.paragraphs
    assert page.paragraphs[-1] == ("p", f"引文均照录上列文章原文，未作改动{told}")
    texts = _texts(_word(exchange))
    assert ("Quote", shown) in texts
    assert texts[-1] == ("Normal", f"引文均照录上列文章原文，未作改动{told}")


@pytest.mark.parametrize("field", ["title", "publisher", "locator", "text"])
def test_text_from_outside_is_inert_in_markdown(field: str) -> None:
    outside: dict[str, Any] = {"text": "原文"} | {field: f"甲{ATTACK}**乙**"}
    page = _Rendered(_markdown(_answered(_citation(outside.pop("text"), **outside))))
    assert {*page.elements} == {"h1", "h2", "p", "blockquote", "a"}
    assert any(f"甲{ATTACK}**乙**" in text for _, text in page.paragraphs)


def test_the_shortfall_is_inert_in_markdown() -> None:
    lacking = Answer("问?", False, 0.1, (), 0, ATTACK, ("*保费*",))
    page = _Rendered(_markdown(Exchange("问?", lacking)))
    said = f"文章未提及。最接近的段落提到“{ATTACK}”，但没有说：*保费*。"
    assert page.paragraphs[-1] == ("p", said)


def test_the_whole_article_can_be_quoted(ningbo: Article) -> None:
    citations = [
        annotated(Citation(1, 1.0, passage, tuple(clauses(passage.text))[:2]))
        for passage in ningbo.passages
    ]
    quotations = [
        f"“{passage.text}”[{number}]" for number, passage in enumerate(ningbo.passages, start=1)
    ]
    exchange = _answered(*citations)
    page = _Rendered(_markdown(exchange))
    assert [text for role, text in page.paragraphs if role == "quotation"] == quotations
    texts = _texts(_word(exchange))
    assert [text for style, text in texts if style == "Quote"] == quotations


def test_the_word_document_is_set_as_official_ones_are() -> None:
    document = _word(*CONVERSATION)
    page = document.sections[0]
    assert [length and round(length.mm) for length in (page.page_width, page.page_height)] == [
        210,
        297,
    ]
    fonts = {}
    for name in {style for style, _ in _texts(document)}:
        (font,) = document.styles[name].element.xpath("w:rPr/w:rFonts")
        assert not [attribute for attribute in font.attrib if "Theme" in attribute]
        fonts[name] = font.get(qn("w:eastAsia"))
    headings = {"Title": "黑体", "Heading 1": "黑体"}
    body = dict.fromkeys(["Normal", "Quote", "Body Text 3", "List Paragraph"], "仿宋")
    assert fonts == headings | body
    assert document.styles["Normal"].font.size == Pt(16)
    assert document.styles["Title"].paragraph_format.alignment == WD_ALIGN_PARAGRAPH.CENTER
    assert document.styles["Title"].element.xpath("w:pPr/w:pBdr") == []
    assert document.styles["Quote"].font.italic is None
    (level,) = document.styles["Heading 1"].element.xpath("w:pPr/w:outlineLvl/@w:val")
    assert level == "0"
    assert document.styles.element.xpath("w:docDefaults//w:lang/@w:eastAsia") == ["zh-CN"]


def test_the_word_document_says_what_it_is_and_names_nobody() -> None:
    properties = _word(*CONVERSATION).core_properties
    assert (properties.title, properties.language) == ("产改问答记录", "zh-CN")
    assert properties.created == properties.modified
    assert properties.created is not None
    assert properties.created.replace(tzinfo=None) == datetime(2026, 11, 22)
    assert (properties.author, properties.last_modified_by, properties.comments) == ("", "", "")


def test_the_same_conversation_makes_the_same_file() -> None:
    written = to_docx(CONVERSATION, DAY, HOME)
    assert written == to_docx(CONVERSATION, DAY, HOME)
    with ZipFile(BytesIO(written)) as members:
        assert {member.date_time for member in members.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert members.testzip() is None


def test_an_export_is_named_after_its_day() -> None:
    assert file_name(DAY, "docx") == "产改问答-2026-11-22.docx"
    assert file_name(DAY, "md") == "产改问答-2026-11-22.md"
