"""The failures of an evaluation as HTML, with what was expected beside what was shown.

Pure functions. Every text from outside goes through ``html.escape``.
"""

import re
from collections.abc import Iterable
from html import escape

from changai.evaluation.metrics import Fault, faults
from changai.evaluation.outcomes import Evaluation, Outcome
from changai.pages.markup import marked
from changai.pages.wording import floor
from changai.records import Passage, Question, Spans

_KINDS = {
    "": "未分题型",
    "colloquial": "口语",
    "paraphrase": "换个说法",
    "figure": "问数字",
    "counting": "问个数",
    "direct": "直接问",
    "keyword": "关键词",
    "typo": "错别字",
    "traditional": "繁体字",
    "english": "英文",
    "vietnamese": "越南文",
    "long": "长问题",
    "multi": "要几处合答",
    "near": "题目相近",
    "far": "题目无关",
    "answerable": "原段在内",
    "left-out": "抽去原段",
    "impossible": "本无答案",
    "feedback": "读者意见",
}
"""The kinds of the project's own question files and of SQuAD; any other is shown as it stands."""

_FAULTS = {
    Fault.FALSE_ANSWER: "文章没有回答，却当作有答案显示。",
    Fault.WRONG_FIRST: "排第一的段落不含答案。",
    Fault.FALSE_REFUSAL: "文章能回答，却说“文章未提及”。",
    Fault.HIGHLIGHT: "第一条是对的，但高亮的那句没有完整含有答案原话。",
}


def groups(evaluation: Evaluation) -> str:
    """Every failure, a group a fault; an outcome with several faults stands in several groups."""
    return "".join(_group(fault, evaluation) for fault in Fault)


def kind_name(kind: str) -> str:
    """The name of a kind of question, escaped."""
    return escape(_KINDS.get(kind, kind))


def _group(fault: Fault, evaluation: Evaluation) -> str:
    failed = [o for o in evaluation.outcomes if fault in faults(o)]
    head = f"<h3>{fault.value}：{len(failed)} 个</h3>"
    if not failed:
        return f'<div class="faults">{head}</div>'
    items = "".join(_failure(fault, outcome, evaluation) for outcome in failed)
    return (
        f'<details class="faults"><summary>{head} <span class="soft">{_FAULTS[fault]}</span>'
        f"</summary>{items}</details>"
    )


def _failure(fault: Fault, outcome: Outcome, evaluation: Evaluation) -> str:
    question, answer = outcome.question, outcome.answer
    first = answer.citations[0]
    also = "".join(
        f'<span class="tag fault">{other.value}</span>'
        for other in faults(outcome)
        if other is not fault
    )
    return (
        f'<details class="failure"><summary><h4>{escape(question.text)}</h4>'
        f'<span class="tag">{kind_name(question.kind)}</span>'
        f'<span class="tag">可能性 {answer.confidence:.2f}</span>{also}</summary>'
        f"<p>{_why(outcome, evaluation.threshold)}</p>"
        f'<div class="sides"><div class="side"><h5>应当引用</h5>'
        f"{_expected(question, evaluation.passages)}</div>"
        f'<div class="side shown"><h5>实际排第一</h5>'
        f"{_citation(first.passage, first.highlights)}</div></div></details>"
    )


def _why(outcome: Outcome, threshold: float) -> str:
    """Each fault of an outcome in a sentence."""
    confidence = f"可能性 {floor(outcome.answer.confidence, 3)}"
    missing = outcome.answer.missing
    lacking = f"；第一条里似乎没有：{escape('、'.join(missing))}" if missing else ""
    place = f"排在第 {outcome.rank}" if outcome.rank else "不在前十"
    sentences = {
        Fault.FALSE_ANSWER: f"误答：文章没有回答，而{confidence}，不低于阈值 {threshold:.2f}。",
        Fault.WRONG_FIRST: f"第一条不对：含有答案的段落{place}。",
        Fault.FALSE_REFUSAL: f"误拒：{confidence}，低于阈值 {threshold:.2f}{lacking}。",
        Fault.HIGHLIGHT: "高亮未含答案：第一条是对的，但高亮的那句没有完整含有答案原话。",
    }
    return " ".join(sentences[fault] for fault in faults(outcome))


def _expected(question: Question, passages: Iterable[Passage]) -> str:
    """What should have been quoted: each passage that answers, with the answering words marked."""
    if not question.answerable:
        left_out = "（有答案的原段已抽去）" if question.without else ""
        return f"<p>没有；应当说“文章未提及”{left_out}。</p>"
    answering = [passage for passage in passages if question.is_hit(passage)]
    if not answering:
        return f"<p>收录的文章里找不到：{escape('；'.join(question.relevant))}</p>"
    return "".join(_citation(p, _occurrences(p.text, question.answers)) for p in answering)


def _occurrences(text: str, words: Iterable[str]) -> Spans:
    """Where any of the words stand in a text, in order; spans that touch are one."""
    spans = sorted(m.span() for each in words for m in re.finditer(re.escape(each), text))
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            start, end = joined[-1][0], max(end, joined.pop()[1])
        joined.append((start, end))
    return tuple(joined)


def _citation(passage: Passage, spans: Spans) -> str:
    """A passage with spans of it marked, and where it stands."""
    title = f"《{passage.document.title}》" if passage.document.title else ""
    return (
        f'<div class="citation"><p class="soft">{escape(title)} {escape(passage.locator)}</p>'
        f"<blockquote>{marked(passage.text, spans)}</blockquote></div>"
    )
