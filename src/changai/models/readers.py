"""Readers: how well a passage answers a question, and with which words.

``builtin`` is the lower half of the encoder, trained further as a cross-encoder on questions and
passages together (``training.reader``), in 8 bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """A CrossEncoder's folder as ``training.packing`` writes it."""

    def __init__(self, folder: Path) -> None:
        """Raises EncoderError when a package is missing, or the folder cannot be read."""
        self._model = Transformer(folder, truncate="only_second")

    def read(self, question: str, passages: Sequence[tuple[str, str]]) -> list[Reading]:
        readings: list[Reading] = []
        left = MOST_TOKENS
        for above, text in passages:
            whole = together(above, text)
            windows = self._model.windows(question, whole)
            ends = np.cumsum([len(window.ids) for window in windows])
            fitting = windows[: int((ends <= left).sum())]
            if readings and len(fitting) < len(windows):
                break
            fitting = fitting or windows[:1]
            left -= int(ends[len(fitting) - 1])
            readings.append(self._reading(fitting, len(whole) - len(text)))
        return readings

    def _reading(self, windows: Sequence[Any], begin: int) -> Reading:
        """The reading of a passage in windows, whose text begins at this character."""
        scores: list[float] = []
        spans: list[tuple[int, int]] = []
        logits: list[float] = []
        for window in windows:
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
