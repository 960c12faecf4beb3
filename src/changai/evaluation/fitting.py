"""Fitting the model from questions whose answers are known.

All parts are logistic regressions with a small ridge. They are fitted on the same features that
serve, in the order of serving. Ranking and clauses come first, on differences between one that
answers and one that does not (Herbrich et al., "Large margin rank boundaries for ordinal
regression", 2000). Answerability follows, on the candidates that this ranking puts first.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from changai.errors import QuestionFileError
from changai.evaluation.metrics import auroc
from changai.evaluation.observing import Booleans, Observation, Source
from changai.models.fitted import FEATURES, RANKING_FEATURES, Floats, Logistic, Model
from changai.search.answerability import MOST_ANSWERS, weigh
from changai.search.candidates import Candidates
from changai.search.features import (
    Evidence,
    beside_features,
    clause_features,
    further_features,
    ranking_features,
    reranking_features,
)
from changai.search.ranking import Ranking, rank, read, rerank
from changai.text import sentences

Array = npt.NDArray[np.float64]

_SIMILARITIES = [
    RANKING_FEATURES.index(name) for name in ("passage_similarity", "clause_similarity")
]
_RIDGE = 1e-3
_HARDEST = 10
"""The number of wrong candidates that are used for each question: the most similar ones."""


def fit(sources: Sequence[Source]) -> tuple[Model, list[dict[str, Any]]]:
    """Fit a model. Returned with it are, for each source, its metrics on that source.

    Ranking, clauses and each kind of answerability, by FAQ and by text, are fitted on all sources
    that have it, with equal weight; further answers and the threshold on the first source of all,
    which should be the most like what users ask.
    Raises QuestionFileError if a source lacks answerable or unanswerable questions, or if no source
    is judged by its FAQ, or every one is.
    """
    for source in sources:
        mixed = any(each.hits.any() and not each.hits.all() for each in source.observations)
        if not mixed or source.answerable.all():
            raise QuestionFileError(f"{source.name} 里既要有能回答的问题，也要有不能回答的；请补充")
    model = _blank()
    pairs = [[*map(_passage_pairs, source.observations)] for source in sources]
    model = replace(model, ranking=_fit_pairs("ranking", pairs))
    ranked = [_read(source, model) for source in sources]
    pairs = [[*map(_reading_pairs, every)] for every in ranked]
    model = replace(model, reranking=_fit_pairs("reranking", pairs))
    ranked = [[each.reranked(model) for each in every] for every in ranked]
    pairs = [[pair for each in every for pair in _clause_pairs(each)] for every in ranked]
    model = replace(model, clause=_fit_pairs("clause", pairs))
    model = replace(model, beside=_fit_beside(ranked, model))
    tops = [_Tops.of(source, every) for source, every in zip(sources, ranked, strict=True)]
    model = replace(
        model,
        answerability=_fit_answerability(tops, by_faq=False),
        faq_answerability=_fit_answerability(tops, by_faq=True),
    )
    model = replace(model, further=_fit_further(tops[0], model))
    confidences = [top.confidence(model) for top in tops]
    model = replace(model, threshold=_balanced_threshold(confidences[0], sources[0].answerable))
    figures = [
        {
            "file": source.name,
            "sha256": source.sha256,
            "questions": len(source.observations),
            "recall_at_1": top.recall_at_1(),
            "coverage_auroc": auroc(confidence, source.answerable),
        }
        for source, top, confidence in zip(sources, tops, confidences, strict=True)
    ]
    return model, figures


def to_json(model: Model, fitted_on: list[dict[str, Any]]) -> str:
    """The text of ``weights.json``."""
    parts = {name: getattr(model, name).to_dict() for name in FEATURES}
    whole = {**parts, "threshold": model.threshold, "fitted_on": fitted_on}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _blank() -> Model:
    """A model whose weights are all zero."""
    parts = {
        name: Logistic(features, np.zeros(len(features), dtype=np.float32), 0.0)
        for name, features in FEATURES.items()
    }
    return Model(**parts, threshold=0.5)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """An observation with its candidates in order."""

    observation: Observation
    ranking: Ranking

    def reranked(self, model: Model) -> "_Ranked":
        return replace(self, ranking=rerank(self.ranking, model))

    def features_of_clauses(self, candidate: int) -> Floats:
        reading = self.ranking.readings.get(candidate)
        return clause_features(self.observation.candidates, candidate, reading)


def _read(source: Source, model: Model) -> list[_Ranked]:
    """The observations of a source, ranked, and the first candidates of each read."""
    return [
        _Ranked(observation, read(rank(observation.candidates, model), source.reader))
        for observation in source.observations
    ]


def _fit_pairs(part: str, pairs: Sequence[Sequence[Array]]) -> Logistic:
    """Fit a part of the model on differences between right and wrong ones, given for each source,
    and each source with the same weight."""
    rows, importance = [], []
    for differences in pairs:
        own = np.concatenate([np.empty((0, len(FEATURES[part]))), *differences])
        if len(own):
            rows.append(own)
            importance.append(np.full(len(own), 1 / len(own)))
    if not rows:
        raise QuestionFileError(f"没有可以拟合 {part} 的例子；请补充问题，并写明 relevant")
    above, weight = np.concatenate(rows), np.concatenate(importance)
    # Each pair is used in both directions, which makes the intercept zero.
    return logistic(
        part,
        np.concatenate([above, -above]),
        np.concatenate([np.ones(len(above)), np.zeros(len(above))]),
        np.concatenate([weight, weight]),
    )


def _passage_pairs(observation: Observation) -> Array:
    """The features of each right candidate minus those of each of the hardest wrong ones."""
    features = ranking_features(observation.candidates).astype(np.float64)
    right, wrong = features[observation.hits], features[~observation.hits]
    near = wrong[:, _SIMILARITIES].sum(axis=1)
    hardest = wrong[np.argsort(-near, kind="stable")[:_HARDEST]]
    return (right[:, np.newaxis] - hardest).reshape(-1, features.shape[1])


def _reading_pairs(ranked: _Ranked) -> Array:
    """The features of each right candidate that was read minus those of each wrong one."""
    ranking, hits = ranked.ranking, ranked.observation.hits[[*ranked.ranking.readings]]
    features = reranking_features(ranking.scores, ranking.readings).astype(np.float64)
    differences = features[hits][:, np.newaxis] - features[~hits]
    return differences.reshape(-1, features.shape[1])


def _clause_pairs(ranked: _Ranked) -> Iterator[Array]:
    """In each right candidate, the features of each clause with a part of the answer minus those of
    each clause without."""
    for candidate in np.flatnonzero(ranked.observation.hits).tolist():
        holds = _holding(ranked.observation, candidate)
        if holds.any() and not holds.all():
            features = ranked.features_of_clauses(candidate).astype(np.float64)
            differences = features[holds][:, np.newaxis] - features[~holds]
            yield differences.reshape(-1, features.shape[1])


def _holding(observation: Observation, candidate: int) -> Booleans:
    """Which clauses of a candidate overlap the answering words."""
    text = observation.candidates.passage(candidate).text
    found = [(text.find(words), len(words)) for words in observation.question.answers]
    spans = [(start, start + length) for start, length in found if start >= 0]
    return np.array(
        [
            any(start < stop and begin < end for begin, stop in spans)
            for start, end in observation.candidates.clause_spans(candidate)
        ]
    )


def _fit_beside(ranked: Sequence[Sequence[_Ranked]], model: Model) -> Logistic:
    """Fit whether a clause beside the best one, which has a part of the answer, has a part of it
    too."""
    rows, labels = [], []
    for every in ranked:
        for each in every:
            observation = each.observation
            for candidate in np.flatnonzero(observation.hits).tolist():
                holds = _holding(observation, candidate)
                scores = model.clause.log_odds(each.features_of_clauses(candidate))
                best = int(scores.argmax())
                if holds[best]:
                    for beside in _neighbours(observation.candidates, candidate, best):
                        rows.append(beside_features(scores, best)[beside])
                        labels.append(float(holds[beside]))
    return logistic("beside", np.array(rows, dtype=np.float64), np.array(labels))


def _neighbours(candidates: Candidates, candidate: int, clause: int) -> list[int]:
    """The clauses right before and after one in its sentence."""
    text, spans = candidates.passage(candidate).text, candidates.clause_spans(candidate)
    parted = sentences.breaks(text, spans)
    before = [clause - 1] if clause > 0 and not parted[clause - 1] else []
    behind = [clause + 1] if clause < len(parted) and not parted[clause] else []
    return [*before, *behind]


@dataclass(frozen=True, slots=True)
class _Top:
    """The best candidates of an observation, whether each answers, and the evidence for it."""

    hits: Booleans
    scores: Array
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Tops:
    """The best candidates of a source's observations."""

    source: Source
    tops: tuple[_Top, ...]

    @classmethod
    def of(cls, source: Source, ranked: Sequence[_Ranked]) -> "_Tops":
        return cls(source, tuple(map(_top, ranked)))

    def confidence(self, model: Model) -> Array:
        """The probability that each first candidate answers, by a fitted model."""
        return np.array([_probability(top.evidence[0], model) for top in self.tops])

    def recall_at_1(self) -> float:
        answerable = self.source.answerable
        firsts = np.array([top.hits[0] for top in self.tops])
        return float(firsts[answerable].mean())


def _top(ranked: _Ranked) -> _Top:
    ranking = ranked.ranking
    best = ranking.order()[:MOST_ANSWERS]
    return _Top(
        ranked.observation.hits[best],
        ranking.scores[best].astype(np.float64),
        tuple(weigh(ranking, each)[0] for each in best),
    )


def _probability(evidence: Evidence, model: Model) -> float:
    return model.answerability_of(evidence.by_faq).probability(evidence.features)


def _fit_answerability(every: Sequence[_Tops], *, by_faq: bool) -> Logistic:
    """Fit on the questions whose first candidate is judged by its article's FAQ, or on the others,
    giving each source the same weight: from the features of the first candidate, whether one of the
    first few answers."""
    rows, labels, importance = [], [], []
    for tops in every:
        own = [top for top in tops.tops if top.evidence[0].by_faq == by_faq]
        rows += [top.evidence[0].features for top in own]
        labels += [float(top.hits.any()) for top in own]
        importance += [1 / len(tops.tops)] * len(own)
    if not rows:
        raise QuestionFileError(
            "拟合要有已知问题，能回答的和不能回答的都要；请给文章配上 .questions.jsonl"
            if by_faq
            else "拟合也要有不靠已知问题判断的问题；请先给要拟合的文件"
        )
    part = "faq_answerability" if by_faq else "answerability"
    return logistic(part, np.array(rows, dtype=np.float64), np.array(labels), np.array(importance))


def _fit_further(tops: _Tops, model: Model) -> Logistic:
    """Fit which further candidates answer, if the first one does. Of one article, as is fitted on
    here, there is no order to settle."""
    rows, labels = [], []
    for observation, top in zip(tops.source.observations, tops.tops, strict=True):
        if top.hits[0]:
            for other in range(1, len(top.hits)):
                confidence = _probability(top.evidence[other], model)
                behind = float(top.scores[0] - top.scores[other])
                several = observation.candidates.query.several
                rows.append(further_features(behind, confidence, several))
                labels.append(float(top.hits[other]))
    if not rows:
        raise QuestionFileError(f"{tops.source.name} 里没有一个问题第一段就答对；请检查 relevant")
    return logistic("further", np.array(rows, dtype=np.float64), np.array(labels))


def _balanced_threshold(confidence: Array, answerable: Booleans) -> float:
    """The threshold that minimises the larger of the false answer and false refusal rates."""

    def worse(threshold: float) -> float:
        said = confidence >= threshold
        return float(max(said[~answerable].mean(), (~said[answerable]).mean()))

    return min((round(step / 100, 2) for step in range(1, 100)), key=worse)


def logistic(part: str, rows: Array, labels: Array, importance: Array | None = None) -> Logistic:
    """A ridge logistic regression as a part of the model: of ``rows``, of shape ``(n, features)``,
    on ``labels``, 1 or 0, by their ``importance``, which is alike if it is not given.

    The ridge acts on the weights of standardised columns, and not on the intercept. Where the
    labels are all alike, nothing tells them apart: all weights are zero, and the intercept is by
    Krichevsky and Trofimov ("The performance of universal encoding", 1981). Raises
    QuestionFileError where there are none.
    """
    from sklearn.linear_model import LogisticRegression

    if not len(labels):
        raise QuestionFileError(f"没有可以拟合 {part} 的例子；请补充问题，并写明 relevant")
    right = int(labels.sum())
    if right in (0, len(labels)):
        odds = (right + 0.5) / (len(labels) - right + 0.5)
        return Logistic(FEATURES[part], np.zeros(rows.shape[1], np.float32), float(np.log(odds)))
    weight = np.ones(len(labels)) if importance is None else importance
    weight = weight / weight.sum()
    mean = weight @ rows
    deviation = np.sqrt(weight @ (rows - mean) ** 2)
    deviation[np.ptp(rows, axis=0) == 0] = 1
    fitted = LogisticRegression(C=1 / _RIDGE, solver="newton-cholesky", tol=1e-10)
    fitted.fit((rows - mean) / deviation, labels, sample_weight=weight)
    weights = fitted.coef_[0] / deviation
    intercept = float(fitted.intercept_[0] - weights @ mean)
    return Logistic(FEATURES[part], weights.astype(np.float32), intercept)
