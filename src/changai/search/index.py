"""From a question to an answer: the index at work."""

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from changai.errors import IndexDamagedError, QuestionError
from changai.indexing import store
from changai.indexing.manifest import check_encoder, read_manifest
from changai.models import encoders, ranking
from changai.query import expectations
from changai.records import Answer, Citation, Corpus, Document, Passage
from changai.search.citing import annotated
from changai.search.matching import Matches, match
from changai.text.characters import has_words
from changai.text.normalisation import normalise

LONGEST_QUESTION = 512
"""In characters, both as typed and as normalised."""

_FURTHER_FROM = 0.3
"""From which probability on a further passage is taken for an answer: where it is not one, it is at
least near, and a missed one is missed."""

Floats = npt.NDArray[np.float32]


class Index:
    """An opened index. Several threads may ask at once."""

    def __init__(self, contents: store.Contents, encoder: encoders.Encoder) -> None:
        self._opened = _Opened(contents, encoder)

    @classmethod
    def open(cls, path: str | Path, *, generation: str | None = None) -> "Index":
        """Open the index in the folder that holds ``built/``, at the ``generation`` in use or at
        another one that is there.

        Raises IndexMissingError, IndexMismatchError (another encoder, format, tokeniser or
        library), IndexDamagedError or EncoderError.
        """
        index = cls.__new__(cls)
        index._opened = _open(Path(path), generation=generation)
        return index

    def newer_generation(self) -> str:
        """The name of the generation now in use where another one is open, else empty.

        Raises IndexMissingError or IndexDamagedError.
        """
        opened = self._opened
        if opened.path is None:
            return ""
        current = store.current_generation(opened.path)
        return "" if current == opened.generation else current

    def refresh(self) -> bool:
        """Take up the generation now in use; False when it is the one already open.

        Raises what ``open`` raises, and then keeps the generation it had.
        """
        opened = self._opened
        if opened.path is None or not self.newer_generation():
            return False
        self._opened = _open(opened.path, opened.encoder)
        return True

    def snapshot(self) -> "Index":
        """The generation now open as an index of its own, which has nothing to refresh: an answer
        of it and what else it tells are of one generation, whatever is published meanwhile."""
        snapshot = copy.copy(self)
        snapshot._opened = dataclasses.replace(self._opened, path=None)
        return snapshot

    @property
    def documents(self) -> tuple[Document, ...]:
        return self._opened.contents.documents

    @property
    def passages(self) -> tuple[Passage, ...]:
        return self._opened.contents.passages

    @property
    def corpus(self) -> Corpus:
        opened = self._opened
        return Corpus(
            documents=len(opened.contents.documents),
            passages=len(opened.contents.passages),
            encoder=opened.contents.encoder,
            generation=opened.generation,
            built=opened.built,
        )

    def retrieve(self, question: str, *, k: int = 3) -> list[Citation]:
        """The ``k`` best passages for a question, or all there are. Raises what ``ask`` raises."""
        return list(self.ask(question, k=k).citations)

    @property
    def has_known_questions(self) -> bool:
        return self._opened.contents.known is not None

    def without_known_questions(self) -> "Index":
        """The same index as if its articles had brought no questions along."""
        opened = self._opened
        return Index(dataclasses.replace(opened.contents, known=None), opened.encoder)

    def match(
        self, question: str, *, without: str | None = None, as_typed: bool = False
    ) -> Matches:
        """The candidates for a question and their measures, not yet ranked. See ``ask``."""
        opened, typed = self._opened, _normalised(question)
        return match(opened.contents, opened.encoder, typed, without=without, as_typed=as_typed)

    def ask(
        self, question: str, *, k: int = 3, without: str | None = None, as_typed: bool = False
    ) -> Answer:
        """Answer a question with the ``k`` best passages, and say whether they answer it.

        ``without`` is the id of a passage to leave out, as if the corpus lacked it: evaluation
        makes unanswerable questions so. ``as_typed`` leaves the question's spelling as it is.
        Raises QuestionError when the question is empty, has no letter or digit, is longer than
        ``LONGEST_QUESTION``, has more than ``matching.MOST_TOKENS`` for the encoder, or is not
        valid text, and when ``k`` is less than 1.
        """
        if not isinstance(k, int) or k < 1:
            raise QuestionError(f"k 是 {k!r}；请写一个不小于 1 的整数")
        weights = ranking.shipped_weights()
        matches = self.match(question, without=without, as_typed=as_typed)
        scores = matches.scores()
        best = ranking.order(scores)[:k].tolist()
        confidence = matches.confidence(best[0])
        covered = confidence >= weights.covered_from
        return Answer(
            question=question,
            covered=covered,
            confidence=confidence,
            citations=tuple(
                annotated(
                    Citation(
                        rank=rank,
                        score=float(scores[candidate]),
                        passage=matches.contents.passages[matches.passages[candidate]],
                        highlights=(matches.highlight(candidate),),
                    )
                )
                for rank, candidate in enumerate(best, start=1)
            ),
            answering=1 + _further(matches, scores, best) if covered else 0,
            mentioned=matches.mentioned(best[0]),
            missing=matches.unmet(best[0]).names(),
            taken_as="" if matches.question == matches.typed else matches.question,
        )


@dataclass(frozen=True, slots=True)
class _Opened:
    """One generation with the encoder that made it; swapped as a whole by ``refresh``."""

    contents: store.Contents
    encoder: encoders.Encoder
    path: Path | None = None
    generation: str = ""
    built: str = ""


def _open(
    path: Path, loaded: encoders.Encoder | None = None, *, generation: str | None = None
) -> _Opened:
    """Open a generation, the one in use if none is named, with the encoder already ``loaded`` if
    that is the one."""
    named = generation is not None
    if generation is None:
        generation = store.current_generation(path)
    try:
        manifest = read_manifest(path, generation)
        if loaded is None or loaded.identity != manifest.encoder:
            loaded = encoders.load(manifest.encoder.name)
        check_encoder(path, manifest, loaded.identity)
        contents = store.load(path, generation, manifest)
        return _Opened(contents, loaded, path, generation, manifest.built)
    except IndexDamagedError:
        # Two rebuilds in the meantime remove a generation that was sound.
        if named or store.current_generation(path) == generation:
            raise
        return _open(path, loaded)


def _further(matches: Matches, scores: Floats, best: Sequence[int]) -> int:
    """How many passages right behind the first answer the question too."""
    weights = ranking.shipped_weights()
    several = expectations.asks_several(matches.question)
    count = 0
    for candidate in best[1 : ranking.MOST_ANSWERS]:
        behind = float(scores[best[0]] - scores[candidate])
        row = ranking.further_row(behind, matches.confidence(candidate), several)
        if weights.further.probability(row) < _FURTHER_FROM:
            break
        count += 1
    return count


def _normalised(question: str) -> str:
    """The question as it is matched, or QuestionError."""
    if not isinstance(question, str):
        raise QuestionError(f"问题应是文字，不是 {type(question).__name__}；请重新输入")
    _check_length(question)
    if any("\ud800" <= character <= "\udfff" for character in question):
        raise QuestionError("问题里有不成字符的代码（孤立代理项）；请重新输入")
    normalised = normalise(question)
    _check_length(normalised)
    if not has_words(normalised):
        raise QuestionError("问题里没有文字；请输入您想了解的内容")
    return normalised


def _check_length(text: str) -> None:
    if len(text) > LONGEST_QUESTION:
        raise QuestionError(f"问题有 {len(text)} 个字，超过 {LONGEST_QUESTION} 个；请缩短")
