"""Words and terms of a text."""

import re
from functools import cache
from itertools import pairwise

from changai.text import lexicon
from changai.text.characters import HAN
from changai.text.thesaurus import canonicalise

_WORD = re.compile(rf"(?P<han>[{HAN}]+)|\d+(?:\.\d+)?|[^\W\d_{HAN}]+")


def words(text: str, *, guessing: bool = True) -> list[tuple[str, str]]:
    """The words that jieba cuts a text into, without gaps, each with its part of speech (``n``
    noun, ``v`` verb, ``d`` adverb and so on; the tag set of ICTCLAS).

    Without ``guessing`` at unknown words, they are those of its dictionary and single characters.
    """
    import rjieba

    return list(rjieba.tag(text, hmm=guessing))


def terms(text: str) -> list[str]:
    """The terms of a normalised text, in reading order, for the lexical index.

    A run of Chinese gives jieba's words (in search mode, so that compounds give their parts too)
    and every pair of neighbouring characters, marked with ``#``. Numbers and words of other scripts
    are terms themselves. Stop words are left out, and everyday words become official ones.
    """
    import rjieba

    stopwords = _stopwords()
    found: list[str] = []
    for match in _WORD.finditer(canonicalise(text)):
        run = match[0]
        if match["han"]:
            found += (w for w in rjieba.cut_for_search(run) if w not in stopwords)
            found += (f"#{a}{b}" for a, b in pairwise(run))
        elif run not in stopwords:
            found.append(run)
    return found


def is_stopword(word: str) -> bool:
    """Whether a word says nothing about the topic."""
    return word in _stopwords()


@cache
def _stopwords() -> frozenset[str]:
    return frozenset(lexicon.words("stopwords.txt"))
