"""The page of an evaluation: what it holds, and how a browser takes it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from changai.evaluation.outcomes import Evaluation, evaluate
from changai.pages.report import faq_among, page, told_left_out
from changai.records import Question
from changai.search.index import Index
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
    said = "注意：有 2 个问题没有用上，因为问题是空的，或者答案不在它的段落里：A-1、<b>。"
    assert told_left_out(["A-1", "<b>"]) == said
    text = Strict(page(MADE_BY_HAND, "a.json", "2026-11-22", ["A-1", "<b>"])).text
    assert said in text
    assert told_left_out("一二三四五六七").endswith(
        "有 7 个问题没有用上，因为问题是空的，或者答案不在它的段落里：一、二、三、四、五等。"
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


@pytest.fixture(scope="module")
def real(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the real index, with each failure that it takes to look at one."""
    skill = "宁波市技能人才总量是多少?"
    answered = index.ask(skill, k=2).citations[1].passage.text
    questions = [
        Question(skill, ("180.15万人",), kind="figure", answers=("180.15万人",)),
        Question(f"{skill}{ATTACK}", (answered,), kind="figure", answers=(answered,)),
        Question(skill, (), kind="near"),
        Question("北京明天会下雨吗?", ("180.15万人",), kind="typo"),
        Question("红烧肉怎么烧才不柴", (), kind="far"),
    ]
    file = tmp_path_factory.mktemp("report") / "index.html"
    html = page(evaluate(index, questions), "asked.jsonl", "2026-11-22")
    file.write_text(html, encoding="utf-8")
    return file


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_and_fetches_nothing(
    browser: Browser, real: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=True,
    )
    opened = context.new_page()
    requested: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: requested.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(real.as_uri())
    assert opened.title() == "产改问答测评：asked.jsonl"
    assert opened.evaluate("document.documentElement.scrollWidth") == width
    quotation = opened.locator(".failure blockquote").first
    assert not quotation.is_visible()
    for closed in (".faults > summary", ".failure > summary"):
        for summary in opened.locator(closed).all():
            summary.click()
    assert quotation.is_visible()
    assert opened.evaluate("document.documentElement.scrollWidth") == width
    paper = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(246, 245, 241)", "dark": "rgb(21, 22, 24)"}[scheme]
    assert opened.title() == "产改问答测评：asked.jsonl"
    assert requested == [real.as_uri()]
    assert said == []
    context.close()


def test_print_shows_what_is_folded(browser: Browser, real: Path) -> None:
    context = browser.new_context(color_scheme="dark")
    opened = context.new_page()
    opened.goto(real.as_uri())
    opened.emulate_media(media="print")
    for quotation in opened.locator(".failure blockquote").all():
        box = quotation.bounding_box()
        assert box is not None and box["height"] > 10
    assert opened.evaluate("getComputedStyle(document.body).color") == "rgb(33, 31, 28)"
    context.close()
