"""A conversation: cleared, reloaded, long, and after the index or the server has changed."""

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, expect

from changai.indexing.build import build_index
from changai.records import Article
from support.downloads import headings
from support.servers import serving_page
from support.small import CHECK_UP, HELMETS
from support.visits import ANSWER, QUESTION, Visit, in_sight, visiting


def test_a_conversation_cleared_is_forgotten(desk: Visit) -> None:
    desk.answer("技能人才总量多少?")
    desk.page.get_by_role("button", name="清空").click()
    expect(desk.page.locator("#chat .exchange")).to_have_count(0)
    expect(desk.page.locator("#exports")).to_be_hidden()
    exchange = desk.answer("那高技能人才呢?")
    expect(exchange.locator(".meaning")).to_have_count(0)


def test_clearing_can_be_undone_until_the_next_question(visit: Visit) -> None:
    page, cleared = visit.page, visit.page.locator("#cleared")
    clear, undo = (page.get_by_role("button", name=name) for name in ("清空", "撤销"))
    first = visit.answer("技能人才总量多少?")
    said = first.inner_text()
    clear.click()
    expect(page.locator(".exchange")).to_have_count(0)
    expect(cleared).to_have_text("已清空。撤销")
    expect(page.locator("#question")).to_be_focused()
    assert in_sight(undo)
    undo.click()
    expect(first).to_have_text(said, use_inner_text=True)
    expect(cleared).to_be_empty()
    expect(clear).to_be_focused()
    page.reload()
    expect(page.locator(".exchange")).to_have_count(1)
    second = visit.answer("那高技能人才呢?")
    expect(second.locator(".meaning span")).to_have_text("高技能人才总量多少?")
    clear.click()
    visit.answer(QUESTION)
    expect(cleared).to_be_empty()
    expect(page.locator(".asked")).to_have_text([QUESTION])


def test_a_conversation_outlives_a_reload_until_it_is_cleared(desk: Visit) -> None:
    desk.answer("技能人才总量多少?")
    desk.page.reload()
    exchange = desk.page.locator(".exchange")
    expect(exchange.locator("blockquote").first).to_contain_text("180.15万人")
    desk.answer("那高技能人才呢?")
    expect(exchange.last.locator(".meaning span")).to_have_text("高技能人才总量多少?")
    desk.page.locator("#forget").click()
    desk.page.reload()
    expect(desk.page.locator("#corpus")).to_contain_text("文章")
    expect(exchange).to_have_count(0)


def test_one_visitor_never_leans_on_another(browser: Browser, url: str) -> None:
    with visiting(browser, url) as one, visiting(browser, url) as other:
        one.answer("技能人才总量多少?")
        exchange = other.answer("那高技能人才呢?")
        expect(exchange.locator(".citation").first).to_be_attached()
        expect(exchange.locator(".meaning")).to_have_count(0)


def test_a_long_conversation_works_to_its_end(browser: Browser, url: str, ningbo: Article) -> None:
    with visiting(browser, url) as visit:
        page = visit.page
        topics = [example.question for example in ningbo.document.examples]
        asked = [topics[number % len(topics)] for number in range(200)]
        for question in asked:
            visit.ask(question)
        expect(page.locator(".exchange[data-turn]")).to_have_count(200, timeout=300_000)
        exchange = visit.answer(QUESTION)
        expect(exchange.locator(".answer blockquote").first).to_have_text(ANSWER)
        assert in_sight(exchange.locator(".answer > .citation"))
        expect(page.locator("#chat .asked")).to_have_text([*asked, QUESTION])
        page.get_by_label("干部").check()
        with page.expect_download() as download:
            page.locator("#exports").get_by_role("button", name="Markdown").click()
        assert headings(download.value) == [*asked, QUESTION, "引用文献"]
        link = page.locator(".exchange").first.get_by_role("link", name="查看原文").first
        link.click()
        expect(visit.reader.locator("section:target mark").first).to_be_in_viewport()
        page.get_by_role("button", name="关闭原文").click()
        expect(link).to_be_focused()
        assert in_sight(link)


def test_a_rebuild_is_taken_up_by_a_page_that_is_open(browser: Browser, small_folder: Path) -> None:
    with serving_page(small_folder) as address, visiting(browser, address) as visit:
        page, corpus = visit.page, visit.page.locator("#corpus")
        visit.answer(CHECK_UP[0])
        expect(corpus).to_contain_text("文章 1 篇，段落 4 个；索引 000001")
        page.evaluate("window.never_reloaded = true")
        articles = small_folder / "articles"
        (articles / "b.txt").write_text("标题\n每名电工发放绝缘靴一双。\n", encoding="utf-8")
        build_index(articles, small_folder)
        exchange = visit.answer("电工发绝缘靴吗?")
        expect(exchange.locator(".citation .quotation").first).to_have_text(
            "每名电工发放绝缘靴一双。"
        )
        expect(corpus).to_contain_text("文章 2 篇，段落 6 个；索引 000002")
        outdated = page.get_by_text("文章已更新，这个回答是更新以前的")
        expect(page.locator(".exchange").first.locator(outdated)).to_be_visible()
        expect(outdated).to_have_count(1)
        page.reload()
        expect(page.locator(".exchange").first.locator(outdated)).to_be_visible()
        expect(outdated).to_have_count(1)
        page.evaluate("window.never_reloaded = true")
        (small_folder / "built" / "current.json").write_text("{", encoding="utf-8")
        exchange = visit.answer("电工发绝缘靴吗?")
        expect(exchange.locator(".citation").first).to_be_attached()
        assert page.evaluate("window.never_reloaded")
        expect(page.locator("#chat .exchange")).to_have_count(3)


def test_a_server_that_was_gone_can_be_asked_again(browser: Browser, small_folder: Path) -> None:
    with ExitStack() as stack:
        with serving_page(small_folder) as address:
            visit = stack.enter_context(visiting(browser, address))
            visit.answer(CHECK_UP[0])
        exchange = visit.answer(HELMETS[0])
        expect(exchange.locator(".note")).to_contain_text("连不上服务器")
        visit.page.locator("#exports").get_by_role("button", name="Word").click()
        expect(visit.page.get_by_role("alert")).to_contain_text("没有导出")
        with serving_page(small_folder, port=urlsplit(address).port or 0):
            exchange.get_by_role("button", name="再试一次").click()
            expect(exchange.locator("blockquote").first).to_contain_text("安全帽两顶")
        expect(visit.page.locator("#chat .asked")).to_have_text([CHECK_UP[0], HELMETS[0]])
        assert all("ERR_CONNECTION_REFUSED" in complaint for complaint in visit.complaints)
        visit.complaints.clear()
