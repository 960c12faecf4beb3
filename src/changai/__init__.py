"""Changai 产改问答: verbatim, located answers from articles on China's industrial-workforce reform.

``ask`` and ``retrieve`` use the index in a folder (``CHANGAI_INDEX``, or ``./index``), and build
it first if there is none. Importing this package loads nothing heavy: each name below is loaded
when it is first used. ``__version__`` is the installed version.
"""

import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from changai.errors import ChangaiError
    from changai.indexing.build import build_index
    from changai.query.followups import resolve as resolve_followup
    from changai.records import Answer, BuildReport, Citation, Document, Passage
    from changai.search.index import Index

    __version__: str

__all__ = [
    "Answer",
    "BuildReport",
    "ChangaiError",
    "Citation",
    "Document",
    "Index",
    "Passage",
    "__version__",
    "ask",
    "build_index",
    "resolve_followup",
    "retrieve",
]

# The module that defines each name, and its name there if that differs.
_HOMES = {
    "Answer": "records",
    "BuildReport": "records",
    "ChangaiError": "errors",
    "Citation": "records",
    "Document": "records",
    "Index": "search.index",
    "Passage": "records",
    "build_index": "indexing.build",
    "resolve_followup": "query.followups:resolve",
}


def ask(question: str, *, k: int = 3, index: str | Path | None = None) -> "Answer":
    """Answer a question with the ``k`` best passages, and say whether they answer it.

    ``index`` is the folder that holds ``built/`` and ``articles/``. Raises QuestionError for a
    question that cannot be asked, and what ``Index.open`` and ``build_index`` raise.
    """
    return _open_index(index).ask(question, k=k)


def retrieve(question: str, *, k: int = 3, index: str | Path | None = None) -> "list[Citation]":
    """The ``k`` best passages for a question, or all there are. Raises what ``ask`` raises."""
    return _open_index(index).retrieve(question, k=k)


def _open_index(index: str | Path | None) -> "Index":
    """The index of a folder: opened once, kept, and always at the generation in use."""
    from changai.indexing.build import ensure_index

    folder = Path(index if index is not None else os.environ.get("CHANGAI_INDEX", "index"))
    ensure_index(folder)
    opened = _opened(folder.resolve())
    opened.refresh()
    return opened


@cache
def _opened(folder: Path) -> "Index":
    from changai.search.index import Index

    return Index.open(folder)


def __getattr__(name: str) -> object:
    if name == "__version__":
        # Loaded here, since it is slow to load and seldom needed.
        return import_module("importlib.metadata").version(__name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home, _, there = _HOMES[name].partition(":")
    return getattr(import_module(f"{__name__}.{home}"), there or name)


def __dir__() -> list[str]:
    return __all__
