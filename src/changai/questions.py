"""Reading files of questions whose answers are known: those that an article brings along, and those
that measure the system."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from changai.errors import QuestionFileError
from changai.records import Article, Document, Passage, Question


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """The questions of a file; ``articles`` is the corpus it brings along, if it does."""

    sha256: str
    questions: tuple[Question, ...]
    articles: tuple[Article, ...] | None


def read_questions(path: Path) -> QuestionFile:
    """Read JSON lines of questions, or a file in SQuAD's format (Rajpurkar et al., 2016).

    A line is ``{"question": str, "relevant": [str], "kind": str}``; ``kind`` may be missing, and
    other keys are left alone. A SQuAD file brings its paragraphs as the corpus. Each of its
    questions that is not marked as impossible is asked twice where there are paragraphs enough:
    with its own there, and with it left out; its kind is "answerable", "left-out" or
    "impossible". Raises QuestionFileError naming the file and the line.
    """
    text, sha256 = _read_text(path)
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, dict) and "data" in whole:
        return _read_squad(path, whole, sha256)
    return QuestionFile(sha256, _parse_lines(path, text), None)


def read_lines(path: Path) -> tuple[Question, ...]:
    """Read JSON lines of questions. Raises QuestionFileError as ``read_questions`` does."""
    return _parse_lines(path, _read_text(path)[0])


def _read_text(path: Path) -> tuple[str, str]:
    """The text of a file, and the SHA-256 of its bytes."""
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionFileError(f"读不了问题文件 {path}（{error}）；请给出 UTF-8 文件") from error


def _parse_lines(path: Path, text: str) -> tuple[Question, ...]:
    questions = tuple(
        _read_line(path, number, line)
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    )
    if not questions:
        raise QuestionFileError(f"{path} 里没有问题；请每行写一个")
    return questions


def _read_line(path: Path, number: int, line: str) -> Question:
    try:
        raw = json.loads(line)
        question, relevant, kind = raw["question"], raw["relevant"], raw.get("kind", "")
    except (ValueError, KeyError, TypeError) as error:
        raise QuestionFileError(
            f'{path} 第 {number} 行有误（{error!r}）；请写成 {{"question": "…", "relevant": ["…"]}}'
        ) from error
    if not (
        isinstance(relevant, list)
        and all(map(_is_text, [question, *relevant]))
        and (kind == "" or _is_text(kind))
    ):
        raise QuestionFileError(
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
        raise QuestionFileError(f"{path} 不是 SQuAD 格式（{error!r}）；请改正") from error
    if sum(len(article.passages) for article in articles) == 1:
        questions = [question for question in questions if question.without is None]
    if not questions:
        raise QuestionFileError(f"{path} 里没有问题；请换一个文件")
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
