"""What a passage mentions of a question, and what it does not give."""

from changai.query import expectations
from changai.query.expectations import Missing
from changai.search.candidates import Candidates
from changai.search.dating import dating
from changai.text import tokens
from changai.text.characters import has_words
from changai.text.matching import matched


def missing(candidates: Candidates, candidate: int) -> Missing:
    """The years and places that the question names and a candidate is not about."""
    document, expected = candidates.passage(candidate).document, candidates.query.expected
    number = int(candidates.passages[candidate])
    return expectations.missing(
        expected,
        dating(candidates.contents.passages, number) if expected.years else "",
        matched(document.text, document.misreadings) if expected.places else "",
    )


def mentioned(question: str, text: str) -> str:
    """The longest stretch of a text that also stands in a normalised question, or empty.

    It begins and ends with a whole content word, and has at least two characters.
    """
    asked = {word for word, _ in tokens.words(question)}
    words = [word for word, _ in tokens.words(text)]
    telling = [
        has_words(word)
        and not tokens.is_stopword(word)
        and (not word[0].isdigit() or word in asked)
        for word in words
    ]
    longest, before = "", ""
    for first, word in enumerate(words):
        # The 年 of 2020 年 must not begin a stretch: it is half of a word.
        if telling[first] and not before.isdigit():
            stretch = ""
            for last in range(first, len(words)):
                stretch += words[last]
                if stretch not in question:
                    break
                if telling[last] and len(stretch) > max(1, len(longest)):
                    longest = stretch
        before = word.rstrip()[-1:] or before
    return longest
