"""The features that the fitted model is applied to. Fitting and serving use the same functions.

Each function returns the columns that ``models.fitted`` names, in the same order.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from changai.models.fitted import FAQ_FEATURES, RANKING_FEATURES, TEXT_FEATURES, Floats
from changai.models.readers import Reading
from changai.query.expectations import Missing
from changai.search.candidates import Candidates
from changai.search.dating import dating
from changai.text.characters import has_han
from changai.text.matching import matched

_SIMILARITY = RANKING_FEATURES.index("passage_similarity")
_OVERLAP = RANKING_FEATURES.index("passage_overlap")
_OF_FAQ = slice(len(TEXT_FEATURES), len(TEXT_FEATURES) + len(FAQ_FEATURES))
"""Where these stand among the ``RANKING_FEATURES``."""

_LEAST_SHARE = np.float32(1e-3)
"""A share of an answer that is as good as none."""

_MOST_MISSING = 2
"""The most years, or places, missing that are counted."""


def ranking_features(candidates: Candidates) -> Floats:
    """The ``RANKING_FEATURES`` of each candidate, of shape ``(candidates, features)``."""
    starts = candidates.starts
    columns = [
        candidates.passage_similarity,
        np.maximum.reduceat(candidates.clause_similarity, starts),
        candidates.passage_overlap,
        candidates.faq.passage_features(candidates.passages)
        if candidates.faq is not None
        else np.zeros((len(candidates), len(FAQ_FEATURES))),
        _other_year(candidates),
    ]
    return np.column_stack(columns).astype(np.float32)


def reranking_features(scores: Floats, readings: Mapping[int, Reading]) -> Floats:
    """The ``RERANKING_FEATURES`` of each candidate that was read, in the order of ``readings``,
    given the scores of all candidates: of shape ``(readings, features)``."""
    read = [*readings]
    told = [reading.score for reading in readings.values()]
    return np.column_stack([scores[read], told]).astype(np.float32)


def _other_year(candidates: Candidates) -> npt.NDArray[np.bool_]:
    """Which candidates are not about every year that is asked about."""
    years, passages = candidates.query.expected.years, candidates.contents.passages
    if not years:
        return np.zeros(len(candidates), dtype=bool)
    datings = [dating(passages, number) for number in candidates.passages.tolist()]
    return np.array([any(year not in told for year in years) for told in datings])


def clause_features(candidates: Candidates, candidate: int, reading: Reading | None) -> Floats:
    """The ``CLAUSE_FEATURES`` of each clause of a candidate, of shape ``(clauses, features)``.
    ``reading`` is what the reader made of it, if it was read."""
    own, spans = candidates.of(candidate), candidates.clause_spans(candidate)
    columns = [
        candidates.clause_similarity[own],
        candidates.clause_overlap[own],
        _share(candidates, candidate, reading),
        _snippet_likeness(candidates, candidate, np.array(spans)),
    ]
    return np.column_stack(columns).astype(np.float32)


def _share(candidates: Candidates, candidate: int, reading: Reading | None) -> Floats:
    """The logarithm of each clause's share of a candidate's answer, by its reading."""
    spans = candidates.clause_spans(candidate)
    if reading is None:
        return np.zeros(len(spans), dtype=np.float32)
    passage = candidates.passage(candidate)
    misreadings = passage.document.misreadings

    def as_read(place: int) -> int:
        return len(matched(passage.text[:place], misreadings))

    middles = reading.spans.mean(axis=1)
    shares = [
        reading.shares[(as_read(start) <= middles) & (middles < as_read(end))].sum()
        for start, end in spans
    ]
    logarithms: Floats = np.log(np.array(shares, dtype=np.float32) + _LEAST_SHARE)
    return logarithms


def _snippet_likeness(
    candidates: Candidates, candidate: int, clauses: npt.NDArray[np.int64]
) -> Floats:
    """For each clause, the similarity of the question and the nearest FAQ question that the clause
    answers, by cosine and by shared terms: of shape ``(clauses, 2)``. A clause that answers none
    gets the lowest similarity of all."""
    snippets = candidates.snippets(candidate)
    if not len(snippets.spans):
        return np.zeros((len(clauses), 2), dtype=np.float32)
    touches = snippets.touching(clauses)
    nearest = np.where(touches, snippets.likeness[:, 0], -np.inf).argmax(axis=1)
    unlikest = snippets.likeness.min(axis=0)
    answers = touches.any(axis=1, keepdims=True)
    likeness: Floats = np.where(answers, snippets.likeness[nearest], unlikest)
    return likeness


def beside_features(scores: Floats, best: int) -> Floats:
    """The ``BESIDE_FEATURES`` of each clause of a passage, of shape ``(clauses, features)``, given
    the clauses' scores and which is the best."""
    behind: Floats = (scores[best] - scores)[:, np.newaxis]
    return behind


class Evidence(NamedTuple):
    """The features that the answerability of a candidate is judged on: the
    ``FAQ_ANSWERABILITY_FEATURES`` if its article's FAQ is large enough (``by_faq``), else the
    ``ANSWERABILITY_FEATURES``."""

    by_faq: bool
    features: Floats


def evidence(
    candidates: Candidates,
    candidate: int,
    ranking: Floats,
    scores: Floats,
    readings: Mapping[int, Reading],
    missing: Missing,
) -> Evidence:
    """The evidence of a candidate with these ``RANKING_FEATURES``, given the scores of all. One
    that was not read counts as the worst of those that were."""
    query, passage = candidates.query, candidates.passage(candidate)
    others = np.delete(scores, candidate)
    wording = _wording(query.text)
    told = [reading.score for reading in readings.values()]
    text = matched(passage.text, passage.document.misreadings)
    row = [
        ranking[_SIMILARITY],
        ranking[_OVERLAP],
        readings[candidate].score if candidate in readings else min(told),
        np.mean(told),
        scores[candidate] - others.max(initial=scores.min()),
        not has_han(query.text),
        np.log(len(query.text)),
        min(len(missing.years), _MOST_MISSING),
        min(len(missing.places), _MOST_MISSING),
        len(wording) > 1 and wording in _wording(text),
    ]
    unanswered = None
    if candidates.faq is not None:
        document = candidates.contents.documents.index(passage.document)
        unanswered = candidates.faq.unanswered_features(document)
    if unanswered is not None:
        row += [*ranking[_OF_FAQ], *unanswered]
    return Evidence(unanswered is not None, np.array(row, dtype=np.float32))


def further_features(behind: float, confidence: float, several: bool) -> Floats:
    """The ``FURTHER_FEATURES`` of a passage that scores ``behind`` less than the first, and answers
    with this ``confidence``. ``several`` says whether the question asks for several things."""
    return np.array([behind, log_odds(confidence), several], dtype=np.float32)


def log_odds(probability: float) -> float:
    """The inverse of the logistic function, kept between -14 and 14."""
    sure = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(sure / (1 - sure)))


@lru_cache(maxsize=10_000)
def _wording(text: str) -> str:
    """A normalised text without spaces and punctuation."""
    return "".join(filter(str.isalnum, text))
