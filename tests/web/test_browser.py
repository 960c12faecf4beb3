"""The page as a person and as a program meet it: a real server, a real browser."""

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from docx import Document
from playwright.sync_api import Browser, Download, expect

from changai.evaluation import feedback
from changai.evaluation.feedback import Opinion
from changai.indexing.build import build_index
from changai.pages import wording
from changai.records import AUDIENCES, Article
from changai.search.index import LONGEST_QUESTION, Index
from support.paths import ROOT
from support.servers import proxy, serving, serving_page
from support.small import CHECK_UP, HELMETS
from support.visits import ANSWER, DESK, PHONE, QUESTION, Visit, in_sight, visiting

IMAGE = "<img src=x onerror=\"document.title='hit'\">"
SCRIPT = "<script>document.title='hit'</script>"
BOLD = "<b onclick=alert(1)>"
DESCRIBED = f"""
publisher = "{BOLD}总工会"
url = "https://www.example.org/a.html"
hotline = {{number = "12333", name = "{BOLD}热线"}}
[[examples]]
question = "每名焊工每年发放几顶安全帽?"
topic = "{BOLD}帽子"
audience = "worker"
[[examples]]
question = "食堂几点开门?"
topic = "食堂"
audience = "worker"
"""
HOSTILE = (
    f"{SCRIPT}焊工劳保办法\n"
    f"每名焊工每年发放{IMAGE}安全帽20顶。\n"
    f"2020年培训{IMAGE}焊工2000名。\n"
    f"2020年修订《{IMAGE}安全帽管理办法》。\n"
    "食堂每日供应三餐。\n"
)


@pytest.fixture(scope="module")
def url(built_folder: Path) -> Iterator[str]:
    with serving_page(built_folder) as address:
        yield address


@pytest.fixture(scope="module")
def opinions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feedback") / "opinions.sqlite"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, opinions: Path) -> Iterator[str]:
    """A page whose article, and what describes it, hold markup, and which keeps opinions."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "articles").mkdir()
    (folder / "articles" / "welders.toml").write_text(DESCRIBED, encoding="utf-8")
    (folder / "articles" / "welders.txt").write_text(HOSTILE, encoding="utf-8")
    build_index(folder / "articles", folder)
    with serving_page(folder, "--feedback", str(opinions)) as address:
        yield address


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def visit(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Visit]:
    with visiting(browser, url, viewport=request.param) as opened:
        yield opened


@pytest.fixture
def desk(browser: Browser, url: str) -> Iterator[Visit]:
    """Where the size of the window plays no part."""
    clipboard = ["clipboard-read", "clipboard-write"]
    with visiting(browser, url, viewport=DESK, permissions=clipboard) as opened:
        yield opened


@pytest.mark.parametrize("path", ["", "figures", "source/ningbo-2023-05-13", "api/ask?question=焊"])
def test_the_browser_is_told_to_load_nothing_from_elsewhere(url: str, path: str) -> None:
    policy = httpx.get(url + path).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "connect-src 'self'" in policy


# ---- answers


def test_an_answer_leads_to_its_original_and_back(visit: Visit) -> None:
    page = visit.page
    exchange = visit.answer(QUESTION)
    expect(exchange.locator(".asked")).to_have_text(QUESTION)
    card = exchange.locator(".answer > .citation")
    expect(card.locator("> blockquote")).to_have_text(ANSWER)
    expect(card.locator(".place")).to_contain_text("五(三) · 五、集成化整合资源")
    expect(card.locator(".source")).to_contain_text("以“五化联动”促“产育融合”")
    expect(card.locator(".source")).to_contain_text("产业工人队伍建设改革联席会议办公室")
    expect(card.locator(".source")).to_contain_text("2023-05-13")
    assert in_sight(card)
    assert in_sight(page.locator("#question"))
    expect(page.locator("#question")).to_have_value("")
    expect(page.locator("#status")).to_have_text("找到原文 1 处：五(三)")
    expect(page.locator("#source")).to_be_hidden()
    passage = card.locator(".quotation")
    expect(passage).to_be_hidden()
    card.get_by_text("整段原文").click()
    expect(passage).to_be_visible()
    expect(passage.locator("mark")).to_have_text(ANSWER)

    link = card.get_by_role("link", name="查看原文")
    link.click()
    mark = visit.reader.locator("mark")
    expect(mark).to_have_text(ANSWER)
    expect(mark).to_be_in_viewport()
    assert in_sight(mark)
    expect(visit.reader.locator("section:target .quotation")).to_have_text(passage.inner_text())
    beside = page.viewport_size == DESK
    assert in_sight(page.locator("#question")) is beside
    visit.reader.get_by_role("link", name="上一段").last.click()
    expect(visit.reader.locator("section:target")).to_contain_text("推出普惠型补充医疗保险工惠保")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="在新页打开").click()
    expect(opened.value.locator("section:target")).to_contain_text("推出普惠型补充医疗保险工惠保")
    opened.value.close()

    page.get_by_role("button", name="关闭原文").click()
    expect(page.locator("#source")).to_be_hidden()
    expect(link).to_be_focused()
    assert in_sight(link)


def test_back_closes_the_original(visit: Visit) -> None:
    page, source = visit.page, visit.page.locator("#source")
    link = visit.answer(QUESTION).get_by_role("link", name="查看原文").first
    entries = page.evaluate("history.length")
    link.click()
    expect(visit.reader.locator("section:target mark")).to_be_in_viewport()
    page.go_back()
    expect(source).to_be_hidden()
    expect(link).to_be_focused()
    assert in_sight(link)
    page.go_forward()
    expect(visit.reader.locator("section:target mark")).to_be_in_viewport()
    visit.reader.get_by_role("link", name="上一段").last.click()
    expect(visit.reader.locator("section:target mark")).to_have_count(0)
    page.go_back()
    expect(source).to_be_hidden()
    for _ in range(2):
        link.click()
        expect(visit.reader.locator("section:target mark")).to_be_in_viewport()
        page.get_by_role("button", name="关闭原文").click()
        expect(link).to_be_focused()
    assert page.evaluate("history.length") == entries + 1
    expect(page.locator(".exchange")).to_have_count(1)
    page.go_back()
    expect(page).to_have_url("about:blank")


def test_closing_twice_at_once_does_not_leave_the_chat(visit: Visit) -> None:
    page, close = visit.page, visit.page.get_by_role("button", name="关闭原文")
    visit.answer(QUESTION)
    page.get_by_label("干部").check()
    page.get_by_role("link", name="数据一览").click()
    visit.reader.locator("tbody").get_by_role("link").first.click()
    expect(visit.reader.locator("section:target mark").first).to_be_in_viewport()
    # Both come before the history has moved.
    close.evaluate("button => { button.click(); button.click(); }")
    expect(page.locator("#source")).to_be_hidden()
    link = page.get_by_role("link", name="数据一览")
    link.click()
    close.dblclick()
    expect(link).to_be_focused()
    link.click()
    expect(visit.reader.get_by_role("heading", name="数据一览")).to_be_in_viewport()
    page.evaluate("history.replaceState(null, '')")
    close.click()
    expect(link).to_be_focused()
    expect(page.locator(".exchange")).to_have_count(1)


def test_back_goes_through_what_was_opened(visit: Visit) -> None:
    page, reader = visit.page, visit.reader
    visit.answer(QUESTION)
    page.get_by_label("干部").check()
    page.get_by_role("link", name="数据一览").click()
    reader.locator("tbody").get_by_role("link").first.click()
    mark = reader.locator("section:target mark").first
    expect(mark).to_be_in_viewport()
    page.go_back()
    expect(reader.get_by_role("heading", name="数据一览")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("#source")).to_be_hidden()
    expect(page.get_by_role("link", name="数据一览")).to_be_focused()
    page.go_forward()
    page.go_forward()
    expect(mark).to_be_in_viewport()
    page.reload()
    expect(mark).to_be_in_viewport()
    page.go_back()
    expect(reader.get_by_role("heading", name="数据一览")).to_be_in_viewport()
    page.go_forward()
    expect(mark).to_be_in_viewport()
    page.get_by_role("button", name="关闭原文").click()
    expect(page.locator("#source")).to_be_hidden()
    expect(page.locator(".exchange")).to_have_count(1)
    page.go_back()
    expect(page).to_have_url("about:blank")


def test_the_way_back_is_one_before_the_original_has_loaded(desk: Visit) -> None:
    desk.answer(QUESTION).get_by_role("link", name="查看原文").first.click()
    expect(desk.reader.locator("section:target mark")).to_be_in_viewport()
    # As the link works where nothing listens yet.
    with desk.page.expect_navigation():
        desk.page.evaluate(
            """() => {
                const link = document.body.appendChild(document.createElement('a'));
                link.href = './';
                link.click();
            }"""
        )
    expect(desk.page.locator("#corpus")).to_contain_text("文章")
    expect(desk.page.locator(".exchange")).to_have_count(1)
    expect(desk.page.locator("#source")).to_be_hidden()


def test_on_a_phone_the_original_stands_below_the_chat(visit: Visit) -> None:
    page = visit.page
    visit.answer(QUESTION).get_by_role("link", name="查看原文").first.click()
    assert in_sight(page.get_by_role("button", name="关闭原文"))
    chat, source = (page.locator(each).bounding_box() for each in ("#room", "#source"))
    assert chat is not None
    assert source is not None
    if page.viewport_size == PHONE:
        assert source["y"] >= chat["y"] + chat["height"]
    else:
        assert source["x"] >= chat["x"] + chat["width"]


def test_a_link_is_opened_in_a_page_of_its_own_where_that_is_wanted(desk: Visit) -> None:
    link = desk.answer(QUESTION).get_by_role("link", name="查看原文").first
    with desk.page.context.expect_page() as opened:
        link.click(modifiers=["ControlOrMeta"])
    expect(opened.value.locator("mark")).to_have_text(ANSWER)
    expect(desk.page.locator("#source")).to_be_hidden()


def test_damaged_figures_are_underlined_and_remarked_on(desk: Visit) -> None:
    card = desk.answer("产业工人在市人大代表中占多少比例?").locator(".citation").first
    card.get_by_text("整段原文").click()
    damaged = card.locator(".quotation u.damaged")
    expect(damaged).to_have_text(["69:", "11.%", "2专"])
    for figure in damaged.all():
        expect(figure).to_have_css("text-decoration-style", "wavy")
    expect(card.locator(".remark")).to_contain_text(["原文疑有识别错误：“产业工人占69:"])


def test_a_dated_figure_is_shown_with_its_date(desk: Visit) -> None:
    card = desk.answer("宁波市技能人才总量是多少?").locator(".answer > .citation")
    expect(card.locator(".remark")).to_have_text(
        "数据时点：截至 2020 年底（文章发布于 2023-05-13）"
    )
    expect(card.locator(".damaged")).to_have_count(0)
    expect(card.locator("time")).to_have_text(["2023-05-13", "2023-05-13"])
    for day in card.locator("time").all():
        expect(day).to_have_css("white-space", "nowrap")


def test_what_is_not_covered_is_said_with_the_reason_and_the_hotline(visit: Visit) -> None:
    exchange = visit.answer("工惠保一年保费多少钱?")
    expect(exchange.locator(".answer")).to_have_count(0)
    expect(exchange.locator(".verdict")).to_have_text("文章未提及")
    expect(exchange.locator(".note")).to_contain_text("提到“工惠保”，但没有说：保费")
    expect(exchange.get_by_role("link", name="12351")).to_be_visible()
    expect(exchange.locator(".citation").first).to_be_hidden()
    exchange.get_by_text("最接近的段落，不能当作答案").click()
    expect(exchange.locator(".citation:visible")).to_have_count(3)
    visit.page.get_by_label("干部").check()
    expect(exchange.get_by_role("link", name="12351")).to_be_hidden()
    expect(exchange.locator(".note")).to_contain_text("没有说：保费")


def test_a_follow_up_shows_what_it_means_and_can_be_taken_back(visit: Visit) -> None:
    page = visit.page
    first = visit.answer("技能人才总量多少?")
    expect(first.locator(".meaning")).to_have_count(0)
    second = visit.answer("那高技能人才呢?")
    expect(second.locator(".meaning span")).to_have_text("高技能人才总量多少?")
    expect(second.locator(".answer > .citation > blockquote")).to_contain_text("55.13")
    expect(second.locator(".asked")).to_have_text("那高技能人才呢?")
    assert in_sight(second.locator(".answer > .citation"))
    assert in_sight(page.locator("#question"))
    second.get_by_role("button", name="按原话再问").press("Enter")
    expect(second.locator(".meaning")).to_have_count(0)
    expect(second.locator(".citation").first).to_be_attached()
    expect(page.locator("#chat .asked")).to_have_text(["技能人才总量多少?", "那高技能人才呢?"])


def test_a_mended_spelling_is_shown_and_taken_back_in_the_same_way(desk: Visit) -> None:
    exchange = desk.answer("2020年推优入挡多少名?")
    expect(exchange.locator(".meaning")).to_have_text("理解为：2020年推优入党多少名? 按原话再问")
    exchange.get_by_role("button", name="按原话再问").click()
    expect(exchange.locator(".meaning")).to_have_count(0)
    expect(exchange.locator(".citation").first).to_be_attached()
    expect(exchange.locator(".asked")).to_have_text("2020年推优入挡多少名?")


def test_a_follow_up_with_a_misspelling_has_one_meaning(desk: Visit) -> None:
    desk.answer("2020年推优入挡多少名?")
    second = desk.answer("2021年呢?")
    expect(second.locator(".meaning")).to_have_text("理解为：2021年推优入党多少名? 按原话再问")


def test_a_fast_typist_loses_nothing(visit: Visit) -> None:
    asked = ["技能人才总量多少?", "那高技能人才呢?", QUESTION]
    for question in asked:
        visit.page.locator("#question").press_sequentially(question)
        visit.page.locator("#question").press("Enter")
    expect(visit.page.locator("#chat .exchange")).to_have_count(3)
    said = visit.page.locator("#chat .answer > .citation:first-of-type > blockquote")
    expect(said).to_contain_text(["180.15万人", "55.13万人", ANSWER])
    expect(visit.page.locator("#chat .asked")).to_have_text(asked)


def test_enter_ends_composing_and_does_not_send(desk: Visit) -> None:
    box = desk.page.locator("#question")
    box.focus()
    browser = desk.page.context.new_cdp_session(desk.page)
    composed = {"text": "jineng", "selectionStart": 6, "selectionEnd": 6}
    browser.send("Input.imeSetComposition", composed)
    # An input method keeps the Enter for itself: it is a key that writes nothing.
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
    browser.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    browser.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    expect(box).to_have_value("jineng")
    expect(desk.page.locator("#chat .exchange")).to_have_count(0)
    browser.send("Input.insertText", {"text": "技能"})
    expect(box).to_have_value("技能")
    box.press("Enter")
    expect(desk.page.locator("#chat .asked")).to_have_text(["技能"])


def test_shift_and_enter_make_a_new_line(desk: Visit) -> None:
    box = desk.page.locator("#question")
    box.press_sequentially("技能人才")
    box.press("Shift+Enter")
    box.press_sequentially("总量多少?")
    expect(box).to_have_value("技能人才\n总量多少?")
    expect(desk.page.locator("#chat .exchange")).to_have_count(0)
    box.press("Enter")
    expect(desk.page.locator("#chat .asked")).to_have_text("技能人才\n总量多少?")
    expect(desk.page.locator("#chat .answer blockquote").first).to_contain_text("180.15万人")


@pytest.mark.parametrize("send", ["Enter", "button"])
def test_what_cannot_be_asked_gets_a_hint_and_is_kept(visit: Visit, send: str) -> None:
    box, hint = visit.page.locator("#question"), visit.page.get_by_role("alert")
    for question, told in [
        ("", "请先输入问题。"),
        ("  ", "请先输入问题。"),
        ("长" * 600, f"问题有 600 个字，超过 {LONGEST_QUESTION} 个；请缩短。"),
    ]:
        box.fill(question)
        if send == "Enter":
            box.press("Enter")
        else:
            visit.page.get_by_role("button", name="提问").click()
        expect(hint).to_have_text(told)
        assert in_sight(hint)
        expect(box).to_have_value(question)
        expect(box).to_be_focused()
        assert in_sight(box)
    expect(visit.page.locator("#chat .exchange")).to_have_count(0)
    box.fill("技能")
    expect(hint).to_have_text("")


def test_what_is_no_question_gets_a_word_of_advice(desk: Visit) -> None:
    corpus = desk.page.locator("#corpus")
    expect(corpus).to_contain_text("文章 1 篇")
    exchange = desk.answer("？？")
    expect(exchange.locator(".note")).to_contain_text("请输入")
    expect(corpus).to_contain_text("文章 1 篇")
    expect(desk.page.locator("#exports")).to_be_hidden()


def test_a_conversation_cleared_is_forgotten(desk: Visit) -> None:
    desk.answer("技能人才总量多少?")
    desk.page.get_by_role("button", name="清空").click()
    expect(desk.page.locator("#chat .exchange")).to_have_count(0)
    expect(desk.page.locator("#exports")).to_be_hidden()
    exchange = desk.answer("那高技能人才呢?")
    expect(exchange.locator(".meaning")).to_have_count(0)


def test_clearing_can_be_undone_until_the_next_question(visit: Visit) -> None:
    page, cleared = visit.page, visit.page.locator("#cleared")
    clear, undo = (page.get_by_role("button", name=name) for name in ("清空", "撤销"))
    first = visit.answer("技能人才总量多少?")
    said = first.inner_text()
    clear.click()
    expect(page.locator(".exchange")).to_have_count(0)
    expect(cleared).to_have_text("已清空。撤销")
    expect(page.locator("#question")).to_be_focused()
    assert in_sight(undo)
    undo.click()
    expect(first).to_have_text(said, use_inner_text=True)
    expect(cleared).to_be_empty()
    expect(clear).to_be_focused()
    page.reload()
    expect(page.locator(".exchange")).to_have_count(1)
    second = visit.answer("那高技能人才呢?")
    expect(second.locator(".meaning span")).to_have_text("高技能人才总量多少?")
    clear.click()
    visit.answer(QUESTION)
    expect(cleared).to_be_empty()
    expect(page.locator(".asked")).to_have_text([QUESTION])


def test_one_visitor_never_leans_on_another(browser: Browser, url: str) -> None:
    with visiting(browser, url) as one, visiting(browser, url) as other:
        one.answer("技能人才总量多少?")
        exchange = other.answer("那高技能人才呢?")
        expect(exchange.locator(".citation").first).to_be_attached()
        expect(exchange.locator(".meaning")).to_have_count(0)


def test_a_long_conversation_works_to_its_end(browser: Browser, url: str, ningbo: Article) -> None:
    with visiting(browser, url) as visit:
        page = visit.page
        topics = [example.question for example in ningbo.document.examples]
        asked = [topics[number % len(topics)] for number in range(200)]
        for question in asked:
            visit.ask(question)
        expect(page.locator(".exchange[data-turn]")).to_have_count(200, timeout=300_000)
        exchange = visit.answer(QUESTION)
        expect(exchange.locator(".answer blockquote").first).to_have_text(ANSWER)
        assert in_sight(exchange.locator(".answer > .citation"))
        expect(page.locator("#chat .asked")).to_have_text([*asked, QUESTION])
        page.get_by_label("干部").check()
        with page.expect_download() as download:
            page.locator("#exports").get_by_role("button", name="Markdown").click()
        assert headings(download.value) == [*asked, QUESTION, "引用文献"]
        link = page.locator(".exchange").first.get_by_role("link", name="查看原文").first
        link.click()
        expect(visit.reader.locator("section:target mark").first).to_be_in_viewport()
        page.get_by_role("button", name="关闭原文").click()
        expect(link).to_be_focused()
        assert in_sight(link)


# ---- the two audiences


def test_each_audience_has_its_own_and_is_remembered(visit: Visit, ningbo: Article) -> None:
    page = visit.page
    exchange = visit.answer("技能人才总量多少?")
    page.get_by_role("button", name="清空").click()
    worker, official = (
        page.locator("#examples button").filter(
            has_text=next(e.topic for e in ningbo.document.examples if e.audience == audience)
        )
        for audience in AUDIENCES
    )
    tables = page.get_by_role("navigation", name="资料").get_by_role("link")

    def expect_worker() -> None:
        expect(page.get_by_label("职工")).to_be_checked()
        expect(worker).to_be_visible()
        expect(page.locator("#examples button:visible")).to_have_count(5)
        expect(tables).to_have_count(0)

    def expect_official() -> None:
        expect(page.get_by_label("干部")).to_be_checked()
        expect(official).to_be_visible()
        expect(page.locator("#examples button:visible")).to_have_count(5)
        expect(tables).to_have_text(["数据一览", "文件清单"])

    expect_worker()
    page.get_by_label("干部").check()
    expect_official()
    page.reload()
    expect_official()
    official.click()
    exchange = page.locator("#chat .exchange")
    expect(exchange.locator(".asked")).to_have_text("宁波市技能人才总量是多少?")
    expect(exchange.locator(".answer blockquote").first).to_contain_text("180.15万人")
    exports = exchange.locator(".tools").get_by_role("button")
    expect(exports).to_have_text(["Word", "Markdown"])
    page.get_by_label("职工").check()
    expect(exports).to_have_count(0)
    expect_worker()
    page.reload()
    expect_worker()


# ---- taking it along


def text_of(download: Download) -> str:
    return Path(download.path()).read_text(encoding="utf-8")


def headings(download: Download) -> list[str]:
    """Those of Markdown."""
    return re.findall(r"^## (.*)", text_of(download), re.MULTILINE)


def paragraphs(download: Download) -> list[str]:
    document = Document(io.BytesIO(Path(download.path()).read_bytes()))
    return [paragraph.text for paragraph in document.paragraphs]


def test_one_answer_or_all_can_be_taken_along(visit: Visit, index: Index) -> None:
    page = visit.page
    page.get_by_label("干部").check()
    visit.answer("技能人才总量多少?")
    follow_up = visit.answer("那高技能人才呢?")
    visit.answer("工惠保一年保费多少钱?")
    first, second = (
        index.ask(question).citations[0]
        for question in ["技能人才总量多少?", "高技能人才总量多少?"]
    )

    def saved(where: str, name: str) -> Download:
        with page.expect_download() as download:
            scope = follow_up.locator(".tools") if where == "one" else page.locator("#exports")
            scope.get_by_role("button", name=name).click()
        return download.value

    one, every = saved("one", "Word"), saved("all", "Word")
    assert re.fullmatch(r"产改问答-\d{4}-\d\d-\d\d\.docx", one.suggested_filename)
    assert "技能人才总量多少?" not in paragraphs(one)
    assert {
        "那高技能人才呢?",
        "理解为：高技能人才总量多少?",
        f"“{second.passage.text}”[1]",
        f"[1] {wording.reference(second)} 查看原文",
    } <= set(paragraphs(one))
    assert {
        "技能人才总量多少?",
        f"“{first.passage.text}”[1]",
        "那高技能人才呢?",
        "工惠保一年保费多少钱?",
        "文章未提及。最接近的段落提到“工惠保”，但没有说：保费、金额。",
    } <= set(paragraphs(every))

    one, every = saved("one", "Markdown"), saved("all", "Markdown")
    assert re.fullmatch(r"产改问答-\d{4}-\d\d-\d\d\.md", one.suggested_filename)
    assert headings(one) == ["那高技能人才呢?", "引用文献"]
    assert headings(every) == [
        *("技能人才总量多少?", "那高技能人才呢?", "工惠保一年保费多少钱?", "引用文献")
    ]
    expect(page.locator("#chat .exchange")).to_have_count(3)
    # Nothing waits for the reader, which may still be loading what was closed.
    page.evaluate("document.querySelector('iframe').contentWindow.location.replace('figures')")
    expect(visit.reader.locator("h1")).to_have_text("数据一览")
    page.frames[1].wait_for_load_state()
    expect(page.locator("#source")).to_be_hidden()


def test_what_cannot_be_exported_is_told_below_the_conversation(visit: Visit) -> None:
    page, hint = visit.page, visit.page.get_by_role("alert")
    exchange = visit.answer(QUESTION)
    page.get_by_label("干部").check()
    page.get_by_role("link", name="数据一览").click()
    table = visit.reader.get_by_role("heading", name="数据一览")
    expect(table).to_be_in_viewport()
    shown, entries = page.frames[1].url, page.evaluate("history.length")
    turn = exchange.evaluate(
        "each => { const {turn} = each.dataset; each.dataset.turn = '{}'; return turn; }"
    )
    for scope in (exchange, page.locator("#exports")):
        scope.get_by_role("button", name="Word").click()
        expect(hint).to_have_text("网页送来的问答不完整；请刷新网页后再试")
        assert in_sight(hint)
        page.locator("#question").press("1")
        expect(hint).to_be_empty()
    exchange.get_by_role("button", name="Word").click()
    expect(hint).not_to_be_empty()
    exchange.evaluate("(each, turn) => { each.dataset.turn = turn; }", turn)
    with page.expect_download() as download:
        exchange.get_by_role("button", name="Word").click()
    assert QUESTION in paragraphs(download.value)
    expect(hint).to_be_empty()
    assert page.frames[1].url == shown
    assert page.evaluate("history.length") == entries
    page.reload()
    expect(table).to_be_in_viewport()
    page.get_by_role("button", name="关闭原文").click()
    expect(page.locator("#source")).to_be_hidden()
    # The browser reports the answers' status.
    assert [complaint for complaint in visit.complaints if "400" not in complaint] == []
    visit.complaints.clear()


@pytest.mark.parametrize("over", ["https", "http"])
def test_a_quotation_is_copied_with_its_reference(desk: Visit, index: Index, over: str) -> None:
    page = desk.page
    if over == "http":
        # What a browser withholds from a page that came over plain HTTP from another machine.
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    [citation] = index.ask(QUESTION, k=1).citations
    button = desk.answer(QUESTION).get_by_role("button", name="复制引文").first
    label = page.locator(".actions button").first
    button.click()
    expect(label).to_have_text("已复制")
    expect(page.locator("#status")).to_have_text("已复制")
    label.click()
    expect(label).to_have_text("复制引文")
    page.locator("#question").press("Control+v")
    expect(page.locator("#question")).to_have_value(f"“{ANSWER}”（{wording.reference(citation)}）")


def test_a_copied_link_opens_at_the_passage_without_scripts(
    desk: Visit, browser: Browser, url: str
) -> None:
    desk.answer(QUESTION).get_by_role("button", name="复制链接").first.click()
    expect(desk.page.locator("#status")).to_have_text("已复制")
    address = desk.page.evaluate("navigator.clipboard.readText()")
    assert address.startswith(f"{url}source/")
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("mark")).to_have_text(ANSWER)
    expect(page.locator("mark")).to_be_in_viewport()
    page.get_by_role("link", name="返回问答").click()
    expect(page).to_have_url(url)
    # Of another version the notice is in sight at the passage.
    page.goto(re.sub("of=[0-9a-f]+", "of=00000000", address))
    assert in_sight(page.get_by_text("这个链接做好以后，文章有过改动"))
    assert in_sight(page.locator("section:target .place"))
    expect(page.locator("mark")).to_have_count(0)
    context.close()


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


# ---- opinions


def test_opinions_are_not_asked_for_unless_they_are_kept(desk: Visit) -> None:
    exchange = desk.answer(QUESTION)
    expect(exchange.locator(".citation").first).to_be_visible()
    expect(exchange.get_by_text("这个回答有用吗?")).to_be_hidden()
    expect(exchange.get_by_role("button", name="有用")).to_have_count(0)


def test_opinions_are_kept(browser: Browser, hostile: str, opinions: Path) -> None:
    with visiting(browser, hostile) as visit:
        first, second = visit.answer("食堂供应几餐?"), visit.answer("工惠保保费多少?")
        first.get_by_role("button", name="有用").dblclick()
        expect(first.get_by_role("status")).to_have_text("谢谢，已记下。")
        expect(first.get_by_text("这个回答有用吗?")).to_have_count(0)
        expect(first).to_be_focused()
        second.get_by_text("补充说明").click()
        second.get_by_label("请勿写姓名").fill("想知道<b>保费</b>")
        # In one go, so that the focus has gone elsewhere when it is kept.
        second.get_by_role("button", name="没用").evaluate(
            """button => {
                button.focus();
                button.click();
                document.querySelector('#question').focus();
            }"""
        )
        expect(second.get_by_role("status")).to_have_text("谢谢，已记下。")
        expect(visit.page.locator("#question")).to_be_focused()
        visit.page.reload()
        expect(second.get_by_role("status")).to_have_text("谢谢，已记下。")
        expect(visit.page.get_by_text("这个回答有用吗?")).to_have_count(0)
    kept = feedback.read(opinions)
    day = kept[0].day
    assert kept == [
        Opinion("食堂供应几餐?", ("食堂每日供应三餐",), True, "", day),
        Opinion("工惠保保费多少?", (), False, "想知道<b>保费</b>", day),
    ]


# ---- what outlives what


def test_a_rebuild_is_taken_up_by_a_page_that_is_open(browser: Browser, small_folder: Path) -> None:
    with serving_page(small_folder) as address, visiting(browser, address) as visit:
        page, corpus = visit.page, visit.page.locator("#corpus")
        visit.answer(CHECK_UP[0])
        expect(corpus).to_contain_text("文章 1 篇，段落 4 个；索引 000001")
        page.evaluate("window.never_reloaded = true")
        articles = small_folder / "articles"
        (articles / "b.txt").write_text("标题\n每名电工发放绝缘靴一双。\n", encoding="utf-8")
        build_index(articles, small_folder)
        exchange = visit.answer("电工发绝缘靴吗?")
        expect(exchange.locator(".citation .quotation").first).to_have_text(
            "每名电工发放绝缘靴一双。"
        )
        expect(corpus).to_contain_text("文章 2 篇，段落 6 个；索引 000002")
        outdated = page.get_by_text("文章已更新，这个回答是更新以前的")
        expect(page.locator(".exchange").first.locator(outdated)).to_be_visible()
        expect(outdated).to_have_count(1)
        page.reload()
        expect(page.locator(".exchange").first.locator(outdated)).to_be_visible()
        expect(outdated).to_have_count(1)
        page.evaluate("window.never_reloaded = true")
        (small_folder / "built" / "current.json").write_text("{", encoding="utf-8")
        exchange = visit.answer("电工发绝缘靴吗?")
        expect(exchange.locator(".citation").first).to_be_attached()
        assert page.evaluate("window.never_reloaded")
        expect(page.locator("#chat .exchange")).to_have_count(3)


def test_a_server_that_was_gone_can_be_asked_again(browser: Browser, small_folder: Path) -> None:
    with ExitStack() as stack:
        with serving_page(small_folder) as address:
            visit = stack.enter_context(visiting(browser, address))
            visit.answer(CHECK_UP[0])
        exchange = visit.answer(HELMETS[0])
        expect(exchange.locator(".note")).to_contain_text("连不上服务器")
        visit.page.locator("#exports").get_by_role("button", name="Word").click()
        expect(visit.page.get_by_role("alert")).to_contain_text("没有导出")
        with serving_page(small_folder, port=urlsplit(address).port or 0):
            exchange.get_by_role("button", name="再试一次").click()
            expect(exchange.locator("blockquote").first).to_contain_text("安全帽两顶")
        expect(visit.page.locator("#chat .asked")).to_have_text([CHECK_UP[0], HELMETS[0]])
        assert all("ERR_CONNECTION_REFUSED" in complaint for complaint in visit.complaints)
        visit.complaints.clear()


# ---- text from outside


@pytest.mark.parametrize(
    "attack", [IMAGE, SCRIPT, "<b>粗</b> **粗** $x^2$ [链](javascript:void) `码` &lt;"]
)
def test_markup_in_a_question_is_text(visit: Visit, attack: str) -> None:
    page = visit.page
    question = f"{attack}2020年推优入党多少名?"
    exchange = visit.answer(question)
    expect(exchange.locator(".asked")).to_have_text(question)
    expect(exchange.locator(".citation").first).to_be_attached()
    if attack in (IMAGE, SCRIPT):
        follow_up = visit.answer("2021年呢?")
        expect(follow_up.locator(".meaning span")).to_have_text(f"{attack}2021年推优入党多少名?")
    made = page.locator("#chat").locator("img, script, b, strong, code, [href^=javascript]")
    expect(made).to_have_count(0)
    page.get_by_label("干部").check()
    with page.expect_download() as download:
        page.locator("#exports").get_by_role("button", name="Word").click()
    assert any(question in text for text in paragraphs(download.value))
    assert page.title() == "产改问答"


def test_markup_in_an_article_is_text(browser: Browser, hostile: str) -> None:
    with visiting(browser, hostile, viewport=DESK) as visit:
        page, reader = visit.page, visit.reader
        exchange = visit.answer("焊工一年发几顶安全帽?")
        exchange.get_by_text("最接近的段落，不能当作答案").click()
        exchange.get_by_text("整段原文").first.click()
        card = exchange.locator(".citation").first
        expect(card.locator(".quotation")).to_have_text(f"每名焊工每年发放{IMAGE}安全帽20顶。")
        expect(card.locator(".source")).to_contain_text(f"{SCRIPT}焊工劳保办法")
        expect(page.locator("#chat :is(img, script)")).to_have_count(0)
        card.get_by_role("link", name="查看原文").click()
        expect(reader.locator("h1")).to_have_text(f"{SCRIPT}焊工劳保办法")
        expect(reader.locator("article")).to_contain_text(IMAGE)
        expect(reader.locator(":is(img, script)")).to_have_count(0)
        page.get_by_label("干部").check()
        for table, words in [("数据一览", "2000名"), ("文件清单", f"{IMAGE}安全帽管理办法")]:
            page.get_by_role("link", name=table).click()
            expect(reader.locator("tbody")).to_contain_text(words)
            expect(reader.locator("img")).to_have_count(0)
            expect(reader.locator("script")).to_have_count(1)
        assert page.title() == "产改问答"
        assert [frame.title() for frame in page.frames] == ["产改问答", "文件清单"]


# ---- below a path of a reverse proxy


def test_all_works_below_a_path(browser: Browser, built_folder: Path) -> None:
    with (
        serving_page(built_folder, "--root-path", "/chat") as upstream,
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


def test_the_readmes_example_for_programs_works(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(import json\n.*?)```", readme, re.DOTALL)
    exec(example.replace("http://127.0.0.1:7860/", url), {})  # noqa: S102
    assert ANSWER in capsys.readouterr().out


def test_a_conversation_outlives_a_reload_until_it_is_cleared(desk: Visit) -> None:
    desk.answer("技能人才总量多少?")
    desk.page.reload()
    exchange = desk.page.locator(".exchange")
    expect(exchange.locator("blockquote").first).to_contain_text("180.15万人")
    desk.answer("那高技能人才呢?")
    expect(exchange.last.locator(".meaning span")).to_have_text("高技能人才总量多少?")
    desk.page.locator("#forget").click()
    desk.page.reload()
    expect(desk.page.locator("#corpus")).to_contain_text("文章")
    expect(exchange).to_have_count(0)


def test_the_way_back_from_the_tables_keeps_the_conversation(desk: Visit) -> None:
    desk.answer(QUESTION)
    desk.page.get_by_label("干部").check()
    desk.page.get_by_role("link", name="数据一览").click()
    expect(desk.reader.locator("tbody tr").first).to_be_visible()
    desk.reader.get_by_role("link", name="返回问答").click()
    expect(desk.page.locator("#source")).to_be_hidden()
    expect(desk.page.locator(".exchange")).to_have_count(1)


def test_examples_that_the_articles_answer_are_offered(browser: Browser, hostile: str) -> None:
    with visiting(browser, hostile) as visit:
        page = visit.page
        expect(page.locator("#examples button")).to_have_text(
            [f"{BOLD}帽子 每名焊工每年发放几顶安全帽?"]
        )
        expect(page.locator("#examples :visible").first).to_be_in_viewport()
        page.locator("#examples button").click()
        expect(page.locator(".exchange blockquote").first).to_contain_text("安全帽20顶")
        page.get_by_role("button", name="清空").click()
        page.get_by_label("干部").check()
        expect(page.locator("#examples button:visible")).to_have_count(0)
        expect(page.locator("#examples p:visible")).to_have_text(
            "请在下面写出想问的事，一次问一件。"
        )
        visit.answer("食堂几点开门?")
        expect(page.locator("#examples p:visible")).to_have_count(0)


def test_a_link_to_where_an_article_was_published_opens_elsewhere(
    browser: Browser, hostile: str
) -> None:
    address = "https://www.example.org/a.html"
    with visiting(browser, hostile) as visit:
        context = visit.page.context
        context.route("https://www.example.org/**", lambda route: route.fulfill(body="elsewhere"))
        exchange = visit.answer("每名焊工每年发放几顶安全帽?")
        with context.expect_page() as opened:
            exchange.get_by_role("link", name="来源网页").first.click()
        assert opened.value.url == address
        exchange.get_by_role("link", name="查看原文").first.click()
        with context.expect_page() as opened:
            visit.reader.get_by_role("link", name=address).click()
        assert opened.value.url == address
        expect(visit.reader.locator("section:target")).to_be_attached()
        # Nothing but these two was asked of others.
        assert visit.foreign == [address, address]
        visit.foreign.clear()
