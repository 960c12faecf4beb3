"""Whether the best candidates answer the question, and with what probability."""

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
"""The probability from which a further passage counts as an answer. It is low because showing one
passage too many costs little: it is at least near the topic. Leaving out an answer costs more."""

_BEFORE = np.float32(1e-3)
"""By how much a passage that is put before another scores above it: just enough to settle the
order."""


@dataclass(frozen=True, slots=True)
class Belief:
    """The probability that one of the first candidates answers, if this one is the first, and what
    it does not give."""

    confidence: float
    missing: Missing


@dataclass(frozen=True, slots=True)
class Judgement:
    """Candidates in their final order, and the belief in the first.

    ``answering`` is how many of the first candidates answer the question, or 0 if none does.
    """

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
    """The evidence for whether a candidate answers, and what it does not give."""
    candidates = ranking.candidates
    lacking = missing(candidates, candidate)
    found = evidence(
        candidates,
        candidate,
        ranking.features[candidate],
        ranking.scores,
        ranking.readings,
        lacking,
    )
    return found, lacking


def _belief(ranking: Ranking, model: Model, candidate: int) -> Belief:
    (by_faq, features), lacking = weigh(ranking, candidate)
    return Belief(model.answerability_of(by_faq).probability(features), lacking)


def _settled(ranking: Ranking, believe: Callable[[int], Belief], threshold: float) -> Ranking:
    """Weigh articles that are judged by their FAQ against the others.

    If its FAQ says that an article probably does not answer, all its passages lose as much score as
    the log-odds of its best passage are below zero: having an FAQ must not be enough to rank first.
    If it does answer, and the passage in front of it does not, it moves to the front.
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
