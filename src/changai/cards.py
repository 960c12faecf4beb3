"""Answers as HTML for the chat: pure functions, no gradio.

Every text from outside, the user's question included, goes through ``escape``: the chat renders
Markdown and lets much of HTML through, so no character that either gives a meaning may remain.
"""

from changai import provenance
from changai.markup import marked
from changai.records import Answer, Citation

HOTLINE = "12351"
"""The trade unions' hotline for workers' rights, as the head of the article's page gives it."""

WORKER = "职工"
OFFICIAL = "干部"

EXAMPLES = {
    WORKER: (
        "外地人的孩子在宁波怎么上学?",
        "看病自费的药工惠保能报吗?",
        "跟老板有劳动纠纷,怎么办最省事?",
        "想学技术,有哪些培训?",
        "在宁波落户、住房有什么照顾?",
    ),
    OFFICIAL: (
        "宁波市技能人才总量是多少?",
        "2020年推优入党多少名?",
        "改革由谁牵头,有多少部门参与?",
        "出台了哪些技能评价的文件?",
        "民主管理有哪些特色做法?",
    ),
}
"""Questions to begin with, for each audience."""


def escape(text: str) -> str:
    """The text with every ASCII character but letters, digits and blanks as a number."""
    return "".join(
        f"&#{ord(c)};" if c.isascii() and not c.isalnum() and c != " " else c for c in text
    )


def answer_card(answer: Answer, audience: str) -> str:
    """An answer as HTML: the verdict, then a card a citation.

    Where the corpus answers, the first passage is the answer, perhaps with others right behind it,
    and the rest are folded away; where it does not, all are, marked as no answer.
    """
    cards = [_citation_card(citation) for citation in answer.citations]
    taken = meaning(answer.taken_as) if answer.taken_as else ""
    if answer.covered:
        several = f"，共 {answer.answering} 处" if answer.answering > 1 else ""
        answers, others = cards[: answer.answering], cards[answer.answering :]
        folded = _folded("其他相近的段落，不一定回答问题", others)
        return (
            f'<div class="answer">{taken}<p class="verdict">原文如下{several}</p>'
            f"{''.join(answers)}{folded}</div>"
        )
    notes = [escape(provenance.shortfall(answer))]
    if audience == WORKER:
        notes.append(f"可拨打工会维权热线 <b>{HOTLINE}</b> 咨询。")
    return (
        f'<div class="nearest">{taken}<p class="verdict">文章未提及</p>'
        f'<p class="note">{"".join(notes)}</p>{_folded("最接近的段落，不能当作答案", cards)}</div>'
    )


def meaning(question: str) -> str:
    """What a question was taken to mean, as HTML to stand above its answer."""
    return f'<p class="meaning">理解为：{escape(question)}</p>'


def _folded(label: str, cards: list[str]) -> str:
    if not cards:
        return ""
    return f"<details><summary>{label}（{len(cards)} 段）</summary>{''.join(cards)}</details>"


def error_card(message: str) -> str:
    """What went wrong with a question, as HTML."""
    return f'<p class="note">{escape(message)}</p>'


def _citation_card(citation: Citation) -> str:
    passage, document = citation.passage, citation.passage.document
    place = " · ".join([passage.locator, *passage.headings])
    source = " · ".join(filter(None, [document.publisher, document.published or "日期不详"]))
    remarks = "".join(
        f'<p class="remark">{escape(remark)}</p>' for remark in provenance.remarks(citation)
    )
    quotation = marked(passage.text, citation.highlights, citation.damaged, escape)
    return (
        '<div class="citation">'
        f'<p class="place"><b>{citation.rank}</b> {escape(place)}</p>'
        f'<p class="quotation">{quotation}</p>'
        f"{remarks}"
        f'<p class="source">《{escape(document.title)}》<br>{escape(source)}</p>'
        "</div>"
    )
