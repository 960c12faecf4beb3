"""Where clauses and sentences end."""

from itertools import chain, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from changai.text.sentences import clauses, ends_sentence
from support.texts import any_text

SENTENCE_ENDS = set("。;；!！?？…\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "技能人才总量达180.15万人,占界别委员的12.5%。",
            ["技能人才总量达180.15万人", "占界别委员的12.5%"],
        ),
        # 抓就业、稳队伍 is 7 characters: too short still, but its sentence ends there.
        ("抓就业、稳队伍。优制度、助脱困。", ["抓就业、稳队伍", "优制度、助脱困"]),
        ("近年来，推动劳动争议化解", ["近年来，推动劳动争议化解"]),
        ("推动劳动争议化解，好。", ["推动劳动争议化解，好"]),
        ("推动劳动争议化解：一、二、三四五六七", ["推动劳动争议化解", "一、二、三四五六七"]),
        ("推动劳动争议化解\n好", ["推动劳动争议化解", "好"]),
        (" “推动劳动争议化解” ，。", ["“推动劳动争议化解”"]),
        ("，——。\n \n", []),
        ("", []),
    ],
)
def test_clauses(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in clauses(text)] == expected


def test_a_comma_or_colon_between_digits_ends_no_clause() -> None:
    text = "早8:30到晚17:30，参保1,500万人:好"
    found = [text[start:end] for start, end in clauses(text, shortest=1)]
    assert found == ["早8:30到晚17:30", "参保1,500万人", "好"]


def test_clauses_may_be_as_short_as_asked_for() -> None:
    assert clauses("甲、乙丙、丁戊", shortest=1) == [(0, 1), (2, 4), (5, 7)]
    assert clauses("甲、乙丙、丁戊", shortest=2) == [(0, 4), (5, 7)]
    assert clauses("甲、乙丙、丁戊", shortest=3) == [(0, 7)]


@given(any_text, st.integers(1, 12))
@example("1,2，3:4", 1)
def test_clauses_hold_every_letter_and_digit_once_in_order(text: str, shortest: int) -> None:
    spans = clauses(text, shortest)
    places = [0, *chain.from_iterable(spans), len(text)]
    assert places == sorted(places)
    for start, end in spans:
        assert text[start:end] == text[start:end].strip() != ""
        assert SENTENCE_ENDS.isdisjoint(text[start:end])
    gaps = "".join(text[a:b] for a, b in zip(places[::2], places[1::2], strict=True))
    assert not any(map(str.isalnum, gaps))


@given(any_text, st.integers(2, 12))
def test_a_short_clause_stands_alone_in_its_sentence(text: str, shortest: int) -> None:
    for (start, end), (next_start, next_end) in pairwise(clauses(text, shortest)):
        if SENTENCE_ENDS.isdisjoint(text[end:next_start]):
            assert min(end - start, next_end - next_start) >= shortest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("。", True),
        (";", True),
        ("?”", True),
        (",", False),
        ("、", False),
        ("", False),
        ("\n", True),
    ],
)
def test_ends_sentence(text: str, expected: bool) -> None:
    assert ends_sentence(text) is expected
