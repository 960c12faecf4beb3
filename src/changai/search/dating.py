"""Which year a passage is about."""

from collections.abc import Sequence
from itertools import takewhile

from changai.query import expectations
from changai.records import METADATA_LOCATOR, Passage
from changai.text.dates import date_of
from changai.text.matching import matched


def dating(passages: Sequence[Passage], number: int) -> str:
    """The normalised text that says which year a passage is about, or empty.

    It is the first of these that names a year: the passage, its headings, the date in the
    paragraph that opens its section, the date in the one that opens its document, and the title.
    In an article without sections, the first paragraph dates only itself: on XQuAD-zh it did not
    help the others.
    """
    passage, openings = passages[number], []
    if passage.headings:
        backwards = (passages[each] for each in range(number, -1, -1))
        own = takewhile(lambda each: each.document.id == passage.document.id, backwards)
        body = [each for each in own if each.locator != METADATA_LOCATOR]
        section = [each for each in body if each.headings == passage.headings]
        # A numbered item is no opening paragraph, even if it comes first.
        opening = [each.text for each in (section[-1], body[-1]) if "(" not in each.locator]
        dates = [date_of(text, len(text)) for text in opening]
        # A date by which something is planned (到2025年) does not date what is there now.
        openings = [date for date in dates if date[:1] not in {"到", "至"}]
    texts = (passage.text, *passage.headings, *openings, passage.document.title)
    read = (matched(text, passage.document.misreadings) for text in texts)
    return next(filter(expectations.names_year, read), "")
