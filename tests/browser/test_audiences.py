"""Workers and officials: each has its own examples and tools."""

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, expect

from changai.records import AUDIENCES, Article
from support.hostile import BOLD
from support.visits import Visit, visiting


def test_each_audience_has_its_own_and_is_remembered(visit: Visit, ningbo: Article) -> None:
    page = visit.page
    exchange = visit.answer("技能人才总量多少?")
    page.get_by_role("button", name="清空").click()
    worker, official = (
        page.locator("#examples button").filter(
            has_text=next(e.topic for e in ningbo.document.examples if e.audience == audience)
        )
        for audience in AUDIENCES
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


def test_examples_that_the_articles_answer_are_offered(browser: Browser, hostile: str) -> None:
    with visiting(browser, hostile) as visit:
        page = visit.page
        expect(page.locator("#examples button")).to_have_text(
            [f"{BOLD}帽子 每名焊工每年发放几顶安全帽?"]
        )
        expect(page.locator("#examples :visible").first).to_be_in_viewport()
        page.locator("#examples button").click()
        expect(page.locator(".exchange blockquote").first).to_contain_text("安全帽20顶")
        page.get_by_role("button", name="清空").click()
        page.get_by_label("干部").check()
        expect(page.locator("#examples button:visible")).to_have_count(0)
        expect(page.locator("#examples p:visible")).to_have_text(
            "请在下面写出想问的事，一次问一件。"
        )
        visit.answer("食堂几点开门?")
        expect(page.locator("#examples p:visible")).to_have_count(0)
