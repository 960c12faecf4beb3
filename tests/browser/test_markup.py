"""Markup in questions and articles is text."""

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, expect

from support.downloads import paragraphs
from support.hostile import IMAGE, SCRIPT
from support.visits import DESK, Visit, visiting


@pytest.mark.parametrize(
    "attack", [IMAGE, SCRIPT, "<b>粗</b> **粗** $x^2$ [链](javascript:void) `码` &lt;"]
)
def test_markup_in_a_question_is_text(visit: Visit, attack: str) -> None:
    page = visit.page
    question = f"{attack}2020年推优入党多少名?"
    exchange = visit.answer(question)
    expect(exchange.locator(".asked")).to_have_text(question)
    expect(exchange.locator(".citation").first).to_be_attached()
    if attack in (IMAGE, SCRIPT):
        follow_up = visit.answer("2021年呢?")
        expect(follow_up.locator(".meaning span")).to_have_text(f"{attack}2021年推优入党多少名?")
    made = page.locator("#chat").locator("img, script, b, strong, code, [href^=javascript]")
    expect(made).to_have_count(0)
    page.get_by_label("干部").check()
    with page.expect_download() as download:
        page.locator("#exports").get_by_role("button", name="Word").click()
    assert any(question in text for text in paragraphs(download.value))
    assert page.title() == "产改问答"


def test_markup_in_an_article_is_text(browser: Browser, hostile: str) -> None:
    with visiting(browser, hostile, viewport=DESK) as visit:
        page, reader = visit.page, visit.reader
        exchange = visit.answer("焊工一年发几顶安全帽?")
        exchange.get_by_text("整段原文").first.click()
        card = exchange.locator(".citation").first
        expect(card.locator(".quotation")).to_have_text(f"每名焊工每年发放{IMAGE}安全帽20顶。")
        expect(card.locator(".source")).to_contain_text(f"{SCRIPT}焊工劳保办法")
        expect(page.locator("#chat :is(img, script)")).to_have_count(0)
        card.get_by_role("link", name="查看原文").click()
        expect(reader.locator("h1")).to_have_text(f"{SCRIPT}焊工劳保办法")
        expect(reader.locator("article")).to_contain_text(IMAGE)
        expect(reader.locator(":is(img, script)")).to_have_count(0)
        page.get_by_label("干部").check()
        for table, words in [("数据一览", "2000名"), ("文件清单", f"{IMAGE}安全帽管理办法")]:
            page.get_by_role("link", name=table).click()
            expect(reader.locator("tbody")).to_contain_text(words)
            expect(reader.locator("img")).to_have_count(0)
            expect(reader.locator("script")).to_have_count(1)
        assert page.title() == "产改问答"
        assert [frame.title() for frame in page.frames] == ["产改问答", "文件清单"]
