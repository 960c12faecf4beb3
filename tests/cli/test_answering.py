"""Asking from the command line."""

import json
import re
import shutil
from pathlib import Path

import pytest

from support.commands import run

QUESTION = "外地人的孩子在宁波怎么上学?"
# What is highlighted where the article brings no questions that would show less.
SHOWN = "优化外来劳动者落户举措、放宽外来劳动者子女医保参保限制、统等优化外来劳动者子女入学政策"


def test_ask_prints_the_answer_with_its_source(built_folder: Path) -> None:
    result = run("ask", QUESTION, "--index", built_folder)
    assert result.exit_code == 0
    assert "五(三)" in result.stdout
    assert re.search(f"【[^】]*{SHOWN}[^】]*】", result.stdout)
    assert "2023-05-13" in result.stdout


def test_ask_exits_with_one_where_the_article_does_not_answer(built_folder: Path) -> None:
    result = run("ask", "红烧肉怎么烧才不柴", "--index", built_folder)
    assert result.exit_code == 1
    assert result.stdout.startswith("文章未提及")


def test_ask_json_has_exactly_the_promised_shape(built_folder: Path) -> None:
    result = run("ask", QUESTION, "--json", "-k", "2", "--index", built_folder)
    answer = json.loads(result.stdout)
    assert list(answer) == [
        "question", "covered", "confidence", "answering", "mentioned", "missing", "taken_as",
        "citations",
    ]  # fmt: skip
    assert (answer["question"], answer["covered"]) == (QUESTION, True)
    assert len(answer["citations"]) == 2
    first = answer["citations"][0]
    assert list(first) == [
        "rank", "score", "text", "highlights", "damaged", "as_of", "locator", "start", "end",
        "url", "document",
    ]  # fmt: skip
    assert list(first["document"]) == ["id", "title", "publisher", "published", "file"]
    assert first["document"]["file"] == "ningbo-2023-05-13.txt"
    article = (built_folder / "articles" / first["document"]["file"]).read_text(encoding="utf-8")
    assert article[first["start"] : first["end"]] == first["text"]
    ((start, end),) = first["highlights"]
    assert SHOWN in first["text"][start:end]


def test_ask_remarks_on_damaged_figures_below_the_quotation(built_folder: Path) -> None:
    question = "产业工人在市人大代表中占多少比例?"
    lines = run("ask", question, "-k", "1", "--index", built_folder).stdout.splitlines()
    remark = next(number for number, line in enumerate(lines) if "识别错误" in line)
    assert lines[remark] == (
        "原文疑有识别错误：“产业工人占69:市人大代表中”“产业工人占11.%”“增补2专产业工人代表”"
    )
    assert lines[remark - 1].endswith("要有人解提升。")
    assert lines[remark + 1].startswith("——")


def test_ask_tells_the_date_of_a_figure(built_folder: Path) -> None:
    result = run("ask", "宁波市技能人才总量是多少?", "-k", "1", "--index", built_folder)
    assert "\n数据时点：截至 2020 年底（文章发布于 2023-05-13）\n——" in result.stdout
    answer = run("ask", "宁波市技能人才总量是多少?", "--json", "--index", built_folder)
    (first, *_) = json.loads(answer.stdout)["citations"]
    assert (first["damaged"], first["as_of"]) == ([], "截至 2020 年底")


def test_ask_says_that_the_date_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.txt").write_text(
        "标题\n2021年,发放安全帽300顶。\n", encoding="utf-8"
    )
    result = run("ask", "发放安全帽多少顶", "--index", tmp_path)
    assert "数据时点：2021年（文章发布日期不详）\n——标题，日期不详" in result.stdout


@pytest.mark.parametrize("question", ["", "  ", "？？", "问" * 513])
def test_what_is_no_question_exits_with_two_and_one_line(built_folder: Path, question: str) -> None:
    result = run("ask", question, "--index", built_folder)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
def test_ask_builds_a_missing_index_and_says_so(built_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(built_folder / "articles", tmp_path / "articles")
    result = run("ask", QUESTION, "--json", "--index", tmp_path)
    assert result.exit_code == 0
    # Nothing of the progress, which is for a terminal.
    (said,) = result.stderr.splitlines()
    assert "先建立索引" in said
    assert json.loads(result.stdout)["covered"]
