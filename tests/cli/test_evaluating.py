"""Measuring, fitting and reading opinions from the command line."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from changai.evaluation.feedback import Feedback, Opinion
from changai.indexing import faq
from support.commands import run
from support.files_of_questions import SKY, write_squad
from support.small import HELMETS

QUESTION = "外地人的孩子在宁波怎么上学?"


def test_evaluate_prints_a_table_or_json(built_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        json.dumps({"question": QUESTION, "relevant": ["子女入学政策"]})
        + "\n"
        + json.dumps({"question": "红烧肉怎么烧才不柴", "relevant": []}),
        encoding="utf-8",
    )
    table = run("evaluate", file, "--index", built_folder)
    assert table.exit_code == 0
    assert "recall_at_1" in table.stdout
    report = json.loads(run("evaluate", file, "--json", "--index", built_folder).stdout)
    assert (report["questions"], report["answerable"]) == (2, 1)
    assert report["recall_at_1"] == report["mrr_at_10"] == report["coverage_auroc"] == 1
    assert report["false_answer_rate"] == report["false_refusal_rate"] == 0


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    lines = [
        {"question": QUESTION, "relevant": ["子女入学政策"], "kind": "direct"},
        {"question": "红烧肉怎么烧才不柴", "relevant": [], "kind": "near"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return file


def test_evaluate_has_the_promised_keys(built_folder: Path, asked: Path) -> None:
    result = run("evaluate", asked, "--json", "--index", built_folder)
    assert list(json.loads(result.stdout)) == [
        "questions", "answerable", "recall_at_1", "recall_at_3", "mrr_at_10", "coverage_auroc",
        "coverage_auroc_near", "false_answer_rate", "false_refusal_rate", "highlight_rate",
        "calibration_error", "latency_p50_ms", "latency_p95_ms",
    ]  # fmt: skip


@pytest.mark.slow
def test_evaluate_writes_a_page_beside_what_it_prints(built_folder: Path, asked: Path) -> None:
    folder = asked.parent / "new" / "report"
    for _ in range(2):
        result = run("evaluate", asked, "--json", "--report", folder, "--index", built_folder)
        assert result.exit_code == 0
        assert json.loads(result.stdout)["coverage_auroc_near"] == 1
        assert f"报告已写入 {folder / 'index.html'}。" in result.stderr
    assert [path.name for path in folder.iterdir()] == ["index.html"]
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "问题文件 questions.jsonl：2 个问题" in page


@pytest.mark.slow
def test_evaluate_tells_of_questions_of_the_faq(small_folder: Path) -> None:
    file = small_folder / "asked.jsonl"
    in_faq, _ = HELMETS
    lines = [
        {"question": f"{in_faq[:-1]}？", "relevant": ["安全帽两顶"]},
        {"question": "每名焊工每年发放什么?", "relevant": ["安全帽两顶"]},
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    report = small_folder / "report"
    result = run("evaluate", file, "--json", "--report", report, "--index", small_folder)
    assert json.loads(result.stdout)["questions"] == 2
    said = "注意：2 个问题里有 1 个就是文章自带的已知问题，指标因此偏高；"
    warned, written = result.stderr.splitlines()
    assert warned.startswith(said)
    assert written.startswith("报告已写入")
    assert said in (report / "index.html").read_text(encoding="utf-8")
    file.write_text(json.dumps(lines[1]), encoding="utf-8")
    assert run("evaluate", file, "--index", small_folder).stderr == ""


@pytest.mark.slow
def test_evaluate_and_fit_tell_of_questions_that_cannot_be_used(tmp_path: Path) -> None:
    broken = {"paragraphs": [{"context": "米饭要煮。", "qas": [{"question": "", "id": "A-1"}]}]}
    file = write_squad(tmp_path, SKY, broken)
    said = "注意：有 1 个问题没有用上，因为没有文字、太长，或者答案不在它的段落里：A-1。"
    result = run("evaluate", file, "--json", "--report", tmp_path / "report")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["questions"] == 4
    assert result.stderr.splitlines()[0] == said
    assert said in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    fitted = run("fit", file, "-o", tmp_path / "weights.json")
    assert fitted.stderr.splitlines()[0] == f"{file}：{said}"


def test_evaluate_says_at_once_where_no_page_can_be(built_folder: Path, asked: Path) -> None:
    result = run("evaluate", asked, "--report", asked, "--index", built_folder)
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert f"报告写不到 {asked}" in line


def test_evaluate_says_what_stands_in_the_place_of_the_page(
    built_folder: Path, asked: Path
) -> None:
    (asked.parent / "report" / "index.html").mkdir(parents=True)
    folder = asked.parent / "report"
    result = run("evaluate", asked, "--report", folder, "--index", built_folder)
    assert result.exit_code == 2
    assert "recall_at_1" in result.stdout
    assert f"报告写不到 {folder}" in result.stderr.splitlines()[-1]
    assert [path.name for path in folder.iterdir()] == ["index.html"]


def test_fit_writes_weights_that_the_package_can_read(faq_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    lines = [
        {"question": QUESTION, "relevant": ["子女入学政策"]},
        {"question": "方太四化工程", "relevant": ["方太四化工程"]},
        {"question": "红烧肉怎么烧才不柴", "relevant": []},
        {"question": "明天会下雨吗", "relevant": []},
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    output = tmp_path / "weights.json"
    assert run("fit", file, "-o", output, "--index", faq_folder).exit_code == 0
    weights = json.loads(output.read_text(encoding="utf-8"))
    files = [source["file"] for source in weights["fitted_on"]]
    assert files == ["questions.jsonl with FAQ", "questions.jsonl"]
    assert weights["fitted_on"][0]["recall_at_1"] == 1


def test_fit_asks_a_library_together_with_the_articles_of_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faq, "_ENOUGH", 1)

    def write(name: str, *lines: dict[str, Any]) -> Path:
        path = tmp_path / name
        text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        path.write_text(text, encoding="utf-8")
        return path

    for name in ("index/articles", "texts", "library"):
        (tmp_path / name).mkdir(parents=True)
    rule = "每人发放安全帽两顶，另发防护手套一双，体检费用由企业承担。"
    hats = f"帽子办法\n第一条 {rule}\n第二条 手套每月一换。\n"
    (tmp_path / "index" / "articles" / "hats.txt").write_text(hats, encoding="utf-8")
    answered = {"question": "安全帽发几顶", "relevant": ["安全帽两顶"], "answer": "两顶"}
    unanswered = {"question": "食堂几点开门", "relevant": []}
    write("index/articles/hats.questions.jsonl", answered, unanswered)
    holidays = "休假条例\n第一条 工人每年休假五天，工资照发。\n第二条 工人自愿入会。\n"
    (tmp_path / "texts" / "law.txt").write_text(holidays, encoding="utf-8")
    (tmp_path / "library" / "texts.tsv").write_text("part\tfile\nheld out\tlaw.txt\n", "utf-8")
    of_law = {"question": "每年休假几天", "relevant": ["休假五天"], "answer": "五天"}
    law = {"file": "law.txt"}
    write("library/1.jsonl", of_law | law, {"question": "红烧肉怎么烧", "relevant": []} | law)
    file = write("questions.jsonl", answered, {"question": "班车几点发", "relevant": []})
    output = tmp_path / "weights.json"
    options = ("-o", output, "--index", tmp_path / "index", "--texts", tmp_path / "texts")
    result = run("fit", file, tmp_path / "library", *options)
    assert result.exit_code == 0, result.stderr
    fitted = json.loads(output.read_text(encoding="utf-8"))["fitted_on"]
    assert [(each["file"], each["questions"]) for each in fitted] == [
        ("questions.jsonl with FAQ", 2),
        ("questions.jsonl", 2),
        ("library with FAQ", 2),
        ("questions.jsonl beside library", 2),
    ]


@pytest.fixture
def opinions(tmp_path: Path) -> Path:
    """A file of three opinions; of the last answer only a person can say what is right."""
    file = tmp_path / "opinions.db"
    kept = Feedback(file)
    kept.add(Opinion("帽子几顶?", ("安全帽两顶",), True, "清楚", "2026-11-20"))
    kept.add(Opinion("食堂几点开门?", (), True, "", "2026-11-21"))
    kept.add(Opinion("体检\x1b[2J几次?", ("体检费用",), False, "没说几次\x9b2J", "2026-11-22"))
    return file


LAST = "2026-11-22  没用  体检\ufffd[2J几次?\n    原文：体检费用\n    意见：没说几次\ufffd2J\n"


def test_feedback_lists_the_newest_first(opinions: Path) -> None:
    result = run("feedback", opinions)
    assert result.exit_code == 0
    assert result.stdout == (
        f"{LAST}2026-11-21  有用  食堂几点开门?\n    文章未提及\n"
        "2026-11-20  有用  帽子几顶?\n    原文：安全帽两顶\n    意见：清楚\n"
    )


def test_feedback_json_is_a_line_an_opinion(opinions: Path) -> None:
    result = run("feedback", opinions, "--json")
    assert result.exit_code == 0
    lines = result.stdout.split("\n")
    assert lines.pop() == ""
    assert all(line.isprintable() for line in lines)
    assert json.loads(lines[0]) == {
        "question": "体检\x1b[2J几次?",
        "answers": ["体检费用"],
        "useful": False,
        "comment": "没说几次\x9b2J",
        "day": "2026-11-22",
    }
    assert [json.loads(line)["day"] for line in lines[1:]] == ["2026-11-21", "2026-11-20"]


def test_feedback_writes_questions_and_lists_the_rest(opinions: Path) -> None:
    output = opinions.with_name("questions.jsonl")
    for _ in range(2):
        result = run("feedback", opinions, "--questions", output)
        assert result.exit_code == 0
        assert result.stdout == LAST
        assert f"已把 2 个问题写入 {output}" in result.stderr
        assert "另有 1 条意见" in result.stderr
    assert output.read_text(encoding="utf-8") == (
        '{"question": "帽子几顶?", "relevant": ["安全帽两顶"], "kind": "feedback"}\n'
        '{"question": "食堂几点开门?", "relevant": [], "kind": "feedback"}\n'
    )
    assert sorted(path.name for path in output.parent.iterdir()) == [
        "opinions.db", "questions.jsonl",
    ]  # fmt: skip


def test_feedback_lists_who_differs_from_the_majority(opinions: Path) -> None:
    kept = Feedback(opinions)
    for useful, comment in ((True, ""), (False, "几时发?")):
        kept.add(Opinion("帽子几顶?", ("安全帽两顶",), useful, comment, "2026-11-23"))
    output = opinions.with_name("questions.jsonl")
    result = run("feedback", opinions, "--questions", output)
    assert "已把 2 个问题写入" in result.stderr
    differs = "2026-11-23  没用  帽子几顶?\n    原文：安全帽两顶\n    意见：几时发?\n"
    assert result.stdout == differs + LAST


def test_feedback_does_not_write_questions_over_the_opinions(opinions: Path) -> None:
    before = opinions.read_bytes()
    result = run("feedback", opinions, "--questions", opinions)
    assert result.exit_code == 2
    assert "就是意见文件" in result.stderr
    assert opinions.read_bytes() == before


def test_feedback_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = run("feedback", tmp_path / "nowhere.db")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert f"没有意见文件 {tmp_path / 'nowhere.db'}" in line
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_evaluate_prints_its_table_but_makes_no_report(
    built_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "questions.jsonl"
    asked.write_text(
        json.dumps({"question": QUESTION, "relevant": ["子女入学政策"]}), encoding="utf-8"
    )
    for name in ("scipy", "sklearn"):
        monkeypatch.setitem(sys.modules, name, None)
    table = run("evaluate", asked, "--index", built_folder)
    assert table.exit_code == 0
    assert "recall_at_1" in table.stdout
    folder = asked.parent / "report"
    for command in (
        ("evaluate", asked, "--report", folder),
        ("fit", asked, "-o", asked.parent / "weights.json"),
    ):
        refused = run(*command, "--index", built_folder)
        assert refused.exit_code == 2
        assert "要用 scipy、scikit-learn，还没有安装；请运行：pip install" in refused.stderr
    assert [path.name for path in asked.parent.iterdir()] == [asked.name]
