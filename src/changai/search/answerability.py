"""Whether the best candidates answer the question, and with what probability."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from changai.models.fitted import Floats, Model
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
    settled = _settled(ranking, believe)
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


def _settled(ranking: Ranking, believe: Callable[[int], Belief]) -> Ranking:
    """Weigh the articles that are judged by their FAQ against the others.

    Their scores are not of one scale, but their confidences are. So the passages of such an article
    are moved together until the best of them leads the best of the other articles by as much as its
    log-odds of answering are higher.
    """
    candidates, scores = ranking.candidates, ranking.scores.copy()
    documents = candidates.contents.documents
    judged = [documents[each] for each in candidates.faq.judged] if candidates.faq else []
    of = [candidates.passage(each).document for each in range(len(candidates))]
    others = np.array([document not in judged for document in of])
    if others.any():
        other, zero = _best(scores, others, believe)
        for document in judged:
            own = np.array([each == document for each in of])
            if own.any():
                best, odds = _best(scores, own, believe)
                scores[own] += scores[other] + odds - zero - scores[best]
    return replace(ranking, scores=scores)


def _best(
    scores: Floats, among: npt.NDArray[np.bool_], believe: Callable[[int], Belief]
) -> tuple[int, float]:
    """The best of some candidates, and its log-odds of answering."""
    best = int(np.argmax(np.where(among, scores, -np.inf)))
    return best, log_odds(believe(best).confidence)
