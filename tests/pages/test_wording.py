"""What is said of a quotation."""

import pytest

from changai.pages import wording


@pytest.mark.parametrize(
    ("confidence", "digits", "shown"),
    [(0.57, 2, "0.57"), (0.6499, 2, "0.64"), (1.0, 2, "1.00"), (1e-7, 3, "0.000"), (0.9, 1, "0.9")],
)
def test_a_confidence_is_shown_rounded_down(confidence: float, digits: int, shown: str) -> None:
    assert str(wording.floor(confidence, digits)) == shown
