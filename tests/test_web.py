"""The page as a person and as a program meet it: a real server, a real browser."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import pytest
from gradio_client import Client
from playwright.sync_api import Browser, Page, expect

from changai.build import build_index
from changai.cards import EXAMPLES, WORKER
from changai.retrieval import LONGEST_QUESTION, Index
from changai.web import Talk, reply, reply_as_typed

ROOT = Path(__file__).parent.parent
QUESTION = "外地人的孩子在宁波怎么上学?"


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The page as ``app.py`` serves it, in a process of its own."""
    command = [sys.executable, "app.py", "--port", "0", "--index", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().rpartition("：")[2].strip() + "/"
        server.send_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def url(built_folder: Path) -> Iterator[str]:
    with serving(built_folder) as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Client]:
    client = Client(url, verbose=False, analytics_enabled=False)
    yield client
    client.close()


@dataclass
class Visit:
    """A page and what the browser said while it was open."""

    page: Page
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def ask(self, question: str) -> None:
        self.page.locator("#question textarea").fill(question)
        self.page.locator("#question textarea").press("Enter")


@contextmanager
def visiting(browser: Browser, url: str, width: int, height: int) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    visit = Visit(context.new_page())
    visit.page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((url, "data:", "blob:"))
            else visit.foreign.append(request.url)
        ),
    )
    visit.page.on(
        "console",
        lambda said: visit.errors.append(said.text) if said.type == "error" else None,
    )
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.goto(url)
    yield visit
    context.close()
    assert visit.foreign == []
    assert visit.errors == []


@pytest.fixture(params=[(390, 844), (1280, 800)], ids=["phone", "desk"])
def visit(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Visit]:
    with visiting(browser, url, *request.param) as opened:
        yield opened


def test_the_endpoint_gives_what_the_command_line_gives(client: Client, index: Index) -> None:
    assert client.predict(QUESTION, 2, api_name="/retrieve") == index.ask(QUESTION, k=2).to_dict()


@pytest.mark.parametrize(("question", "k"), [("", 3), ("长" * 513, 3), ("技能", 0)])
def test_the_endpoint_says_what_is_wrong(client: Client, question: str, k: int) -> None:
    answer = client.predict(question, k, api_name="/retrieve")
    assert list(answer) == ["error"]
    assert answer["error"]


def test_a_running_page_takes_up_a_rebuild_and_outlives_a_damaged_one(own_folder: Path) -> None:
    with serving(own_folder) as address:
        client = Client(address, verbose=False, analytics_enabled=False)
        (own_folder / "articles" / "b.txt").write_text(
            "标题\n每名焊工发放安全帽一顶。\n", encoding="utf-8"
        )
        build_index(own_folder / "articles", own_folder)
        answers = []
        for _ in range(2):
            answers.append(client.predict("焊工发安全帽吗", 1, api_name="/retrieve"))
            (own_folder / "built" / "current.json").write_text("{", encoding="utf-8")
        client.close()
    assert [a["citations"][0]["text"] for a in answers] == ["每名焊工发放安全帽一顶。"] * 2


def test_only_the_endpoint_is_public(client: Client) -> None:
    api = client.view_api(print_info=False, return_format="dict")
    assert isinstance(api, dict)
    assert list(api["named_endpoints"]) == ["/retrieve"]
    assert api["unnamed_endpoints"] == {}


def test_the_browser_is_told_to_load_nothing_from_elsewhere(url: str) -> None:
    with urlopen(url) as response:  # noqa: S310
        policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "connect-src 'self'" in policy


def test_a_question_typed_brings_the_cited_passage(visit: Visit) -> None:
    visit.ask(QUESTION)
    card = visit.page.locator("#chat .answer > .citation")
    expect(card.locator("mark")).to_have_text("统等优化外来劳动者子女入学政策")
    expect(card.locator(".place")).to_contain_text("五(三) · 五、集成化整合资源")
    expect(card.locator(".source")).to_contain_text("以“五化联动”促“产育融合”")
    expect(card.locator(".source")).to_contain_text("产业工人队伍建设改革联席会议办公室")
    expect(card.locator(".source")).to_contain_text("2023-05-13")
    expect(card).to_be_in_viewport()
    expect(visit.page.locator("#question textarea")).to_be_in_viewport()
    expect(visit.page.locator("#question textarea")).to_have_value("")


def test_damaged_figures_are_underlined_and_remarked_on(visit: Visit) -> None:
    visit.ask("产业工人在市人大代表中占多少比例?")
    card = visit.page.locator("#chat .citation").first
    damaged = card.locator(".quotation u.damaged")
    expect(damaged).to_have_text(["69:", "11.%", "2专"])
    for figure in damaged.all():
        expect(figure).to_have_css("text-decoration-style", "wavy")
    expect(card.locator(".quotation + .remark")).to_contain_text("原文疑有识别错误：“产业工人占69:")


def test_a_dated_figure_is_shown_with_its_date(visit: Visit) -> None:
    visit.ask("宁波市技能人才总量是多少?")
    card = visit.page.locator("#chat .answer > .citation")
    expect(card.locator(".remark")).to_have_text(
        "数据时点：截至 2020 年底（文章发布于 2023-05-13）"
    )
    expect(card.locator(".damaged")).to_have_count(0)


def test_what_is_not_covered_is_said_with_the_hotline(visit: Visit) -> None:
    visit.ask("红烧肉怎么烧才不柴")
    answer = visit.page.locator("#chat .nearest")
    expect(answer).to_contain_text("文章未提及")
    expect(answer).to_contain_text("12351")
    expect(answer).to_contain_text("不能当作答案")
    expect(answer.locator(".citation")).to_have_count(3)


def test_each_audience_has_its_examples(visit: Visit) -> None:
    worker, official = (
        visit.page.get_by_role("button", name=questions[0]) for questions in EXAMPLES.values()
    )
    expect(worker).to_be_visible()
    expect(official).to_be_hidden()
    visit.page.get_by_label("干部").check()
    expect(official).to_be_visible()
    expect(worker).to_be_hidden()
    official.click()
    expect(visit.page.locator("#chat .citation").first).to_contain_text("180.15万人")


def test_what_is_no_question_gets_a_word_of_advice(visit: Visit) -> None:
    visit.ask("？？")
    expect(visit.page.locator("#chat .note")).to_contain_text("请输入")


@pytest.mark.parametrize(
    "question",
    [
        "<img src=x onerror=\"document.title='hit'\">技能",
        "<script>document.title='hit'</script>技能",
        "<b>粗</b> **粗** $x^2$ [链](javascript:void) `码` &lt;技能",
    ],
)
def test_markup_in_a_question_is_text(visit: Visit, question: str) -> None:
    visit.ask(question)
    expect(visit.page.locator("#chat .citation").first).to_be_attached()
    said = visit.page.locator("#chat .user.message")
    expect(said).to_have_text(question)
    expect(said.locator("img, script, b, strong, a, code")).to_have_count(0)
    assert visit.page.title() == "产改问答"


def test_a_follow_up_shows_what_it_means_and_can_be_taken_back(visit: Visit) -> None:
    page = visit.page
    as_typed = page.get_by_role("button", name="按原话再问")
    visit.ask("技能人才总量多少?")
    expect(page.locator("#chat .answer > .citation mark")).to_contain_text("180.15")
    expect(as_typed).to_be_hidden()
    page.get_by_label("干部").check()
    visit.ask("那高技能人才呢?")
    expect(page.locator("#chat .meaning")).to_have_text("理解为：高技能人才总量多少?")
    expect(page.locator("#chat .answer").last.locator("> .citation mark")).to_contain_text("55.13")
    expect(as_typed).to_be_in_viewport()
    expect(page.locator("#question textarea")).to_be_in_viewport()
    as_typed.press("Enter")
    expect(page.locator("#chat .meaning")).to_have_count(0)
    expect(as_typed).to_be_hidden()
    said = page.locator("#chat .user.message")
    expect(said).to_have_text(["技能人才总量多少?", "那高技能人才呢?"])
    expect(page.locator("#chat .citation").last).to_be_attached()
    visit.ask("工惠保是什么?")
    expect(said).to_have_count(3)
    expect(page.locator("#chat .meaning")).to_have_count(0)
    expect(as_typed).to_be_hidden()


def test_a_conversation_cleared_is_forgotten(visit: Visit) -> None:
    visit.ask("技能人才总量多少?")
    expect(visit.page.locator("#chat .citation").first).to_be_attached()
    visit.page.locator("#chat").get_by_role("button").first.click()
    expect(visit.page.locator("#chat .message")).to_have_count(0)
    visit.ask("那高技能人才呢?")
    expect(visit.page.locator("#chat .citation").first).to_be_attached()
    expect(visit.page.locator("#chat .meaning")).to_have_count(0)


def test_one_visitor_never_leans_on_another(browser: Browser, url: str) -> None:
    with visiting(browser, url, 390, 844) as one, visiting(browser, url, 390, 844) as other:
        one.ask("技能人才总量多少?")
        expect(one.page.locator("#chat .citation").first).to_be_attached()
        other.ask("那高技能人才呢?")
        expect(other.page.locator("#chat .citation").first).to_be_attached()
        expect(other.page.locator("#chat .meaning")).to_have_count(0)


def test_markup_in_a_follow_up_is_text(visit: Visit) -> None:
    attack = "<img src=x onerror=document.title=1>"
    visit.ask(f"{attack}2020年推优入党多少名?")
    expect(visit.page.locator("#chat .citation").first).to_be_attached()
    visit.ask("2021年呢?")
    expect(visit.page.locator("#chat .meaning")).to_have_text(
        f"理解为：{attack}2021年推优入党多少名?"
    )
    # The page is at rest only when the button has come: what is typed before may be lost.
    expect(visit.page.locator("#as-typed")).to_be_visible()
    visit.page.wait_for_timeout(1000)
    visit.ask(f"那{attack}呢?")
    expect(visit.page.locator("#chat .user.message").last).to_have_text(f"那{attack}呢?")
    expect(visit.page.locator("#chat img")).to_have_count(0)
    assert visit.page.title() == "产改问答"


def test_the_talk_is_kept_short(index: Index) -> None:
    talk = Talk()
    for question in ("技能人才总量多少?", "那高技能人才呢?", " ", "工惠保是什么?", "长" * 900):
        _, _, talk = reply(index, question, WORKER, [], talk)
    assert talk == Talk(("高技能人才总量多少?", "工惠保是什么?", "长" * LONGEST_QUESTION))


def test_nothing_is_asked_again_as_typed_twice(index: Index) -> None:
    _, messages, talk = reply(index, "那高技能人才呢?", WORKER, [], Talk(("技能人才总量多少?",)))
    assert talk == Talk(("技能人才总量多少?", "高技能人才总量多少?"), "那高技能人才呢?")
    again = reply_as_typed(index, WORKER, messages, talk)
    assert again[1] == Talk(("技能人才总量多少?", "那高技能人才呢?"))
    assert len(again[0]) == 2
    assert reply_as_typed(index, WORKER, *again) == again
