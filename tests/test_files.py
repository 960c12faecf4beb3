import errno
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from changai import files


def test_a_checksum_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert files.sha256(path) == sha256(b"abc").hexdigest()


@dataclass(frozen=True)
class Inner:
    word: str


@dataclass(frozen=True)
class Row:
    text: str
    number: int
    words: tuple[str, ...]
    named: dict[str, str]
    inner: Inner
    several: tuple[Inner, ...]
    perhaps: Inner | None


ROW = {"text": "一\n二\u2028三", "number": 3, "words": ["甲"], "named": {"乙": "丙"},
       "inner": {"word": "丁"}, "several": [{"word": "戊"}], "perhaps": {"word": "己"}}  # fmt: skip


def test_lines_come_back_as_they_were(tmp_path: Path) -> None:
    bare = ROW | {"words": [], "several": [], "perhaps": None}
    files.write_lines(tmp_path / "rows", [ROW, bare])
    first, second = files.read_lines(tmp_path / "rows", Row)
    assert first == Row(
        "一\n二\u2028三", 3, ("甲",), {"乙": "丙"}, Inner("丁"), (Inner("戊"),), Inner("己")
    )
    assert second == replace(first, words=(), several=(), perhaps=None)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        ROW | {"more": 1},
        {name: value for name, value in ROW.items() if name != "text"},
        ROW | {"text": None},
        ROW | {"text": ["一"]},
        ROW | {"text": "\ud800"},
        ROW | {"number": "3"},
        ROW | {"number": 3.0},
        ROW | {"number": True},
        ROW | {"words": "甲"},
        ROW | {"words": [1]},
        ROW | {"words": ["\udfff"]},
        ROW | {"named": ["乙"]},
        ROW | {"named": {"乙": None}},
        ROW | {"named": {"\ud800": "丙"}},
        ROW | {"inner": "丁"},
        ROW | {"inner": {"word": 1}},
        ROW | {"inner": {}},
        ROW | {"inner": None},
        ROW | {"several": {"word": "戊"}},
        ROW | {"several": [{"word": "戊"}, None]},
        ROW | {"perhaps": "己"},
        ROW | {"perhaps": {"word": None}},
    ],
)
def test_what_is_no_record_of_the_kind_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match=r"类型不对|应有且只有"):
        files.as_record(Row, raw)


def test_brackets_nested_too_deeply_are_no_json() -> None:
    with pytest.raises(ValueError, match="太深"):
        files.parse_json("[" * 100_000 + "]" * 100_000)


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert files.read_bytes(tmp_path / "a", 3) == b"abc"
    with pytest.raises(OSError, match="超过") as caught:
        files.read_bytes(tmp_path / "a", 2)
    assert caught.value.errno == errno.EFBIG
    (tmp_path / "link").symlink_to("a")
    assert files.read_bytes(tmp_path / "link", 3) == b"abc"


@pytest.mark.parametrize("read", [files.sha256, partial(files.read_bytes, most=9)])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    (tmp_path / "circle").symlink_to("circle")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    said = {
        "pipe": "普通文件", "endless": "普通文件", "socket": "普通文件", "circle": "绕成了圈",
        ".": "目录", "nowhere": "没有这个文件", "a" * 256: "太长",
    }  # fmt: skip
    for name, cause in said.items():
        with pytest.raises(OSError, match=r".") as caught:
            read(tmp_path / name)
        assert cause in files.cause(caught.value)


def test_a_name_as_long_as_can_be_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / ("名" * 85)
    files.replace_text(path, "新\n")
    assert path.read_text(encoding="utf-8") == "新\n"


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
