"""Fitting the model from questions whose answers are known.

All parts are logistic regressions with a small ridge, each fitted on the features that serve, in
the order in which they serve: ranking and clauses first, on differences between one that answers
and one that does not (Herbrich et al., "Large margin rank boundaries for ordinal regression",
2000); then, on what those put first, whether it answers.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from changai.errors import QuestionFileError
from changai.evaluation.outcomes import auroc
from changai.models.fitted import FEATURES, Logistic, Model
from changai.records import Question
from changai.search.answerability import MOST_ANSWERS, weigh
from changai.search.candidates import Candidates
from changai.search.features import Evidence, clause_features, further_features
from changai.search.index import Index
from changai.search.ranking import Ranking, rank
from changai.text.sentences import ends_sentence

Array = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

_RIDGE = 1e-3
_HARDEST = 10
"""How many wrong candidates a question gives, the most similar ones."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A question with its candidates, and which of them answer it."""

    question: Question
    candidates: Candidates
    hits: Booleans


@dataclass(frozen=True, slots=True)
class Source:
    """The observations of one file's questions, with an index's FAQ or without."""

    name: str
    sha256: str
    observations: tuple[Observation, ...]

    @property
    def answerable(self) -> Booleans:
        return np.array([each.question.answerable for each in self.observations])


def observe(
    name: str, sha256: str, index: Index, questions: Sequence[Question]
) -> tuple[Source, ...]:
    """The candidates of every question: with the index's FAQ where it has one, and without."""
    plain = Source(name, sha256, _observations(index.without_faq(), questions))
    if index.contents.faq is None:
        return (plain,)
    return (Source(f"{name} with FAQ", sha256, _observations(index, questions)), plain)


def _observations(index: Index, questions: Sequence[Question]) -> tuple[Observation, ...]:
    observations = []
    for question in questions:
        candidates = index.candidates(question.text, without=question.without)
        hits = [question.is_hit(candidates.passage(each)) for each in range(len(candidates))]
        observations.append(Observation(question, candidates, np.array(hits)))
    return tuple(observations)


def fit(sources: Sequence[Source]) -> tuple[Model, list[dict[str, Any]]]:
    """Fit a model; with it comes, for each source, how well the model does on it.

    Ranking and clauses are fitted on all sources alike; each kind of answerability on the first
    source that is judged so, and the threshold and what tells further answers on the first of all,
    which should be the most like what users ask. Raises QuestionFileError when a source lacks
    answerable or unanswerable questions, or when none, or every one, has a FAQ to go by.
    """
    for source in sources:
        mixed = any(each.hits.any() and not each.hits.all() for each in source.observations)
        if not mixed or source.answerable.all():
            raise QuestionFileError(f"{source.name} 里既要有能回答的问题，也要有不能回答的；请补充")
    model = _blank()
    model = replace(model, ranking=_fit_pairs("ranking", sources, _passage_pairs))
    model = replace(model, clause=_fit_pairs("clause", sources, _clause_pairs))
    model = replace(model, beside=_fit_beside(sources, model))
    tops = [_Tops.of(source, model) for source in sources]
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
    """A model that knows nothing yet."""
    parts = {
        name: Logistic(features, np.zeros(len(features), dtype=np.float32), 0.0)
        for name, features in FEATURES.items()
    }
    return Model(**parts, threshold=0.5)


def _fit_pairs(
    part: str, sources: Sequence[Source], pairs: Callable[[Observation], Iterator[Array]]
) -> Logistic:
    """Fit a part of the model on differences between a right one and a wrong one, each source
    weighing the same."""
    rows, importance = [], []
    for source in sources:
        differences = [each for o in source.observations for each in pairs(o)]
        if differences:
            own = np.concatenate(differences)
            rows.append(own)
            importance.append(np.full(len(own), 1 / len(own)))
    if not rows:
        raise QuestionFileError(f"没有可以拟合 {part} 的例子；请补充问题，并写明 relevant")
    above, weight = np.concatenate(rows), np.concatenate(importance)
    # Each pair is told both ways round, which makes the intercept zero.
    return logistic(
        part,
        np.concatenate([above, -above]),
        np.concatenate([np.ones(len(above)), np.zeros(len(above))]),
        np.concatenate([weight, weight]),
    )


def _passage_pairs(observation: Observation) -> Iterator[Array]:
    """Each right candidate's features less those of each of the hardest wrong ones."""
    features = rank(observation.candidates, _blank()).features.astype(np.float64)
    right, wrong = features[observation.hits], features[~observation.hits]
    hardest = wrong[np.argsort(-wrong[:, :2].sum(axis=1), kind="stable")[:_HARDEST]]
    yield (right[:, np.newaxis] - hardest).reshape(-1, features.shape[1])


def _clause_pairs(observation: Observation) -> Iterator[Array]:
    """Of each right candidate, the features of clauses that hold a part of the answer less those
    of the others."""
    for candidate in np.flatnonzero(observation.hits).tolist():
        holds = _holding(observation, candidate)
        if holds.any() and not holds.all():
            features = clause_features(observation.candidates, candidate).astype(np.float64)
            differences = features[holds][:, np.newaxis] - features[~holds]
            yield differences.reshape(-1, features.shape[1])


def _holding(observation: Observation, candidate: int) -> Booleans:
    """Which clauses of a candidate hold a part of the words that answer."""
    text = observation.candidates.passage(candidate).text
    found = [(text.find(words), len(words)) for words in observation.question.answers]
    spans = [(start, start + length) for start, length in found if start >= 0]
    return np.array(
        [
            any(start < stop and begin < end for begin, stop in spans)
            for start, end in observation.candidates.clause_spans(candidate)
        ]
    )


def _fit_beside(sources: Sequence[Source], model: Model) -> Logistic:
    """Fit which clauses beside the best one of a right candidate, where that holds a part of the
    answer, hold a part of it too."""
    rows, labels = [], []
    for source in sources:
        for observation in source.observations:
            for candidate in np.flatnonzero(observation.hits).tolist():
                holds = _holding(observation, candidate)
                scores = model.clause.log_odds(clause_features(observation.candidates, candidate))
                best = int(scores.argmax())
                if holds[best]:
                    for beside in _neighbours(observation.candidates, candidate, best):
                        rows.append([scores[best] - scores[beside]])
                        labels.append(float(holds[beside]))
    return logistic("beside", np.array(rows, dtype=np.float64), np.array(labels))


def _neighbours(candidates: Candidates, candidate: int, clause: int) -> list[int]:
    """The clauses right before and behind one in its sentence."""
    text, spans = candidates.passage(candidate).text, candidates.clause_spans(candidate)
    parted = [ends_sentence(text[end:start]) for (_, end), (start, _) in pairwise(spans)]
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
    def of(cls, source: Source, model: Model) -> "_Tops":
        return cls(source, tuple(_top(each, model) for each in source.observations))

    def confidence(self, model: Model) -> Array:
        """How likely the first candidates answer, by a fitted model."""
        return np.array([_probability(top.evidence[0], model) for top in self.tops])

    def recall_at_1(self) -> float:
        answerable = self.source.answerable
        firsts = np.array([top.hits[0] for top in self.tops])
        return float(firsts[answerable].mean())


def _top(observation: Observation, model: Model) -> _Top:
    ranking: Ranking = rank(observation.candidates, model)
    best = ranking.order()[:MOST_ANSWERS]
    return _Top(
        observation.hits[best],
        ranking.scores[best].astype(np.float64),
        tuple(weigh(ranking, each)[0] for each in best),
    )


def _probability(evidence: Evidence, model: Model) -> float:
    return model.answerability_of(evidence.by_faq).probability(evidence.features)


def _fit_answerability(every: Sequence[_Tops], *, by_faq: bool) -> Logistic:
    """Fit on the first source that is judged by its FAQ, or is not: whether a question is answered
    by one of the first candidates, going by the first."""
    for tops in every:
        kinds = {top.evidence[0].by_faq for top in tops.tops}
        if len(kinds) > 1:
            name = tops.source.name
            raise QuestionFileError(
                f"{name} 的索引里，文章有的带够了已知问题，有的没有；请分开拟合"
            )
        if kinds == {by_faq}:
            rows = np.array([top.evidence[0].features for top in tops.tops], dtype=np.float64)
            labels = np.array([float(top.hits.any()) for top in tops.tops])
            return logistic("faq_answerability" if by_faq else "answerability", rows, labels)
    raise QuestionFileError(
        "拟合要有已知问题，能回答的和不能回答的都要；请给文章配上 .questions.jsonl"
    )


def _fit_further(tops: _Tops, model: Model) -> Logistic:
    """Fit which candidates answer too, behind a first one that does."""
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
    """The threshold at which the worse of false answers and false refusals is least."""

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
