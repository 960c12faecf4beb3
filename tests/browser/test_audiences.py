"""Workers and officials: each has its own examples and tools."""

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, expect

from changai.pages.cards import EXAMPLES
from support.visits import Visit, visiting


def test_each_audience_has_its_own_and_is_remembered(visit: Visit) -> None:
    page = visit.page
    exchange = visit.answer("技能人才总量多少?")
    page.get_by_role("button", name="清空").click()
    worker, official = (
        page.locator("#examples button").filter(has_text=next(iter(topics)))
        for topics in EXAMPLES.values()
    )
    tables = page.get_by_role("navigation", name="资料").get_by_role("link")

    def expect_worker() -> None:
        expect(page.get_by_label("职工")).to_be_checked()
        expect(worker).to_be_visible()
        expect(page.locator("#examples button:visible")).to_have_count(5)
        expect(tables).to_have_count(0)

    def expect_official() -> None:
        expect(page.get_by_label("干部")).to_be_checked()
        expect(official).to_be_visible()
        expect(page.locator("#examples button:visible")).to_have_count(5)
        expect(tables).to_have_text(["数据一览", "文件清单"])

    expect_worker()
    page.get_by_label("干部").check()
    expect_official()
    page.reload()
    expect_official()
    official.click()
    exchange = page.locator("#chat .exchange")
    expect(exchange.locator(".asked")).to_have_text("宁波市技能人才总量是多少?")
    expect(exchange.locator(".answer blockquote").first).to_contain_text("180.15万人")
    exports = exchange.locator(".tools").get_by_role("button")
    expect(exports).to_have_text(["Word", "Markdown"])
    page.get_by_label("职工").check()
    expect(exports).to_have_count(0)
    expect_worker()
    page.reload()
    expect_worker()


def test_examples_that_the_articles_do_not_answer_are_not_offered(
    browser: Browser, hostile: str
) -> None:
    with visiting(browser, hostile) as visit:
        expect(visit.page.locator("#corpus")).to_contain_text("文章 1 篇")
        expect(visit.page.locator("#examples .worker")).to_have_count(5)
        of_ningbo = visit.page.locator("#examples .worker:visible", has_text="宁波")
        expect(of_ningbo).to_have_count(0)
