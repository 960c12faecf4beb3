"""One hash of what texts are read with: any change of it makes an index out of date."""

import shutil
import subprocess
import sys
import unicodedata
from importlib import metadata
from pathlib import Path

import pytest

import changai
from changai.indexing.fingerprint import fingerprint, hash_of, ingredients
from support.small import write_small


def test_it_is_the_hash_of_what_is_here() -> None:
    assert fingerprint() == hash_of(ingredients())


def test_the_word_lists_the_readers_and_the_libraries_are_in_it() -> None:
    held = ingredients()
    package = Path(changai.__file__).parent
    for path in (
        *("text/tokens.py", "text/normalisation.py", "text/lexicon/thesaurus.txt"),
        *("text/lexicon/stopwords.txt", "reading/outline.py", "reading/articles.py"),
        *("query/expectations.py", "query/spelling.py", "indexing/faq.py"),
        *("models/encoders.py", "models/inputs.py", "models/transformer.py", "records.py"),
    ):
        assert held[path] == (package / path).read_bytes()
    for library in ("bm25s", "opencc", "pypinyin", "rjieba"):
        assert held[library] == metadata.version(library).encode()
    assert held["unicode"] == unicodedata.unidata_version.encode()


@pytest.mark.parametrize("name", sorted(ingredients()))
def test_a_change_of_any_ingredient_changes_it(name: str) -> None:
    held = ingredients()
    assert hash_of(held | {name: held[name] + b"\n"}) != fingerprint()
    assert hash_of({each: held[each] for each in held if each != name}) != fingerprint()
    assert hash_of(held | {f"more/{name}": held[name]}) != fingerprint()


def test_the_order_of_the_ingredients_is_of_no_matter() -> None:
    assert hash_of({"a": b"1", "b": b"2"}) == hash_of({"b": b"2", "a": b"1"})
    assert hash_of({"a": b"1", "b": b"2"}) != hash_of({"a": b"2", "b": b"1"})


@pytest.mark.slow
def test_an_edited_word_list_makes_the_index_out_of_date(tmp_path: Path) -> None:
    shutil.copytree(Path(changai.__file__).parent, tmp_path / "src" / "changai")
    write_small(tmp_path / "index")

    def changai_says(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", "from changai.cli.main import main; main()", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path / "src"), "PATH": "/usr/bin"},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    assert "已建成索引 000001-" in changai_says("build")[1]
    assert "没有变化" in changai_says("build")[1]
    words = tmp_path / "src" / "changai" / "text" / "lexicon" / "stopwords.txt"
    words.write_text(words.read_text(encoding="utf-8") + "也许\n", encoding="utf-8")
    code, said = changai_says("ask", "焊工一年能领几顶帽子?")
    assert code == 2
    assert "请运行：changai build" in said
    assert "已建成索引 000002-" in changai_says("build")[1]
    assert changai_says("ask", "焊工一年能领几顶帽子?")[0] < 2
