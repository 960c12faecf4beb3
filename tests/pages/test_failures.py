"""What is said about each failure."""

import json
from dataclasses import replace

import pytest

from changai.evaluation.outcomes import Evaluation, Outcome
from changai.pages.failures import groups, kind_name
from changai.pages.rendering import render
from support.asked import DOCUMENT, FIRST, SECOND, THRESHOLD, outcome
from support.pages import Strict
from support.paths import DATA


def _page(*outcomes: Outcome) -> Strict:
    return _shown(Evaluation(outcomes, (FIRST, SECOND), THRESHOLD))


def _shown(evaluation: Evaluation) -> Strict:
    return Strict(render("pages/templates/failures.html", groups=groups(evaluation)))


def _items(page: Strict) -> int:
    return sum(attributes.get("class") == "failure" for _, attributes in page.tags)


def test_what_is_right_is_not_listed() -> None:
    page = _page(outcome(0.9, 1, highlighted=True), outcome(0.1, kind="far"))
    assert page.text == "误答：0 个第一条不对：0 个误拒：0 个高亮未含答案：0 个"


def test_expected_and_shown_stand_side_by_side_verbatim_with_their_marks() -> None:
    page = _page(outcome(0.9, 2, kind="typo", text="奖多少?"))
    assert page.quoted == [SECOND.text, FIRST.text]
    assert page.marked == ["两千元", "每年评选金牌工人"]
    for said in (
        "第一条不对：1 个",
        "奖多少?错别字可能性 0.90",
        "第一条不对：含有答案的段落排在第 2。",
        "应当引用《评选<办法>》 一(二)",
        "实际排第一《评选<办法>》 一(一)",
    ):
        assert said in page.text


@pytest.mark.parametrize(
    ("failed", "said"),
    [
        (outcome(0.8), "误答：文章没有回答，而可能性 0.800，不低于阈值 0.50。"),
        (outcome(0.8, 0), "第一条不对：含有答案的段落不在前十。"),
        (outcome(0.2, 1, highlighted=True), "误拒：可能性 0.200，低于阈值 0.50。"),
        (outcome(0.4999, 1, highlighted=True), "误拒：可能性 0.499，低于阈值 0.50。"),
        (
            outcome(0.2, 1, highlighted=True, missing=("金额", "<日期>")),
            "误拒：可能性 0.200，低于阈值 0.50；第一条里似乎没有：金额、<日期>。",
        ),
        (outcome(0.8, 1), "高亮未含答案：第一条是对的，但高亮的那句没有完整含有答案原话。"),
        (outcome(0.2, 3), "第一条不对：含有答案的段落排在第 3。 误拒：可能性 0.200"),
    ],
)
def test_why_it_failed_is_said(failed: Outcome, said: str) -> None:
    assert said in _page(failed).text


def test_several_faults_stand_in_several_groups() -> None:
    page = _page(outcome(0.2, 3), outcome(0.8, 2))
    assert "第一条不对：2 个" in page.text
    assert "误拒：1 个" in page.text
    assert _items(page) == 3


def test_an_unanswerable_question_expects_nothing() -> None:
    shown = outcome(0.9, kind="near")
    page = _page(shown)
    assert "应当引用没有；应当说“文章未提及”。" in page.text
    assert page.quoted == [FIRST.text]
    left_out = replace(shown, question=replace(shown.question, without="d#2"))
    assert "（有答案的原段已抽去）" in _page(left_out).text


def test_a_snippet_that_stands_nowhere_is_said_to() -> None:
    failed = outcome(0.9, 0)
    failed = replace(failed, question=replace(failed.question, relevant=("三<千>元", "四千元")))
    assert "收录的文章里找不到：三<千>元；四千元" in _page(failed).text


def test_answers_that_touch_are_marked_as_one_wherever_they_stand() -> None:
    passage = replace(SECOND, text="甲乙丙丁甲")
    failed = outcome(0.9, 2)
    question = replace(failed.question, relevant=("丙",), answers=("乙丙", "甲乙", "甲", "戊"))
    page = _shown(Evaluation((replace(failed, question=question),), (passage,), THRESHOLD))
    assert page.quoted[0] == "甲乙丙丁甲"
    assert page.marked[:2] == ["甲乙丙", "甲"]


ATTACK = "<img src=x onerror=\"document.title='hit'\">'&amp;"


def test_text_from_outside_is_text() -> None:
    passage = replace(SECOND, text=f"{ATTACK}两千元", locator=ATTACK)
    titled = replace(passage, document=replace(DOCUMENT, title=ATTACK))
    failed = outcome(0.2, 0, text=ATTACK, kind=ATTACK, missing=(ATTACK,))
    page = _shown(Evaluation((failed,), (titled,), THRESHOLD))
    assert "img" not in [tag for tag, _ in page.tags]
    # In each of two groups: the question, its kind, what is missing, title, locator, passage.
    assert page.text.count(ATTACK) == 12
    assert page.quoted[0] == titled.text


def test_kinds_have_chinese_names_and_others_keep_theirs() -> None:
    for file in DATA.glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            kind = json.loads(line).get("kind", "")
            assert kind_name(kind) != kind
    assert kind_name("near") == "题目相近"
    assert kind_name("") == "未分题型"
    assert kind_name("自拟<类>") == "自拟<类>"
