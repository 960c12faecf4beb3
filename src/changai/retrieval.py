"""From a question to an answer: the index at work."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from changai import chinese, encoders, expectations, provenance, ranking, store
from changai.errors import IndexDamagedError, QuestionError
from changai.records import Answer, Citation, Document, Passage

LONGEST_QUESTION = 512
"""In characters, both as typed and as normalised."""

_CANDIDATES = 100
"""How many nearest passages, nearest clauses and lexical matches are looked at closely."""

_EVIDENCE = 3
"""In how many of a passage's best clauses the kind of answer that is asked for may stand."""

_GIVING = 2.0
"""How much better a clause may match than one that gives the kind of answer asked for, and yet be
highlighted after it; about the effect of 0.03 in cosine."""

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Matches:
    """The candidate passages of one question, in reading order.

    ``question`` is normalised, and ``expected`` is what it expects. ``passages`` are the
    candidates' numbers, ``features`` their rows of ``ranking.FEATURES``. ``clauses`` are the rows
    of ``Contents.clauses`` that belong to them, those of candidate ``i`` beginning at
    ``starts[i]``; ``clause_scores`` says how well each clause alone matches.
    """

    question: str
    expected: expectations.Expectations
    passages: Integers
    features: Floats
    clauses: Integers
    starts: Integers
    clause_scores: Floats


class Index:
    """An opened index. Several threads may ask at once."""

    def __init__(self, contents: store.Contents, encoder: encoders.Encoder) -> None:
        self._opened = _Opened(contents, encoder)

    @classmethod
    def open(cls, path: str | Path) -> "Index":
        """Open the index in the folder that holds ``built/``.

        Raises IndexMissingError, IndexMismatchError (another encoder, format or tokeniser),
        IndexDamagedError or EncoderError.
        """
        index = cls.__new__(cls)
        index._opened = _open(Path(path))
        return index

    def refresh(self) -> bool:
        """Take up the generation now in use; False when it is the one already open.

        Raises what ``open`` raises, and then keeps the generation it had.
        """
        opened = self._opened
        if opened.path is None or store.current_generation(opened.path) == opened.generation:
            return False
        self._opened = _open(opened.path, opened.encoder)
        return True

    @property
    def documents(self) -> tuple[Document, ...]:
        return self._opened.contents.documents

    @property
    def passages(self) -> tuple[Passage, ...]:
        return self._opened.contents.passages

    def retrieve(self, question: str, *, k: int = 3) -> list[Citation]:
        """The ``k`` best passages for a question, or all there are. Raises what ``ask`` raises."""
        return list(self.ask(question, k=k).citations)

    def match(self, question: str, *, without: str | None = None) -> Matches:
        """The candidates for a question and their measures, not yet ranked. See ``ask``."""
        return _match(self._opened, question, without)

    def coverage_row(self, matches: Matches, candidate: int) -> Floats:
        """A candidate's ``ranking.COVERAGE_FEATURES``."""
        unmet = _unmet(self._opened.contents, matches, candidate)
        return ranking.coverage_row(matches.features[candidate], matches.question, unmet)

    def ask(self, question: str, *, k: int = 3, without: str | None = None) -> Answer:
        """Answer a question with the ``k`` best passages, and say whether they answer it.

        ``without`` is the id of a passage to leave out, as if the corpus lacked it: evaluation
        makes unanswerable questions so. Raises QuestionError when the question is empty, has no
        letter or digit, is longer than ``LONGEST_QUESTION``, or is not valid text, and when ``k``
        is less than 1.
        """
        if not isinstance(k, int) or k < 1:
            raise QuestionError(f"k 是 {k!r}；请写一个不小于 1 的整数")
        opened, weights = self._opened, ranking.shipped_weights()
        matches = _match(opened, question, without)
        scores = matches.features @ weights.ranking
        best = ranking.order(scores)[:k]
        unmet = _unmet(opened.contents, matches, best[0])
        row = ranking.coverage_row(matches.features[best[0]], matches.question, unmet)
        confidence = float(ranking.probability(row, weights.coverage, weights.intercept))
        return Answer(
            question=question,
            covered=confidence >= weights.covered_from,
            confidence=confidence,
            citations=tuple(
                provenance.annotated(
                    Citation(
                        rank=rank,
                        score=float(scores[candidate]),
                        passage=opened.contents.passages[matches.passages[candidate]],
                        highlights=(_highlight(opened.contents, matches, candidate),),
                    )
                )
                for rank, candidate in enumerate(best, start=1)
            ),
            missing=unmet.names(),
        )


@dataclass(frozen=True, slots=True)
class _Opened:
    """One generation with the encoder that made it; swapped as a whole by ``refresh``."""

    contents: store.Contents
    encoder: encoders.Encoder
    path: Path | None = None
    generation: str = ""


def _open(path: Path, loaded: encoders.Encoder | None = None) -> _Opened:
    """Open the generation in use, with the encoder already ``loaded`` if that is the one."""
    generation = store.current_generation(path)
    try:
        manifest = store.read_manifest(path, generation)
        if loaded is None or loaded.identity != manifest.encoder:
            loaded = encoders.load(manifest.encoder.name)
        store.check_encoder(path, manifest, loaded.identity)
        return _Opened(store.load(path, generation, manifest), loaded, path, generation)
    except IndexDamagedError:
        # Two rebuilds in the meantime remove a generation that was sound.
        if store.current_generation(path) == generation:
            raise
        return _open(path, loaded)


def _match(opened: _Opened, question: str, without: str | None) -> Matches:
    """Find and measure the candidates for a question: the passages nearest by vector, those of
    the nearest clauses, and the best by BM25."""
    contents = opened.contents
    normalised = _normalised(question)
    vector = opened.encoder.encode_questions([chinese.officialise(normalised)])[0]
    terms = list(dict.fromkeys(chinese.tokens(normalised)))
    rarity = contents.sparse_passages.idf(terms)
    owners = contents.clauses[:, 0]
    passages = np.unique(
        np.concatenate(
            [
                contents.dense_passages.search(vector, _CANDIDATES),
                owners[contents.dense_clauses.search(vector, _CANDIDATES)],
                contents.sparse_passages.search(terms, _CANDIDATES),
            ]
        )
    )
    if without is not None:
        passages = passages[[contents.passages[number].id != without for number in passages]]
        if not len(passages):
            raise QuestionError(f"去掉 {without} 以后没有段落可查；请至少留一段")
    first, last = np.searchsorted(owners, passages), np.searchsorted(owners, passages, "right")
    clauses = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    starts = np.concatenate([[0], np.cumsum(last - first)[:-1]])
    clause_similarity = contents.dense_clauses.similarities(vector, clauses)
    clause_coverage = contents.sparse_clauses.coverage(terms, rarity)[clauses]
    _, nearness, _, holding = ranking.shipped_weights().ranking
    return Matches(
        question=normalised,
        expected=expectations.read(normalised),
        passages=passages,
        features=np.stack(
            [
                contents.dense_passages.similarities(vector, passages),
                ranking.best_of_group(clause_similarity, starts),
                contents.sparse_passages.coverage(terms, rarity)[passages],
                ranking.best_of_group(clause_coverage, starts),
            ],
            axis=1,
        ),
        clauses=clauses,
        starts=starts,
        clause_scores=nearness * clause_similarity + holding * clause_coverage,
    )


def _best_clauses(
    contents: store.Contents, matches: Matches, candidate: int
) -> list[tuple[int, int]]:
    """The ``(start, end)``, within the passage, of its clauses, best match first."""
    spans, scores = _scored_clauses(contents, matches, candidate)
    return [spans[position] for position in ranking.order(scores)]


def _highlight(contents: store.Contents, matches: Matches, candidate: int) -> tuple[int, int]:
    """The clause to show: one that gives the kind of answer asked for comes before one that
    matches a little better."""
    spans, scores = _scored_clauses(contents, matches, candidate)
    text = contents.passages[matches.passages[candidate]].text
    gives = [
        expectations.gives(matches.expected, chinese.normalise(text[start:end]))
        for start, end in spans
    ]
    return spans[int(np.argmax(scores + _GIVING * np.array(gives)))]


def _scored_clauses(
    contents: store.Contents, matches: Matches, candidate: int
) -> tuple[list[tuple[int, int]], Floats]:
    """The ``(start, end)`` of a candidate's clauses in reading order, and how each matches."""
    start = matches.starts[candidate]
    end = np.append(matches.starts, len(matches.clauses))[candidate + 1]
    rows = contents.clauses[matches.clauses[start:end]]
    return [(a, b) for _, a, b in rows.tolist()], matches.clause_scores[start:end]


def _unmet(contents: store.Contents, matches: Matches, candidate: int) -> expectations.Unmet:
    """What the question expects and a candidate does not give."""
    passage = contents.passages[matches.passages[candidate]]
    spans = _best_clauses(contents, matches, candidate)[:_EVIDENCE]
    return expectations.unmet(
        matches.expected,
        chinese.normalise(passage.text),
        [chinese.normalise(passage.text[start:end]) for start, end in spans],
        chinese.normalise(passage.document.text) if matches.expected.places else "",
    )


def _normalised(question: str) -> str:
    """The question as it is matched, or QuestionError."""
    if not isinstance(question, str):
        raise QuestionError(f"问题应是文字，不是 {type(question).__name__}；请重新输入")
    _check_length(question)
    if any("\ud800" <= character <= "\udfff" for character in question):
        raise QuestionError("问题里有不成字符的代码（孤立代理项）；请重新输入")
    normalised = chinese.normalise(question)
    _check_length(normalised)
    if not chinese.has_words(normalised):
        raise QuestionError("问题里没有文字；请输入您想了解的内容")
    return normalised


def _check_length(text: str) -> None:
    if len(text) > LONGEST_QUESTION:
        raise QuestionError(f"问题有 {len(text)} 个字，超过 {LONGEST_QUESTION} 个；请缩短")
