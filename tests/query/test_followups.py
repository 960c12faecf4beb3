"""What follow-up questions mean, and which questions are none.

The conversations of ``data/followups.jsonl`` are hand-written; those marked ``held_out`` were not
run while the rules were written.
"""

import json
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import changai
from changai.query.followups import resolve
from changai.reading import articles
from changai.text.characters import has_words
from changai.text.normalisation import normalise
from support.paths import ARTICLE, DATA


@dataclass(frozen=True, slots=True)
class Conversation:
    earlier: list[str]
    question: str
    means: str | None
    held_out: bool

    def understood(self) -> bool:
        """Whether the meaning is the expected one, but for the mark at the end."""
        resolved = resolve(self.question, self.earlier)
        if resolved is None or self.means is None:
            return resolved is self.means
        return normalise(resolved).rstrip("?") == normalise(self.means).rstrip("?")


def _rows(name: str) -> list[dict[str, object]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


CONVERSATIONS = [
    Conversation(**json.loads(line))
    for line in (DATA / "followups.jsonl").read_text(encoding="utf-8").splitlines()
]
ALONE = [
    str(row["question"]) for name in ("questions", "held_out") for row in _rows(f"{name}.jsonl")
]
OFFERED = [example.question for example in articles.read(ARTICLE).document.examples]
TALK = st.sampled_from(
    "那么它这个呢吗还有什么多少谁怎么申请技能人才外地住房的,?。！2021年 aA\0\ud800"
)


def test_there_are_conversations_of_both_kinds() -> None:
    standing = [each for each in CONVERSATIONS if each.means is None]
    assert len(CONVERSATIONS) >= 120
    assert len(standing) >= 0.4 * len(CONVERSATIONS)
    assert 3 * sum(each.held_out for each in CONVERSATIONS) >= len(CONVERSATIONS) - 2


@pytest.mark.parametrize(("held_out", "floor"), [(False, 0.98), (True, 0.96)])
def test_follow_ups_are_understood(held_out: bool, floor: float) -> None:
    part = [each for each in CONVERSATIONS if each.held_out is held_out]
    wrong = [each for each in part if not each.understood()]
    assert 1 - len(wrong) / len(part) >= floor, wrong


def test_what_stands_on_its_own_is_left_alone() -> None:
    standing = [each for each in CONVERSATIONS if each.means is None]
    assert [each for each in standing if resolve(each.question, each.earlier)] == []


@pytest.mark.parametrize("form", ["{}", "那{}", "那么{}", "那请问{}?"])
def test_whole_questions_are_left_alone_whatever_was_asked_before(form: str) -> None:
    # Bare noun phrases are follow-ups once 那 stands before them.
    whole = [q for q in ALONE + OFFERED if form == "{}" or q.endswith(("?", "吗", "多少"))]
    pairs = product(whole, ["技能人才总量多少?", "工惠保是什么?", OFFERED[0]])
    assert [(q, e) for q, e in pairs if resolve(form.format(q), [e])] == []


@pytest.mark.parametrize("before", OFFERED)
def test_an_example_never_leans_on_another(before: str) -> None:
    assert [question for question in OFFERED if resolve(question, [before])] == []


def test_only_the_last_three_questions_count() -> None:
    talk = ["谢谢", "好的", "你好"]
    assert resolve("那高技能人才呢?", ["技能人才总量多少?", *talk[:2]]) == "高技能人才总量多少?"
    assert resolve("那高技能人才呢?", ["技能人才总量多少?", *talk]) is None


def test_the_newest_question_that_is_about_something_counts() -> None:
    assert resolve("怎么申请?", ["工惠保是什么?", "医疗互助是什么?"]) == "医疗互助怎么申请?"


@pytest.mark.parametrize("question", ["那高技能人才呢?" * 10, "怎么申请?" + "啊" * 60])
def test_a_long_story_leans_on_nothing(question: str) -> None:
    assert resolve(question, ["技能人才总量多少?"]) is None


@given(st.text(st.one_of(TALK, st.characters(exclude_categories=()))))
@example("那高技能人才呢?")
def test_nothing_earlier_helps_with_nothing(question: str) -> None:
    assert resolve(question, []) is None


@given(
    st.one_of(st.sampled_from([each.question for each in CONVERSATIONS]), st.text(TALK)),
    st.lists(st.one_of(st.sampled_from(ALONE), st.text(TALK), st.text()), max_size=4),
)
@example("那\ud800呢?", ["\ud800技能人才多少?"])
@example("嗯" * 60, ["好" * 60])
def test_a_meaning_has_words(question: str, earlier: list[str]) -> None:
    resolved = resolve(question, earlier)
    assert resolved is None or has_words(resolved)


def test_the_package_offers_it() -> None:
    assert (
        changai.resolve_followup("2021年呢?", ["2020年推优入党多少名?"]) == "2021年推优入党多少名?"
    )


def test_what_grows_long_leans_on_nothing() -> None:
    earlier = ["技能人才总量多少?"]
    assert resolve(f"那高技能人才呢{'…' * 10}", earlier) == "高技能人才总量多少?"
    # A … is three full stops.
    assert resolve(f"那高技能人才呢{'…' * 50}", earlier) is None
