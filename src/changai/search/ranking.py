"""The order of the candidates."""

from dataclasses import dataclass

import numpy as np

from changai.models.fitted import Floats, Model
from changai.search.candidates import Candidates
from changai.search.features import ranking_features


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates with their ``RANKING_FEATURES``, a row each, and their scores."""

    candidates: Candidates
    features: Floats
    scores: Floats

    def order(self) -> list[int]:
        """The candidates, best first; ties are in reading order."""
        return [int(each) for each in np.argsort(-self.scores, kind="stable")]


def rank(candidates: Candidates, model: Model) -> Ranking:
    """Score the candidates by the linear model."""
    features = ranking_features(candidates)
    return Ranking(candidates, features, model.ranking.log_odds(features))
