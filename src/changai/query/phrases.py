"""The structure of a short Chinese question, and its topic.

Each word becomes a letter for its class, so that regular expressions can describe questions. The
words of each class are those of ``followups.txt``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from changai.text import lexicon, tokens
from changai.text.characters import has_words

LETTERS = {
    "place": "P",
    "little": "L",
    "has": "E",
    "may": "M",
    "at": "A",
    "joint": "J",
    "about": "B",
    "asks": "Q",
    "how": "H",
    "whether": "U",
}
"""The other letters are Y for a year, C for any other noun, verb or adjective, and X for the rest,
punctuation included."""

FRAME = "[YPALJEMBQHU]"
NOUN = "C(?:[CJ]*C)?"
# One topic among words of other classes, or two: the second is what the first has, does or may do.
_SIMPLE = re.compile(
    rf"(?P<lead>{FRAME}*)(?P<topic>{NOUN}(?:EL?{NOUN}|[LAPY]*HB*{NOUN}$|[LAPY]*MB*{NOUN}(?=U$))?)"
    rf"{FRAME}*"
)
_CONTENT = frozenset("nvabijlmqtsfx")
"""The first letters of the tags of parts of speech that a topic may have."""

_YEAR = r"(?<!\d)(?:19|20)\d\d年|[今去前明后]年"
_ASKING = re.compile(
    r"什么|多少|多[久长大高远]|哪|谁|几|怎|如何|吗|么$|啥|咋|(.)[没不]\1|有没有|[是能可]否|要钱|收费"
)
_LONGEST_TOPIC = 14


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text, the bounds of its words (each start, and the last end), and a letter for each word.

    ``topic`` is what it is about, and ``people`` which people, if that is clear.
    """

    text: str
    bounds: tuple[int, ...]
    letters: str

    @property
    def asks(self) -> bool:
        """Whether it contains a question word."""
        return asks(self.text)

    @property
    def topic(self) -> str:
        """The statement that it opens with, and its words except years and those that ask; or
        nothing."""
        *told, last = re.findall("[^,;。]+[,;。]?", self.text) or [""]
        if any(map(asks, told)) or (told and not asks(last)):
            return ""
        phrase = read(last)
        match = _SIMPLE.fullmatch(phrase.letters)
        if match is None:
            return "".join(told) if re.fullmatch(f"{FRAME}*", phrase.letters) else ""
        if not (phrase.asks or re.fullmatch("[YPJ]*", match["lead"])):
            return ""
        place = re.search("A?PJ?$", match["lead"])
        first = place.start() if place else match.start("topic")
        kept = [n for n in range(first, match.end("topic")) if phrase.letters[n] not in "YEQHM"]
        topic = "".join([*told, *(last[phrase.bounds[n] : phrase.bounds[n + 1]] for n in kept)])
        return topic if len(topic) <= _LONGEST_TOPIC and not asks(topic) else ""

    @property
    def people(self) -> str:
        """The people it is about, or nothing if there are none or several."""
        named = [part for part in self.parts("C+") if is_people(part)] if self.topic else []
        return named[0] if len(named) == 1 else ""

    def spans(self, pattern: str) -> list[tuple[int, int]]:
        """The ``(start, end)`` in the text of the words whose letters match."""
        found = re.finditer(pattern, self.letters)
        return [(self.bounds[match.start()], self.bounds[match.end()]) for match in found]

    def parts(self, pattern: str) -> list[str]:
        """The texts of ``spans``."""
        return [self.text[start:end] for start, end in self.spans(pattern)]


def read(text: str) -> Phrase:
    """Parse a text: years first, then jieba's words, joined if together they are a listed word."""
    bounds, letters = [0], ""
    for part in re.split(f"({_YEAR})", text):
        if re.fullmatch(_YEAR, part):
            bounds.append(bounds[-1] + len(part))
            letters += "Y"
            continue
        cut = tokens.words(part)
        while cut:
            count = next((n for n in (4, 3, 2) if _joined(cut[:n]) in _letters()), 1)
            word, speech, cut = _joined(cut[:count]), cut[0][1], cut[count:]
            letters += _letters().get(word, "C" if _is_content(word, speech) else "X")
            bounds.append(bounds[-1] + len(word))
    return Phrase(text, tuple(bounds), letters)


def asks(text: str) -> bool:
    """Whether a text contains a question word."""
    return _ASKING.search(text) is not None


def is_people(text: str) -> bool:
    """Whether a noun phrase means people."""
    return text.endswith(tuple(listed("people"))) and text not in listed("owned")


@cache
def listed(name: str) -> frozenset[str]:
    """The words of a class."""
    return frozenset(word for line in lines(name) for word in line)


def lines(name: str) -> list[list[str]]:
    """The words of a class, line by line."""
    every = (line.partition(":") for line in lexicon.lines("followups.txt"))
    return [words.split() for each, _, words in every if each == name]


def _is_content(word: str, speech: str) -> bool:
    # People ask about 三互 and “1+X”, whatever part of speech jieba gives them.
    if word in "“”《》+" or word[0] in "二三四五六七八九":
        return True
    return has_words(word) and (speech[0] in _CONTENT or speech == "eng")


def _joined(words: Sequence[tuple[str, str]]) -> str:
    return "".join(word for word, _ in words)


@cache
def _letters() -> dict[str, str]:
    """The letter of each word that is listed."""
    places = lexicon.words("places.txt")
    letters = dict.fromkeys((place + end for place in places for end in ("", "市", "省")), "P")
    for name, letter in LETTERS.items():
        letters |= dict.fromkeys(listed(name), letter)
    return letters
