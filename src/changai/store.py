"""The index on disk: the only place that knows its layout.

    index/built/current.json            names the generation in use
    index/built/<generation>/manifest.json
                             documents.jsonl  passages.jsonl  clauses.npy
                             passages.faiss   clauses.faiss
                             passages.bm25/   clauses.bm25/
                             spelling/
                             known/           where articles bring questions along

A generation is complete and never changed. It is written under a temporary name, synced, opened
as a check, renamed, and only then named in ``current.json``, which is replaced in one step.
"""

import contextlib
import hashlib
import json
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

from changai import chinese, files
from changai.dense import DenseIndex
from changai.errors import IndexBusyError, IndexDamagedError, IndexMismatchError, IndexMissingError
from changai.known import KnownQuestions
from changai.records import Document, EncoderIdentity, Passage
from changai.sparse import SparseIndex
from changai.spelling import Spelling

FORMAT_VERSION = 4
_LIBRARIES = ("opencc", "pypinyin", "rjieba")
"""What texts are read with: of other versions, a question may be read otherwise than the index."""
_TEMPORARY = "tmp-"
_MANIFEST = "manifest.json"
_KNOWN = "known"


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


def exists(index: Path) -> bool:
    """Whether an index has been published in this folder."""
    return (index / "built" / "current.json").exists()


def current_generation(index: Path) -> str:
    """The name of the generation in use. Raises IndexMissingError or IndexDamagedError."""
    pointer = index / "built" / "current.json"
    try:
        name = json.loads(pointer.read_text(encoding="utf-8"))["generation"]
    except FileNotFoundError as error:
        raise IndexMissingError(
            f"{index} 里还没有索引；请运行：changai build --index {index}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(_damaged(index, pointer, error)) from error
    return str(name)


def encoder_name(index: Path) -> str:
    """The name of the encoder that made the index in use, whichever version of Changai wrote it.

    Raises IndexMissingError or IndexDamagedError.
    """
    name: str = _raw_manifest(index, current_generation(index))["encoder"]["name"]
    return name


def read_manifest(index: Path, generation: str) -> Manifest:
    """Read a generation's manifest and check that this version of Changai can use it.

    Raises IndexMismatchError for another format, tokeniser or library, IndexDamagedError where it
    cannot be read.
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
        manifest = Manifest(**(raw | {"encoder": EncoderIdentity(**raw["encoder"])}))
    except (KeyError, TypeError) as error:
        raise IndexDamagedError(_damaged(index, path, error)) from error
    if not isinstance(manifest.files, dict):
        raise IndexDamagedError(_damaged(index, path, "缺少文件的校验和"))
    if manifest.tokeniser_version != chinese.TOKENISER_VERSION:
        raise IndexMismatchError(
            f"{index} 里的索引由第 {manifest.tokeniser_version} 版分词建成，"
            f"本程序是第 {chinese.TOKENISER_VERSION} 版；{_rebuild(index, encoder)}"
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
    return _load(index, index / "built" / generation, manifest)


def publish(index: Path, contents: Contents, articles: dict[str, str]) -> str:
    """Write a new generation, prove it by opening it, switch to it, and return its name.

    ``articles`` maps the name of each article's file, and of its questions', to its SHA-256. The
    generation before stays on disk for processes that still read it; older ones are removed.
    """
    built = index / "built"
    temporary = built / f"{_TEMPORARY}{uuid4().hex}"
    kept: set[str] = set()
    temporary.mkdir(parents=True)
    try:
        _write(temporary, contents)
        manifest = Manifest(
            FORMAT_VERSION,
            chinese.TOKENISER_VERSION,
            _libraries(),
            datetime.now(UTC).isoformat(timespec="seconds"),
            contents.encoder,
            articles,
            {name: files.sha256(temporary / name) for name in files.file_names(temporary)},
        )
        files.write_json(temporary / _MANIFEST, asdict(manifest))
        files.sync_tree(temporary)
        _load(index, temporary, manifest)
        generation = hashlib.sha256((temporary / _MANIFEST).read_bytes()).hexdigest()[:16]
        generation = f"{_next_number(built):06d}-{generation}"
        with contextlib.suppress(IndexMissingError, IndexDamagedError):
            kept.add(current_generation(index))
        temporary.rename(built / generation)
        files.sync(built)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    try:
        pointer = built / f"{_TEMPORARY}current.json"
        files.write_json(pointer, {"generation": generation})
        pointer.replace(built / "current.json")
    except BaseException:
        shutil.rmtree(built / generation, ignore_errors=True)
        raise
    files.sync(built)
    _remove_all_but(built, {generation, *kept})
    return generation


@contextlib.contextmanager
def build_lock(index: Path, wait: float = 0) -> Iterator[None]:
    """Hold the right to publish, after waiting for it for up to ``wait`` seconds.

    Raises IndexBusyError when another process still holds it then.
    """
    (index / "built").mkdir(parents=True, exist_ok=True)
    lock = FileLock(index / "built" / "build.lock")
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


def _load(index: Path, folder: Path, manifest: Manifest) -> Contents:
    for name in files.file_names(folder):
        if name not in manifest.files and name != _MANIFEST:
            raise IndexDamagedError(_damaged(index, folder / name, "缺少校验和"))
    for name, expected in manifest.files.items():
        try:
            actual = files.sha256(folder / name)
        except OSError as error:
            raise IndexDamagedError(_damaged(index, folder / name, error)) from error
        if actual != expected:
            raise IndexDamagedError(_damaged(index, folder / name, "校验和不符"))
    try:
        documents = {
            raw["id"]: Document(**raw) for raw in files.read_lines(folder / "documents.jsonl")
        }
        passages = tuple(
            _passage(raw, documents[raw["document"]])
            for raw in files.read_lines(folder / "passages.jsonl")
        )
        clauses = np.load(folder / "clauses.npy", allow_pickle=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(_damaged(index, folder, error)) from error
    return Contents(
        encoder=manifest.encoder,
        documents=tuple(documents.values()),
        passages=passages,
        clauses=clauses,
        dense_passages=DenseIndex.read(folder / "passages.faiss"),
        dense_clauses=DenseIndex.read(folder / "clauses.faiss"),
        sparse_passages=SparseIndex.read(folder / "passages.bm25"),
        sparse_clauses=SparseIndex.read(folder / "clauses.bm25"),
        spelling=Spelling.read(folder / "spelling"),
        known=KnownQuestions.read(folder / _KNOWN) if (folder / _KNOWN).exists() else None,
    )


def _passage(raw: dict[str, Any], document: Document) -> Passage:
    start, end = raw["start"], raw["end"]
    return Passage(
        id=raw["id"],
        document=document,
        text=document.text[start:end],
        start=start,
        end=end,
        headings=tuple(raw["headings"]),
        locator=raw["locator"],
    )


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
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        lacking = "format_version" not in raw or not isinstance(raw["encoder"]["name"], str)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(_damaged(index, path, error)) from error
    if lacking:
        raise IndexDamagedError(_damaged(index, path, "缺少格式的版本或编码器的名字"))
    return raw


def _rebuild(index: Path, encoder: str) -> str:
    """The advice to rebuild, with the encoder of this name."""
    same = "" if encoder == "builtin" else f" --encoder {encoder}"
    return f"请运行：changai build --index {index}{same}"


def _named(encoder: EncoderIdentity) -> str:
    return f"{encoder.name}（{encoder.weights_sha256[:12]}，{encoder.dimension} 维）"


def _damaged(index: Path, path: Path, reason: object) -> str:
    return f"索引文件 {path} 不能用（{reason}）；请运行：changai build --index {index}"


def _generations(built: Path) -> list[Path]:
    """The generations on disk, oldest first."""
    return sorted(path for path in built.iterdir() if path.is_dir() and path.name[:6].isdecimal())


def _next_number(built: Path) -> int:
    existing = _generations(built)
    return int(existing[-1].name[:6]) + 1 if existing else 1


def _remove_all_but(built: Path, kept: set[str]) -> None:
    """Remove other generations, and what an interrupted build left behind."""
    left = [path for path in built.iterdir() if path.name.startswith(_TEMPORARY)]
    for path in [*_generations(built), *left]:
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)
