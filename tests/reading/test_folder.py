"""What of a folder is read, and what is not."""

from pathlib import Path

import pytest

from changai.errors import ArticleError
from changai.reading.folder import find, is_there, known_questions, metadata, passed_over


def test_two_articles_of_one_name_are_refused(tmp_path: Path) -> None:
    # Both would be the document "a", and one be quoted from the other's text.
    for name in ("a.txt", "a.TXT", "b.txt"):
        (tmp_path / name).write_text("标题\n正文一段。\n", encoding="utf-8")
    if len(list(tmp_path.iterdir())) < 3:
        pytest.skip("this disk does not tell a.txt from a.TXT")
    with pytest.raises(ArticleError, match="叫 a，只差"):
        find(tmp_path)


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", ".hidden.txt", "notes.md"):
        (tmp_path / name).write_text("标题\n正文一段。\n", encoding="utf-8")
    assert [path.name for path in find(tmp_path)] == ["a.txt", "b.txt"]


def test_what_is_passed_over_is_named(tmp_path: Path) -> None:
    for name in ("a.TXT", "a.toml", "a.questions.jsonl", ".hidden.md", "notes.md", "a.jsonl"):
        (tmp_path / name).touch()
    (tmp_path / "a.docx").touch()
    (tmp_path / "more").mkdir()
    assert passed_over(tmp_path) == ["a.docx", "a.jsonl", "more", "notes.md"]


@pytest.mark.parametrize("make", [True, False])
def test_a_folder_without_articles_is_named(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "articles"
    if make:
        folder.mkdir()
    with pytest.raises(ArticleError, match="articles"):
        find(folder)


@pytest.mark.parametrize("name", ["b.toml", "b.questions.jsonl", "a.txt.toml"])
def test_what_stands_beside_no_article_is_refused(tmp_path: Path, name: str) -> None:
    for each in ("a.txt", "a.toml", "a.questions.jsonl", name):
        (tmp_path / each).touch()
    with pytest.raises(ArticleError, match=f"里的 {name} 没有同名的 .txt 文章；请改名，或移走"):
        find(tmp_path)
    (tmp_path / name).unlink()
    assert [path.name for path in find(tmp_path)] == ["a.txt"]


def test_what_stands_beside_an_article_has_its_name() -> None:
    article = Path("articles") / "a.b.txt"
    assert metadata(article) == Path("articles") / "a.b.toml"
    assert known_questions(article) == Path("articles") / "a.b.questions.jsonl"


def test_a_name_that_no_file_can_have_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "gone.toml").symlink_to("nowhere")
    assert is_there(tmp_path / "gone.toml")
    assert not is_there(tmp_path / "a.toml")
    assert not is_there(tmp_path / f"{'名' * 85}.toml")
    with pytest.raises(NotADirectoryError):
        is_there(Path(__file__) / "a.toml")
