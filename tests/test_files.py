from hashlib import sha256
from pathlib import Path
from typing import Any

from changai import files


def test_a_checksum_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert files.sha256(path) == sha256(b"abc").hexdigest()


def test_lines_come_back_as_they_were(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"文": "一\n二\u2028三"}, {"n": 1}]
    files.write_lines(tmp_path / "rows", rows)
    assert list(files.read_lines(tmp_path / "rows")) == rows


def test_files_are_named_from_their_folder_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/c", "a"):
        (tmp_path / name).write_bytes(b"")
    files.sync_tree(tmp_path)
    assert files.file_names(tmp_path) == ["a", "b/c"]


def test_json_is_readable(tmp_path: Path) -> None:
    files.write_json(tmp_path / "x", {"乙": 2, "甲": 1})
    assert (tmp_path / "x").read_text(encoding="utf-8") == '{\n "乙": 2,\n "甲": 1\n}\n'
