"""What is said of a quotation, in Chinese: where it is from, and what it does not say."""

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
    """What a reader should know of a quotation's figures: sentences in Chinese, perhaps none."""
    text, published = citation.passage.text, citation.passage.document.published
    said = []
    if citation.damaged:
        said.append(damage_remark(text, citation.damaged))
    if citation.as_of:
        when = f"发布于 {published}" if published else "发布日期不详"
        said.append(f"数据时点：{citation.as_of}（文章{when}）")
    return tuple(said)


def damage_remark(text: str, damaged: Spans) -> str:
    """The remark on the damaged figures, one or more, of a text: each with what is around it."""
    excerpts = "".join(f"“{_excerpt(text, *span)}”" for span in damaged)
    return f"原文疑有识别错误：{excerpts}"


def reference(citation: Citation) -> str:
    """Where a quotation is from, in the customary form: 《题目》，单位，2023年5月13日，五(三) 段.

    Names are as they should read. An issuing body that is unknown is left out; a date is said to
    be.
    """
    passage, document = citation.passage, citation.passage.document
    published = document.published
    day = chinese_date(datetime.date.fromisoformat(published)) if published else "日期不详"
    # Other locators say themselves what they are: 引言, 一(二)第2段.
    place = f"{passage.locator} 段" if passage.locator.endswith(")") else passage.locator
    return "，".join(filter(None, [f"《{document.title}》", document.publisher, day, place]))


def corrected(printed: str, meant: str) -> str:
    """A name or date as the article's own page has it, ``printed``, with its correction, marked as
    one; or alone where there is nothing to correct."""
    return f"{printed}（应为：{meant}）" if printed else meant


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


def floor(confidence: float, digits: int) -> Decimal:
    """A confidence as it is shown, rounded down: with as many digits as the threshold has, none
    below that looks as if it had reached it."""
    return Decimal(str(confidence)).quantize(Decimal(1).scaleb(-digits), ROUND_DOWN)


def _excerpt(text: str, start: int, end: int) -> str:
    """A damaged figure with the characters around it in its clause, verbatim."""
    before = _CLAUSE_BEFORE.search(text, max(0, start - _CONTEXT), start)
    behind = _CLAUSE_BEHIND.match(text, end)
    first = before.start() if before else start
    last = behind.end() if behind else end
    if not has_han(text[first:last]):
        # Nothing but the figure between two marks: reach beyond the first.
        first -= len(text[max(0, first - _CONTEXT) : first].rpartition("\n")[2])
    return text[first:last].strip()
