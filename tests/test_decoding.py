"""Files that are not UTF-8 text, and what is said of them."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.decoding import fault

TEXT = "宁波的做法\n发布日期:2023-05-13\n产业工人有1,200名,培训3次。\n"
PATH = Path("a.txt")


@pytest.mark.parametrize("text", ["", TEXT, "\ufeff标题", "plain", "带替换符\ufffd"])
def test_utf_8_is_read(text: str) -> None:
    assert fault(PATH, text.encode()) == ""


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode("gb18030"), "GB18030"),
        # A blank that GB18030 keeps in the private use area, as saved web pages have it.
        (TEXT.encode("gb18030") + b"\xa3\xa0", "GB18030"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "UTF-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16LE"),
        (TEXT.encode("utf-16-be"), "UTF-16BE"),
    ],
)
def test_the_command_makes_it_utf_8(tmp_path: Path, data: bytes, encoding: str) -> None:
    path = tmp_path / "一 份.txt"
    path.write_bytes(data)
    said = fault(path, data)
    assert said.startswith(f"{path} 看来是 {encoding} 编码")
    subprocess.run(["sh", "-c", said.rpartition("：")[2]], check=True)
    assert path.read_text(encoding="utf-8").startswith(TEXT)
    assert [each.name for each in tmp_path.iterdir()] == ["一 份.txt"]


def test_a_damaged_byte_is_located_and_not_taken_for_another_encoding() -> None:
    lines = TEXT.encode().splitlines(keepends=True)
    lines[1] = b"\xe4" + lines[1]
    said = fault(PATH, b"".join(lines))
    assert said == "a.txt 第 2 行有不成 UTF-8 字符的字节；请改好那里，存成 UTF-8 纯文本"


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n\0\0", b"abc\0def", b"PK\3\4\x14\0\6\0\x08\0\0\0!\0\xe9", b"\xff\xff"],
)
def test_what_is_no_text_is_told(data: bytes) -> None:
    assert fault(PATH, data) == (
        "a.txt 不是 UTF-8 文本，也看不出是什么编码；请打开它，另存为 UTF-8 纯文本，或移走"
    )


@given(st.binary())
def test_nothing_that_cannot_be_read_goes_unsaid(data: bytes) -> None:
    try:
        readable = b"\0" not in data and data.decode("utf-8-sig") is not None
    except UnicodeDecodeError:
        readable = False
    assert (fault(PATH, data) == "") is readable
