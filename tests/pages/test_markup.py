"""The frame of a page, and marks in a text; ``test_cards`` has the marks that overlap."""

import re

import pytest

from changai.pages.markup import marked, page, within
from support.pages import Strict


def test_a_page_stands_alone() -> None:
    text = page("题<目>", "report.css", "<p>正文</p>")
    made = Strict(text)
    tags = dict(made.tags)
    assert tags["html"]["lang"] == "zh-CN"
    assert tags["link"]["href"] == "data:,"
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert ("content", policy) in [pair for tag, a in made.tags for pair in a.items()]
    assert not re.search(r"https?:|url\(|@import|<script", text)
    assert made.text.split() == ["题<目>", "正文"]


def test_its_own_sheet_comes_behind_that_of_every_page() -> None:
    text = page("", "report.css", "")
    assert text.index("--ink:") < text.index(".whisker")


@pytest.mark.parametrize(
    ("highlights", "damaged", "expected"),
    [
        ((), (), "a&lt;b&gt;&quot;"),
        (((1, 4),), (), "a<mark>&lt;b&gt;</mark>&quot;"),
        # In any order; those that touch are one.
        (((3, 5), (0, 1), (1, 2)), (), "<mark>a&lt;</mark>b<mark>&gt;&quot;</mark>"),
        (((0, 2),), ((1, 3),), '<mark>a<u class="damaged">&lt;</u></mark><u class="damaged">b</u>'
         "&gt;&quot;"),
    ],
)  # fmt: skip
def test_marks_stand_in_escaped_text(
    highlights: tuple[tuple[int, int], ...], damaged: tuple[tuple[int, int], ...], expected: str
) -> None:
    assert marked('a<b>"', highlights, damaged) == expected


def test_only_a_page_that_brings_a_script_may_run_one() -> None:
    text = page("", "tables.css", "<p>正文</p>", "tables.js")
    assert text.count("<script>") == 1
    assert text.index("</p>") < text.index("<script>") < text.index("</body>")
    assert "img-src data:; script-src &#x27;unsafe-inline&#x27;" in text
    assert "script-src" not in page("", "tables.css", "<p>正文</p>")


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
