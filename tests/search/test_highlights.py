"""What of a passage is shown first, from clauses with scores made by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from changai.search.highlights import _answered, best
from changai.text import sentences

CLAUSES = [(0, 5), (6, 10), (11, 20)]


@pytest.mark.parametrize(
    ("scores", "snippets", "stretch"),
    [
        ([1, 3, 2], [], (1, 1)),
        # Of equals, the first in reading order.
        ([1, 3, 3], [], (1, 1)),
        # A snippet that reaches over two clauses shows both, from whichever of them is best.
        ([1, 3, 2], [(8, 15, 10)], (1, 2)),
        ([1, 2, 3], [(8, 15, 10)], (1, 2)),
        ([1, 3, 2], [(0, 20, 10)], (0, 2)),
        # A clause without a snippet counts as if it had the one that is least like: the only one
        # moves nothing.
        ([9, 3, 2], [(8, 15, 10)], (0, 0)),
        # 1 + 10, 3 + 4, 2 + 4.
        ([1, 3, 2], [(0, 5, 10), (11, 20, 4)], (0, 0)),
        # 1 + 10, 8 + 4, 2 + 4.
        ([1, 8, 2], [(0, 5, 10), (11, 20, 4)], (1, 1)),
        # 1 + 10, 7 + 4, 2 + 4: of equals, the first.
        ([1, 7, 2], [(0, 5, 10), (11, 20, 4)], (0, 0)),
        # Of the snippets of the best clause, the one most like says how far to show.
        ([5, 1, 1], [(0, 3, 4), (2, 8, 10)], (0, 1)),
        ([5, 1, 1], [(0, 3, 10), (2, 8, 4)], (0, 0)),
        # What ends where a clause begins, or stands between two, does not touch it.
        ([1, 3, 2], [(5, 6, 10)], (1, 1)),
        ([1, 1, 2], [(0, 6, 10), (10, 12, 5)], (0, 0)),
    ],
)
def test_the_clauses_of_the_best_answer(
    scores: Sequence[float], snippets: Sequence[tuple[int, int, float]], stretch: tuple[int, int]
) -> None:
    places = np.array([snippet[:2] for snippet in snippets], dtype=np.int32).reshape(-1, 2)
    likeness = np.array([snippet[2] for snippet in snippets], dtype=np.float32)
    found = _answered(CLAUSES, np.array(scores, dtype=np.float32), places, likeness)
    assert found[1:] == stretch


def _shown(text: str, scores: Sequence[float]) -> str:
    """What is shown of a text whose clauses have these scores."""
    return text[slice(*best(text, sentences.clauses(text), np.array(scores, dtype=np.float32)))]


HELMETS = "每年由企业发放安全帽、防滑雨靴和防护手套、夏季的降温饮料两箱,体检费用由企业承担。"


@pytest.mark.parametrize("scores", [(30, 0, 0, 0), (0, 30, 0, 0), (0, 0, 30, 0)])
def test_what_is_listed_is_shown_whole(scores: Sequence[float]) -> None:
    assert len(sentences.clauses(HELMETS)) == len(scores)
    assert _shown(HELMETS, scores) == "每年由企业发放安全帽、防滑雨靴和防护手套、夏季的降温饮料两箱"


def test_a_comma_parts_what_does_not_match() -> None:
    assert _shown(HELMETS, (0, 0, 0, 30)) == "体检费用由企业承担"
    # 4 less than the best, 26, is as good as it.
    assert _shown(HELMETS, (30, 0, 0, 26)) == HELMETS.rstrip("。")


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        # 60 characters, and 61.
        ("乙" * 19, "甲" * 40 + "、" + "乙" * 19),
        ("乙" * 20, "甲" * 40),
    ],
)
def test_a_long_list_is_shown_in_part(more: str, shown: str) -> None:
    assert _shown(f"先说一件别的事情,{'甲' * 40}、{more}。", (0, 30, 0)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "工人被拖欠工资的,可以到任何窗口投诉,窗口当天就有回音。",
            "工人被拖欠工资的,可以到任何窗口投诉",
        ),
        ("工人被拖欠了工资,可以到任何窗口投诉,窗口当天就有回音。", "工人被拖欠了工资"),
        # Not over the end of a sentence.
        ("工人被拖欠工资的。可以到任何窗口投诉,窗口当天就有回音。", "工人被拖欠工资的"),
    ],
)
def test_a_condition_is_shown_with_what_follows_from_it(text: str, shown: str) -> None:
    assert _shown(text, (30, 0, 0)) == shown
    # From either end.
    assert (_shown(text, (0, 30, 0)) == shown) == ("的," in text)


LONG = "向焊工每人每年发放安全帽半打"


@pytest.mark.parametrize(
    ("text", "scores", "shown"),
    [
        # 13 - 4 to 10; 15 - 4 to 10.
        ("发放焊工安全帽子。每人两顶不收费用。", (13, 10), "每人两顶不收费用"),
        ("发放焊工安全帽子。每人两顶不收费用。", (15, 10), "发放焊工安全帽子"),
        # Only what opens the passage, is a sentence, and short, is its title.
        ("发放焊工安全帽子,每人两顶不收费用。", (15, 10), "发放焊工安全帽子"),
        ("每人两顶不收费用。发放焊工安全帽子。", (10, 13), "发放焊工安全帽子"),
        # 15 characters, and 14.
        (f"{LONG}了。每人两顶不收费用。", (13, 10), f"{LONG}了"),
        (f"{LONG}。每人两顶不收费用。", (13, 10), "每人两顶不收费用"),
        # The only clause is shown whatever it is.
        ("发放焊工安全帽子。", (1,), "发放焊工安全帽子"),
    ],
)  # fmt: skip
def test_a_title_is_shown_where_nothing_below_it_matches(
    text: str, scores: Sequence[float], shown: str
) -> None:
    assert _shown(text, scores) == shown


def test_what_answers_a_like_question_comes_first() -> None:
    text = "焊工每年领安全帽两顶,体检费用由企业承担。"
    snippets = (np.array([[11, 20]], dtype=np.int32), np.array([10], dtype=np.float32))
    scores = np.array([9, 0], dtype=np.float32)
    # The only snippet moves nothing: a clause without one counts as if it had it.
    assert best(text, sentences.clauses(text), scores, snippets) == (0, 10)
    both = (np.array([[0, 4], [11, 20]], dtype=np.int32), np.array([10, 20], dtype=np.float32))
    # 9 + 10 to 0 + 20; the first is within 4 of that.
    assert best(text, sentences.clauses(text), scores, both) == (0, 20)
    far = (both[0], np.array([10, 30], dtype=np.float32))
    assert best(text, sentences.clauses(text), scores, far) == (11, 20)


def test_a_list_is_shown_with_what_opens_it() -> None:
    text = "第二条 有下列情形之一的，不予补助：\n（一）工伤；\n（二）酒后受伤。"
    assert len(sentences.clauses(text)) == 3
    assert _shown(text, [30, 0, 0]) == text.removesuffix("。")
    assert _shown(text, [0, 0, 30]) == "（二）酒后受伤"
    # One that is long is left to the passage.
    long = text + "（三）其他情形；" * 40
    assert _shown(long, [30.0, *[0.0] * 42]).endswith("不予补助")
