"""The reader: the article whole and verbatim, and the links into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Locator, Page

from changai.errors import ArticleError
from changai.pages.original import article_page, failure_page, link, parse_marks
from changai.reading import articles
from changai.records import Article, Document, Passage, Spans
from support.pages import Strict

ATTACK = "<img src=x onerror=\"document.title='hit'\"><script>document.title='hit'</script>'&amp;"


class _Reader(Strict):
    """What of the page is the article's: all within ``<article>`` that is not ``added``."""

    def __init__(self, page: str) -> None:
        self.article = ""
        self.quotations: list[str] = []
        self.headings: list[str] = []
        self.aside: list[str] = []
        self.remarks: list[str] = []
        self._within: list[set[str]] = []
        super().__init__(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if len(self._open) == len(self._within):
            return
        names = {tag, *(dict(attrs).get("class") or "").split()}
        self._within.append(names)
        for name, texts in self._collected().items():
            if name in names:
                texts.append("")

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        self._within.pop()

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        open_now = set().union(*self._within)
        if "article" in open_now and "added" not in open_now:
            self.article += data
        for name, texts in self._collected().items():
            if name in open_now:
                texts[-1] += data

    def _collected(self) -> dict[str, list[str]]:
        return {
            "quotation": self.quotations,
            "h2": self.headings,
            "aside": self.aside,
            "remark": self.remarks,
        }

    def sections(self) -> list[str | None]:
        return [attributes["id"] for tag, attributes in self.tags if tag == "section"]

    def hrefs(self) -> list[str | None]:
        return [attributes["href"] for tag, attributes in self.tags if tag == "a"]


def _parse(text: str, file: str = "a.txt") -> Article:
    return articles.parse(text, file=file, sha256="")


def _page(article: Article, *marks: tuple[int, int]) -> _Reader:
    return _Reader(article_page(article.document, article.passages, marks))


SMALL = _parse(
    "关于工匠的通知\r\n发布日期:2023-05-13\r\n某市总工会\r\n\r\n"
    "一、评选\r\n\u3000\u3000(一)每年评选工匠,占11.%。(二)奖金两千元。\r\n打印本页\r\n"
    "二、培训\r\n\u3000\u3000每年培训一次。\r\n上一篇:某某\r\n"
)
"""p1 is the head; p2 and p3 stand on one line; p4 is 每年培训一次。"""


def test_a_link_counts_from_the_documents_beginning() -> None:
    passage = Passage("a#p16", replace(SMALL.document, id="a"), "原文", 100, 102, (), "五(二)")
    assert link(passage, ((0, 2), (5, 7))) == "source/a?mark=100-102&mark=105-107#p16"
    assert link(passage, ()) == "source/a#p16"


@pytest.mark.parametrize("name", ["宁波 2023", "a#b?c&d=e%2F\"'<>", "a/../b", "#", "%"])
def test_a_link_holds_any_document_id(name: str) -> None:
    document = Document(name, "", "", "", "", "", "", "")
    address = urlsplit(link(Passage(f"{name}#p3", document, "", 7, 9, (), ""), ((0, 2),)))
    folder, _, last = address.path.partition("/")
    assert (folder, unquote(last)) == ("source", name)
    assert "/" not in last
    assert parse_qs(address.query) == {"mark": ["7-9"]}
    assert address.fragment == "p3"


def test_what_a_link_names_is_marked(ningbo: Article) -> None:
    passage = ningbo.passages[15]
    address = urlsplit(link(passage, ((10, 30), (40, 44))))
    marks = parse_marks(parse_qs(address.query)["mark"], ningbo.document.text)
    page = _page(ningbo, *marks)
    assert page.marked == [passage.text[10:30], passage.text[40:44]]
    assert address.fragment in page.sections()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ()),
        (["0-3"], ((0, 3),)),
        (["5-9", "0-3", "5-9"], ((0, 3), (5, 9))),
        (["9-10"], ((9, 10),)),
        # Beyond the end, empty, backwards, and no spans at all.
        (["9-11", "3-3", "5-3", "10-10"], ()),
        (["", "3", "-1-3", "1-", "a-b", "1-3-5", " 1-3", "1-3\n", "1.0-3", "+1-3", "１-３"], ()),
        (["9" * 5000 + "-3", "1-" + "9" * 5000], ()),
        (["x", "1-2"], ((1, 2),)),
        (["x"] * 99 + ["1-2", "3-4"], ((1, 2),)),
    ],
)
def test_what_is_no_span_of_the_text_is_not_marked(values: list[str], expected: Spans) -> None:
    assert parse_marks(values, "一二三四五六七八九十") == expected


def test_the_real_article_is_there_whole(ningbo: Article) -> None:
    page = _page(ningbo)
    assert page.article == ningbo.document.text
    assert page.quotations == [passage.text for passage in ningbo.passages]
    assert page.sections() == [f"p{number}" for number in range(1, 18)]
    assert page.headings == [
        "一、系统化谋篇布局,画好改革工作路径图",
        "二、精准化靶向发力、把牢思想引领定星盘",
        "三、多元化搭建平台,打出素质提升组合拳",
        "四、市杰化综合施策、拓展权益保障新路径",
        "五、集成化整合资源,当好暖心服务贴心人",
    ]
    assert page.aside[:-1] == ["()"] * 15
    assert page.aside[-1].startswith("上一篇:“棋眼”落子")
    assert page.aside[-1].endswith("下一篇:实施三年行动计划扩大公共服务覆盖面")
    assert page.remarks == [
        "原文疑有识别错误：“产业工人占69:市人大代表中”“产业工人占11.%”“增补2专产业工人代表”",
        "原文疑有识别错误：“政策3动劳动关系法规”",
    ]


def test_the_page_says_what_it_shows(ningbo: Article) -> None:
    page = _page(ningbo)
    for told in (
        ningbo.document.title,
        "发布单位浙江省宁淀市产业工人队伍建设改革联席会议办公室"
        "（应为：浙江省宁波市产业工人队伍建设改革联席会议办公室）",
        "发布日期2023-05-13",
        "地区宁波",
        "网站鄂尔多斯工会网",
        "文件ningbo-2023-05-13.txt",
    ):
        assert told in page.text


def test_what_is_not_known_is_left_out_but_for_the_date() -> None:
    page = _page(_parse("办法\n每名焊工发放安全帽一顶。\n"))
    assert "发布日期不详文件a.txt" in page.text
    assert "发布单位" not in page.text
    assert "网站" not in page.text and "地区" not in page.text and "来源" not in page.text


def test_the_page_links_to_where_the_article_was_published() -> None:
    article = _parse("办法\n每名焊工发放安全帽一顶。\n")
    document = replace(article.document, url="https://www.example.org/a?b=1&c=<2>")
    passages = tuple(replace(passage, document=document) for passage in article.passages)
    page = _page(Article(document, passages))
    assert f"来源{document.url}文件a.txt" in page.text
    link = {"href": document.url, "target": "_blank", "rel": "noopener noreferrer"}
    assert ("a", link) in page.tags


def test_passages_headings_and_the_rest_each_have_their_element() -> None:
    page = _page(SMALL)
    assert page.article == SMALL.document.text
    assert page.quotations[1:] == ["每年评选工匠,占11.%。", "奖金两千元。", "每年培训一次。"]
    assert page.headings == ["一、评选", "二、培训"]
    assert page.aside == ["(一)", "(二)", "打印本页", "上一篇:某某"]
    assert page.remarks == ["原文疑有识别错误：“占11.%”"]
    assert [a["class"] for tag, a in page.tags if tag == "u"] == ["damaged"]


def test_a_heading_is_the_one_nearest_to_its_passage() -> None:
    page = _page(_parse("通知\n2023-05-13\n引言。\n上一篇:一、评选\n一、评选\n每年评选工匠。\n"))
    assert page.headings == ["一、评选"]
    assert page.aside == ["上一篇:一、评选"]


def test_a_heading_that_stands_nowhere_is_not_made_up() -> None:
    passages = [replace(passage, headings=("三、没有",)) for passage in SMALL.passages]
    page = _Reader(article_page(SMALL.document, passages, ()))
    assert page.headings == []
    assert page.article == SMALL.document.text
    assert "一、评选" in page.aside


def test_every_passage_leads_to_itself_and_its_neighbours() -> None:
    hrefs = _page(SMALL).hrefs()
    assert hrefs[:3] == ["../", "../figures", "../documents"]
    assert hrefs[3:] == [
        *("#p1", "#p2"),
        *("#p2", "#p1", "#p3"),
        *("#p3", "#p2", "#p4"),
        *("#p4", "#p3"),
    ]


def test_the_ways_out_leave_the_frame() -> None:
    tops = [a["href"] for tag, a in _page(SMALL).tags if tag == "a" and a.get("target") == "_top"]
    assert tops == ["../", "../figures", "../documents"]


def test_a_mark_may_reach_from_one_passage_into_the_next() -> None:
    text = SMALL.document.text
    start, end = text.index("占11.%"), text.index("两千元")
    page = _page(SMALL, (start, end), (text.index("打印"), text.index("打印") + 2))
    assert page.marked == ["占11.%。", "(二)", "奖金", "打印"]
    assert page.article == text


def test_text_from_outside_is_text() -> None:
    short = ATTACK[:30]
    body = f"{ATTACK}\n{ATTACK}\n2023-05-13\n一、{short}\n(一){ATTACK}。\n打印本页{short}\n"
    article = _parse(body)
    titled = replace(article.document, title=ATTACK, publisher=ATTACK, site=ATTACK, file=ATTACK)
    passages = [replace(p, document=titled, locator=f'"{ATTACK}') for p in article.passages]
    page = _Reader(article_page(titled, passages, ((3, 40),)))
    assert not {"img", "script"} & {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert page.article == body
    # In the title twice, as publisher, site and file, and of each passage in its own place.
    assert page.text.count(ATTACK) == 5 + len(passages) + body.count(ATTACK)


def test_where_there_is_nothing_to_show_the_page_says_why() -> None:
    page = _Reader(failure_page(f"没有 {ATTACK}", f"没有文章 {ATTACK}"))
    assert page.text.split() == f"没有 {ATTACK} 没有 {ATTACK} 没有文章 {ATTACK} 返回问答".split()
    assert page.hrefs() == ["../"]
    assert "img" not in dict(page.tags)
    assert "./" in _Reader(failure_page("", "", chat="./")).hrefs()


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["", "\u3000\u3000", "\xa0", "一、标题", "二、标题。", "()甲。()乙占11.%。", "(三)丙",
             "设为首页", "上一篇:某", "<b>", "&amp;", "2023-05-13", "某市总工会", "&#13;", "</p>"]
        ),
        st.text(st.characters(codec="utf-8"), max_size=40),
    ),
    max_size=12,
)  # fmt: skip
BREAKS = st.sampled_from(["\n", "\r\n", "\r", "\n\n"])
PAIRS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=4)


@given(LINES, BREAKS, PAIRS)
def test_whatever_the_text_it_is_shown_whole_and_in_order(
    lines: list[str], line_break: str, pairs: list[tuple[int, int]]
) -> None:
    text = line_break.join(lines)
    try:
        article = _parse(text)
    except ArticleError:
        return
    marks = parse_marks([f"{first}-{last}" for first, last in pairs], text)
    page = _page(article, *marks)
    assert page.article == text
    assert page.quotations == [passage.text for passage in article.passages]
    assert page.sections() == [f"p{n}" for n in range(1, len(article.passages) + 1)]
    within = {place for span in marks for place in range(*span)}
    every = "".join(text[place] for place in sorted(within))
    # Blanks between the blocks are not marked: there is nothing to see.
    assert "".join("".join(page.marked).split()) == "".join(every.split())


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
