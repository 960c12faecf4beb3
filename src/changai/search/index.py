"""An opened index: a question in, an answer out."""

import copy
import dataclasses
from dataclasses import dataclass
from pathlib import Path

from changai.errors import IndexDamagedError, QuestionError
from changai.indexing import store
from changai.indexing.manifest import check_encoder, read_manifest
from changai.models import encoders, readers
from changai.models.fitted import Model, load_model
from changai.query.understanding import understand
from changai.records import Answer, Citation, Corpus, Document, Passage
from changai.search.answerability import judge
from changai.search.candidates import Candidates, find
from changai.search.citing import cite
from changai.search.ranking import rank, read, rerank
from changai.search.shortfall import mentioned


class Index:
    """An opened index. Several threads may ask at once."""

    def __init__(
        self,
        contents: store.Contents,
        encoder: encoders.Encoder,
        reader: readers.Reader,
        model: Model,
    ) -> None:
        self._opened = _Opened(contents, encoder, reader, model)

    @classmethod
    def open(cls, path: str | Path, *, generation: str | None = None) -> "Index":
        """Open the index in the folder that holds ``built/``: the ``generation`` of that name, or
        the one in use.

        Raises IndexMissingError, IndexMismatchError (another encoder, format or reading of
        texts), IndexDamagedError or EncoderError.
        """
        index = cls.__new__(cls)
        index._opened = _open(Path(path), readers.load(), load_model(), generation=generation)
        return index

    def newer_generation(self) -> str:
        """The name of the generation in use if it is not the one that is open, else empty.

        Raises IndexMissingError or IndexDamagedError.
        """
        opened = self._opened
        if opened.path is None:
            return ""
        current = store.current_generation(opened.path)
        return "" if current == opened.generation else current

    def refresh(self) -> bool:
        """Switch to the generation in use; False if it is already open.

        Raises what ``open`` raises; the generation that was open then stays open.
        """
        opened = self._opened
        if opened.path is None or not self.newer_generation():
            return False
        self._opened = _open(opened.path, opened.reader, opened.model, opened.encoder)
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
    def contents(self) -> store.Contents:
        """Everything that the open generation holds."""
        return self._opened.contents

    @property
    def model(self) -> Model:
        """The fitted model that ranks and judges."""
        return self._opened.model

    @property
    def reader(self) -> readers.Reader:
        """What reads the first candidates with the question in mind."""
        return self._opened.reader

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

    def without_faq(self) -> "Index":
        """The same index, as if its articles had no FAQ."""
        opened = self._opened
        contents = dataclasses.replace(opened.contents, faq=None)
        return Index(contents, opened.encoder, opened.reader, opened.model)

    def candidates(
        self, question: str, *, without: str | None = None, as_typed: bool = False
    ) -> Candidates:
        """The candidates for a question, not yet ranked. See ``ask``."""
        opened = self._opened
        query = understand(question, opened.contents.spelling, as_typed=as_typed)
        return find(opened.contents, opened.encoder, query, without)

    def ask(
        self, question: str, *, k: int = 3, without: str | None = None, as_typed: bool = False
    ) -> Answer:
        """Answer a question with the ``k`` best passages, and say whether they answer it.

        ``without`` is the id of a passage to leave out, as if the corpus lacked it; evaluation uses
        this to make unanswerable questions. ``as_typed`` leaves the question's spelling as it is.
        Raises QuestionError when the question is empty, has no letter or digit, is longer than
        ``understanding.LONGEST_QUESTION``, has more than ``candidates.MOST_TOKENS`` for the
        encoder, or is not valid text, and when ``k`` is less than 1.
        """
        if not isinstance(k, int) or k < 1:
            raise QuestionError(f"k 是 {k!r}；请写一个不小于 1 的整数")
        model, reader = self._opened.model, self._opened.reader
        candidates = self.candidates(question, without=without, as_typed=as_typed)
        ranking = rerank(read(rank(candidates, model), reader), model)
        judgement = judge(ranking, model)
        citations = cite(judgement.ranking, model, k)
        query = candidates.query
        return Answer(
            question=question,
            covered=judgement.answering > 0,
            confidence=judgement.belief.confidence,
            citations=citations,
            answering=min(judgement.answering, k),
            mentioned=mentioned(query.text, citations[0].passage.text),
            missing=judgement.belief.missing.names(),
            taken_as="" if query.text == query.typed else query.text,
        )


@dataclass(frozen=True, slots=True)
class _Opened:
    """One generation with the encoder that made it; swapped as a whole by ``refresh``."""

    contents: store.Contents
    encoder: encoders.Encoder
    reader: readers.Reader
    model: Model
    path: Path | None = None
    generation: str = ""
    built: str = ""


def _open(
    path: Path,
    reader: readers.Reader,
    model: Model,
    loaded: encoders.Encoder | None = None,
    *,
    generation: str | None = None,
) -> _Opened:
    """Open a generation, the one in use if none is named. ``loaded`` is an encoder that is reused
    if the generation was made by it."""
    named = generation is not None
    if generation is None:
        generation = store.current_generation(path)
    try:
        manifest = read_manifest(path, generation)
        if loaded is None or loaded.identity != manifest.encoder:
            loaded = encoders.load(manifest.encoder.name)
        check_encoder(path, manifest, loaded.identity)
        contents = store.load(path, generation, manifest)
        return _Opened(contents, loaded, reader, model, path, generation, manifest.built)
    except IndexDamagedError:
        # It may have been sound, but removed by two rebuilds in the meantime.
        if named or store.current_generation(path) == generation:
            raise
        return _open(path, reader, model, loaded)
