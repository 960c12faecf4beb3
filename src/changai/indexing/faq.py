"""The FAQ: the questions that come with articles, and what is learned from them.

Each comes with the snippets of its article that answer it, or with none if the article does not. A
new question similar to one of them probably has the same answer. Four features of a passage
express this: the similarity of the nearest question that it answers, by meaning and by wording, and
the same for all its questions together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from changai import files
from changai.errors import IndexDamagedError
from changai.indexing.dense import DenseIndex
from changai.indexing.sparse import SparseIndex
from changai.records import Article, Passage
from changai.text import tokens

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_RIDGE = 0.3
"""The ridge of the regression that gives ``predictors``."""

_ENOUGH = 100
"""The least number of questions of either sort, answered and not, for a document to be judged by
its FAQ. With fewer, judging by its text alone did better."""


@dataclass(frozen=True, slots=True)
class AnswerSpans:
    """The places of the answers to the FAQ's questions.

    A row of ``rows`` is ``(question, passage, start, end)``: a snippet at these offsets within a
    passage's text. ``documents[question]`` is the number of the document that the question is of.
    """

    rows: npt.NDArray[np.int32]
    documents: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of ``questions.jsonl``."""

    text: str
    document: int
    circumstances: tuple[str, ...]


@dataclass(frozen=True)
class Faq:
    """The FAQ of a corpus, and what is learned from it.

    ``texts`` are the questions, normalised and with their spelling corrected; ``circumstances`` are
    the numbers, places and details that distinguish similar ones. ``predictors`` holds a linear
    model for each passage, and then for each document, with the intercept in the last column. It
    predicts from a question's vector whether the passage answers, or whether the document does not.
    ``vocabulary`` holds, for each passage, its terms together with those of its questions.
    """

    texts: tuple[str, ...]
    circumstances: tuple[frozenset[str], ...]
    spans: AnswerSpans
    vectors: DenseIndex
    terms: SparseIndex
    predictors: Floats
    vocabulary: SparseIndex

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        circumstances: Sequence[frozenset[str]],
        spans: AnswerSpans,
        vectors: Floats,
        passages: Sequence[Sequence[str]],
    ) -> "Faq":
        """Learn from questions (their texts, circumstances and vectors) about passages (lists of
        terms)."""
        terms = [tokens.terms(text) for text in texts]
        vocabulary = [list(own) for own in passages]
        for question, passage, _, _ in spans.rows.tolist():
            vocabulary[passage] += terms[question]
        return cls(
            texts=tuple(texts),
            circumstances=tuple(circumstances),
            spans=spans,
            vectors=DenseIndex.fit(vectors),
            terms=SparseIndex.fit(terms),
            predictors=_fit_predictors(vectors, _labels(spans, len(passages))),
            vocabulary=SparseIndex.fit(vocabulary),
        )

    @classmethod
    def read(cls, folder: Path) -> "Faq":
        """Read what ``write`` wrote; checksums must have been verified."""
        try:
            rows = [*files.read_lines(folder / "questions.jsonl", _Row)]
            spans = np.load(folder / "spans.npy", allow_pickle=False)
            predictors = np.load(folder / "predictors.npy", allow_pickle=False)
            texts = tuple(row.text for row in rows)
            circumstances = tuple(frozenset(row.circumstances) for row in rows)
            documents = np.array([row.document for row in rows], dtype=np.int32)
        except (OSError, EOFError, ValueError, OverflowError) as error:
            raise IndexDamagedError(
                f"索引文件 {folder} 不能用（{error}）；请重建索引：changai build"
            ) from error
        return cls(
            texts=texts,
            circumstances=circumstances,
            spans=AnswerSpans(spans, documents),
            vectors=DenseIndex.read(folder / "questions.faiss"),
            terms=SparseIndex.read(folder / "questions.bm25"),
            predictors=predictors,
            vocabulary=SparseIndex.read(folder / "vocabulary.bm25"),
        )

    def write(self, folder: Path) -> None:
        """Write everything into a folder, which is made. Raises OSError."""
        folder.mkdir()
        documents = self.spans.documents.tolist()
        files.write_lines(
            folder / "questions.jsonl",
            [
                {"text": text, "document": document, "circumstances": sorted(named)}
                for text, document, named in zip(
                    self.texts, documents, self.circumstances, strict=True
                )
            ],
        )
        np.save(folder / "spans.npy", self.spans.rows, allow_pickle=False)
        np.save(folder / "predictors.npy", self.predictors, allow_pickle=False)
        self.vectors.write(folder / "questions.faiss")
        self.terms.write(folder / "questions.bm25")
        self.vocabulary.write(folder / "vocabulary.bm25")

    @cached_property
    def _unanswered(self) -> Integers:
        """For each question, the document that does not answer it, or -1 if it is answered."""
        answered = np.isin(np.arange(len(self.texts)), self.spans.rows[:, 0])
        return np.where(answered, -1, self.spans.documents).astype(np.int64)

    @cached_property
    def _judged(self) -> tuple[int, ...]:
        """The documents with ``_ENOUGH`` questions of either sort."""
        answered = self.spans.documents[self._unanswered < 0]
        unanswered = self._unanswered[self._unanswered >= 0]
        documents = int(self.spans.documents.max()) + 1
        counts = [np.bincount(each, minlength=documents) for each in (answered, unanswered)]
        return tuple(np.flatnonzero(np.min(counts, axis=0) >= _ENOUGH).tolist())

    @cached_property
    def _particular(self) -> list[tuple[int, frozenset[str]]]:
        """The unanswered questions that name circumstances: their numbers and the circumstances."""
        named = enumerate(self.circumstances)
        return [(number, own) for number, own in named if own and self._unanswered[number] >= 0]

    def match(
        self, vector: Floats, terms: Sequence[str], circumstances: frozenset[str]
    ) -> "FaqMatches":
        """Compare a question with the FAQ, by its vector, its terms and its circumstances."""
        products = np.einsum("ij,j->i", self.predictors[:, :-1], vector) + self.predictors[:, -1]
        passages = len(self.vocabulary)
        cosines = self.vectors.similarities(vector)
        likeness = np.stack([cosines, self.terms.likeness(terms)], axis=1)
        # A question known to be unanswered for another year says nothing about this one, so it gets
        # the lowest similarity.
        elsewhere = [number for number, named in self._particular if not named <= circumstances]
        likeness[elsewhere] = likeness.min(axis=0)
        rarity = self.terms.idf(terms)
        vocabulary = self.vocabulary.overlap(terms, rarity)
        return FaqMatches(
            spans=self.spans,
            unanswered_by=self._unanswered,
            likeness=likeness,
            predicted=np.stack([products[:passages], vocabulary], axis=1),
            predicted_unanswered=products[passages:],
            judged=self._judged,
        )


@dataclass(frozen=True, slots=True)
class FaqMatches:
    """A question compared with the FAQ.

    ``unanswered_by`` is, for each FAQ question, the document that does not answer it, or -1.
    ``likeness`` has, for each FAQ question, its cosine and its Dice similarity by terms.
    ``predicted`` has, for each passage, its predictor's value and the term overlap of its
    vocabulary. ``predicted_unanswered`` has, for each document, the value of the predictor that it
    does not answer. ``judged`` are the documents with enough questions to be judged by their FAQ.
    """

    spans: AnswerSpans
    unanswered_by: Integers
    likeness: Floats
    predicted: Floats
    predicted_unanswered: Floats
    judged: tuple[int, ...]

    def nearest_passages(self, count: int) -> Integers:
        """The passages that answer the ``count`` nearest FAQ questions."""
        nearest = np.argsort(-self.likeness[:, 0], kind="stable")[:count]
        rows = self.spans.rows
        return np.unique(rows[np.isin(rows[:, 0], nearest), 1]).astype(np.int64)

    def snippets(self, passage: int) -> "Snippets":
        """The snippets of a passage that answer FAQ questions."""
        rows = self.spans.rows[self.spans.rows[:, 1] == passage]
        return Snippets(rows[:, 2:], self.likeness[rows[:, 0]])

    def passage_features(self, passages: Integers) -> Floats:
        """The four ``FAQ_FEATURES`` of each of ``passages``, of shape ``(passages, 4)``.

        A passage without FAQ questions gets the upper quartile of those that have some, so that an
        article without an FAQ is neither raised nor lowered: most of the others are not in
        competition with it.
        """
        best = np.full((len(self.predicted), 2), -np.inf, dtype=np.float32)
        np.maximum.at(best, self.spans.rows[:, 1], self.likeness[self.spans.rows[:, 0]])
        features = np.concatenate([best, self.predicted], axis=1)[passages]
        has = np.isfinite(features[:, 0])
        features[~has] = np.quantile(features[has], 0.75, axis=0) if has.any() else 0
        return features

    def unanswered_features(self, document: int) -> Floats | None:
        """The similarity of the nearest question that a document does not answer, by meaning and by
        wording, and ``predicted_unanswered``; None for a document that is not ``judged``."""
        if document not in self.judged:
            return None
        likeness = self.likeness[self.unanswered_by == document].max(axis=0)
        return np.append(likeness, self.predicted_unanswered[document]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Snippets:
    """The snippets of one passage that answer FAQ questions: the ``(start, end)`` of each, and the
    similarity of its question, by cosine and by terms. Both are of shape ``(n, 2)``."""

    spans: npt.NDArray[np.int32]
    likeness: Floats

    def touching(self, clauses: Integers) -> npt.NDArray[np.bool_]:
        """Which snippets each clause, a row ``(start, end)``, overlaps: of shape
        ``(clauses, snippets)``."""
        return (clauses[:, :1] < self.spans[:, 1]) & (self.spans[:, 0] < clauses[:, 1:])


def locate(corpus: Sequence[Article], passages: Sequence[Passage]) -> AnswerSpans:
    """Find the snippets of the articles' questions, in order. A snippet is looked for in every
    passage of its own article."""
    numbers_of: dict[str, list[int]] = {}
    for number, passage in enumerate(passages):
        numbers_of.setdefault(passage.document.id, []).append(number)
    rows: list[tuple[int, int, int, int]] = []
    documents: list[int] = []
    for document, article in enumerate(corpus):
        numbers = numbers_of.get(article.document.id, [])
        for question in article.questions:
            for snippet in question.relevant:
                for number in numbers:
                    start = passages[number].text.find(snippet)
                    if start >= 0:
                        rows.append((len(documents), number, start, start + len(snippet)))
            documents.append(document)
    return AnswerSpans(
        np.array(rows, dtype=np.int32).reshape(-1, 4), np.array(documents, dtype=np.int32)
    )


def _labels(spans: AnswerSpans, passages: int) -> Floats:
    """For each question, 1 at the passages that answer it, or at the document that does not: of
    shape ``(questions, passages + documents)``."""
    questions, documents = len(spans.documents), int(spans.documents.max()) + 1
    labels = np.zeros((questions, passages + documents), dtype=np.float32)
    labels[spans.rows[:, 0], spans.rows[:, 1]] = 1
    unanswered = np.flatnonzero(~labels.any(axis=1))
    labels[unanswered, passages + spans.documents[unanswered]] = 1
    return labels


def _fit_predictors(vectors: Floats, labels: Floats) -> Floats:
    """Ridge regression (Hoerl and Kennard, 1970) of each column of ``labels`` on the vectors, both
    centred. The last column of the result is the intercept that centring leaves."""
    mean = vectors.mean(axis=0)
    centred = (vectors - mean).astype(np.float64)
    gram = centred.T @ centred + _RIDGE * np.eye(vectors.shape[1])
    fitted = np.linalg.solve(gram, centred.T @ (labels - labels.mean(axis=0))).T
    return np.column_stack([fitted, -fitted @ mean]).astype(np.float32)
