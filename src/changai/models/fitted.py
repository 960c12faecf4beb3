"""The fitted weights: one model that ranks passages, and judges whether they answer.

``weights.json`` is written by ``changai fit``. ``search.features`` makes what the weights are
multiplied with, in the order of the names below, for fitting and for serving alike.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

TEXT_FEATURES = (
    "passage_similarity",  # cosine of question and passage
    "clause_similarity",  # cosine of question and the passage's nearest clause
    "passage_overlap",  # share of the question's terms, by rarity, that the passage holds
    "clause_overlap",  # the same for the clause that holds most
)

FAQ_FEATURES = (
    "faq_similarity",  # cosine of question and the nearest FAQ question that the passage answers
    "faq_overlap",  # how much of its terms, by rarity, one of those shares with the question
    "faq_prediction",  # how far the FAQ as a whole predicts that the passage answers
    "vocabulary_overlap",  # share of the terms that the passage and its FAQ questions hold
)

RANKING_FEATURES = (
    *TEXT_FEATURES,
    *FAQ_FEATURES,
    "other_year",  # 1 where the passage speaks of another year than the question
)

CLAUSE_FEATURES = (
    "clause_similarity",  # cosine of question and clause
    "clause_overlap",  # share of the question's terms, by rarity, that the clause holds
    "gives",  # 1 where it gives an amount or a particular that is asked for
    "title",  # 1 for the title that opens a passage
    "snippet_similarity",  # cosine of question and an FAQ question that the clause answers
    "snippet_overlap",  # how much of its terms that one shares with the question
)
"""Of a clause, to find the one that answers best within its passage."""

BESIDE_FEATURES = (
    "behind",  # by how much the clause scores below the best one of its passage
)
"""Of a clause beside the best one, which may belong to the answer too."""

ANSWERABILITY_FEATURES = (
    *TEXT_FEATURES,
    "foreign",  # 1 where the question has no Chinese character
    "length",  # natural logarithm of its number of characters
    "missing_quantities",  # how many of this kind the passage does not give, up to 2
    "missing_particulars",
    "missing_details",
    "missing_years",
    "missing_places",
    "missing_points",
    "missing_any",  # 1 where anything is missing
    "bare",  # 1 where the question is nothing but words that stand there just so
)

FAQ_ANSWERABILITY_FEATURES = (
    *ANSWERABILITY_FEATURES,
    *FAQ_FEATURES,
    "unanswered_similarity",  # cosine of question and the nearest FAQ question without an answer
    "unanswered_overlap",  # how much of its terms one of those shares with the question
    "unanswered_prediction",  # how far the FAQ as a whole predicts that the document has no answer
)
"""Of a passage whose article's FAQ has enough questions that it answers and that it does not."""

FURTHER_FEATURES = (
    "behind",  # by how much the passage scores below the first
    "log_odds",  # of its own confidence
    "several",  # 1 where the question asks for several things
)
"""Of a passage after the first, which may answer the question too."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression: the names of its features, a weight for each, and the intercept."""

    features: tuple[str, ...]
    weights: Floats
    intercept: float

    def log_odds(self, rows: Floats) -> Floats:
        """The linear combination of each row of features, of shape ``(…, features)``."""
        combined: Floats = rows @ self.weights + np.float32(self.intercept)
        return combined

    def probability(self, row: Floats) -> float:
        """The probability that a row of features foretells."""
        return float(1 / (1 + np.exp(-float(row @ self.weights) - self.intercept)))

    def to_dict(self) -> dict[str, Any]:
        """What ``weights.json`` holds of it."""
        weights = (round(float(weight), 4) for weight in self.weights)
        return {
            "intercept": round(self.intercept, 4),
            "weights": dict(zip(self.features, weights, strict=True)),
        }


@dataclass(frozen=True, slots=True)
class Model:
    """All that is fitted.

    ``ranking`` orders passages, and ``clause`` the clauses of one; ``beside`` tells whether a
    clause next to the best belongs to the answer. ``answerability`` and ``faq_answerability`` give
    the probability that a passage answers, ``further`` that a passage after the first does so too.
    A question counts as answered from the confidence ``threshold`` on.
    """

    ranking: Logistic
    clause: Logistic
    beside: Logistic
    answerability: Logistic
    faq_answerability: Logistic
    further: Logistic
    threshold: float

    def answerability_of(self, by_faq: bool) -> Logistic:
        """What judges a passage whose article is judged by its FAQ, or is not."""
        return self.faq_answerability if by_faq else self.answerability


FEATURES = {
    "ranking": RANKING_FEATURES,
    "clause": CLAUSE_FEATURES,
    "beside": BESIDE_FEATURES,
    "answerability": ANSWERABILITY_FEATURES,
    "faq_answerability": FAQ_ANSWERABILITY_FEATURES,
    "further": FURTHER_FEATURES,
}
"""The features of each part of a ``Model``."""


def load_model() -> Model:
    """The model that comes with the package."""
    weights = files("changai.models").joinpath("weights.json")
    return model_from_json(weights.read_text(encoding="utf-8"))


def model_from_json(text: str) -> Model:
    """Read a model as ``changai fit`` writes it."""
    numbers = json.loads(text)
    parts = {name: _logistic(numbers[name], features) for name, features in FEATURES.items()}
    return Model(**parts, threshold=float(numbers["threshold"]))


def _logistic(numbers: dict[str, Any], features: tuple[str, ...]) -> Logistic:
    weights = np.array([numbers["weights"][name] for name in features], dtype=np.float32)
    return Logistic(features, weights, float(numbers["intercept"]))
