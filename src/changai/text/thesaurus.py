"""Everyday words and the official words for the same things, from ``thesaurus.txt``."""

import re
from functools import cache

from changai.text import lexicon


def canonicalise(text: str) -> str:
    """A normalised text with everyday words replaced by those of official articles."""
    pattern, official = _thesaurus()
    return pattern.sub(lambda match: official[match[0]], text)


def words() -> list[str]:
    """Every word of the thesaurus, official or not."""
    return list(_thesaurus()[1])


@cache
def _thesaurus() -> tuple[re.Pattern[str], dict[str, str]]:
    """A pattern for every word of the thesaurus, and the official word for each."""
    official = {}
    for line in lexicon.lines("thesaurus.txt"):
        word, _, said = line.partition(":")
        official.update(dict.fromkeys([word, *said.split()], word))
    longest_first = "|".join(map(re.escape, sorted(official, key=len, reverse=True)))
    # A number is matched whole or not at all: 24小时 is not in 124小时.
    return re.compile(rf"(?<!\d)(?:{longest_first})|(?<=\d)(?!\d)(?:{longest_first})"), official
