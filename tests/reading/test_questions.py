"""Reading questions, one a line."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from changai.errors import QuestionFileError
from changai.reading.questions import read_lines
from changai.records import Question
from support.files_of_questions import (
    COOKING,
    foreign,
    hostile_files,
    questions_or_an_error,
    write_questions,
)


def test_a_line_is_a_question_with_its_snippets(tmp_path: Path) -> None:
    text = (
        '{"question": "一?", "relevant": ["甲", "乙"], "kind": "x"}\n\n'
        '{"relevant": [], "question": "二?"}'
    )
    read = read_lines(write_questions(tmp_path, text))
    assert read.questions == (
        Question("一?", ("甲", "乙"), kind="x", answers=("甲", "乙")),
        Question("二?", ()),
    )
    assert read.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "line",
    [
        "not JSON",
        '{"question": "一?"',
        '{"question": "一?"}',
        '{"relevant": []}',
        '{"question": 1, "relevant": []}',
        '{"question": "一?", "relevant": "甲"}',
        '{"question": "一?", "relevant": [1]}',
        '{"question": "一?", "relevant": [""]}',
        '{"question": "一?", "relevant": [], "kind": 1}',
        '{"question": "一?", "relevant": [], "kind": null}',
        # A lone surrogate is no character, and cannot be written.
        '{"question": "\\ud800?", "relevant": []}',
        '{"question": "一?", "relevant": ["\\ud800"]}',
        '{"question": "一?", "relevant": [], "kind": "\\ud800"}',
        '["一?", []]',
        "null",
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str) -> None:
    path = write_questions(tmp_path, f'{{"question": "一?", "relevant": []}}\n\n{line}\n')
    with pytest.raises(QuestionFileError, match=r"asked\.jsonl 第 3 行") as caught:
        read_lines(path)
    assert not foreign(caught.value, path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        # A Chinese comma, the 17th character.
        ('{"question": "一"，"relevant": []}', '第 3 行第 17 列起不是 JSON：「，"relevant": []}」'),
        ('{"question": "一", "relevant": [', "第 3 行第 33 列还没有写完"),
        ("[" * 100_000, "第 3 行的数字太长，或括号套得太深"),
        (f'{{"question": {"1" * 5000}}}', "第 3 行的数字太长，或括号套得太深"),
        ('["一"]', "第 3 行不是一对花括号；请写成"),
        ("{}", "第 3 行缺少 question、relevant；请写成"),
        ('{"question": "一"}', "第 3 行缺少 relevant；请写成"),
    ],
)
def test_a_broken_line_is_told_in_chinese_with_its_place(
    tmp_path: Path, line: str, said: str
) -> None:
    path = write_questions(tmp_path, f'{{"question": "一?", "relevant": []}}\n\n{line}\r\n')
    with pytest.raises(QuestionFileError, match=re.escape(said)) as caught:
        read_lines(path)
    assert not foreign(caught.value, path)


def test_all_broken_lines_are_told_at_once(tmp_path: Path) -> None:
    sound = '{"question": "一?", "relevant": []}'
    with pytest.raises(QuestionFileError) as caught:
        read_lines(write_questions(tmp_path, f"{sound}\n{{}}\n{sound}\n[]\n"))
    first, second = str(caught.value).splitlines()
    assert "第 2 行缺少" in first
    assert "第 4 行不是" in second
    with pytest.raises(QuestionFileError) as caught:
        read_lines(write_questions(tmp_path, "{}\n" * 7))
    *shown, rest = str(caught.value).splitlines()
    assert ["第 1 行" in shown[0], "第 5 行" in shown[-1], len(shown)] == [True, True, 5]
    assert rest == "……等 7 处"


def test_a_question_tells_its_line_and_what_it_lacks(tmp_path: Path) -> None:
    lines = '\n{"question": "一?", "relevant": ["天空", "蓝色", "海"]}\n'
    (question,) = read_lines(write_questions(tmp_path, lines)).questions
    assert question.line == 2
    assert question.absent(["白天的天空是蓝色的。", "夜里的天空能看见星星。"]) == ["海"]


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xff\xfe{}", None])
def test_a_file_without_questions_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "asked.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(QuestionFileError, match=r"asked\.jsonl") as caught:
        read_lines(path)
    assert not foreign(caught.value, path)


def test_a_folder_is_no_file_of_questions(tmp_path: Path) -> None:
    with pytest.raises(QuestionFileError, match="目录，不是文件") as caught:
        read_lines(tmp_path)
    assert not foreign(caught.value, tmp_path)


def test_a_line_separator_may_stand_in_a_string(tmp_path: Path) -> None:
    # JSON allows U+2028 and U+0085 unescaped inside strings (RFC 8259, section 7).
    path = write_questions(tmp_path, '{"question": "一\u2028二\u0085?", "relevant": []}\n')
    assert read_lines(path).questions == (Question("一\u2028二\u0085?", ()),)


def test_other_keys_are_left_alone(tmp_path: Path) -> None:
    path = write_questions(
        tmp_path, '{"question": "一?", "relevant": ["甲"], "audience": "职工"}\n'
    )
    assert read_lines(path).questions == (Question("一?", ("甲",), answers=("甲",)),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"question": "一?", "relevant": []}\n{"question": "二?"}', "第 2 行"),
        ("\n", "没有问题"),
        # A corpus of its own is not what an article brings along.
        (json.dumps({"data": [COOKING]}), "第 1 行"),
    ],
)
def test_broken_lines_are_named(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(QuestionFileError, match=rf"asked\.jsonl.*{said}"):
        read_lines(write_questions(tmp_path, content))


def test_lines_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(QuestionFileError, match=r"nowhere\.jsonl"):
        read_lines(tmp_path / "nowhere.jsonl")


def test_a_byte_order_mark_is_no_part_of_a_question(tmp_path: Path) -> None:
    path = write_questions(tmp_path, '\ufeff{"question": "一?", "relevant": []}')
    assert read_lines(path).questions == (Question("一?", ()),)


@hostile_files
def test_whatever_a_file_holds_are_questions_or_an_error(data: bytes) -> None:
    questions_or_an_error(lambda path: read_lines(path).questions, data)
