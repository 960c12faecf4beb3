"""The page for everybody: with keyboard alone, in the dark, on paper, for those who hear it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

from playwright.sync_api import Browser, Page, expect

from support.accessibility import faults
from support.servers import serving_page
from support.visits import ANSWER, DESK, PHONE, QUESTION, Visit, in_sight, visiting

NOT_COVERED = "工惠保一年保费多少钱?"
MISSPELT = "2020年推优入挡多少名?"


@pytest.fixture(scope="module")
def url(faq_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with all that it can have, the question for an opinion too."""
    opinions = tmp_path_factory.mktemp("feedback") / "opinions.sqlite"
    with serving_page(faq_folder, "--feedback", str(opinions)) as address:
        yield address


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def size(request: pytest.FixtureRequest) -> dict[str, int]:
    return dict(request.param)


def test_faults_would_be_found(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(
        '<html><title>题</title><body style="background: #fff"><p style="color: #999">看不清</p>'
    )
    assert [fault.partition(":")[0] for fault in faults(page)] == [
        "color-contrast",
        "html-has-lang",
    ]
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("audience", ["职工", "干部"])
def test_the_chat_has_no_serious_fault(
    browser: Browser, url: str, size: dict[str, int], scheme: str, audience: str
) -> None:
    with visiting(browser, url, viewport=size, color_scheme=scheme) as visit:
        page = visit.page
        page.get_by_label(audience).check()
        assert faults(page) == []
        page.get_by_role("button", name="提问").click()
        expect(page.get_by_role("alert")).not_to_be_empty()
        for question in (
            QUESTION,
            NOT_COVERED,
            MISSPELT,
            "产业工人在市人大代表中占多少比例?",
            "？？",
        ):
            visit.answer(question)
        assert faults(page) == []
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert faults(page) == []
        page.get_by_role("link", name="查看原文").first.click()
        expect(visit.reader.locator("mark")).to_have_text(ANSWER)
        assert faults(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_beside_it_have_no_serious_fault(
    browser: Browser, url: str, size: dict[str, int], scheme: str
) -> None:
    with visiting(browser, url, viewport=size, color_scheme=scheme) as visit:
        exchange = visit.answer("产业工人在市人大代表中占多少比例?")
        source = exchange.get_by_role("link", name="查看原文").first.get_attribute("href")
        assert source is not None
        for path in (source, "figures", "documents"):
            visit.page.goto(url + path)
            assert faults(visit.page) == []
            if path in ("figures", "documents"):
                visit.page.get_by_role("searchbox").fill("2020")
                visit.page.get_by_role("button").first.click()
                assert faults(visit.page) == []


def test_nothing_is_wider_than_a_phone(browser: Browser, url: str) -> None:
    with visiting(browser, url) as visit:
        page = visit.page

        def width() -> int:
            return int(page.evaluate("document.documentElement.scrollWidth"))

        assert width() == PHONE["width"]
        page.get_by_label("干部").check()
        for question in (QUESTION, NOT_COVERED, MISSPELT, "长" * 500, "a" * 500):
            visit.answer(question)
            assert width() == PHONE["width"]
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert width() == PHONE["width"]
        page.get_by_role("link", name="数据一览").click()
        expect(visit.reader.get_by_role("heading", name="数据一览")).to_be_in_viewport()
        assert width() == PHONE["width"]
        for path in ("source/ningbo-2023-05-13", "figures", "documents"):
            page.goto(url + path)
            assert width() == PHONE["width"]


@pytest.mark.parametrize("audience", ["职工", "干部"])
def test_a_thumb_meets_what_it_presses(browser: Browser, url: str, audience: str) -> None:
    with visiting(browser, url) as visit:
        page = visit.page
        page.get_by_label(audience).check()
        visit.answer(QUESTION)
        visit.answer(MISSPELT)
        pressed = "button, textarea, #audience label, .actions a, #tables a, .bar a"
        for beside in (False, True):
            if beside:
                page.get_by_role("link", name="查看原文").first.click()
            for each in page.locator("#changai").locator(pressed).filter(visible=True).all():
                box = each.bounding_box()
                assert box is not None
                assert box["height"] >= 44, each.inner_text()


def focused(page: Page) -> str:
    """What the keyboard is at: its label or its words."""
    return str(
        page.evaluate(
            """() => {
                const at = document.activeElement;
                return at.labels?.[0]?.textContent || at.textContent || at.tagName;
            }"""
        )
    )


def tab_to(visit: Visit, words: str, key: str = "Tab") -> None:
    """Press Tab, or this key, until the keyboard is at something that begins with these words."""
    passed: list[str] = []
    while not focused(visit.page).strip().startswith(words):
        assert len(passed) < 60, passed
        visit.page.keyboard.press(key)
        passed.append(focused(visit.page))


def test_the_keyboard_alone_is_enough(browser: Browser, url: str, size: dict[str, int]) -> None:
    with visiting(browser, url, viewport=size) as visit:
        page, keyboard = visit.page, visit.page.keyboard
        expect(page.locator("#question")).to_be_focused()
        keyboard.type(QUESTION)
        keyboard.press("Tab")
        keyboard.press("Space")
        expect(page.locator("#chat blockquote").first).to_have_text(ANSWER)

        page.locator("body").evaluate("() => document.activeElement.blur()")
        tab_to(visit, "职工")
        keyboard.press("ArrowRight")
        expect(page.get_by_label("干部")).to_be_checked()
        tab_to(visit, "整段原文")
        keyboard.press("Enter")
        expect(page.locator("#chat .quotation").first).to_be_visible()
        tab_to(visit, "查看原文")
        keyboard.press("Enter")
        expect(visit.reader.locator("mark")).to_be_in_viewport()
        tab_to(visit, "关闭原文")
        keyboard.press("Space")
        expect(page.get_by_role("link", name="查看原文").first).to_be_focused()
        assert in_sight(page.get_by_role("link", name="查看原文").first)
        tab_to(visit, "复制引文")
        tab_to(visit, "复制链接")
        tab_to(visit, "其他相近的段落")
        keyboard.press("Space")
        expect(page.locator("#chat .others .citation").first).to_be_visible()
        tab_to(visit, "Word")
        with page.expect_download():
            keyboard.press("Enter")
        tab_to(visit, "补充说明")
        keyboard.press("Enter")
        tab_to(visit, "可不填")
        keyboard.type("好")
        tab_to(visit, "有用", "Shift+Tab")
        keyboard.press("Enter")
        expect(page.locator("#chat .told")).to_have_text("谢谢，已记下。")
        tab_to(visit, "人才总量")
        keyboard.press("Enter")
        expect(page.locator("#chat .exchange")).to_have_count(2)
        tab_to(visit, "清空")
        keyboard.press("Enter")
        expect(page.locator("#chat .exchange")).to_have_count(0)
        expect(page.locator("#question")).to_be_focused()


def test_what_the_keyboard_is_at_is_outlined(browser: Browser, url: str) -> None:
    with visiting(browser, url, viewport=DESK) as visit:
        visit.page.get_by_label("干部").check()
        visit.answer(QUESTION)
        visit.page.locator("body").evaluate("() => document.activeElement.blur()")
        reached = set()
        for _ in range(60):
            visit.page.keyboard.press("Tab")
            words = focused(visit.page).strip()
            if words == "问题" and words in reached:
                break
            reached.add(words)
            assert visit.page.evaluate(
                """() => {
                    const at = document.activeElement;
                    const shown = at.type === 'radio' ? at.parentElement : at;
                    return at === document.body || getComputedStyle(shown).outlineStyle !== 'none';
                }"""
            ), words
        assert {"干部", "数据一览", "文件清单", "整段原文", "查看原文", "复制引文"} <= reached
        assert {
            "复制链接",
            "Word",
            "Markdown",
            "有用",
            "没用",
            "补充说明",
            "问题",
            "提问",
            "清空",
        } <= reached


def test_the_dark_is_dark_everywhere(browser: Browser, url: str) -> None:
    with visiting(browser, url, viewport=DESK, color_scheme="dark") as visit:
        page = visit.page
        card = visit.answer(QUESTION).locator(".answer > .citation")
        card.get_by_role("link", name="查看原文").click()
        expect(visit.reader.locator("mark")).to_be_in_viewport()
        grounds = [
            page.locator("body"),
            card,
            page.locator("#question"),
            page.get_by_role("button", name="关闭原文"),
            visit.reader.locator("body"),
        ]
        for ground in grounds:
            colour = ground.evaluate("each => getComputedStyle(each).backgroundColor")
            assert max(map(int, re.findall(r"\d+", colour)[:3])) < 0x30, colour
        page.emulate_media(color_scheme="light")
        for ground in grounds:
            colour = ground.evaluate("each => getComputedStyle(each).backgroundColor")
            assert min(map(int, re.findall(r"\d+", colour)[:3])) > 0xD0, colour


def test_paper_gets_the_answers_whole_and_no_controls(browser: Browser, url: str) -> None:
    with visiting(browser, url, viewport=DESK, color_scheme="dark") as visit:
        page = visit.page
        page.get_by_label("干部").check()
        visit.answer("2020年推优入挡多少名?")
        visit.answer(NOT_COVERED)
        page.get_by_role("link", name="查看原文").first.click()
        folded = page.locator("#chat .answer > .citation .passage")
        page.evaluate(
            """() => addEventListener('beforeprint', () => {
                window.printed = document.querySelector('.answer .passage').open;
            })"""
        )
        page.pdf()
        assert page.evaluate("window.printed")
        assert folded.get_attribute("open") is None
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        expect(page.locator("#chat .asked")).to_have_count(2)
        for shown in (
            ".asked",
            ".meaning span",
            ".answer > .citation .quotation",
            ".nearest .note",
        ):
            expect(page.locator(f"#chat {shown}").first).to_be_visible()
        expect(
            page.locator("#changai").locator("button, textarea, input, iframe").filter(visible=True)
        ).to_have_count(0)
        expect(page.get_by_role("link", name="查看原文").filter(visible=True)).to_have_count(0)
        expect(page.locator("body")).to_have_css("background-color", "rgba(0, 0, 0, 0)")
        ink = page.locator("#chat .quotation").first
        expect(ink).to_have_css("color", "rgb(33, 31, 28)")


def test_it_speaks_chinese_in_every_browser(browser: Browser, url: str) -> None:
    with visiting(browser, url, locale="en-US") as visit:
        page = visit.page
        page.get_by_label("干部").check()
        visit.answer("技能人才总量多少?")
        assert set(re.findall("[A-Za-z]{2,}", page.locator("body").inner_text())) <= {
            *("Word", "Markdown", "builtin")
        }
        expect(page).to_have_title("产改问答")
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        page.evaluate("document.documentElement.lang = 'en'")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        for path in ("source/ningbo-2023-05-13", "figures", "documents"):
            page.goto(url + path)
            expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
