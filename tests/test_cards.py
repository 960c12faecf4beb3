"""Answers as HTML."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from changai.cards import OFFICIAL, WORKER, answer_card, error_card, escape, meaning
from changai.records import Answer, Citation, Document, Passage

ASCII = "".join(map(chr, range(128)))
HARMLESS = {"div", "p", "b", "br", "mark", "u", "details", "summary"}
ATTACKS = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;", "**[a](b)`"]


class _Page(HTMLParser):
    """The elements of a piece of HTML, and the text within each of them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.within: dict[str, str] = {}
        self.text = ""
        self._open: list[str] = []
        self.feed(markup)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        assert [name for name, _ in attrs if name != "class"] == []
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        for tag in self._open:
            self.within[tag] = self.within.get(tag, "") + data


def _citation(
    rank: int,
    text: str,
    *highlights: tuple[int, int],
    title: str = "题目",
    publisher: str = "宁波市总工会",
    published: str = "2023-05-13",
    heading: str = "二、提升",
    locator: str = "二(一)",
    damaged: tuple[tuple[int, int], ...] = (),
    as_of: str = "",
) -> Citation:
    document = Document("d", title, publisher, published, "", "d.txt", "", text)
    passage = Passage(f"d#p{rank}", document, text, 0, len(text), (heading,), locator)
    return Citation(rank, 1.0, passage, highlights, damaged, as_of)


def _answer(covered: bool, *citations: Citation) -> Answer:
    return Answer("问题?", covered, 0.5, citations, answering=int(covered))


FOUND = [_citation(1, "第一段原文"), _citation(2, "第二段原文"), _citation(3, "第三段原文")]


@pytest.mark.parametrize(("audience", "told"), [(WORKER, True), (OFFICIAL, False)])
def test_what_is_not_covered_is_said_not_to_be(audience: str, told: bool) -> None:
    page = _Page(answer_card(_answer(False, *FOUND), audience))
    assert "文章未提及" in page.text
    assert "不能当作答案" in page.text
    assert "原文如下" not in page.text
    assert page.elements.count("details") == 1
    assert "第一段原文" in page.within["details"]
    assert ("12351" in page.text) is told
    places = [page.text.index(text) for text in ("第一段原文", "第二段原文", "第三段原文")]
    assert places == sorted(places)


@pytest.mark.parametrize("audience", [WORKER, OFFICIAL])
def test_what_is_covered_shows_one_passage_and_folds_the_others(audience: str) -> None:
    page = _Page(answer_card(_answer(True, *FOUND), audience))
    assert "原文如下" in page.text
    assert "文章未提及" not in page.text
    assert "12351" not in page.text
    assert "第一段原文" not in page.within["details"]
    assert page.text.count("第一段原文") == 1
    assert "第二段原文" in page.within["details"]
    assert "第三段原文" in page.within["details"]
    assert "2 段" in page.within["summary"]


def test_two_passages_that_answer_are_both_shown() -> None:
    answer = replace(_answer(True, *FOUND), answering=2)
    page = _Page(answer_card(answer, WORKER))
    assert "原文如下，共 2 处" in page.text
    assert "第二段原文" in page.text
    assert "第一段原文" not in page.within["details"]
    assert "第二段原文" not in page.within["details"]
    assert "第三段原文" in page.within["details"]


@pytest.mark.parametrize("covered", [True, False])
def test_how_a_misspelt_question_was_taken_is_told(covered: bool) -> None:
    taken = replace(_answer(covered, *FOUND), taken_as="入党<b>要</b>什么条件")
    assert "理解为：入党<b>要</b>什么条件" in _Page(answer_card(taken, WORKER)).text
    assert "理解为" not in _Page(answer_card(_answer(covered, *FOUND), WORKER)).text


def test_what_the_nearest_passage_lacks_is_told() -> None:
    lacking = replace(_answer(False, *FOUND), mentioned="工惠保", missing=("保费", "金额"))
    page = _Page(answer_card(lacking, OFFICIAL))
    assert "最接近的段落提到“工惠保”，但没有说：保费、金额。" in page.text


def test_a_single_passage_leaves_nothing_to_fold() -> None:
    assert "details" not in _Page(answer_card(_answer(True, FOUND[0]), WORKER)).elements


def test_a_card_tells_place_and_source() -> None:
    page = _Page(answer_card(_answer(True, FOUND[0]), WORKER))
    for told in ("二(一) · 二、提升", "《题目》", "宁波市总工会 · 2023-05-13"):
        assert told in page.text


def test_a_card_tells_that_the_date_is_unknown() -> None:
    citation = _citation(1, "原文", publisher="", published="")
    page = _Page(answer_card(_answer(True, citation), WORKER))
    assert page.text.endswith("《题目》日期不详")


@pytest.mark.parametrize("highlights", [[(0, 2), (5, 7)], [(5, 7), (0, 2)]])
def test_highlights_are_marked(highlights: list[tuple[int, int]]) -> None:
    card = answer_card(_answer(True, _citation(1, "甲<乙,丙丁&戊", *highlights)), WORKER)
    quotation = re.search(r'<p class="quotation">(.*?)</p>', card)
    assert quotation is not None
    marks = re.findall(r"<mark>(.*?)</mark>", quotation[1])
    assert [html.unescape(mark) for mark in marks] == ["甲<", "丁&"]
    assert _Page(quotation[1]).text == "甲<乙,丙丁&戊"


@pytest.mark.parametrize(
    ("highlights", "damaged", "expected"),
    [
        ([(4, 7)], [(1, 3)], "占<u>11</u>.<mark>%;增</mark>"),
        ([(0, 5)], [(1, 4)], "<mark>占<u>11.</u>%</mark>;增"),
        ([(2, 3)], [(1, 5)], "占<u>1</u><mark><u>1</u></mark><u>.%</u>;增"),
        ([(0, 3)], [(1, 5)], "<mark>占<u>11</u></mark><u>.%</u>;增"),
        ([(3, 7)], [(1, 5)], "占<u>11</u><mark><u>.%</u>;增</mark>"),
        ([(1, 5)], [(1, 5)], "占<mark><u>11.%</u></mark>;增"),
        ([(0, 7)], [(1, 2), (2, 5)], "<mark>占<u>1</u><u>1.%</u>;增</mark>"),
        ([], [(0, 7)], "<u>占11.%;增</u>"),
    ],
)
def test_damaged_figures_are_marked_and_nest_in_highlights(
    highlights: list[tuple[int, int]], damaged: list[tuple[int, int]], expected: str
) -> None:
    citation = _citation(1, "占11.%;增", *highlights, damaged=tuple(damaged))
    card = answer_card(_answer(True, citation), WORKER)
    quotation = re.search(r'<p class="quotation">(.*?)</p>', card)
    assert quotation is not None
    assert html.unescape(quotation[1].replace(' class="damaged"', "")) == expected
    assert quotation[1].count("<u") == quotation[1].count('<u class="damaged">')


_SPANS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=4).map(
    lambda pairs: tuple((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
)


@given(_SPANS, _SPANS)
def test_whatever_spans_overlap_the_quotation_is_whole(
    highlights: tuple[tuple[int, int], ...], damaged: tuple[tuple[int, int], ...]
) -> None:
    text = "占69:市<b>中,11"
    citation = _citation(1, text, *highlights, damaged=damaged)
    card = answer_card(_answer(True, citation), WORKER)
    quotation = re.search(r'<p class="quotation">(.*?)</p>', card)
    assert quotation is not None
    page = _Page(quotation[1])
    assert page.text == text
    for tag, spans in (("mark", highlights), ("u", damaged)):
        within = {place for span in spans for place in range(*span)}
        assert page.within.get(tag, "") == "".join(text[place] for place in sorted(within))


def test_a_card_remarks_on_its_figures_below_the_quotation() -> None:
    text = "2020年,工人占11.%<i>"
    citation = _citation(1, text, damaged=((9, 13),), as_of="2020年")
    card = answer_card(_answer(True, citation), WORKER)
    remarks = re.findall(r'<p class="remark">(.*?)</p>', card)
    assert [html.unescape(remark) for remark in remarks] == [
        "原文疑有识别错误：“工人占11.%<i>”",
        "数据时点：2020年（文章发布于 2023-05-13）",
    ]
    assert card.index("</p>", card.index("quotation")) < card.index("remark")
    assert "<i>" not in card


def test_a_card_with_sound_and_undated_figures_remarks_nothing() -> None:
    assert "remark" not in answer_card(_answer(True, FOUND[0]), WORKER)


@pytest.mark.parametrize(
    "field", ["title", "publisher", "published", "heading", "locator", "text", "as_of"]
)
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("covered", [True, False])
def test_text_from_outside_is_inert(field: str, attack: str, covered: bool) -> None:
    outside: dict[str, Any] = {"text": "原文"} | {field: attack}
    text: str = outside.pop("text")
    citation = _citation(1, text, (0, len(text)), **outside)
    card = answer_card(_answer(covered, citation, citation), WORKER)
    page = _Page(card)
    assert set(page.elements) <= HARMLESS
    assert page.text.count(attack) == 2
    assert attack not in card


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_error_message_is_inert(attack: str) -> None:
    page = _Page(error_card(attack))
    assert (page.elements, page.text) == (["p"], attack)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_meaning_is_inert(attack: str) -> None:
    page = _Page(meaning(attack))
    assert (page.elements, page.text) == (["p"], f"理解为：{attack}")


@given(st.text(st.characters(exclude_categories=())))
@example(ASCII)
def test_escaped_text_has_no_ascii_that_means_anything(text: str) -> None:
    assert re.fullmatch(r"(?:[A-Za-z0-9 ]|[^\x00-\x7f]|&#[0-9]+;)*", escape(text))


@given(st.text(st.characters(exclude_categories=())))
@example(ASCII)
def test_escaped_text_reads_as_it_was(text: str) -> None:
    # Browsers read a reference to NUL as U+FFFD. They read those to the other controls as what
    # they are, though the HTML standard calls it an error; ``html.unescape`` drops these.
    dropped = dict.fromkeys({*range(1, 32), 127} - set(map(ord, "\t\n\f\r")))
    assert html.unescape(escape(text)) == text.translate(dropped | {0: "\ufffd"})


@pytest.mark.parametrize("text", ["\r\n\t", "\x80\x9f", "\ud800", "é工①"])
def test_these_survive_escaping(text: str) -> None:
    assert html.unescape(escape(text)) == text
