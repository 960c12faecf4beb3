"""Renders answers and the metadata of articles as text for a terminal."""

from changai.pages.wording import corrected, floor, remarks, shortfall
from changai.records import AUDIENCES, Answer, Citation, Document


def answer_text(answer: Answer, threshold: float) -> str:
    """An answer with its citations, and with the highlighted words in 【】. A question counts as
    answered if its confidence is at least ``threshold``."""
    cited = list(map(_citation_as_text, answer.citations))
    taken = f"理解为：{answer.taken_as}\n" if answer.taken_as else ""
    if answer.covered:
        several = f"，共 {answer.answering} 处" if answer.answering > 1 else ""
        head, count = f"原文如下{several}", answer.answering
        rest = "其他相近的段落，不一定回答问题："
    else:
        head, count, rest = "文章未提及", 1, "其他相近的段落："
        cited[0] = f"最接近的段落，不能当作答案：\n\n{cited[0]}"
    enough = "" if answer.covered else f"，不到 {threshold:.0%}"
    verdict = f"{taken}{head}（文章能回答的可能性 {floor(answer.confidence, 2):.0%}{enough}）"
    if not answer.covered and (why := shortfall(answer)):
        verdict += f"\n{why}"
    others = cited[count:]
    return "\n\n".join([verdict, *cited[:count], *([rest, *others] if others else [])])


def description(document: Document) -> str:
    """The metadata of an article, with one entry per line."""
    printed, hotline = document.printed, document.hotline
    lines = [
        ("标题", corrected(printed.title, document.title)),
        ("单位", corrected(printed.publisher, document.publisher)),
        ("日期", corrected(printed.published, document.published)),
        ("网站", document.site),
        ("地区", document.region),
        ("来源", document.url),
        ("热线", f"{hotline.name} {hotline.number}" if hotline else ""),
    ]
    lines += [("误识", f"“{m.printed}”应为“{m.meant}”") for m in document.misreadings]
    lines += [
        ("例题", f"{AUDIENCES[each.audience]}，{each.topic}：{each.question}")
        for each in document.examples
    ]
    return "\n".join(f"{name}  {value or '—'}" for name, value in lines)


def _citation_as_text(citation: Citation) -> str:
    passage = citation.passage
    text = passage.text
    for start, end in sorted(citation.highlights, reverse=True):
        text = f"{text[:start]}【{text[start:end]}】{text[end:]}"
    document = passage.document
    published = document.published or "日期不详"
    source = "，".join(filter(None, [document.title, document.publisher, published]))
    place = "  ".join([passage.locator, *passage.headings])
    return "\n".join([f"[{citation.rank}] {place}", text, *remarks(citation), f"——{source}"])
