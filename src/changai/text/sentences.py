"""Sentences and their clauses."""

import re
from collections.abc import Sequence
from itertools import pairwise

from changai.text.characters import has_words

_ENDS = r"。;；!！?？…\n"
_SENTENCE = re.compile(f"[^{_ENDS}]+")
_SENTENCE_END = re.compile(f"[{_ENDS}]")
# A comma or colon between digits belongs to the number.
_CLAUSE = re.compile(r"(?:[^,，。;；!！?？:：、…\n]|(?<=\d)[,:](?=\d))+")


def ends_sentence(text: str) -> bool:
    """Whether a text contains a mark that ends a sentence."""
    return _SENTENCE_END.search(text) is not None


def breaks(text: str, spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Whether a sentence ends between each span of a text and the next one."""
    return [ends_sentence(text[end:start]) for (_, end), (start, _) in pairwise(spans)]


def clauses(text: str, shortest: int = 8) -> list[tuple[int, int]]:
    """The ``(start, end)`` of each clause: a stretch between punctuation marks.

    A stretch of fewer than ``shortest`` characters says too little alone, so it is joined to what
    follows it in the sentence, or to what precedes it at the sentence's end.
    """
    spans: list[tuple[int, int]] = []
    for sentence in _SENTENCE.finditer(text):
        own: list[tuple[int, int]] = []
        start: int | None = None
        for match in _CLAUSE.finditer(text, *sentence.span()):
            stretch = match[0].strip()
            if not has_words(stretch):
                continue
            offset = match.start() + match[0].index(stretch)
            start = offset if start is None else start
            end = offset + len(stretch)
            if end - start >= shortest:
                own.append((start, end))
                start = None
        if start is not None:
            own.append((own.pop()[0] if own else start, end))
        spans += own
    return spans
