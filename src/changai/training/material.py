"""What models are trained on: passages, and questions with the passages that answer them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from changai.errors import QuestionFileError, shown
from changai.evaluation.question_sets import (
    library_articles,
    library_questions,
    read_questions,
)
from changai.models.inputs import passage_input, reader_input, together
from changai.records import Article, Question
from changai.text.normalisation import normalise

TRAINED_ON = "train"
"""The part of a library's texts that models are trained on; the others are kept to calibrate on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of one text, the numbers of the passages that answer it (none if it has no
    answer), the shortest words that answer, and the number of the nearest passage of a question
    without an answer."""

    question: str
    text: int
    answering: tuple[int, ...]
    words: str = ""
    nearest: int | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """Passages as the encoder reads them, and as the reader does, the number of the text that each
    is of, and questions."""

    passages: tuple[str, ...]
    read: tuple[str, ...]
    texts: tuple[int, ...]
    questions: tuple[Asked, ...]


def read_library(questions: Path, texts: Path, *, part: str = TRAINED_ON) -> Material:
    """The questions of a folder like ``tests/data/library`` about one part of its texts, which
    stand in the folder ``texts``, with the passages of these.

    Raises ArticleError or QuestionFileError, also where a snippet stands in no passage.
    """
    articles = library_articles(questions, texts, part)
    first = _first_numbers(articles)
    _, asked = library_questions(questions, articles)
    return _material(
        articles,
        [_asked(path, question, raw, *first[raw["file"]]) for path, question, raw in asked],
    )


def read_squad(path: Path) -> Material:
    """The questions of a file in SQuAD's format that have an answer, and its paragraphs.

    Raises QuestionFileError.
    """
    read = read_questions(path)
    articles = read.articles or ()
    owners = {
        passage.text: (text, number)
        for number, (text, passage) in enumerate(
            (text, passage) for text, article in enumerate(articles) for passage in article.passages
        )
    }
    asked = []
    for question in read.questions:
        if question.answerable:
            text, number = owners[question.relevant[0]]
            words = question.answers[0] if question.answers else ""
            asked.append(Asked(normalise(question.text), text, (number,), normalise(words)))
    return _material(articles, asked)


def joined(materials: Iterable[Material]) -> Material:
    """Several materials as one."""
    passages: list[str] = []
    read: list[str] = []
    texts: list[int] = []
    questions: list[Asked] = []
    for each in materials:
        start, text = len(passages), max(texts, default=-1) + 1
        passages += each.passages
        read += each.read
        texts += [text + number for number in each.texts]
        questions += [
            Asked(
                asked.question,
                text + asked.text,
                tuple(start + number for number in asked.answering),
                asked.words,
                None if asked.nearest is None else start + asked.nearest,
            )
            for asked in each.questions
        ]
    return Material(tuple(passages), tuple(read), tuple(texts), tuple(questions))


def _first_numbers(articles: Sequence[Article]) -> dict[str, tuple[int, int, Article]]:
    """For each file, its article, with the number of the text and of its first passage."""
    first, passages = {}, 0
    for text, article in enumerate(articles):
        first[article.document.file] = (text, passages, article)
        passages += len(article.passages)
    return first


def _asked(
    path: Path, question: Question, raw: dict[str, Any], text: int, first: int, article: Article
) -> Asked:
    def holding(snippet: str) -> list[int]:
        found = [
            first + number
            for number, passage in enumerate(article.passages)
            if snippet in passage.text
        ]
        if not found:
            raise QuestionFileError(
                f"{shown(path)} 第 {question.line} 行："
                f"片段不在 {article.document.file} 的任何一段里"
            )
        return found

    answering = sorted({number for snippet in question.relevant for number in holding(snippet)})
    nearest = raw.get("nearest")
    return Asked(
        normalise(question.text),
        text,
        tuple(answering),
        normalise(raw.get("answer", "")),
        holding(nearest)[0] if nearest and not answering else None,
    )


def _material(articles: Sequence[Article], questions: Sequence[Asked]) -> Material:
    passages = [passage for article in articles for passage in article.passages]
    return Material(
        tuple(map(passage_input, passages)),
        tuple(together(*reader_input(passage)) for passage in passages),
        tuple(number for number, article in enumerate(articles) for _ in article.passages),
        tuple(questions),
    )
