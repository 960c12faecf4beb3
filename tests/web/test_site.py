"""The pages beside the chat, and the application that they are part of."""

import asyncio
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import docx
import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from changai import clock, records
from changai.indexing.build import build_index
from changai.pages import cards, original, transcripts
from changai.records import Exchange
from changai.search.index import Index
from changai.web.app import create_app
from changai.web.live import LiveIndex
from changai.web.settings import Settings
from support.pages import Strict
from support.servers import proxy, serving
from support.small import ARTICLE, OPENING, write_small

Answer = Any
"""A response of httpx or of its successor, whichever Starlette's client finds."""

BONUS = (
    "技能提升办法\n发布日期:2023-05-13\n宁波市总工会\n一、总体要求\n"
    "(一)2020年底,全市技能人才180万人,占11.%。\n"
    "(二)市总工会出台《技能评价办法》,每名工人补贴500元。\n"
)
TALENTS = "2020年技能人才多少?"
QUOTED = "2020年底,全市技能人才180万人,占11.%。"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two articles and their index."""
    folder = tmp_path_factory.mktemp("small")
    articles = write_small(folder)
    (articles / "奖励.txt").write_text(BONUS, encoding="utf-8")
    build_index(articles, folder)
    return folder


@pytest.fixture(scope="module")
def index(folder: Path) -> Index:
    return Index.open(folder)


# The settings of a server that Starlette's client may ask, as often as it likes.
SETTINGS = Settings(Path(), allowed_hosts=("testserver",), rate=0)


def application(open_index: Callable[[], Index]) -> ASGIApp:
    """The application, made where an event loop runs: else Gradio makes loops and closes none."""

    async def make() -> ASGIApp:
        return create_app(LiveIndex(open_index), SETTINGS)

    return asyncio.run(make())


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    with TestClient(application(lambda: Index.open(folder))) as client:
        yield client


@pytest.fixture(scope="module")
def unopened(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """What is served where there is no index."""
    empty = tmp_path_factory.mktemp("empty")
    return TestClient(application(lambda: Index.open(empty)))


def page(answer: Answer, status: int = 200) -> Strict:
    """The page that was answered with."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Strict(answer.text)


def back(answer: Answer) -> str:
    """Where a page's way back to the chat leads, below the path that a proxy serves it at."""
    tags = Strict(answer.text).tags
    link = next(each["href"] for tag, each in tags if tag == "a" and each["target"] == "_top")
    return urljoin(f"/chat{answer.url.path}", link)


def test_an_article_is_shown_whole_with_the_marks_that_its_address_names(
    client: TestClient,
) -> None:
    start = ARTICLE.index("安全帽")
    answer = client.get(f"/source/welders?mark={start}-{start + 3}&mark=0-6")
    assert page(answer).marked == ["焊工劳保办法", "安全帽"]
    for line in ARTICLE.split():
        assert line in page(answer).text
    assert "《技能评价办法》" not in page(answer).text
    assert back(answer) == "/chat/"


def test_a_card_leads_to_its_words(client: TestClient, index: Index) -> None:
    citation = index.ask(TALENTS).citations[0]
    card = Strict(cards.reply_card(Exchange(TALENTS, index.ask(TALENTS))))
    (link, *_) = [tag["href"] for name, tag in card.tags if name == "a"]
    assert link == original.link(citation.passage, citation.highlights)
    shown = page(client.get(f"/{link}"))
    start, end = citation.highlights[0]
    assert shown.marked == [citation.passage.text[start:end]]
    anchors = [attributes.get("id") for tag, attributes in shown.tags if tag == "section"]
    assert str(link).rpartition("#")[2] in anchors


@pytest.mark.parametrize(
    "query", ["mark=99990-99999", "mark=5-2", "mark=-1-3", "mark=", "mark=<b>", "marks=0-2", "x"]
)
def test_a_link_that_is_old_or_cut_short_still_opens_its_article(
    client: TestClient, query: str
) -> None:
    shown = page(client.get(f"/source/welders?{query}"))
    assert shown.marked == []
    assert "每名焊工每年发放安全帽两顶。" in shown.text


@pytest.mark.parametrize("name", ["none", "welders.txt", "<b>", "WELDERS"])
def test_an_article_that_is_not_there(client: TestClient, name: str) -> None:
    answer = client.get(f"/source/{name}")
    assert "收录的文章里没有这一篇" in page(answer, 404).text
    assert "没有这篇文章" in page(answer, 404).text
    assert back(answer) == "/chat/"


def into_articles(answer: Answer) -> list[str]:
    """The links of a page that lead into an article."""
    links = [str(attributes["href"]) for tag, attributes in page(answer).tags if tag == "a"]
    return [f"/{link}" for link in links if link.startswith("source/")]


def test_the_figures_lead_to_their_articles(client: TestClient) -> None:
    answer = client.get("/figures")
    assert "共 3 个数据，其中 1 个原文疑有识别错误" in page(answer).text
    assert [page(client.get(link)).marked for link in into_articles(answer)] == [
        ["全市技能人才180万人"],
        ["全市技能人才", "11.%"],
        ["每名工人补贴500元"],
    ]
    assert back(answer) == "/chat/"


def test_the_named_documents_lead_to_their_articles(client: TestClient) -> None:
    answer = client.get("/documents")
    assert "共提到 1 处。" in page(answer).text
    (link,) = into_articles(answer)
    assert page(client.get(link)).marked == ["《技能评价办法》"]
    assert back(answer) == "/chat/"


def saved(answer: Answer, media_type: str) -> str:
    """The name that a browser saves an answer under."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    kind, _, name = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert kind == "attachment"
    return unquote(name)


@pytest.mark.parametrize(
    ("path", "name", "row"),
    [
        (
            "/figures.csv",
            "数据一览.csv",
            ["全市技能人才", "180万人", "180万", "人", "1800000", "2020年底", ""],
        ),
        ("/documents.csv", "文件清单.csv", ["《技能评价办法》", "出台", ""]),
    ],
)
def test_the_tables_are_saved_under_a_chinese_name(
    client: TestClient, path: str, name: str, row: list[str]
) -> None:
    answer = client.get(path)
    assert saved(answer, "text/csv; charset=utf-8") == name
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    source = ["技能提升办法", "宁波市总工会", "2023-05-13"]
    assert row in [each[:-5] for each in rows if each[-5:-2] == source]


def turn(asked: str, meant: str = "", as_typed: bool = False) -> dict[str, Any]:
    return {"asked": asked, "meant": meant or asked, "as_typed": as_typed, "generation": ""}


def export(client: TestClient, suffix: str, turns: object) -> Answer:
    text = turns if isinstance(turns, str) else json.dumps(turns, ensure_ascii=False)
    headers = {"content-type": "application/json"}
    return client.post(f"/export/{suffix}", content=text.encode(), headers=headers)


TURNS = [turn("那2020年呢?", TALENTS), turn(f"<b>{OPENING[0]}")]


def test_a_conversation_is_exported_to_word(client: TestClient) -> None:
    before = clock.today()
    answer = export(client, "docx", TURNS)
    name = saved(answer, "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
    days = {before, clock.today()}
    assert name in {f"产改问答-{day.isoformat()}.docx" for day in days}
    paragraphs = [each.text for each in docx.Document(io.BytesIO(answer.content)).paragraphs]
    assert paragraphs[0] == "产改问答记录"
    asked = paragraphs.index("那2020年呢?")
    assert paragraphs[asked + 1 : asked + 3] == [f"理解为：{TALENTS}", f"“{QUOTED}”[1]"]
    refused = paragraphs.index(f"<b>{OPENING[0]}")
    assert paragraphs[refused + 1].startswith("文章未提及。")
    assert "[1] 《技能提升办法》，宁波市总工会，2023年5月13日，一(一) 段 查看原文" in paragraphs


def test_a_conversation_is_exported_to_markdown(client: TestClient, index: Index) -> None:
    answer = export(client, "md", TURNS)
    day = date.fromisoformat(
        saved(answer, "text/markdown; charset=utf-8").removeprefix("产改问答-").removesuffix(".md")
    )
    assert (clock.today() - day).days in (0, 1)
    exchanges = [Exchange(each["asked"], index.ask(each["meant"])) for each in TURNS]
    assert answer.content.decode() == transcripts.to_markdown(exchanges, day, f"{client.base_url}/")


def test_what_is_saved_leads_back_to_the_marked_words(folder: Path) -> None:
    app = application(lambda: Index.open(folder))
    with (
        serving(app, root_path="/chat") as upstream,
        serving(proxy(upstream)) as host,
        httpx.Client(base_url=f"{host}/chat", timeout=60) as client,
    ):

        def lead_to(saved: str) -> list[list[str]]:
            links = re.findall(rf"{re.escape(host)}/chat/source/[^,>\s]+", saved)
            return [page(httpx.get(link)).marked for link in links]

        assert lead_to(client.get("/figures.csv").text) == [
            ["全市技能人才180万人"],
            ["全市技能人才", "11.%"],
            ["每名工人补贴500元"],
        ]
        assert lead_to(client.get("/documents.csv").text) == [["《技能评价办法》"]]
        for suffix in ("md", "docx"):
            content = client.post(f"/export/{suffix}", json=[turn(TALENTS)]).content
            if suffix == "docx":
                paragraphs = docx.Document(io.BytesIO(content)).paragraphs
                content = "".join(link.url for p in paragraphs for link in p.hyperlinks).encode()
            assert lead_to(content.decode()) == [[QUOTED.removesuffix("。")]]


@pytest.mark.parametrize(("generation", "renewed"), [("", False), ("000001-before", True)])
def test_an_export_tells_that_the_articles_have_changed(
    client: TestClient, generation: str, renewed: bool
) -> None:
    turns = [turn(TALENTS) | {"generation": generation}]
    assert ("提问以后文章有过更新" in export(client, "md", turns).text) is renewed


def test_an_export_leaves_as_typed_what_was_typed(client: TestClient) -> None:
    mended, typed = (
        export(client, "md", [turn("安权帽发几顶?", as_typed=as_typed)]).text
        for as_typed in (False, True)
    )
    assert "理解为：安全帽发几顶?" in mended
    assert "理解为" not in typed


@pytest.mark.parametrize("suffix", ["docx", "md"])
@pytest.mark.parametrize(
    ("turns", "message"),
    [
        ("[", "网页送来的内容读不出来；请刷新网页后再试"),
        ("[" * 200_000, "网页送来的内容读不出来；请刷新网页后再试"),
        ("7", "要导出的问答读不出来；请刷新网页后再试"),
        ([], "一次可导出 1 至 300 个问答，这里有 0 个"),
        ([turn("技能")] * 301, "一次可导出 1 至 300 个问答，这里有 301 个"),
        ([turn("技能"), {"asked": "<b>技能"}], "网页送来的问答不完整；请刷新网页后再试"),
        ([turn("技能", "？？")], "问题里没有文字；请输入您想了解的内容"),
        ([turn("技能", "长" * 513)], "问题有 513 个字，超过 512 个；请缩短"),
    ],
)
def test_turns_that_cannot_be_exported(
    client: TestClient, suffix: str, turns: object, message: str
) -> None:
    answer = export(client, suffix, turns)
    shown = page(answer, 400)
    assert "出错了" in shown.text
    assert message in shown.text
    assert "没有这篇文章" not in shown.text
    assert back(answer) == "/chat/"


def test_an_export_that_no_page_asks_for(client: TestClient) -> None:
    answer = client.post("/export/pdf", json=[turn(TALENTS)])
    assert "网页送来的内容不完整" in page(answer, 400).text


class Overtaken(Index):
    """An index of which, whenever it has answered, a later generation is published, and taken up
    by another visitor."""

    folder: Path
    visit: Callable[[], object]

    def ask(self, *given: Any, **named: Any) -> records.Answer:
        answer = super().ask(*given, **named)
        line = f"\n第{self.corpus.generation}稿。"
        with (self.folder / "articles" / "welders.txt").open("a", encoding="utf-8") as article:
            article.write(line)
        build_index(self.folder / "articles", self.folder)
        self.visit()
        return answer


def test_an_answer_is_told_with_its_own_generation_though_another_is_published(
    small_folder: Path,
) -> None:
    before = Index.open(small_folder)

    def open_index() -> Index:
        index = Overtaken.open(small_folder)
        assert isinstance(index, Overtaken)
        index.folder, index.visit = small_folder, lambda: visitor.get("/figures")
        return index

    with TestClient(application(open_index)) as visitor:
        asked = {"question": OPENING[0], "earlier": [], "as_typed": False}
        told = visitor.post("/chat/answer", json=asked).json()
        assert told["turn"]["generation"] == before.corpus.generation
        assert told["corpus"] == cards.corpus_line(before.corpus)
        second = visitor.get("/healthz").json()["generation"]
        assert second != before.corpus.generation
        # Each of its questions is followed by a publication.
        turns = [turn(question) | {"generation": second} for question in (OPENING[0], TALENTS)]
        assert "提问以后文章有过更新" not in export(visitor, "md", turns).text
        assert visitor.get("/healthz").json()["generation"] != second


PATHS = ["/source/welders", "/figures", "/figures.csv", "/documents", "/documents.csv"]


@pytest.mark.parametrize("path", PATHS)
def test_where_there_is_no_index_the_page_says_so(unopened: TestClient, path: str) -> None:
    answer = unopened.get(path)
    assert "changai build" in page(answer, 503).text
    assert "没有这篇文章" not in page(answer, 503).text
    assert back(answer) == "/chat/"


def test_without_an_index_nothing_is_exported(unopened: TestClient) -> None:
    assert "changai build" in page(export(unopened, "docx", TURNS), 503).text


def test_a_fault_is_a_page_too() -> None:
    def fail() -> Index:
        raise RuntimeError("/home/secret")

    client = TestClient(application(fail), raise_server_exceptions=False)
    answer = client.get("/figures")
    assert "服务器出错了" in page(answer, 500).text
    assert "secret" not in answer.text
    assert back(answer) == "/chat/"


@pytest.mark.parametrize(
    "path", ["/figures.cvs", "/source", "/sourcee/x", "/a/b/c", "/export/docx"]
)
def test_an_address_that_is_not_there_leads_back(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert "没有这个网页" in page(answer, 404).text
    assert back(answer) == "/chat/"


@pytest.mark.parametrize("path", ["/", "/healthz", *PATHS])
def test_a_head_is_answered_like_the_page(client: TestClient, path: str) -> None:
    head, got = client.head(path), client.get(path)
    assert head.status_code == got.status_code == 200
    for name in ("content-type", "content-length", "content-disposition"):
        assert head.headers.get(name) == got.headers.get(name)


def test_programs_are_told_in_json_what_is_not_there(client: TestClient) -> None:
    answer = client.get("/api/nowhere")
    assert answer.status_code == 404
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ["/", "/healthz", "/api/openapi.json", *PATHS]),
        ("GET", "/source/none"),
        ("GET", "/nowhere"),
        ("POST", "/export/docx"),
    ],
)
def test_the_browser_is_told_to_load_nothing_from_elsewhere(
    client: TestClient, method: str, path: str
) -> None:
    headers = client.request(method, path).headers
    (policy,) = headers.get_list("content-security-policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["connect-src"] == rules["frame-ancestors"] == "'self'"
    assert rules["object-src"] == "'none'"
    sources = {source for rule in rules.values() for source in rule.split()}
    local = {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert sources <= local
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_what_other_programs_use_is_served_beside_the_page(
    client: TestClient, index: Index
) -> None:
    health = client.get("/healthz").json()
    assert (health["status"], health["documents"]) == ("ok", 2)
    expected = index.ask(TALENTS, k=2).to_dict()
    asked: dict[str, Any] = {"question": TALENTS, "k": 2}
    assert client.get("/api/ask", params=asked).json() == expected
    assert list(client.get("/api/openapi.json").json()["paths"]) == ["/ask"]


def test_a_link_from_before_a_change_marks_nothing_and_says_so(
    client: TestClient, index: Index
) -> None:
    citation = index.ask(TALENTS).citations[0]
    link = original.link(citation.passage, citation.highlights)
    assert "文章有过改动" not in page(client.get(f"/{link}")).text
    version = original.version(citation.passage.document)
    older = page(client.get(f"/{link.replace(version, '00000000')}"))
    assert older.marked == []
    assert "这个链接做好以后，文章有过改动" in older.text
