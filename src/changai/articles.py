"""Reading an article: a saved web page becomes a Document with its Passages.

The only place that knows file formats. A page is read line by line; each line is site furniture,
metadata, a section heading (``一、…``), one or more numbered items (``(一)…``, or ``()…`` where a
scan lost the number), a paragraph, or the rest of a passage broken over two lines.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from changai.errors import ArticleError
from changai.records import Article, Document, Passage

_DIGITS = "一二三四五六七八九"
_SECTION = re.compile(r"([一二三四五六七八九十]+)、")
_ITEM = re.compile(r"[(（]\s*([一二三四五六七八九十]*)\s*[)）]")
# Inside a line an item opens only where a sentence has just ended.
_INLINE_ITEM = re.compile(r"(?<=[。！？!?；;”])\s*[(（]\s*([一二三四五六七八九十]*)\s*[)）]")
_SENTENCE_END = "。！？!?；;…”’」』)）.》"
_LONGEST_HEADING = 60

_DATE = re.compile(
    r"发布(?:日期|时间)\s*[:：]\s*(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})"
)
_SOURCE = re.compile(r"来源\s*[:：]\s*(\S*?)\s*(?=发布|作者|$)")
_SITE = re.compile(r"欢迎(?:来到|访问|光临)\s*(.+?)\s*[!！]")
_HOTLINE = re.compile(r"\S*热线\s*[:：]\s*\d[\d-]*")
_ORGANISATION = re.compile(r"(?:办公室|工会|委员会|委|局|厅|部|政府|党组|中心|协会|集团|公司)$")
_FURNITURE = re.compile(
    r"欢迎(?:来到|访问|光临)|设为首页|加入收藏|今天是|当前位置|打印本页|关闭窗口|版权所有|浏览次数"
    r"|^[上下]一[篇条页]\s*[:：]|^【.*(?:字体|打印|关闭).*】$|^责任编辑"
)

METADATA_LOCATOR = "文章信息"
INTRODUCTION_LOCATOR = "引言"


def read(path: Path) -> Article:
    """Read one article file.

    Raises ArticleError when it is missing, unreadable, not UTF-8 text, or holds no passage.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArticleError(f"读不了文章 {path}：{error.strerror}；请检查路径和权限") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArticleError(
            f"文章 {path} 不是 UTF-8 文本（第 {error.start} 字节）；请另存为 UTF-8 纯文本，"
            "例如：iconv -f GB18030 -t UTF-8"
        ) from error
    if "\0" in text:
        raise ArticleError(f"文章 {path} 不是文本文件；请另存为 UTF-8 纯文本")
    if not text.strip():
        raise ArticleError(f"文章 {path} 是空的；请写入正文，或移走这个文件")
    return parse(text, file=path.name, sha256=hashlib.sha256(data).hexdigest())


def read_folder(folder: Path) -> list[Article]:
    """Read every ``*.txt`` file of a folder, in the order of their names.

    Raises ArticleError when the folder is missing or has none, or a file cannot be read.
    """
    if not folder.is_dir():
        raise ArticleError(f"没有文章目录 {folder}；请建立它，或指定别的目录")
    paths = sorted(path for path in folder.glob("*.txt") if not path.name.startswith("."))
    if not paths:
        raise ArticleError(f"目录 {folder} 里没有 .txt 文章；请放入至少一篇")
    return [read(path) for path in paths]


def parse(text: str, *, file: str, sha256: str) -> Article:
    """Split a decoded page into its document and passages.

    Raises ArticleError when nothing citable is found in it.
    """
    lines = list(_lines(text))
    head = _read_head(lines)
    document = Document(
        id=Path(file).stem,
        title=head.title or Path(file).stem,
        publisher=head.publisher,
        published=head.published,
        site=head.site,
        file=file,
        sha256=sha256,
        text=text,
    )
    spans = _body_spans(text, lines[head.lines :])
    if not spans:
        raise ArticleError(f"文章 {file} 里找不到段落；请让每段各占一行")
    if head.end > head.start:
        spans.insert(0, _Span(head.start, head.end, (), METADATA_LOCATOR))
    passages = tuple(
        Passage(
            id=f"{document.id}#p{number}",
            document=document,
            text=text[span.start : span.end],
            start=span.start,
            end=span.end,
            headings=span.headings,
            locator=span.locator,
        )
        for number, span in enumerate(spans, start=1)
    )
    return Article(document, passages)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its surrounding white space; ``start`` is its place in the text."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(slots=True)
class _Head:
    """What stands above the body; ``lines`` of it were used up, ``start:end`` tell of the page."""

    title: str = ""
    publisher: str = ""
    published: str = ""
    site: str = ""
    lines: int = 0
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class _Span:
    start: int
    end: int
    headings: tuple[str, ...]
    locator: str


def _lines(text: str) -> Iterator[_Line]:
    """The lines that are not blank, each with its offset."""
    start = 0
    for raw in text.splitlines(keepends=True):
        stripped = raw.strip()
        if stripped:
            yield _Line(start + raw.index(stripped), stripped)
        start += len(raw)


def _read_head(lines: list[_Line]) -> _Head:
    """Read the title, date and issuing body that stand before the first line of the body.

    Where a line gives the publication date, the title is the line before it; else it is the first
    line that is not furniture. Short lines between them and the body repeat the title or name the
    issuing body.
    """
    head = _Head()
    body = next((i for i, line in enumerate(lines) if _is_body(line)), len(lines))
    dates = [(i, date) for i, line in enumerate(lines) if (date := _DATE.search(line.text))]
    if dates:
        head.published = "{}-{:0>2}-{:0>2}".format(*dates[0][1].groups())
    dated = next((i for i, _ in dates if i < body), None)
    title: _Line | None = None
    found: list[tuple[int, int]] = []
    for index, line in enumerate(lines[:body]):
        if site := _SITE.search(line.text):
            head.site = site[1]
        if hotline := _HOTLINE.search(line.text):
            found.append((line.start + hotline.start(), line.start + hotline.end()))
        if index == dated:
            found.append((line.start, line.end))
            if source := _SOURCE.search(line.text):
                head.publisher = source[1]
        elif _FURNITURE.search(line.text):
            continue
        elif dated is not None and index < dated:
            title = line
        elif _ORGANISATION.search(line.text):
            head.publisher = line.text
            found.append((line.start, line.end))
        elif title is None:
            title = line
    head.lines = body
    if title is not None:
        head.title = title.text
        found.append((title.start, title.end))
    if found:
        head.start, head.end = min(found)[0], max(end for _, end in found)
    return head


def _is_body(line: _Line) -> bool:
    """Whether a line can open the body: a heading, an item, or running text."""
    return not _FURNITURE.search(line.text) and bool(
        _SECTION.match(line.text)
        or _ITEM.match(line.text)
        or len(line.text) > _LONGEST_HEADING
        or "。" in line.text
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A heading, a numbered item or a stretch of text; ``number`` is as printed, maybe lost."""

    kind: Literal["section", "item", "text"]
    start: int
    end: int
    number: str = ""


def _pieces(lines: list[_Line]) -> Iterator[_Piece]:
    """Cut the body's lines into pieces, leaving out furniture and the items' own numbers."""
    for line in lines:
        if _FURNITURE.search(line.text):
            continue
        section = _SECTION.match(line.text)
        if section and len(line.text) <= _LONGEST_HEADING and "。" not in line.text:
            yield _Piece("section", line.start, line.end, section[1])
            continue
        opening = _ITEM.match(line.text)
        markers = [opening] if opening else []
        markers += _INLINE_ITEM.finditer(line.text, opening.end() if opening else 0)
        cuts = [marker.start() for marker in markers] + [len(line.text)]
        if cuts[0] > 0:
            yield _Piece("text", line.start, line.start + cuts[0])
        for marker, stop in zip(markers, cuts[1:], strict=True):
            yield _Piece("item", line.start + marker.end(), line.start + stop, marker[1])


def _body_spans(text: str, lines: list[_Line]) -> list[_Span]:
    """The body's passages: items, and paragraphs that belong to none.

    A stretch of text after a passage that has not ended its sentence is the rest of it.
    """
    pieces = list(_pieces(lines))
    sectioned = any(piece.kind == "section" for piece in pieces)
    spans: list[_Span] = []
    headings: tuple[str, ...] = ()
    section, item, paragraph, broken = "", 0, 0, False
    for piece in pieces:
        if piece.kind == "section":
            section, headings = piece.number, (text[piece.start : piece.end],)
            item, paragraph, broken = 0, 0, False
            continue
        start, end = _trim(text, piece.start, piece.end)
        if not any(character.isalnum() for character in text[start:end]):
            continue
        if piece.kind == "item":
            item, paragraph = _value(piece.number) or item + 1, 1
            spans.append(_Span(start, end, headings, f"{section}({_numeral(item)})"))
        elif broken:
            spans[-1].end = end
        else:
            paragraph += 1
            spans.append(_Span(start, end, headings, _place(section, item, paragraph, sectioned)))
        broken = text[end - 1] not in _SENTENCE_END
    return spans


def _place(section: str, item: int, paragraph: int, sectioned: bool) -> str:
    """The locator of a paragraph that opens no item."""
    if item:
        return f"{section}({_numeral(item)})第{paragraph}段"
    if section or not sectioned:
        return f"{section}第{paragraph}段"
    return INTRODUCTION_LOCATOR if paragraph == 1 else f"{INTRODUCTION_LOCATOR}第{paragraph}段"


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The same span without white space at its ends."""
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())


def _numeral(number: int) -> str:
    """1 to 99 in Chinese numerals: 3 is 三, 12 is 十二, 20 is 二十; digits beyond."""
    if number > 99:
        return str(number)
    tens, ones = divmod(number, 10)
    return (_DIGITS[tens - 1] if tens > 1 else "") + "十" * (tens > 0) + _DIGITS[ones - 1 : ones]


def _value(numeral: str) -> int:
    """The inverse of ``_numeral``; 0 where the number was lost."""
    tens, ten, ones = numeral.rpartition("十")
    return (_DIGITS.find(tens) + 1 if tens else len(ten)) * 10 + (
        _DIGITS.find(ones) + 1 if ones else 0
    )
