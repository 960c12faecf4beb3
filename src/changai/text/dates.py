"""The date phrases of a text, and which of them dates which number."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from changai.records import Spans
from changai.text.counts import counts
from changai.text.numbers import REMEMBERED

_BLANK = r"[ \t\u3000\xa0]"
_YEAR = r"(?:(?<!\d)(?:19|20)\d\d|[一二][〇○零0一二三四五六七八九]{3})"
_FEW = r"(?:(?<!\d)\d{1,2}|[一二三四五六七八九十]{1,3})"
_TO = rf"{_BLANK}?(?:[-–—~～至到]|——){_BLANK}?"
_MONTH = rf"{_FEW}{_BLANK}?(?:月?{_TO}{_FEW}{_BLANK}?)?月份?(?:{_BLANK}?{_FEW}{_BLANK}?[日号])?"
_WHEN = rf"(?:{_YEAR}{_BLANK}?年|[今去前上本]年(?![轻龄纪幼]))(?:度|{_BLANK}?{_MONTH})?"
_UNTIL = rf"截[至止][到至]?{_BLANK}?"
_DATE = re.compile(
    # 截至 2020 年底; 到2025年; 2018—2020年; 2020年1月至2021年6月; 今年上半年
    rf"(?:{_UNTIL}|(?<![达得直受收])到{_BLANK}?)?(?:(?:{_WHEN}|{_YEAR}){_TO})?{_WHEN}"
    rf"(?:{_BLANK}?(?:底|末|初|[上下]半年|前三季度|第?[一二三四1-4]季度|以来|期间))?"
    # 截至5月底; 截至目前
    rf"|{_UNTIL}{_MONTH}[底末]?|(?:{_UNTIL})?目前"
)
_COMPARED = re.compile(rf"[比较同与从由]{_BLANK}?\Z")
_BRACKETED = re.compile(r"[(（]")
_COMMA = re.compile(rf"{_BLANK}*[,，]")
_TITLE = re.compile(r"《[^》]*》")
_SENTENCE_END = re.compile(r"[。!！?？\n]")


def as_of(text: str, spans: Spans) -> str:
    """The date phrase, verbatim, of the figures in the highlighted ``spans`` of a passage.

    It is ``date_of`` the first figure in a span or, if the span has none, in its sentence. It is
    empty if there is no figure, or no date for it.
    """
    plain = without_titles(text)
    counts = amounts(text)
    for start, end in spans:
        edges = (edge for edge in _sentences(plain) if edge[0] <= start < edge[1])
        first, last = next(edges, (0, 0))
        own = counts[bisect_left(counts, first) : bisect_left(counts, last)]
        figure = next((count for count in own if start <= count < end), next(iter(own), None))
        if figure is not None and (date := date_of(text, figure)):
            return date
    return ""


def date_of(text: str, figure: int) -> str:
    """The date phrase, verbatim, of the figure that begins at ``figure`` in a passage, or empty.

    It is the nearest date before the figure in its sentence, or else one in brackets after it. If
    the sentence has neither, it is the nearest date of an earlier sentence that applies to what
    follows: one followed by a comma, or one that dates a figure there. Dates in titles
    (《2020年要点》) and dates to compare with (比2019年) do not count.
    """
    plain = without_titles(text)
    counts = amounts(text)
    found = [
        date
        for date in date_spans(text)
        if not _COMPARED.search(plain, max(0, date[0] - 2), date[0])
    ]
    held = ""
    for first, last in _sentences(plain):
        own = found[bisect_left(found, (first, 0)) : bisect_left(found, (last, 0))]
        if figure < last:
            before = [date for date in own if date[0] < figure]
            behind = [date for date in own if _BRACKETED.match(text, max(0, date[0] - 1))]
            nearest = before[-1:] or behind[:1]
            return text[slice(*nearest[0])] if nearest else held
        dated = counts[bisect_left(counts, first) : bisect_left(counts, last)]
        for date in own:
            if _COMMA.match(plain, date[1]) or dated[-1:] > (date[0],):
                held = text[slice(*date)]
    return held


def without_titles(text: str) -> str:
    """The text with every title in 《》 overwritten, at the same length."""
    # Titles end at the last 》. Searching behind it would take quadratic time on a text of many 《.
    last = text.rfind("》") + 1
    return _TITLE.sub(lambda title: "《" * len(title[0]), text[:last]) + text[last:]


@lru_cache(maxsize=REMEMBERED)
def date_spans(text: str) -> Spans:
    """The ``(start, end)`` of each date phrase of a text, except in titles."""
    return tuple(match.span() for match in _DATE.finditer(without_titles(text)))


@lru_cache(maxsize=REMEMBERED)
def amounts(text: str) -> tuple[int, ...]:
    """The starts of the numbers that are counts or amounts: ``counts``, except in titles and
    dates."""
    within = {position for date in date_spans(text) for position in range(*date)}
    return tuple(count for count in counts(without_titles(text)) if count not in within)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    edges = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
    return pairwise(edges)
