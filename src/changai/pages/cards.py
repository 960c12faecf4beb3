"""Answers as HTML for the chat: pure functions.

Every text from outside, the user's question included, is escaped.
"""

import re
from collections.abc import Sequence
from html import escape

from changai import clock
from changai.evaluation.feedback import LONGEST_COMMENT
from changai.pages import original, wording
from changai.pages.markup import marked, within
from changai.records import AUDIENCES, Citation, Corpus, Example, Exchange, Hotline, Spans

_NO_EXAMPLES = "请在下面写出想问的事，一次问一件。"

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def examples(offered: Sequence[Example]) -> str:
    """The questions to begin with, as buttons of which page.css shows each audience its own; where
    an audience has none, how to ask."""
    return "".join(map(_example, offered)) + "".join(
        f'<p class="{audience}">{_NO_EXAMPLES}</p>'
        for audience in AUDIENCES
        if audience not in {example.audience for example in offered}
    )


def _example(example: Example) -> str:
    question = escape(example.question)
    return (
        f'<button type="button" class="{escape(example.audience)}" data-question="{question}">'
        f"<b>{escape(example.topic)}</b> <span>{question}</span></button>"
    )


def reply_card(exchange: Exchange, hotlines: Sequence[Hotline] = ()) -> str:
    """An answer as HTML: what the question was taken to mean, the verdict, then a card a citation.

    Where the corpus answers, the first passage is the answer, perhaps with others right behind it,
    and the rest are folded away; where it does not, all are, marked as no answer, and workers are
    told the ``hotlines`` that they may call.
    """
    answer = exchange.answer
    cards = [_citation_card(citation) for citation in answer.citations]
    meaning = _meaning(exchange)
    if not answer.covered:
        nearest = _folded("最接近的段落，不能当作答案", cards)
        return (
            f'<div class="nearest">{meaning}<p class="verdict">文章未提及</p>'
            f'<p class="note">{escape(wording.shortfall(answer))}{_to_call(hotlines)}</p>'
            f"{nearest}{_TOOLS}</div>"
        )
    several = f"，共 {answer.answering} 处" if answer.answering > 1 else ""
    others = _folded("其他相近的段落，不一定回答问题", cards[answer.answering :])
    return (
        f'<div class="answer">{meaning}<p class="verdict">原文如下{several}</p>'
        f"{''.join(cards[: answer.answering])}{others}{_TOOLS}</div>"
    )


def status(exchange: Exchange) -> str:
    """An answer in a few words, for those who hear the page."""
    answer = exchange.answer
    if not answer.covered:
        return "文章未提及"
    locators = "、".join(c.passage.locator for c in answer.citations[: answer.answering])
    return f"找到原文 {answer.answering} 处：{locators}"


def corpus_line(corpus: Corpus) -> str:
    """What the page answers from, as plain text for its foot."""
    generation = corpus.generation.partition("-")[0] or "未存盘"
    built = f"，{clock.there(corpus.built):%Y-%m-%d %H:%M}（北京时间）建成" if corpus.built else ""
    return (
        f"收录文章 {corpus.documents} 篇，段落 {corpus.passages} 个；"
        f"索引 {generation}{built}；编码器 {corpus.encoder.name}"
    )


_TOOLS = (
    '<p class="tools official">导出这一问：<button type="button" data-export="docx">Word</button> '
    '<button type="button" data-export="md">Markdown</button></p>'
    '<div class="feedback"><div class="opinion"><span>这个回答有用吗?</span> '
    '<button type="button" data-useful="yes">有用</button> '
    '<button type="button" data-useful="no">没用</button> '
    "<details><summary>补充说明</summary>"
    "<label>可不填，请勿写姓名、电话；写好再点“有用”或“没用”。"
    f'<textarea rows="2" maxlength="{LONGEST_COMMENT}"></textarea></label></details></div>'
    '<p class="told" role="status"></p></div>'
)


def _to_call(hotlines: Sequence[Hotline]) -> str:
    if not hotlines:
        return ""
    named = "、".join(
        f'{escape(each.name)} <a href="tel:{escape(each.number)}">{escape(each.number)}</a>'
        for each in hotlines
    )
    return f'<span class="worker">可拨打{named} 咨询。</span>'


def _meaning(exchange: Exchange) -> str:
    meant = exchange.answer.taken_as or exchange.answer.question
    if meant == exchange.asked:
        return ""
    return (
        f'<p class="meaning">理解为：<span>{escape(meant)}</span> '
        '<button type="button" class="as-typed">按原话再问</button></p>'
    )


def _folded(label: str, cards: list[str]) -> str:
    if not cards:
        return ""
    return (
        f'<details class="others"><summary>{label}（{len(cards)} 段）</summary>'
        f"{''.join(cards)}</details>"
    )


def _citation_card(citation: Citation) -> str:
    """The highlighted words, what to know of them, where they stand, and their passage, folded."""
    passage, document = citation.passage, citation.passage.document
    place = " · ".join([passage.locator, *passage.headings])
    printed = document.printed
    title = wording.corrected(printed.title, document.title)
    issued = [
        wording.corrected(printed.publisher, document.publisher),
        wording.corrected(printed.published, document.published or "日期不详"),
    ]
    source = " · ".join(filter(None, issued))
    remarks = "".join(
        f'<p class="remark">{_dated(remark)}</p>' for remark in wording.remarks(citation)
    )
    words = "".join(
        f"<blockquote>{_words(passage.text, span, citation.damaged)}</blockquote>"
        for span in citation.highlights
    )
    link = escape(original.link(passage, citation.highlights))
    said = "".join(f"“{passage.text[start:end]}”" for start, end in sorted(citation.highlights))
    copied = escape(f"{said}（{wording.reference(citation)}）")
    whole = marked(passage.text, citation.highlights, citation.damaged)
    return (
        f'<article class="citation">{words}{remarks}<p class="place">{escape(place)}</p>'
        f'<p class="source">《{escape(title)}》 <span>{_dated(source)}</span></p>'
        f'<details class="passage"><summary>整段原文</summary><p class="quotation">{whole}</p>'
        f'</details><p class="actions"><a href="{link}" target="reader">查看原文</a> '
        f'<button type="button" data-copied="{copied}">复制引文</button> '
        f'<button type="button" class="link" data-href="{link}">复制链接</button>'
        f"{_published_at(document.url)}</p></article>"
    )


def _published_at(url: str) -> str:
    if not url:
        return ""
    return f' <a href="{escape(url)}" target="_blank" rel="noopener noreferrer">来源网页</a>'


def _dated(text: str) -> str:
    """The text, escaped, with its days marked: browsers would break a line within one."""
    return _DAY.sub(r"<time>\g<0></time>", escape(text))


def _words(text: str, span: tuple[int, int], damaged: Spans) -> str:
    """A highlighted stretch of a passage alone."""
    start, end = span
    return marked(text[start:end], (), within(damaged, start, end))
