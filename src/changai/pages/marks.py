"""Cuts a text with marks into pieces that a template can print, without losing a character."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from operator import itemgetter

from changai.records import Spans


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that is damaged as a whole, or not at all."""

    text: str
    damaged: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring pieces that are all highlighted, or all not."""

    pieces: tuple[Piece, ...]
    highlighted: bool


Marked = tuple[Stretch, ...]
"""A whole text, in order, for the macro ``marked`` of ``pages/templates/marks.html``."""


def marked(text: str, highlights: Spans, damaged: Spans = ()) -> Marked:
    """Cut a text wherever a span begins or ends.

    Spans may overlap. A damaged span is cut in two if a highlight begins or ends inside it.
    """
    edges = sorted({0, len(text), *chain(*highlights, *damaged)})
    texts = (text[start:end] for start, end in pairwise(edges))
    pieces = map(Piece, texts, _covered(damaged, edges))
    stretches = groupby(zip(_covered(highlights, edges), pieces, strict=True), itemgetter(0))
    return tuple(
        Stretch(tuple(piece for _, piece in stretch), highlighted)
        for highlighted, stretch in stretches
    )


def within(spans: Spans, start: int, end: int) -> Spans:
    """The parts of the spans between ``start`` and ``end``, with offsets counted from ``start``."""
    return tuple(
        (max(first, start) - start, min(last, end) - start)
        for first, last in spans
        if first < end and start < last
    )


def _covered(spans: Spans, edges: Sequence[int]) -> list[bool]:
    """Whether each part between two neighbouring edges is inside a span. Every span begins and ends
    at an edge; the edges are sorted."""
    ordered, reached, covered = deque(sorted(spans)), 0, []
    for start, end in pairwise(edges):
        while ordered and ordered[0][0] <= start:
            reached = max(reached, ordered.popleft()[1])
        covered.append(end <= reached)
    return covered
