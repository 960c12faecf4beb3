"""The features that the fitted model is applied to. Fitting and serving use the same functions.

Each function returns the columns that ``models.fitted`` names, in the same order.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from changai.models.fitted import FAQ_FEATURES, TEXT_FEATURES, Floats
from changai.query import expectations
from changai.query.expectations import Missing
from changai.search.candidates import Candidates
from changai.search.dating import dating
from changai.text import sentences
from changai.text.characters import has_han
from changai.text.matching import matched

_OF_TEXT = slice(0, len(TEXT_FEATURES))
_OF_FAQ = slice(len(TEXT_FEATURES), len(TEXT_FEATURES) + len(FAQ_FEATURES))
"""Where these stand among the ``RANKING_FEATURES``."""

_LONGEST_TITLE = 14
"""The most characters that the first clause of a passage may have to count as its title."""

_MOST_MISSING = 2
"""The most things missing of one kind that are counted."""


def ranking_features(candidates: Candidates) -> Floats:
    """The ``RANKING_FEATURES`` of each candidate, of shape ``(candidates, features)``."""
    starts = candidates.starts
    columns = [
        candidates.passage_similarity,
        np.maximum.reduceat(candidates.clause_similarity, starts),
        candidates.passage_overlap,
        np.maximum.reduceat(candidates.clause_overlap, starts),
        candidates.faq.passage_features(candidates.passages)
        if candidates.faq is not None
        else np.zeros((len(candidates), len(FAQ_FEATURES))),
        _other_year(candidates),
    ]
    return np.column_stack(columns).astype(np.float32)


def _other_year(candidates: Candidates) -> npt.NDArray[np.bool_]:
    """Which candidates are not about every year that is asked about."""
    years, passages = candidates.query.expected.years, candidates.contents.passages
    if not years:
        return np.zeros(len(candidates), dtype=bool)
    datings = [dating(passages, number) for number in candidates.passages.tolist()]
    return np.array([any(year not in told for year in years) for told in datings])


def clause_features(candidates: Candidates, candidate: int) -> Floats:
    """The ``CLAUSE_FEATURES`` of each clause of a candidate, of shape ``(clauses, features)``."""
    passage, spans = candidates.passage(candidate), candidates.clause_spans(candidate)
    text, misreadings = passage.text, passage.document.misreadings
    own = candidates.of(candidate)
    expected = candidates.query.expected
    read = [matched(text[start:end], misreadings) for start, end in spans]
    gives = [expectations.gives(expected, clause) for clause in read]
    columns = [
        candidates.clause_similarity[own],
        candidates.clause_overlap[own],
        gives,
        np.arange(len(spans)) == (0 if _opens_with_title(text, spans) else -1),
        _snippet_likeness(candidates, candidate, np.array(spans)),
    ]
    return np.column_stack(columns).astype(np.float32)


def _opens_with_title(text: str, spans: list[tuple[int, int]]) -> bool:
    """Whether a passage's first clause is its title, which often repeats the question's words
    without answering it."""
    return spans[0][1] <= _LONGEST_TITLE and any(sentences.breaks(text, spans[:2]))


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


def evidence(candidates: Candidates, candidate: int, ranking: Floats, missing: Missing) -> Evidence:
    """The evidence of a candidate with these ``RANKING_FEATURES``."""
    query, passage = candidates.query, candidates.passage(candidate)
    counts = [
        min(len(names), _MOST_MISSING)
        for names in (
            missing.quantities,
            missing.particulars,
            missing.details,
            missing.years,
            missing.places,
            missing.points,
        )
    ]
    wording = _wording(query.text)
    told = matched(passage.text, passage.document.misreadings)
    row = [
        *ranking[_OF_TEXT],
        not has_han(query.text),
        np.log(len(query.text)),
        *counts,
        any(counts),
        len(wording) > 1 and wording in _wording(told),
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
