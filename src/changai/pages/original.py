"""Renders the page of a whole article, and makes the links into it, with pure functions.

The page needs no script. It shows every character of the article in its place. The locators, links
and remarks that it adds are in elements of the class ``added``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal
from urllib.parse import quote

from changai.pages import wording
from changai.pages.marks import Marked, marked, within
from changai.pages.rendering import render
from changai.records import Document, Passage, Spans
from changai.text import damage

_MARK = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_MOST_MARKS = 100
"""No citation has more marks than this; more would only cost time."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the text that belongs to no passage."""

    kind: Literal["heading", "aside", "blank"]
    text: Marked


@dataclass(frozen=True, slots=True)
class _Section:
    """A passage as a section of the page.

    ``around`` is the text above it, after the passage before it. ``before`` is the text in front of
    it on its own line. ``remark`` is about its damaged figures; it may be empty.
    """

    around: tuple[_Part, ...]
    anchor: str
    locator: str
    before: tuple[_Part, ...]
    quotation: Marked
    remark: str


def link(passage: Passage, spans: Spans) -> str:
    """The address of a passage in its article, relative to the chat's page, with spans marked.

    ``spans`` count from the beginning of the passage, as the highlights of a citation do. In the
    address they count from the beginning of the document:
    ``source/ID?mark=12-20&mark=31-40&of=1a2b3c4d#p16``, in which ``of`` is the document's version.
    The address is not escaped for HTML.
    """
    parts = [f"mark={passage.start + start}-{passage.start + end}" for start, end in spans]
    if passage.document.sha256:
        parts.append(f"of={version(passage.document)}")
    query = f"?{'&'.join(parts)}" if parts else ""
    return f"source/{quote(passage.document.id, safe='')}{query}#{_anchor(passage)}"


def version(document: Document) -> str:
    """A short name of a document's version, which is different after every change."""
    return document.sha256[:8]


def parse_marks(values: Sequence[str], text: str) -> Spans:
    """The spans of a document's text that the ``mark`` values of an address name, in reading order.

    A link may be older than the article, or truncated, and the page must still open. So a value
    that is not a span of the text is ignored, and so are all after the first hundred.
    """
    named = (_MARK.fullmatch(value) for value in islice(values, _MOST_MARKS))
    spans = {(int(found[1]), int(found[2])) for found in named if found}
    return tuple(sorted((start, end) for start, end in spans if start < end <= len(text)))


def article_page(
    document: Document, passages: Sequence[Passage], marks: Spans, *, changed: bool = False
) -> str:
    """The page of an article, with its ``passages`` and ``marks``, spans of ``document.text``.

    ``changed`` says that the link was made for another version. Nothing is marked then, because the
    marks may be at other words now.

    The passages must be those of the document, in reading order and without overlaps, as
    ``articles.parse`` returns them. Each becomes a section. The id of the section is the part of
    the passage's id after ``#``.
    """
    if changed:
        marks = ()
    text, position = document.text, 0
    sections = []
    for passage in passages:
        opening = _opening(text, position, passage.start)
        around = _around(text, position, opening, passage.headings, marks)
        sections.append(_section(passage, around, opening, marks))
        position = passage.end
    printed = document.printed
    facts = {
        "发布单位": wording.corrected(printed.publisher, document.publisher),
        "发布日期": wording.corrected(printed.published, document.published or "不详"),
        "地区": document.region,
        "网站": document.site,
        "来源": document.url,
        "文件": document.file,
    }
    return render(
        "pages/templates/article.html",
        document=document,
        title=wording.corrected(printed.title, document.title),
        facts=facts,
        changed=changed,
        sections=sections,
        rest=_around(text, position, len(text), (), marks),
    )


def failure_page(title: str, message: str, chat: str = "../") -> str:
    """The page that says why there is nothing to show. ``chat`` is the link to the chat page."""
    return render("pages/templates/failure.html", title=title, message=message, chat=chat)


def _anchor(passage: Passage) -> str:
    return passage.id.rpartition("#")[2]


def _section(passage: Passage, around: tuple[_Part, ...], opening: int, marks: Spans) -> _Section:
    """A passage, with the text before it on its line, which begins at ``opening``."""
    text, damaged = passage.document.text, damage.spans(passage.text)
    return _Section(
        around=around,
        anchor=_anchor(passage),
        locator=passage.locator,
        before=_aside(text, opening, passage.start, marks),
        quotation=_shown(text, passage.start, passage.end, marks, damaged),
        remark=wording.damage_remark(passage.text, damaged) if damaged else "",
    )


def _opening(text: str, start: int, end: int) -> int:
    """Where the text before a passage on its line begins. It is usually the number of an item."""
    line = max(start, text.rfind("\n", start, end) + 1, text.rfind("\r", start, end) + 1)
    before = text[line:end]
    return end - len(before.lstrip())


def _around(
    text: str, start: int, end: int, headings: Sequence[str], marks: Spans
) -> tuple[_Part, ...]:
    """The text between two passages: the headings of the second one, and any other text."""
    parts: list[_Part] = []
    for heading in headings:
        # The nearest one: site furniture further up may contain the same words.
        found = text.rfind(heading, start, end)
        if found >= 0:
            parts += _aside(text, start, found, marks)
            start = found + len(heading)
            parts.append(_Part("heading", _shown(text, found, start, marks)))
    return (*parts, *_aside(text, start, end, marks))


def _aside(text: str, start: int, end: int, marks: Spans) -> tuple[_Part, ...]:
    """Text outside the passages, split from the white space around it. The style sheet gives the
    white space no room."""
    whole = text[start:end]
    first = start + len(whole) - len(whole.lstrip())
    last = first + len(whole.strip())
    parts = (
        _Part("blank", marked(text[start:first], ())),
        _Part("aside", _shown(text, first, last, marks)),
        _Part("blank", marked(text[last:end], ())),
    )
    return tuple(part for part in parts if part.text)


def _shown(text: str, start: int, end: int, marks: Spans, damaged: Spans = ()) -> Marked:
    """A part of the text with the marks and the damaged spans in it."""
    return marked(text[start:end], within(marks, start, end), damaged)
