"""Correcting words of a question that were typed by sound.

People type pinyin and take the first suggestion: 入挡 for 入党, 公会保 for 工惠保. If two
neighbouring characters are nowhere together in the articles or the word lists, but two that sound
the same are, these may be meant. The correction is used for matching only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from changai.errors import IndexDamagedError
from changai.text import lexicon, thesaurus, tokens

_FIRST, _LAST = 0x4E00, 0x9FFF
"""The characters whose sound is known: Unicode's block of CJK Unified Ideographs."""

_PAIR, _LONG = 2.0, 1.0
"""The gain from a pair that the articles have, and from a dictionary word of three or more
characters."""

_CHANGE, _WORD, _STOPWORD = 1.0, 1.5, 2.5
"""The cost of changing a character, a word that is unlikely to be misspelt, and a stop word."""

_NUMERALS = frozenset("一二三四五六七八九十百千万亿两半")
"""These are never corrected."""

_LONGEST_RUN = 64
"""The most characters of a run without punctuation that is corrected, since the time grows with its
length."""

_MOST_CHANGES = 4
"""The most corrections in a run. A text that needs more is not a question with a typing error, and
each correction takes time."""

_BLURRED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))
"""Sounds that many speakers do not distinguish."""

_ARRAYS = ("syllables", "pairs", "sounds", "meant")
_RUN = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]{{2,}}")


@dataclass(frozen=True)
class Spelling:
    """The pairs of neighbouring characters of a corpus, by their sound.

    ``syllables[c - 0x4E00]`` is the number of the sound of the character with code ``c``. Row ``i``
    of ``pairs`` holds the codes of two characters, ``sounds[i]`` is their sound, and ``meant[i]``
    says whether they belong to one word, so that they may be a correction. Rows are sorted by
    ``sounds``.
    """

    syllables: npt.NDArray[np.uint16]
    pairs: npt.NDArray[np.uint32]
    sounds: npt.NDArray[np.uint32]
    meant: npt.NDArray[np.bool_]

    @classmethod
    def fit(cls, passages: Sequence[str]) -> "Spelling":
        """Learn from normalised texts.

        Words are those that jieba cuts the passages and the thesaurus into. Neighbours that it
        leaves as single characters count too: they may be a name that its dictionary lacks.
        """
        syllables = _syllables()
        texts = [*passages, *thesaurus.words()]
        right = [*texts, *lexicon.words("points.txt")]
        written = {pair for text in right for pair in _pairs(text)}
        written = {(a, b) for a, b in written if syllables[a - _FIRST] and syllables[b - _FIRST]}
        meant = {pair for text in texts for word, _ in tokens.words(text) for pair in _pairs(word)}
        meant |= {pair for text in passages for pair in _lone_pairs(text)}
        pairs = np.array(sorted(written), dtype=np.uint32).reshape(-1, 2)
        sounds = _sound(syllables, pairs)
        order = np.argsort(sounds, kind="stable")
        pairs = pairs[order]
        is_meant = np.array([pair in meant for pair in map(tuple, pairs.tolist())], dtype=np.bool_)
        return cls(syllables, pairs, sounds[order], is_meant)

    @classmethod
    def read(cls, folder: Path) -> "Spelling":
        """Read what ``write`` wrote; checksums must have been verified."""
        try:
            return cls(*(np.load(folder / f"{name}.npy", allow_pickle=False) for name in _ARRAYS))
        except (OSError, EOFError, ValueError) as error:
            raise IndexDamagedError(
                f"索引文件 {folder} 不能用（{error}）；请重建索引：changai build"
            ) from error

    def write(self, folder: Path) -> None:
        """Write everything into a folder, which is made. Raises OSError."""
        folder.mkdir()
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    def mend(self, text: str) -> str:
        """A normalised text in which words that only sound like the corpus's are corrected."""
        return _RUN.sub(lambda run: self._mend_run(run[0]), text)

    def _mend_run(self, run: str) -> str:
        if len(run) > _LONGEST_RUN:
            return run
        for _ in range(_MOST_CHANGES):
            kept = _kept(run)
            gain, at, pair = max(
                ((self._gain(run, kept, at, pair), at, pair) for at, pair in self._readings(run)),
                default=(0, 0, ""),
            )
            if gain <= 0:
                break
            run = run[:at] + pair + run[at + 2 :]
        return run

    def _readings(self, run: str) -> list[tuple[int, str]]:
        """The possible corrections: places of pairs that the corpus lacks, each with a pair of the
        same sound that may be meant."""
        pairs = [a + b for a, b in pairwise(run)]
        return [
            (at, other)
            for at, (pair, alike) in enumerate(zip(pairs, self._alike(pairs), strict=True))
            if pair not in alike
            for other, meant in alike.items()
            if meant
        ]

    def _gain(self, run: str, kept: Sequence[tuple[int, int]], at: int, pair: str) -> float:
        """The gain from putting ``pair`` at a place in a run. ``kept`` are the words of the run
        that are unlikely to be misspelt."""
        other = run[:at] + pair + run[at + 2 :]
        around = slice(max(at - 1, 0), at + 3)
        pairs = self._count(other[around]) - self._count(run[around])
        changed = [i for i in range(at, at + 2) if run[i] != other[i]]
        if pairs <= 0 or any(run[i] in _NUMERALS for i in changed):
            return 0.0
        broken = sum(
            _STOPWORD if tokens.is_stopword(run[start:end]) else _WORD
            for start, end in kept
            if any(start <= i < end for i in changed)
        )
        gain = _PAIR * pairs - _CHANGE * len(changed) - broken
        # Cutting the run into words again is the most expensive step: skip it if it cannot help.
        if gain + _LONG <= 0:
            return 0.0
        long = any(
            end - start > 2 and any(start <= i < end for i in changed)
            for start, end in _words(other)
        )
        return gain + _LONG * long

    def _count(self, run: str) -> int:
        """How many pairs of a run belong to words of the corpus."""
        return sum(a + b in self._meant_pairs for a, b in pairwise(run))

    @cached_property
    def _meant_pairs(self) -> frozenset[str]:
        return frozenset(chr(a) + chr(b) for a, b in self.pairs[self.meant].tolist())

    def _alike(self, pairs: Sequence[str]) -> list[dict[str, bool]]:
        """For each pair, the corpus's pairs that sound like it, and whether they may be meant."""
        codes = np.array([list(map(ord, pair)) for pair in pairs], dtype=np.uint32)
        sounds = _sound(self.syllables, codes)
        firsts = np.searchsorted(self.sounds, sounds).tolist()
        lasts = np.searchsorted(self.sounds, sounds, side="right").tolist()
        return [
            {
                chr(c) + chr(d): meant
                for (c, d), meant in zip(
                    self.pairs[first:last].tolist(), self.meant[first:last].tolist(), strict=True
                )
            }
            for first, last in zip(firsts, lasts, strict=True)
        ]


@cache
def _syllables() -> npt.NDArray[np.uint16]:
    """The number of each character's most usual sound, without the tone, or 0 if it has none."""
    from pypinyin import lazy_pinyin

    numbers: dict[str, int] = {"": 0}
    syllables = []
    for code in range(_FIRST, _LAST + 1):
        sound = lazy_pinyin(chr(code), errors="ignore")
        syllable = sound[0] if sound else ""
        for spoken, blurred in _BLURRED:
            syllable = syllable.replace(spoken, blurred)
        syllables.append(numbers.setdefault(syllable, len(numbers)))
    return np.array(syllables, dtype=np.uint16)


def _sound(
    syllables: npt.NDArray[np.uint16], pairs: npt.NDArray[np.uint32]
) -> npt.NDArray[np.uint32]:
    """One number for the sound of each pair of character codes."""
    numbers = syllables[pairs - _FIRST].astype(np.uint32)
    sounds: npt.NDArray[np.uint32] = numbers[:, 0] << np.uint32(16) | numbers[:, 1]
    return sounds


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    for run in _RUN.findall(text):
        yield from pairwise(map(ord, run))


def _lone_pairs(text: str) -> Iterator[tuple[int, int]]:
    """The pairs of neighbours that are single characters in the dictionary's cut, and no stop
    words."""
    for run in _RUN.findall(text):
        for (start, middle), (_, end) in pairwise(_words(run)):
            pair = run[start:end]
            if middle - start == end - middle == 1 and not any(map(tokens.is_stopword, pair)):
                yield ord(pair[0]), ord(pair[1])


def _words(run: str) -> list[tuple[int, int]]:
    """The ``(start, end)`` of the words that the dictionary cuts a run into."""
    words = tokens.words(run, guessing=False)
    ends = accumulate((len(word) for word, _ in words), initial=0)
    return list(pairwise(ends))


def _kept(run: str) -> list[tuple[int, int]]:
    """The ``(start, end)`` of the words that are unlikely to be misspelt: those of two or more
    characters, stop words, and single characters between two of these."""
    words = _words(run)
    sure = [end - start > 1 or tokens.is_stopword(run[start:end]) for start, end in words]
    around = [True, *sure, True]
    return [word for i, word in enumerate(words) if sure[i] or (around[i] and around[i + 2])]
