"""Measuring retrieval and coverage on questions whose answers are known."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from changai import encoders
from changai.build import encode, ensure_index
from changai.errors import EvaluationError
from changai.records import Article, Document, Passage
from changai.retrieval import Index

_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A question with verbatim snippets of the passages that answer it.

    No snippet means that the corpus does not answer it. ``without`` is the id of a passage to
    leave out of the corpus for this question.
    """

    text: str
    relevant: tuple[str, ...]
    without: str | None = None

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
class Report:
    """The figures of an evaluation.

    ``recall_at_1``, ``recall_at_3`` and ``mrr_at_10`` are over the answerable questions;
    ``coverage_auroc`` is the chance that an answerable question has more confidence than an
    unanswerable one. A figure that the questions do not allow is None. Latencies are in
    milliseconds.
    """

    questions: int
    answerable: int
    recall_at_1: float | None
    recall_at_3: float | None
    mrr_at_10: float | None
    coverage_auroc: float | None
    false_answer_rate: float | None
    false_refusal_rate: float | None
    latency_p50_ms: float
    latency_p95_ms: float


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
) -> Report:
    """Ask every question and count. Raises QuestionError for one that cannot be asked."""
    ranks, confidences, covered, seconds = [], [], [], []
    for number, question in enumerate(questions, start=1):
        began = time.perf_counter()
        answer = index.ask(question.text, k=_DEEPEST, without=question.without)
        seconds.append(time.perf_counter() - began)
        hits = [c.rank for c in answer.citations if question.is_hit(c.passage)]
        ranks.append(min(hits, default=0))
        confidences.append(answer.confidence)
        covered.append(answer.covered)
        if progress is not None:
            progress(number, len(questions))
    answerable = np.array([bool(question.relevant) for question in questions])
    rank = np.array(ranks)[answerable]
    said = np.array(covered)
    p50, p95 = np.percentile(seconds, [50, 95]) * 1000
    return Report(
        questions=len(questions),
        answerable=int(answerable.sum()),
        recall_at_1=_mean(rank == 1),
        recall_at_3=_mean((rank >= 1) & (rank <= 3)),
        mrr_at_10=_mean(np.where(rank > 0, 1 / np.maximum(rank, 1), 0)),
        coverage_auroc=auroc(np.array(confidences), answerable),
        false_answer_rate=_mean(said[~answerable]),
        false_refusal_rate=_mean(~said[answerable]),
        latency_p50_ms=float(p50),
        latency_p95_ms=float(p95),
    )


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

    A line is ``{"question": str, "relevant": [str]}``; other keys are left alone. A SQuAD file
    brings its paragraphs as the corpus. Each of its questions that is not marked as impossible is
    asked twice where there are paragraphs enough: with its own there, and with it left out.
    Raises EvaluationError naming the file and the line.
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
        question, relevant = raw["question"], raw["relevant"]
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            f'{path} 第 {number} 行有误（{error!r}）；请写成 {{"question": "…", "relevant": ["…"]}}'
        ) from error
    if not isinstance(question, str) or not (
        isinstance(relevant, list) and all(isinstance(s, str) and s for s in relevant)
    ):
        raise EvaluationError(
            f"{path} 第 {number} 行有误；question 应是字符串，relevant 应是字符串的列表"
        )
    return Question(question, tuple(relevant))


def _read_squad(path: Path, whole: dict[str, Any], sha256: str) -> QuestionFile:
    questions: list[Question] = []
    articles: list[Article] = []
    try:
        for number, raw in enumerate(whole["data"]):
            contexts = [_text(paragraph["context"]) for paragraph in raw["paragraphs"]]
            article = _squad_article(f"squad-{number}", raw.get("title", ""), path.name, contexts)
            articles.append(article)
            for paragraph, passage in zip(raw["paragraphs"], article.passages, strict=True):
                for asked in paragraph["qas"]:
                    text, impossible = _text(asked["question"]), asked.get("is_impossible", False)
                    questions.append(Question(text, () if impossible else (passage.text,)))
                    if not impossible:
                        questions.append(Question(text, (), without=passage.id))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise EvaluationError(f"{path} 不是 SQuAD 格式（{error!r}）；请改正") from error
    if sum(len(article.passages) for article in articles) == 1:
        questions = [question for question in questions if question.without is None]
    if not questions:
        raise EvaluationError(f"{path} 里没有问题；请换一个文件")
    return QuestionFile(sha256, tuple(questions), tuple(articles))


def _text(value: object) -> str:
    """The value, if it is a string that holds anything and can be written; else ValueError."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"不是文字：{value!r}")
    value.encode()
    return value


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


def _mean(values: npt.NDArray[Any]) -> float | None:
    return float(values.mean()) if len(values) else None
