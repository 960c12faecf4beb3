"""Turns of a conversation, as the page tells them."""

import json
from pathlib import Path
from typing import Any

import pytest

from changai.errors import QuestionError
from changai.search.index import Index
from changai.web.conversation import Turn, answer, next_turn, turn_from, turns_from
from support.small import CHECK_UP

TALENTS = "技能人才总量多少?"
FOLLOW_UP = "那高技能人才呢?"
TURN = Turn(FOLLOW_UP, "高技能人才总量多少?", as_typed=False, generation="000007-1a2b")


def asked(question: object = FOLLOW_UP, *earlier: object, as_typed: object = False) -> object:
    """What a page sends with a question."""
    return {"question": question, "earlier": list(earlier), "as_typed": as_typed}


def test_a_first_question_means_itself() -> None:
    assert next_turn(asked(TALENTS)) == Turn(TALENTS, TALENTS, as_typed=False)
    assert next_turn(asked(FOLLOW_UP)) == Turn(FOLLOW_UP, FOLLOW_UP, as_typed=False)


def test_a_follow_up_leans_on_the_last_question_of_three() -> None:
    meant = Turn(FOLLOW_UP, "高技能人才总量多少?", as_typed=False)
    assert next_turn(asked(FOLLOW_UP, "食堂几点开门?", TALENTS)) == meant
    assert next_turn(asked(FOLLOW_UP, TALENTS, "你好", "谢谢")) == meant


def test_a_follow_up_taken_back_means_itself() -> None:
    typed = next_turn(asked(FOLLOW_UP, TALENTS, as_typed=True))
    assert typed == Turn(FOLLOW_UP, FOLLOW_UP, as_typed=True)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "问题?",
        [],
        {},
        {"question": "问题?"},
        {"question": "问题?", "earlier": []},
        asked(7),
        asked(None),
        asked("问题?", 7),
        asked("问题?", TALENTS, None),
        asked("问题?", as_typed=1),
        # The page sends three.
        asked("问题?", *["再问?"] * 4),
        {"question": "问题?", "earlier": TALENTS, "as_typed": False},
        {"question": "问题?", "earlier": {}, "as_typed": False},
    ],
)
def test_what_no_page_asks_is_refused(raw: object) -> None:
    with pytest.raises(QuestionError, match="请刷新网页"):
        next_turn(raw)


def test_a_turn_comes_back_as_it_went() -> None:
    sent = json.loads(json.dumps(TURN.to_dict()))
    assert sent == {
        "asked": FOLLOW_UP,
        "meant": "高技能人才总量多少?",
        "as_typed": False,
        "generation": "000007-1a2b",
    }
    assert turn_from(sent) == TURN
    typed = Turn("体捡?", "体捡?", as_typed=True)
    assert turns_from([TURN.to_dict(), typed.to_dict()]) == (TURN, typed)


BROKEN: list[Any] = [
    None,
    "问题?",
    7,
    [],
    {},
    {"asked": "问题?", "meant": "问题?"},
    {"asked": "问题?", "meant": "问题?", "as_typed": False},
    {"asked": 7, "meant": "问题?", "as_typed": False, "generation": ""},
    {"asked": "问题?", "meant": None, "as_typed": False, "generation": ""},
    {"asked": "问题?", "meant": "问题?", "as_typed": "yes", "generation": ""},
    {"asked": "问题?", "meant": "问题?", "as_typed": False, "generation": None},
    {"asked": "问" * 513, "meant": "问题?", "as_typed": False, "generation": ""},
]


@pytest.mark.parametrize("raw", BROKEN)
def test_what_was_no_turn_is_refused(raw: object) -> None:
    for read in (turn_from, lambda turn: turns_from([TURN.to_dict(), turn])):
        with pytest.raises(QuestionError, match="网页送来的问答不完整；请刷新网页"):
            read(raw)


@pytest.mark.parametrize("raw", [None, 7, "", "[]", True, {}, {"turns": []}])
def test_what_are_no_turns_is_refused(raw: object) -> None:
    with pytest.raises(QuestionError, match="要导出的问答读不出来；请刷新网页"):
        turns_from(raw)


def test_as_many_turns_as_can_be_are_read() -> None:
    assert turns_from([TURN.to_dict()] * 300) == (TURN,) * 300


@pytest.mark.parametrize("count", [0, 301, 5_000])
def test_none_and_too_many_turns_are_refused(count: int) -> None:
    with pytest.raises(QuestionError, match=f"1 至 300 个问答，这里有 {count} 个"):
        turns_from([TURN.to_dict()] * count)


def test_a_turn_is_answered_as_it_was_meant(small_folder: Path) -> None:
    index = Index.open(small_folder)
    question = CHECK_UP[0]
    follow_up = answer(index, Turn("那呢?", question, as_typed=False))
    assert (follow_up.asked, follow_up.answer) == ("那呢?", index.ask(question))
    for generation, renewed in (("", False), (index.corpus.generation, False), ("1", True)):
        turn = Turn(question, question, as_typed=False, generation=generation)
        assert answer(index, turn).renewed is renewed
    mended, typed = (
        answer(index, Turn("安权帽?", "安权帽?", as_typed=as_typed)).answer.taken_as
        for as_typed in (False, True)
    )
    assert (mended, typed) == ("安全帽?", "")
    with pytest.raises(QuestionError, match="没有文字"):
        answer(index, Turn("技能", "？？", as_typed=False))
