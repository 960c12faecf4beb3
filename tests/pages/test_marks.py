"""Marks in a text; ``test_cards`` has the marks that overlap."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.pages.marks import Piece, Stretch, marked, within
from changai.records import Spans
from support.pages import printed


def _html(text: str, highlights: Spans, damaged: Spans = ()) -> str:
    return printed("pages/templates/marks.html", "marked", marked(text, highlights, damaged))


@pytest.mark.parametrize(
    ("highlights", "damaged", "expected"),
    [
        ((), (), "a&lt;b&gt;&#34;"),
        (((1, 4),), (), "a<mark>&lt;b&gt;</mark>&#34;"),
        # In any order; those that touch are one.
        (((3, 5), (0, 1), (1, 2)), (), "<mark>a&lt;</mark>b<mark>&gt;&#34;</mark>"),
        (((0, 2),), ((1, 3),), '<mark>a<u class="damaged">&lt;</u></mark><u class="damaged">b</u>'
         "&gt;&#34;"),
    ],
)  # fmt: skip
def test_marks_stand_in_escaped_text(
    highlights: tuple[tuple[int, int], ...], damaged: tuple[tuple[int, int], ...], expected: str
) -> None:
    assert _html('a<b>"', highlights, damaged) == expected


# Blanks, line breaks, controls and what looks like a template, at the edges of a text and of spans.
_TEXTS = st.lists(
    st.sampled_from(
        ["\n", "\r", "\r\n", "\t", " ", "\u3000", "\0", "\x0b", "\x85", "\u2028", "\ufeff", "<",
         "&amp;", "'\"", "{{ x }}", "{% raw %}", "{#", "-%}", "职工"]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    max_size=8,
).map("".join)  # fmt: skip


@given(_TEXTS, st.data())
def test_whatever_the_text_no_character_is_lost_or_added(text: str, data: st.DataObject) -> None:
    places = st.integers(0, len(text))
    pairs = st.lists(st.tuples(places, places).filter(lambda pair: pair[0] < pair[1]), max_size=4)
    highlights, damaged = (tuple(data.draw(pairs)) if text else () for _ in range(2))
    made = _html(text, highlights, damaged)
    tags = re.compile(r'</?mark>|<u class="damaged">|</u>')
    # Not html.unescape: it changes references to controls, of which there are none to be.
    assert _unescaped(tags.sub("", made)) == text
    inside = "".join(re.findall(r"<mark>(.*?)</mark>", made, re.S))
    chosen = {place for span in highlights for place in range(*span)}
    assert _unescaped(tags.sub("", inside)) == "".join(text[place] for place in sorted(chosen))


def test_a_long_line_may_be_damaged_all_over() -> None:
    # Of every three characters the first is damaged, and of every six the first two are marked.
    text, parts = "职工会" * 20_000, 20_000
    damaged = tuple((3 * part, 3 * part + 1) for part in range(parts))
    highlights = tuple((6 * part, 6 * part + 2) for part in range(parts // 2))
    first = Stretch((Piece("职", True), Piece("工", False)), True)
    second = Stretch((Piece("会", False), Piece("职", True), Piece("工会", False)), False)
    # The first "工" and "会" are apart where the highlight ends; "工会" of the second are not.
    assert marked(text, highlights, damaged) == (first, second) * (parts // 2)


def _unescaped(text: str) -> str:
    return re.sub("&(?:lt|gt|amp|#34|#39);", lambda found: html.unescape(found[0]), text)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        (((2, 5),), ((0, 3),)),
        (((0, 3), (4, 9)), ((0, 1), (2, 4))),
        (((0, 2), (6, 7)), ()),
        (((1, 8),), ((0, 4),)),
    ],
)
def test_spans_within_a_stretch_count_from_its_beginning(
    spans: tuple[tuple[int, int], ...], expected: tuple[tuple[int, int], ...]
) -> None:
    assert within(spans, 2, 6) == expected
