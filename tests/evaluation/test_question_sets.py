"""Reading sets of questions."""

import hashlib
import json
from pathlib import Path

import pytest

from changai.errors import QuestionFileError
from changai.evaluation import squad
from changai.evaluation.question_sets import read_questions
from changai.reading.questions import read_lines
from support.files_of_questions import (
    COOKING,
    SKY,
    foreign,
    hostile_files,
    questions_or_an_error,
    write_questions,
    write_squad,
)


@pytest.mark.parametrize("lines", [1, 2])
def test_lines_bring_no_corpus(tmp_path: Path, lines: int) -> None:
    path = write_questions(tmp_path, '{"question": "一?", "relevant": ["甲"]}\n' * lines)
    read, as_lines = read_questions(path), read_lines(path)
    assert (read.sha256, read.questions) == (as_lines.sha256, as_lines.questions)
    assert (read.articles, read.left_out) == (None, ())


@pytest.mark.parametrize("indent", [None, 2])
def test_squad_brings_its_corpus(tmp_path: Path, indent: int | None) -> None:
    raw = {"title": "其他的键", "data": [SKY, COOKING]}
    path = write_questions(tmp_path, json.dumps(raw, indent=indent))
    read, expected = read_questions(path), squad.parse(path, raw)
    assert (read.questions, read.articles) == (expected.questions, expected.articles)
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_squad_leaves_out_is_told(tmp_path: Path) -> None:
    asked = {"question": "", "id": "A-1"}
    article = {"paragraphs": [{"context": "甲", "qas": [asked]}]}
    assert read_questions(write_squad(tmp_path, SKY, article)).left_out == ("A-1",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"version": "1.1",\n "data": [}', "第 2 行第 11 列起不是 JSON：「}」"),
        ('{"question": "一?", "relevant": []}\n{"data": []}', "第 2 行缺少 question、relevant"),
        ('{"data": 1}', "的 data 不是列表"),
    ],
)
def test_a_broken_file_is_told_in_chinese_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    path = write_questions(tmp_path, text)
    with pytest.raises(QuestionFileError, match=said) as caught:
        read_questions(path)
    assert not foreign(caught.value, path)


@hostile_files
def test_whatever_a_file_holds_are_questions_or_an_error(data: bytes) -> None:
    questions_or_an_error(lambda path: read_questions(path).questions, data)
