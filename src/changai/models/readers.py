"""Readers: how well a passage answers a question, and with which words.

``builtin`` is the lower half of the encoder, trained further as a cross-encoder on questions and
passages together (``training.reader``), in 8 bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from changai.models.inputs import together
from changai.models.transformer import ANSWERS, WORDS, Transformer

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

BUILTIN_FOLDER = Path(__file__).with_name("reader")
"""A sentence-transformers CrossEncoder that comes with the package."""

MOST_TOKENS = 500
"""The most tokens of questions and passages that are read for one question, which decides what it
costs. The nearest passage is read to this length if it is longer."""

_REMEMBERED = 4000
"""How many readings are remembered, some two kilobytes each: what is exported was asked before, and
many ask the same."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a passage.

    ``score`` is the logarithm of how much more likely the passage answers than the similarity of
    the vectors tells. ``shares`` tells how likely each token is to belong to the answer, of 1 for
    all of them; ``spans`` is where it stands, of shape ``(tokens, 2)``, in the passage's text as it
    was read.
    """

    score: float
    spans: Integers
    shares: Floats


class Reader(Protocol):
    """Reads passages with a question in mind."""

    def read(self, question: str, passages: Sequence[tuple[str, str]]) -> list[Reading]:
        """The readings of the first of some passages, as many as ``MOST_TOKENS`` allow, at least
        one. A passage is what stands above it and its text, both as ``models.inputs`` gives
        them."""
        ...


def load() -> Reader:
    """The reader that comes with the package.

    Raises EncoderError when its package is missing or its model cannot be loaded.
    """
    return BuiltinReader(BUILTIN_FOLDER)


class BuiltinReader:
    """A CrossEncoder's folder as ``training.packing`` writes it. Several threads may read."""

    def __init__(self, folder: Path) -> None:
        """Raises EncoderError when a package is missing, or the folder cannot be read."""
        self._model = Transformer(folder, truncate="only_second")
        self._reading = lru_cache(_REMEMBERED)(self._read)

    def read(self, question: str, passages: Sequence[tuple[str, str]]) -> list[Reading]:
        readings: list[Reading] = []
        left = MOST_TOKENS
        for above, text in passages:
            lengths = [len(each.ids) for each in self._windows(question, above, text)]
            fitting = int((np.cumsum(lengths) <= left).sum())
            if readings and fitting < len(lengths):
                break
            fitting = max(1, fitting)
            left -= sum(lengths[:fitting])
            readings.append(self._reading(question, above, text, fitting))
        return readings

    def _windows(self, question: str, above: str, text: str) -> list[Any]:
        return self._model.windows(question, together(above, text))

    def _read(self, question: str, above: str, text: str, windows: int) -> Reading:
        """The reading of a passage's first windows."""
        begin = len(together(above, text)) - len(text)
        scores: list[float] = []
        spans: list[tuple[int, int]] = []
        logits: list[float] = []
        for window in self._windows(question, above, text)[:windows]:
            answers, words = self._model.run([window.ids], ANSWERS, WORDS)
            scores.append(float(answers[0, 0]))
            for (start, end), part, logit in zip(
                window.offsets, window.sequence_ids, words[0, :, 0].tolist(), strict=True
            ):
                if part == 1 and start >= begin and end > start:
                    spans.append((start - begin, end - begin))
                    logits.append(logit)
        raw = np.array(logits, dtype=np.float32)
        odds = np.exp(raw - raw.max(initial=-np.inf))
        return Reading(
            max(scores), np.array(spans, dtype=np.int64).reshape(-1, 2), odds / odds.sum()
        )
