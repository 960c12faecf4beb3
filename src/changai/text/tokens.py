"""Words and terms of a text.

``TOKENISER_VERSION`` goes into every index: raise it when any term could come out differently, or
anything else that an index keeps of how texts are read (``expectations.circumstances``,
``spelling``).
"""

import re
from functools import cache
from itertools import pairwise

from changai.text import lexicon
from changai.text.characters import HAN
from changai.text.thesaurus import canonicalise

TOKENISER_VERSION = 4

_WORD = re.compile(rf"(?P<han>[{HAN}]+)|\d+(?:\.\d+)?|[^\W\d_{HAN}]+")


def words(text: str, *, guessing: bool = True) -> list[tuple[str, str]]:
    """jieba's words of a text, which they make up without a gap, each with its part of speech
    (``n`` noun, ``v`` verb, ``d`` adverb and so on; the tag set of ICTCLAS).

    Without ``guessing``, only words of its dictionary, and single characters between them.
    """
    import rjieba

    return list(rjieba.tag(text, hmm=guessing))


def terms(text: str) -> list[str]:
    """The terms of a normalised text, in reading order, for the lexical index.

    Chinese runs give jieba's words (search mode, so that compounds give their parts too) and every
    pair of neighbouring characters, marked with ``#``; numbers and the words of other scripts
    stand for themselves. Stop words are left out; words people use stand as their official ones.
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
    """Whether a word says nothing of what is asked."""
    return word in _stopwords()


@cache
def _stopwords() -> frozenset[str]:
    return frozenset(lexicon.words("stopwords.txt"))
