"""Renders answers as HTML for the chat page, with pure functions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from changai import clock
from changai.evaluation.feedback import LONGEST_COMMENT
from changai.pages import original, wording
from changai.pages.marks import Marked, marked, within
from changai.pages.rendering import render
from changai.records import AUDIENCES, Citation, Corpus, Example, Exchange, Hotline, Spans

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)")


def examples(offered: Sequence[Example]) -> str:
    """The example questions as buttons. page.css shows each audience its own ones; an audience
    without examples gets advice on how to ask."""
    served = {example.audience for example in offered}
    return render(
        "pages/templates/examples.html",
        examples=offered,
        unserved=[audience for audience in AUDIENCES if audience not in served],
    )


@dataclass(frozen=True, slots=True)
class _Card:
    """A citation, ready for the template: the highlighted words, remarks on them, their place, and
    the whole passage. ``remarks`` and ``source`` are cut into parts by ``_dated``. ``url`` is where
    the article was published, or empty."""

    words: tuple[Marked, ...]
    remarks: tuple[list[str], ...]
    place: str
    title: str
    source: list[str]
    whole: Marked
    link: str
    url: str
    copied: str


def reply_card(exchange: Exchange, hotlines: Sequence[Hotline] = ()) -> str:
    """An answer as HTML: the question as understood, the verdict, and a card for each citation.

    If the corpus answers the question, the first passage is shown, perhaps with others that answer
    it too, and the rest are folded away. If not, all are folded away and marked as not being an
    answer, and workers are shown the ``hotlines`` that they can call.
    """
    answer = exchange.answer
    meant = answer.taken_as or answer.question
    return render(
        "pages/templates/answer.html",
        answer=answer,
        meant="" if meant == exchange.asked else meant,
        cards=[_card(citation) for citation in answer.citations],
        shortfall=wording.shortfall(answer),
        hotlines=hotlines,
        longest_comment=LONGEST_COMMENT,
    )


def status(exchange: Exchange) -> str:
    """An answer in a few words, for people who use a screen reader."""
    answer = exchange.answer
    if not answer.covered:
        return "文章未提及"
    locators = "、".join(c.passage.locator for c in answer.citations[: answer.answering])
    return f"找到原文 {answer.answering} 处：{locators}"


def corpus_line(corpus: Corpus) -> str:
    """The size and version of the corpus, as plain text for the foot of the page."""
    generation = corpus.generation.partition("-")[0] or "未存盘"
    built = f"，{clock.there(corpus.built):%Y-%m-%d %H:%M}（北京时间）建成" if corpus.built else ""
    return (
        f"收录文章 {corpus.documents} 篇，段落 {corpus.passages} 个；"
        f"索引 {generation}{built}；编码器 {corpus.encoder.name}"
    )


def _card(citation: Citation) -> _Card:
    passage, document = citation.passage, citation.passage.document
    text, highlights = passage.text, citation.highlights
    printed = document.printed
    issued = [
        wording.corrected(printed.publisher, document.publisher),
        wording.corrected(printed.published, document.published or "日期不详"),
    ]
    said = "".join(f"“{text[start:end]}”" for start, end in sorted(highlights))
    return _Card(
        words=tuple(_words(text, span, citation.damaged) for span in highlights),
        remarks=tuple(map(_dated, wording.remarks(citation))),
        place=" · ".join([passage.locator, *passage.headings]),
        title=wording.corrected(printed.title, document.title),
        source=_dated(" · ".join(filter(None, issued))),
        whole=marked(text, highlights, citation.damaged),
        link=original.link(passage, highlights),
        url=document.url,
        copied=f"{said}（{wording.reference(citation)}）",
    )


def _dated(text: str) -> list[str]:
    """Split a text at its dates. Every second part is a date."""
    return _DAY.split(text)


def _words(text: str, span: tuple[int, int], damaged: Spans) -> Marked:
    """A highlighted part of a passage, without the rest of it."""
    start, end = span
    return marked(text[start:end], (), within(damaged, start, end))
