"""Candidates made by hand, so that their features come out as a test wants them."""

from collections.abc import Sequence

import numpy as np

from changai.indexing.dense import DenseIndex
from changai.indexing.faq import AnswerSpans, FaqMatches
from changai.indexing.sparse import SparseIndex
from changai.indexing.store import Contents
from changai.models.fitted import Floats
from changai.query.spelling import Spelling
from changai.query.understanding import understand
from changai.records import Article, EncoderIdentity
from changai.search.candidates import Candidates
from changai.text import sentences

PLAIN = "请您说说"
"""A question of four characters that asks for nothing in particular."""

Rows = Sequence[Sequence[float]]

_NO_SPELLING = Spelling(
    syllables=np.zeros(0, dtype=np.uint16),
    pairs=np.zeros((0, 2), dtype=np.uint32),
    sounds=np.zeros(0, dtype=np.uint32),
    meant=np.zeros(0, dtype=np.bool_),
)
"""Questions are left as they are."""


def made_contents(*articles: Article) -> Contents:
    """The contents of an index of articles, in which nothing can be searched for."""
    passages = tuple(passage for article in articles for passage in article.passages)
    clauses = [
        (number, start, end)
        for number, passage in enumerate(passages)
        for start, end in sentences.clauses(passage.text)
    ]
    return Contents(
        encoder=EncoderIdentity("none", "", 1),
        documents=tuple(article.document for article in articles),
        passages=passages,
        clauses=np.array(clauses, dtype=np.int32),
        dense_passages=DenseIndex.fit(np.ones((len(passages), 1), dtype=np.float32)),
        dense_clauses=DenseIndex.fit(np.ones((len(clauses), 1), dtype=np.float32)),
        sparse_passages=SparseIndex.fit([[]] * len(passages)),
        sparse_clauses=SparseIndex.fit([[]] * len(clauses)),
        spelling=_NO_SPELLING,
        faq=None,
    )


def made_faq(passages: Rows, *unanswered: Sequence[float], judged: tuple[int, ...]) -> FaqMatches:
    """What gives each passage these four ``FAQ_FEATURES``, by a question that the whole of it
    answers, and each document, by one that it does not, these three features of what is not."""
    answered, declined = np.array(passages, dtype=np.float32), np.array(unanswered, np.float32)
    rows = [(number, number, 0, 10_000) for number in range(len(answered))]
    documents = [0] * len(answered) + list(range(len(declined)))
    return FaqMatches(
        spans=AnswerSpans(np.array(rows, dtype=np.int32), np.array(documents, dtype=np.int32)),
        unanswered_by=np.array([-1] * len(answered) + list(range(len(declined)))),
        likeness=np.concatenate([answered[:, :2], declined[:, :2]]),
        predicted=answered[:, 2:],
        predicted_unanswered=declined[:, 2],
        judged=judged,
    )


def made_candidates(
    contents: Contents,
    rows: Rows,
    *,
    question: str = PLAIN,
    clauses: Rows | None = None,
    faq: FaqMatches | None = None,
) -> Candidates:
    """All passages as candidates. A row is the similarity of a passage, that of its nearest clause,
    its overlap, and that of the clause that has most.

    ``clauses`` gives the similarity and the overlap of each clause; if it is not given, the first
    clause of a passage has those of the row, and each one behind it 0.1 less.
    """
    features = np.array(rows, dtype=np.float32)
    owners = contents.clauses[:, 0]
    starts = np.searchsorted(owners, np.arange(len(features)))
    behind = (np.arange(len(owners)) - starts[owners])[:, np.newaxis]
    own: Floats = (features[owners][:, [1, 3]] - behind / 10).astype(np.float32)
    if clauses is not None:
        own = np.array(clauses, dtype=np.float32)
    return Candidates(
        query=understand(question, contents.spelling, as_typed=True),
        contents=contents,
        passages=np.arange(len(features)),
        passage_similarity=features[:, 0],
        passage_overlap=features[:, 2],
        clauses=np.arange(len(owners)),
        starts=starts,
        clause_similarity=own[:, 0],
        clause_overlap=own[:, 1],
        faq=faq,
    )
