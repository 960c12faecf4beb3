"""Files that are not UTF-8 text, and what is said of them."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.reading.decoding import fault

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
@pytest.mark.parametrize("name", ["一 份.txt", "-x.txt"])
def test_the_command_makes_utf_8_of_it_beside_it(
    tmp_path: Path, name: str, data: bytes, encoding: str
) -> None:
    (tmp_path / name).write_bytes(data)
    said = fault(Path(name), data)
    assert said.startswith(
        f"{name} 看来是 {encoding} 编码；请转成 UTF-8，"
        f"看过 {name}.utf8 没有乱码，再换掉原文件：iconv"
    )
    subprocess.run(["sh", "-c", said.rpartition("：")[2]], check=True, cwd=tmp_path)
    assert (tmp_path / f"{name}.utf8").read_text(encoding="utf-8").startswith(TEXT)
    # The encoding is a guess: what was there is still there.
    assert (tmp_path / name).read_bytes() == data


@pytest.mark.parametrize(
    ("data", "encoding", "line"),
    [
        # 0xFF begins no character, and the last one is cut.
        (TEXT.encode("gb18030").replace(b"2023", b"20\xff23"), "GB18030", 2),
        (TEXT.encode("gb18030") + "次".encode("gb18030")[:1], "GB18030", 4),
        (TEXT.encode("utf-16-le") + b"\x2e", "UTF-16LE", 4),
        (b"\xff\xfe" + TEXT.encode("utf-16-le") + b"\x2e", "UTF-16", 4),
    ],
)
def test_a_broken_byte_hides_no_encoding(data: bytes, encoding: str, line: int) -> None:
    assert f"看来是 {encoding} 编码；请先改好第 {line} 行的坏字符，再转成" in fault(PATH, data)


UNKNOWN = "a.txt 不是 UTF-8 文本，也看不出是什么编码；请打开它，另存为 UTF-8 纯文本，或移走"


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp"])
def test_japanese_is_not_taken_for_chinese(encoding: str) -> None:
    text = "労働組合とは、労働者が主体となって組織する団体をいう。ヘルメットは毎年もらえます。\n"
    assert fault(PATH, text.encode(encoding)) == UNKNOWN


@pytest.mark.parametrize(
    ("data", "line"), [(b"abc\0def", 1), (TEXT.replace("名", "\0").encode(), 3)]
)
def test_a_null_character_is_located(data: bytes, line: int) -> None:
    # Saved as UTF-8 once more it would be the same.
    assert fault(PATH, data) == (
        f"a.txt 第 {line} 行有空字符（字节 00）；请删去它，文件不是文本就移走"
    )


def test_a_damaged_byte_is_located_and_not_taken_for_another_encoding() -> None:
    lines = TEXT.encode().splitlines(keepends=True)
    lines[1] = b"\xe4" + lines[1]
    said = fault(PATH, b"".join(lines))
    assert said == "a.txt 第 2 行有不成 UTF-8 字符的字节；请改好那里，存成 UTF-8 纯文本"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0",
        b"PK\3\4\x14\0\6\0\x08\0\0\0!\0\xe9",
        b"\xff\xff",
        # The byte order mark of UTF-16, and nothing or no text behind it.
        b"\xff\xfe",
        b"\xff\xfe\x00",
        b"\xff\xfe\x00\xd8\x01\x00\x00\xdc\x02\x00",
    ],
)
def test_what_is_no_text_is_told(data: bytes) -> None:
    assert fault(PATH, data) == UNKNOWN


@given(st.binary())
def test_nothing_that_cannot_be_read_goes_unsaid(data: bytes) -> None:
    try:
        readable = b"\0" not in data and data.decode("utf-8-sig") is not None
    except UnicodeDecodeError:
        readable = False
    assert (fault(PATH, data) == "") is readable
