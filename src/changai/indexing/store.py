"""The index on disk: its layout, and the files of a generation.

    index/built/current.json            names the generation in use
    index/built/<generation>/manifest.json
                             documents.jsonl  passages.jsonl  clauses.npy
                             passages.faiss   clauses.faiss
                             passages.bm25/   clauses.bm25/
                             spelling/
                             faq/             if any article has an FAQ

A generation is complete, and never changes. ``publishing`` puts it into use; its ``manifest``
shows whether its files are still what was written.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from changai import files
from changai.errors import IndexDamagedError, IndexMissingError, IndexStateError
from changai.indexing.dense import DenseIndex
from changai.indexing.faq import Faq
from changai.indexing.manifest import GENERATION, MANIFEST, Manifest, damaged
from changai.indexing.sparse import SparseIndex
from changai.query.spelling import Spelling
from changai.records import Document, EncoderIdentity, Passage

POINTER = "current.json"
_FAQ = "faq"

_LARGEST_POINTER = 1_000
"""In bytes."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that a generation holds. A row of ``clauses`` is ``(passage, start, end)``: a
    clause of ``passages[passage]`` at these offsets within its text. Rows are in reading order."""

    encoder: EncoderIdentity
    documents: tuple[Document, ...]
    passages: tuple[Passage, ...]
    clauses: npt.NDArray[np.int32]
    dense_passages: DenseIndex
    dense_clauses: DenseIndex
    sparse_passages: SparseIndex
    sparse_clauses: SparseIndex
    spelling: Spelling
    faq: Faq | None


@dataclass(frozen=True, slots=True)
class _Pointer:
    """What ``current.json`` holds."""

    generation: str


@dataclass(frozen=True, slots=True)
class _PassageRow:
    """A line of ``passages.jsonl``: the place of a passage in the document of that id."""

    id: str
    document: str
    start: int
    end: int
    headings: tuple[str, ...]
    locator: str


def exists(index: Path) -> bool:
    """Whether an index has been published in this folder."""
    return (index / "built" / POINTER).exists()


def current_generation(index: Path) -> str:
    """The name of the generation in use. Raises IndexMissingError or IndexDamagedError."""
    path = index / "built" / POINTER
    try:
        data = files.read_bytes(path, _LARGEST_POINTER)
        name = files.as_record(_Pointer, files.parse_json(data.decode("utf-8"))).generation
        if not GENERATION.fullmatch(name):
            raise ValueError("不是一代索引的名字")
    except FileNotFoundError as error:
        raise IndexMissingError(
            f"{index} 里还没有索引；请运行：changai build --index {index}"
        ) from error
    except (OSError, ValueError) as error:
        raise IndexDamagedError(damaged(index, path, error)) from error
    return name


def generations(index: Path) -> list[str]:
    """The names of the generations on disk, oldest first.

    Raises IndexMissingError if there are none, IndexStateError if the folder cannot be read.
    """
    try:
        names = [path.name for path in generation_folders(index / "built")]
    except (FileNotFoundError, NotADirectoryError):
        names = []
    except OSError as error:
        raise IndexStateError(f"读不了 {index} 里的索引：{files.cause(error)}") from error
    if not names:
        raise IndexMissingError(f"{index} 里还没有索引；请运行：changai build --index {index}")
    return names


def generation_folders(built: Path) -> list[Path]:
    """The folders of the generations in ``built``, oldest first. Raises OSError."""
    return sorted(p for p in built.iterdir() if GENERATION.fullmatch(p.name) and p.is_dir())


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
            faq=Faq.read(folder / _FAQ) if (folder / _FAQ).exists() else None,
        )
        _check(contents)
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise IndexDamagedError(damaged(index, folder, error)) from error
    return contents


def write(folder: Path, contents: Contents) -> None:
    """Write what ``load`` reads, but for the manifest. Raises OSError."""
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
    if contents.faq is not None:
        contents.faq.write(folder / _FAQ)


def write_pointer(path: Path, generation: str) -> None:
    """Write what names a generation as the one in use. Raises OSError."""
    files.write_json(path, asdict(_Pointer(generation)))


def _verify(index: Path, folder: Path, expected: dict[str, str]) -> None:
    """Compare the files of a generation with their checksums, by name and then by content.

    Raises IndexDamagedError.
    """
    try:
        # No file is opened by a name from the manifest that has not been met on disk.
        for name in sorted({*files.file_names(folder)} - {MANIFEST} ^ expected.keys()):
            reason = "文件不见了" if name in expected else "缺少校验和"
            raise IndexDamagedError(damaged(index, folder / name, reason))
        for name, checksum in expected.items():
            if files.sha256(folder / name) != checksum:
                raise IndexDamagedError(damaged(index, folder / name, "校验和不符"))
    except OSError as error:
        raise IndexDamagedError(damaged(index, folder, error)) from error


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
