"""The passages that may answer a question: the nearest by vector, by terms and by the FAQ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from changai.errors import QuestionError
from changai.indexing.faq import FaqMatches, Snippets
from changai.indexing.store import Contents
from changai.models.encoders import Encoder
from changai.query.understanding import Query
from changai.records import Passage
from changai.text.matching import matched

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

MOST_TOKENS = 448
"""The most tokens of the encoder that a question may have, since the cost of encoding rises with
them. 512 characters of Chinese text have about 320 (at most 441 in 220 laws and articles); 512
of which every second one is rare have 520."""

_NEAREST = 100
"""How many candidates each search contributes: by passage vector, by clause vector, by terms and by
the FAQ."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidate passages of one question, in reading order, and how each matches.

    ``passages`` are their numbers in ``contents``; ``passage_similarity`` and ``passage_overlap``
    have one value for each. ``clauses`` are the rows of ``contents.clauses`` that belong to them,
    those of candidate ``i`` beginning at ``starts[i]``; ``clause_similarity`` and
    ``clause_overlap`` have one value for each of these. ``faq`` compares the question with the FAQ,
    where the corpus has one.
    """

    query: Query
    contents: Contents
    passages: Integers
    passage_similarity: Floats
    passage_overlap: Floats
    clauses: Integers
    starts: Integers
    clause_similarity: Floats
    clause_overlap: Floats
    faq: FaqMatches | None

    def __len__(self) -> int:
        return len(self.passages)

    def passage(self, candidate: int) -> Passage:
        return self.contents.passages[int(self.passages[candidate])]

    def of(self, candidate: int) -> slice:
        """Where a candidate's clauses stand in ``clauses`` and what has a value for each."""
        end = [*self.starts.tolist(), len(self.clauses)][candidate + 1]
        return slice(int(self.starts[candidate]), end)

    def snippets(self, candidate: int) -> Snippets:
        """The snippets of a candidate that answer FAQ questions; none if there is no FAQ."""
        if self.faq is None:
            return Snippets(np.empty((0, 2), dtype=np.int32), np.empty((0, 2), dtype=np.float32))
        return self.faq.snippets(int(self.passages[candidate]))

    def clause_spans(self, candidate: int) -> list[tuple[int, int]]:
        """The ``(start, end)`` of a candidate's clauses within its text, in reading order."""
        rows = self.contents.clauses[self.clauses[self.of(candidate)]]
        return [(start, end) for _, start, end in rows.tolist()]


def find(
    contents: Contents, encoder: Encoder, query: Query, without: str | None = None
) -> Candidates:
    """Find the candidates for a question: the passages nearest by vector, those of the nearest
    clauses, the best by BM25, and those that answer the nearest FAQ questions.

    ``without`` is the id of a passage to leave out. Raises QuestionError when none remains, and
    when the question has more than ``MOST_TOKENS``.
    """
    _check_cost(encoder.count_tokens(query.text))
    vector = encoder.encode_questions([query.text])[0]
    faq = (
        contents.faq.match(vector, query.terms, query.circumstances)
        if contents.faq is not None
        else None
    )
    passages = _nearest(contents, vector, query.terms, faq)
    passages = _of_places(contents, passages, query.expected.places)
    if without is not None:
        passages = passages[[contents.passages[number].id != without for number in passages]]
        if not len(passages):
            raise QuestionError(f"去掉 {without} 以后没有段落可查；请至少留一段")
    rarity = contents.sparse_passages.idf(query.terms)
    owners = contents.clauses[:, 0]
    first, last = np.searchsorted(owners, passages), np.searchsorted(owners, passages, "right")
    clauses = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    return Candidates(
        query=query,
        contents=contents,
        passages=passages,
        passage_similarity=contents.dense_passages.similarities(vector, passages),
        passage_overlap=contents.sparse_passages.overlap(query.terms, rarity)[passages],
        clauses=clauses,
        starts=np.concatenate([[0], np.cumsum(last - first)[:-1]]),
        clause_similarity=contents.dense_clauses.similarities(vector, clauses),
        clause_overlap=contents.sparse_clauses.overlap(query.terms, rarity)[clauses],
        faq=faq,
    )


def _check_cost(tokens: int) -> None:
    if tokens > MOST_TOKENS:
        raise QuestionError(
            f"问题有 {tokens} 个词元（常用词算一个，生僻字和符号每个算一个），"
            f"超过 {MOST_TOKENS} 个；请缩短，少用生僻字和符号"
        )


def _nearest(
    contents: Contents, vector: Floats, terms: Sequence[str], faq: FaqMatches | None
) -> Integers:
    """The numbers of the candidate passages, in reading order."""
    owners = contents.clauses[:, 0]
    found: list[npt.NDArray[np.integer[Any]]] = [
        contents.dense_passages.search(vector, _NEAREST),
        owners[contents.dense_clauses.search(vector, _NEAREST)],
        contents.sparse_passages.search(terms, _NEAREST),
    ]
    if faq is not None:
        found.append(faq.nearest_passages(_NEAREST))
    return np.unique(np.concatenate(found)).astype(np.int64)


def _of_places(contents: Contents, passages: Integers, places: Sequence[str]) -> Integers:
    """The passages whose documents name every place that is asked about. If there are none, all of
    the passages: ``missing`` then tells that the place is not there."""
    if not places:
        return passages
    naming = {
        document.id
        for document in contents.documents
        if all(place in matched(document.text, document.misreadings) for place in places)
    }
    named = np.array([contents.passages[number].document.id in naming for number in passages])
    return passages[named] if named.any() else passages
