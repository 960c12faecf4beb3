"""Exports questions and answers as a document, in Markdown or in Word's .docx format.

Quotations are whole passages, verbatim, with two exceptions. Control characters and noncharacters,
which neither format can hold, are replaced by U+FFFD (�), and the closing line then says so. Every
kind of line end becomes a line break.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from changai.pages import original, wording
from changai.records import Answer, Citation, Exchange, Passage, Spans

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

TITLE = "产改问答记录"
_RENEWED = "提问以后文章有过更新；以下按更新后的文章重新查找，可能与当时所见不同。"
_LINKED = "查看原文"

_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
_LINE_END = re.compile(r"\r\n?")
# Mark where strong text begins and ends. By then no text contains these characters.
_BEGIN, _END = "\x01", "\x02"
# The most common white space and punctuation.
_APART = r" \t\n\u3000\xa0!-/:-@\[-`{-~，。；：、？！“”‘’（）《》"
# What Markdown would not show as it is, and how it is escaped.
_MARKUP = re.compile(
    # As a numeric character reference: what HTML interprets, and white space at the beginning of a
    # line, which would be lost. Also a character next to **: CommonMark takes the ** of
    # 出台**《办法》** for asterisks, because a ** with punctuation on its inner side needs
    # punctuation or white space on its outer side. A reference is punctuation to it, because of its
    # ampersand and semicolon.
    rf"(?P<number>[<>&]|^[ \t]+|[^{_APART}](?={_BEGIN}[\W_])|(?<=[\W_]{_END})[^{_APART}])"
    # With a backslash: what CommonMark and its usual extensions interpret (formulas, bare links).
    # Everything else, such as the point in 11.3, is left as it is, so that people can read it.
    r"|[\\`*_\[#~$]|(?<!\w)[+\-=]|(?<=\d)[.)](?!\d)|:(?=//)|(?<=www)\.",
    re.MULTILINE,
)
_MARKDOWN_PREFIX = {"title": "# ", "heading": "## ", "quotation": "> "}


@dataclass(frozen=True, slots=True)
class _Look:
    """The format of a paragraph in Word: its style, and lengths in points.

    The styles are Word's own, so that text pasted into a report takes on the report's format.
    """

    style: str
    font: str = "仿宋"
    size: int = 16
    above: int = 0
    left: int = 0
    first_line: int = 0


# The format of official documents (GB/T 9704): 二号 and 三号, text lines of 28 points.
_LOOKS = {
    "title": _Look("Title", font="黑体", size=22),
    "heading": _Look("Heading 1", font="黑体", above=14),
    "text": _Look("Normal", first_line=32),
    "quotation": _Look("Quote", left=32, first_line=32),
    "remark": _Look("Body Text 3", size=12, left=32, first_line=24),
    "reference": _Look("List Paragraph", left=40, first_line=-40),
}
_LATIN_FONT = "Times New Roman"
_LINE_HEIGHT = 1.75
# The margins of the page in millimetres.
_TOP, _BOTTOM, _LEFT, _RIGHT = 37, 35, 28, 26


def file_name(exported: date, suffix: Literal["docx", "md"]) -> str:
    """The file name of an export, such as 产改问答-2026-11-22.docx."""
    return f"产改问答-{exported.isoformat()}.{suffix}"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Text in one weight."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph. ``number`` is the number of the reference: for a quotation, of the one it cites.
    ``link`` is the address that a reference links to."""

    role: Literal["title", "heading", "text", "quotation", "remark", "reference"]
    stretches: tuple[_Stretch, ...]
    number: int = 0
    link: str = ""


def _blocks(exchanges: Sequence[Exchange], exported: date, home: str) -> Iterator[_Block]:
    """The paragraphs of the document, for both formats."""
    yield _Block("title", (_Stretch(TITLE),))
    yield _Block("text", (_Stretch(f"导出日期：{wording.chinese_date(exported)}"),))
    cited: dict[Passage, list[Citation]] = {}
    for exchange in exchanges:
        for citation in _quoted(exchange.answer):
            cited.setdefault(citation.passage, []).append(citation)
    numbers = {passage: number for number, passage in enumerate(cited, start=1)}
    for exchange in exchanges:
        answer = exchange.answer
        asked, meant = _one_line(exchange.asked), _one_line(answer.taken_as or answer.question)
        yield _Block("heading", (_Stretch(asked),))
        if meant != asked:
            yield _Block("text", (_Stretch(f"理解为：{meant}"),))
        if exchange.renewed:
            yield _Block("text", (_Stretch(_RENEWED),))
        if not answer.covered:
            yield _Block("text", (_Stretch(f"文章未提及。{wording.shortfall(answer)}"),))
        for citation in _quoted(answer):
            stretches = _stretches(citation.passage.text, citation.highlights)
            quotation = (_Stretch("“"), *stretches, _Stretch("”"))
            yield _Block("quotation", quotation, numbers[citation.passage])
            for remark in wording.remarks(citation):
                yield _Block("remark", (_Stretch(remark),))
    if not cited:
        return
    yield _Block("heading", (_Stretch("引用文献"),))
    for passage, citations in cited.items():
        source = _Stretch(wording.reference(citations[0]))
        marks = tuple(sorted({span for each in citations for span in each.highlights}))
        address = home + original.link(passage, marks)
        yield _Block("reference", (source,), numbers[passage], address)
    replaced = any(_UNSHOWABLE.search(passage.text) for passage in cited)
    exception = "；原文中无法显示的控制字符以“\ufffd”代替" if replaced else ""
    closing = f"引文均照录上列文章原文，未作改动；加粗为导出时所加{exception}。"
    yield _Block("text", (_Stretch(closing),))


def _quoted(answer: Answer) -> tuple[Citation, ...]:
    """The citations that answer. The others are only similar, and are not exported."""
    return answer.citations[: answer.answering]


def _one_line(question: str) -> str:
    return " ".join(question.split())


def _stretches(text: str, highlights: Spans) -> list[_Stretch]:
    """The text, cut where highlights begin and end. White space at their ends is not strong."""
    strong: set[int] = set()
    for start, end in highlights:
        inner = text[start:end]
        strong |= {*range(start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip()))}
    return [
        _Stretch("".join(text[place] for place in places), weight)
        for weight, places in groupby(range(len(text)), strong.__contains__)
    ]


def _shown(text: str) -> str:
    """The text without what a document cannot hold."""
    return _UNSHOWABLE.sub("\ufffd", _LINE_END.sub("\n", text))


def to_markdown(exchanges: Sequence[Exchange], exported: date, home: str) -> str:
    """The exchanges as CommonMark without HTML. It is escaped so that every text shows as it is.

    ``home`` is the address of the chat page, with a slash at the end. The links of the references
    to the articles begin with it.
    """
    return "".join(f"{_markdown(block)}\n\n" for block in _blocks(exchanges, exported, home))[:-1]


def _markdown(block: _Block) -> str:
    marked = "".join(
        f"{_BEGIN}{_shown(stretch.text)}{_END}" if stretch.strong else _shown(stretch.text)
        for stretch in block.stretches
    )
    text = _MARKUP.sub(_escaped, marked).replace(_BEGIN, "**").replace(_END, "**")
    prefix = _MARKDOWN_PREFIX.get(block.role, "")
    text = prefix + text.replace("\n", f"\\\n{prefix}")
    if block.role == "reference":
        return f"[{block.number}] {text} [{_LINKED}](<{block.link}>)"
    return f"{text}[{block.number}]" if block.number else text


def _escaped(markup: re.Match[str]) -> str:
    if markup["number"]:
        return "".join(f"&#{ord(character)};" for character in markup["number"])
    return f"\\{markup[0]}"


def to_docx(exchanges: Sequence[Exchange], exported: date, home: str) -> bytes:
    """The exchanges as a Word document in A4. The same input gives the same bytes.

    ``home`` is as for ``to_markdown``.
    """
    import docx

    document = docx.Document()
    _dress(document)
    properties = document.core_properties
    properties.title = TITLE
    properties.author = properties.comments = ""
    properties.language = "zh-CN"
    properties.created = properties.modified = datetime.combine(exported, time())
    for block in _blocks(exchanges, exported, home):
        paragraph = document.add_paragraph(style=_LOOKS[block.role].style)
        if block.role == "reference":
            paragraph.add_run(f"[{block.number}] ")
        for stretch in block.stretches:
            paragraph.add_run(_shown(stretch.text)).bold = stretch.strong or None
        if block.role == "quotation":
            paragraph.add_run(f"[{block.number}]").font.superscript = True
        if block.link:
            paragraph.add_run(" ")
            _add_link(paragraph, block.link)
    written = BytesIO()
    document.save(written)
    return _undated(written)


def _add_link(paragraph: "Paragraph", address: str) -> None:
    """Add a link at the end of a paragraph. The library cannot do this.

    In Word's format, the address is a relationship of the document, and the text refers to it.
    """
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.text.run import Run

    link = OxmlElement("w:hyperlink")
    target = paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link.set(qn("r:id"), target)
    paragraph._p.append(link)
    run = Run(link.add_r(), paragraph)
    run.text, run.underline = _LINKED, True


def _dress(document: "Document") -> None:
    """Set the page format and the styles of an empty document."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.bottom_margin = Mm(_TOP), Mm(_BOTTOM)
    page.left_margin, page.right_margin = Mm(_LEFT), Mm(_RIGHT)
    (language,) = document.styles.element.xpath("w:docDefaults//w:lang")
    language.set(qn("w:eastAsia"), "zh-CN")
    # The library's template has a hundred table styles, and searches them for each paragraph.
    for unused in document.styles.element.xpath("w:style[@w:type='table'][not(@w:default)]"):
        unused.getparent().remove(unused)
    for look in _LOOKS.values():
        style = document.styles[look.style]
        for own in style.element.xpath("w:rPr | w:pPr/w:pBdr"):
            own.getparent().remove(own)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:ascii"), _LATIN_FONT)
        fonts.set(qn("w:hAnsi"), _LATIN_FONT)
        fonts.set(qn("w:eastAsia"), look.font)
        # Quotation marks and dashes belong to both scripts: use the Chinese font for them.
        fonts.set(qn("w:hint"), "eastAsia")
        style.font.size = Pt(look.size)
        paragraph = style.paragraph_format
        paragraph.space_before, paragraph.space_after = Pt(look.above), Pt(0)
        paragraph.line_spacing = Pt(look.size * _LINE_HEIGHT)
        paragraph.left_indent, paragraph.first_line_indent = Pt(look.left), Pt(look.first_line)
    document.styles["Title"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _undated(written: BytesIO) -> bytes:
    """The zip file without the times at which its members were written."""
    undated = BytesIO()
    with ZipFile(written) as source, ZipFile(undated, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(ZipInfo(name), source.read(name), ZIP_DEFLATED)
    return undated.getvalue()
