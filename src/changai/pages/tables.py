"""Renders the pages 数据一览 and 文件清单, and the same tables as CSV, with pure functions.

They list the figures in articles and the documents that articles name. A page works without its
script, which only sorts and filters. Its address is ``figures`` or ``documents``, beside the chat
page; its links into the articles are relative to that.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from changai.pages.original import link
from changai.pages.rendering import render
from changai.reading import inventory
from changai.reading.inventory import Figure
from changai.records import Document, Passage, Spans

DAMAGED = "原文疑有识别错误"

_YEAR = re.compile(r"\d{4}")
_FORMULA = re.compile(r"[=+\-@＝＋－＠\t\r]")
_SOURCE_HEADER = ("文章", "发布单位", "发布日期", "位置", "链接")


@dataclass(frozen=True, slots=True)
class _Date:
    """A date as written, and the key to sort it by."""

    written: str
    key: str


@dataclass(frozen=True, slots=True)
class _Source:
    """The link to the passage of a row, with its marks. ``article`` names the article if the rows
    come from several, and is empty otherwise."""

    address: str
    locator: str
    article: str


@dataclass(frozen=True, slots=True)
class _FigureRow:
    """A figure. ``amount`` is its value in digits, or empty."""

    counted: str
    text: str
    damaged: bool
    amount: str
    unit: str
    date: _Date
    source: _Source


@dataclass(frozen=True, slots=True)
class _DocumentRow:
    """A document that an article names."""

    title: str
    done: str
    date: _Date
    source: _Source


@dataclass(frozen=True, slots=True)
class _Bar:
    """One of several compared figures, as a share of the largest."""

    counted: str
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Figures that can be compared."""

    date: str
    source: _Source
    bars: tuple[_Bar, ...]


def figures_page(passages: tuple[Passage, ...]) -> str:
    """The page of the figures in ``passages``, as HTML."""
    figures = inventory.figures(passages)
    sources = _documents_of(passages)
    rows = [
        _FigureRow(
            counted=figure.counted,
            text=figure.text,
            damaged=figure.quantity.damaged,
            amount=_number(figure.quantity.amount),
            unit=figure.quantity.unit,
            date=_dated(figure.as_of),
            source=_source(figure.passage, _marks(figure), len(sources) > 1),
        )
        for figure in figures
    ]
    return render(
        "pages/templates/figures.html",
        rows=rows,
        flag=DAMAGED,
        flagged=sum(figure.quantity.damaged for figure in figures),
        sources=sources,
        comparisons=_comparisons(figures),
    )


def documents_page(passages: tuple[Passage, ...]) -> str:
    """The page of the documents that ``passages`` name, as HTML."""
    sources = _documents_of(passages)
    rows = [
        _DocumentRow(
            title=document.title,
            done=document.done,
            date=_dated(document.dated),
            source=_source(document.passage, (document.span,), len(sources) > 1),
        )
        for document in inventory.documents(passages)
    ]
    return render("pages/templates/documents.html", rows=rows, sources=sources)


def figures_csv(passages: tuple[Passage, ...], home: str) -> bytes:
    """The figures in ``passages`` as CSV for a spreadsheet.

    It is UTF-8 with a byte order mark, since Excel assumes another encoding without one. ``_csv``
    says how formulas are prevented. ``home`` is the address of the chat page, with a slash at the
    end; the links in the file begin with it.
    """
    header = ("所指", "数据原文", "数", "单位", "折合数值", "时点", "备注", *_SOURCE_HEADER)
    rows = (
        (
            # Without the unit, which has its own column: also inside 5000元至2万元.
            *(figure.counted, figure.text, figure.quantity.value.replace(figure.quantity.unit, "")),
            figure.quantity.unit,
            *(_number(figure.quantity.amount), figure.as_of),
            DAMAGED if figure.quantity.damaged else "",
            *_source_cells(figure.passage, _marks(figure), home),
        )
        for figure in inventory.figures(passages)
    )
    return _csv(header, rows)


def documents_csv(passages: tuple[Passage, ...], home: str) -> bytes:
    """The documents that ``passages`` name, as CSV in the form of ``figures_csv``."""
    rows = (
        (
            *(document.title, document.done, document.dated),
            *_source_cells(document.passage, (document.span,), home),
        )
        for document in inventory.documents(passages)
    )
    return _csv(("名称", "文中说", "时间", *_SOURCE_HEADER), rows)


def _csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Write rows as CSV, without formulas.

    A spreadsheet takes a cell for a formula if it begins with = + - @ (also full-width), a tab or a
    carriage return. Such a cell gets an apostrophe in front, as OWASP advises against CSV
    injection. Nothing else is added to the words of the articles.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows([f"'{cell}" if _FORMULA.match(cell) else cell for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def _source_cells(passage: Passage, spans: Spans, home: str) -> tuple[str, ...]:
    document, address = passage.document, home + link(passage, spans)
    return document.title, document.publisher, document.published, passage.locator, address


def _number(amount: float | None) -> str:
    """An amount in digits, or empty if there is none."""
    return "" if amount is None else f"{amount:.15g}"


def _dated(date: str) -> _Date:
    """A date, with its year as the sort key."""
    year = _YEAR.search(date)
    return _Date(date, year[0] if year else date)


def _source(passage: Passage, spans: Spans, several: bool) -> _Source:
    document = passage.document
    named = f"《{document.title}》{document.published}"
    return _Source(link(passage, spans), passage.locator, named if several else "")


def _marks(figure: Figure) -> Spans:
    """The spans to mark in a figure's passage: the figure, and what it counts."""
    spans = [(figure.quantity.start, figure.quantity.end), figure.subject]
    return tuple(sorted(span for span in spans if span[0] < span[1]))


def _documents_of(passages: Iterable[Passage]) -> list[Document]:
    return list({passage.document.id: passage.document for passage in passages}.values())


def _comparisons(figures: Iterable[Figure]) -> list[_Comparison]:
    """The groups of figures that can be compared honestly.

    The figures of a group are undamaged amounts of different things, from the same passage, with
    the same unit and date. Shares are left out, because they may be of different wholes.
    """
    alike: dict[tuple[str, str, str], list[tuple[float, Figure]]] = {}
    for figure in figures:
        amount, unit = figure.quantity.amount, figure.quantity.unit
        if amount is not None and figure.as_of and not figure.quantity.is_share:
            key = (figure.passage.id, figure.as_of, unit)
            alike.setdefault(key, []).append((amount, figure))
    return [_comparison(rows) for rows in alike.values() if _comparable(rows)]


def _comparable(rows: Sequence[tuple[float, Figure]]) -> bool:
    counted = {figure.counted for _, figure in rows}
    return len(counted) == len(rows) > 1 and "" not in counted


def _comparison(rows: Sequence[tuple[float, Figure]]) -> _Comparison:
    most = max(amount for amount, _ in rows)
    first = rows[0][1]
    spans = tuple(sorted({span for _, figure in rows for span in _marks(figure)}))
    return _Comparison(
        first.as_of,
        _source(first.passage, spans, several=False),
        tuple(_Bar(figure.counted, figure.text, amount / most) for amount, figure in rows),
    )
