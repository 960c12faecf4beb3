"""The index on disk: the only place that knows its layout.

    index/built/current.json            names the generation in use
    index/built/<generation>/manifest.json
                             documents.jsonl  passages.jsonl  clauses.npy
                             passages.faiss   clauses.faiss
                             passages.bm25/   clauses.bm25/
                             spelling/
                             known/           where articles bring questions along

A generation is complete and never changed. It is written under a temporary name, synced, renamed,
opened as a check, and only then named in ``current.json``, which is replaced in one step. Its name
is its number and the first digits of the SHA-256 of its manifest, which has those of all its other
files: nothing is believed before that has been checked.
"""

import contextlib
import hashlib
import logging
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from changai import files
from changai.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    IndexStateError,
    shown,
)
from changai.indexing.dense import DenseIndex
from changai.indexing.faq import KnownQuestions
from changai.indexing.sparse import SparseIndex
from changai.query.spelling import Spelling
from changai.records import Document, EncoderIdentity, Passage
from changai.text import tokens

FORMAT_VERSION = 5
_LIBRARIES = ("opencc", "pypinyin", "rjieba")
"""What texts are read with: of other versions, a question may be read otherwise than the index."""
_TEMPORARY = "tmp-"
_POINTER = "current.json"
_MANIFEST = "manifest.json"
_KNOWN = "known"
_GENERATION = re.compile(r"(?P<number>[0-9]{6})-(?P<digest>[0-9a-f]{16})")

_LARGEST_POINTER = 1_000
_LARGEST_MANIFEST = 50_000_000
"""In bytes: of some hundred thousand articles."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a generation holds. Row ``i`` of ``clauses`` is ``(passage, start, end)``: a clause
    of ``passages[passage]``, at those offsets within its text; passages follow in order."""

    encoder: EncoderIdentity
    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    clauses: npt.NDArray[np.int32]
    dense_passages: DenseIndex
    dense_clauses: DenseIndex
    sparse_passages: SparseIndex
    sparse_clauses: SparseIndex
    spelling: Spelling
    known: KnownQuestions | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made from and with, when (ISO 8601, UTC), and the SHA-256 of each of
    its files. ``libraries`` has the version of each library that texts were read with."""

    format_version: int
    tokeniser_version: int
    libraries: dict[str, str]
    built: str
    encoder: EncoderIdentity
    articles: dict[str, str]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Pointer:
    """What ``current.json`` holds."""

    generation: str


@dataclass(frozen=True, slots=True)
class _PassageRow:
    """A line of ``passages.jsonl``: where a passage stands in the document of that id."""

    id: str
    document: str
    start: int
    end: int
    headings: tuple[str, ...]
    locator: str


def exists(index: Path) -> bool:
    """Whether an index has been published in this folder."""
    return (index / "built" / _POINTER).exists()


def current_generation(index: Path) -> str:
    """The name of the generation in use. Raises IndexMissingError or IndexDamagedError."""
    path = index / "built" / _POINTER
    try:
        data = files.read_bytes(path, _LARGEST_POINTER)
        name = files.as_record(_Pointer, files.parse_json(data.decode("utf-8"))).generation
        if not _GENERATION.fullmatch(name):
            raise ValueError("不是一代索引的名字")
    except FileNotFoundError as error:
        raise IndexMissingError(
            f"{index} 里还没有索引；请运行：changai build --index {index}"
        ) from error
    except (OSError, ValueError) as error:
        raise IndexDamagedError(_damaged(index, path, error)) from error
    return name


def generations(index: Path) -> list[str]:
    """The names of the generations on disk, oldest first.

    Raises IndexMissingError where there is none, IndexStateError where it cannot be told.
    """
    try:
        names = [path.name for path in _generations(index / "built")]
    except (FileNotFoundError, NotADirectoryError):
        names = []
    except OSError as error:
        raise IndexStateError(f"读不了 {index} 里的索引：{files.cause(error)}") from error
    if not names:
        raise IndexMissingError(f"{index} 里还没有索引；请运行：changai build --index {index}")
    return names


def encoder_name(index: Path) -> str:
    """The name of the encoder that made the index in use, whichever version of Changai wrote it.

    Raises IndexMissingError or IndexDamagedError.
    """
    name: str = _raw_manifest(index, current_generation(index))["encoder"]["name"]
    return name


def read_manifest(index: Path, generation: str) -> Manifest:
    """Read a generation's manifest and check that this version of Changai can use it.

    Raises IndexMismatchError for another format, tokeniser or library, IndexDamagedError where it
    cannot be read or is not the one that the generation is named after.
    """
    path = _manifest_path(index, generation)
    raw = _raw_manifest(index, generation)
    encoder = raw["encoder"]["name"]
    if raw["format_version"] != FORMAT_VERSION:
        raise IndexMismatchError(
            f"{index} 里的索引是第 {raw['format_version']} 版格式，"
            f"本程序读第 {FORMAT_VERSION} 版；{_rebuild(index, encoder)}"
        )
    try:
        manifest = files.as_record(Manifest, raw)
        if datetime.fromisoformat(manifest.built).tzinfo is None:
            raise ValueError("built 没有时区")
    except ValueError as error:
        raise IndexDamagedError(_damaged(index, path, error)) from error
    if manifest.tokeniser_version != tokens.TOKENISER_VERSION:
        raise IndexMismatchError(
            f"{index} 里的索引由第 {manifest.tokeniser_version} 版分词建成，"
            f"本程序是第 {tokens.TOKENISER_VERSION} 版；{_rebuild(index, encoder)}"
        )
    if manifest.libraries != (libraries := _libraries()):
        now = "、".join(f"{name} {number}" for name, number in libraries.items())
        raise IndexMismatchError(
            f"{index} 里的索引不是用现在装的 {now} 建成的；{_rebuild(index, encoder)}"
        )
    return manifest


def check_encoder(index: Path, manifest: Manifest, encoder: EncoderIdentity) -> None:
    """Raise IndexMismatchError unless the index was made by this very encoder."""
    if manifest.encoder != encoder:
        raise IndexMismatchError(
            f"{index} 里的索引由编码器 {_named(manifest.encoder)} 建成，"
            f"现在的是 {_named(encoder)}；{_rebuild(index, encoder.name)}"
        )


def load(index: Path, generation: str, manifest: Manifest) -> Contents:
    """Read a generation whose manifest has been read, after verifying every checksum.

    Raises IndexDamagedError when a file is missing or is not what was written.
    """
    folder = index / "built" / generation
    _verify(index, folder, manifest.files)
    try:
        documents = {
            document.id: document
            for document in files.read_lines(folder / "documents.jsonl", Document)
        }
        passages = tuple(
            _passage(row, documents[row.document])
            for row in files.read_lines(folder / "passages.jsonl", _PassageRow)
        )
        contents = Contents(
            encoder=manifest.encoder,
            documents=tuple(documents.values()),
            passages=passages,
            clauses=np.load(folder / "clauses.npy", allow_pickle=False),
            dense_passages=DenseIndex.read(folder / "passages.faiss"),
            dense_clauses=DenseIndex.read(folder / "clauses.faiss"),
            sparse_passages=SparseIndex.read(folder / "passages.bm25"),
            sparse_clauses=SparseIndex.read(folder / "clauses.bm25"),
            spelling=Spelling.read(folder / "spelling"),
            known=KnownQuestions.read(folder / _KNOWN) if (folder / _KNOWN).exists() else None,
        )
        _check(contents)
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise IndexDamagedError(_damaged(index, folder, error)) from error
    return contents


def publish(index: Path, contents: Contents, articles: dict[str, str]) -> str:
    """Write a new generation, prove it by opening it, switch to it, and return its name.

    ``articles`` maps the name of each article's file, and of those beside it, to its SHA-256. The
    generation before stays on disk for processes that still read it; older ones are removed.
    Raises IndexStateError, and then what was in use still is; what goes wrong after the switch is
    logged.
    """
    built = index / "built"
    temporary = built / f"{_TEMPORARY}{uuid4().hex}"
    generation, kept = "", set[str]()
    with _writing(index):
        try:
            temporary.mkdir(parents=True)
            _write(temporary, contents)
            manifest = Manifest(
                FORMAT_VERSION,
                tokens.TOKENISER_VERSION,
                _libraries(),
                datetime.now(UTC).isoformat(timespec="seconds"),
                contents.encoder,
                articles,
                {name: files.sha256(temporary / name) for name in files.file_names(temporary)},
            )
            text = files.to_json(asdict(manifest))
            (temporary / _MANIFEST).write_text(text, encoding="utf-8")
            files.sync_tree(temporary)
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            name = f"{_next_number(built):06d}-{digest}"
            with contextlib.suppress(IndexMissingError, IndexDamagedError):
                kept.add(current_generation(index))
            generation = name
            temporary.rename(built / generation)
            files.sync(built)
            load(index, generation, read_manifest(index, generation))
            switch(index, generation)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            if generation and _is_out_of_use(index, generation):
                shutil.rmtree(built / generation, ignore_errors=True)
            raise
    _tidy(index, {generation, *kept})
    return generation


def switch(index: Path, generation: str) -> None:
    """Put a generation into use, which must have been verified, in one step.

    Raises IndexStateError where the one before stays in use.
    """
    built = index / "built"
    draft = built / f"{_TEMPORARY}{_POINTER}"
    try:
        files.write_json(draft, asdict(_Pointer(generation)))
        draft.replace(built / _POINTER)
        files.sync(built)
    except OSError as error:
        if _is_out_of_use(index, generation):
            raise IndexStateError(_unwritable(index, error)) from error
        _log.warning(
            "索引 %s 已经在用，只是没能确认写进了磁盘：%s；"
            "断电以后请运行 changai generations，看在用的是不是它",
            *(generation, files.cause(error)),
        )


@contextlib.contextmanager
def build_lock(index: Path, wait: float = 0) -> Iterator[None]:
    """Hold the right to publish, after waiting for it for up to ``wait`` seconds.

    Raises IndexBusyError when another process still holds it then, IndexStateError where the
    folder cannot be written.
    """
    lock = FileLock(index / "built" / "build.lock")
    with _writing(index):
        (index / "built").mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=wait)
        except Timeout as error:
            raise IndexBusyError(f"另一个进程正在 {index} 里建索引；请等它结束") from error
    try:
        yield
    finally:
        lock.release()


def _write(folder: Path, contents: Contents) -> None:
    files.write_lines(folder / "documents.jsonl", [asdict(d) for d in contents.documents])
    files.write_lines(
        folder / "passages.jsonl",
        [
            {
                "id": p.id,
                "document": p.document.id,
                "start": p.start,
                "end": p.end,
                "headings": p.headings,
                "locator": p.locator,
            }
            for p in contents.passages
        ],
    )
    np.save(folder / "clauses.npy", contents.clauses, allow_pickle=False)
    contents.dense_passages.write(folder / "passages.faiss")
    contents.dense_clauses.write(folder / "clauses.faiss")
    contents.sparse_passages.write(folder / "passages.bm25")
    contents.sparse_clauses.write(folder / "clauses.bm25")
    contents.spelling.write(folder / "spelling")
    if contents.known is not None:
        contents.known.write(folder / _KNOWN)


def _verify(index: Path, folder: Path, expected: dict[str, str]) -> None:
    """Compare the files of a generation with their checksums, by name and then by content.

    Raises IndexDamagedError.
    """
    try:
        # No file is opened by a name from the manifest that has not been met on disk.
        for name in sorted({*files.file_names(folder)} - {_MANIFEST} ^ expected.keys()):
            reason = "文件不见了" if name in expected else "缺少校验和"
            raise IndexDamagedError(_damaged(index, folder / name, reason))
        for name, checksum in expected.items():
            if files.sha256(folder / name) != checksum:
                raise IndexDamagedError(_damaged(index, folder / name, "校验和不符"))
    except OSError as error:
        raise IndexDamagedError(_damaged(index, folder, error)) from error


def _passage(row: _PassageRow, document: Document) -> Passage:
    if not 0 <= row.start < row.end <= len(document.text):
        raise ValueError(f"段落 {row.id} 的位置在文章之外")
    return Passage(
        id=row.id,
        document=document,
        text=document.text[row.start : row.end],
        start=row.start,
        end=row.end,
        headings=row.headings,
        locator=row.locator,
    )


def _check(contents: Contents) -> None:
    """Check that the parts of a generation are of one size, as far as it costs next to nothing.

    Raises ValueError.
    """
    clauses, lengths = contents.clauses, np.array([len(p.text) for p in contents.passages])
    if clauses.dtype != np.int32 or clauses.ndim != 2 or clauses.shape[1] != 3:
        raise ValueError("小句的表不是三列整数")
    numbers, starts, ends = clauses.T
    if not np.all((numbers >= 0) & (numbers < len(lengths))):
        raise ValueError("有小句不在任何一段里")
    if not np.all((starts >= 0) & (starts < ends) & (ends <= lengths[numbers])):
        raise ValueError("有小句的位置在段落之外")
    sizes = (len(contents.dense_passages), len(contents.dense_clauses))
    if sizes != (len(lengths), len(clauses)):
        raise ValueError("向量的个数不对")
    widths = {contents.dense_passages.rows.shape[1], contents.dense_clauses.rows.shape[1]}
    if widths != {contents.encoder.dimension}:
        raise ValueError("向量的维数不对")


def _libraries() -> dict[str, str]:
    """The versions that are installed of the libraries that texts are read with."""
    return {name: metadata.version(name) for name in _LIBRARIES}


def _manifest_path(index: Path, generation: str) -> Path:
    return index / "built" / generation / _MANIFEST


def _raw_manifest(index: Path, generation: str) -> dict[str, Any]:
    """A manifest of any version, which names at least that and the encoder.

    Raises IndexDamagedError.
    """
    path = _manifest_path(index, generation)
    name = _GENERATION.fullmatch(generation)
    try:
        data = files.read_bytes(path, _LARGEST_MANIFEST)
        if name is None or hashlib.sha256(data).hexdigest()[:16] != name["digest"]:
            raise ValueError("校验和不符")
        raw: dict[str, Any] = files.parse_json(data.decode("utf-8"))
        version, encoder = raw["format_version"], raw["encoder"]["name"]
        if not isinstance(version, int) or not isinstance(encoder, str):
            raise ValueError("缺少格式的版本或编码器的名字")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(_damaged(index, path, error)) from error
    return raw


def _rebuild(index: Path, encoder: str) -> str:
    """The advice to rebuild, with the encoder of this name."""
    same = "" if encoder == "builtin" else f" --encoder {encoder}"
    return f"请运行：changai build --index {index}{same}"


def _named(encoder: EncoderIdentity) -> str:
    return f"{encoder.name}（{encoder.weights_sha256[:12]}，{encoder.dimension} 维）"


def _damaged(index: Path, path: Path, reason: object) -> str:
    why = files.cause(reason).partition("；")[0] if isinstance(reason, OSError) else reason
    return f"索引文件 {shown(path)} 不能用（{why}）；请运行：changai build --index {index}"


@contextlib.contextmanager
def _writing(index: Path) -> Iterator[None]:
    """Say in Chinese what keeps the folder from being written."""
    try:
        yield
    except OSError as error:
        raise IndexStateError(_unwritable(index, error)) from error


def _unwritable(index: Path, error: OSError) -> str:
    return f"写不了 {index} 里的索引（{error}）；请检查权限和剩余空间"


def _is_out_of_use(index: Path, generation: str) -> bool:
    """Whether it is certain that another generation is in use, or none."""
    try:
        return current_generation(index) != generation
    except IndexMissingError:
        return True
    except IndexDamagedError:
        return False


def _generations(built: Path) -> list[Path]:
    """The generations on disk, oldest first. Raises OSError."""
    return sorted(p for p in built.iterdir() if _GENERATION.fullmatch(p.name) and p.is_dir())


def _next_number(built: Path) -> int:
    existing = _generations(built)
    return int(existing[-1].name[:6]) + 1 if existing else 1


def _tidy(index: Path, kept: set[str]) -> None:
    """Remove other generations, and what an interrupted build left behind."""
    built = index / "built"
    try:
        left = [path for path in built.iterdir() if path.name.startswith(_TEMPORARY)]
        for path in [*_generations(built), *left]:
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    except OSError as error:
        _log.warning(
            "新索引已经在用，只是没能删去旧的（%s）；下次建索引时再删，急用空间请检查 %s 的权限",
            *(error, shown(built)),
        )
