"""What a question names of its answer: the year, the place, and what else tells it from others.

An article that is not about the year or the place asked about does not answer. That is found by
rule, since no vector tells; how much it counts is fitted (``evaluation.fitting``).
"""

import re
from dataclasses import dataclass
from functools import cache

from changai.text import lexicon

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NUMERAL = re.compile(r"\d+(?:\.\d+)?")
_SEVERAL = re.compile(
    r"哪些|都[有是叫用搞开]|分别|各[有自是]|几[个种项类条]|[啥些].{0,4}(?:路子|法子|门路)|[和与、]"
    r"|什么.{0,6}(?:措施|做法|办法|行动|活动|会议?|机制)|\bwhich\b|\bwhat \S+s\b|những|\bcác\b"
)

# A place that somebody comes from is not what the question is about.
_ORIGIN = r"(?!.{0,2}(?:来的|(?<!外地)人(?!才)|籍|老家|过来|嫁))"


@dataclass(frozen=True, slots=True)
class Expectations:
    """The years and places that a question names."""

    years: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """The years and places that a question names and a passage is not about."""

    years: tuple[str, ...]
    places: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        """All of them, in Chinese."""
        return (*self.places, *(f"{year}年" for year in self.years))


def read(question: str) -> Expectations:
    """What a normalised question expects."""
    return Expectations(
        years=tuple(dict.fromkeys(_YEAR.findall(question))),
        places=tuple(dict.fromkeys(_places().findall(question))),
    )


def circumstances(question: str) -> frozenset[str]:
    """The numbers and places that a normalised question names. A similar question with other ones,
    or with none, asks for something else."""
    return frozenset(_NUMERAL.findall(question)) | places(question)


def places(text: str) -> frozenset[str]:
    """The places that a normalised text is about."""
    return frozenset(_places().findall(text))


def asks_several(question: str) -> bool:
    """Whether a normalised question asks for several things, which several passages may give."""
    return _SEVERAL.search(question) is not None


def names_year(text: str) -> bool:
    """Whether a normalised text names a year."""
    return _YEAR.search(text) is not None


def missing(expected: Expectations, dating: str, document: str) -> Missing:
    """What a question expects and a passage does not give: a year must be in the text ``dating``
    it, and a place anywhere in its document. Both must be normalised."""
    return Missing(
        years=tuple(year for year in expected.years if year not in dating),
        places=tuple(place for place in expected.places if place not in document),
    )


@cache
def _places() -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(lexicon.words('places.txt'))}){_ORIGIN}")
