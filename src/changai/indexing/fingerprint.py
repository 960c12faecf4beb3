"""One hash of everything that decides how texts are read, so that an outdated index is noticed."""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable

_SOURCES = (
    *("text", "reading", "query", "indexing", "records.py"),
    *("models/encoders.py", "models/inputs.py", "models/transformer.py"),
)
_LIBRARIES = ("bm25s", "opencc", "pypinyin", "rjieba")
"""With other versions, questions might be read differently from the index."""


@cache
def fingerprint() -> str:
    """The hash of what this installation reads texts with."""
    return hash_of(ingredients())


def ingredients() -> dict[str, bytes]:
    """What decides how texts are read: the source and the word lists that read them, by path, the
    version of each library that they use, by name, and that of Unicode."""
    package = files("changai")
    found = {
        path: content
        for source in _SOURCES
        for path, content in _contents(package.joinpath(source), source)
    }
    found["unicode"] = unicodedata.unidata_version.encode()
    for library in _LIBRARIES:
        found[library] = metadata.version(library).encode()
    return found


def hash_of(ingredients: Mapping[str, bytes]) -> str:
    """One SHA-256, in hexadecimal, over named contents, whatever their order."""
    digest = hashlib.sha256()
    for name, content in sorted(ingredients.items()):
        digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _contents(source: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    """The source files and word lists in a folder, or a file itself, by their paths."""
    if source.is_dir():
        for entry in source.iterdir():
            yield from _contents(entry, f"{path}/{entry.name}")
    elif path.endswith((".py", ".txt")):
        yield path, source.read_bytes()
