"""The service in a browser: accounts, a queue, a frame, a proxy."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

from playwright.sync_api import Browser, expect
from playwright.sync_api import Route as Routed
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from support.accessibility import faults
from support.account_files import write_accounts
from support.downloads import paragraphs
from support.nginx import nginx, site
from support.servers import proxy, serving, serving_page
from support.small import HELMETS
from support.visits import ANSWER, DESK, PHONE, QUESTION, visiting

HORSE = "correct horse"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return write_accounts(tmp_path / "users.json", 张三=HORSE, 李四=HORSE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_visitor_signs_in_and_out(
    browser: Browser, small_folder: Path, users: Path, size: Any, scheme: Any
) -> None:
    with serving_page(small_folder, "--users", str(users)) as address:
        context = browser.new_context(viewport=size, color_scheme=scheme, locale="zh-CN")
        page = context.new_page()
        page.goto(f"{address}figures")
        page.get_by_label("用户名").fill("张三")
        page.get_by_label("密码").fill("wrong horse")
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("alert")).to_contain_text("用户名或密码不对")
        assert faults(page) == []
        page.get_by_label("密码").fill(HORSE)
        page.get_by_role("button", name="登录").click()
        # To where he was on his way.
        expect(page.get_by_role("heading", name="数据一览")).to_be_visible()
        page.goto(address)
        page.locator("#question").fill(HELMETS[0])
        page.locator("#question").press("Enter")
        expect(page.locator("#chat blockquote").first).to_contain_text("安全帽两顶")
        expect(page.locator("#user")).to_contain_text("已登录：张三")
        assert faults(page) == []
        page.get_by_role("link", name="退出登录").click()
        assert faults(page) == []
        page.get_by_role("button", name="退出登录").click()
        # The next at this computer finds nothing of his.
        page.get_by_label("用户名").fill("李四")
        page.get_by_label("密码").fill(HORSE)
        page.get_by_role("button", name="登录").click()
        expect(page.locator("#user")).to_contain_text("已登录：李四")
        expect(page.locator("#chat .exchange")).to_have_count(0)
        # A session that has ended is told as such, and the question is not lost.
        context.clear_cookies()
        page.locator("#question").fill(HELMETS[0])
        page.locator("#question").press("Enter")
        expect(page.locator(".note")).to_contain_text("登录已过期；请刷新网页重新登录")
        page.get_by_role("link", name="重新登录").click()
        expect(page.get_by_label("用户名")).to_be_visible()
        context.close()


def test_a_visitor_who_is_one_too_many_waits_and_is_answered(
    browser: Browser, small_folder: Path
) -> None:
    refused = 0

    def refuse(route: Routed) -> None:
        nonlocal refused
        refused += 1
        if refused > 2:
            route.continue_()
        else:
            headers = {"retry-after": "1", "content-type": "application/json"}
            route.fulfill(status=503, headers=headers, body='{"error": "现在问的人太多"}')

    with serving_page(small_folder) as address, visiting(browser, address) as visit:
        visit.page.route(re.compile("/chat/answer"), refuse)
        visit.ask(HELMETS[0])
        reply = visit.page.locator("#chat .reply")
        expect(reply).to_contain_text("正在排队")
        expect(reply.locator("blockquote").first).to_contain_text("安全帽两顶")
        assert refused == 3
        # That a browser complains of a refusal is its own affair.
        assert all("503" in complaint for complaint in visit.complaints)
        visit.complaints.clear()


@contextmanager
def framing(address: str) -> Iterator[str]:
    """The origin of another site, which shows what is at ``address`` in a frame."""
    frame = Response(f'<!DOCTYPE html><iframe src="{address}"></iframe>', media_type="text/html")
    icon = Route("/favicon.ico", Response(status_code=204))
    with serving(Starlette(routes=[Route("/", frame), icon])) as site:
        # A browser takes another name for another site, wherever it leads.
        yield site.replace("127.0.0.1", "localhost")


def test_only_a_site_that_is_named_may_show_the_page_in_a_frame(
    browser: Browser, small_folder: Path
) -> None:
    with serving_page(small_folder) as address, framing(address) as site:
        page = browser.new_page()
        with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
            page.goto(site)
        expect(page.frame_locator("iframe").locator("#question")).to_have_count(0)
        page.close()
    # It has to be named before it is there: the address is that of the server before.
    with framing(address) as site:
        port = urlsplit(address).port or 0
        with serving_page(small_folder, "--embed-origin", site, port=port):
            page = browser.new_page()
            page.goto(site)
            framed = page.frame_locator("iframe")
            # Where a browser keeps nothing for it, too.
            framed.locator("#question").fill(HELMETS[0])
            framed.locator("#question").press("Enter")
            expect(framed.locator("#chat blockquote").first).to_contain_text("安全帽两顶")
            page.close()


def test_all_works_below_a_path(browser: Browser, faq_folder: Path) -> None:
    with (
        serving_page(faq_folder, "--root-path", "/chat") as upstream,
        serving(proxy(upstream)) as host,
        # The visit fails where anything outside the path is asked for.
        visiting(browser, f"{host}/chat/") as visit,
    ):
        page, reader = visit.page, visit.reader
        expect(page.locator("#corpus")).to_contain_text("文章 1 篇")
        exchange = visit.answer(QUESTION)
        card = exchange.locator(".answer > .citation")
        expect(card.locator("> blockquote")).to_have_text(ANSWER)
        card.get_by_role("link", name="查看原文").click()
        expect(reader.locator("section:target mark")).to_have_text(ANSWER)
        reader.get_by_role("link", name="返回问答").click()
        page.get_by_label("干部").check()
        page.get_by_role("link", name="数据一览").click()
        reader.locator("tbody").get_by_role("link").first.click()
        expect(reader.locator("section:target mark").first).to_be_in_viewport()
        reader.get_by_role("link", name="返回问答").click()
        with page.expect_download() as download:
            exchange.get_by_role("button", name="Word").click()
        assert QUESTION in paragraphs(download.value)
        expect(page).to_have_url(f"{host}/chat/")
        assert 'href="./../"' in httpx.get(f"{host}/chat/nowhere/x").text
        assert '<a href="figures">' in httpx.get(f"{host}/chat/").text
        answer = httpx.get(f"{host}/chat/api/ask", params={"question": QUESTION}).json()
        assert ANSWER in answer["citations"][0]["text"]


def test_the_page_works_behind_nginx(
    browser: Browser, small_folder: Path, certificate: Path, tmp_path: Path
) -> None:
    logs = tmp_path / "nginx"
    logs.mkdir()
    question, answer = "焊工每年发放安全帽几顶?", "安全帽两顶"
    with (
        serving_page(small_folder, "--root-path", "/changai") as upstream,
        nginx(site("/changai/"), upstream, certificate, logs) as front,
        # The visit fails where anything outside the path is asked for, or over HTTP.
        visiting(browser, f"{front.url}/changai/", ignore_https_errors=True) as visit,
    ):
        exchange = visit.answer(question)
        expect(exchange.locator(".answer blockquote").first).to_contain_text(answer)
        exchange.get_by_role("link", name="查看原文").first.click()
        expect(visit.reader.locator("section:target mark").first).to_contain_text(answer)
        with visit.page.expect_download() as download:
            visit.page.get_by_label("干部").check()
            exchange.get_by_role("button", name="Markdown").click()
        saved = Path(download.value.path()).read_text(encoding="utf-8")
        assert f"{front.url}/changai/source/welders" in saved
        with front.client() as client:
            health = client.get("/changai/healthz").json()
    assert health["status"] == "ok"
