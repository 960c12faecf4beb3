"""Chinese sentences about quotations: the source, remarks on figures, and what is not answered."""

import datetime
import re
from decimal import ROUND_DOWN, Decimal

from changai.records import Answer, Citation, Spans
from changai.text.characters import has_han

_CONTEXT = 6
"""How many characters around a damaged figure a remark quotes."""
_CLAUSE_BEFORE = re.compile(rf"[^,，。;；:：!！?？、\n]{{1,{_CONTEXT}}}\Z")
_CLAUSE_BEHIND = re.compile(rf"[^,，。;；:：!！?？、\n]{{1,{_CONTEXT}}}")


def remarks(citation: Citation) -> tuple[str, ...]:
    """What a reader should know about the figures in a quotation, as sentences; may be none."""
    text, published = citation.passage.text, citation.passage.document.published
    said = []
    if citation.damaged:
        said.append(damage_remark(text, citation.damaged))
    if citation.as_of:
        when = f"发布于 {published}" if published else "发布日期不详"
        said.append(f"数据时点：{citation.as_of}（文章{when}）")
    return tuple(said)


def damage_remark(text: str, damaged: Spans) -> str:
    """The remark on one or more damaged figures of a text, each quoted with its context."""
    excerpts = "".join(f"“{_excerpt(text, *span)}”" for span in damaged)
    return f"原文疑有识别错误：{excerpts}"


def reference(citation: Citation) -> str:
    """The source of a quotation, in the usual form: 《题目》，单位，2023年5月13日，五(三) 段.

    Names are the corrected ones. An unknown issuing body is left out; an unknown date is said to be
    unknown.
    """
    passage, document = citation.passage, citation.passage.document
    published = document.published
    day = chinese_date(datetime.date.fromisoformat(published)) if published else "日期不详"
    # Other locators need no 段: 引言, 一(二)第2段.
    place = f"{passage.locator} 段" if passage.locator.endswith(")") else passage.locator
    return "，".join(filter(None, [f"《{document.title}》", document.publisher, day, place]))


def corrected(printed: str, meant: str) -> str:
    """A name or date as the article's own page has it, followed by the correction. If ``printed``
    is empty, nothing was corrected, and it is ``meant`` alone."""
    return f"{printed}（应为：{meant}）" if printed else meant


def chinese_date(day: datetime.date) -> str:
    """A date in the form of Chinese documents: 2023年5月13日."""
    return f"{day.year}年{day.month}月{day.day}日"


def shortfall(answer: Answer) -> str:
    """A sentence on what the nearest passage mentions of the question, and what it does not give;
    empty if there is nothing to say."""
    mentioned = f"提到“{answer.mentioned}”，但" if answer.mentioned else ""
    if answer.missing:
        return f"最接近的段落{mentioned}没有说：{'、'.join(answer.missing)}。"
    return f"最接近的段落{mentioned}没有回答这个问题。" if mentioned else ""


def floor(confidence: float, digits: int) -> Decimal:
    """A confidence rounded down for display. With as many digits as the threshold has, a confidence
    below the threshold never looks as if it had reached it."""
    return Decimal(str(confidence)).quantize(Decimal(1).scaleb(-digits), ROUND_DOWN)


def _excerpt(text: str, start: int, end: int) -> str:
    """A damaged figure with a few characters of its clause around it, verbatim."""
    before = _CLAUSE_BEFORE.search(text, max(0, start - _CONTEXT), start)
    behind = _CLAUSE_BEHIND.match(text, end)
    first = before.start() if before else start
    last = behind.end() if behind else end
    if not has_han(text[first:last]):
        # The figure stands alone between two punctuation marks: go back beyond the first.
        first -= len(text[max(0, first - _CONTEXT) : first].rpartition("\n")[2])
    return text[first:last].strip()
