"""Which words of a passage to highlight: its best clauses, whole."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from changai.models.fitted import Model
from changai.search.candidates import Candidates
from changai.search.features import beside_features, clause_features, log_odds
from changai.search.ranking import Ranking
from changai.text import sentences

_LONGEST_WHOLE = 60
"""The most characters of a stretch that is always highlighted whole. The parts of a longer one are
usually list items, each of which makes sense alone."""

_LIST = re.compile(r"\s*[:：]\s*(?:[(（]\s*[一二三四五六七八九十]+\s*[)）]|\d+\s*[.．、])")
_LONGEST_LIST = 300
"""The most characters of a list that is highlighted together with its lead-in."""

_BESIDE_FROM = 0.07
"""The probability from which a clause beside the best one is highlighted too. It is low because
cutting off a part of the answer costs a reader more than a clause too many."""

_MARK = re.compile(r"[,，:：。;；!！?？…\n]")


def highlight(ranking: Ranking, candidate: int, model: Model) -> tuple[int, int]:
    """What to highlight in a candidate, as ``(start, end)`` within its text.

    It is the clause with the best score, extended within its sentence by the clauses that belong
    to the same FAQ answer, that only a 、 separates from it, or that score nearly as well. If it
    leads in a list, the list is included.
    """
    candidates = ranking.candidates
    text, spans = candidates.passage(candidate).text, candidates.clause_spans(candidate)
    scores = model.clause.log_odds(
        clause_features(candidates, candidate, ranking.readings.get(candidate))
    )
    best = int(np.argmax(scores))
    first, last = _answer(candidates, candidate, best, spans)
    near = model.beside.log_odds(beside_features(scores, best)) >= log_odds(_BESIDE_FROM)
    return _widened(text, spans, near, first, last)


def _widened(
    text: str,
    spans: Sequence[tuple[int, int]],
    near: npt.NDArray[np.bool_],
    first: int,
    last: int,
) -> tuple[int, int]:
    """The ``(start, end)`` of the clauses ``first`` to ``last`` of a text, extended within the
    sentence by clauses that are ``near`` or joined to them, and by the list that they lead in."""
    gaps = [(before, after) for (_, before), (after, _) in pairwise(spans)]
    breaks = sentences.breaks(text, spans)
    marks = [-1, *(match.start() for match in _MARK.finditer(text)), len(text)]
    joined = [_is_joined(text, before, after, marks) for before, after in gaps]
    while first > 0 and not breaks[first - 1] and (joined[first - 1] or near[first - 1]):
        first -= 1
    while last < len(breaks) and not breaks[last] and (joined[last] or near[last + 1]):
        last += 1
    start, end, close = spans[first][0], spans[last][1], spans[-1][1]
    return start, close if _LIST.match(text, end) and close - start <= _LONGEST_LIST else end


def _is_joined(text: str, before: int, after: int, marks: Sequence[int]) -> bool:
    """Whether two clauses with the gap ``before:after`` between them belong together: they stand in
    one short stretch between ``marks``, or the first is only a condition (拖欠工资的)."""
    behind = bisect_left(marks, before)
    short = marks[behind] - marks[behind - 1] <= _LONGEST_WHOLE + 1
    return text[before - 1] == "的" or (short and after < marks[behind])


def _answer(
    candidates: Candidates, candidate: int, best: int, spans: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    """The numbers of the first and last clause of the answer that the best clause belongs to: those
    that overlap the snippet of the most similar FAQ question, or the best clause alone."""
    snippets = candidates.snippets(candidate)
    touches = snippets.touching(np.array(spans))
    if not touches[best].any():
        return best, best
    likest = int(np.where(touches[best], snippets.likeness[:, 0], -np.inf).argmax())
    stretch = np.flatnonzero(touches[:, likest])
    return int(stretch[0]), int(stretch[-1])
