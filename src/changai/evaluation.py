"""Asking questions whose answers are known; ``measures`` counts what came of it."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from changai import encoders, ranking
from changai.build import encode, ensure_index
from changai.errors import EvaluationError
from changai.records import Answer, Article, Document, Passage
from changai.retrieval import Index

_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A question with verbatim snippets of the passages that answer it.

    No snippet means that the corpus does not answer it. ``without`` is the id of a passage to
    leave out of the corpus for this question. ``kind`` is any name for questions of a sort, and
    ``answers`` are the words to be highlighted; none means that nobody has said which.
    """

    text: str
    relevant: tuple[str, ...]
    without: str | None = None
    kind: str = ""
    answers: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        return bool(self.relevant)

    def is_hit(self, passage: Passage) -> bool:
        """Whether a passage answers this question."""
        return any(snippet in passage.text for snippet in self.relevant)


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """The questions of a file; ``articles`` is the corpus it brings along, if it does."""

    sha256: str
    questions: tuple[Question, ...]
    articles: tuple[Article, ...] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question asked, and what came of it.

    ``rank`` is that of the first of ten citations to answer it, 0 where none does.
    ``highlighted`` says that the first citation does, and that its first highlight contains one
    of the question's ``answers`` whole.
    """

    question: Question
    answer: Answer
    rank: int
    highlighted: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcomes of questions asked of a corpus, with its passages; a question counted as
    answered from the confidence ``covered_from`` on."""

    outcomes: tuple[Outcome, ...]
    passages: tuple[Passage, ...]
    covered_from: float


def open_questions(
    file: Path, index: Path, progress: Callable[[int, int], None] | None = None
) -> tuple[QuestionFile, Index]:
    """Read a file of questions and open the index to ask: one in memory of the corpus that the
    file brings, or else the one in the folder ``index``."""
    questions = read_questions(file)
    if questions.articles is None:
        ensure_index(index, progress)
        return questions, Index.open(index)
    encoder = encoders.load(encoders.BUILTIN)
    return questions, Index(encode(questions.articles, encoder, progress), encoder)


def evaluate(
    index: Index,
    questions: Sequence[Question],
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Ask every question. Raises QuestionError for one that cannot be asked."""
    outcomes = []
    for number, question in enumerate(questions, start=1):
        began = time.perf_counter()
        answer = index.ask(question.text, k=_DEEPEST, without=question.without)
        outcomes.append(judge(question, answer, time.perf_counter() - began))
        if progress is not None:
            progress(number, len(questions))
    return Evaluation(tuple(outcomes), index.passages, ranking.shipped_weights().covered_from)


def judge(question: Question, answer: Answer, seconds: float) -> Outcome:
    """Compare an answer, which took so many seconds, with what was to be found."""
    first = answer.citations[0]
    start, end = first.highlights[0]
    rank = min((c.rank for c in answer.citations if question.is_hit(c.passage)), default=0)
    shown = first.passage.text[start:end]
    highlighted = rank == 1 and any(words in shown for words in question.answers)
    return Outcome(question, answer, rank, highlighted, seconds)


def auroc(scores: npt.NDArray[Any], positive: npt.NDArray[np.bool_]) -> float | None:
    """The chance that a positive scores above a negative, ties counting half (Mann and Whitney,
    1947); None where there is none of either."""
    above, below = scores[positive], scores[~positive]
    if not len(above) or not len(below):
        return None
    difference = above[:, np.newaxis] - below
    return float(((difference > 0) + (difference == 0) / 2).mean())


def read_questions(path: Path) -> QuestionFile:
    """Read JSON lines of questions, or a file in SQuAD's format (Rajpurkar et al., 2016).

    A line is ``{"question": str, "relevant": [str], "kind": str}``; ``kind`` may be missing, and
    other keys are left alone. A SQuAD file brings its paragraphs as the corpus. Each of its
    questions that is not marked as impossible is asked twice where there are paragraphs enough:
    with its own there, and with it left out; its kind is "answerable", "left-out" or
    "impossible". Raises EvaluationError naming the file and the line.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"读不了问题文件 {path}（{error}）；请给出 UTF-8 文件") from error
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, dict) and "data" in whole:
        return _read_squad(path, whole, sha256)
    questions = tuple(
        _read_line(path, number, line)
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    )
    if not questions:
        raise EvaluationError(f"{path} 里没有问题；请每行写一个")
    return QuestionFile(sha256, questions, None)


def _read_line(path: Path, number: int, line: str) -> Question:
    try:
        raw = json.loads(line)
        question, relevant, kind = raw["question"], raw["relevant"], raw.get("kind", "")
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            f'{path} 第 {number} 行有误（{error!r}）；请写成 {{"question": "…", "relevant": ["…"]}}'
        ) from error
    if not (
        isinstance(relevant, list)
        and all(map(_is_text, [question, *relevant]))
        and (kind == "" or _is_text(kind))
    ):
        raise EvaluationError(
            f"{path} 第 {number} 行有误；question 和 kind 应是文字，relevant 应是文字的列表"
        )
    snippets = tuple(relevant)
    return Question(question, snippets, kind=kind, answers=snippets)


def _read_squad(path: Path, whole: dict[str, Any], sha256: str) -> QuestionFile:
    questions: list[Question] = []
    articles: list[Article] = []
    try:
        for number, raw in enumerate(whole["data"]):
            contexts = [_text(paragraph["context"]) for paragraph in raw["paragraphs"]]
            title = _text(raw["title"]) if raw.get("title") else ""
            article = _squad_article(f"squad-{number}", title, path.name, contexts)
            articles.append(article)
            for paragraph, passage in zip(raw["paragraphs"], article.passages, strict=True):
                for asked in paragraph["qas"]:
                    questions += _squad_questions(asked, passage)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise EvaluationError(f"{path} 不是 SQuAD 格式（{error!r}）；请改正") from error
    if sum(len(article.passages) for article in articles) == 1:
        questions = [question for question in questions if question.without is None]
    if not questions:
        raise EvaluationError(f"{path} 里没有问题；请换一个文件")
    return QuestionFile(sha256, tuple(questions), tuple(articles))


def _squad_questions(asked: dict[str, Any], passage: Passage) -> list[Question]:
    """A question of a paragraph, with it there and with it left out."""
    text = _text(asked["question"])
    if asked.get("is_impossible", False):
        return [Question(text, (), kind="impossible")]
    answers = tuple(dict.fromkeys(_text(answer["text"]) for answer in asked.get("answers", [])))
    return [
        Question(text, (passage.text,), kind="answerable", answers=answers),
        Question(text, (), without=passage.id, kind="left-out"),
    ]


def _text(value: object) -> str:
    """The value, if it is text; else ValueError."""
    if not _is_text(value):
        raise ValueError(f"不是文字：{value!r}")
    return value


def _is_text(value: object) -> TypeGuard[str]:
    """Whether it is a string that holds anything and can be written."""
    return (
        isinstance(value, str)
        and bool(value.strip())
        and not any("\ud800" <= character <= "\udfff" for character in value)
    )


def _squad_article(identity: str, title: str, file: str, contexts: list[str]) -> Article:
    """The paragraphs of one SQuAD article as passages of one document."""
    text = "\n".join(contexts)
    document = Document(identity, title, "", "", "", file, _sha256(text), text)
    passages, start = [], 0
    for number, context in enumerate(contexts, start=1):
        end = start + len(context)
        passages.append(
            Passage(f"{identity}#p{number}", document, context, start, end, (), f"第{number}段")
        )
        start = end + 1
    return Article(document, tuple(passages))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
