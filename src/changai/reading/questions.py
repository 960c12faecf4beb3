"""Reading files of questions whose answers are known: those that an article brings along, and those
that measure the system."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from changai import files
from changai.errors import QuestionFileError, several, shown
from changai.reading import decoding
from changai.records import Article, Document, Passage, Question

_SQUAD = re.compile(r'\s*\{\s*"(?:version|data)"')
_FORM = '{"question": "…", "relevant": ["…"]}'
LARGEST = 50_000_000
"""Of a file, in bytes: SQuAD itself has 42 MB."""

_SHOWN = 20
"""How many characters of what is wrong are shown."""


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
    "impossible". Raises QuestionFileError naming the file and the lines.
    """
    text, sha256 = _read_text(path)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        if _SQUAD.match(text):
            raise _not_json(path, 1, text, error) from error
        whole = None
    if isinstance(whole, dict) and "data" in whole:
        return _read_squad(path, whole, sha256)
    return QuestionFile(sha256, _parse_lines(path, text), None)


def read_lines(path: Path) -> QuestionFile:
    """Read JSON lines of questions only. Raises QuestionFileError as ``read_questions`` does."""
    text, sha256 = _read_text(path)
    return QuestionFile(sha256, _parse_lines(path, text), None)


def _read_text(path: Path) -> tuple[str, str]:
    """The text of a file, and the SHA-256 of its bytes."""
    try:
        data = files.read_bytes(path, LARGEST)
    except OSError as error:
        raise QuestionFileError(f"读不了问题文件 {shown(path)}：{files.cause(error)}") from error
    if wrong := decoding.fault(path, data):
        raise QuestionFileError(f"问题文件 {wrong}")
    return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()


def _parse_lines(path: Path, text: str) -> tuple[Question, ...]:
    questions: list[Question] = []
    faults: list[QuestionFileError] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                questions.append(_read_line(path, number, line))
            except QuestionFileError as error:
                faults.append(error)
    if faults:
        raise QuestionFileError(several([str(fault) for fault in faults])) from faults[0]
    if not questions:
        raise QuestionFileError(f"{shown(path)} 里没有问题；请每行写一个")
    return tuple(questions)


def _read_line(path: Path, number: int, line: str) -> Question:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _not_json(path, number, line, error) from error
    if not isinstance(raw, dict):
        raise QuestionFileError(f"{shown(path)} 第 {number} 行不是一对花括号；请写成 {_FORM}")
    if lacking := [key for key in ("question", "relevant") if key not in raw]:
        raise QuestionFileError(
            f"{shown(path)} 第 {number} 行缺少 {'、'.join(lacking)}；请写成 {_FORM}"
        )
    question, relevant, kind = raw["question"], raw["relevant"], raw.get("kind", "")
    if not (
        isinstance(relevant, list)
        and all(map(_is_text, [question, *relevant]))
        and (kind == "" or _is_text(kind))
    ):
        raise QuestionFileError(
            f"{shown(path)} 第 {number} 行有误；question 和 kind 应是文字，relevant 应是文字的列表"
        )
    snippets = tuple(relevant)
    return Question(question, snippets, kind=kind, answers=snippets, line=number)


def _not_json(
    path: Path, first: int, text: str, error: ValueError | RecursionError
) -> QuestionFileError:
    """What to say of a text, which begins on the line ``first`` of a file and is no JSON."""
    if not isinstance(error, json.JSONDecodeError):
        return QuestionFileError(f"{shown(path)} 第 {first} 行的数字太长，或括号套得太深；请改短")
    there = text[error.pos :].split("\n")[0][:_SHOWN].strip()
    what = f"起不是 JSON：「{there}」" if there else "还没有写完"
    return QuestionFileError(
        f"{shown(path)} 第 {first + error.lineno - 1} 行第 {error.colno} 列{what}；"
        "请检查那里的引号、冒号、逗号和括号：都用英文的，并且成对"
    )


def _read_squad(path: Path, whole: dict[str, Any], sha256: str) -> QuestionFile:
    questions: list[Question] = []
    articles: list[Article] = []
    if not isinstance(whole["data"], list):
        raise QuestionFileError(f"{shown(path)} 的 data 不是列表；请写成 SQuAD 格式")
    for number, raw in enumerate(whole["data"]):
        try:
            contexts = [_text(paragraph["context"]) for paragraph in raw["paragraphs"]]
            title = _text(raw["title"]) if raw.get("title") else ""
            article = _squad_article(f"squad-{number}", title, path.name, contexts)
            articles.append(article)
            for paragraph, passage in zip(raw["paragraphs"], article.passages, strict=True):
                for asked in paragraph["qas"]:
                    questions += _squad_questions(asked, passage)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            lacking = f"缺少 {error.args[0]}" if isinstance(error, KeyError) else "有一处写错了"
            raise QuestionFileError(
                f"{shown(path)} 的第 {number + 1} 篇文章不合 SQuAD 格式：{lacking}；"
                "请检查 paragraphs、context、qas、question 和 answers"
            ) from error
    if sum(len(article.passages) for article in articles) == 1:
        questions = [question for question in questions if question.without is None]
    if not questions:
        raise QuestionFileError(f"{shown(path)} 里没有问题；请换一个文件")
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
        raise ValueError(value)
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
