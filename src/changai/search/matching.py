"""Finding and measuring the passages that may answer a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any

import numpy as np
import numpy.typing as npt

from changai.errors import QuestionError
from changai.indexing import store
from changai.indexing.faq import KnownMatches
from changai.models import ranking
from changai.models.encoders import Encoder
from changai.query import expectations
from changai.records import METADATA_LOCATOR, Document, Passage
from changai.search import highlights
from changai.text import tokens
from changai.text.characters import has_words
from changai.text.dates import date_of
from changai.text.normalisation import normalise
from changai.text.thesaurus import canonicalise

MOST_TOKENS = 448
"""Of the encoder, in a question as it is encoded: its cost rises with them. 512 characters of a
Chinese text have some 320, and at most 441 in 220 laws and articles; of rare characters 518."""

_CANDIDATES = 100
"""How many nearest passages, nearest clauses, lexical matches and known questions are looked at
closely."""

_EVIDENCE = 3
"""In how many of a passage's best clauses the kind of answer that is asked for may stand."""

_GIVING = 2.0
"""How much better a clause may match than one that gives the kind of answer asked for, and yet be
highlighted after it; about the effect of 0.03 in cosine."""

_OTHER_YEAR = np.float32(2)
"""How much worse a passage is that does not speak of the years asked about; chosen on the known
questions of Ningbo and on XQuAD-zh, where 1 to 4 did alike."""

_BEFORE = np.float32(1e-3)
"""How much better a passage is than another that it is to come before."""

_normalised = lru_cache(maxsize=10_000)(normalise)
"""For the corpus's own texts, which come again with every question."""


def _as_matched(document: Document, text: str) -> str:
    """A stretch of a document, normalised, as it is meant."""
    return _normalised(document.as_meant(text))


@lru_cache(maxsize=10_000)
def _wording(text: str) -> str:
    """A text, normalised, without its blanks and punctuation."""
    return "".join(filter(str.isalnum, normalise(text)))


Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matches:
    """The candidate passages of one question, in reading order.

    ``typed`` is the question normalised, ``question`` the same with its spelling mended, and
    ``expected`` what it expects. ``passages`` are the candidates' numbers, ``features`` their rows
    of ``ranking.FEATURES``. ``clauses`` are the rows of ``Contents.clauses`` that belong to them,
    those of candidate ``i`` beginning at ``starts[i]``; ``clause_scores`` says how well each clause
    alone matches. ``known`` compares the question with the known ones, where the corpus has any.
    """

    contents: store.Contents
    typed: str
    question: str
    expected: expectations.Expectations
    passages: Integers
    features: Floats
    clauses: Integers
    starts: Integers
    clause_scores: Floats
    known: KnownMatches | None

    def scores(self) -> Floats:
        """How well each candidate answers: the linear ranking, less ``_OTHER_YEAR`` where it speaks
        of another year than asked.

        Beside others, a document that is likelier not to answer, going by its known questions,
        sinks by the log-odds of its best passage: its known questions alone must not keep it first.
        One that answers, going by them, comes before one that is not believed to: what it has
        answered alone must not be lost in company.
        """
        scores: Floats = self.features @ ranking.shipped_weights().ranking
        if self.expected.years:
            datings = [_dating(self.contents.passages, number) for number in self.passages.tolist()]
            scores -= _OTHER_YEAR * np.array(
                [any(year not in dating for year in self.expected.years) for dating in datings]
            )
        for number in self.known.judged if self.known is not None else ():
            document = self.contents.documents[number]
            own = np.array([self._passage(n).document == document for n in range(len(scores))])
            if own.any() and not own.all():
                best = int(np.argmax(np.where(own, scores, -np.inf)))
                confidence = self.confidence(best)
                scores[own] += min(0, ranking.log_odds(confidence))
                first = int(np.argmax(scores))
                if confidence >= ranking.shipped_weights().covered_from > self.confidence(first):
                    scores[own] += scores[first] - scores[best] + _BEFORE
        return scores

    def unmet(self, candidate: int) -> expectations.Unmet:
        """What the question expects and a candidate does not give."""
        passage = self._passage(candidate)
        document = passage.document
        spans, scores = self._clauses(candidate)
        best = [spans[position] for position in ranking.order(scores)[:_EVIDENCE]]
        return expectations.unmet(
            self.expected,
            _as_matched(document, passage.text),
            [_as_matched(document, passage.text[start:end]) for start, end in best],
            _dating(self.contents.passages, int(self.passages[candidate]))
            if self.expected.years
            else "",
            _as_matched(document, document.text) if self.expected.places else "",
        )

    def mentioned(self, candidate: int) -> str:
        """The longest stretch of the question that stands in a candidate, in whole words, or
        nothing where it says nothing."""
        return _shared(self.question, self._passage(candidate).text)

    def coverage_row(self, candidate: int) -> Floats:
        """A candidate's ``ranking.COVERAGE_FEATURES``, or where enough questions are known
        that its document answers and does not answer its ``ranking.TAUGHT_COVERAGE_FEATURES``."""
        passage = self._passage(candidate)
        document = self.contents.documents.index(passage.document)
        unanswered = self.known.unanswered(document) if self.known is not None else None
        unmet = self.unmet(candidate)
        wording = _wording(self.question)
        bare = len(wording) > 1 and wording in _wording(passage.document.as_meant(passage.text))
        return ranking.coverage_row(
            self.features[candidate], self.question, unmet, bare, unanswered
        )

    def confidence(self, candidate: int) -> float:
        """The probability that the question is answered, were this candidate the first."""
        return ranking.shipped_weights().confidence(self.coverage_row(candidate))

    def highlight(self, candidate: int) -> tuple[int, int]:
        """What to show first of a candidate, as ``(start, end)`` within the passage:
        ``highlights.best``, where a clause that gives the kind of answer asked for comes before
        one that matches a little better."""
        passage = self._passage(candidate)
        text = passage.text
        spans, scores = self._clauses(candidate)
        gives = [
            expectations.gives(self.expected, _as_matched(passage.document, text[start:end]))
            for start, end in spans
        ]
        return highlights.best(
            text,
            spans,
            scores + np.float32(_GIVING) * np.array(gives, dtype=np.float32),
            self.known.snippets(int(self.passages[candidate])) if self.known is not None else None,
        )

    def _passage(self, candidate: int) -> Passage:
        return self.contents.passages[int(self.passages[candidate])]

    def _clauses(self, candidate: int) -> tuple[list[tuple[int, int]], Floats]:
        """The ``(start, end)`` of a candidate's clauses in reading order, and how each matches."""
        start = self.starts[candidate]
        end = np.append(self.starts, len(self.clauses))[candidate + 1]
        rows = self.contents.clauses[self.clauses[start:end]]
        return [(a, b) for _, a, b in rows.tolist()], self.clause_scores[start:end]


def match(
    contents: store.Contents,
    encoder: Encoder,
    typed: str,
    *,
    without: str | None = None,
    as_typed: bool = False,
) -> Matches:
    """Find the candidates for a normalised question, and measure them: the passages nearest by
    vector, those of the nearest clauses, the best by BM25, and those that answer the nearest known
    questions. The question's spelling is mended, unless ``as_typed``. ``without`` is the id of a
    passage to leave out; raises QuestionError when none remains, and when the question has more
    than ``MOST_TOKENS``."""
    question = typed if as_typed else contents.spelling.mend(typed)
    official = canonicalise(question)
    _check_cost(encoder.count_tokens(official))
    vector = encoder.encode_questions([official])[0]
    terms = list(dict.fromkeys(tokens.terms(question)))
    known = (
        contents.known.match(vector, terms, expectations.circumstances(question))
        if contents.known is not None
        else None
    )
    expected = expectations.read(question)
    passages = _of_places(contents, _candidates(contents, vector, terms, known), expected.places)
    if without is not None:
        passages = passages[[contents.passages[number].id != without for number in passages]]
        if not len(passages):
            raise QuestionError(f"去掉 {without} 以后没有段落可查；请至少留一段")
    rarity = contents.sparse_passages.idf(terms)
    owners = contents.clauses[:, 0]
    first, last = np.searchsorted(owners, passages), np.searchsorted(owners, passages, "right")
    clauses = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    starts = np.concatenate([[0], np.cumsum(last - first)[:-1]])
    similarity = contents.dense_clauses.similarities(vector, clauses)
    coverage = contents.sparse_clauses.coverage(terms, rarity)[clauses]
    weights = dict(zip(ranking.FEATURES, ranking.shipped_weights().ranking, strict=True))
    return Matches(
        contents=contents,
        typed=typed,
        question=question,
        expected=expected,
        passages=passages,
        features=np.column_stack(
            [
                contents.dense_passages.similarities(vector, passages),
                ranking.best_of_group(similarity, starts),
                contents.sparse_passages.coverage(terms, rarity)[passages],
                ranking.best_of_group(coverage, starts),
                known.measures(passages)
                if known is not None
                else np.zeros((len(passages), len(ranking.KNOWN_FEATURES))),
            ]
        ).astype(np.float32),
        clauses=clauses,
        starts=starts,
        clause_scores=weights["clause_similarity"] * similarity
        + weights["clause_coverage"] * coverage,
        known=known,
    )


def _check_cost(tokens: int) -> None:
    if tokens > MOST_TOKENS:
        raise QuestionError(
            f"问题有 {tokens} 个词元（常用词算一个，生僻字和符号每个算一个），"
            f"超过 {MOST_TOKENS} 个；请缩短，少用生僻字和符号"
        )


def _candidates(
    contents: store.Contents, vector: Floats, terms: Sequence[str], known: KnownMatches | None
) -> Integers:
    """The numbers of the passages to look at closely, in reading order."""
    owners = contents.clauses[:, 0]
    found: list[npt.NDArray[np.integer[Any]]] = [
        contents.dense_passages.search(vector, _CANDIDATES),
        owners[contents.dense_clauses.search(vector, _CANDIDATES)],
        contents.sparse_passages.search(terms, _CANDIDATES),
    ]
    if known is not None:
        found.append(known.nearest_passages(_CANDIDATES))
    return np.unique(np.concatenate(found)).astype(np.int64)


def _of_places(contents: store.Contents, passages: Integers, places: Sequence[str]) -> Integers:
    """Those of the passages whose documents name all the places that are asked about; or else all:
    that there are none is told by what is unmet."""
    if not places:
        return passages
    naming = {
        document.id
        for document in contents.documents
        if all(place in _as_matched(document, document.text) for place in places)
    }
    named = np.array([contents.passages[number].document.id in naming for number in passages])
    return passages[named] if named.any() else passages


def _dating(passages: Sequence[Passage], number: int) -> str:
    """The normalised text that tells of which year a passage speaks: its own where it names one,
    or else its heading, the date to which the paragraph holds that opens its section or its
    document, or the title.

    Of an article without sections the first paragraph dates only itself: in XQuAD-zh it was of no
    use to the others.
    """
    passage, openings = passages[number], []
    if passage.headings:
        backwards = (passages[each] for each in range(number, -1, -1))
        own = takewhile(lambda each: each.document.id == passage.document.id, backwards)
        body = [each for each in own if each.locator != METADATA_LOCATOR]
        section = [each for each in body if each.headings == passage.headings]
        # An item that comes first opens nothing.
        opening = [each.text for each in (section[-1], body[-1]) if "(" not in each.locator]
        dates = [date_of(text, len(text)) for text in opening]
        # What is to be reached by then (到2025年) is not what there is.
        openings = [date for date in dates if date[:1] not in {"到", "至"}]
    texts = (passage.text, *passage.headings, *openings, passage.document.title)
    meant = (_as_matched(passage.document, text) for text in texts)
    return next(filter(expectations.names_year, meant), "")


def _shared(question: str, text: str) -> str:
    """The longest stretch of a text that stands in a question, from one whole word that tells
    something to another; empty where there is none of two characters."""
    asked = {word for word, _ in tokens.words(question)}
    words = [word for word, _ in tokens.words(text)]
    telling = [
        has_words(word)
        and not tokens.is_stopword(word)
        and (not word[0].isdigit() or word in asked)
        for word in words
    ]
    longest, before = "", ""
    for first, word in enumerate(words):
        # 年 of 2020 年 is half a word too.
        if telling[first] and not before.isdigit():
            stretch = ""
            for last in range(first, len(words)):
                stretch += words[last]
                if stretch not in question:
                    break
                if telling[last] and len(stretch) > max(1, len(longest)):
                    longest = stretch
        before = word.rstrip()[-1:] or before
    return longest
