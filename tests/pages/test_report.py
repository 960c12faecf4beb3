"""The page of an evaluation: what it holds, and how a browser takes it."""

import re
from dataclasses import replace

import pytest

from changai.evaluation.outcomes import Evaluation
from changai.pages.report import faq_among, page, told_left_out
from support.asked import FIRST, SECOND, THRESHOLD, outcome
from support.pages import Strict

ATTACK = "<img src=x onerror=\"document.title='hit'\">"
MADE_BY_HAND = Evaluation(
    (
        outcome(0.9, 1, kind="figure", highlighted=True),
        outcome(0.8, 3, kind="figure"),
        outcome(0.3, 1, kind="自拟<类>", text=f"{ATTACK}技能"),
        outcome(0.7, kind="near"),
        outcome(0.2, kind="far"),
    ),
    (FIRST, SECOND),
    THRESHOLD,
)


@pytest.fixture(scope="module")
def made() -> Strict:
    return Strict(page(MADE_BY_HAND, "问题<甲>.jsonl", "2026-11-22"))


def test_the_page_stands_alone(made: Strict) -> None:
    text = page(MADE_BY_HAND, "a.jsonl", "2026-11-22")
    assert not re.search(r"https?:|//\w", text)
    assert "url(" not in text
    assert "@import" not in text
    tags = dict(made.tags)
    assert tags["html"]["lang"] == "zh-CN"
    assert not {"script", "img", "iframe", "object", "form"} & set(tags)
    assert tags["link"]["href"] == "data:,"
    assert not any(name.startswith("on") for _, attributes in made.tags for name in attributes)


def test_it_says_what_was_asked_of_what(made: Strict) -> None:
    assert "问题文件 问题<甲>.jsonl：5 个问题，能回答的 3 个，不能回答的 2 个。" in made.text
    assert "收录文章 1 篇，共 2 段。2026-11-22 测。" in made.text


@pytest.mark.parametrize(
    "row",
    [
        # 2 of 3 by Wilson; 1 of 2 for false answers; 10 ms each, which are too few.
        "第一条就对（R@1）66.7%20.8% – 93.9%",
        "前三条有对的（R@3）100.0%43.9% – 100.0%",
        # (1 + 1/3 + 1) / 3.
        "平均倒数排名（MRR@10）0.778",
        # 0.9 and 0.8 above both; 0.3 above one.
        "分清能否回答（AUROC）0.833",
        "分清相近的问题（AUROC）0.667",
        "误答50.0%9.5% – 90.5%",
        "误拒33.3%6.1% – 79.2%",
        "高亮含答案33.3%6.1% – 79.2%",
        # 0.1 + 0.2 + 0.7 + 0.7 + 0.2 over 5.
        "校准误差（ECE）0.380—",
        "耗时中位数（p50）10 毫秒—",
    ],
)
def test_the_figures_stand_with_their_intervals(made: Strict, row: str) -> None:
    assert row in made.text


@pytest.mark.parametrize(
    "row",
    [
        # Kind, number, R@1, R@3, highlight, refused, mean confidence.
        "问数字250%100%50%0%0.85",
        "自拟<类>1100%100%0%100%0.30",
        # Kind, number, answered, mean confidence.
        "题目相近1100%0.70",
        "题目无关10%0.20",
    ],
)
def test_the_kinds_stand_with_theirs(made: Strict, row: str) -> None:
    assert row in made.text


def test_many_latencies_have_an_interval() -> None:
    # Six: from the least to the most, with a chance of 1 - 2 / 64.
    asked = tuple(outcome(0.9, 1, milliseconds=n) for n in range(10, 70, 10))
    text = Strict(page(Evaluation(asked, (FIRST,), THRESHOLD), "a.jsonl", "2026-11-22")).text
    assert "耗时中位数（p50）35 毫秒10 毫秒 – 60 毫秒" in text
    assert "耗时（p95）58 毫秒—" in text


def test_questions_that_could_not_be_used_are_named() -> None:
    said = "注意：有 2 个问题没有用上，因为没有文字、太长，或者答案不在它的段落里：A-1、<b>。"
    assert told_left_out(["A-1", "<b>"]) == said
    text = Strict(page(MADE_BY_HAND, "a.json", "2026-11-22", ["A-1", "<b>"])).text
    assert said in text
    assert told_left_out("一二三四五六七").endswith(
        "有 7 个问题没有用上，因为没有文字、太长，或者答案不在它的段落里：一、二、三、四、五等。"
    )
    assert told_left_out([]) == ""


def test_questions_of_the_faq_are_told_of(made: Strict) -> None:
    assert "已知问题" not in made.text
    hundred = Evaluation((outcome(0.9, 1),) * 100, (FIRST,), THRESHOLD, in_faq=2)
    text = Strict(page(hundred, "a.jsonl", "2026-11-22")).text
    assert "注意：100 个问题里有 2 个就是文章自带的已知问题，指标因此偏高" in text
    assert faq_among(replace(hundred, in_faq=1)) == ""


def test_it_has_three_charts_and_the_failures(made: Strict) -> None:
    labels = [a["aria-label"] for tag, a in made.tags if tag == "svg" and "aria-label" in a]
    assert [str(label)[:4] for label in labels] == ["可靠性图", "风险与覆", "耗时的分"]
    # Shown are 0.9, 0.8 and 0.7; only the first of them is right.
    assert "默认阈值 0.50：显示 60%，其中 66.7% 是错的" in made.text
    assert "误答：1 个" in made.text
    assert f"{ATTACK}技能" in made.text


def test_figures_that_there_are_not_are_dashes() -> None:
    only = Evaluation((outcome(0.2, kind="far"),), (FIRST,), THRESHOLD)
    text = Strict(page(only, "a.jsonl", "2026-11-22")).text
    assert "第一条就对（R@1）——能回答的问题里" in text
    assert "误答0.0%0.0% – 79.3%" in text
    assert "没有一个问题显示答案" in text
