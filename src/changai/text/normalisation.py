"""One form for texts that are to be compared; what is shown is never touched."""

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
    """A text in one script and width, fit to be read.

    NFKC (Unicode Standard Annex 15) folds full-width forms, OpenCC turns traditional script into
    simplified, and white space shrinks to one blank, or to none between Chinese characters.
    """
    text = unicodedata.normalize("NFKC", text).replace("\0", " ")
    text = _SPACED_HAN.sub("", " ".join(text.split()))
    simplified: str = _to_simplified().convert(text)
    return simplified


@cache
def _to_simplified() -> "opencc.OpenCC":
    import opencc

    return opencc.OpenCC("t2s")
