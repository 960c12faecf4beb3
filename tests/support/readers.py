"""Readers made by hand."""

from collections.abc import Mapping, Sequence

import numpy as np

from changai.models.fitted import Model
from changai.models.readers import Reading
from changai.search.candidates import Candidates
from changai.search.ranking import Ranking, rank, read, rerank


class Told:
    """Reads passages as it was told: the score of each, by a part of its text; 0 for others. It has
    nothing to say of their words."""

    def __init__(self, scores: Mapping[str, float] | None = None) -> None:
        self._scores = scores or {}

    def read(self, question: str, passages: Sequence[tuple[str, str]]) -> list[Reading]:
        nowhere, nothing = np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32)
        return [Reading(self._score(text), nowhere, nothing) for _, text in passages]

    def _score(self, text: str) -> float:
        return next((score for part, score in self._scores.items() if part in text), 0.0)


def made_reading(text: str, score: float = 0, answer: str = "") -> Reading:
    """A reading in which each character of the answer is as likely as another, or each of the
    text."""
    spans = np.stack([np.arange(len(text)), np.arange(len(text)) + 1], axis=1)
    start = text.index(answer)
    held = (start <= spans[:, 0]) & (spans[:, 0] < start + len(answer or text))
    return Reading(score, spans, (held / held.sum()).astype(np.float32))


def ranked(candidates: Candidates, model: Model, reader: Told | None = None) -> Ranking:
    """The candidates, ranked, read and ranked again."""
    return rerank(read(rank(candidates, model), reader or Told()), model)
