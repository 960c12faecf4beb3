"""Where a quotation is from, and how far it can be relied on: its damaged figures, the date of
those it rests on, and what it does not say."""

import datetime
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from changai import chinese, figures
from changai.records import Answer, Citation, Spans

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

_CONTEXT = 6
"""How many characters around a damaged figure a remark quotes."""
_CLAUSE_BEFORE = re.compile(rf"[^,，。;；:：!！?？、\n]{{1,{_CONTEXT}}}\Z")
_CLAUSE_BEHIND = re.compile(rf"[^,，。;；:：!！?？、\n]{{1,{_CONTEXT}}}")


def annotated(citation: Citation) -> Citation:
    """The citation with its damaged figures, and the date of those that it rests on.

    A highlight that cuts a damaged figure is made to hold the whole of it: half of one might pass
    for sound.
    """
    text = citation.passage.text
    damaged = figures.damaged(text)
    highlights = tuple(_whole(span, damaged) for span in citation.highlights)
    return replace(citation, highlights=highlights, damaged=damaged, as_of=as_of(text, highlights))


def _whole(span: tuple[int, int], damaged: Spans) -> tuple[int, int]:
    """The span, stretched over what is damaged at its ends."""
    cut = [each for each in damaged if each[0] < span[1] and span[0] < each[1]]
    return min(start for start, _ in [span, *cut]), max(end for _, end in [span, *cut])


def remarks(citation: Citation) -> tuple[str, ...]:
    """What a reader should know of a quotation's figures: sentences in Chinese, perhaps none."""
    text, published = citation.passage.text, citation.passage.document.published
    said = []
    if citation.damaged:
        said.append(damage(text, citation.damaged))
    if citation.as_of:
        when = f"发布于 {published}" if published else "发布日期不详"
        said.append(f"数据时点：{citation.as_of}（文章{when}）")
    return tuple(said)


def damage(text: str, damaged: Spans) -> str:
    """The remark on the damaged figures, one or more, of a text: each with what is around it."""
    excerpts = "".join(f"“{_excerpt(text, *span)}”" for span in damaged)
    return f"原文疑有识别错误：{excerpts}"


def reference(citation: Citation) -> str:
    """Where a quotation is from, in the customary form: 《题目》，单位，2023年5月13日，五(三) 段.

    An issuing body that is unknown is left out; a date is said to be.
    """
    passage, document = citation.passage, citation.passage.document
    published = document.published
    day = chinese_date(datetime.date.fromisoformat(published)) if published else "日期不详"
    # Other locators say themselves what they are: 引言, 一(二)第2段.
    place = f"{passage.locator} 段" if passage.locator.endswith(")") else passage.locator
    return "，".join(filter(None, [f"《{document.title}》", document.publisher, day, place]))


def chinese_date(day: datetime.date) -> str:
    """A day as Chinese documents write it: 2023年5月13日."""
    return f"{day.year}年{day.month}月{day.day}日"


def shortfall(answer: Answer) -> str:
    """What the passage nearest to a question mentions of it, and what it does not give: a sentence
    in Chinese, or empty where nothing can be said."""
    mentioned = f"提到“{answer.mentioned}”，但" if answer.mentioned else ""
    if answer.missing:
        return f"最接近的段落{mentioned}没有说：{'、'.join(answer.missing)}。"
    return f"最接近的段落{mentioned}没有回答这个问题。" if mentioned else ""


def as_of(text: str, spans: Spans) -> str:
    """The date phrase, verbatim, of the figures that highlighted ``spans`` of a passage rest on.

    That is ``date_of`` the first figure of a span, or of its sentence where the span has none.
    Empty where there is none, and where the sentence has no figure.
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

    That is the date that stands nearest before the figure in its sentence, or in brackets behind
    it; else the nearest in the sentences before that holds on: a comma follows it, or it dates a
    figure there. Dates in titles (《2020年要点》) and those compared with (比2019年) do not count.
    """
    plain = without_titles(text)
    counts = amounts(text)
    found = [
        date for date in dates(text) if not _COMPARED.search(plain, max(0, date[0] - 2), date[0])
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
    """The text with every title in it overwritten, so that what is in a title is not read."""
    # No title is looked for behind the last 》: every 《 there would be followed to the end.
    last = text.rfind("》") + 1
    return _TITLE.sub(lambda title: "《" * len(title[0]), text[:last]) + text[last:]


@lru_cache(maxsize=figures.REMEMBERED)
def dates(text: str) -> Spans:
    """Where the date phrases of a text stand, those in titles left out."""
    return tuple(match.span() for match in _DATE.finditer(without_titles(text)))


@lru_cache(maxsize=figures.REMEMBERED)
def amounts(text: str) -> tuple[int, ...]:
    """Where the numbers begin that say how much or how many: ``figures.counts`` without those in
    titles and dates."""
    within = {position for date in dates(text) for position in range(*date)}
    return tuple(count for count in figures.counts(without_titles(text)) if count not in within)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    edges = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
    return pairwise(edges)


def _excerpt(text: str, start: int, end: int) -> str:
    """A damaged figure with the characters around it in its clause, verbatim."""
    before = _CLAUSE_BEFORE.search(text, max(0, start - _CONTEXT), start)
    behind = _CLAUSE_BEHIND.match(text, end)
    first = before.start() if before else start
    last = behind.end() if behind else end
    if not chinese.has_han(text[first:last]):
        # Nothing but the figure between two marks: reach beyond the first.
        first -= len(text[max(0, first - _CONTEXT) : first].rpartition("\n")[2])
    return text[first:last].strip()
