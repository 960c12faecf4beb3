"""Backups: one zip file with the articles, the files beside them, and visitors' opinions.

    backup.json       the size and the SHA-256 of each other member
    articles/NAME
    feedback.db       the opinions, if they are collected

An archive to restore may come from anyone. It is unpacked into a new folder, within the bounds
below. It replaces nothing before its checksums are verified and its articles can be read. A new
archive is checked in the same way before it gets its name.
"""

import hashlib
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from changai import files
from changai.errors import BackupError, shown
from changai.evaluation import feedback
from changai.indexing import publishing
from changai.reading.articles import read_all
from changai.reading.folder import find
from changai.text.characters import has_surrogates

MOST_FILES = 10_000
LARGEST_FILE = 200_000_000
LARGEST_TOTAL = 2_000_000_000
"""The largest member and the largest sum of all, in bytes, unpacked."""

_FORMAT_VERSION = 1
_LISTING = "backup.json"
_LARGEST_LISTING = 5_000_000
_ARTICLES = "articles/"
_FEEDBACK = "feedback.db"
_DAY_ONE = (1980, 1, 1, 0, 0, 0)
"""The time that a zip file gives for a member without a time."""

_END = struct.Struct("<4s4H2LH")
_END_MARK, _ZIP64_MARK = b"PK\x05\x06", b"PK\x06\x07"
_ZIP64_LOCATOR = 20
_LARGEST_DIRECTORY = 5_000_000
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class BackedUp:
    """How many ``files`` were backed up, and the names ``left_out``: they are not regular files."""

    files: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: ``files`` is how many, and ``documents`` how many of them are articles.
    ``kept`` is the folder with the previous articles, if there were any. ``opinions`` says whether
    the backup also has opinions that were not restored."""

    files: int
    documents: int
    kept: Path | None
    opinions: bool


@dataclass(frozen=True, slots=True)
class _Member:
    """The size in bytes and the SHA-256 of a member of an archive."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Header:
    """The content of ``backup.json``."""

    format_version: int
    files: dict[str, _Member]


def back_up(folder: Path, archive: Path, opinions: Path | None = None) -> BackedUp:
    """Write a backup of a folder of articles, and of a file of opinions.

    It is written completely or not at all. Raises BackupError if it cannot be written, already
    exists, or could not be restored; ArticleError or QuestionFileError if the articles cannot be
    read; and FeedbackError if the opinions cannot.
    """
    find(folder)
    with _translated(f"备份写不成 {shown(archive)}", "请移走或改好那个文件，再备份"):
        if archive.exists() or archive.is_symlink():
            raise BackupError(f"已经有文件 {shown(archive)}；请换一个文件名")
        parent = archive.absolute().parent
        if parent.resolve() == folder.resolve():
            raise BackupError(f"备份不能放在文章目录 {shown(folder)} 里；请换一个地方")
        with _scratch(parent) as scratch:
            paths = sorted(folder.iterdir())
            sources = {f"{_ARTICLES}{path.name}": path for path in paths if path.is_file()}
            if opinions is not None:
                sources[_FEEDBACK] = scratch / _FEEDBACK
                feedback.copy(opinions, sources[_FEEDBACK])
            draft = scratch / "backup.zip"
            _pack(draft, sources)
            # It may contain visitors' opinions.
            draft.chmod(0o600)
            files.sync(draft)
            _unpack(draft, scratch / "trial")
            draft.replace(archive)
            files.sync(parent)
    left_out = tuple(path.name for path in paths if not path.is_file())
    return BackedUp(len(sources), left_out)


def restore(
    archive: Path, index: Path, opinions: Path | None = None, *, replacing: bool = False
) -> Restored:
    """Put the articles of a backup into ``index/articles``, and its opinions into a new file.

    Existing articles are replaced only if ``replacing``. They are then kept beside the new ones,
    under another name. Nothing is replaced before everything is verified; if that fails, nothing
    changes. Raises BackupError, ArticleError, QuestionFileError or FeedbackError if the archive is
    not valid or cannot be restored here, and IndexBusyError during a build.
    """
    folder = index / "articles"
    if opinions is not None and (opinions.exists() or opinions.is_symlink()):
        raise BackupError(f"已经有文件 {shown(opinions)}；意见只恢复成新文件，请换一个文件名")
    with (
        _translated(f"备份 {shown(archive)} 恢复不了", "请换一个备份文件"),
        publishing.build_lock(index),
        _scratch(index) as scratch,
    ):
        occupied = folder.is_symlink() or (folder.exists() and any(folder.iterdir()))
        if occupied and not replacing:
            raise BackupError(
                f"{shown(folder)} 里已经有文章；要换成备份里的，请加 --replace，原来的会改名保留"
            )
        names = _unpack(archive, scratch / "backup")
        documents = len(find(scratch / "backup" / _ARTICLES))
        has_opinions = _FEEDBACK in names
        if opinions is not None:
            if not has_opinions:
                raise BackupError(f"备份 {shown(archive)} 里没有意见；请去掉 --feedback")
            feedback.copy(scratch / "backup" / _FEEDBACK, opinions)
            files.sync(opinions)
        try:
            kept = _put_in_place(scratch / "backup" / _ARTICLES, folder)
        except BaseException:
            if opinions is not None:
                opinions.unlink(missing_ok=True)
            raise
    return Restored(len(names), documents, kept, has_opinions and opinions is None)


def _put_in_place(new: Path, folder: Path) -> Path | None:
    """Move a folder into place. One that is already there is renamed; returns its new path."""
    kept = None
    if folder.exists() or folder.is_symlink():
        kept = folder.with_name(f"{folder.name}-before-{uuid4().hex[:8]}")
        folder.rename(kept)
    try:
        new.rename(folder)
        files.sync(folder.parent)
    except BaseException:
        if kept is not None and not folder.exists():
            kept.rename(folder)
        raise
    return kept


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A temporary folder in ``parent``, from which files can be moved into place in one step."""
    folder = parent / f"tmp-{uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _translated(what: str, advice: str) -> Iterator[None]:
    """Turn errors of the system and of ``zipfile`` into BackupError, in Chinese."""
    try:
        yield
    except OSError as error:
        named = f"（{shown(error.filename)}）" if error.filename else ""
        raise BackupError(f"{what}{named}：{files.cause(error)}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise BackupError(f"{what}：{shown(error)}；{advice}") from error


def _pack(archive: Path, sources: dict[str, Path]) -> None:
    """Write a new archive. Raises OSError or ValueError."""
    members: dict[str, _Member] = {}
    with zipfile.ZipFile(archive, "x") as packed:
        for name, path in sources.items():
            if not is_member(name):
                raise ValueError(f"不能用文件名 {path.name}")
            with files.open_regular(path) as source, packed.open(_info(name), "w") as target:
                members[name] = _copy(source, target, LARGEST_FILE, name)
        header = _Header(_FORMAT_VERSION, members)
        packed.writestr(_info(_LISTING), files.to_json(asdict(header)))


def _info(name: str) -> zipfile.ZipInfo:
    """The header of a member to write. A backup keeps no times and no owners of files."""
    info = zipfile.ZipInfo(name, _DAY_ONE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


def _unpack(archive: Path, folder: Path) -> list[str]:
    """Unpack an archive into a new folder, verify it, and return the names of its members.

    Raises OSError, ValueError, and whatever ``zipfile`` or reading articles and opinions raises.
    """
    folder.mkdir()
    (folder / _ARTICLES).mkdir()
    with files.open_regular(archive) as file:
        _check_end(file)
        with zipfile.ZipFile(file) as packed:
            members = _members(packed)
            for name, member in members.items():
                with packed.open(name) as source, (folder / name).open("xb") as target:
                    if _copy(source, target, member.size, name) != member:
                        raise ValueError(f"{name} 的校验和不符")
    files.sync_tree(folder)
    read_all(find(folder / _ARTICLES))
    if _FEEDBACK in members:
        feedback.verify(folder / _FEEDBACK)
    return list(members)


def _check_end(file: IO[bytes]) -> None:
    """Check that the end of an archive is as ``_pack`` writes it. Raises ValueError.

    The size of its directory must be bounded, because ``zipfile`` reads all of it into memory.
    """
    length = file.seek(0, 2)
    file.seek(max(0, length - _END.size - _ZIP64_LOCATOR))
    tail = file.read()
    if len(tail) < _END.size:
        raise ValueError("文件太短")
    mark, *_, size, _, comment = _END.unpack(tail[-_END.size :])
    if mark != _END_MARK or comment or tail.startswith(_ZIP64_MARK):
        raise ValueError("结尾不对")
    if size > _LARGEST_DIRECTORY:
        raise ValueError("文件太多")


def _members(packed: zipfile.ZipFile) -> dict[str, _Member]:
    """The members of an archive except its listing, after checking their names, kinds and sizes.

    Raises ValueError.
    """
    infos = {info.orig_filename: info for info in packed.infolist()}
    if len(infos) != len(packed.infolist()):
        raise ValueError("有重名的文件")
    if len(infos) > MOST_FILES + 1:
        raise ValueError(f"文件多于 {MOST_FILES} 个")
    for info in infos.values():
        kind = stat.S_IFMT(info.external_attr >> 16)
        plain = info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        if kind not in {0, stat.S_IFREG} or not plain or info.flag_bits & 0x1:
            raise ValueError("有链接、加密或不是普通文件的东西")
    if _LISTING not in infos or infos[_LISTING].file_size > _LARGEST_LISTING:
        raise ValueError(f"没有 {_LISTING}，或它太大")
    with packed.open(infos.pop(_LISTING)) as file:
        text = file.read(_LARGEST_LISTING).decode("utf-8")
    header = files.as_record(_Header, files.parse_json(text))
    if header.format_version != _FORMAT_VERSION:
        raise ValueError(f"是第 {header.format_version} 版格式，本程序读第 {_FORMAT_VERSION} 版")
    if header.files.keys() != infos.keys():
        raise ValueError(f"里面的文件不是 {_LISTING} 所列的")
    if not all(map(is_member, header.files)):
        raise ValueError("有文件名不能用")
    sizes = [member.size for member in header.files.values()]
    if max(sizes, default=0) > LARGEST_FILE or sum(sizes) > LARGEST_TOTAL:
        raise ValueError("文件太大")
    return header.files


def is_member(name: str) -> bool:
    """Whether a member may have this name: the opinions, or a file directly in ``articles``."""
    if name == _FEEDBACK:
        return True
    own = name.removeprefix(_ARTICLES)
    return (
        own != name
        and own not in {"", ".", ".."}
        and not {"/", "\\", "\0"} & set(own)
        and not has_surrogates(own)
    )


def _copy(source: IO[bytes], target: IO[bytes], most: int, name: str) -> _Member:
    """Copy at most ``most`` bytes, and return their size and hash. Raises OSError or ValueError."""
    size, digest = 0, hashlib.sha256()
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise ValueError(f"{name} 太大")
        digest.update(chunk)
        target.write(chunk)
    return _Member(size, digest.hexdigest())
