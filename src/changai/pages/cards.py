"""Answers as HTML for the chat: pure functions."""

import re
from dataclasses import dataclass
from itertools import chain

from changai import clock
from changai.evaluation.feedback import LONGEST_COMMENT
from changai.pages import original, wording
from changai.pages.marks import Marked, marked, within
from changai.pages.rendering import render
from changai.records import Citation, Corpus, Exchange, Spans

HOTLINE = "12351"
"""The trade unions' hotline for workers' rights, as the head of the article's page gives it."""

EXAMPLES = {
    "worker": {
        "孩子上学": "外地人的孩子在宁波怎么上学?",
        "看病报销": "看病自费的药工惠保能报吗?",
        "技能提升": "想学技术,有哪些培训?",
        "劳动纠纷": "跟老板有劳动纠纷,怎么办最省事?",
        "住房落户": "在宁波落户、住房有什么照顾?",
    },
    "official": {
        "人才总量": "宁波市技能人才总量是多少?",
        "推优入党": "2020年推优入党多少名?",
        "改革机制": "改革由谁牵头,有多少部门参与?",
        "技能评价": "出台了哪些技能评价的文件?",
        "民主管理": "民主管理有哪些特色做法?",
    },
}
"""Questions to begin with by topic, for each audience."""

EXAMPLE_QUESTIONS = tuple(chain.from_iterable(topics.values() for topics in EXAMPLES.values()))

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class _Card:
    """A citation as it is shown: the highlighted words, what to know of them, where they stand, and
    their passage. ``remarks`` and ``source`` are in the parts of ``_dated``."""

    words: tuple[Marked, ...]
    remarks: tuple[list[str], ...]
    place: str
    title: str
    source: list[str]
    whole: Marked
    link: str
    copied: str


def reply_card(exchange: Exchange) -> str:
    """An answer as HTML: what the question was taken to mean, the verdict, then a card a citation.

    Where the corpus answers, the first passage is the answer, perhaps with others right behind it,
    and the rest are folded away; where it does not, all are, marked as no answer.
    """
    answer = exchange.answer
    meant = answer.taken_as or answer.question
    return render(
        "pages/templates/answer.html",
        answer=answer,
        meant="" if meant == exchange.asked else meant,
        cards=[_card(citation) for citation in answer.citations],
        shortfall=wording.shortfall(answer),
        hotline=HOTLINE,
        longest_comment=LONGEST_COMMENT,
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


def _card(citation: Citation) -> _Card:
    passage, document = citation.passage, citation.passage.document
    text, highlights = passage.text, citation.highlights
    source = " · ".join(filter(None, [document.publisher, document.published or "日期不详"]))
    said = "".join(f"“{text[start:end]}”" for start, end in sorted(highlights))
    return _Card(
        words=tuple(_words(text, span, citation.damaged) for span in highlights),
        remarks=tuple(map(_dated, wording.remarks(citation))),
        place=" · ".join([passage.locator, *passage.headings]),
        title=document.title,
        source=_dated(source),
        whole=marked(text, highlights, citation.damaged),
        link=original.link(passage, highlights),
        copied=f"{said}（{wording.reference(citation)}）",
    )


def _dated(text: str) -> list[str]:
    """The text in parts, of which every second one is a day."""
    return _DAY.split(text)


def _words(text: str, span: tuple[int, int], damaged: Spans) -> Marked:
    """A highlighted stretch of a passage alone."""
    start, end = span
    return marked(text[start:end], (), within(damaged, start, end))
