"""The part of a multilingual vocabulary that Chinese, English and Vietnamese texts need.

multilingual-e5 has 250,000 pieces for a hundred languages: nine tenths of its size. A word whose
piece is left out is made of smaller pieces, in the end of characters, all of which are kept.
"""

from collections.abc import Collection, Sequence

from changai.text.characters import has_han
from changai.text.normalisation import normalise

SIZE = 24_000

_SPACE = "▁"
"""Stands for a space at the beginning of a piece."""
_VIETNAMESE = frozenset("ăâđêôơưàáảãèéẻẽìíỉĩòóỏõùúủũỳýỷỹ") | set(map(chr, range(0x1EA0, 0x1EFA)))
_ONLY_VIETNAMESE = frozenset("ăđơưĩũ") | set(map(chr, range(0x1EA0, 0x1EFA)))
_JOINING = frozenset("'-.")
_MARKS = frozenset("、。《》〈〉「」『』【】〔〕“”‘’—–·°×")
"""Those that stay as they are when the tokeniser normalises a text: ， has become a comma."""


def kept(pieces: Sequence[tuple[str, float]], needed: Collection[str]) -> list[int]:
    """The numbers of the pieces to keep, in their order, ``SIZE`` of them, or all if there are
    fewer. ``pieces`` are those of a Unigram tokeniser, with the logarithm of their frequency.

    These are the ``needed`` ones, all single characters of Chinese and Latin script, simplified
    Chinese words, numbers, Chinese and ASCII punctuation, and Vietnamese words; the rest are the
    most frequent Latin pieces, which English shares with other languages.
    """
    always, latin = [], []
    for number, (piece, score) in enumerate(pieces):
        text = piece.replace(_SPACE, "")
        if piece in needed or not text or _is_needed(text):
            always.append(number)
        elif _is_latin(text):
            latin.append((-score, number))
    room = max(0, SIZE - len(always))
    return sorted([*always, *(number for _, number in sorted(latin)[:room])])


def _is_needed(text: str) -> bool:
    if has_han(text):
        simple = len(text) == 1 or normalise(text) == text
        return simple and all(has_han(each) or _is_mark(each) for each in text)
    if _is_latin(text):
        return len(text) == 1 or not _ONLY_VIETNAMESE.isdisjoint(text.lower())
    return all(map(_is_mark, text))


def _is_latin(text: str) -> bool:
    return all(
        (each.isascii() and each.isalpha()) or each.lower() in _VIETNAMESE or each in _JOINING
        for each in text
    ) and any(map(str.isalpha, text))


def _is_mark(character: str) -> bool:
    """Whether a character is a digit of ASCII, or punctuation of Chinese or ASCII texts."""
    return character in _MARKS or (character.isascii() and not character.isalpha())
