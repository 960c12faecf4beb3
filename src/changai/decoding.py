"""Text files from outside: UTF-8, or else what they are and how to make them so.

Nothing is read in another encoding: where it is a guess, a wrong one would pass for the article.
"""

import shlex
from pathlib import Path

_MARKED = (b"\xff\xfe", b"\xfe\xff")
"""The byte order marks that UTF-16 text begins with."""

_ODD = 0.05
"""The share of characters that a text may have that are neither printed nor white space: GB18030
keeps some of its blanks in the private use area."""


def fault(path: Path, data: bytes) -> str:
    """Why the ``data`` of a file cannot be read as UTF-8 text, and what to do, in Chinese; empty
    where it can."""
    try:
        if "\0" not in data.decode("utf-8"):
            return ""
    except UnicodeDecodeError as error:
        read = data.decode("utf-8", "replace")
        if _han(read) > read.count("\ufffd"):
            line = data.count(b"\n", 0, error.start) + 1
            return f"{path} 第 {line} 行有不成 UTF-8 字符的字节；请改好那里，存成 UTF-8 纯文本"
    if encoding := _encoding(data):
        old, new = shlex.quote(str(path)), shlex.quote(f"{path}.utf8")
        command = f"iconv -f {encoding} -t UTF-8 {old} > {new} && mv {new} {old}"
        return f"{path} 看来是 {encoding} 编码；请转成 UTF-8：{command}"
    return f"{path} 不是 UTF-8 文本，也看不出是什么编码；请打开它，另存为 UTF-8 纯文本，或移走"


def _encoding(data: bytes) -> str:
    """The encoding, as iconv calls it, in which the bytes are Chinese text, or nothing."""
    if data.startswith(_MARKED):
        return "UTF-16"
    for name in ("UTF-16LE", "UTF-16BE") if b"\0" in data else ("GB18030",):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        odd = sum(not (character.isprintable() or character.isspace()) for character in text)
        if _han(text) and odd <= _ODD * len(text):
            return name
    return ""


def _han(text: str) -> int:
    """How many of the common Chinese characters a text has."""
    return sum("\u4e00" <= character <= "\u9fff" for character in text)
