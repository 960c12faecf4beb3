"""The service as an office runs it, with accounts and behind a name of its own: what a visitor, a
program and an operator meet."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Route as Routed
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from changai.indexing import store
from changai.indexing.build import build_index
from support.accessibility import faults
from support.account_files import write_accounts
from support.servers import serving, serving_page
from support.small import CHECK_UP, HELMETS
from support.visits import DESK, PHONE, visiting

HORSE = "correct horse"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return write_accounts(tmp_path / "users.json", 张三=HORSE, 李四=HORSE)


def sign_in(client: httpx.Client, name: str = "张三") -> None:
    """Sign in as a browser does that comes by HTTPS, of which the proxy tells."""
    answer = client.post("login", data={"name": name, "password": HORSE, "next": "/"})
    assert answer.status_code == 303
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-changai_session=")
    assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
    client.headers["cookie"] = cookie.partition(";")[0]


def test_who_may_have_what(
    small_folder: Path, users: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (small_folder / "articles" / "b.txt").write_text("培训\n2020年培训焊工2000名。\n", "utf-8")
    build_index(small_folder / "articles", small_folder)
    options = ["--users", str(users), "--public-url", "https://wd.example.org"]
    options += ["--embed-origin", "https://www.example.org", "--log-questions"]
    with (
        serving_page(small_folder, *options) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        while client.get("healthz").status_code == 503:
            pass
        assert client.get("healthz").json()["status"] == "ok"
        asked = {"question": CHECK_UP[0]}
        assert client.get("", headers={"accept": "text/html"}).headers["location"] == "/login"
        assert client.post("chat/answer", json={}).status_code == 401
        assert client.get("api/ask", params=asked).status_code == 401
        assert client.get("api/ask", params=asked, auth=("张三", HORSE)).status_code == 200
        # A program on this machine, and one that a proxy speaks for.
        assert "changai_questions_total" in client.get("metrics").text
        passed_on = {"x-forwarded-for": "192.0.2.7"}
        assert client.get("metrics", headers=passed_on).status_code == 404
        assert client.get("metrics", headers=passed_on, auth=("张三", HORSE)).status_code == 200

        sign_in(client)
        page = client.get("")
        assert page.status_code == 200
        assert (
            "frame-ancestors 'self' https://www.example.org"
            in (page.headers["content-security-policy"])
        )
        assert ",https://wd.example.org/source/b?" in client.get("figures.csv").text
        assert client.get("chat/corpus").json()["user"] == "张三"
        for path in ("", "login", "healthz"):
            assert client.get(path, headers={"host": "rebound.example"}).status_code == 421
    records = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    questions = [each for each in records if each["event"] == "question"]
    assert CHECK_UP[0] in [each["question"] for each in questions]
    assert "张三" in [each.get("user") for each in records if each["event"] == "request"]
    assert HORSE not in json.dumps(records, ensure_ascii=False)


def test_a_server_for_everybody_says_so(
    small_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving_page(small_folder, "--host", "0.0.0.0") as address:
        there = address.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{there}healthz").status_code in (200, 503)
    assert "要登录才能用，请加 --users" in capfd.readouterr().err


def test_a_server_that_finds_its_index_damaged_goes_on_with_the_one_before(
    small_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (first,) = store.generations(small_folder)
    (small_folder / "articles" / "b.txt").write_text("培训\n2020年培训焊工2000名。\n", "utf-8")
    build_index(small_folder / "articles", small_folder)
    (small_folder / "built" / "current.json").write_text("{", encoding="utf-8")
    second = store.generations(small_folder)[-1]
    (small_folder / "built" / second / "clauses.npy").write_bytes(b"")
    with (
        serving_page(small_folder) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        assert client.get("api/ask", params={"question": HELMETS[0]}).status_code == 200
        health = client.get("healthz").json()
        assert (health["status"], health["generation"]) == ("stale", first)
        assert "changai_index_stale 1.0" in client.get("metrics").text
        # The next build mends it.
        build_index(small_folder / "articles", small_folder)
        client.get("api/ask", params={"question": HELMETS[0]})
        health = client.get("healthz").json()
        assert (health["status"], health["documents"]) == ("ok", 2)
    log = capfd.readouterr().err
    assert f"暂时用完好的索引 {first}" in log
    assert f"已换用索引 {health['generation']}" in log


def test_accounts_that_cannot_be_read_are_told(
    small_folder: Path, users: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        serving_page(small_folder, "--users", str(users)) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        client.get("api/ask", params={"question": HELMETS[0]}, auth=("张三", HORSE))
        assert client.get("healthz").json()["status"] == "ok"
        users.write_text("{", encoding="utf-8")
        answer = client.get("healthz")
        assert (answer.status_code, answer.json()["error"]) == (503, "账号文件不能用")
        assert client.get("api/ask", auth=("张三", HORSE)).status_code == 503
    log = capfd.readouterr().err
    (record,) = [json.loads(line) for line in log.splitlines() if "accounts_unusable" in line]
    assert record["message"].startswith(f"没有人能登录：账号文件 {users} 不能用")


# ---- in a browser


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
