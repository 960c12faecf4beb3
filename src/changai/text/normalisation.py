"""The form in which texts are compared. What is shown is never changed."""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from changai.text.characters import HAN

if TYPE_CHECKING:
    import opencc

_SPACED_HAN = re.compile(rf"(?<=[{HAN}])\s+(?=[{HAN}])")


def normalise(text: str) -> str:
    """The form in which texts are matched: that of ``plain``, with letters case-folded."""
    return plain(text).casefold()


def plain(text: str) -> str:
    """A text in simplified script and half width, in which letters keep their case.

    NFKC (Unicode Standard Annex 15) folds full-width forms, OpenCC converts traditional characters
    to simplified ones, and white space becomes one space, or none between Chinese characters.
    """
    text = unicodedata.normalize("NFKC", text).replace("\0", " ")
    text = _SPACED_HAN.sub("", " ".join(text.split()))
    simplified: str = _to_simplified().convert(text)
    return simplified


@cache
def _to_simplified() -> "opencc.OpenCC":
    import opencc

    return opencc.OpenCC("t2s")
