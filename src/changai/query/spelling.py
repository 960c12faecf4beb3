"""Reading a question as if words that sound like known ones had been typed right.

People type by sound and take the first suggestion: 入挡 for 入党, 公会保 for 工惠保. Where two
neighbouring characters stand together nowhere in the articles nor in the word lists, and two
that sound the same do, those may be meant. For matching only.
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
"""The characters whose sound is known: Unicode's first block of Chinese characters."""

_PAIR, _LONG = 2.0, 1.0
"""What a pair of the articles' is worth, and a dictionary's word of three characters and more."""

_CHANGE, _WORD, _STOPWORD = 1.0, 1.5, 2.5
"""What it costs to change a character, a word that is hardly misspelt, and a stop word."""

_NUMERALS = frozenset("一二三四五六七八九十百千万亿两半")
"""Never taken for misspelt."""

_LONGEST_RUN = 64
"""In characters, without a mark; the longer a run the longer its mending takes."""

_MOST_CHANGES = 4
"""In a run; who needs more has not mistyped a word or two, and each takes as long as the first."""

_BLURRED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))
"""What many speakers do not tell apart."""

_ARRAYS = ("syllables", "pairs", "sounds", "meant")
_RUN = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]{{2,}}")


@dataclass(frozen=True)
class Spelling:
    """The pairs of neighbouring characters of a corpus, by their sound.

    ``syllables[c - 0x4E00]`` numbers the sound of the character with code ``c``. Row ``i`` of
    ``pairs`` holds the codes of two characters, ``sounds[i]`` says how they sound, and
    ``meant[i]`` whether they belong to one word, which may be what is meant; rows are in the order
    of ``sounds``.
    """

    syllables: npt.NDArray[np.uint16]
    pairs: npt.NDArray[np.uint32]
    sounds: npt.NDArray[np.uint32]
    meant: npt.NDArray[np.bool_]

    @classmethod
    def fit(cls, passages: Sequence[str]) -> "Spelling":
        """Learn from normalised texts. A word is what jieba cuts passages and the thesaurus into;
        and characters side by side of which it makes no word may be a name that it lacks."""
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
        """A normalised text with what sounds like the corpus's words put in their place."""
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
        """The places of pairs that the corpus lacks, with pairs of the same sound to be meant."""
        pairs = [a + b for a, b in pairwise(run)]
        return [
            (at, other)
            for at, (pair, alike) in enumerate(zip(pairs, self._alike(pairs), strict=True))
            if pair not in alike
            for other, meant in alike.items()
            if meant
        ]

    def _gain(self, run: str, kept: Sequence[tuple[int, int]], at: int, pair: str) -> float:
        """What is won by reading ``pair`` at that place of a run, of which ``kept`` are the words
        that are hardly misspelt."""
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
        # Cutting the run anew for each reading is what costs most.
        if gain + _LONG <= 0:
            return 0.0
        long = any(
            end - start > 2 and any(start <= i < end for i in changed)
            for start, end in _words(other)
        )
        return gain + _LONG * long

    def _count(self, run: str) -> int:
        """How many pairs of a run may be meant."""
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
    """The number of each character's most usual sound, without its tone, or 0 for none."""
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
    """The pairs of neighbours that the dictionary cuts into single characters, no stop words."""
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
    """Where words stand that are hardly misspelt: those of two characters and more, stop words,
    and what stands alone between them."""
    words = _words(run)
    sure = [end - start > 1 or tokens.is_stopword(run[start:end]) for start, end in words]
    around = [True, *sure, True]
    return [word for i, word in enumerate(words) if sure[i] or (around[i] and around[i + 2])]
