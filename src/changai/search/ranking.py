"""The order of the candidates: first by what is known of all, then by reading the first ones."""

from dataclasses import dataclass, field, replace

import numpy as np

from changai.models.fitted import Floats, Model
from changai.models.inputs import reader_input
from changai.models.readers import Reader, Reading
from changai.search.candidates import Candidates
from changai.search.features import ranking_features, reranking_features

_READ = 8
"""How many of the first candidates are read, if the reader's ``MOST_TOKENS`` allow."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates with their ``RANKING_FEATURES``, a row each, and their scores; and the readings of
    the first ones, best first, if they were read."""

    candidates: Candidates
    features: Floats
    scores: Floats
    readings: dict[int, Reading] = field(default_factory=dict)

    def order(self) -> list[int]:
        """The candidates, best first; ties are in reading order."""
        return [int(each) for each in np.argsort(-self.scores, kind="stable")]


def rank(candidates: Candidates, model: Model) -> Ranking:
    """Score the candidates by the linear model."""
    features = ranking_features(candidates)
    return Ranking(candidates, features, model.ranking.log_odds(features))


def read(ranking: Ranking, reader: Reader) -> Ranking:
    """Read the first candidates of a ranking."""
    first = ranking.order()[:_READ]
    candidates = ranking.candidates
    passages = [reader_input(candidates.passage(each)) for each in first]
    readings = reader.read(candidates.query.text, passages)
    return replace(ranking, readings=dict(zip(first, readings, strict=False)))


def rerank(ranking: Ranking, model: Model) -> Ranking:
    """Score the candidates that were read anew. The others stay behind them, as far as they were
    from the last of these."""
    first = [*ranking.readings]
    scores = model.reranking.log_odds(reranking_features(ranking.scores, ranking.readings))
    anew: Floats = ranking.scores - ranking.scores[first[-1]] + scores.min()
    anew[first] = scores
    return replace(ranking, scores=anew)
