"""The page of an article by itself: its marks, its ways out, its print."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Locator, Page

from changai.pages.original import article_page
from changai.reading import articles
from changai.records import Article

ATTACK = "<img src=x onerror=\"document.title='hit'\"><script>document.title='hit'</script>'&amp;"


def _parse(text: str, file: str = "a.txt") -> Article:
    return articles.parse(text, file=file, sha256="")


LONG = _parse(
    "通知\n2023-05-13\n"
    + "".join(f"({n})第{n}件事要办好,共{n}项。" * 3 + "\n" for n in range(1, 501))
)


def _written(folder: Path, article: Article, *marks: tuple[int, int]) -> str:
    """The address of the page in a file."""
    file = folder / "page.html"
    page = article_page(article.document, article.passages, marks)
    file.write_text(page, encoding="utf-8", newline="")
    return file.as_uri()


@contextmanager
def _opened(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """The page in a browser, which says nothing and asks for nothing else."""
    context = browser.new_context(**options)
    page = context.new_page()
    said: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    page.goto(address)
    yield page
    assert said == []
    assert [request.partition("#")[0] for request in requested] == [address.partition("#")[0]]
    context.close()


def _in_sight(shown: Locator) -> bool:
    """Whether the whole of an element stands in the window."""
    box, window = shown.bounding_box(), shown.page.viewport_size
    assert box is not None
    assert window is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= window["height"]


SIZES = pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])


@SIZES
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize(
    ("number", "words"),
    [(6, "2020 年推优人党"), (16, "癌症处方外配自费用药"), (17, "子女入学政策")],
)
def test_a_link_opens_at_its_passage_with_the_words_marked(
    browser: Browser,
    ningbo: Article,
    tmp_path: Path,
    size: tuple[int, int],
    scripts: bool,
    number: int,
    words: str,
) -> None:
    start = ningbo.document.text.index(words)
    address = _written(tmp_path, ningbo, (start, start + len(words)))
    width, height = size
    with _opened(
        browser,
        f"{address}?mark={start}-{start + len(words)}#p{number}",
        viewport={"width": width, "height": height},
        java_script_enabled=scripts,
    ) as page:
        assert page.locator("mark").all_text_contents() == [words]
        assert _in_sight(page.locator(f"#p{number}"))
        assert _in_sight(page.locator("mark"))
        outlined = "e => getComputedStyle(e).outlineStyle"
        styles = [each.evaluate(outlined) for each in page.locator("section").all()]
        assert [n for n, style in enumerate(styles, 1) if style == "solid"] == [number]
        assert page.evaluate("document.documentElement.scrollWidth") == width


@SIZES
def test_the_neighbours_are_a_click_away_without_scripts(
    browser: Browser, tmp_path: Path, size: tuple[int, int]
) -> None:
    width, height = size
    address = _written(tmp_path, LONG)
    with _opened(
        browser,
        f"{address}#p480",
        viewport={"width": width, "height": height},
        java_script_enabled=False,
    ) as page:
        assert _in_sight(page.locator("#p480"))
        page.locator("#p480 a[rel=next]").click()
        assert page.url.endswith("#p481")
        page.locator("#p481 a[rel=prev]").click()
        assert page.url.endswith("#p480")
        assert _in_sight(page.locator("#p480"))
        top = page.locator("#p480").bounding_box()
        assert top is not None
        assert top["y"] > 16


def test_the_browser_holds_the_text_and_shows_its_line_breaks(
    browser: Browser, ningbo: Article, tmp_path: Path
) -> None:
    with _opened(browser, _written(tmp_path, ningbo)) as page:
        held = page.evaluate(
            """() => {
                const article = document.querySelector('article').cloneNode(true);
                article.querySelectorAll('.added').forEach(each => each.remove());
                return article.textContent;
            }"""
        )
        assert held == ningbo.document.text
        broken = ningbo.passages[11].text
        assert page.locator("#p12 .quotation").inner_text() == broken
        assert "\n" in broken


CONTRASTS = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const rgba = colour => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = colour => rgba(colour).slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const paper = e => {
        const colour = getComputedStyle(e).backgroundColor;
        return rgba(colour)[3] === 255 ? colour : paper(e.parentElement);
    };
    return [...document.body.querySelectorAll('*')]
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
        .map(e => {
            const [a, b] = [light(getComputedStyle(e).color), light(paper(e))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            return [e.className || e.tagName, ratio];
        });
}"""
"""Of each element with text of its own: the contrast to what is behind it, by WCAG 2.2."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_on_its_ground(
    browser: Browser, ningbo: Article, tmp_path: Path, scheme: str
) -> None:
    start = ningbo.document.text.index("产业工人占69")
    address = _written(tmp_path, ningbo, (start, start + 9))
    with _opened(browser, f"{address}#p12", color_scheme=scheme) as page:
        contrasts = page.evaluate(CONTRASTS)
        assert {"MARK", "damaged", "aside", "quotation", "step"} <= {name for name, _ in contrasts}
        assert [pair for pair in contrasts if pair[1] < 4.5] == []


def test_print_has_the_article_without_the_ways_out(
    browser: Browser, ningbo: Article, tmp_path: Path
) -> None:
    with _opened(browser, f"{_written(tmp_path, ningbo)}#p12", color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert not page.locator(".step").first.is_visible()
        assert page.locator("#p12 .place").inner_text() == "¶ 四(一)"
        assert page.locator("article > .aside").last.is_visible()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(33, 31, 28)"
        assert page.locator("#p12").evaluate("e => getComputedStyle(e).outlineStyle") == "none"


def test_an_attack_in_an_article_does_nothing(browser: Browser, tmp_path: Path) -> None:
    article = _parse(f"通知\n2023-05-13\n(一){ATTACK}。\n打印本页{ATTACK[:30]}\n")
    attacking = replace(article, document=replace(article.document, title=ATTACK))
    with _opened(browser, _written(tmp_path, attacking, (20, 60))) as page:
        assert page.title() == ATTACK
        assert (page.locator("#p2 .quotation").text_content() or "").startswith(ATTACK)
        assert page.locator("img, script").count() == 0
