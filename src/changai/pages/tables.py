"""数据一览 and 文件清单: the inventory of articles as pages and as files for a spreadsheet.

Pure functions. A page works without its script, which only sorts and filters. It lives at
``figures`` or ``documents`` beside the chat, and links from there into the articles. Every text
from outside goes through ``html.escape``.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from changai.pages import charts
from changai.pages.markup import page
from changai.pages.original import link
from changai.reading import inventory
from changai.reading.inventory import Figure
from changai.records import Document, Passage, Spans

DAMAGED = "原文疑有识别错误"

_YEAR = re.compile(r"\d{4}")
_FORMULA = re.compile(r"[=+\-@＝＋－＠\t\r]")
_SOURCE_HEADER = ("文章", "发布单位", "发布日期", "位置", "链接")


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell as HTML, with what it is sorted by, empty for last, and its class."""

    html: str
    key: str
    kind: str = ""


def figures_page(passages: tuple[Passage, ...]) -> str:
    """The page of the figures in ``passages``, as HTML."""
    figures = inventory.figures(passages)
    sources = _documents_of(passages)
    rows = [
        (
            _Cell(escape(figure.counted) or "—", figure.counted),
            _Cell(_value(figure), _number(figure.quantity.amount), "value"),
            _Cell(escape(figure.quantity.unit), figure.quantity.unit, "unit"),
            _dated(figure.as_of),
            _source(number, figure.passage, _marks(figure), len(sources) > 1),
        )
        for number, figure in enumerate(figures)
    ]
    damaged = sum(figure.quantity.damaged for figure in figures)
    flagged = f"，其中 {damaged} 个{DAMAGED}，照原样列出" if damaged else ""
    told = f"共 {len(figures)} 个数据{flagged}。" + _sources_told(sources)
    note = (
        "由规则从文章里逐字摘出，可能有遗漏，所指以原文为准；“时点”是文章所写的日期，"
        "没有写的空着。点“出处”看原文。"
    )
    header = ("所指", "数据", "单位", "时点", "出处")
    return _page("数据一览", "figures.csv", note, told, header, rows, _comparisons(figures))


def documents_page(passages: tuple[Passage, ...]) -> str:
    """The page of the documents that ``passages`` name, as HTML."""
    documents = inventory.documents(passages)
    sources = _documents_of(passages)
    rows = [
        (
            _Cell(escape(document.title), document.title),
            _Cell(escape(document.done), document.done),
            _dated(document.dated),
            _source(number, document.passage, (document.span,), len(sources) > 1),
        )
        for number, document in enumerate(documents)
    ]
    told = f"共提到 {len(documents)} 处。" + _sources_told(sources)
    note = (
        "文章里用《》写出的文件、法规和刊物，逐字摘出，提到几次列几次；“文中说”是紧挨在前面的"
        "“出台”“修订”等字样。点“出处”看原文。"
    )
    header = ("名称", "文中说", "时间", "出处")
    return _page("文件清单", "documents.csv", note, told, header, rows)


def figures_csv(passages: tuple[Passage, ...], home: str) -> bytes:
    """The figures in ``passages`` as CSV for a spreadsheet: UTF-8 with a byte order mark, without
    which Excel takes it for another encoding; see ``_csv`` for what it puts before formulas.

    ``home`` is the address of the chat's page, with a slash behind it, from which links lead back.
    """
    header = ("所指", "数据原文", "数", "单位", "折合数值", "时点", "备注", *_SOURCE_HEADER)
    rows = (
        (
            # Of 5000元至2万元 without the first unit too: it has a column of its own.
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
    """The documents that ``passages`` name as CSV, in the form of ``figures_csv``."""
    rows = (
        (
            *(document.title, document.done, document.dated),
            *_source_cells(document.passage, (document.span,), home),
        )
        for document in inventory.documents(passages)
    )
    return _csv(("名称", "文中说", "时间", *_SOURCE_HEADER), rows)


def _csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """A cell that a spreadsheet would take for a formula, as it begins with = + - @ (full-width
    too), a tab or a carriage return, gets an apostrophe before it, as OWASP advises against CSV
    injection: the one thing in these files that is not in the articles."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows([f"'{cell}" if _FORMULA.match(cell) else cell for cell in row] for row in rows)
    return file.getvalue().encode("utf-8-sig")


def _source_cells(passage: Passage, spans: Spans, home: str) -> tuple[str, ...]:
    document, address = passage.document, home + link(passage, spans)
    return document.title, document.publisher, document.published, passage.locator, address


def _page(
    title: str,
    file: str,
    note: str,
    told: str,
    header: Iterable[str],
    rows: Iterable[Iterable[_Cell]],
    below: str = "",
) -> str:
    kinds = {"单位": ' class="unit"'}
    heads = "".join(f'<th scope="col"{kinds.get(name, "")}>{name}</th>' for name in header)
    cells = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    body = f"""<header>
<nav><a href="./" target="_top">返回问答</a> <a href="figures">数据一览</a> \
<a href="documents">文件清单</a></nav>
<h1>{title}</h1>
<p class="soft">{note}</p>
<p class="download"><a href="{file}" download>下载 CSV 表格（Excel 可打开）</a></p>
</header>
<main>
<form hidden role="search"><label for="filter">筛选</label>
<input id="filter" type="search" autocomplete="off"><output></output></form>
<table>
<caption>{told}</caption>
<thead><tr>{heads}</tr></thead>
<tbody>
{cells}
</tbody>
</table>{below}
</main>"""
    return page(title, "tables.css", body, "tables.js")


def _cell(cell: _Cell) -> str:
    kind = f' class="{cell.kind}"' if cell.kind else ""
    return f'<td{kind} data-sort="{escape(cell.key)}">{cell.html}</td>'


def _value(figure: Figure) -> str:
    if figure.quantity.damaged:
        return f'<u class="damaged">{escape(figure.text)}</u><span class="flag">{DAMAGED}</span>'
    return f"<span>{escape(figure.text)}</span>"


def _number(amount: float | None) -> str:
    """An amount in digits, or empty."""
    return "" if amount is None else f"{amount:.15g}"


def _dated(date: str) -> _Cell:
    """A date as written, sorted by its year."""
    year = _YEAR.search(date)
    return _Cell(escape(date), year[0] if year else date)


def _source(number: int, passage: Passage, spans: Spans, several: bool) -> _Cell:
    """The way to a row's passage with ``spans`` of it marked; ``number`` is its place in order."""
    document = passage.document
    named = f"《{document.title}》{document.published}"
    title = f' <span class="soft">{escape(named)}</span>' if several else ""
    address, locator = escape(link(passage, spans)), escape(passage.locator)
    return _Cell(f'<a href="{address}">{locator}</a>{title}', str(number))


def _marks(figure: Figure) -> Spans:
    """What is marked of a figure's passage: the figure, and what it counts."""
    spans = [(figure.quantity.start, figure.quantity.end), figure.subject]
    return tuple(sorted(span for span in spans if span[0] < span[1]))


def _documents_of(passages: Iterable[Passage]) -> list[Document]:
    return list({passage.document.id: passage.document for passage in passages}.values())


def _sources_told(sources: Sequence[Document]) -> str:
    if len(sources) != 1:
        return f"出自 {len(sources)} 篇文章。"
    (document,) = sources
    facts = "，".join([document.publisher or "单位不详", document.published or "日期不详"])
    return f"出自《{escape(document.title)}》（{escape(facts)}）。"


def _comparisons(figures: Iterable[Figure]) -> str:
    """The figures that can honestly be compared, as bars from zero: sound amounts of different
    things that one passage gives in one unit for one date, shares left out, whose wholes differ."""
    alike: dict[tuple[str, str, str], list[tuple[float, Figure]]] = {}
    for figure in figures:
        amount, unit = figure.quantity.amount, figure.quantity.unit
        if amount is not None and figure.as_of and not figure.quantity.is_share:
            key = (figure.passage.id, figure.as_of, unit)
            alike.setdefault(key, []).append((amount, figure))
    drawn = [_bars(rows) for rows in alike.values() if _comparable(rows)]
    if not drawn:
        return ""
    return (
        '\n<section>\n<h2>可以相比的数据</h2>\n<p class="soft">同一段文字里时点和单位都相同的数据；'
        f"条的长短与数值成正比，从零起。</p>\n{''.join(drawn)}</section>"
    )


def _comparable(rows: Sequence[tuple[float, Figure]]) -> bool:
    counted = {figure.counted for _, figure in rows}
    return len(counted) == len(rows) > 1 and "" not in counted


def _bars(rows: Sequence[tuple[float, Figure]]) -> str:
    most = max(amount for amount, _ in rows)
    first = rows[0][1]
    spans = tuple(sorted({span for _, figure in rows for span in _marks(figure)}))
    items = "".join(
        f"<li>{escape(figure.counted)} <b>{escape(figure.text)}</b>"
        f"{charts.strip(amount / most)}</li>"
        for amount, figure in rows
    )
    return (
        f"<figure><figcaption>{escape(first.as_of)} · "
        f'<a href="{escape(link(first.passage, spans))}">{escape(first.passage.locator)}</a>'
        f"</figcaption><ul>{items}</ul></figure>\n"
    )
