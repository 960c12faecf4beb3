"""Reading files of questions."""

import hashlib
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from changai.errors import QuestionFileError
from changai.reading.questions import read_lines, read_questions
from changai.records import Question
from support.files_of_questions import COOKING, SKY, write_questions, write_squad


def test_a_line_is_a_question_with_its_snippets(tmp_path: Path) -> None:
    text = (
        '{"question": "一?", "relevant": ["甲", "乙"], "kind": "x"}\n\n'
        '{"relevant": [], "question": "二?"}'
    )
    read = read_questions(write_questions(tmp_path, text))
    assert read.questions == (
        Question("一?", ("甲", "乙"), kind="x", answers=("甲", "乙")),
        Question("二?", ()),
    )
    assert read.articles is None
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
        read_questions(path)
    assert not _foreign(caught.value, path)


def _foreign(error: QuestionFileError, path: Path) -> set[str]:
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
        "answers",
    }
    return words - keys - {"JSON", "SQuAD", "UTF", "iconv", "not", "utf"}


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
    for read in (read_questions, read_lines):
        with pytest.raises(QuestionFileError) as caught:
            read(path)
        assert said in str(caught.value)
        assert not _foreign(caught.value, path)


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
    articles = read_questions(write_squad(tmp_path, SKY)).articles
    assert articles is not None
    assert question.absent([p.text for p in articles[0].passages]) == ["海"]


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xff\xfe{}", None])
def test_a_file_without_questions_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "asked.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(QuestionFileError, match=r"asked\.jsonl") as caught:
        read_questions(path)
    assert not _foreign(caught.value, path)


def test_a_folder_is_no_file_of_questions(tmp_path: Path) -> None:
    with pytest.raises(QuestionFileError, match="目录，不是文件") as caught:
        read_questions(tmp_path)
    assert not _foreign(caught.value, tmp_path)


def test_a_line_separator_may_stand_in_a_string(tmp_path: Path) -> None:
    # JSON allows U+2028 and U+0085 unescaped inside strings (RFC 8259, section 7).
    path = write_questions(tmp_path, '{"question": "一\u2028二\u0085?", "relevant": []}\n')
    assert read_questions(path).questions == (Question("一\u2028二\u0085?", ()),)


def test_squad_brings_its_paragraphs_as_passages(tmp_path: Path) -> None:
    articles = read_questions(write_squad(tmp_path, SKY, COOKING)).articles
    assert articles is not None
    sky, cooking = articles
    assert (sky.document.title, cooking.document.title) == ("天空", "")
    assert sky.document.text == "白天的天空是蓝色的。\n夜里的天空能看见星星。"
    # The first paragraph has 10 characters, the second 11.
    assert [(p.start, p.end, p.locator) for p in sky.passages] == [
        (0, 10, "第1段"),
        (11, 22, "第2段"),
    ]
    for passage in (*sky.passages, *cooking.passages):
        assert passage.document.text[passage.start : passage.end] == passage.text
    assert len({p.id for p in (*sky.passages, *cooking.passages)}) == 3


def test_squad_asks_with_the_paragraph_there_and_left_out(tmp_path: Path) -> None:
    read = read_questions(write_squad(tmp_path, SKY))
    assert read.articles is not None
    ids = [passage.id for passage in read.articles[0].passages]
    assert read.questions == (
        Question("天空是什么颜色?", ("白天的天空是蓝色的。",), None, "answerable", ("蓝色",)),
        Question("天空是什么颜色?", (), ids[0], "left-out"),
        Question("夜里能看见什么?", ("夜里的天空能看见星星。",), None, "answerable"),
        Question("夜里能看见什么?", (), ids[1], "left-out"),
    )


def test_squad_asks_an_impossible_question_once(tmp_path: Path) -> None:
    asked = read_questions(write_squad(tmp_path, COOKING)).questions
    assert asked == (Question("面条要煮多久?", (), kind="impossible"),)


@pytest.mark.parametrize(
    "article",
    [
        {},
        {"paragraphs": [{"qas": []}]},
        {"paragraphs": [{"context": "甲"}]},
        {"paragraphs": [{"context": 1, "qas": []}]},
        {"paragraphs": [{"context": "甲", "qas": [{}]}]},
        {"paragraphs": [{"context": "甲", "qas": ["一?"]}]},
        {"paragraphs": [{"context": "甲", "qas": [{"question": "一?", "answers": [{}]}]}]},
        {"paragraphs": [{"context": "甲", "qas": [{"question": "一?", "answers": [""]}]}]},
        {
            "paragraphs": [
                {"context": "甲", "qas": [{"question": "一?", "answers": [{"text": ""}]}]}
            ]
        },
        {"title": 1, "paragraphs": [{"context": "甲", "qas": [{"question": "一?"}]}]},
        {"paragraphs": [{"context": "甲", "qas": []}]},
        {"paragraphs": []},
    ],
)
def test_malformed_or_empty_squad_is_refused(tmp_path: Path, article: dict[str, Any]) -> None:
    path = write_squad(tmp_path, article)
    with pytest.raises(QuestionFileError, match=r"asked\.jsonl") as caught:
        read_questions(path)
    assert not _foreign(caught.value, path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"version": "1.1",\n "data": [}', "第 2 行第 11 列起不是 JSON：「}」"),
        ('{"data": 1}', "的 data 不是列表"),
        (json.dumps({"data": [COOKING, {}]}), "第 2 篇文章不合 SQuAD 格式：缺少 paragraphs"),
        (json.dumps({"data": [1]}), "第 1 篇文章不合 SQuAD 格式：有一处写错了"),
    ],
)
def test_a_broken_squad_file_is_told_in_chinese_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    path = write_questions(tmp_path, text)
    with pytest.raises(QuestionFileError, match=said) as caught:
        read_questions(path)
    assert not _foreign(caught.value, path)


def test_a_squad_question_must_be_text(tmp_path: Path) -> None:
    article = {"paragraphs": [{"context": "甲", "qas": [{"question": None}]}]}
    with pytest.raises(QuestionFileError):
        read_questions(write_squad(tmp_path, article))


def test_lines_alone_are_what_an_article_brings(tmp_path: Path) -> None:
    path = write_questions(
        tmp_path, '{"question": "一?", "relevant": ["甲"], "audience": "职工"}\n'
    )
    assert read_lines(path).questions == (Question("一?", ("甲",), answers=("甲",)),)
    assert read_lines(path) == read_questions(path)


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


def test_squad_answers_are_given_once_each_in_order(tmp_path: Path) -> None:
    asked = {"question": "几时?", "answers": [{"text": t} for t in ("夜里", "白天", "夜里")]}
    more = {"paragraphs": [{"context": "白天和夜里。", "qas": [asked]}]}
    assert read_questions(write_squad(tmp_path, more)).questions == (
        Question("几时?", ("白天和夜里。",), None, "answerable", ("夜里", "白天")),
    )


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


@given(st.one_of(JSON.map(json.dumps), st.text(max_size=80)).map(lambda text: text.encode()))
@example(b"[" * 100_000)
@example(b'{"data": ' + b"[" * 100_000)
@example(b'{"question": "\\ud800", "relevant": []}')
@example(b'{"question": ' + b"9" * 5_000 + b', "relevant": []}')
@example(b'{"data": [{"paragraphs": [{"context": "a", "qas": null}]}]}')
def test_whatever_a_file_holds_are_questions_or_an_error(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "asked.jsonl"
        path.write_bytes(data)
        for read in (read_questions, read_lines):
            try:
                questions = read(path).questions
            except QuestionFileError as error:
                assert "asked.jsonl" in str(error)
            else:
                assert all(question.text.strip() for question in questions)
