"""Checks that a text file is UTF-8. If it is not, says what it is and how to convert it.

No other encoding is ever read: the encoding would be a guess, and a wrong guess would be taken for
the article's text.
"""

import os
import shlex
from functools import cache
from pathlib import Path

from changai.errors import shown

_MARKED = (b"\xff\xfe", b"\xfe\xff")
"""The byte order marks that UTF-16 text begins with."""

_CONVERTED = ".utf8"
_LONGEST_NAME = 255
"""The longest name of a file on Linux, in bytes."""


def fault(path: Path, data: bytes) -> str:
    """Why the ``data`` of a file cannot be read as UTF-8 text, and what to do, in Chinese. Empty if
    it can be read."""
    try:
        if "\0" not in data.decode("utf-8"):
            return ""
        broken = None
    except UnicodeDecodeError as error:
        broken = error.start
        read = data.decode("utf-8", "replace")
        if _common(read) > read.count("\ufffd"):
            line = _line(data, broken)
            return (
                f"{shown(path)} 第 {line} 行有不成 UTF-8 字符的字节；请改好那里，存成 UTF-8 纯文本"
            )
    if encoding := _encoding(data):
        return _conversion(path, data, encoding)
    if broken is None:
        line = _line(data, data.index(b"\0"))
        return f"{shown(path)} 第 {line} 行有空字符（字节 00）；请删去它，文件不是文本就移走"
    return (
        f"{shown(path)} 不是 UTF-8 文本，也看不出是什么编码；请打开它，另存为 UTF-8 纯文本，或移走"
    )


def _conversion(path: Path, data: bytes, encoding: str) -> str:
    """How to convert a file that seems to be in another encoding, without losing the original."""
    named = shown(path)
    before, broken, _ = data.decode(encoding, "replace").partition("\ufffd")
    line = before.count("\n") + 1
    first = f"先改好第 {line} 行的坏字符，再" if broken else ""
    if named != str(path) or len(os.fsencode(path.name)) > _LONGEST_NAME - len(_CONVERTED):
        # No command: its invisible characters could not be copied, or the new name is too long.
        return f"{named} 看来是 {encoding} 编码；请{first}给它改个短的名字，转成 UTF-8"
    old, new = shlex.quote(str(path)), shlex.quote(f"{path}{_CONVERTED}")
    return (
        f"{path} 看来是 {encoding} 编码；请{first}转成 UTF-8，"
        f"看过 {path.name}{_CONVERTED} 没有乱码，再换掉原文件："
        f"iconv -f {encoding} -t UTF-8 < {old} > {new}"
    )


def _encoding(data: bytes) -> str:
    """The encoding, by iconv's name, in which the bytes are Chinese text, or empty.

    At least half of the characters that are not printable ASCII must be common ones. So a few
    broken bytes do no harm.
    """
    if data.startswith(_MARKED):
        names = ["UTF-16"]
    else:
        names = ["UTF-16LE", "UTF-16BE"] if b"\0" in data else ["GB18030"]
    for name in names:
        text = data.decode(name, "replace")
        plain = sum(each.isspace() or (each.isascii() and each.isprintable()) for each in text)
        if text and 2 * _common(text) >= len(text) - plain:
            return name
    return ""


def _common(text: str) -> int:
    """How many common Chinese characters a text has."""
    common = _common_characters()
    return sum(character in common for character in text)


@cache
def _common_characters() -> frozenset[str]:
    """The 3,755 characters of GB 2312-80, level 1.

    Bytes that are not Chinese text mostly give rare characters when they are read as Chinese;
    Japanese text in Shift JIS gives hardly anything else.
    """
    rows, cells = range(0xB0, 0xD8), range(0xA1, 0xFF)
    codes = bytes(byte for row in rows for cell in cells for byte in (row, cell))
    return frozenset(codes.decode("gb2312", "ignore"))


def _line(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
