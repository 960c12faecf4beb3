import errno
import hashlib
import json
import os
import re
from importlib import metadata
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from changai.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    IndexStateError,
)
from changai.indexing import store
from changai.indexing.build import build_index, encoder_in_use
from changai.records import EncoderIdentity
from changai.search.index import Index
from support.manifests import edit_manifest, generation, name_after, point
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
    "known/taught.npy",
    "known/questions.jsonl",
]


def test_what_is_opened_is_what_was_published(faq_folder: Path, faq_index: Index) -> None:
    manifest = store.read_manifest(faq_folder, store.current_generation(faq_folder))
    contents = store.load(faq_folder, store.current_generation(faq_folder), manifest)
    assert contents.passages == faq_index.passages
    assert len(contents.dense_passages) == 17
    assert len(contents.dense_clauses) == len(contents.clauses)
    for number, start, end in contents.clauses.tolist():
        assert 0 <= start < end <= len(contents.passages[number].text)
    made, opened = faq_index._opened.contents.known, contents.known
    assert made is not None and opened is not None
    assert opened.texts == made.texts
    assert opened.taught.tolist() == made.taught.tolist()
    assert contents.spelling.pairs.tolist() == faq_index._opened.contents.spelling.pairs.tolist()


def test_articles_without_questions_have_nothing_known(tmp_path: Path) -> None:
    (write_small(tmp_path) / "welders.questions.jsonl").unlink()
    build_index(tmp_path / "articles", tmp_path)
    assert not (generation(tmp_path) / "known").exists()
    assert not Index.open(tmp_path).has_known_questions


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


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        "[" * 100_000,
        '{"format_version": "4", "encoder": {"name": "builtin"}}',
        '{"format_version": 4, "encoder": {"name": ["builtin"]}}',
        f'{{"format_version": {store.FORMAT_VERSION}}}',
        f'{{"format_version": {store.FORMAT_VERSION}, "encoder": {{"name": "builtin"}}}}',
    ],
)
def test_a_broken_manifest_is_refused(small_folder: Path, content: str) -> None:
    name_after(small_folder, content)
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.parametrize("before", ["format_version", "welders.txt", "builtin"])
def test_a_manifest_that_the_generation_is_not_named_after_is_refused(
    small_folder: Path, before: str
) -> None:
    path = generation(small_folder) / "manifest.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(before, before.swapcase()), encoding="utf-8")
    with pytest.raises(IndexDamagedError, match=r"校验和不符.*changai build"):
        Index.open(small_folder)


HASH = "0" * 64


@pytest.mark.parametrize(
    "change",
    [
        {"built": "yesterday"},
        {"built": "2026-11-27T18:15:20"},
        {"built": 1},
        {"tokeniser_version": "1"},
        {"libraries": None},
        {"libraries": {"opencc": 1}},
        {"articles": ["welders.txt"]},
        {"articles": {"\ud800": HASH}},
        {"encoder": {"name": "builtin", "weights_sha256": None, "dimension": 384}},
        {"encoder": {"name": "builtin", "weights_sha256": HASH, "dimension": "384"}},
        {"encoder": {"name": "builtin", "weights_sha256": HASH}},
        {"encoder": ["name"]},
        {"encoder": {"name": "\ud800", "weights_sha256": HASH, "dimension": 384}},
        {"files": {"a\0b": HASH}},
        {"files": {"\ud800": HASH}},
        {"files": {"../../../current.json": HASH}},
        {"files": {"/etc/passwd": HASH}},
        {"files": {"": HASH}},
        {"files": {"a": None}},
        {"more": 1},
    ],
)
def test_a_manifest_of_other_types_is_refused(
    small_folder: Path, change: dict[str, object]
) -> None:
    edit_manifest(small_folder, **change)
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


def edit_file(folder: Path, name: str, content: bytes) -> None:
    """Change a file of the generation in use, with its checksum, as whoever may write there can."""
    (generation(folder) / name).write_bytes(content)
    manifest = json.loads((generation(folder) / "manifest.json").read_text(encoding="utf-8"))
    edit_manifest(folder, files=manifest["files"] | {name: hashlib.sha256(content).hexdigest()})


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
        ("known/questions.jsonl", {"circumstances": "一"}),
        ("known/questions.jsonl", {"document": "0"}),
        ("known/questions.jsonl", {"document": 2**40}),
        ("known/questions.jsonl", {"text": 1}),
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


@pytest.mark.parametrize(
    "name",
    [
        "documents.jsonl",
        "passages.jsonl",
        "known/questions.jsonl",
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
     ["{}"], "٠٠٠٠٠١-0123456789abcdef", "000001-0123456789ABCDEF", "/etc", "{}/known/.."],
)  # fmt: skip
def test_a_pointer_leads_nowhere_else(small_folder: Path, name: object) -> None:
    own = generation(small_folder).name
    point(small_folder, name.format(own) if isinstance(name, str) else name)
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": store.FORMAT_VERSION + 1},
        {"format_version": store.FORMAT_VERSION - 1},
        {"tokeniser_version": 0},
        {"libraries": {}},
        {"encoder": {"name": "builtin", "weights_sha256": "0" * 64, "dimension": 384}},
    ],
)
def test_an_index_made_otherwise_is_refused(small_folder: Path, change: dict[str, object]) -> None:
    edit_manifest(small_folder, **change)
    with pytest.raises(IndexMismatchError, match="changai build"):
        Index.open(small_folder)


def test_what_the_texts_were_read_with_is_kept_and_compared(small_folder: Path) -> None:
    manifest = store.read_manifest(small_folder, store.current_generation(small_folder))
    assert manifest.libraries == {
        "opencc": metadata.version("opencc"),
        "pypinyin": metadata.version("pypinyin"),
        "rjieba": metadata.version("rjieba"),
    }
    edit_manifest(small_folder, libraries=manifest.libraries | {"rjieba": "0.1"})
    said = (
        f"rjieba {metadata.version('rjieba')} 建成的；请运行：changai build --index {small_folder}"
    )
    with pytest.raises(IndexMismatchError, match=re.escape(said)):
        Index.open(small_folder)
    assert build_index(small_folder / "articles", small_folder).changed
    assert Index.open(small_folder).passages


def test_the_command_that_mends_names_the_encoder(built_folder: Path) -> None:
    manifest = store.read_manifest(built_folder, store.current_generation(built_folder))
    other = EncoderIdentity("models/mine", "1" * 64, 384)
    with pytest.raises(IndexMismatchError, match="--encoder models/mine"):
        store.check_encoder(built_folder, manifest, other)


@pytest.mark.parametrize(
    "change", [{"format_version": 0}, {"tokeniser_version": 0}, {"libraries": {}}]
)
def test_a_rebuild_for_another_version_keeps_the_encoder(
    small_folder: Path, change: dict[str, object]
) -> None:
    encoder = {"name": "models/mine", "weights_sha256": "1" * 64, "dimension": 384}
    edit_manifest(small_folder, encoder=encoder, **change)
    with pytest.raises(IndexMismatchError, match=r"changai build .*--encoder models/mine"):
        Index.open(small_folder)
    # The command without it is typed as easily.
    assert encoder_in_use(small_folder) == store.encoder_name(small_folder) == "models/mine"


@pytest.mark.parametrize("encoder", [None, {}, {"name": 1}])
def test_without_an_encoder_that_can_be_read_the_builtin_one_is_used(
    small_folder: Path, encoder: object
) -> None:
    edit_manifest(small_folder, encoder=encoder)
    with pytest.raises(IndexDamagedError, match="changai build"):
        store.encoder_name(small_folder)
    assert encoder_in_use(small_folder) == "builtin"
    assert build_index(small_folder / "articles", small_folder).changed


def test_two_builds_at_once_are_refused(small_folder: Path) -> None:
    with store.build_lock(small_folder), pytest.raises(IndexBusyError):
        build_index(small_folder / "articles", small_folder)


def test_a_folder_that_cannot_be_written_is_named(small_folder: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(IndexStateError, match="file"):
        build_index(small_folder / "articles", blocked)


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_its_checksum_is_refused(small_folder: Path, name: str) -> None:
    manifest = json.loads((generation(small_folder) / "manifest.json").read_text(encoding="utf-8"))
    del manifest["files"][name]
    edit_manifest(small_folder, files=manifest["files"])
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)


@pytest.mark.parametrize("files", [{}, [], None, {"clauses.npy": "0" * 64}])
def test_a_manifest_without_every_checksum_is_refused_and_mended(
    small_folder: Path, files: object
) -> None:
    edit_manifest(small_folder, files=files)
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)
    assert build_index(small_folder / "articles", small_folder).changed
    assert Index.open(small_folder).passages


def test_a_switch_that_fails_leaves_the_old_generation_and_nothing_else(small_folder: Path) -> None:
    built = small_folder / "built"
    before = store.current_generation(small_folder)
    (built / "tmp-current.json").mkdir()  # so that the new pointer cannot be written
    (small_folder / "articles" / "more.txt").write_text("标题\n正文。\n", encoding="utf-8")
    with pytest.raises(IndexStateError):
        build_index(small_folder / "articles", small_folder)
    assert store.current_generation(small_folder) == before
    assert [p.name for p in built.iterdir() if p.name[0].isdecimal()] == [before]


@pytest.mark.parametrize("operation", ["fsync", "rmdir"])
def test_what_fails_after_the_switch_is_told_and_undoes_nothing(
    small_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    operation: str,
) -> None:
    more = small_folder / "articles" / "more.txt"
    more.write_text("标题\n正文第0稿。\n", encoding="utf-8")
    build_index(more.parent, small_folder)
    more.write_text("标题\n正文第1稿。\n", encoding="utf-8")
    switch, real = os.replace, getattr(os, operation)
    switched = []

    def replace(*given: Path) -> None:
        switch(*given)
        switched.append(given)

    def fail(*given: int, **named: int) -> None:
        if switched:
            raise OSError(errno.EIO, "Input/output error")
        real(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        patch.setattr(os, operation, fail)
        report = build_index(more.parent, small_folder)
    assert report.changed
    assert report.generation == store.current_generation(small_folder)
    assert "第1稿" in "".join(p.text for p in Index.open(small_folder).passages)
    (said,) = [r.getMessage() for r in caplog.records if r.name == "changai.indexing.store"]
    assert "已经在用" in said and "写不了" not in said


def test_two_generations_stay_and_older_ones_go(small_folder: Path) -> None:
    article = small_folder / "articles" / "more.txt"
    for number in range(3):
        article.write_text(f"标题\n正文第{number}稿。\n", encoding="utf-8")
        build_index(small_folder / "articles", small_folder)
    kept = sorted(p.name for p in (small_folder / "built").iterdir() if p.is_dir())
    assert [name[:6] for name in kept] == ["000003", "000004"]
    assert store.current_generation(small_folder) == kept[1]


def test_what_an_interrupted_build_left_is_removed(small_folder: Path) -> None:
    left = small_folder / "built" / "tmp-interrupted"
    left.mkdir()
    (small_folder / "articles" / "more.txt").write_text("标题\n正文。\n", encoding="utf-8")
    build_index(small_folder / "articles", small_folder)
    assert not left.exists()
