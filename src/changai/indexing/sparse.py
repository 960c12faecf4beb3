"""Lexical matching by BM25: the only importer of bm25s."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import bm25s
import numpy as np
import numpy.typing as npt

from changai.errors import IndexDamagedError

Floats = npt.NDArray[np.float32]

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What bm25s raises for JSON that it did not write, since it does not check types."""


class SparseIndex:
    """BM25 (Robertson and Zaragoza, 2009; Lucene's variant) over lists of terms."""

    def __init__(self, model: bm25s.BM25) -> None:
        self._model = model
        self._units: int = int(model.scores["num_docs"])
        self._starts: npt.NDArray[np.int64] = np.asarray(model.scores["indptr"])

    @classmethod
    def fit(cls, terms: Sequence[Sequence[str]]) -> "SparseIndex":
        """Index units of text, each given as a list of terms."""
        model = bm25s.BM25(method="lucene")
        model.index([list(unit) or [""] for unit in terms], show_progress=False)
        return cls(model)

    @classmethod
    def read(cls, folder: Path) -> "SparseIndex":
        try:
            return cls(bm25s.BM25.load(folder, load_corpus=False))
        except (OSError, EOFError, *_MALFORMED) as error:
            raise IndexDamagedError(
                f"bm25s 读不了 {folder}（{error}）；请重建索引：changai build"
            ) from error

    def write(self, folder: Path) -> None:
        self._model.save(folder, show_progress=False)

    def __len__(self) -> int:
        return self._units

    def search(self, terms: Sequence[str], k: int) -> npt.NDArray[np.int64]:
        """The ``k`` units with the highest scores above zero, best first, ties in reading order."""
        known = [term for term in terms if term in self._model.vocab_dict]
        if not known:
            return np.empty(0, dtype=np.int64)
        scores: Floats = self._model.get_scores(known)
        best = np.argsort(-scores, kind="stable")[:k]
        return best[scores[best] > 0]

    def idf(self, terms: Sequence[str]) -> Floats:
        """The rarity of each term: ``ln(1 + (n - df + ½) / (df + ½))``, as in BM25."""
        frequency = np.array(
            [0 if span is None else span[1] - span[0] for span in map(self._span, terms)]
        )
        return self._rarity(frequency)

    def likeness(self, terms: Sequence[str]) -> Floats:
        """For each unit, its similarity to the terms, weighted by rarity, 0 to 1: twice the shared
        weight, divided by the sum of both weights (Dice, 1945)."""
        rarity = self.idf(terms)
        wanted = float(rarity.sum())
        together = np.maximum(wanted + self._weights, np.float32(1e-9))
        shares: Floats = 2 * wanted * self.overlap(terms, rarity) / together
        return shares

    @cached_property
    def _weights(self) -> Floats:
        """For each unit, the sum of the rarity of its terms."""
        frequency = np.diff(self._starts)
        rarity = np.repeat(self._rarity(frequency), frequency)
        weights = np.bincount(self._model.scores["indices"], rarity, minlength=self._units)
        return np.asarray(weights, dtype=np.float32)

    def _rarity(self, frequency: npt.NDArray[np.int64]) -> Floats:
        rarity = np.log1p((self._units - frequency + 0.5) / (frequency + 0.5))
        return np.asarray(rarity, dtype=np.float32)

    def overlap(self, terms: Sequence[str], weights: Floats) -> Floats:
        """For each unit, the term overlap: the share of ``weights`` of the terms that it holds, 0
        to 1."""
        held = np.zeros(self._units, dtype=np.float32)
        total = float(weights.sum())
        if total == 0:
            return held
        for term, weight in zip(terms, weights, strict=True):
            if span := self._span(term):
                held[self._model.scores["indices"][slice(*span)]] += weight / total
        return held

    def _span(self, term: str) -> tuple[int, int] | None:
        """The place of a term's postings, or None for a term that no unit holds."""
        number = self._model.vocab_dict.get(term)
        if number is None or number + 1 >= len(self._starts):
            return None
        return int(self._starts[number]), int(self._starts[number + 1])
