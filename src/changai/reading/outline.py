"""Splits a page's body into passages: sections, numbered items and paragraphs, with their locators.

A section heading is ``一、…``. An item begins with ``(一)``, or with ``()`` if the scan lost its
number; it then gets the number after that of the item before. A law or a plan may have chapters
(``第一章 …``) above these. An article of a law (``第一条 …``) is cited the way lawyers do it:
第十二条第二款第(一)项 is item 1 of paragraph 2 (款) of article 12.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from changai.text.characters import has_words

_DIGITS = "一二三四五六七八九"
_SECTION = re.compile(r"([一二三四五六七八九十]+)、")
_ITEM = re.compile(r"[(（]\s*([一二三四五六七八九十]*)\s*[)）]")
# Inside a line, an item begins only where a sentence has just ended.
_INLINE_ITEM = re.compile(
    r"(?:(?<=[。！？!?；;])|(?<=[。！？!?；;]”))\s*[(（]\s*([一二三四五六七八九十]*)\s*[)）]"
)
_ORDINAL = r"第\s*(?:[一二三四五六七八九十百千零〇]+|\d+)\s*"
_RANKS = ("附件", "编", "分编", "章", "节")
"""The words for divisions of a text, from the highest rank to the lowest."""
UNRANKED = len(_RANKS)
# A heading has a space before its name and no sentence punctuation: 第一章程序 is not one.
_CHAPTER = re.compile(rf"({_ORDINAL}(编|分编|章|节))(?:\s[^。；;，,：:！!？?]*)?")
_ANNEX = re.compile(r"附件\s*\d*(?=[\s：:]|$)")
# 第一条件 and “第五条、第六条规定的” do not begin an article, nor does 第五条(一)项.
_ARTICLE = re.compile(
    rf"{_ORDINAL}条(?:之[{_DIGITS}十]+)?(?=\s|$|[：:【〔]|[(（](?!\s*[{_DIGITS}十]+\s*[)）]))"
)
_CAPTION = re.compile(r"\s*[(（【〔][^)）】〕\n]*[)）】〕]")
# Text that begins a new paragraph, and so never continues a broken line.
_LISTED = re.compile(r"\d+\s*[.．、]|[(（]\s*\d")
_OPENING = re.compile(rf"{_LISTED.pattern}|附件|第[一二三四五六七八九十百]+[编章节条]")
_SENTENCE_END = "。！？!?；;…”’」』)）.》："
LONGEST_HEADING = 60
_LONGEST_JOINED = 1000

INTRODUCTION_LOCATOR = "引言"


@dataclass(frozen=True, slots=True)
class Line:
    """A line without the white space around it; ``start`` is its offset in the text."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(slots=True)
class Span:
    """The part of the text that is one passage, the headings above it, and its locator."""

    start: int
    end: int
    headings: tuple[str, ...]
    locator: str


def opens_body(text: str) -> bool:
    """Whether a line can begin the body: a section heading, an item, an article, or running text.

    A chapter heading cannot: it may belong to a table of contents. ``layout`` decides that by the
    ``rank`` of the lines that follow.
    """
    return bool(
        _SECTION.match(text)
        or _ITEM.match(text)
        or _ARTICLE.match(text)
        or len(text) > LONGEST_HEADING
        or "。" in text
    )


def rank(text: str) -> int:
    """The rank of a line as a heading: from 1 for 第一编 to 4 for 第一节, else ``UNRANKED``."""
    chapter = _chapter(text)
    return _RANKS.index(chapter[2]) if chapter else UNRANKED


def _chapter(text: str) -> re.Match[str] | None:
    """The match of a line that is the heading of a chapter or the like: its number and its kind."""
    return _CHAPTER.fullmatch(text) if len(text) <= LONGEST_HEADING else None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A heading, a number or a part of the text. ``number`` is as printed, or empty if lost."""

    kind: Literal["chapter", "section", "article", "item", "text"]
    start: int
    end: int
    number: str = ""
    rank: int = 0


def _pieces(lines: Sequence[Line]) -> Iterator[_Piece]:
    """Cut the lines of the body into pieces, without the numbers of the items."""
    for line in lines:
        if chapter := _chapter(line.text):
            number = _unspaced(chapter[1])
            yield _Piece("chapter", line.start, line.end, number, rank(line.text))
            continue
        if annex := _ANNEX.match(line.text):
            yield _Piece("chapter", line.start, line.start, _unspaced(annex[0]))
        if article := _ARTICLE.match(line.text):
            yield _Piece("article", line.start, line.start, _unspaced(article[0]))
        section = _SECTION.match(line.text)
        if section and _numeral(_value(section[1])) == section[1]:
            sentence = line.text.find("。") + 1
            heading = sentence or len(line.text)
            if heading > LONGEST_HEADING:
                heading = 0
            yield _Piece("section", line.start, line.start + heading, section[1])
            if heading == len(line.text) and not sentence:
                continue
        opening = _ITEM.match(line.text)
        markers = [opening] if opening else []
        markers += _INLINE_ITEM.finditer(line.text, opening.end() if opening else 0)
        cuts = [marker.start() for marker in markers] + [len(line.text)]
        if cuts[0] > 0:
            yield _Piece("text", line.start, line.start + cuts[0])
        for marker, stop in zip(markers, cuts[1:], strict=True):
            yield _Piece("item", line.start + marker.end(), line.start + stop, marker[1])


@dataclass(slots=True)
class _Place:
    """The current place in the outline.

    ``chapters`` has the rank, the number and the heading of each open chapter, and ``section`` the
    number and the heading of the section. ``clause`` is the number of the 款 in an article of a
    law: of its paragraphs that are not part of an item. ``paragraph`` counts the paragraphs of the
    innermost division.
    """

    chapters: tuple[tuple[int, str, str], ...] = ()
    section: tuple[str, str] = ("", "")
    article: str = ""
    clause: int = 0
    item: int = 0
    paragraph: int = 0

    @property
    def headings(self) -> tuple[str, ...]:
        headings = (*(heading for _, _, heading in self.chapters), self.section[1])
        return tuple(filter(None, headings))

    def enter(self, piece: _Piece, printed: str) -> "_Place":
        """The place after a heading or a number; ``printed`` is the text of the heading."""
        match piece.kind:
            case "chapter":
                above = tuple(each for each in self.chapters if each[0] < piece.rank)
                return _Place((*above, (piece.rank, piece.number, printed)))
            case "section":
                return _Place(self.chapters, (piece.number, printed))
            case "article":
                return _Place(self.chapters, self.section, piece.number)
        item = _value(piece.number) or self.item + 1
        return replace(self, item=item, paragraph=0)

    def advance(self, listed: bool) -> None:
        """Go on to a new paragraph. If it begins with a list number, it is not a new 款."""
        if self.article and not listed and (self.paragraph or not self.item):
            self.clause, self.item, self.paragraph = self.clause + 1, 0, 1
        else:
            self.paragraph += 1

    def locator(self, sectioned: bool) -> str:
        """The paragraph's locator. The first one of an item or article is cited as the whole."""
        if self.article:
            place = self.article + (f"第{_numeral(self.clause)}款" if self.clause > 1 else "")
            place += f"第({_numeral(self.item)})项" if self.item else ""
            return place + (f"第{self.paragraph}段" if self.paragraph > 1 else "")
        above = "".join(number for _, number, _ in self.chapters) + self.section[0]
        if self.item:
            place = f"{above}({_numeral(self.item)})"
            return place + (f"第{self.paragraph}段" if self.paragraph > 1 else "")
        if above or not sectioned:
            return f"{above}第{self.paragraph}段"
        return INTRODUCTION_LOCATOR + (f"第{self.paragraph}段" if self.paragraph > 1 else "")


def outline(text: str, lines: Sequence[Line]) -> list[Span]:
    """The passages of the body: articles of laws, items, and paragraphs outside of both.

    If a passage has not ended its sentence, the text after it is the rest of the passage. A section
    heading with text on the same line belongs to the passage too, and so does the number of an
    article. A list in an article stays with the words that introduce it (有下列情形的：(一)…),
    unless they are too long together: neither part answers a question alone.
    """
    pieces = list(_pieces(lines))
    sectioned = any(piece.kind in {"section", "article"} or piece.rank for piece in pieces)
    spans: list[Span] = []
    place, broken, listing = _Place(), False, False
    for piece in pieces:
        if piece.kind != "text":
            place = place.enter(piece, text[piece.start : piece.end])
            broken = False
        start, end = _trim(text, piece.start, piece.end)
        if piece.kind in {"chapter", "section"} or not has_words(text[start:end]):
            continue
        listed = _LISTED.match(text, start) is not None
        listing = listing and (listed or piece.kind == "item")
        rest = broken and not _OPENING.match(text, start)
        if listing or not rest:
            place.advance(listed)
        if (listing or rest) and end - spans[-1].start <= _LONGEST_JOINED:
            spans[-1].end = end
        else:
            listing = False
            spans.append(Span(start, end, place.headings, place.locator(sectioned)))
        listing = place.article != "" and (listing or text[end - 1] in ":：")
        article = _ARTICLE.match(text, start, end)
        captioned = article is not None and _CAPTION.fullmatch(text, article.end(), end) is not None
        broken = captioned or text[end - 1] not in _SENTENCE_END
    _number_repeated(spans)
    return spans


def _number_repeated(spans: Sequence[Span]) -> None:
    """Make locators unique: the second passage at ``一(一)`` gets ``一(一)第2处``."""
    seen: Counter[str] = Counter()
    for span in spans:
        seen[span.locator] += 1
        if seen[span.locator] > 1:
            span.locator += f"第{seen[span.locator]}处"


def _unspaced(text: str) -> str:
    return "".join(text.split())


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space at its ends."""
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())


def _numeral(number: int) -> str:
    """1 to 99 in Chinese numerals: 3 is 三, 12 is 十二, 20 is 二十; digits beyond."""
    if number > 99:
        return str(number)
    tens, ones = divmod(number, 10)
    return (_DIGITS[tens - 1] if tens > 1 else "") + "十" * (tens > 0) + _DIGITS[ones - 1 : ones]


def _value(numeral: str) -> int:
    """The inverse of ``_numeral``. 0 if the number was lost."""
    tens, ten, ones = numeral.rpartition("十")
    return (_DIGITS.find(tens) + 1 if tens else len(ten)) * 10 + (
        _DIGITS.find(ones) + 1 if ones else 0
    )
