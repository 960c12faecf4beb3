"""A text with marks: cut into stretches that a template can print, none of its characters lost."""

from dataclasses import dataclass
from itertools import chain, groupby, pairwise

from changai.records import Spans


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text, damaged all through or not at all."""

    text: str
    damaged: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring pieces, all highlighted or none."""

    pieces: tuple[Piece, ...]
    highlighted: bool


Marked = tuple[Stretch, ...]
"""A text whole and in order, for the macro ``marked`` of ``pages/templates/marks.html``."""


def marked(text: str, highlights: Spans, damaged: Spans = ()) -> Marked:
    """The text, cut where a span begins or ends.

    Spans may overlap: where a highlight begins or ends within a damaged one, that is cut in two.
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
    """What of the spans lies between ``start`` and ``end``, counted from there."""
    return tuple(
        (max(first, start) - start, min(last, end) - start)
        for first, last in spans
        if first < end and start < last
    )


def _holds(spans: Spans, stretch: tuple[int, int]) -> bool:
    """Whether a stretch of text lies within one of the spans."""
    return any(start <= stretch[0] and stretch[1] <= end for start, end in spans)
