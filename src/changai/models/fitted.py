"""The fitted weights: one model that ranks passages, and judges whether they answer.

``weights.json`` is written by ``changai fit``. ``search.features`` computes the features named
below, in this order, both for fitting and for serving.
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
)

FAQ_FEATURES = (
    "faq_similarity",  # cosine of question and the nearest FAQ question that the passage answers
    "faq_overlap",  # the highest Dice similarity, by terms and their rarity, to one of those
    "faq_prediction",  # a regression on the whole FAQ, of whether the passage answers
    "vocabulary_overlap",  # share of the terms, by rarity, that the passage or its FAQ holds
)

RANKING_FEATURES = (
    *TEXT_FEATURES,
    *FAQ_FEATURES,
    "other_year",  # 1 if the passage is not about every year that the question names
)

RERANKING_FEATURES = (
    "score",  # by the RANKING_FEATURES
    "reading",  # what the reader says of the passage
)
"""Of a passage that was read."""

CLAUSE_FEATURES = (
    "clause_similarity",  # cosine of question and clause
    "clause_overlap",  # share of the question's terms, by rarity, that the clause holds
    "share",  # logarithm of the reader's share of the answer that the clause has
    "snippet_similarity",  # cosine of question and an FAQ question that the clause answers
    "snippet_overlap",  # their Dice similarity, by terms and their rarity
)
"""Of a clause, to find the best one of its passage."""

BESIDE_FEATURES = (
    "behind",  # how far the clause scores below the best one of its passage
)
"""Of a clause beside the best one, which may belong to the answer too."""

ANSWERABILITY_FEATURES = (
    "passage_similarity",
    "passage_overlap",
    "reading",  # what the reader says of the passage
    "mean_reading",  # the mean of what it says of those that it read
    "lead",  # how far the passage scores above the best of the others
    "foreign",  # 1 if the question has no Chinese character
    "length",  # natural logarithm of its number of characters
    "missing_years",  # how many years that the question names it is not about, up to 2
    "missing_places",  # the same of places
    "bare",  # 1 if the whole question stands in the passage, verbatim but for punctuation
)

FAQ_ANSWERABILITY_FEATURES = (
    *ANSWERABILITY_FEATURES,
    *FAQ_FEATURES,
    "unanswered_similarity",  # cosine of question and the nearest FAQ question without an answer
    "unanswered_overlap",  # the highest Dice similarity, by terms, to one of those
    "unanswered_prediction",  # a regression on the whole FAQ, of whether the article has no answer
)
"""Of a passage whose article has an FAQ with enough questions that it answers, and enough that it
does not."""

FURTHER_FEATURES = (
    "behind",  # how far the passage scores below the first
    "log_odds",  # of the confidence that this passage answers
    "several",  # 1 if the question asks for several things
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
        """The probability for one row of features."""
        return float(1 / (1 + np.exp(-float(row @ self.weights) - self.intercept)))

    def to_dict(self) -> dict[str, Any]:
        """The form in which ``weights.json`` holds it."""
        weights = (round(float(weight), 4) for weight in self.weights)
        return {
            "intercept": round(self.intercept, 4),
            "weights": dict(zip(self.features, weights, strict=True)),
        }


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that is fitted.

    ``ranking`` orders passages, ``reranking`` the first ones once they are read, and ``clause`` the
    clauses of a passage; ``beside`` says whether a clause next to the best one belongs to the
    answer. ``answerability`` and ``faq_answerability`` give the probability that one of the first
    three passages answers, going by the first, and ``further`` that a passage after the first
    answers too. A question counts as answered if its confidence is at least ``threshold``.
    """

    ranking: Logistic
    reranking: Logistic
    clause: Logistic
    beside: Logistic
    answerability: Logistic
    faq_answerability: Logistic
    further: Logistic
    threshold: float

    def answerability_of(self, by_faq: bool) -> Logistic:
        """The part that judges a passage: by its article's FAQ, or by its text alone."""
        return self.faq_answerability if by_faq else self.answerability


FEATURES = {
    "ranking": RANKING_FEATURES,
    "reranking": RERANKING_FEATURES,
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
