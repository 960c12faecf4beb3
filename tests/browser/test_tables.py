"""数据一览 and 文件清单 in a browser: alone, and beside the chat."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect

from changai.pages.tables import documents_page, figures_page
from changai.records import Article, Passage
from support.another_article import ATTACK
from support.downloads import text_of
from support.visits import PHONE, QUESTION, Visit


@contextmanager
def opened(
    browser: Browser, file: Path, page: str, width: int = 1280, script: bool = True
) -> Iterator[Page]:
    """The page in a browser; nothing may be fetched but itself, and nothing be complained of."""
    file.write_text(page, encoding="utf-8")
    context = browser.new_context(
        viewport={"width": width, "height": {390: 844, 1280: 800}[width]},
        java_script_enabled=script,
    )
    tab = context.new_page()
    requested: list[str] = []
    said: list[str] = []
    tab.on("request", lambda request: requested.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.goto(file.as_uri())
    yield tab
    assert requested == [file.as_uri()]
    assert said == []
    context.close()


def column(tab: Page, number: int) -> list[str]:
    return [
        text.strip()
        for text in tab.locator(f"tbody tr:visible td:nth-child({number})").all_inner_texts()
    ]


@pytest.mark.parametrize("width", [390, 1280])
def test_figures_are_sorted_by_amount(
    browser: Browser, ningbo: Article, tmp_path: Path, width: int
) -> None:
    with opened(browser, tmp_path / "f.html", figures_page(ningbo.passages), width) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        head = tab.locator("th", has_text="数据")
        assert head.get_attribute("aria-sort") is None
        tab.get_by_role("button", name="数据").click()
        expect(head).to_have_attribute("aria-sort", "ascending")
        up = column(tab, 2)
        # 12.5, 24, 25, 40, 40, 700, 1000, 2274, 20000, …; the damaged last.
        assert up[:9] == [
            "12.5%", "24 小时", "25 个", "40 余项", "40余场", "近700家", "超千场", "2274名",
            "2万余人次",
        ]  # fmt: skip
        damaged = ["69:\n原文疑有识别错误", "11.%\n原文疑有识别错误"]
        assert [*up[13:16]] == ["7.4 亿元", *damaged]
        tab.get_by_role("button", name="数据").click()
        expect(head).to_have_attribute("aria-sort", "descending")
        down = column(tab, 2)
        assert down[:2] == ["7.4 亿元", "1500 万人次"]
        assert down[14:16] == damaged
        tab.get_by_role("button", name="出处").click()
        assert tab.locator("[aria-sort]").count() == 1
        assert column(tab, 2)[0] == "25 个"
        tab.get_by_role("button", name="时点").click()
        assert column(tab, 4)[:5] == ["2020 年", "截至 2020 年底", "截至 2020 年底", "2020 年", ""]


@pytest.mark.parametrize("width", [390, 1280])
def test_rows_are_filtered_by_all_words(
    browser: Browser, ningbo: Article, tmp_path: Path, width: int
) -> None:
    with opened(browser, tmp_path / "f.html", figures_page(ningbo.passages), width) as tab:
        box = tab.get_by_role("searchbox", name="筛选")
        box.fill("人才 2020")
        assert column(tab, 2) == ["180.15万人", "55.13万人"]
        expect(tab.get_by_role("status")).to_have_text("2 / 18 条")
        box.fill("没有这个词")
        assert column(tab, 2) == []
        expect(tab.get_by_role("status")).to_have_text("0 / 18 条")
        box.press("Enter")
        box.fill("")
        assert len(column(tab, 2)) == 18
        expect(tab.get_by_role("status")).to_have_text("")


def test_the_keyboard_alone_is_enough(browser: Browser, ningbo: Article, tmp_path: Path) -> None:
    with opened(browser, tmp_path / "d.html", documents_page(ningbo.passages)) as tab:
        reached = []
        for _ in range(10):
            tab.keyboard.press("Tab")
            reached.append(tab.evaluate("document.activeElement.textContent"))
        assert reached == [
            "返回问答", "数据一览", "文件清单", "下载 CSV 表格（Excel 可打开）", "",
            "名称", "文中说", "时间", "出处", "一(一)",
        ]  # fmt: skip
        for _ in range(3):
            tab.keyboard.press("Shift+Tab")
        tab.keyboard.press("Enter")
        assert column(tab, 2) == ["出台"] * 4 + ["修订", "制定", "", ""]
        tab.keyboard.press("Shift+Tab")
        tab.keyboard.press("Shift+Tab")
        tab.keyboard.type("修订")
        assert column(tab, 1) == ["《宁波市困难职工档案管理实施办法》"]


def test_it_works_without_a_script(browser: Browser, ningbo: Article, tmp_path: Path) -> None:
    page = figures_page(ningbo.passages)
    with opened(browser, tmp_path / "f.html", page, script=False) as tab:
        assert len(column(tab, 2)) == 18
        assert not tab.locator("form").is_visible()
        assert tab.locator("th button").count() == 0
        assert tab.get_by_role("link", name="三(二)").first.is_visible()


def test_what_an_article_smuggles_in_does_nothing(
    browser: Browser, both: tuple[Passage, ...], tmp_path: Path
) -> None:
    for make, title in ((figures_page, "数据一览"), (documents_page, "文件清单")):
        with opened(browser, tmp_path / "x.html", make(both), 390) as tab:
            assert tab.evaluate("document.documentElement.scrollWidth") == 390
            expect(tab.locator("tbody")).to_contain_text(ATTACK)
            assert tab.title() == title


def test_without_scripts_the_tables_are_left(browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(url)
    expect(page.locator("noscript p")).to_contain_text("提问要用 JavaScript")
    page.get_by_role("link", name="文件清单").click()
    expect(page.get_by_role("heading", name="文件清单")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="数据一览").click()
    expect(page.get_by_role("heading", name="数据一览")).to_be_visible()
    context.close()


def test_the_tables_stand_beside_the_chat(visit: Visit) -> None:
    page, reader = visit.page, visit.reader
    page.get_by_label("干部").check()
    page.get_by_role("link", name="数据一览").click()
    expect(reader.get_by_role("heading", name="数据一览")).to_be_in_viewport()
    rows = reader.locator("tbody tr:visible")
    expect(rows).to_have_count(18)
    reader.get_by_role("button", name="数据").click()
    expect(rows.first).to_contain_text("12.5%")
    reader.get_by_label("筛选").fill("人才 2020")
    expect(rows).to_have_count(2)
    with page.expect_download() as download:
        reader.get_by_role("link", name="下载 CSV").click()
    assert download.value.suggested_filename == "数据一览.csv"
    assert "180.15" in text_of(download.value)
    rows.first.get_by_role("link").click()
    expect(reader.locator("section:target mark", has_text="55.13万人")).to_be_in_viewport()
    page.get_by_role("button", name="关闭原文").click()
    expect(page.get_by_role("link", name="数据一览")).to_be_focused()

    page.get_by_role("link", name="文件清单").click()
    expect(reader.get_by_role("heading", name="文件清单")).to_be_in_viewport()
    reader.get_by_label("筛选").fill("困难职工")
    expect(rows).to_have_count(1)
    rows.get_by_role("link").click()
    expect(reader.locator("section:target mark")).to_contain_text("宁波市困难职工档案管理实施办法")
    expect(reader.locator("section:target mark")).to_be_in_viewport()


def test_the_way_back_from_the_tables_keeps_the_conversation(desk: Visit) -> None:
    desk.answer(QUESTION)
    desk.page.get_by_label("干部").check()
    desk.page.get_by_role("link", name="数据一览").click()
    expect(desk.reader.locator("tbody tr").first).to_be_visible()
    desk.reader.get_by_role("link", name="返回问答").click()
    expect(desk.page.locator("#source")).to_be_hidden()
    expect(desk.page.locator(".exchange")).to_have_count(1)
