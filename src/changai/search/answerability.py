"""Whether the best candidates answer the question, and how likely."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from changai.models.fitted import Model
from changai.query.expectations import Missing
from changai.search.features import (
    Evidence,
    evidence,
    further_features,
    log_odds,
)
from changai.search.ranking import Ranking
from changai.search.shortfall import missing

MOST_ANSWERS = 3
"""How many passages may answer one question together."""

_FURTHER_FROM = 0.3
"""From which probability on a further passage is taken for an answer: where it is not one, it is at
least near, and a missed one is missed."""

_BEFORE = np.float32(1e-3)
"""By how much a passage is put before another: as good as nothing."""


@dataclass(frozen=True, slots=True)
class Belief:
    """How likely a candidate answers the question, were it the first, and what it does not give."""

    confidence: float
    missing: Missing


@dataclass(frozen=True, slots=True)
class Judgement:
    """Candidates in their final order, with the belief in the first; ``answering`` is how many of
    the first ones answer the question, 0 where it is not answered."""

    ranking: Ranking
    belief: Belief
    answering: int


def judge(ranking: Ranking, model: Model) -> Judgement:
    """Settle the order of ranked candidates, and judge whether the first ones answer."""
    believe = cache(partial(_belief, ranking, model))
    settled = _settled(ranking, believe, model.threshold)
    first, *others = settled.order()[:MOST_ANSWERS]
    belief = believe(first)
    if belief.confidence < model.threshold:
        return Judgement(settled, belief, 0)
    answering = 1
    for other in others:
        behind = float(settled.scores[first] - settled.scores[other])
        several = ranking.candidates.query.several
        row = further_features(behind, believe(other).confidence, several)
        if model.further.probability(row) < _FURTHER_FROM:
            break
        answering += 1
    return Judgement(settled, belief, answering)


def weigh(ranking: Ranking, candidate: int) -> tuple[Evidence, Missing]:
    """What the answerability of a candidate is judged on, and what it does not give."""
    candidates = ranking.candidates
    lacking = missing(candidates, candidate)
    return evidence(candidates, candidate, ranking.features[candidate], lacking), lacking


def _belief(ranking: Ranking, model: Model, candidate: int) -> Belief:
    (by_faq, features), lacking = weigh(ranking, candidate)
    return Belief(model.answerability_of(by_faq).probability(features), lacking)


def _settled(ranking: Ranking, believe: Callable[[int], Belief], threshold: float) -> Ranking:
    """Weigh articles that are judged by their FAQ against the others.

    An article that is likelier not to answer, going by its FAQ, sinks by the log-odds of its best
    passage: its FAQ alone must not keep it first. One that answers comes before one that is not
    believed to.
    """
    candidates, scores = ranking.candidates, ranking.scores.copy()
    documents = [candidates.passage(each).document for each in range(len(candidates))]
    for number in candidates.faq.judged if candidates.faq is not None else ():
        own = np.array([each == candidates.contents.documents[number] for each in documents])
        if own.any() and not own.all():
            best = int(np.argmax(np.where(own, scores, -np.inf)))
            confidence = believe(best).confidence
            scores[own] += min(0, log_odds(confidence))
            first = int(np.argmax(scores))
            if confidence >= threshold > believe(first).confidence:
                scores[own] += scores[first] - scores[best] + _BEFORE
    return replace(ranking, scores=scores)
