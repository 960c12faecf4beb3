"""Chooses what the page offers besides answers: example questions, and hotlines."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import TypeVar

from changai.records import AUDIENCES, Document, Example, Hotline
from changai.search.index import Index

_MOST_EXAMPLES = 6
"""The most examples for each audience."""
_MOST_TRIED = 24
"""The most examples tried for each audience: each costs as much as a visitor's question."""
_MOST_HOTLINES = 5

T = TypeVar("T")


def examples(index: Index) -> list[Example]:
    """The example questions for each audience, from the articles in turn, if they are answered."""
    return [
        example
        for audience in AUDIENCES
        for example in islice(_answered(index, audience), _MOST_EXAMPLES)
    ]


def hotlines(documents: Sequence[Document]) -> list[Hotline]:
    """The hotlines of some documents, each number once."""
    named = [document.hotline for document in documents if document.hotline is not None]
    return _unique((hotline.number, hotline) for hotline in named)[:_MOST_HOTLINES]


def _answered(index: Index, audience: str) -> Iterator[Example]:
    tried = _in_turns(index.documents, audience)[:_MOST_TRIED]
    return (example for example in tried if index.ask(example.question).covered)


def _in_turns(documents: Sequence[Document], audience: str) -> list[Example]:
    """The examples for an audience: the first of each document, then the second, and so on."""
    own = [[e for e in document.examples if e.audience == audience] for document in documents]
    turns = chain.from_iterable(zip_longest(*own))
    return _unique((example.question, example) for example in turns if example is not None)


def _unique(named: Iterable[tuple[str, T]]) -> list[T]:
    """The first value for each name."""
    first: dict[str, T] = {}
    for name, value in named:
        first.setdefault(name, value)
    return list(first.values())
