from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from changai import files


def test_a_checksum_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert files.sha256(path) == sha256(b"abc").hexdigest()


def test_lines_come_back_as_they_were(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"文": "一\n二\u2028三"}, {"n": 1}]
    files.write_lines(tmp_path / "rows", rows)
    assert list(files.read_lines(tmp_path / "rows")) == rows


def test_text_takes_the_place_of_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for text in ("旧的，长一些\n", "新\n"):
        files.replace_text(path, text)
        assert path.read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before")
    with pytest.raises(UnicodeEncodeError):
        files.replace_text(path, "after\ud800")
    with pytest.raises(OSError, match="a"):
        files.replace_text(tmp_path, "a file in the place of a folder")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
    assert not list(tmp_path.parent.glob(f"{tmp_path.name}.*"))


def test_files_are_named_from_their_folder_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/c", "a"):
        (tmp_path / name).write_bytes(b"")
    files.sync_tree(tmp_path)
    assert files.file_names(tmp_path) == ["a", "b/c"]


def test_json_is_readable(tmp_path: Path) -> None:
    files.write_json(tmp_path / "x", {"乙": 2, "甲": 1})
    assert (tmp_path / "x").read_text(encoding="utf-8") == '{\n "乙": 2,\n "甲": 1\n}\n'
