"""Scoring candidates: pure functions on arrays, and the fitted weights they use.

A linear model orders the candidate passages by ``FEATURES``. A logistic regression on
``COVERAGE_FEATURES`` of the first one gives the probability that the question is answered. Their
weights are plain numbers in ``weights.json``, written by ``changai fit``.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from changai import chinese
from changai.expectations import Unmet

Floats = npt.NDArray[np.float32]

FEATURES = (
    "passage_similarity",  # cosine of question and passage
    "clause_similarity",  # cosine of question and the passage's nearest clause
    "passage_coverage",  # share of the question's terms, by rarity, that the passage holds
    "clause_coverage",  # the same for the clause that holds most
)

COVERAGE_FEATURES = (
    *FEATURES,
    "foreign",  # 1 where the question has no Chinese character
    "length",  # natural logarithm of its number of characters
    "unmet_quantities",  # how many expectations of this kind the passage leaves unmet, up to 2
    "unmet_particulars",
    "unmet_details",
    "unmet_years",
    "unmet_places",
    "unmet_points",
    "unmet_any",  # 1 where it leaves any unmet
)


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted numbers: a weight a feature, in the order of ``FEATURES`` for ``ranking`` and of
    ``COVERAGE_FEATURES`` for ``coverage``.

    ``covered_from`` is the least confidence at which a question counts as answered.
    """

    ranking: Floats
    coverage: Floats
    intercept: float
    covered_from: float


@cache
def shipped_weights() -> Weights:
    """The weights that come with the package."""
    return weights_from_json(files("changai").joinpath("weights.json").read_text(encoding="utf-8"))


def weights_from_json(text: str) -> Weights:
    """Read weights as ``changai fit`` writes them."""
    numbers = json.loads(text)
    return Weights(
        ranking=np.array([numbers["ranking"][name] for name in FEATURES], dtype=np.float32),
        coverage=np.array(
            [numbers["coverage"][name] for name in COVERAGE_FEATURES], dtype=np.float32
        ),
        intercept=float(numbers["intercept"]),
        covered_from=float(numbers["covered_from"]),
    )


def coverage_row(candidate: Floats, question: str, unmet: Unmet) -> Floats:
    """The ``COVERAGE_FEATURES`` of a candidate with these ``FEATURES``; the question normalised."""
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
    foreign = not chinese.has_han(question)
    return np.array(
        [*candidate, foreign, np.log(len(question)), *counts, any(counts)], dtype=np.float32
    )


def order(scores: Floats) -> npt.NDArray[np.int64]:
    """Positions by falling score; ties stand in reading order."""
    return np.argsort(-scores, kind="stable")


def best_of_group(values: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """The largest value of each group of neighbours; group ``i`` begins at ``starts[i]``."""
    largest: Floats = np.maximum.reduceat(values, starts)
    return largest


def probability(rows: Floats, weights: Floats, intercept: float) -> Floats:
    """The logistic function of a linear combination, for each row."""
    probabilities: Floats = 1 / (1 + np.exp(-(rows @ weights + np.float32(intercept))))
    return probabilities
