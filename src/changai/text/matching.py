"""The form in which an article's texts are matched: misreadings corrected, and normalised."""

import re
from functools import lru_cache

from changai.records import Misreading
from changai.text.normalisation import normalise


# Cached, because the same texts of the corpus come with every question.
@lru_cache(maxsize=10_000)
def matched(text: str, misreadings: tuple[Misreading, ...] = ()) -> str:
    """A part of an article, as it is matched. ``misreadings`` are those of the article."""
    return normalise(as_meant(text, misreadings))


def as_meant(text: str, misreadings: tuple[Misreading, ...]) -> str:
    """A text with the scan's misreadings corrected, the longest first. It is never shown."""
    if not misreadings:
        return text
    meant = {each.printed: each.meant for each in misreadings}
    longest_first = sorted(meant, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda match: meant[match[0]], text)
