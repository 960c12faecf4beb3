"""Building an index from the command line, and seeing how an article is read."""

from pathlib import Path

from support.commands import run
from support.small import ARTICLE, write_small


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
