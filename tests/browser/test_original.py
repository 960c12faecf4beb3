"""The article beside the chat, and the way back from it."""

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, expect

from support.visits import ANSWER, DESK, PHONE, QUESTION, Visit, in_sight, visiting


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
