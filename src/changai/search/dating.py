"""Of which year a passage speaks."""

from collections.abc import Sequence
from itertools import takewhile

from changai.query import expectations
from changai.records import METADATA_LOCATOR, Passage
from changai.text.dates import date_of
from changai.text.matching import matched


def dating(passages: Sequence[Passage], number: int) -> str:
    """The normalised text that tells of which year a passage speaks: its own where it names one,
    or else its heading, the date to which the paragraph holds that opens its section or its
    document, or the title.

    Of an article without sections the first paragraph dates only itself: in XQuAD-zh it was of no
    use to the others.
    """
    passage, openings = passages[number], []
    if passage.headings:
        backwards = (passages[each] for each in range(number, -1, -1))
        own = takewhile(lambda each: each.document.id == passage.document.id, backwards)
        body = [each for each in own if each.locator != METADATA_LOCATOR]
        section = [each for each in body if each.headings == passage.headings]
        # An item that comes first opens nothing.
        opening = [each.text for each in (section[-1], body[-1]) if "(" not in each.locator]
        dates = [date_of(text, len(text)) for text in opening]
        # What is to be reached by then (到2025年) is not what there is.
        openings = [date for date in dates if date[:1] not in {"到", "至"}]
    texts = (passage.text, *passage.headings, *openings, passage.document.title)
    read = (matched(text, passage.document.misreadings) for text in texts)
    return next(filter(expectations.names_year, read), "")
