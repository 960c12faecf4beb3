"""Reading and writing files safely: bounded reads, checksums, JSON, and flushing to disk.

The files may come from anyone. So nothing here waits for a pipe, reads without a limit, or accepts
a value of the wrong type.
"""

import dataclasses
import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from functools import cache
from io import BufferedReader
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints
from uuid import uuid4

T = TypeVar("T")

_HALF = re.compile("[\ud800-\udfff]")
_MEGABYTE = 1_000_000
_NOT_REGULAR = errno.ENXIO
"""The code that the system itself returns when a socket is opened as a file."""

_CAUSES = {
    errno.ENOENT: "没有这个文件；请检查路径",
    errno.ENOTDIR: "没有这个文件；请检查路径",
    errno.EACCES: "没有权限；请改好文件和所在目录的权限",
    errno.EPERM: "没有权限；请改好文件和所在目录的权限",
    errno.EISDIR: "这是一个目录，不是文件；请改名，或移走",
    errno.ELOOP: "链接绕成了圈；请换成文件本身，或移走",
    errno.ENAMETOOLONG: "名字太长；请改短",
    errno.ENOSPC: "磁盘已满；请腾出空间",
    errno.EDQUOT: "磁盘配额已满；请腾出空间",
    errno.EROFS: "磁盘是只读的；请换一个地方",
    errno.EIO: "磁盘读写出错；请检查磁盘",
    _NOT_REGULAR: "这不是普通文件，是管道、设备或套接字；请改名，或移走",
}


def cause(error: OSError) -> str:
    """What a system error means for a file, and what to do about it, in Chinese."""
    if error.errno == errno.EFBIG:
        return f"{error.strerror}；请分成几个小的"
    return _CAUSES.get(error.errno or 0, f"{error.strerror or error}；请检查文件和磁盘")


def file_names(folder: Path) -> list[str]:
    """The files in a folder and its subfolders, as sorted relative paths."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file, or a link to one, for reading. Anything else might never end.

    Raises OSError, also for anything else.
    """
    # Without O_NONBLOCK, opening a pipe would block before it is known to be one.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            code = errno.EISDIR if stat.S_ISDIR(mode) else _NOT_REGULAR
            raise OSError(code, os.strerror(code), str(path))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a regular file of at most ``most`` bytes. Raises OSError."""
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"超过 {most / _MEGABYTE:g} MB", str(path))
    return data


def sha256(path: Path) -> str:
    """The SHA-256 of a regular file, in hexadecimal. Raises OSError."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(value: object) -> str:
    """A value as JSON that is easy to read."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, and flush it to disk. Raises OSError."""
    path.write_text(to_json(value), encoding="utf-8")
    sync(path)


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError, also if brackets are nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("括号套得太深") from error


def replace_text(path: Path, text: str) -> None:
    """Write a text file, replacing any existing one in one step. Raises OSError."""
    # Not named after the file: its name may already be as long as the disk allows.
    draft = path.with_name(f"{uuid4().hex}.tmp")
    try:
        draft.write_text(text, encoding="utf-8")
        sync(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write the rows as JSON, one object per line."""
    path.write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
    )


def read_lines(path: Path, kind: type[T]) -> Iterator[T]:
    """Read a file with one JSON object per line, each as a record. Raises OSError or ValueError."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield as_record(kind, parse_json(line))


def as_record(kind: type[T], raw: object) -> T:
    """Turn a value read from JSON into a dataclass of this kind.

    It must have exactly the fields of the dataclass, each of the right type. The types may be text
    (that can be encoded), a whole number, another such dataclass, a tuple of any of these, a
    mapping from text to any of these, or any of these or None. Raises ValueError.
    """
    types = _field_types(cast(Any, kind))
    if not isinstance(raw, dict) or raw.keys() != types.keys():
        raise ValueError(f"应有且只有这些项：{'、'.join(types)}")
    return kind(**{name: _typed(name, types[name], value) for name, value in raw.items()})


@cache
def _field_types(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _typed(name: str, kind: Any, value: object) -> Any:
    """The value, if it has this type. Otherwise raises ValueError, which names the field."""
    if isinstance(kind, UnionType):
        own, _ = get_args(kind)
        return None if value is None else _typed(name, own, value)
    match value:
        case str() if kind is str and _is_text(value):
            return value
        case int() if kind is int and not isinstance(value, bool):
            return value
        case list() if get_origin(kind) is tuple:
            return tuple(_typed(name, get_args(kind)[0], each) for each in value)
        case dict() if get_origin(kind) is dict and all(map(_is_text, value)):
            return {key: _typed(name, get_args(kind)[1], each) for key, each in value.items()}
        case dict() if dataclasses.is_dataclass(kind):
            return as_record(cast(type[Any], kind), value)
    raise ValueError(f"{name} 的类型不对")


def _is_text(value: object) -> bool:
    """Whether it is a string without lone surrogates, which JSON may contain."""
    return isinstance(value, str) and not _HALF.search(value)


def sync_tree(folder: Path) -> None:
    """Flush a folder and everything in it to disk."""
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def sync(path: Path) -> None:
    """Flush a file, or on POSIX a folder's entries, to disk."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
