import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from changai.cli.main import main
from changai.evaluation.feedback import Feedback, Opinion
from support.small import ARTICLE, HELMETS, write_small

QUESTION = "外地人的孩子在宁波怎么上学?"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_ask_prints_the_answer_with_its_source(built_folder: Path) -> None:
    result = run("ask", QUESTION, "--index", built_folder)
    assert result.exit_code == 0
    assert "五(三)" in result.stdout
    assert "【统等优化外来劳动者子女入学政策】" in result.stdout
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
    assert first["text"][start:end] == "统等优化外来劳动者子女入学政策"


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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask"], "缺少 'QUESTION'；用法见 changai ask --help"),
        (["fit", "a.jsonl"], "缺少 '-o' / '--output'；用法见 changai fit --help"),
        (["ask", "技能", "-k", "0"], "'-k' 应是 1 以上的整数；用法见 changai ask --help"),
        (["ask", "技能", "-k", "三"], "'-k' 应是 1 以上的整数；用法见 changai ask --help"),
        (
            ["serve", "--port", "65536"],
            "'--port' 应是 0 到 65535 的整数；用法见 changai serve --help",
        ),
        (
            ["fit", "a.jsonl", "-o", "/"],
            "'-o' / '--output' 的值不能用；用法见 changai fit --help",
        ),
        (["ask", "技能", "人才"], "参数多了，有空格的要用引号括起来；用法见 changai ask --help"),
        (["build", "--encoder"], "选项 --encoder 少了值，或不该有值；用法见 changai --help"),
        (["build", "--nonsense"], "没有选项 --nonsense；用法见 changai build --help"),
        (["--nonsense"], "没有选项 --nonsense；用法见 changai --help"),
        (["nonsense"], "没有这个命令；用法见 changai --help"),
    ],
)
def test_misuse_exits_with_two_and_one_line_in_chinese(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments, prog_name="changai")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"changai：{said}\n"


def test_without_a_command_the_help_is_shown() -> None:
    result = run()
    assert result.exit_code == 2
    assert "产改问答" in result.output


def test_ask_builds_a_missing_index_and_says_so(own_folder: Path) -> None:
    # To encode the known questions again would take a while.
    next((own_folder / "articles").glob("*.jsonl")).unlink()
    for path in sorted((own_folder / "built").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    result = run("ask", QUESTION, "--json", "--index", own_folder)
    assert result.exit_code == 0
    # Nothing of the progress, which is for a terminal.
    (said,) = result.stderr.splitlines()
    assert "先建立索引" in said
    assert json.loads(result.stdout)["covered"]


def test_build_says_what_it_did(own_folder: Path) -> None:
    assert "没有变化" in run("build", "--index", own_folder).stdout
    (own_folder / "articles" / "b.txt").write_text("标题\n正文一段。\n", encoding="utf-8")
    result = run("build", "--index", own_folder)
    assert result.exit_code == 0
    assert "文章 2 篇" in result.stdout


def test_build_names_what_it_passes_over_and_what_stands_twice(tmp_path: Path) -> None:
    articles = write_small(tmp_path)
    dated = "标题\n发布日期:2023-05-13\n正文一段。\n"
    (articles / "welders.txt").write_text(f"{dated}{ARTICLE}", encoding="utf-8")
    (articles / "一.txt").write_text(dated, encoding="utf-8")
    # A byte order mark and the line ends of another system make no other article.
    (articles / "二.txt").write_bytes(f"\ufeff{dated}".replace("\n", "\r\n").encode())
    for name in ("b.docx", "a.md", ".hidden"):
        (articles / name).write_text("", encoding="utf-8")
    result = run("build", "--index", tmp_path)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "没有收录 a.md、b.docx：只读 .txt 文章；请另存为 UTF-8 纯文本",
        "文章 一.txt、二.txt 内容相同，引用会重复；请只留一篇",
    ]


def test_build_goes_on_without_questions_that_the_article_has_outgrown(tmp_path: Path) -> None:
    articles = write_small(tmp_path)
    corrected = "焊工劳保办法\n发布日期:2023-05-13\n每名焊工每年发放安全帽三顶。\n食堂供应三餐。\n"
    (articles / "welders.txt").write_text(corrected, encoding="utf-8")
    result = run("build", "--index", tmp_path)
    assert result.exit_code == 0
    assert "已知问题 1 个（另有 2 处片段对不上，没有用上）" in result.stdout
    said, *places = result.stderr.splitlines()
    assert said.startswith("2 个已知问题没有用上，片段不在文章 welders.txt 的任何一段里；请")
    assert [place.partition("“")[0] for place in places] == [
        "welders.questions.jsonl 第 1 行",
        "welders.questions.jsonl 第 2 行",
    ]
    inspected = run("inspect", articles / "welders.txt").stdout
    assert inspected.endswith("\n".join(["已知问题  1 个，没有用上的 2 个", *places, ""]))


def test_build_takes_another_folder_of_articles(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("标题\n正文一段。\n", encoding="utf-8")
    result = run("build", tmp_path / "mine", "--index", tmp_path / "index")
    assert "文章 1 篇" in result.stdout
    assert (tmp_path / "index" / "built" / "current.json").exists()


def test_build_names_the_article_it_cannot_read(own_folder: Path) -> None:
    (own_folder / "articles" / "bad.txt").write_bytes(b"\xff\xff")
    result = run("build", "--index", own_folder)
    assert result.exit_code == 2
    assert "bad.txt" in result.stderr


def test_inspect_lists_what_was_read(built_folder: Path) -> None:
    result = run("inspect", built_folder / "articles" / "ningbo-2023-05-13.txt")
    assert result.exit_code == 0
    assert "网站  鄂尔多斯工会网\n地区  宁波\n" in result.stdout
    assert "误识  “宁淀”应为“宁波”" in result.stdout
    assert "五(三)  [2028:2177]" in result.stdout


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


def test_evaluate_tells_of_known_questions(small_folder: Path) -> None:
    file = small_folder / "asked.jsonl"
    known, _ = HELMETS
    lines = [
        {"question": f"{known[:-1]}？", "relevant": ["安全帽两顶"]},
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


def test_fit_writes_weights_that_the_package_can_read(built_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    lines = [
        {"question": QUESTION, "relevant": ["子女入学政策"]},
        {"question": "方太四化工程", "relevant": ["方太四化工程"]},
        {"question": "红烧肉怎么烧才不柴", "relevant": []},
        {"question": "明天会下雨吗", "relevant": []},
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    output = tmp_path / "weights.json"
    assert run("fit", file, "-o", output, "--index", built_folder).exit_code == 0
    weights = json.loads(output.read_text(encoding="utf-8"))
    files = [source["file"] for source in weights["fitted_on"]]
    assert files == ["questions.jsonl with known questions", "questions.jsonl"]
    assert weights["fitted_on"][0]["recall_at_1"] == 1


def test_serve_names_a_port_that_is_taken(built_folder: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port), "--index", built_folder)
    assert result.exit_code == 2
    assert f"127.0.0.1:{port}" in result.stderr


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
