"""The manifest of a generation: what it was made from, and with what. It shows whether the files
are still what was written, and whether this version of Changai can use them.

A generation's name is its number and the first digits of the SHA-256 of its manifest, which holds
the SHA-256 of every other file. Nothing is trusted before these have been checked.
"""

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from changai import files
from changai.errors import IndexDamagedError, IndexMismatchError, shown
from changai.indexing.fingerprint import fingerprint
from changai.records import EncoderIdentity

MANIFEST = "manifest.json"
GENERATION = re.compile(r"(?P<number>[0-9]{6})-(?P<digest>[0-9a-f]{16})")
"""The name of a generation."""

FORMAT_VERSION = 5

_LARGEST = 50_000_000
"""In bytes: enough for some hundred thousand articles."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made from and with.

    ``reading`` is the fingerprint of what texts were read with, ``built`` the time (ISO 8601, UTC).
    ``articles`` has the SHA-256 of each file that was read, ``files`` that of each file written.
    """

    format_version: int
    reading: str
    built: str
    encoder: EncoderIdentity
    articles: dict[str, str]
    files: dict[str, str]


def read_manifest(index: Path, generation: str) -> Manifest:
    """Read a generation's manifest and check that this version of Changai can use it.

    Raises IndexMismatchError for another format or another reading of texts, IndexDamagedError if
    it cannot be read or is not the one that the generation is named after.
    """
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
        raise IndexDamagedError(damaged(index, _path(index, generation), error)) from error
    if manifest.reading != fingerprint():
        raise IndexMismatchError(
            f"{index} 里的索引不是照现在的读法建成的：程序、词表或分词等软件包换了；"
            f"{_rebuild(index, encoder)}"
        )
    return manifest


def encoder_name(index: Path, generation: str) -> str:
    """The name of the encoder that made a generation, whichever version of Changai wrote it.

    Raises IndexDamagedError.
    """
    name: str = _raw_manifest(index, generation)["encoder"]["name"]
    return name


def check_encoder(index: Path, manifest: Manifest, encoder: EncoderIdentity) -> None:
    """Raise IndexMismatchError unless the index was made by this very encoder."""
    if manifest.encoder != encoder:
        raise IndexMismatchError(
            f"{index} 里的索引由编码器 {_named(manifest.encoder)} 建成，"
            f"现在的是 {_named(encoder)}；{_rebuild(index, encoder.name)}"
        )


def write_manifest(folder: Path, encoder: EncoderIdentity, articles: dict[str, str]) -> str:
    """Write the manifest of the files in a folder, and return the digits for its name.

    ``articles`` maps the name of each file that was read to its SHA-256. Raises OSError.
    """
    manifest = Manifest(
        FORMAT_VERSION,
        fingerprint(),
        datetime.now(UTC).isoformat(timespec="seconds"),
        encoder,
        articles,
        {name: files.sha256(folder / name) for name in files.file_names(folder)},
    )
    text = files.to_json(asdict(manifest))
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return _digest(text.encode())


def damaged(index: Path, path: Path, reason: object) -> str:
    """The message that a file of the index cannot be used: the reason, and what to do."""
    why = files.cause(reason).partition("；")[0] if isinstance(reason, OSError) else reason
    return f"索引文件 {shown(path)} 不能用（{why}）；请运行：changai build --index {index}"


def _raw_manifest(index: Path, generation: str) -> dict[str, Any]:
    """A manifest of any version, with at least a version and the name of an encoder.

    Raises IndexDamagedError.
    """
    path = _path(index, generation)
    name = GENERATION.fullmatch(generation)
    try:
        data = files.read_bytes(path, _LARGEST)
        if name is None or _digest(data) != name["digest"]:
            raise ValueError("校验和不符")
        raw: dict[str, Any] = files.parse_json(data.decode("utf-8"))
        version, encoder = raw["format_version"], raw["encoder"]["name"]
        if not isinstance(version, int) or not isinstance(encoder, str):
            raise ValueError("缺少格式的版本或编码器的名字")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamagedError(damaged(index, path, error)) from error
    return raw


def _path(index: Path, generation: str) -> Path:
    return index / "built" / generation / MANIFEST


def _digest(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:16]


def _rebuild(index: Path, encoder: str) -> str:
    """The advice to rebuild, with the encoder of this name."""
    same = "" if encoder == "builtin" else f" --encoder {encoder}"
    return f"请运行：changai build --index {index}{same}"


def _named(encoder: EncoderIdentity) -> str:
    return f"{encoder.name}（{encoder.weights_sha256[:12]}，{encoder.dimension} 维）"
