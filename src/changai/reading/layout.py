"""Splits a saved web page into its head, which has the title and date, its body, and a signature.

A page may have no signature. Site furniture (links, today's date, visit counters) belongs to none
of these parts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from changai.reading.outline import LONGEST_HEADING, UNRANKED, Line, opens_body, rank

_DAY = r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
_DATE = re.compile(rf"发布(?:日期|时间)\s*[:：]\s*{_DAY}")
_PLAIN_DATE = re.compile(_DAY)
# When a law was passed and amended, in brackets below its title, perhaps over several lines. The
# first line has a date, and there may be more brackets inside.
_HISTORY = re.compile(
    rf"[(（](?=[^\r\n]*{_DAY})(?:[^()（）]|[(（][^()（）]*[)）])*[)）](?=[^\S\r\n]*(?:[\r\n]|\Z))"
)
_ENACTED = re.compile(rf"{_DAY}(?:(?!\d{{4}}\s*[-/.年])[^。；;])*?(?:通过|修订|修正|公布|批准)")
_SOURCE = re.compile(
    r"(?:来源|发布机构|发文机关)\s*[:：][ \t\u3000\xa0]*((?!发布(?:日期|时间)|作者)[^\s|]+)"
)
_SITE = re.compile(r"欢迎(?:来到|访问|光临)\s*(.+?)\s*[!！]")
_HOTLINE = re.compile(r"\S*热线\s*[:：]\s*\d[\d-]*")
_ORGANISATION = re.compile(r"(?:办公室|工会|委员会|委|局|厅|部|政府|党组|中心|协会|集团|公司)$")
_LABEL = re.compile(r"\S{2,6}[:：]")
# Labels of what is never a title; before any other, a place or a topic may stand (舟山：…).
_DETAIL = re.compile(
    r"(?:来源|发布(?:机构|日期|时间)|发文机关|作者|索[取引]号|(?:发文字|文)号)\s*[:：]"
    rf"|{_HOTLINE.pattern}"
)
_FURNITURE = re.compile(
    r"欢迎(?:来到|访问|光临)|设为首页|加入收藏|今天是\s*[:：]?\s*$|当前位置|打印本页|关闭窗口|版权所有"
    r"|浏览次数|返回顶部|ICP备|^[上下]一[篇条页]\s*[:：]|^【.*(?:字体|打印|关闭).*】$|^责任编辑"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The part above the body, ``start:end``, and what it says about the page.

    Fields that it does not give are empty. ``published`` is an ISO date.
    """

    title: str
    publisher: str
    published: str
    site: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A page's head, the lines of its body, and those of its signature, which may be none."""

    head: Head
    body: list[Line]
    signature: list[Line]


def read_layout(text: str) -> Layout:
    """Split the decoded text of a page. Offsets count its characters."""
    upper, body, signature = _split(list(_lines(text)))
    return Layout(_read_head(upper, signature), body, signature)


def _lines(text: str) -> Iterator[Line]:
    """The lines that are not blank, each with its offset. The history of a law counts as one line,
    even if it is broken into several."""
    start = end = 0
    for raw in text.splitlines(keepends=True):
        stripped = raw.strip()
        if stripped and start >= end:
            line = Line(start + raw.index(stripped), stripped)
            history = _HISTORY.match(text, line.start)
            if history and _enacted(history[0]):
                line = Line(line.start, history[0])
            end = line.end
            yield line
        start += len(raw)


def _split(lines: list[Line]) -> tuple[list[Line], list[Line], list[Line]]:
    """The lines of head, body and signature.

    The body begins with the first line of running text, or with the chapter headings right above
    it. If no line is running text, it begins below the first line. The signature is at the end of
    the page: a date, and perhaps an issuing body.
    """
    body = next((i for i, line in enumerate(lines) if _is_body(line)), min(1, len(lines) - 1))
    # A heading followed by one of the same or a higher rank belongs to a table of contents.
    while body > 0 and rank(lines[body - 1].text) < rank(lines[body].text):
        body -= 1
    content = [line for line in lines[body:] if not _is_furniture(line.text)]
    end = len(content)
    while end > 1 and (_is_organisation(content[end - 1].text) or _is_date(content[end - 1].text)):
        end -= 1
    if not any(_PLAIN_DATE.search(line.text) for line in content[end:]):
        end = len(content)
    return lines[:body], content[:end], content[end:]


def _read_head(lines: list[Line], signature: list[Line]) -> Head:
    """Read title, date, issuing body and site from the lines above the body. What is missing there
    may be in the signature."""
    content = [line for line in lines if not _is_furniture(line.text)]
    title = _title(content)
    telling = [line for line in [*content, *signature] if line is not title]
    dated = _DATE.search("\n".join(line.text for line in [*content, *signature]))
    published = dated or _first_date([*content, *signature])
    sites = [site[1] for line in lines if (site := _SITE.search(line.text))]
    told = [line for line in lines if _HOTLINE.search(line.text) or _SITE.search(line.text)]
    return Head(
        title=title.text if title else "",
        publisher=next(filter(None, map(_publisher, telling)), ""),
        published=_iso(published) if published else "",
        site=sites[-1] if sites else "",
        start=min((line.start for line in [*content, *told]), default=0),
        end=max((line.end for line in [*content, *told]), default=0),
    )


def _title(lines: Sequence[Line]) -> Line | None:
    """The longest line above the date, leaving out subtitles and remarks in brackets; or the first
    line if there is no date. A line like 舟山：… is the title only if no other line can be."""
    dated = next(
        (i for pattern in (_DATE, _PLAIN_DATE) for i, line in enumerate(lines)
         if pattern.search(line.text)),
        None,
    )  # fmt: skip
    titles = [
        line
        for line in lines[: dated or 1]
        if not line.text.startswith(("(", "（", "—")) and not _DETAIL.match(line.text)
    ]
    plain = [line for line in titles if not _LABEL.match(line.text)]
    return max(plain or titles, key=lambda line: len(line.text) if dated else 0, default=None)


def _publisher(line: Line) -> str:
    """The issuing body that a line names, as the source or on its own, or empty."""
    source = _SOURCE.search(line.text)
    name = source[1] if source else _PLAIN_DATE.sub("", line.text).strip()
    return name if source or _is_organisation(name) else ""


def _first_date(lines: Sequence[Line]) -> re.Match[str] | None:
    """The first date in the lines. In a law's history it is the latest, which the text is from."""
    for line in lines:
        if found := _enacted(line.text) or _PLAIN_DATE.search(line.text):
            return found
    return None


def _enacted(text: str) -> re.Match[str] | None:
    """The date when a law was last passed or amended, if the text is its history in brackets."""
    if not _HISTORY.fullmatch(text):
        return None
    return max(_ENACTED.finditer(text), key=re.Match.start, default=None)


def _iso(found: re.Match[str]) -> str:
    """A date in ISO form, or empty if there is no such day."""
    try:
        return date(*map(int, found.groups())).isoformat()
    except ValueError:
        return ""


def _is_furniture(text: str) -> bool:
    """Whether a line belongs to the site, not to the article: it is short and not a sentence."""
    return len(text) <= LONGEST_HEADING and "。" not in text and _FURNITURE.search(text) is not None


def _is_organisation(text: str) -> bool:
    return (
        len(text) <= LONGEST_HEADING
        and not opens_body(text)
        and rank(text) == UNRANKED
        and _ORGANISATION.search(text) is not None
    )


def _is_date(text: str) -> bool:
    return _PLAIN_DATE.fullmatch(text) is not None or _DATE.match(text) is not None


def _is_body(line: Line) -> bool:
    return not _is_furniture(line.text) and not _enacted(line.text) and opens_body(line.text)
