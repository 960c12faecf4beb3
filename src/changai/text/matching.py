"""The form in which an article's texts are matched: as they are meant, and normalised."""

import re
from functools import lru_cache

from changai.records import Misreading
from changai.text.normalisation import normalise


# The corpus's own texts come again with every question.
@lru_cache(maxsize=10_000)
def matched(text: str, misreadings: tuple[Misreading, ...] = ()) -> str:
    """A stretch of an article, of which these are the scan's ``misreadings``, as it is matched."""
    return normalise(as_meant(text, misreadings))


def as_meant(text: str, misreadings: tuple[Misreading, ...]) -> str:
    """A text without a scan's misreadings, the longest first: to be matched, never to be shown."""
    if not misreadings:
        return text
    meant = {each.printed: each.meant for each in misreadings}
    longest_first = sorted(meant, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda match: meant[match[0]], text)
