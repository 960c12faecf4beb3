"""How a generation comes into use, and older ones go."""

import errno
import os
from pathlib import Path

import pytest

from changai.errors import (
    IndexBusyError,
    IndexStateError,
)
from changai.indexing import publishing, store
from changai.indexing.build import build_index
from changai.search.index import Index


def test_two_builds_at_once_are_refused(own_folder: Path) -> None:
    with publishing.build_lock(own_folder), pytest.raises(IndexBusyError):
        build_index(own_folder / "articles", own_folder)


def test_a_folder_that_cannot_be_written_is_named(own_folder: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(IndexStateError, match="file"):
        build_index(own_folder / "articles", blocked)


def test_a_switch_that_fails_leaves_the_old_generation_and_nothing_else(own_folder: Path) -> None:
    built = own_folder / "built"
    before = store.current_generation(own_folder)
    (built / "tmp-current.json").mkdir()  # so that the new pointer cannot be written
    (own_folder / "articles" / "more.txt").write_text("标题\n正文。\n", encoding="utf-8")
    with pytest.raises(IndexStateError):
        build_index(own_folder / "articles", own_folder)
    assert store.current_generation(own_folder) == before
    assert [p.name for p in built.iterdir() if p.name[0].isdecimal()] == [before]


@pytest.mark.parametrize("operation", ["fsync", "rmdir"])
def test_what_fails_after_the_switch_is_told_and_undoes_nothing(
    small_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    operation: str,
) -> None:
    more = small_folder / "articles" / "more.txt"
    more.write_text("标题\n正文第0稿。\n", encoding="utf-8")
    build_index(more.parent, small_folder)
    more.write_text("标题\n正文第1稿。\n", encoding="utf-8")
    switch, real = os.replace, getattr(os, operation)
    switched = []

    def replace(*given: Path) -> None:
        switch(*given)
        switched.append(given)

    def fail(*given: int, **named: int) -> None:
        if switched:
            raise OSError(errno.EIO, "Input/output error")
        real(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        patch.setattr(os, operation, fail)
        report = build_index(more.parent, small_folder)
    assert report.changed
    assert report.generation == store.current_generation(small_folder)
    assert "第1稿" in "".join(p.text for p in Index.open(small_folder).passages)
    (said,) = [r.getMessage() for r in caplog.records if r.name == "changai.indexing.publishing"]
    assert "已经在用" in said and "写不了" not in said


def test_two_generations_stay_and_older_ones_go(own_folder: Path) -> None:
    article = own_folder / "articles" / "more.txt"
    for number in range(3):
        article.write_text(f"标题\n正文第{number}稿。\n", encoding="utf-8")
        build_index(own_folder / "articles", own_folder)
    kept = sorted(p.name for p in (own_folder / "built").iterdir() if p.is_dir())
    assert [name[:6] for name in kept] == ["000003", "000004"]
    assert store.current_generation(own_folder) == kept[1]


def test_what_an_interrupted_build_left_is_removed(own_folder: Path) -> None:
    left = own_folder / "built" / "tmp-interrupted"
    left.mkdir()
    (own_folder / "articles" / "more.txt").write_text("标题\n正文。\n", encoding="utf-8")
    build_index(own_folder / "articles", own_folder)
    assert not left.exists()
