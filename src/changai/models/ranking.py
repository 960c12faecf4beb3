"""Scoring candidates: pure functions on arrays, and the fitted weights they use.

A linear model orders the candidate passages by ``FEATURES``. A logistic regression on measures of
the first one gives the probability that the question is answered. Their weights are plain numbers
in ``weights.json``, written by ``changai fit``.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from changai.query.expectations import Unmet
from changai.text.characters import has_han

Floats = npt.NDArray[np.float32]

TEXT_FEATURES = (
    "passage_similarity",  # cosine of question and passage
    "clause_similarity",  # cosine of question and the passage's nearest clause
    "passage_coverage",  # share of the question's terms, by rarity, that the passage holds
    "clause_coverage",  # the same for the clause that holds most
)

KNOWN_FEATURES = (
    "known_similarity",  # cosine of question and the nearest known question the passage answers
    "known_likeness",  # how much of its terms, by rarity, one of those shares with the question
    "taught_similarity",  # product of question and what those together teach of the passage
    "vocabulary_coverage",  # share of the terms that they and the passage together hold
)

FEATURES = TEXT_FEATURES + KNOWN_FEATURES

COVERAGE_FEATURES = (
    *TEXT_FEATURES,
    "foreign",  # 1 where the question has no Chinese character
    "length",  # natural logarithm of its number of characters
    "unmet_quantities",  # how many expectations of this kind the passage leaves unmet, up to 2
    "unmet_particulars",
    "unmet_details",
    "unmet_years",
    "unmet_places",
    "unmet_points",
    "unmet_any",  # 1 where it leaves any unmet
    "bare",  # 1 where the question is nothing but words that stand there just so
)

TAUGHT_COVERAGE_FEATURES = (
    *COVERAGE_FEATURES,
    *KNOWN_FEATURES,
    "unanswered_similarity",  # cosine of question and the nearest one known not to be answered
    "unanswered_likeness",  # how much of its terms one of those shares with the question
    "unanswered_taught",  # product of question and what those together teach
)
"""For a passage whose article brings along both questions that it answers and that it does not."""

FURTHER_FEATURES = (
    "behind",  # by how much the passage scores below the first
    "log_odds",  # of its own confidence
    "several",  # 1 where the question asks for several things
)
"""Of a passage after the first, which may answer the question too."""

MOST_ANSWERS = 3
"""How many passages may answer one question together."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression: a weight for each feature, and the intercept."""

    weights: Floats
    intercept: float

    def probability(self, row: Floats) -> float:
        """The logistic function of the row's linear combination."""
        return float(1 / (1 + np.exp(-float(row @ self.weights) - self.intercept)))


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted numbers: ``ranking`` in the order of ``FEATURES``, ``coverage`` for rows of
    ``COVERAGE_FEATURES`` and ``taught_coverage`` for rows of ``TAUGHT_COVERAGE_FEATURES``.

    ``further`` is for rows of ``FURTHER_FEATURES``, ``covered_from`` the least confidence at which
    a question counts as answered.
    """

    ranking: Floats
    coverage: Logistic
    taught_coverage: Logistic
    further: Logistic
    covered_from: float

    def confidence(self, row: Floats) -> float:
        """The probability that a passage with this row, of either kind, answers the question."""
        taught = len(row) == len(TAUGHT_COVERAGE_FEATURES)
        return (self.taught_coverage if taught else self.coverage).probability(row)


@cache
def shipped_weights() -> Weights:
    """The weights that come with the package."""
    return weights_from_json(
        files("changai.models").joinpath("weights.json").read_text(encoding="utf-8")
    )


def weights_from_json(text: str) -> Weights:
    """Read weights as ``changai fit`` writes them."""
    numbers = json.loads(text)
    return Weights(
        ranking=_in_order(numbers["ranking"], FEATURES),
        coverage=_logistic(numbers["coverage"], COVERAGE_FEATURES),
        taught_coverage=_logistic(numbers["taught_coverage"], TAUGHT_COVERAGE_FEATURES),
        further=_logistic(numbers["further"], FURTHER_FEATURES),
        covered_from=float(numbers["covered_from"]),
    )


def _logistic(numbers: dict[str, float], names: tuple[str, ...]) -> Logistic:
    return Logistic(_in_order(numbers, names), float(numbers["intercept"]))


def _in_order(numbers: dict[str, float], names: tuple[str, ...]) -> Floats:
    return np.array([numbers[name] for name in names], dtype=np.float32)


def coverage_row(
    candidate: Floats,
    question: str,
    unmet: Unmet,
    bare: bool,
    unanswered: Floats | None = None,
) -> Floats:
    """The ``COVERAGE_FEATURES`` of a candidate with these ``FEATURES``; the question normalised.

    With ``unanswered``, the three measures of questions known not to be answered, they are its
    ``TAUGHT_COVERAGE_FEATURES``.
    """
    counts = [
        min(len(names), 2)
        for names in (
            unmet.quantities,
            unmet.particulars,
            unmet.details,
            unmet.years,
            unmet.places,
            unmet.points,
        )
    ]
    foreign = not has_han(question)
    text, known = np.split(candidate, [len(TEXT_FEATURES)])
    row = [*text, foreign, np.log(len(question)), *counts, any(counts), bare]
    if unanswered is not None:
        row += [*known, *unanswered]
    return np.array(row, dtype=np.float32)


def further_row(behind: float, confidence: float, several: bool) -> Floats:
    """The ``FURTHER_FEATURES`` of a passage that scores so much below the first, and is itself
    believed with this confidence to answer."""
    return np.array([behind, log_odds(confidence), several], dtype=np.float32)


def log_odds(probability: float) -> float:
    """The inverse of the logistic function, held within 14 of zero."""
    sure = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(sure / (1 - sure)))


def order(scores: Floats) -> npt.NDArray[np.int64]:
    """Positions by falling score; ties stand in reading order."""
    return np.argsort(-scores, kind="stable")


def best_of_group(values: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """The largest value of each group of neighbours; group ``i`` begins at ``starts[i]``."""
    largest: Floats = np.maximum.reduceat(values, starts)
    return largest
