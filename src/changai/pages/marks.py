"""Cuts a text with marks into pieces that a template can print, without losing a character."""

from dataclasses import dataclass
from itertools import chain, groupby, pairwise

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
    stretches = groupby(pairwise(edges), lambda stretch: _holds(highlights, stretch))
    return tuple(
        Stretch(
            tuple(Piece(text[start:end], _holds(damaged, (start, end))) for start, end in cut),
            highlighted,
        )
        for highlighted, cut in stretches
    )


def within(spans: Spans, start: int, end: int) -> Spans:
    """The parts of the spans between ``start`` and ``end``, with offsets counted from ``start``."""
    return tuple(
        (max(first, start) - start, min(last, end) - start)
        for first, last in spans
        if first < end and start < last
    )


def _holds(spans: Spans, stretch: tuple[int, int]) -> bool:
    """Whether a part of the text is inside one of the spans."""
    return any(start <= stretch[0] and stretch[1] <= end for start, end in spans)
