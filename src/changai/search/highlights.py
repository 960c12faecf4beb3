"""Which words of a passage to show first: its best clauses, whole."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from changai.text.sentences import ends_sentence

_DOUBT = np.float32(4)
"""How much worse a clause may match than the highlighted one beside it, and be highlighted too."""

_TITLE = np.float32(4)
"""How much better the title of a passage must match than a clause of its text: it repeats what is
asked, and answers nothing. Without known questions 2 to 8 did alike."""

_LONGEST_TITLE = 14

_LONGEST_WHOLE = 60
"""Up to how many characters a stretch is shown whole; longer ones list what says enough alone."""

_LIST = re.compile(r"\s*[:：]\s*(?:[(（]\s*[一二三四五六七八九十]+\s*[)）]|\d+\s*[.．、])")
_LONGEST_LIST = 300
"""In characters, of a list that is shown with the words that say of what it is."""

_MARK = re.compile(r"[,，:：。;；!！?？…\n]")

Floats = npt.NDArray[np.float32]
Snippets = tuple[npt.NDArray[np.int32], Floats]


def best(
    text: str, spans: Sequence[tuple[int, int]], scores: Floats, snippets: Snippets | None = None
) -> tuple[int, int]:
    """The ``(start, end)`` of what to show first of a passage, whose clauses are ``spans``.

    It is the clause that scores best, where one that answers a like known question comes before
    one that scores better: ``snippets`` are the ``(start, end)`` of such answers, of shape
    ``(n, 2)``, and how like each question is. With it stand those beside it in its sentence that
    belong to that answer, that nothing but a 、 parts from it, or that score nearly as well; and
    the list that it opens.
    """
    gaps = [(before, after) for (_, before), (after, _) in pairwise(spans)]
    breaks = [ends_sentence(text[before:after]) for before, after in gaps]
    marks = [-1, *(match.start() for match in _MARK.finditer(text)), len(text)]
    joined = [_is_joined(text, before, after, marks) for before, after in gaps]
    if any(breaks[:1]) and spans[0][1] <= _LONGEST_TITLE:
        scores = scores - _TITLE * (np.arange(len(spans)) == 0)
    first = last = int(np.argmax(scores))
    if snippets is not None:
        scores, first, last = _answered(spans, scores, *snippets)
    enough = scores[first : last + 1].max() - _DOUBT
    while (
        first > 0 and not breaks[first - 1] and (joined[first - 1] or scores[first - 1] >= enough)
    ):
        first -= 1
    while last < len(breaks) and not breaks[last] and (joined[last] or scores[last + 1] >= enough):
        last += 1
    start, end, close = spans[first][0], spans[last][1], spans[-1][1]
    return start, close if _LIST.match(text, end) and close - start <= _LONGEST_LIST else end


def _is_joined(text: str, before: int, after: int, marks: Sequence[int]) -> bool:
    """Whether two clauses, with the gap ``before:after`` between them, are one stretch between
    ``marks`` that is short, or the first but a condition (拖欠工资的)."""
    behind = bisect_left(marks, before)
    short = marks[behind] - marks[behind - 1] <= _LONGEST_WHOLE + 1
    return text[before - 1] == "的" or (short and after < marks[behind])


def _answered(
    spans: Sequence[tuple[int, int]],
    scores: Floats,
    snippets: npt.NDArray[np.int32],
    likeness: Floats,
) -> tuple[Floats, int, int]:
    """The clauses' scores with the likeness of the snippets that each touches, and the numbers of
    the first and last clause of the best answer: the best clause, and those that the likest
    snippet there touches too."""
    if not len(snippets):
        return scores, int(np.argmax(scores)), int(np.argmax(scores))
    clauses = np.array(spans)
    touches = (clauses[:, :1] < snippets[:, 1]) & (snippets[:, 0] < clauses[:, 1:])
    scores = scores + np.where(touches, likeness, likeness.min()).max(axis=1)
    best = int(np.argmax(scores))
    if not touches[best].any():
        return scores, best, best
    likest = int(np.argmax(np.where(touches[best], likeness, -np.inf)))
    stretch = np.flatnonzero(touches[:, likest])
    return scores, int(stretch[0]), int(stretch[-1])
