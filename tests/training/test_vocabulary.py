"""Which pieces of a multilingual vocabulary are kept."""

import pytest

from changai.training import vocabulary
from changai.training.vocabulary import kept

SPECIAL = ["<s>", "<unk>"]


@pytest.mark.parametrize(
    ("piece", "is_kept"),
    [
        ("<s>", True),
        ("▁", True),
        ("工会", True),
        ("▁工会", True),
        ("龘", True),
        ("會", True),
        ("工會", False),
        ("第3", True),
        ("2023", True),
        ("》、", True),
        ("Q", True),
        ("ộ", True),
        ("▁người", True),
        ("▁đ", True),
        ("が", False),
        ("союз", False),
        ("😡", False),
        ("۱۵", False),
    ],
)
def test_a_piece_is_kept_for_what_it_is(
    piece: str, is_kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "SIZE", 0)
    assert kept([(piece, -1.0)], SPECIAL) == [0] * is_kept


def test_latin_words_fill_the_rest_by_their_frequency(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "SIZE", 4)
    pieces = [("▁rare", -9.0), ("工会", -12.0), ("▁the", -3.0), ("союз", -2.0), ("▁union", -6.0)]
    assert kept([*pieces, ("<s>", 0.0)], SPECIAL) == [1, 2, 4, 5]
