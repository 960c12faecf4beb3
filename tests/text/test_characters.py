"""What counts as words."""

import pytest

from changai.text.characters import has_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [("工", True), ("1", True), ("é", True), ("，。!", False), ("\ud800", False), ("", False)],
)
def test_has_words(text: str, expected: bool) -> None:
    assert has_words(text) is expected
