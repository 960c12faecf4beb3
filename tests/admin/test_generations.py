"""What generations there are, and going back to one."""

from pathlib import Path

import pytest

from changai.admin.generations import listed, roll_back
from changai.errors import IndexBusyError, IndexDamagedError, IndexMissingError, IndexStateError
from changai.indexing import publishing, store
from changai.indexing.build import build_index
from changai.search.index import Index
from support.commands import run
from support.manifests import edit_manifest

THREE = "每名焊工每年发放安全帽三顶。"
FOUR = "每名焊工每年发放安全帽四顶。"


def rebuild(folder: Path, sentence: str) -> str:
    (folder / "articles" / "welders.txt").write_text(f"办法\n{sentence}\n", encoding="utf-8")
    return build_index(folder / "articles", folder).generation


@pytest.fixture
def two(small_folder: Path) -> Path:
    """A folder with two generations, of which the second says three helmets."""
    (small_folder / "articles" / "welders.questions.jsonl").unlink()
    rebuild(small_folder, THREE)
    return small_folder


@pytest.mark.slow
def test_the_one_before_is_put_into_use_and_a_rebuild_keeps_it(two: Path) -> None:
    before, current = store.generations(two)
    asked = Index.open(two)
    assert asked.passages[1].text == THREE
    assert roll_back(two).name == before == store.current_generation(two)
    assert asked.refresh()
    assert asked.passages[1].text == "每名焊工每年发放安全帽两顶。"
    assert store.generations(two) == [before, current]
    newest = rebuild(two, FOUR)
    assert store.generations(two) == [before, newest]
    assert newest.startswith("000003-")
    assert roll_back(two).name == before


@pytest.mark.slow
def test_the_articles_as_they_are_make_the_same_index_again(two: Path) -> None:
    roll_back(two)
    assert build_index(two / "articles", two).changed
    assert Index.open(two).passages[1].text == THREE


@pytest.mark.slow
def test_a_generation_that_is_named_is_put_into_use(two: Path) -> None:
    before, current = store.generations(two)
    roll_back(two)
    assert roll_back(two, current).in_use
    assert Index.open(two).passages[1].text == THREE
    # Also where it cannot be seen any more which one is in use.
    (two / "built" / "current.json").write_text("{", encoding="utf-8")
    with pytest.raises(IndexStateError, match="请写出要换成哪一代"):
        roll_back(two)
    assert roll_back(two, before).name == store.current_generation(two)


def test_what_is_not_there_is_refused(two: Path, tmp_path: Path) -> None:
    before, current = store.generations(two)
    for name in ("000009-0123456789abcdef", "..", "", f"../built/{before}", "\udcff"):
        with pytest.raises(IndexMissingError, match="changai generations"):
            roll_back(two, name)
    with pytest.raises(IndexStateError, match="本来就在用"):
        roll_back(two, current)
    roll_back(two)
    with pytest.raises(IndexMissingError, match="没有比"):
        roll_back(two)
    with pytest.raises(IndexMissingError, match="changai build"):
        roll_back(tmp_path / "typo")
    assert not (tmp_path / "typo").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["passages.faiss", "manifest.json", "documents.jsonl"])
def test_a_generation_that_is_damaged_stays_out_of_use(two: Path, name: str) -> None:
    before, current = store.generations(two)
    path = two / "built" / before / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IndexDamagedError):
        roll_back(two)
    assert store.current_generation(two) == current
    assert Index.open(two).passages[1].text == THREE
    broken, sound = listed(two)
    assert (broken.name, broken.in_use, sound.in_use) == (before, False, True)
    assert name in broken.fault and sound.fault == ""


def test_during_a_build_nothing_is_switched(two: Path) -> None:
    with publishing.build_lock(two), pytest.raises(IndexBusyError):
        roll_back(two)


def test_the_commands_say_what_there_is_and_what_was_done(two: Path) -> None:
    before, current = store.generations(two)
    result = run("generations", "--index", two)
    first, second = result.stdout.splitlines()
    assert result.exit_code == 0
    assert first.startswith(f"{before}  20") and first.endswith("（北京时间）建成，文章 1 篇，完好")
    assert second.startswith(f"{current}  20") and second.endswith("完好  在用")
    result = run("rollback", "--index", two)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"已换回索引 {before}：20")
    assert f"{two / 'articles'} 里的文章没有动，请先改好" in result.stdout
    assert "changai build" in result.stdout
    (two / "built" / current / "clauses.npy").unlink()
    lines = run("generations", "--index", two).stdout.splitlines()
    assert lines[0].endswith("完好  在用")
    assert lines[1] == f"{current}  不能用"
    assert lines[2].startswith("    索引文件 ") and "clauses.npy" in lines[2]
    result = run("rollback", "--index", two)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "没有比" in result.stderr


def test_a_generation_in_use_that_cannot_be_used_is_told_to_scripts(two: Path) -> None:
    before, current = store.generations(two)
    (two / "built" / current / "clauses.npy").unlink()
    assert run("generations", "--index", two).exit_code == 2
    # By its number alone.
    assert run("rollback", before[:6], "--index", two).exit_code == 0
    assert run("generations", "--index", two).exit_code == 0
    (two / "built" / "current.json").unlink()
    assert run("generations", "--index", two).exit_code == 2


def test_the_time_is_that_of_beijing(small_folder: Path) -> None:
    edit_manifest(small_folder, built="2026-11-27T18:15:20+00:00")
    assert (
        "  2026-11-28 02:15（北京时间）建成" in run("generations", "--index", small_folder).stdout
    )
