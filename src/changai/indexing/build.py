"""Rebuilding offline: articles in, a new generation of the index out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from changai.errors import IndexDamagedError, IndexMismatchError, IndexMissingError, several, shown
from changai.indexing import faq, publishing, store
from changai.indexing.dense import DenseIndex
from changai.indexing.faq import Faq
from changai.indexing.manifest import check_encoder, encoder_name, read_manifest
from changai.indexing.sparse import SparseIndex
from changai.models import encoders
from changai.models.inputs import passage_input
from changai.query import expectations
from changai.query.spelling import Spelling
from changai.reading.articles import read_all, told_stale
from changai.reading.folder import find, passed_over
from changai.records import Article, BuildReport, Passage
from changai.text import sentences, tokens
from changai.text.matching import matched
from changai.text.normalisation import normalise

_BATCH = 128
"""How many texts are encoded at once: enough for some of them to have the same length."""
_FIRST_BUILD = 600
"""How many seconds a first question waits if another process is building the index."""

Progress = Callable[[int, int], None]
"""Called with the number of texts encoded so far, and the number of all."""

_log = logging.getLogger(__name__)


def build_index(
    articles: str | Path,
    index: str | Path,
    *,
    encoder: str = encoders.BUILTIN,
    progress: Progress | None = None,
    wait: float = 0,
) -> BuildReport:
    """Build the index of a folder of articles, and switch to it.

    ``index`` is the folder that holds, or will hold, ``built/``. If the articles, the encoder and
    the versions are those of the index in use, nothing is done, and the report says so. FAQ
    questions whose snippets are no longer in their article are left out, with a warning and in the
    report: refusing to build would keep an article in use that has been corrected. ``wait`` is how
    many seconds to wait if another process is building here. Raises ArticleError, MetadataError,
    QuestionFileError, EncoderError, IndexBusyError, or IndexStateError if the folder cannot be
    written; the index in use then stays as it was.
    """
    index = Path(index)
    find(Path(articles))  # Fail early: the folder may be a mistake, and nothing was made in it yet.
    model = encoders.load(encoder)
    with publishing.build_lock(index, wait):
        corpus = read_all(find(Path(articles)))
        ignored = passed_over(Path(articles))
        hashes = dict(source for article in corpus for source in article.sources)
        current = _current(index, model)
        if current is not None and current.articles == hashes:
            generation, changed = current.generation, False
        else:
            before = current.contents if current is not None else None
            contents = encode(corpus, model, progress, before=before)
            generation, changed = publishing.publish(index, contents, hashes), True
    _warn(ignored, corpus)
    return BuildReport(
        generation=generation,
        changed=changed,
        documents=len(corpus),
        passages=sum(len(article.passages) for article in corpus),
        encoder=model.identity,
        questions=sum(len(article.questions) for article in corpus),
        stale=tuple(told for article in corpus for told in told_stale(article)),
    )


def _warn(ignored: Sequence[str], corpus: Sequence[Article]) -> None:
    """Log warnings about a folder of articles: files that are not read, and articles that lack a
    date, are duplicates, or have outdated FAQ questions."""
    if ignored:
        _log.warning(
            "没有收录 %s：只读 .txt 文章；请另存为 UTF-8 纯文本", "、".join(map(shown, ignored))
        )
    alike: dict[str, list[str]] = {}
    for article in corpus:
        document = article.document
        # Line endings do not count: a copy from another system is the same article.
        alike.setdefault("\n".join(document.text.splitlines()), []).append(document.file)
        if not document.published:
            _log.warning("文章 %s 里没有找到发布日期", document.file)
        if article.stale:
            _log.warning(
                "%d 个已知问题没有用上，片段不在文章 %s 的任何一段里；"
                "请逐字改成文章现在的原话，或删去这些行，再运行 changai build：\n%s",
                *(len(article.stale), document.file, several(told_stale(article))),
            )
    for same in alike.values():
        if len(same) > 1:
            _log.warning("文章 %s 内容相同，引用会重复；请只留一篇", "、".join(same))


def encoder_in_use(index: Path) -> str:
    """The name of the encoder that made the index in use, even if another version of Changai wrote
    it; ``builtin`` if there is no index, or none that can be read."""
    try:
        return encoder_name(index, store.current_generation(index))
    except (IndexMissingError, IndexDamagedError):
        return encoders.BUILTIN


def ensure_index(index: Path, progress: Progress | None = None) -> BuildReport | None:
    """Build the index of ``index/articles`` if there is none yet; None if there is one."""
    if store.exists(index):
        return None
    _log.warning("%s 里还没有索引，先建立索引……", index)
    return build_index(index / "articles", index, progress=progress, wait=_FIRST_BUILD)


def encode(
    corpus: Sequence[Article],
    encoder: encoders.Encoder,
    progress: Progress | None = None,
    *,
    before: store.Contents | None = None,
) -> store.Contents:
    """Make a generation's contents in memory.

    Vectors of texts that are in the previous contents, ``before``, are reused. These must have been
    made by the same encoder.
    """
    passages = tuple(passage for article in corpus for passage in article.passages)
    clauses = _cut(passages)
    inputs = [*map(passage_input, passages)]
    passage_texts = [_matched(passage) for passage in passages]
    clause_texts = _clause_texts(passages, clauses)
    # Whoever copies a word as the scan has it has not mistyped it.
    printed = [normalise(passage.text) for passage in passages if passage.document.misreadings]
    spelling = Spelling.fit([*passage_texts, *printed])
    questions = [_asked(article, spelling) for article in corpus]
    asked = [text for texts, _ in questions for text in texts]
    vectors = _Vectors(encoder, before)
    vectors.encode([*inputs, *clause_texts], asked, progress)
    terms = [tokens.terms(text) for text in inputs]
    return store.Contents(
        encoder=encoder.identity,
        documents=tuple(article.document for article in corpus),
        passages=passages,
        clauses=clauses,
        dense_passages=DenseIndex.fit(vectors.of_passages(inputs)),
        dense_clauses=DenseIndex.fit(vectors.of_passages(clause_texts)),
        sparse_passages=SparseIndex.fit(terms),
        sparse_clauses=SparseIndex.fit([tokens.terms(text) for text in clause_texts]),
        spelling=spelling,
        faq=Faq.fit(
            asked,
            [each for _, circumstances in questions for each in circumstances],
            faq.locate(corpus, passages),
            vectors.of_questions(asked),
            terms,
        )
        if asked
        else None,
    )


def _cut(passages: Sequence[Passage]) -> npt.NDArray[np.int32]:
    """The clauses of passages, a row ``(passage, start, end)`` each."""
    return np.array(
        [
            (number, start, end)
            for number, passage in enumerate(passages)
            for start, end in sentences.clauses(passage.text) or [(0, len(passage.text))]
        ],
        dtype=np.int32,
    )


def _clause_texts(passages: Sequence[Passage], clauses: npt.NDArray[np.int32]) -> list[str]:
    return [_matched(passages[number], start, end) for number, start, end in clauses.tolist()]


def _matched(passage: Passage, start: int = 0, end: int | None = None) -> str:
    """A passage, or a part of it, in the form in which it is matched."""
    return matched(passage.text[start:end], passage.document.misreadings)


def _asked(article: Article, spelling: Spelling) -> tuple[list[str], list[frozenset[str]]]:
    """An article's questions as they are understood, and the circumstances that each names, without
    the places that the article itself is about."""
    texts = [spelling.mend(normalise(question.text)) for question in article.questions]
    document = article.document
    own = frozenset[str]()
    if texts:
        own = expectations.places(matched(document.text, document.misreadings))
    return texts, [expectations.circumstances(text) - own for text in texts]


class _Vectors:
    """The vectors of texts, each encoded once. Those of the contents ``before`` are reused."""

    def __init__(self, encoder: encoders.Encoder, before: store.Contents | None) -> None:
        self._encoder = encoder
        self._passages: dict[str, npt.NDArray[np.float32]] = {}
        self._questions: dict[str, npt.NDArray[np.float32]] = {}
        if before is not None:
            texts = [*map(passage_input, before.passages)]
            self._passages.update(zip(texts, before.dense_passages.rows, strict=True))
            texts = _clause_texts(before.passages, before.clauses)
            self._passages.update(zip(texts, before.dense_clauses.rows, strict=True))
        if before is not None and before.faq is not None:
            rows = before.faq.vectors.rows
            self._questions.update(zip(before.faq.texts, rows, strict=True))

    def encode(
        self, passages: Sequence[str], questions: Sequence[str], progress: Progress | None
    ) -> None:
        """Encode the texts that have no vector yet, a batch at a time."""
        work = [
            (self._encoder.encode_passages, passages, self._passages),
            (self._encoder.encode_questions, questions, self._questions),
        ]
        new = [[*dict.fromkeys(t for t in texts if t not in known)] for _, texts, known in work]
        done, total = 0, sum(map(len, new))
        for (encode_batch, _, known), wanted in zip(work, new, strict=True):
            for start in range(0, len(wanted), _BATCH):
                batch = wanted[start : start + _BATCH]
                known.update(zip(batch, encode_batch(batch), strict=True))
                done += len(batch)
                if progress is not None:
                    progress(done, total)

    def of_passages(self, texts: Sequence[str]) -> encoders.Vectors:
        return np.array([self._passages[text] for text in texts])

    def of_questions(self, texts: Sequence[str]) -> encoders.Vectors:
        return np.array([self._questions[text] for text in texts])


@dataclass(frozen=True, slots=True)
class _Current:
    """The generation in use, the hashes of its articles, and what it holds."""

    generation: str
    articles: dict[str, str]
    contents: store.Contents


def _current(index: Path, encoder: encoders.Encoder) -> _Current | None:
    """The generation in use, if it can be used and was made by this encoder; else None."""
    try:
        generation = store.current_generation(index)
        manifest = read_manifest(index, generation)
        check_encoder(index, manifest, encoder.identity)
        return _Current(generation, manifest.articles, store.load(index, generation, manifest))
    except (IndexMissingError, IndexMismatchError, IndexDamagedError):
        return None
