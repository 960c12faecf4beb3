"""Citations: the best candidates, what to highlight in them, and what to be careful about."""

from dataclasses import replace

from changai.models.fitted import Model
from changai.records import Citation, Spans
from changai.search.highlights import highlight
from changai.search.ranking import Ranking
from changai.text import damage
from changai.text.dates import as_of


def cite(ranking: Ranking, model: Model, k: int) -> tuple[Citation, ...]:
    """The ``k`` best candidates as citations, or all there are."""
    return tuple(
        annotated(
            Citation(
                rank=rank,
                score=float(ranking.scores[candidate]),
                passage=ranking.candidates.passage(candidate),
                highlights=(highlight(ranking, candidate, model),),
            )
        )
        for rank, candidate in enumerate(ranking.order()[:k], start=1)
    )


def annotated(citation: Citation) -> Citation:
    """The citation with its damaged figures, and with the date of the figures highlighted.

    A highlight that cuts a damaged figure in two is widened to the whole of it, because half of it
    might look sound.
    """
    text = citation.passage.text
    damaged = damage.spans(text)
    highlights = tuple(_whole(span, damaged) for span in citation.highlights)
    return replace(citation, highlights=highlights, damaged=damaged, as_of=as_of(text, highlights))


def _whole(span: tuple[int, int], damaged: Spans) -> tuple[int, int]:
    """The span, widened to hold the whole of what is damaged at its ends."""
    cut = [each for each in damaged if each[0] < span[1] and span[0] < each[1]]
    return min(start for start, _ in [span, *cut]), max(end for _, end in [span, *cut])
