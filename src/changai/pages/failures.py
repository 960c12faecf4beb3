"""Lists the failures of an evaluation for the template ``failures.html``, with pure functions.

Each failure has what was expected beside what was shown."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from changai.evaluation.metrics import Fault, faults
from changai.evaluation.outcomes import Evaluation, Outcome
from changai.pages.marks import Marked, marked
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
"""The names of the kinds in the project's question files and in SQuAD. Others are shown as is."""

_FAULTS = {
    Fault.FALSE_ANSWER: "文章没有回答，却当作有答案显示。",
    Fault.WRONG_FIRST: "排第一的段落不含答案。",
    Fault.FALSE_REFUSAL: "文章能回答，却说“文章未提及”。",
    Fault.HIGHLIGHT: "第一条是对的，但高亮的那句没有完整含有答案原话。",
}


@dataclass(frozen=True, slots=True)
class Quotation:
    """A passage with marked spans, and its place."""

    title: str
    locator: str
    text: Marked


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure. ``also`` names its other faults, and ``why`` explains each fault in a sentence.
    If there is no passage to expect, ``instead`` says what was expected."""

    question: str
    kind: str
    confidence: float
    also: tuple[str, ...]
    why: str
    expected: tuple[Quotation, ...]
    instead: str
    shown: Quotation


@dataclass(frozen=True, slots=True)
class Group:
    """All failures with one fault. ``told`` explains the fault in a sentence."""

    name: str
    told: str
    failures: tuple[Failure, ...]


def groups(evaluation: Evaluation) -> tuple[Group, ...]:
    """All failures, grouped by fault. An outcome with several faults is in several groups."""
    return tuple(_group(fault, evaluation) for fault in Fault)


def kind_name(kind: str) -> str:
    """The name of a kind of question."""
    return _KINDS.get(kind, kind)


def _group(fault: Fault, evaluation: Evaluation) -> Group:
    failed = [outcome for outcome in evaluation.outcomes if fault in faults(outcome)]
    failures = tuple(_failure(fault, outcome, evaluation) for outcome in failed)
    return Group(fault.value, _FAULTS[fault], failures)


def _failure(fault: Fault, outcome: Outcome, evaluation: Evaluation) -> Failure:
    question, answer = outcome.question, outcome.answer
    first = answer.citations[0]
    answering = [p for p in evaluation.passages if question.is_hit(p)]
    return Failure(
        question=question.text,
        kind=kind_name(question.kind),
        confidence=answer.confidence,
        also=tuple(other.value for other in faults(outcome) if other is not fault),
        why=_why(outcome, evaluation.threshold),
        expected=tuple(_quotation(p, _occurrences(p.text, question.answers)) for p in answering),
        instead=_instead(question),
        shown=_quotation(first.passage, first.highlights),
    )


def _why(outcome: Outcome, threshold: float) -> str:
    """A sentence about each fault of an outcome."""
    confidence = f"可能性 {floor(outcome.answer.confidence, 3)}"
    missing = outcome.answer.missing
    lacking = f"；第一条里似乎没有：{'、'.join(missing)}" if missing else ""
    place = f"排在第 {outcome.rank}" if outcome.rank else "不在前十"
    sentences = {
        Fault.FALSE_ANSWER: f"误答：文章没有回答，而{confidence}，不低于阈值 {threshold:.2f}。",
        Fault.WRONG_FIRST: f"第一条不对：含有答案的段落{place}。",
        Fault.FALSE_REFUSAL: f"误拒：{confidence}，低于阈值 {threshold:.2f}{lacking}。",
        Fault.HIGHLIGHT: "高亮未含答案：第一条是对的，但高亮的那句没有完整含有答案原话。",
    }
    return " ".join(sentences[fault] for fault in faults(outcome))


def _instead(question: Question) -> str:
    """What was expected, in words, for a question without a passage to quote."""
    if question.answerable:
        return f"收录的文章里找不到：{'；'.join(question.relevant)}"
    left_out = "（有答案的原段已抽去）" if question.without else ""
    return f"没有；应当说“文章未提及”{left_out}。"


def _occurrences(text: str, words: Iterable[str]) -> Spans:
    """The spans of these words in a text, in order. Spans that touch are joined."""
    spans = sorted(m.span() for each in words for m in re.finditer(re.escape(each), text))
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            start, end = joined[-1][0], max(end, joined.pop()[1])
        joined.append((start, end))
    return tuple(joined)


def _quotation(passage: Passage, spans: Spans) -> Quotation:
    title = f"《{passage.document.title}》" if passage.document.title else ""
    return Quotation(title, passage.locator, marked(passage.text, spans))
