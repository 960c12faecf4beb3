"""The outline of a page's body: sections, numbered items and paragraphs, each with its locator.

A section heading is ``一、…``; an item begins with ``(一)``, or with ``()`` where a scan lost the
number, which is then counted on from the item before. A law, or a plan, has chapters (``第一章 …``)
above these; an article of a law (``第一条 …``) is cited as lawyers do: 第十二条第二款第(一)项.
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
# Inside a line an item opens only where a sentence has just ended.
_INLINE_ITEM = re.compile(
    r"(?:(?<=[。！？!?；;])|(?<=[。！？!?；;]”))\s*[(（]\s*([一二三四五六七八九十]*)\s*[)）]"
)
_ORDINAL = r"第\s*(?:[一二三四五六七八九十百千零〇]+|\d+)\s*"
_RANKS = ("附件", "编", "分编", "章", "节")
"""What heads a stretch of the text that others are part of, the highest first."""
UNRANKED = len(_RANKS)
# No mark of a sentence stands in a heading, and a blank before its name: 第一章程序 is none.
_CHAPTER = re.compile(rf"({_ORDINAL}(编|分编|章|节))(?:\s[^。；;，,：:！!？?]*)?")
_ANNEX = re.compile(r"附件\s*\d*(?=[\s：:]|$)")
# 第一条件 and “第五条、第六条规定的” are no article, nor is 第五条(一)项.
_ARTICLE = re.compile(
    rf"{_ORDINAL}条(?:之[{_DIGITS}十]+)?(?=\s|$|[：:【〔]|[(（](?!\s*[{_DIGITS}十]+\s*[)）]))"
)
_CAPTION = re.compile(r"\s*[(（【〔][^)）】〕\n]*[)）】〕]")
# What opens a paragraph of its own, and so never continues a broken line.
_LISTED = re.compile(r"\d+\s*[.．、]|[(（]\s*\d")
_OPENING = re.compile(rf"{_LISTED.pattern}|附件|第[一二三四五六七八九十百]+[编章节条]")
_SENTENCE_END = "。！？!?；;…”’」』)）.》："
LONGEST_HEADING = 60
_LONGEST_JOINED = 1000

INTRODUCTION_LOCATOR = "引言"


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its surrounding white space; ``start`` is its place in the text."""

    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(slots=True)
class Span:
    """A stretch of the text that is one passage, the headings it stands under, and its locator."""

    start: int
    end: int
    headings: tuple[str, ...]
    locator: str


def opens_body(text: str) -> bool:
    """Whether a line can open the body: a heading, an item, an article, or running text.

    A chapter may stand in a table of contents: it does so only with what follows, see ``rank``.
    """
    return bool(
        _SECTION.match(text)
        or _ITEM.match(text)
        or _ARTICLE.match(text)
        or len(text) > LONGEST_HEADING
        or "。" in text
    )


def rank(text: str) -> int:
    """How high a line stands as a heading: 1 for 第一编 to 4 for 第一节, or ``UNRANKED``."""
    chapter = _chapter(text)
    return _RANKS.index(chapter[2]) if chapter else UNRANKED


def _chapter(text: str) -> re.Match[str] | None:
    """The number of a chapter or the like, and of which sort it is, if a line is its heading."""
    return _CHAPTER.fullmatch(text) if len(text) <= LONGEST_HEADING else None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A heading, a number or a stretch of text; ``number`` is as printed, maybe lost."""

    kind: Literal["chapter", "section", "article", "item", "text"]
    start: int
    end: int
    number: str = ""
    rank: int = 0


def _pieces(lines: Sequence[Line]) -> Iterator[_Piece]:
    """Cut the body's lines into pieces, leaving out the items' own numbers."""
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
    """Where in the outline the reading has come to.

    ``chapters`` are the rank, the number and the heading of each that is open, ``section`` the
    number and the heading of the section. Of an article, ``clause`` counts the paragraphs that are
    no part of an item (款); ``paragraph`` counts those of whatever is innermost.
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
        """The place behind a heading or a number, of which ``printed`` is the heading's text."""
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
        """Go on to a new paragraph; one that a list's number opens is no clause of an article."""
        if self.article and not listed and (self.paragraph or not self.item):
            self.clause, self.item, self.paragraph = self.clause + 1, 0, 1
        else:
            self.paragraph += 1

    def locator(self, sectioned: bool) -> str:
        """The locator of the paragraph; the first of an item or an article is that itself."""
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
    """The body's passages: articles of laws, items, and paragraphs that belong to none.

    A stretch of text after a passage that has not ended its sentence is the rest of it. A section
    heading with its text on the same line is part of that passage too, and so is the number of an
    article. What an article lists (有下列情形的：(一)…) stays with the words that say of what,
    where both are not too long: neither answers alone.
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
    """Tell passages with the same locator apart: the second is ``一(一)第2处``."""
    seen: Counter[str] = Counter()
    for span in spans:
        seen[span.locator] += 1
        if seen[span.locator] > 1:
            span.locator += f"第{seen[span.locator]}处"


def _unspaced(text: str) -> str:
    return "".join(text.split())


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
