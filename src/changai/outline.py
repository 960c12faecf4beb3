"""The outline of a page's body: sections, numbered items and paragraphs, each with its locator.

A section heading is ``一、…``; an item begins with ``(一)``, or with ``()`` where a scan lost the
number, which is then counted on from the item before.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from changai import chinese

_DIGITS = "一二三四五六七八九"
_SECTION = re.compile(r"([一二三四五六七八九十]+)、")
_ITEM = re.compile(r"[(（]\s*([一二三四五六七八九十]*)\s*[)）]")
# Inside a line an item opens only where a sentence has just ended.
_INLINE_ITEM = re.compile(
    r"(?:(?<=[。！？!?；;])|(?<=[。！？!?；;]”))\s*[(（]\s*([一二三四五六七八九十]*)\s*[)）]"
)
# What opens a paragraph of its own, and so never continues a broken line.
_OPENING = re.compile(r"第[一二三四五六七八九十百]+[编章节条]|\d+\s*[.．、]|[(（]\s*\d|附件")
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
    """Whether a line can open the body: a heading, an item, or running text."""
    return bool(
        _SECTION.match(text) or _ITEM.match(text) or len(text) > LONGEST_HEADING or "。" in text
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A heading, a numbered item or a stretch of text; ``number`` is as printed, maybe lost."""

    kind: Literal["section", "item", "text"]
    start: int
    end: int
    number: str = ""


def _pieces(lines: Sequence[Line]) -> Iterator[_Piece]:
    """Cut the body's lines into pieces, leaving out the items' own numbers."""
    for line in lines:
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


def outline(text: str, lines: Sequence[Line]) -> list[Span]:
    """The body's passages: items, and paragraphs that belong to none.

    A stretch of text after a passage that has not ended its sentence is the rest of it. A section
    heading with its text on the same line is part of that passage too.
    """
    pieces = list(_pieces(lines))
    sectioned = any(piece.kind == "section" for piece in pieces)
    spans: list[Span] = []
    headings: tuple[str, ...] = ()
    section, item, paragraph, broken = "", 0, 0, False
    for piece in pieces:
        if piece.kind == "section":
            section = piece.number
            headings = (text[piece.start : piece.end],) if piece.end > piece.start else ()
            item, paragraph, broken = 0, 0, False
            continue
        if piece.kind == "item":
            item, paragraph, broken = _value(piece.number) or item + 1, 0, False
        start, end = _trim(text, piece.start, piece.end)
        if not chinese.has_words(text[start:end]):
            continue
        opening = _OPENING.match(text, start)
        if broken and not opening and end - spans[-1].start <= _LONGEST_JOINED:
            spans[-1].end = end
        else:
            paragraph += 1
            spans.append(Span(start, end, headings, _place(section, item, paragraph, sectioned)))
        broken = text[end - 1] not in _SENTENCE_END
    _number_repeated(spans)
    return spans


def _number_repeated(spans: Sequence[Span]) -> None:
    """Tell passages with the same locator apart: the second is ``一(一)第2处``."""
    seen: Counter[str] = Counter()
    for span in spans:
        seen[span.locator] += 1
        if seen[span.locator] > 1:
            span.locator += f"第{seen[span.locator]}处"


def _place(section: str, item: int, paragraph: int, sectioned: bool) -> str:
    """The locator of a paragraph; an item's first is the item itself."""
    if item:
        return f"{section}({_numeral(item)})" + (f"第{paragraph}段" if paragraph > 1 else "")
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
