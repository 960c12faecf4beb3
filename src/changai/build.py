"""Rebuilding offline: articles in, a new generation of the index out."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from changai import chinese, encoders, store
from changai.articles import find, read
from changai.dense import DenseIndex
from changai.errors import IndexDamagedError, IndexMismatchError, IndexMissingError, IndexStateError
from changai.records import Article, BuildReport
from changai.sparse import SparseIndex

_BATCH = 16
_FIRST_BUILD = 600
"""For how many seconds a first question waits while another process builds the index."""

Progress = Callable[[int, int], None]
"""Called with how many texts have been encoded, and of how many."""

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

    ``index`` is the folder that holds, or will hold, ``built/``. Nothing is done, and the report
    says so, when the articles, the encoder and the versions are those of an index in good order.
    ``wait`` is for how many seconds to wait while another process builds here.
    Raises ArticleError, EncoderError, IndexBusyError, or IndexStateError where the folder cannot be
    written; the index in use then stays as it was.
    """
    index = Path(index)
    find(Path(articles))  # before anything is made in a folder that was not meant
    model = encoders.load(encoder)
    try:
        with store.build_lock(index, wait):
            corpus = [read(path) for path in find(Path(articles))]
            hashes = {article.document.file: article.document.sha256 for article in corpus}
            generation = _unchanged(index, model, hashes)
            changed = generation is None
            if generation is None:
                generation = store.publish(index, encode(corpus, model, progress), hashes)
    except OSError as error:
        raise IndexStateError(
            f"写不了 {index} 里的索引（{error}）；请检查权限和剩余空间"
        ) from error
    for article in corpus:
        if not article.document.published:
            _log.warning("文章 %s 里没有找到发布日期", article.document.file)
    return BuildReport(
        generation=generation,
        changed=changed,
        documents=len(corpus),
        passages=sum(len(article.passages) for article in corpus),
        encoder=model.identity,
    )


def encoder_in_use(index: Path) -> str:
    """The name of the encoder that made the index in use; ``builtin`` where there is none."""
    try:
        return store.read_manifest(index, store.current_generation(index)).encoder.name
    except (IndexMissingError, IndexMismatchError, IndexDamagedError):
        return encoders.BUILTIN


def ensure_index(index: Path, progress: Progress | None = None) -> BuildReport | None:
    """Build the index of ``index/articles`` if there is none; None when there was one."""
    if store.exists(index):
        return None
    _log.warning("%s 里还没有索引，先建立索引……", index)
    return build_index(index / "articles", index, progress=progress, wait=_FIRST_BUILD)


def encode(
    corpus: Sequence[Article], encoder: encoders.Encoder, progress: Progress | None = None
) -> store.Contents:
    """Make a generation's contents in memory."""
    passages = tuple(passage for article in corpus for passage in article.passages)
    clauses = [
        (number, start, end)
        for number, passage in enumerate(passages)
        for start, end in chinese.clauses(passage.text) or [(0, len(passage.text))]
    ]
    passage_texts = [chinese.normalise(passage.text) for passage in passages]
    clause_texts = [
        chinese.normalise(passages[number].text[start:end]) for number, start, end in clauses
    ]
    vectors = _encode_in_batches(encoder, passage_texts + clause_texts, progress)
    return store.Contents(
        encoder=encoder.identity,
        documents=tuple(article.document for article in corpus),
        passages=passages,
        clauses=np.array(clauses, dtype=np.int32),
        dense_passages=DenseIndex.fit(vectors[: len(passages)]),
        dense_clauses=DenseIndex.fit(vectors[len(passages) :]),
        sparse_passages=SparseIndex.fit([chinese.tokens(text) for text in passage_texts]),
        sparse_clauses=SparseIndex.fit([chinese.tokens(text) for text in clause_texts]),
    )


def _encode_in_batches(
    encoder: encoders.Encoder, texts: Sequence[str], progress: Progress | None
) -> encoders.Vectors:
    batches = []
    for start in range(0, len(texts), _BATCH):
        batches.append(encoder.encode_passages(texts[start : start + _BATCH]))
        if progress is not None:
            progress(min(start + _BATCH, len(texts)), len(texts))
    return np.concatenate(batches)


def _unchanged(index: Path, encoder: encoders.Encoder, hashes: dict[str, str]) -> str | None:
    """The generation in use, if building it again would give the same; else None."""
    try:
        generation = store.current_generation(index)
        manifest = store.read_manifest(index, generation)
        store.check_encoder(index, manifest, encoder.identity)
        if manifest.articles != hashes:
            return None
        store.load(index, generation, manifest)
    except (IndexMissingError, IndexMismatchError, IndexDamagedError):
        return None
    return generation
