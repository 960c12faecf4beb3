"""By what an index is believed, or refused."""

import re
from pathlib import Path

import pytest

from changai.errors import (
    IndexDamagedError,
    IndexMismatchError,
)
from changai.indexing import store
from changai.indexing.build import build_index, encoder_in_use
from changai.indexing.fingerprint import fingerprint
from changai.indexing.manifest import FORMAT_VERSION, check_encoder, encoder_name, read_manifest
from changai.records import EncoderIdentity
from changai.search.index import Index
from support.manifests import edit_manifest, generation, name_after


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
        f'{{"format_version": {FORMAT_VERSION}}}',
        f'{{"format_version": {FORMAT_VERSION}, "encoder": {{"name": "builtin"}}}}',
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
        {"reading": 1},
        {"reading": None},
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


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": FORMAT_VERSION + 1},
        {"format_version": FORMAT_VERSION - 1},
        {"reading": HASH},
        {"encoder": {"name": "builtin", "weights_sha256": "0" * 64, "dimension": 384}},
    ],
)
def test_an_index_made_otherwise_is_refused(own_folder: Path, change: dict[str, object]) -> None:
    edit_manifest(own_folder, **change)
    with pytest.raises(IndexMismatchError, match="changai build"):
        Index.open(own_folder)


def test_what_the_texts_were_read_with_is_kept_and_compared(small_folder: Path) -> None:
    manifest = read_manifest(small_folder, generation(small_folder).name)
    assert manifest.reading == fingerprint()
    edit_manifest(small_folder, reading=HASH)
    said = f"分词等软件包换了；请运行：changai build --index {small_folder}"
    with pytest.raises(IndexMismatchError, match=re.escape(said)):
        Index.open(small_folder)
    assert build_index(small_folder / "articles", small_folder).changed
    assert Index.open(small_folder).passages


def test_the_command_that_mends_names_the_encoder(built_folder: Path) -> None:
    manifest = read_manifest(built_folder, store.current_generation(built_folder))
    other = EncoderIdentity("models/mine", "1" * 64, 384)
    with pytest.raises(IndexMismatchError, match="--encoder models/mine"):
        check_encoder(built_folder, manifest, other)


@pytest.mark.parametrize("change", [{"format_version": 0}, {"reading": HASH}])
def test_a_rebuild_for_another_version_keeps_the_encoder(
    small_folder: Path, change: dict[str, object]
) -> None:
    encoder = {"name": "models/mine", "weights_sha256": "1" * 64, "dimension": 384}
    edit_manifest(small_folder, encoder=encoder, **change)
    with pytest.raises(IndexMismatchError, match=r"changai build .*--encoder models/mine"):
        Index.open(small_folder)
    # The command without it is typed as easily.
    assert encoder_name(small_folder, generation(small_folder).name) == "models/mine"
    assert encoder_in_use(small_folder) == "models/mine"


@pytest.mark.parametrize("encoder", [None, {}, {"name": 1}])
def test_without_an_encoder_that_can_be_read_the_builtin_one_is_used(
    small_folder: Path, encoder: object
) -> None:
    edit_manifest(small_folder, encoder=encoder)
    with pytest.raises(IndexDamagedError, match="changai build"):
        encoder_name(small_folder, generation(small_folder).name)
    assert encoder_in_use(small_folder) == "builtin"
    assert build_index(small_folder / "articles", small_folder).changed


@pytest.mark.slow
@pytest.mark.parametrize("files", [{}, [], None, {"clauses.npy": "0" * 64}])
def test_a_manifest_without_every_checksum_is_refused_and_mended(
    small_folder: Path, files: object
) -> None:
    edit_manifest(small_folder, files=files)
    with pytest.raises(IndexDamagedError, match="changai build"):
        Index.open(small_folder)
    assert build_index(small_folder / "articles", small_folder).changed
    assert Index.open(small_folder).passages
