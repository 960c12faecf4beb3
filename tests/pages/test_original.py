"""The reader: the article whole and verbatim, and the links into it."""

from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert page.text == f"没有 {ATTACK}没有 {ATTACK}没有文章 {ATTACK}返回问答"
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
