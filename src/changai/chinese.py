"""Normalising and tokenising text for matching; what is shown is never touched.

``TOKENISER_VERSION`` goes into every index: raise it when any token could come out differently, or
anything else that an index keeps of how texts are read (``expectations.circumstances``,
``spelling``).
"""

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from changai import wordlists

if TYPE_CHECKING:
    import opencc

TOKENISER_VERSION = 3

_HAN = r"\u3007\u3400-\u9fff\U00020000-\U0003ffff"
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_WORD = re.compile(rf"(?P<han>[{_HAN}]+)|\d+(?:\.\d+)?|[^\W\d_{_HAN}]+")
_SPACED_HAN = re.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}])")
_ENDS = r"。;；!！?？…\n"
_SENTENCE = re.compile(f"[^{_ENDS}]+")
_SENTENCE_END = re.compile(f"[{_ENDS}]")
# A comma or colon between digits belongs to the number.
_CLAUSE = re.compile(r"(?:[^,，。;；!！?？:：、…\n]|(?<=\d)[,:](?=\d))+")


@cache
def _stopwords() -> frozenset[str]:
    return frozenset(wordlists.words("stopwords.txt"))


@cache
def _thesaurus() -> tuple[re.Pattern[str], dict[str, str]]:
    """What matches any word people use, and the official word for each."""
    official = {}
    for line in wordlists.lines("thesaurus.txt"):
        word, _, said = line.partition(":")
        official.update(dict.fromkeys([word, *said.split()], word))
    longest_first = "|".join(map(re.escape, sorted(official, key=len, reverse=True)))
    # A number is matched whole or not at all: 24小时 is not in 124小时.
    return re.compile(rf"(?<!\d)(?:{longest_first})|(?<=\d)(?!\d)(?:{longest_first})"), official


def thesaurus_words() -> list[str]:
    """Every word of the thesaurus, official or not."""
    return list(_thesaurus()[1])


def officialise(text: str) -> str:
    """A normalised text in the words of official articles, by ``thesaurus.txt``."""
    pattern, official = _thesaurus()
    return pattern.sub(lambda match: official[match[0]], text)


@cache
def _to_simplified() -> "opencc.OpenCC":
    import opencc

    return opencc.OpenCC("t2s")


def normalise(text: str) -> str:
    """The form in which texts are matched: that of ``plain``, with letters case-folded."""
    return plain(text).casefold()


def plain(text: str) -> str:
    """A text in one script and width, fit to be read.

    NFKC (Unicode Standard Annex 15) folds full-width forms, OpenCC turns traditional script into
    simplified, and white space shrinks to one blank, or to none between Chinese characters.
    """
    text = unicodedata.normalize("NFKC", text).replace("\0", " ")
    text = _SPACED_HAN.sub("", " ".join(text.split()))
    simplified: str = _to_simplified().convert(text)
    return simplified


def words(text: str, *, guessing: bool = True) -> list[tuple[str, str]]:
    """jieba's words of a text, which they make up without a gap, each with its part of speech
    (``n`` noun, ``v`` verb, ``d`` adverb and so on; the tag set of ICTCLAS).

    Without ``guessing``, only words of its dictionary, and single characters between them.
    """
    import rjieba

    return list(rjieba.tag(text, hmm=guessing))


def tokens(text: str) -> list[str]:
    """The terms of a normalised text, in reading order, for the lexical index.

    Chinese runs give jieba's words (search mode, so that compounds give their parts too) and every
    pair of neighbouring characters, marked with ``#``; numbers and the words of other scripts
    stand for themselves. Stop words are left out; words people use stand as their official ones.
    """
    import rjieba

    stopwords = _stopwords()
    terms: list[str] = []
    for match in _WORD.finditer(officialise(text)):
        run = match[0]
        if match["han"]:
            terms += (w for w in rjieba.cut_for_search(run) if w not in stopwords)
            terms += (f"#{a}{b}" for a, b in pairwise(run))
        elif run not in stopwords:
            terms.append(run)
    return terms


def is_stopword(word: str) -> bool:
    """Whether a word says nothing of what is asked."""
    return word in _stopwords()


def has_han(text: str) -> bool:
    """Whether a text holds any Chinese character."""
    return _HAN_CHARACTER.search(text) is not None


def has_words(text: str) -> bool:
    """Whether a text holds any letter or digit at all."""
    return any(character.isalnum() for character in text)


def ends_sentence(text: str) -> bool:
    """Whether a mark that ends a sentence stands in a text."""
    return _SENTENCE_END.search(text) is not None


def clauses(text: str, shortest: int = 8) -> list[tuple[int, int]]:
    """The ``(start, end)`` of each clause: a stretch between punctuation marks.

    A stretch of fewer than ``shortest`` characters says too little alone: it is joined to its
    neighbours in the same sentence, those that follow first.
    """
    spans: list[tuple[int, int]] = []
    for sentence in _SENTENCE.finditer(text):
        own: list[tuple[int, int]] = []
        start: int | None = None
        for match in _CLAUSE.finditer(text, *sentence.span()):
            stretch = match[0].strip()
            if not has_words(stretch):
                continue
            offset = match.start() + match[0].index(stretch)
            start = offset if start is None else start
            end = offset + len(stretch)
            if end - start >= shortest:
                own.append((start, end))
                start = None
        if start is not None:
            own.append((own.pop()[0] if own else start, end))
        spans += own
    return spans
