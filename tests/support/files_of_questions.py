"""Files of questions, for the tests of what reads them."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from changai.errors import QuestionFileError
from changai.records import Question


def write_questions(folder: Path, text: str) -> Path:
    path = folder / "asked.jsonl"
    path.write_bytes(text.encode())
    return path


def write_squad(folder: Path, *articles: dict[str, Any]) -> Path:
    return write_questions(folder, json.dumps({"version": "1.1", "data": articles}))


SKY = {
    "title": "天空",
    "paragraphs": [
        {
            "context": "白天的天空是蓝色的。",
            "qas": [
                {
                    "question": "天空是什么颜色?",
                    "answers": [{"text": "蓝色", "answer_start": 6}, {"text": "蓝色"}],
                }
            ],
        },
        {"context": "夜里的天空能看见星星。", "qas": [{"question": "夜里能看见什么?"}]},
    ],
}
COOKING = {
    "paragraphs": [
        {
            "context": "米饭要用水煮二十分钟。",
            "qas": [{"question": "面条要煮多久?", "is_impossible": True, "answers": []}],
        }
    ]
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["question", "relevant", "kind", "data", "paragraphs", "context", "qas", "answers",
             "text", "title", "is_impossible"]
        ),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
"""Values with the keys that files of questions have."""


def foreign(error: QuestionFileError, path: Path) -> set[str]:
    """The words of a message that are neither Chinese, nor the file's name, nor a format's."""
    words = set(re.findall("[A-Za-z_]{2,}", str(error).replace(str(path), "")))
    keys = {
        "text",
        "question",
        "relevant",
        "kind",
        "data",
        "paragraphs",
        "context",
        "qas",
        "answer",
        "answers",
    }
    return words - keys - {"JSON", "SQuAD", "UTF", "iconv", "not", "utf"}


def hostile_files(test: Callable[[bytes], None]) -> Callable[[], None]:
    """Have a test try files that may hold anything."""
    for data in (
        b"[" * 100_000,
        b'{"data": ' + b"[" * 100_000,
        b'{"question": "\\ud800", "relevant": []}',
        b'{"question": ' + b"9" * 5_000 + b', "relevant": []}',
        b'{"data": [{"paragraphs": [{"context": "a", "qas": null}]}]}',
    ):
        test = example(data)(test)
    anything = st.one_of(JSON.map(json.dumps), st.text(max_size=80))
    return given(anything.map(lambda text: text.encode()))(test)


def questions_or_an_error(read: Callable[[Path], Sequence[Question]], data: bytes) -> None:
    """Check that what a file holds is read as questions, or refused by the file's name."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "asked.jsonl"
        path.write_bytes(data)
        try:
            questions = read(path)
        except QuestionFileError as error:
            assert "asked.jsonl" in str(error)
        else:
            assert all(question.text.strip() for question in questions)
