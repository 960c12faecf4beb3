"""One hash of everything that decides how texts are read, so that an outdated index is noticed."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable

_PACKAGES = ("text", "reading", "query", "indexing")
_LIBRARIES = ("bm25s", "opencc", "pypinyin", "rjieba")
"""Another version of these may read a question differently from how the index was read."""


@cache
def fingerprint() -> str:
    """The hash of what this installation reads texts with."""
    return hash_of(ingredients())


def ingredients() -> dict[str, bytes]:
    """What decides how texts are read: the source and the word lists of the packages that read
    them, by path, and the version of each library that they use, by name."""
    found = {
        path: content
        for package in _PACKAGES
        for path, content in _contents(files("changai") / package, package)
    }
    return found | {name: metadata.version(name).encode() for name in _LIBRARIES}


def hash_of(ingredients: Mapping[str, bytes]) -> str:
    """One SHA-256, in hexadecimal, over named contents, whatever their order."""
    digest = hashlib.sha256()
    for name, content in sorted(ingredients.items()):
        digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def _contents(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        inner = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _contents(entry, inner)
        elif entry.name.endswith((".py", ".txt")):
            yield inner, entry.read_bytes()
