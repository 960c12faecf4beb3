"""Answers as HTML."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.pages import wording
from changai.pages.cards import corpus_line, examples, reply_card, status
from changai.records import (
    Answer,
    Citation,
    Corpus,
    Document,
    EncoderIdentity,
    Example,
    Exchange,
    Hotline,
    Passage,
    Printed,
    Spans,
)
from support.pages import Strict, is_layout

TEXT = "甲<乙,丙丁&戊。"
ATTACKS = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;"]
TAGS = {
    *("div", "article", "p", "span", "b", "a", "button", "details", "summary"),
    *("blockquote", "mark", "u", "label", "textarea", "time"),
}
ATTRIBUTES = {
    *("class", "type", "href", "target", "rel", "rows", "maxlength"),
    *("data-question", "data-copied", "data-href", "data-export", "data-useful", "role"),
}


class _Card(Strict):
    """The text of each element by its tag and by its classes, in their order, and what is folded
    away."""

    def __init__(self, markup: str) -> None:
        self.texts: defaultdict[str, list[str]] = defaultdict(list)
        self.folded = ""
        self._names: list[list[str]] = []
        super().__init__(markup)
        assert {tag for tag, _ in self.tags} <= TAGS
        assert {name for _, attributes in self.tags for name in attributes} <= ATTRIBUTES

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self._names.append([tag, *(dict(attrs).get("class") or "").split()])
        for name in self._names[-1]:
            self.texts[name].append("")

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        self._names.pop()

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        if is_layout(data):
            return
        for name in {name for names in self._names for name in names}:
            self.texts[name][-1] += data
        if any("others" in names for names in self._names):
            self.folded += data

    def all(self, name: str) -> list[str | None]:
        """The values of an attribute, in order."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def _citation(
    rank: int,
    text: str = TEXT,
    *highlights: tuple[int, int],
    document_id: str = "d",
    title: str = "题目",
    publisher: str = "宁波市总工会",
    published: str = "2023-05-13",
    heading: str = "二、提升",
    locator: str = "二(一)",
    damaged: Spans = (),
    as_of: str = "",
    **described: Any,
) -> Citation:
    document = Document(
        *(document_id, title, publisher, published, "", "d.txt", "", f"前文{text}"), **described
    )
    passage = Passage(
        f"{document_id}#p{rank}", document, text, 2, 2 + len(text), (heading,), locator
    )
    return Citation(rank, 1.0, passage, highlights or ((0, len(text)),), damaged, as_of)


def _exchange(answering: int, *citations: Citation, **known: Any) -> Exchange:
    question = known.get("question", "问题?")
    answer = Answer(question, answering > 0, 0.5, citations, answering)
    return Exchange(known.pop("asked", question), replace(answer, **known))


def _card(answering: int, *citations: Citation, **known: Any) -> _Card:
    return _Card(reply_card(_exchange(answering, *citations, **known)))


FOUND = [_citation(rank, f"第{rank}段原文") for rank in (1, 2, 3)]


def test_what_is_covered_shows_one_passage_and_folds_the_others() -> None:
    card = _card(1, *FOUND)
    assert card.texts["verdict"] == ["原文如下"]
    assert card.texts["blockquote"] == ["第1段原文", "第2段原文", "第3段原文"]
    assert "第1段原文" not in card.folded
    assert card.folded.startswith("其他相近的段落，不一定回答问题（2 段）第2段原文")
    assert "第3段原文" in card.folded
    assert "文章未提及" not in card.text
    assert "12351" not in card.text


def test_passages_that_answer_are_all_shown() -> None:
    card = _card(2, *FOUND)
    assert card.texts["verdict"] == ["原文如下，共 2 处"]
    assert card.folded.startswith("其他相近的段落，不一定回答问题（1 段）第3段原文")
    assert "第1段原文" not in card.folded
    assert "第2段原文" not in card.folded


def test_where_every_passage_answers_nothing_is_folded() -> None:
    assert _card(1, FOUND[0]).texts["others"] == []
    assert _card(3, *FOUND).texts["others"] == []


HOTLINES = [Hotline("12351", "工会维权热线"), Hotline("0574-12333", "社保热线")]


def _refusal(hotlines: list[Hotline], **known: Any) -> _Card:
    return _Card(reply_card(_exchange(0, *FOUND, **known), hotlines))


def test_what_is_not_covered_has_the_reason_the_hotline_and_no_answer() -> None:
    card = _refusal(HOTLINES[:1], mentioned="工惠保", missing=("保费", "金额"))
    assert card.texts["verdict"] == ["文章未提及"]
    assert card.texts["note"] == [
        "最接近的段落提到“工惠保”，但没有说：保费、金额。可拨打工会维权热线 12351 咨询。"
    ]
    # What page.css shows workers only.
    assert card.texts["worker"] == ["可拨打工会维权热线 12351 咨询。"]
    assert ("a", {"href": "tel:12351"}) in card.tags
    assert card.folded.startswith("最接近的段落，不能当作答案（3 段）第1段原文")
    for text in ("第1段原文", "第2段原文", "第3段原文"):
        assert card.folded.count(text) == card.text.count(text) == 2
    assert card.texts["answer"] == []
    assert "原文如下" not in card.text


def test_without_a_hotline_none_is_named() -> None:
    card = _refusal([], missing=("保费",))
    assert card.texts["note"] == ["最接近的段落没有说：保费。"]
    assert card.texts["worker"] == []


def test_several_hotlines_are_named() -> None:
    card = _refusal(HOTLINES)
    assert card.texts["worker"] == ["可拨打工会维权热线 12351、社保热线 0574-12333 咨询。"]
    assert card.all("href")[:2] == ["tel:12351", "tel:0574-12333"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hotline_is_inert(attack: str) -> None:
    html = reply_card(_exchange(0, *FOUND), [Hotline(attack, attack)])
    assert _Card(html).text.count(attack) == 2
    assert attack not in html


@pytest.mark.parametrize("answering", [0, 1])
@pytest.mark.parametrize(
    ("asked", "question", "taken_as", "meant"),
    [
        ("问题?", "问题?", "", None),
        ("那高技能人才呢?", "高技能人才总量多少?", "", "高技能人才总量多少?"),
        ("入挡条件?", "入挡条件?", "入党条件?", "入党条件?"),
        ("那入挡呢?", "入挡多少名?", "入党多少名?", "入党多少名?"),
    ],
)
def test_what_a_question_was_taken_to_mean_is_told_once_and_can_be_undone(
    answering: int, asked: str, question: str, taken_as: str, meant: str | None
) -> None:
    card = _card(answering, *FOUND, asked=asked, question=question, taken_as=taken_as)
    assert card.texts["meaning"] == ([f"理解为：{meant} 按原话再问"] if meant else [])
    assert card.texts["as-typed"] == (["按原话再问"] if meant else [])
    assert card.text.startswith("理解为：" if meant else ("原文如下", "文章未提及"))


@pytest.mark.parametrize("answering", [0, 1])
def test_the_highlighted_words_come_first_and_their_passage_is_folded(answering: int) -> None:
    card = _card(answering, _citation(1, TEXT, (4, 7), (0, 2)))
    (whole,) = card.texts["citation"]
    assert whole.startswith("丙丁&甲<二(一) · 二、提升")
    assert card.quoted == ["丙丁&", "甲<"]
    assert card.texts["passage"] == [f"整段原文{TEXT}"]
    assert card.texts["quotation"] == [TEXT]
    assert card.marked == ["甲<", "丙丁&"]


@pytest.mark.parametrize(
    ("highlight", "damaged", "words", "passage"),
    [
        ((5, 7), ((1, 4),), ";增", "占<u>11.</u>%<mark>;增</mark>"),
        ((0, 5), ((1, 4),), "占<u>11.</u>%", "<mark>占<u>11.</u>%</mark>;增"),
        ((1, 5), ((1, 5),), "<u>11.%</u>", "占<mark><u>11.%</u></mark>;增"),
        ((2, 5), ((1, 3),), "<u>1</u>.%", "占<u>1</u><mark><u>1</u>.%</mark>;增"),
        ((0, 7), ((1, 2), (3, 5)), "占<u>1</u>1<u>.%</u>;增",
         "<mark>占<u>1</u>1<u>.%</u>;增</mark>"),
    ],
)  # fmt: skip
def test_damaged_figures_are_underlined_in_the_words_and_in_the_passage(
    highlight: tuple[int, int], damaged: Spans, words: str, passage: str
) -> None:
    html = reply_card(_exchange(1, _citation(1, "占11.%;增", highlight, damaged=damaged)))
    html = html.replace('<u class="damaged">', "<u>")
    assert f"<blockquote>{words}</blockquote>" in html
    assert f'<p class="quotation">{passage}</p>' in html


_SPANS = st.lists(
    st.lists(st.integers(0, 12), min_size=2, max_size=2, unique=True).map(sorted).map(tuple),
    max_size=4,
).map(tuple)


@given(_SPANS.filter(bool), _SPANS)
def test_whatever_spans_overlap_what_is_quoted_is_verbatim(
    highlights: Spans, damaged: Spans
) -> None:
    text = "占69:市<b>中,11"
    html = reply_card(_exchange(1, _citation(1, text, *highlights, damaged=damaged)))
    card = _Card(html)
    assert card.quoted == [text[start:end] for start, end in highlights]
    assert card.texts["quotation"] == [text]
    # Damaged characters are underlined once in the passage, and once more for each highlight.
    places = {place for span in damaged for place in range(*span)}
    ranges = [range(*span) for span in highlights]
    underlined = sum(1 + sum(place in each for each in ranges) for place in places)
    assert len("".join(card.texts["damaged"])) == underlined


def test_remarks_on_the_figures_stand_below_the_words() -> None:
    text = "2020年,工人占11.%<i>"
    card = _card(1, _citation(1, text, damaged=((9, 13),), as_of="2020年"))
    assert card.texts["remark"] == [
        "原文疑有识别错误：“工人占11.%<i>”",
        "数据时点：2020年（文章发布于 2023-05-13）",
    ]
    assert card.texts["citation"][0].startswith(f"{text}原文疑有")
    assert _card(1, FOUND[0]).texts["remark"] == []


@pytest.mark.parametrize(
    ("publisher", "published", "source"),
    [
        ("宁波市总工会", "2023-05-13", "宁波市总工会 · 2023-05-13"),
        ("宁波市总工会", "", "宁波市总工会 · 日期不详"),
        ("", "2023-05-13", "2023-05-13"),
        ("", "", "日期不详"),
    ],
)
def test_a_card_tells_place_and_source(publisher: str, published: str, source: str) -> None:
    card = _card(1, _citation(1, publisher=publisher, published=published))
    assert card.texts["place"] == ["二(一) · 二、提升"]
    assert card.texts["source"] == [f"《题目》 {source}"]


def test_a_correction_stands_beside_what_the_page_has() -> None:
    printed = Printed("题日", "宁淀市总工会", "2023-05-12")
    citation = _citation(1, printed=printed)
    card = _card(1, citation)
    assert card.texts["source"] == [
        "《题日（应为：题目）》 宁淀市总工会（应为：宁波市总工会） · 2023-05-12（应为：2023-05-13）"
    ]
    assert card.texts["time"] == ["2023-05-12", "2023-05-13"]
    # A reference is to what it should be.
    assert "宁波市总工会，2023年5月13日" in str(card.all("data-copied"))
    assert "宁淀" not in str(card.all("data-copied"))


def test_a_link_leads_to_where_an_article_was_published() -> None:
    url = "https://www.example.org/a?b=1&c='2'"
    (link,) = [
        attributes
        for tag, attributes in _card(1, _citation(1, url=url)).tags
        if attributes.get("target") == "_blank"
    ]
    assert link == {"href": url, "target": "_blank", "rel": "noopener noreferrer"}
    assert "来源网页" not in _card(1, _citation(1)).text


def test_links_lead_to_the_words_in_their_article() -> None:
    card = _card(1, _citation(16, TEXT, (4, 7), (0, 2), document_id='a"甲'))
    link = "source/a%22%E7%94%B2?mark=6-9&mark=2-4#p16"
    assert ("a", {"href": link, "target": "reader"}) in card.tags
    assert card.all("data-href") == [link]


def test_what_is_copied_are_the_words_with_their_source() -> None:
    citation = _citation(1, TEXT, (4, 7), (0, 2), title="题<目>")
    assert _card(1, citation).all("data-copied") == [
        "“甲<”“丙丁&”（《题<目>》，宁波市总工会，2023年5月13日，二(一) 段）"
    ]
    unknown = _citation(1, TEXT, (4, 7), publisher="", published="", locator="引言")
    assert _card(0, unknown).all("data-copied") == ["“丙丁&”（《题目》，日期不详，引言）"]
    for each in (citation, unknown):
        assert f"（{wording.reference(each)}）" in str(_card(1, each).all("data-copied")[0])


@pytest.mark.parametrize("answering", [0, 1])
def test_every_answer_can_be_exported_and_judged(answering: int) -> None:
    card = _card(answering, *FOUND)
    assert card.all("data-export") == ["docx", "md"]
    assert card.all("data-useful") == ["yes", "no"]
    assert card.all("maxlength") == ["500"]
    # What page.css shows officials only.
    assert ("p", {"class": "tools official"}) in card.tags


@pytest.mark.parametrize(
    "field", ["title", "publisher", "heading", "locator", "text", "as_of", "document_id", "url"]
)
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("answering", [0, 1])
def test_text_of_an_article_is_inert(field: str, attack: str, answering: int) -> None:
    outside: dict[str, Any] = {field: attack}
    citation = _citation(1, **outside)
    html = reply_card(_exchange(answering, citation, citation))
    shown = {"text": 4, "document_id": 0, "url": 0}.get(field, 2)
    assert _Card(html).text.count(attack) == shown
    assert attack not in html


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("field", ["question", "taken_as", "mentioned", "missing"])
def test_a_question_is_inert(field: str, attack: str) -> None:
    known = {"missing": (attack,)} if field == "missing" else {field: attack}
    html = reply_card(_exchange(0, *FOUND, asked="问", **known))
    assert _Card(html).text.count(attack) == 1
    assert attack not in html


def test_an_answer_in_a_few_words() -> None:
    places = [_citation(1, locator="一(一)"), _citation(2, locator="一(二)"), _citation(3)]
    assert status(_exchange(0, *places)) == "文章未提及"
    assert status(_exchange(1, *places)) == "找到原文 1 处：一(一)"
    assert status(_exchange(2, *places)) == "找到原文 2 处：一(一)、一(二)"


def test_the_foot_tells_what_is_answered_from() -> None:
    encoder = EncoderIdentity("<builtin>", "", 384)
    corpus = Corpus(2, 39, encoder, "000012-3ab7", "2026-11-22T17:05:59+00:00")
    assert corpus_line(corpus) == (
        "收录文章 2 篇，段落 39 个；索引 000012，2026-11-23 01:05（北京时间）建成；编码器 <builtin>"
    )
    assert corpus_line(Corpus(1, 4, encoder)) == (
        "收录文章 1 篇，段落 4 个；索引 未存盘；编码器 <builtin>"
    )


OFFERED = [
    Example("怎么入党?", "入党", "worker"),
    Example("多少名?", "推优", "official"),
    Example("怎么<报>销?", "看病", "worker"),
]


def test_each_audience_has_its_questions_by_topic() -> None:
    card = _Card(examples(OFFERED))
    assert card.texts["worker"] == ["入党 怎么入党?", "看病 怎么<报>销?"]
    assert card.texts["official"] == ["推优 多少名?"]
    assert card.texts["p"] == []
    assert (
        card.all("data-question") == card.texts["span"] == ["怎么入党?", "多少名?", "怎么<报>销?"]
    )


def test_an_audience_without_questions_is_told_how_to_ask() -> None:
    said = "请在下面写出想问的事，一次问一件。"
    assert _Card(examples([])).tags == [("p", {"class": "worker"}), ("p", {"class": "official"})]
    card = _Card(examples(OFFERED[:1]))
    assert (card.texts["worker"], card.texts["official"]) == (["入党 怎么入党?"], [said])


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_example_is_inert(attack: str) -> None:
    html = examples([Example(attack, attack, "worker")])
    assert _Card(html).text.count(attack) == 2
    assert attack not in html
