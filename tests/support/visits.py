"""A visitor: the page in a real browser, which must call nobody else and complain of nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    FrameLocator,
    Locator,
    Page,
    ViewportSize,
    expect,
)

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 800}

QUESTION = "外地人的孩子在宁波怎么上学?"
ANSWER = "统等优化外来劳动者子女入学政策"


@dataclass
class Visit:
    """The page, and what its browser asked of other hosts and complained of while it was open."""

    page: Page
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def ask(self, question: str) -> None:
        """Type a question and send it, without waiting for the answer."""
        self.page.locator("#question").fill(question)
        self.page.locator("#question").press("Enter")

    def answer(self, question: str) -> Locator:
        """Ask, and wait for the answer."""
        before = self.page.locator("#chat .exchange").count()
        self.ask(question)
        exchange = self.page.locator("#chat .exchange").nth(before)
        expect(exchange.locator(".reply > *")).not_to_have_class("pending")
        return exchange

    @property
    def reader(self) -> FrameLocator:
        """What stands beside the chat."""
        return self.page.frame_locator("iframe[name=reader]")


@contextmanager
def visiting(browser: Browser, url: str, **options: Any) -> Iterator[Visit]:
    """A page at ``url``, a phone's unless ``options``, a browser context's, say otherwise."""
    context = browser.new_context(**{"viewport": PHONE, "locale": "zh-CN", **options})
    visit = Visit(context.new_page())
    watch(context, url, visit)
    visit.page.goto(url)
    visit.page.locator("#question").wait_for()
    yield visit
    context.close()
    assert visit.foreign == [], visit.foreign
    assert visit.complaints == [], visit.complaints


def watch(context: BrowserContext, url: str, visit: Visit) -> None:
    """Note every request for another host, and every complaint, of all the context's pages."""

    def request(address: str) -> None:
        if not address.startswith((url, "data:", "blob:")):
            visit.foreign.append(address)

    def say(kind: str, text: str) -> None:
        if kind == "error":
            visit.complaints.append(text)

    context.on("request", lambda each: request(each.url))
    context.on("console", lambda each: say(each.type, each.text))
    context.on("weberror", lambda each: visit.complaints.append(str(each.error)))


def in_sight(shown: Locator) -> bool:
    """Whether an element, in a frame too, stands wholly in the window, and nothing covers it."""
    box, window = shown.bounding_box(), shown.page.viewport_size
    assert box is not None
    assert window is not None
    if box["y"] < 0 or box["y"] + box["height"] > window["height"]:
        return False
    return bool(
        shown.evaluate(
            """each => {
                const {x, y, width, height} = each.getBoundingClientRect();
                return each.contains(document.elementFromPoint(x + width / 2, y + height / 2));
            }"""
        )
    )
