"""Which passages a reader is taught to tell apart."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from changai.training.groups import WRONG, Nearest, groups, nearest
from changai.training.material import Asked, Material

PASSAGES = (
    "甲法 补贴三百元",
    "甲法 每月发放",
    "甲法 由工会承担",
    "乙法 补贴三百元",
    "乙法 每年两次",
)
TEXTS = (0, 0, 0, 1, 1)
VECTORS = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0.96, 0.28], [0, 1]], dtype=np.float32)
ANSWERED = Asked("补贴多少?", 0, (0,), "三百元")
UNANSWERED = Asked("谁来申请?", 0, (), nearest=1)
MATERIAL = Material(PASSAGES, PASSAGES, TEXTS, (ANSWERED, UNANSWERED))
ASKED = np.array([[1, 0], [1, 0]], dtype=np.float32)


def test_the_nearest_wrong_passages_come_first() -> None:
    answered, unanswered = nearest(MATERIAL, ASKED, VECTORS)
    # The other text's passage 3 holds the same words, and may answer too.
    assert answered.wrong == (1, 2, 4)
    # Another text may well answer what this one does not.
    assert unanswered.wrong == (0, 1, 2)
    assert {number: round(value, 2) for number, value in answered.similarities.items()} == {
        0: 1.0,
        1: 0.8,
        2: 0.6,
        4: 0.0,
    }


def test_a_question_is_read_with_a_passage_that_answers_and_wrong_ones() -> None:
    near = nearest(MATERIAL, ASKED, VECTORS)
    (group,) = groups(MATERIAL, [0], near, np.random.default_rng(1))
    assert group.question == "补贴多少?"
    assert group.words == "三百元"
    assert group.passages[0] == PASSAGES[0]
    assert {*group.passages[1:]} == {PASSAGES[1], PASSAGES[2], PASSAGES[4]}
    assert group.answers == (True, False, False, False)
    assert group.similarities[0] == 1


def test_a_question_without_an_answer_is_read_with_the_nearest_passage() -> None:
    near = nearest(MATERIAL, ASKED, VECTORS)
    (group,) = groups(MATERIAL, [1], near, np.random.default_rng(1))
    assert group.passages[0] == PASSAGES[1]
    assert {*group.passages[1:]} == {PASSAGES[0], PASSAGES[2]}
    assert not any(group.answers)


def test_a_question_with_nothing_to_read_is_left_out() -> None:
    alone = Material((), (), (), (Asked("谁?", 0, ()),))
    assert [*groups(alone, [0], [Nearest((), {})], np.random.default_rng(1))] == []


@given(st.integers(0, 30), st.booleans(), st.integers(0, 5))
def test_no_passage_is_read_twice(count: int, answered: bool, seed: int) -> None:
    passages = tuple(str(number) for number in range(count + 1))
    asked = Asked("?", 0, (0,) if answered else ())
    material = Material(passages, passages, (0,) * len(passages), (asked,))
    similarities = dict.fromkeys(range(count + 1), 0.5)
    near = [Nearest(tuple(range(1, count + 1)), similarities)]
    for group in groups(material, [0], near, np.random.default_rng(seed)):
        assert len({*group.passages}) == len(group.passages) <= 1 + WRONG
        assert sum(group.answers) == answered
