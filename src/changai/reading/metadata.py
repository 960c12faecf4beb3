"""Reads ``NAME.toml``, the metadata of the article ``NAME.txt``. Every key is optional::

    title = "…"                     # the correct title, publisher and date
    publisher = "…"
    published = 2023-05-13
    region = "宁波"
    url = "https://…"               # where the article was published
    hotline = {number = "12351", name = "工会维权热线"}

    [[examples]]                    # a question that the page offers
    question = "…"
    topic = "…"
    audience = "worker"             # or "official"

    [misread]                       # a misread word and the right one, only for matching:
    "宁淀" = "宁波"                  # what users see is never changed

All faults are reported together. An unknown key is a fault: it may be a misspelt one.
"""

import errno
import hashlib
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from changai import files
from changai.errors import MetadataError, several, shown
from changai.reading import decoding
from changai.records import AUDIENCES, Document, Example, Hotline, Misreading, Printed
from changai.text.characters import has_words, is_printable
from changai.text.normalisation import normalise

LARGEST = 30_000
"""The largest file, in bytes."""

_LONGEST_NAME = 200
"""The longest title or issuing body, in characters."""
_LONGEST_URL = 2_000
_LONGEST_QUESTION = 100
"""The longest example, as typed and as normalised, in characters: it must fit on a button."""
_LONGEST_WORD = 30
"""The longest region, topic, hotline name or misread word, in characters."""
_MOST_EXAMPLES = 20
_MOST_KEYS = 200
"""The most keys of a table, and so the most misread words."""

_MOST_DOTS = 8
"""The most dots of a key. The time that tomllib takes rises with the square of their number."""

_DOTTED = re.compile(
    rf"""
    ^[ \t]*+ \[{{0,2}}+ [ \t]*+
    (?: (?: [\w-]++ | "(?:\\.|[^"\\\n])*+" | '[^'\n]*+' ) [ \t]*+ \. [ \t]*+ ){{{_MOST_DOTS + 1}}}
    """,
    re.MULTILINE | re.VERBOSE,
)
"""The beginning of a line whose key, or name of a table, has more dots than that. The quantifiers
are possessive, which makes a search take linear time."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HOST = re.compile(r"\w[\w.-]*")
_NOT_IN_URL = re.compile(r"[\s\\<>\"{}|^`]")
_NUMBER = re.compile(r"\+?[0-9][0-9-]{1,18}[0-9]")
_PLACE = re.compile(r"line (\d+), column (\d+)")
_QUOTED = 20
"""How many characters of a key an error message shows."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of an article. Missing keys are empty. ``sha256`` is that of the file."""

    title: str = ""
    publisher: str = ""
    published: str = ""
    region: str = ""
    url: str = ""
    hotline: Hotline | None = None
    examples: tuple[Example, ...] = ()
    misreadings: tuple[Misreading, ...] = ()
    sha256: str = ""


def read(path: Path, text: str) -> Metadata:
    """Read the metadata file of the article with this ``text``.

    Raises MetadataError, which lists all faults: file, key, and what to write instead.
    """
    try:
        data = files.read_bytes(path, LARGEST)
    except OSError as error:
        large = error.errno == errno.EFBIG
        cause = f"超过 {LARGEST // 1000} KB；请删短" if large else files.cause(error)
        raise MetadataError(f"读不了 {shown(path)}：{cause}") from error
    if wrong := decoding.fault(path, data):
        raise MetadataError(wrong)
    toml = data.decode("utf-8-sig")
    if dotted := _DOTTED.search(toml):
        line = toml.count("\n", 0, dotted.start()) + 1
        raise MetadataError(
            f"{shown(path)} 第 {line} 行的键里，点超过 {_MOST_DOTS} 个；请改短，或用英文引号括起来"
        )
    try:
        raw = tomllib.loads(toml)
    except (ValueError, RecursionError) as error:
        raise MetadataError(_not_toml(path, error)) from error
    table = _Table("", raw, [])
    metadata = _metadata(table, text, hashlib.sha256(data).hexdigest())
    if table.faults:
        raise MetadataError(several([f"{shown(path)} 的 {fault}" for fault in table.faults]))
    return metadata


def describe(document: Document, metadata: Metadata) -> Document:
    """A document with its metadata applied. ``printed`` keeps what its own page says instead."""
    # Where a page has no title, its file's name stands for it, and may occur in the text by chance.
    unknown = document.title == Path(document.file).stem or document.title not in document.text
    own_title = "" if unknown else document.title
    return replace(
        document,
        title=metadata.title or document.title,
        publisher=metadata.publisher or document.publisher,
        published=metadata.published or document.published,
        region=metadata.region,
        url=metadata.url,
        hotline=metadata.hotline,
        examples=metadata.examples,
        misreadings=metadata.misreadings,
        printed=Printed(
            _otherwise(own_title, metadata.title),
            _otherwise(document.publisher, metadata.publisher),
            _otherwise(document.published, metadata.published),
        ),
    )


def _otherwise(own: str, corrected: str) -> str:
    """What the page itself says, if that has been corrected; otherwise empty."""
    return own if corrected not in ("", own) else ""


def _not_toml(path: Path, error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return f"{shown(path)} 的括号套得太深；请改短"
    found = _PLACE.search(str(error))
    place = f"第 {found[1]} 行第 {found[2]} 列" if found else "还没有写完，或"
    return (
        f"{shown(path)} {place}不合 TOML 的写法；请检查：引号、等号、括号都用英文的，并且成对，"
        "同一项只写一次，日期是日历上有的"
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the file, its name in messages, and the faults found in the file so far."""

    name: str
    values: dict[str, Any]
    faults: list[str]

    def fault(self, key: str, what: str) -> None:
        """Record what is wrong with a key."""
        self.faults.append(f"{self.name}{shown(key)[:_QUOTED]}：{what}")

    def take(self, key: str, read: Callable[[object], T], otherwise: T) -> T:
        """The value of a key, converted by ``read``; ``otherwise`` if it is missing or wrong.

        ``read`` raises ValueError for a wrong value. Its message says what to write instead.
        """
        if key not in self.values:
            return otherwise
        try:
            return read(self.values[key])
        except ValueError as error:
            self.fault(key, str(error))
            return otherwise

    def allow(self, *keys: str) -> None:
        """Record every key that is not one of these as a fault."""
        for key in self.values:
            if key not in keys:
                self.fault(key, f"没有这一项；请删去，或改成 {'、'.join(keys)}")

    def require(self, *keys: str) -> None:
        """Record every one of these keys that is missing, and every other key, as a fault."""
        self.allow(*keys)
        for key in keys:
            if key not in self.values:
                self.fault(key, "没有写；请补上")


def _metadata(table: _Table, text: str, sha256: str) -> Metadata:
    table.allow(
        *("title", "publisher", "published", "region", "url", "hotline", "examples", "misread")
    )
    return Metadata(
        title=table.take("title", partial(_line, most=_LONGEST_NAME), ""),
        publisher=table.take("publisher", partial(_line, most=_LONGEST_NAME), ""),
        published=table.take("published", _day, ""),
        region=table.take("region", _word, ""),
        url=table.take("url", _url, ""),
        hotline=_hotline(table),
        examples=_examples(table),
        misreadings=_misreadings(table, text),
        sha256=sha256,
    )


def _hotline(table: _Table) -> Hotline | None:
    values = table.take("hotline", _hotline_table, None)
    if values is None:
        return None
    own = _Table("hotline 的 ", values, table.faults)
    own.require("number", "name")
    return Hotline(own.take("number", _number, ""), own.take("name", _word, ""))


def _examples(table: _Table) -> tuple[Example, ...]:
    examples: dict[tuple[str, str], Example] = {}
    written: list[dict[str, Any]] = table.take("examples", _tables, [])
    for number, values in enumerate(written, start=1):
        each = _Table(f"examples 第 {number} 个的 ", values, table.faults)
        each.require("question", "topic", "audience")
        example = Example(
            each.take("question", _question, ""),
            each.take("topic", _word, ""),
            each.take("audience", _audience, ""),
        )
        alike = (normalise(example.question), example.audience)
        if example.question and alike in examples:
            each.fault("question", "与前面的一个相同；请删去或换一个")
        examples[alike] = example
    return tuple(examples.values())


def _misreadings(table: _Table, text: str) -> tuple[Misreading, ...]:
    own = _Table("misread 的 ", table.take("misread", _table, {}), table.faults)
    misreadings = []
    for printed in own.values:
        meant = own.take(printed, _word, "")
        misreadings.append(Misreading(printed, meant))
        if not printed.strip() or len(printed) > _LONGEST_WORD:
            own.fault(printed, f"应有 1 至 {_LONGEST_WORD} 个字；请改好")
        elif printed not in text:
            own.fault(printed, "文章里没有这几个字；请照文章的写法写，或删去")
        elif meant and normalise(printed) == normalise(meant):
            own.fault(printed, "与它要读成的相同；请改好，或删去")
    return tuple(misreadings)


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > _MOST_KEYS:
        raise ValueError(f'请写成一张表，例如 {{键 = "值"}}，不超过 {_MOST_KEYS} 项')
    return value


def _hotline_table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError('请写成 {number = "12351", name = "工会维权热线"}')
    return _table(value)


def _tables(value: object) -> list[dict[str, Any]]:
    if (
        not isinstance(value, list)
        or len(value) > _MOST_EXAMPLES
        or not all(isinstance(each, dict) for each in value)
    ):
        raise ValueError(f"请写成 [[examples]]，不超过 {_MOST_EXAMPLES} 个")
    return value


def _line(value: object, *, most: int) -> str:
    if (
        not isinstance(value, str)
        or not has_words(value)
        or len(value) > most
        or not is_printable(value)
    ):
        raise ValueError(f"请写一行文字，用英文引号括起来，不超过 {most} 个字")
    return value.strip()


def _word(value: object) -> str:
    return _line(value, most=_LONGEST_WORD)


def _question(value: object) -> str:
    question = _line(value, most=_LONGEST_QUESTION)
    # One character may expand to a whole phrase when it is normalised.
    return _line(normalise(question), most=_LONGEST_QUESTION) and question


def _audience(value: object) -> str:
    if not isinstance(value, str) or value not in AUDIENCES:
        raise ValueError("请写 " + " 或 ".join(f'"{key}"（{n}）' for key, n in AUDIENCES.items()))
    return value


def _day(value: object) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise ValueError("请写日历上有的日期，例如 2023-05-13")


def _number(value: object) -> str:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ValueError('请写电话号码，只用数字和“-”，用英文引号括起来，例如 "12351"')
    return value


def _url(value: object) -> str:
    """A URL that is safe to link to: people and browsers see the same host in it."""
    wrong = ValueError(
        "请写以 http:// 或 https:// 开头的完整网址，不带用户名和空格，中文域名写成 xn-- 的形式"
    )
    if not isinstance(value, str) or len(value) > _LONGEST_URL or _NOT_IN_URL.search(value):
        raise wrong
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise wrong from error
    # Browsers read full-width and similar letters as plain ones.
    plain = parts.netloc.isascii() and parts.username is None and _HOST.fullmatch(host)
    if parts.scheme not in {"http", "https"} or not is_printable(value) or not plain:
        raise wrong
    return value
