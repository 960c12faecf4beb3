"""The reader: one article whole, as a page of its own, and the links that lead into it.

Pure functions. The page needs no script, and shows every character of the article in its place;
what it adds, the locators, links and remarks, stands in elements of the class ``added``. Every
text from outside goes through ``html.escape``.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from urllib.parse import quote

from changai.pages import wording
from changai.pages.markup import marked, page, within
from changai.records import Document, Passage, Spans
from changai.text import damage

_MARK = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_MOST_MARKS = 100
"""More are no citation's, and would only cost time."""

_CHANGED = "这个链接做好以后，文章有过改动：原来标出的字可能不在这一段了，请在全文里查对。"
_CHAT = '<a href="../" target="_top">返回问答</a>'


def link(passage: Passage, spans: Spans) -> str:
    """The address of a passage in its article, relative to the chat's page, with spans marked.

    ``spans`` count from the passage's beginning, as a citation's highlights do; in the address
    they count from the document's: ``source/ID?mark=12-20&mark=31-40&of=1a2b3c4d#p16``, where the
    last says of which version. It is not yet escaped for HTML.
    """
    parts = [f"mark={passage.start + start}-{passage.start + end}" for start, end in spans]
    if passage.document.sha256:
        parts.append(f"of={version(passage.document)}")
    query = f"?{'&'.join(parts)}" if parts else ""
    return f"source/{quote(passage.document.id, safe='')}{query}#{_anchor(passage)}"


def version(document: Document) -> str:
    """What tells a document from the same one before or after a change."""
    return document.sha256[:8]


def parse_marks(values: Sequence[str], text: str) -> Spans:
    """The spans of a document's text that the ``mark`` values of an address name, in reading order.

    A link may be older than the article, or cut short on its way, and the page must open all the
    same: a value that is no span of the text, and any beyond the first hundred, is ignored.
    """
    named = (_MARK.fullmatch(value) for value in islice(values, _MOST_MARKS))
    spans = {(int(found[1]), int(found[2])) for found in named if found}
    return tuple(sorted((start, end) for start, end in spans if start < end <= len(text)))


def article_page(
    document: Document, passages: Sequence[Passage], marks: Spans, *, changed: bool = False
) -> str:
    """The page of an article, with its ``passages`` and ``marks``, spans of ``document.text``.

    ``changed`` says that the link was made for another version: nothing is marked then, since other
    words may stand there now.

    The passages are the document's own, in reading order and apart, as ``articles.parse`` gives
    them. Each is a section whose id is what stands behind ``#`` in the passage's id.
    """
    printed = document.printed
    url = escape(document.url)
    told = [
        ("发布单位", escape(wording.corrected(printed.publisher, document.publisher))),
        ("发布日期", escape(wording.corrected(printed.published, document.published or "不详"))),
        ("地区", escape(document.region)),
        ("网站", escape(document.site)),
        ("来源", url and f'<a href="{url}" target="_blank" rel="noopener noreferrer">{url}</a>'),
        ("文件", escape(document.file)),
    ]
    facts = "".join(f"<div><dt>{n}</dt><dd>{v}</dd></div>" for n, v in told if v)
    if changed:
        marks = ()
    notice = f'<p class="changed" role="status">{_CHANGED}</p>' if changed else ""
    body = f"""<header>
<nav>{_CHAT} <a href="../figures" target="_top">数据一览</a> \
<a href="../documents" target="_top">文件清单</a></nav>
<h1>{escape(wording.corrected(printed.title, document.title))}</h1>
<dl>{facts}</dl>
<p class="soft">以下照录全文，一字不改，扫描的错字也照录；疑有识别错误的数字加了波浪线。\
要把某一段转给别人，复制段首 ¶ 的链接。</p>
</header>
{notice}<main>
<article>{"".join(_article(document.text, passages, marks))}</article>
</main>"""
    return page(document.title, "reader.css", body)


def failure_page(title: str, message: str, chat: str = "../") -> str:
    """The page that says why there is nothing to show; ``chat`` is the chat's relative address."""
    body = f"""<main>
<h1>{escape(title)}</h1>
<p>{escape(message)}</p>
<p><a href="{chat}" target="_top">返回问答</a></p>
</main>"""
    return page(title, "reader.css", body)


def _anchor(passage: Passage) -> str:
    return passage.id.rpartition("#")[2]


def _article(text: str, passages: Sequence[Passage], marks: Spans) -> Iterator[str]:
    """The whole text in order: the passages, and what stands around them."""
    position = 0
    for number, passage in enumerate(passages):
        opening = _opening(text, position, passage.start)
        yield _around(text, position, opening, passage.headings, marks)
        yield _section(passages, number, opening, marks)
        position = passage.end
    yield _around(text, position, len(text), (), marks)


def _section(passages: Sequence[Passage], number: int, opening: int, marks: Spans) -> str:
    """A passage with what stands on its line before it, from ``opening`` on."""
    passage = passages[number]
    text, damaged = passage.document.text, damage.spans(passage.text)
    before = _aside("span", text, opening, passage.start, marks)
    quotation = _shown(text, passage.start, passage.end, marks, damaged)
    remark = escape(wording.damage_remark(passage.text, damaged)) if damaged else ""
    return (
        f'<section id="{_anchor(passage)}">{_place(passages, number)}'
        f'<p class="text">{before}<span class="quotation">{quotation}</span></p>'
        + (f'<p class="added remark">{remark}</p>' if remark else "")
        + "</section>"
    )


def _opening(text: str, start: int, end: int) -> int:
    """Where what stands on a passage's line before it begins, an item's number as a rule."""
    line = max(start, text.rfind("\n", start, end) + 1, text.rfind("\r", start, end) + 1)
    before = text[line:end]
    return end - len(before.lstrip())


def _around(text: str, start: int, end: int, headings: Sequence[str], marks: Spans) -> str:
    """What stands between two passages: the headings of the second, and the page's other text."""
    parts = []
    for heading in headings:
        # The nearest: furniture further up may hold the same words.
        found = text.rfind(heading, start, end)
        if found >= 0:
            parts.append(_aside("div", text, start, found, marks))
            start = found + len(heading)
            parts.append(f"<h2>{_shown(text, found, start, marks)}</h2>")
    return "".join([*parts, _aside("div", text, start, end, marks)])


def _aside(tag: str, text: str, start: int, end: int, marks: Spans) -> str:
    """Text that is no passage's in an element; the blanks around it, which would only take room,
    outside, where the style sheet gives them none."""
    whole = text[start:end]
    inner = whole.strip()
    if not inner:
        return escape(whole)
    first = start + whole.index(inner)
    last = first + len(inner)
    shown = _shown(text, first, last, marks)
    return (
        f'{escape(text[start:first])}<{tag} class="aside">{shown}</{tag}>{escape(text[last:end])}'
    )


def _place(passages: Sequence[Passage], number: int) -> str:
    """The line above a passage: where it stands, and the ways to its neighbours."""
    steps = [("prev", "上一段", number - 1), ("next", "下一段", number + 1)]
    ways = "".join(
        f'<a class="step" rel="{rel}" href="#{_anchor(passages[to])}" '
        f'aria-label="{name}：{escape(passages[to].locator)}">{name}</a>'
        for rel, name, to in steps
        if 0 <= to < len(passages)
    )
    return (
        f'<p class="added place"><a href="#{_anchor(passages[number])}">'
        f"¶ {escape(passages[number].locator)}</a>{ways}</p>"
    )


def _shown(text: str, start: int, end: int, marks: Spans, damaged: Spans = ()) -> str:
    """A stretch of the text with its part of the marks, and with what is damaged in it."""
    return marked(text[start:end], within(marks, start, end), damaged)
