"""The page of an evaluation in a browser."""

from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser

from changai.evaluation.outcomes import evaluate
from changai.pages.report import page
from changai.records import Question
from changai.search.index import Index

ATTACK = "<img src=x onerror=\"document.title='hit'\">"


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
