"""Reads JSON Lines files of questions with known answers, such as the FAQ of an article."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from changai import files
from changai.errors import QuestionFileError, several, shown
from changai.reading import decoding
from changai.records import Question
from changai.text.characters import has_surrogates

_FORM = '{"question": "…", "relevant": ["…"]}'
LARGEST = 50_000_000
"""The largest file, in bytes: SQuAD itself has 42 MB."""

_SHOWN = 20
"""How many characters of the faulty text a message shows."""


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """The questions of a file, and the SHA-256 of its bytes."""

    sha256: str
    questions: tuple[Question, ...]


def read_lines(path: Path) -> QuestionFile:
    """Read a file of questions.

    A line is ``{"question": str, "relevant": [str], "kind": str, "answer": str}``. ``answer`` has
    the shortest words in a snippet that answer; it and ``kind`` are optional, and other keys are
    ignored. Raises QuestionFileError, which names the file and the lines.
    """
    text, sha256 = read_text(path)
    return QuestionFile(sha256, parse_lines(path, text))


def read_text(path: Path) -> tuple[str, str]:
    """The text of a file, and the SHA-256 of its bytes. Raises QuestionFileError."""
    try:
        data = files.read_bytes(path, LARGEST)
    except OSError as error:
        raise QuestionFileError(f"读不了问题文件 {shown(path)}：{files.cause(error)}") from error
    if wrong := decoding.fault(path, data):
        raise QuestionFileError(f"问题文件 {wrong}")
    return data.decode("utf-8-sig"), hashlib.sha256(data).hexdigest()


def parse_lines(path: Path, text: str) -> tuple[Question, ...]:
    """The questions in the text of a file. Raises QuestionFileError, as ``read_lines`` does."""
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
    raw = parse_json(path, line, number)
    if not isinstance(raw, dict):
        raise QuestionFileError(f"{shown(path)} 第 {number} 行不是一对花括号；请写成 {_FORM}")
    if lacking := [key for key in ("question", "relevant") if key not in raw]:
        raise QuestionFileError(
            f"{shown(path)} 第 {number} 行缺少 {'、'.join(lacking)}；请写成 {_FORM}"
        )
    question, relevant, kind = raw["question"], raw["relevant"], raw.get("kind", "")
    answer = raw.get("answer", "")
    if not (
        isinstance(relevant, list)
        and all(map(is_text, [question, *relevant]))
        and all(each == "" or is_text(each) for each in (kind, answer))
    ):
        raise QuestionFileError(
            f"{shown(path)} 第 {number} 行有误；question、kind 和 answer 应是文字，"
            "relevant 应是文字的列表"
        )
    snippets = tuple(relevant)
    answers = (answer,) if answer else snippets
    return Question(question, snippets, kind=kind, answers=answers, line=number)


def parse_json(path: Path, text: str, first: int = 1) -> Any:
    """The value of a JSON text that begins on the line ``first`` of a file.

    Raises QuestionFileError, which names the place, if it is not JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        there = text[error.pos :].split("\n")[0][:_SHOWN].strip()
        what = f"起不是 JSON：「{there}」" if there else "还没有写完"
        raise QuestionFileError(
            f"{shown(path)} 第 {first + error.lineno - 1} 行第 {error.colno} 列{what}；"
            "请检查那里的引号、冒号、逗号和括号：都用英文的，并且成对"
        ) from error
    except (ValueError, RecursionError) as error:
        raise QuestionFileError(
            f"{shown(path)} 第 {first} 行的数字太长，或括号套得太深；请改短"
        ) from error


def is_text(value: object) -> TypeGuard[str]:
    """Whether it is a string that is not blank and can be encoded as UTF-8."""
    return isinstance(value, str) and bool(value.strip()) and not has_surrogates(value)
