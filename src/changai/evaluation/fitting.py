"""Fitting the weights of ``ranking`` from questions whose answers are known.

All models are logistic regressions with a small ridge, solved by Newton's method, so that the
same questions always give the same numbers. The ranking model is fitted on differences between a
passage that answers and one that does not (Herbrich et al., "Large margin rank boundaries for
ordinal regression", 2000); the coverage models on the features of the passage ranked first.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from changai.errors import QuestionFileError
from changai.evaluation.outcomes import auroc
from changai.models.ranking import (
    COVERAGE_FEATURES,
    FEATURES,
    FURTHER_FEATURES,
    MOST_ANSWERS,
    TAUGHT_COVERAGE_FEATURES,
    further_row,
)
from changai.query import expectations
from changai.records import Question
from changai.search.index import Index

Array = npt.NDArray[np.float64]
Models = dict[tuple[str, ...], tuple[Array, float]]
"""Weights and intercept of each logistic regression, by the names of its features."""

_RIDGE = 1e-3
_HARDEST = 10
"""How many wrong candidates a question gives, the most similar ones."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One question's candidates, and which of them answer it.

    ``features`` are their rows of ``FEATURES``; ``coverage_row`` measures one of them for
    coverage, which is worth doing for the first few only; ``several`` says that the question asks
    for several things.
    """

    features: Array
    hits: npt.NDArray[np.bool_]
    answerable: bool
    several: bool
    coverage_row: Callable[[int], npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Source:
    """The observations of one file's questions, with an index's known questions or without."""

    name: str
    sha256: str
    observations: tuple[Observation, ...]


def observe(
    name: str, sha256: str, index: Index, questions: Sequence[Question]
) -> tuple[Source, ...]:
    """Measure the candidates of every question: with the index's known questions where it has
    any, and as if it had none."""
    plain = Source(name, sha256, _observations(index.without_known_questions(), questions))
    if not index.has_known_questions:
        return (plain,)
    taught = Source(f"{name} with known questions", sha256, _observations(index, questions))
    return (taught, plain)


def _observations(index: Index, questions: Sequence[Question]) -> tuple[Observation, ...]:
    observations = []
    for question in questions:
        matches = index.match(question.text, without=question.without)
        hits = [question.is_hit(index.passages[number]) for number in matches.passages]
        observations.append(
            Observation(
                matches.features.astype(np.float64),
                np.array(hits),
                question.answerable,
                expectations.asks_several(matches.question),
                matches.coverage_row,
            )
        )
    return tuple(observations)


def fit(sources: Sequence[Source]) -> dict[str, object]:
    """Fit the models; the result is what ``weights.json`` holds.

    Ranking is fitted on all sources alike; each coverage model on the first that has its features,
    the threshold and what tells further answers on the first of all, which should be the most like
    what users ask. Raises QuestionFileError when a source lacks answerable or unanswerable
    questions, or when none, or every one, has known questions to go by.
    """
    for source in sources:
        mixed = any(o.hits.any() and not o.hits.all() for o in source.observations)
        if not mixed or _answerable(source).all():
            raise QuestionFileError(f"{source.name} 里既要有能回答的问题，也要有不能回答的；请补充")
    ranking = _fit_ranking(sources)
    tops = [_tops(source, ranking) for source in sources]
    models: Models = {
        names: _fit_coverage(tops, names) for names in (COVERAGE_FEATURES, TAUGHT_COVERAGE_FEATURES)
    }
    confidences = [_confidence(rows, models) for rows, _ in tops]
    models[FURTHER_FEATURES] = _fit_further(sources[0], ranking, models)
    plain, taught, further = (
        _named(names, weights) | {"intercept": round(intercept, 4)}
        for names, (weights, intercept) in models.items()
    )
    return {
        "ranking": _named(FEATURES, ranking),
        "coverage": plain,
        "taught_coverage": taught,
        "further": further,
        "covered_from": _balanced_threshold(confidences[0], _answerable(sources[0])),
        "fitted_on": [
            {
                "file": source.name,
                "sha256": source.sha256,
                "questions": len(source.observations),
                "recall_at_1": _recall_at_1(source, ranking),
                "coverage_auroc": auroc(confidence, _answerable(source)),
            }
            for source, confidence in zip(sources, confidences, strict=True)
        ],
    }


def _fit_coverage(
    tops: Sequence[tuple[Array, Array]], names: tuple[str, ...]
) -> tuple[Array, float]:
    """Weights and intercept from the first rows and labels that have these features."""
    for rows, labels in tops:
        if rows.shape[1] == len(names):
            return _logistic(rows, labels, np.ones(len(labels)))
    raise QuestionFileError(
        "拟合要有已知问题，能回答的和不能回答的都要；请给文章配上 .questions.jsonl"
    )


def to_json(weights: dict[str, object]) -> str:
    """The text of ``weights.json``."""
    return json.dumps(weights, ensure_ascii=False, indent=2) + "\n"


def _fit_ranking(sources: Sequence[Source]) -> Array:
    rows, importance = [], []
    for source in sources:
        differences = np.concatenate([_differences(o) for o in source.observations])
        rows.append(differences)
        importance.append(np.full(len(differences), 1 / len(differences)))
    above = np.concatenate(rows)
    weight = np.concatenate(importance)
    # Each pair is told both ways round, which makes the intercept zero.
    weights, _ = _logistic(
        np.concatenate([above, -above]),
        np.concatenate([np.ones(len(above)), np.zeros(len(above))]),
        np.concatenate([weight, weight]),
    )
    return weights


def _differences(observation: Observation) -> Array:
    """Each right candidate's features less those of each of the hardest wrong ones."""
    right = observation.features[observation.hits]
    wrong = observation.features[~observation.hits]
    hardest = wrong[np.argsort(-wrong[:, :2].sum(axis=1), kind="stable")[:_HARDEST]]
    return (right[:, np.newaxis] - hardest).reshape(-1, len(FEATURES))


def _confidence(rows: Array, models: Models) -> Array:
    """The confidence in passages with these rows, by the coverage model that has their features."""
    weights, intercept = next(m for names, m in models.items() if len(names) == rows.shape[1])
    return 1 / (1 + np.exp(-(rows @ weights + intercept)))


def _fit_further(source: Source, ranking: Array, models: Models) -> tuple[Array, float]:
    """Weights and intercept that tell, behind a first passage that answers, which answer too."""
    rows, labels = [], []
    for observation in source.observations:
        scores = observation.features @ ranking
        first, *others = np.argsort(-scores, kind="stable")[:MOST_ANSWERS].tolist()
        if not observation.hits[first]:
            continue
        for other in others:
            row = np.asarray(observation.coverage_row(other), dtype=np.float64)
            confidence = float(_confidence(row[np.newaxis], models)[0])
            behind = float(scores[first] - scores[other])
            rows.append(further_row(behind, confidence, observation.several))
            labels.append(float(observation.hits[other]))
    if not rows:
        raise QuestionFileError(f"{source.name} 里没有一个问题第一段就答对；请检查 relevant")
    return _logistic(np.array(rows, dtype=np.float64), np.array(labels), np.ones(len(labels)))


def _tops(source: Source, ranking: Array) -> tuple[Array, Array]:
    """The coverage features of each question's first passage, and whether it is answered by one
    of the first three."""
    rows, labels = [], []
    for observation in source.observations:
        best = np.argsort(-(observation.features @ ranking), kind="stable")[:MOST_ANSWERS]
        rows.append(observation.coverage_row(best[0]))
        labels.append(float(observation.hits[best].any()))
    if len({len(row) for row in rows}) > 1:
        raise QuestionFileError(f"{source.name} 的索引里，文章有的带已知问题，有的不带；请分开拟合")
    return np.array(rows, dtype=np.float64), np.array(labels)


def _recall_at_1(source: Source, ranking: Array) -> float:
    asked = [o for o in source.observations if o.answerable]
    return float(np.mean([o.hits[(o.features @ ranking).argmax()] for o in asked]))


def _answerable(source: Source) -> npt.NDArray[np.bool_]:
    return np.array([o.answerable for o in source.observations])


def _balanced_threshold(confidence: Array, answerable: npt.NDArray[np.bool_]) -> float:
    """The threshold at which the worse of false answers and false refusals is least."""

    def worse(threshold: float) -> float:
        said = confidence >= threshold
        return float(max(said[~answerable].mean(), (~said[answerable]).mean()))

    return min((round(step / 100, 2) for step in range(1, 100)), key=worse)


def _logistic(rows: Array, labels: Array, importance: Array) -> tuple[Array, float]:
    """Weights and intercept of a ridge logistic regression, by Newton's method.

    The ridge acts on the weights of standardised columns, and not on the intercept.
    """
    importance = importance / importance.sum()
    mean = importance @ rows
    deviation = np.sqrt(importance @ (rows - mean) ** 2)
    deviation[deviation == 0] = 1
    scaled = np.column_stack([(rows - mean) / deviation, np.ones(len(rows))])
    ridge = np.append(np.full(len(mean), _RIDGE), 0)
    fitted = np.zeros(len(ridge))
    for _ in range(100):
        predicted = 1 / (1 + np.exp(-scaled @ fitted))
        gradient = scaled.T @ (importance * (predicted - labels)) + ridge * fitted
        curvature = importance * predicted * (1 - predicted)
        step = np.linalg.solve((scaled.T * curvature) @ scaled + np.diag(ridge), gradient)
        fitted -= step
        if np.abs(step).max() < 1e-10:
            break
    weights = fitted[:-1] / deviation
    return weights, float(fitted[-1] - weights @ mean)


def _named(names: Sequence[str], weights: Array) -> dict[str, float]:
    return {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)}
