"""The files of an index: what is read is what was written, or nothing."""

import hashlib
import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from changai.errors import (
    IndexDamagedError,
    IndexMissingError,
)
from changai.indexing import store
from changai.indexing.build import build_index
from changai.indexing.manifest import read_manifest
from changai.search.index import Index
from support.manifests import edit_manifest, generation, point
from support.small import write_small

FILES = [
    "documents.jsonl",
    "passages.jsonl",
    "clauses.npy",
    "passages.faiss",
    "clauses.faiss",
    "passages.bm25/data.csc.index.npy",
    "clauses.bm25/vocab.index.json",
    "spelling/pairs.npy",
    "faq/predictors.npy",
    "faq/questions.jsonl",
]


def test_what_is_opened_is_what_was_published(faq_folder: Path, faq_index: Index) -> None:
    manifest = read_manifest(faq_folder, store.current_generation(faq_folder))
    contents = store.load(faq_folder, store.current_generation(faq_folder), manifest)
    assert contents.passages == faq_index.passages
    assert len(contents.dense_passages) == 17
    assert len(contents.dense_clauses) == len(contents.clauses)
    for number, start, end in contents.clauses.tolist():
        assert 0 <= start < end <= len(contents.passages[number].text)
    made, opened = faq_index.contents.faq, contents.faq
    assert made is not None and opened is not None
    assert opened.texts == made.texts
    assert opened.predictors.tolist() == made.predictors.tolist()
    assert contents.spelling.pairs.tolist() == faq_index.contents.spelling.pairs.tolist()


def test_articles_without_questions_have_no_faq(tmp_path: Path) -> None:
    (write_small(tmp_path) / "welders.questions.jsonl").unlink()
    build_index(tmp_path / "articles", tmp_path)
    assert not (generation(tmp_path) / "faq").exists()
    assert Index.open(tmp_path).contents.faq is None


def test_nothing_on_disk_is_a_pickle(built_folder: Path) -> None:
    for path in generation(built_folder).rglob("*"):
        assert path.suffix in {"", ".json", ".jsonl", ".npy", ".faiss", ".bm25"}


def test_without_an_index_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match=f"changai build --index {tmp_path}"):
        Index.open(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_is_refused(small_folder: Path, name: str) -> None:
    path = generation(small_folder) / name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_one_byte_changed_is_refused(small_folder: Path, name: str) -> None:
    path = generation(small_folder) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_refused(small_folder: Path, name: str) -> None:
    (generation(small_folder) / name).unlink()
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


def edit_file(folder: Path, name: str, content: bytes) -> None:
    """Change a file of the generation in use, with its checksum, as whoever may write there can."""
    (generation(folder) / name).write_bytes(content)
    manifest = json.loads((generation(folder) / "manifest.json").read_text(encoding="utf-8"))
    edit_manifest(folder, files=manifest["files"] | {name: hashlib.sha256(content).hexdigest()})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("documents.jsonl", {"text": None}),
        ("documents.jsonl", {"id": "another"}),
        ("documents.jsonl", {"published": 2023}),
        ("passages.jsonl", {"start": -1}),
        ("passages.jsonl", {"start": 9, "end": 9}),
        ("passages.jsonl", {"end": 10_000}),
        ("passages.jsonl", {"end": 2.5}),
        ("passages.jsonl", {"headings": "一"}),
        ("passages.jsonl", {"headings": [None]}),
        ("passages.jsonl", {"document": "nowhere"}),
        ("passages.jsonl", {"locator": []}),
        ("faq/questions.jsonl", {"circumstances": "一"}),
        ("faq/questions.jsonl", {"document": "0"}),
        ("faq/questions.jsonl", {"document": 2**40}),
        ("faq/questions.jsonl", {"text": 1}),
    ],
)
def test_a_row_of_other_types_or_beyond_the_text_is_refused(
    small_folder: Path, name: str, change: dict[str, object]
) -> None:
    first, *others = (generation(small_folder) / name).read_text(encoding="utf-8").splitlines()
    lines = [json.dumps(json.loads(first) | change), *others]
    edit_file(small_folder, name, "\n".join(lines).encode())
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "documents.jsonl",
        "passages.jsonl",
        "faq/questions.jsonl",
        "passages.bm25/vocab.index.json",
    ],
)
@pytest.mark.parametrize("content", [b"[" * 100_000, b"[]", b"1", b"\xff", b'"\\ud800"'])
def test_a_file_of_another_shape_is_refused(small_folder: Path, name: str, content: bytes) -> None:
    edit_file(small_folder, name, content)
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.parametrize(
    "rows",
    [
        [[4, 0, 1]],
        [[-1, 0, 1]],
        [[0, -1, 1]],
        [[0, 2, 2]],
        [[0, 0, 1000]],
        [[0, 0]],
        [0],
        [],
    ],
)
def test_clauses_beyond_their_passage_are_refused(small_folder: Path, rows: list[object]) -> None:
    file = BytesIO()
    np.save(file, np.array(rows, dtype=np.int32), allow_pickle=False)
    edit_file(small_folder, "clauses.npy", file.getvalue())
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", "[" * 100_000, "[" * 900, " " * 2_000, '{"generation": 1}']
)
def test_a_broken_pointer_is_refused(small_folder: Path, content: str) -> None:
    (small_folder / "built" / "current.json").write_text(content, encoding="utf-8")
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a", "000001", "../built/{}", "./{}", "{}/", "{}\n", "{}\0", "\ud800", None,
     ["{}"], "٠٠٠٠٠١-0123456789abcdef", "000001-0123456789ABCDEF", "/etc", "{}/faq/.."],
)  # fmt: skip
def test_a_pointer_leads_nowhere_else(small_folder: Path, name: object) -> None:
    own = generation(small_folder).name
    point(small_folder, name.format(own) if isinstance(name, str) else name)
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_its_checksum_is_refused(small_folder: Path, name: str) -> None:
    manifest = json.loads((generation(small_folder) / "manifest.json").read_text(encoding="utf-8"))
    del manifest["files"][name]
    edit_manifest(small_folder, files=manifest["files"])
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)
