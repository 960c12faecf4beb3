"""Taking answers along: Word, Markdown, quotations and links."""

import re

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Download, expect

from changai.pages import wording
from changai.search.index import Index
from support.downloads import headings, paragraphs
from support.visits import ANSWER, PHONE, QUESTION, Visit, in_sight


def test_one_answer_or_all_can_be_taken_along(visit: Visit, faq_index: Index) -> None:
    page = visit.page
    page.get_by_label("干部").check()
    visit.answer("技能人才有多少万人?")
    follow_up = visit.answer("那高技能人才呢?")
    visit.answer("工惠保一年保费多少钱?")
    first, second = (
        faq_index.ask(question).citations[0]
        for question in ["技能人才有多少万人?", "高技能人才有多少万人?"]
    )

    def saved(where: str, name: str) -> Download:
        with page.expect_download() as download:
            scope = follow_up.locator(".tools") if where == "one" else page.locator("#exports")
            scope.get_by_role("button", name=name).click()
        return download.value

    one, every = saved("one", "Word"), saved("all", "Word")
    assert re.fullmatch(r"产改问答-\d{4}-\d\d-\d\d\.docx", one.suggested_filename)
    assert "技能人才有多少万人?" not in paragraphs(one)
    assert {
        "那高技能人才呢?",
        "理解为：高技能人才有多少万人?",
        f"“{second.passage.text}”[1]",
        f"[1] {wording.reference(second)} 查看原文",
    } <= set(paragraphs(one))
    assert {
        "技能人才有多少万人?",
        f"“{first.passage.text}”[1]",
        "那高技能人才呢?",
        "工惠保一年保费多少钱?",
        "文章未提及。最接近的段落提到“工惠保”，但没有回答这个问题。",
    } <= set(paragraphs(every))

    one, every = saved("one", "Markdown"), saved("all", "Markdown")
    assert re.fullmatch(r"产改问答-\d{4}-\d\d-\d\d\.md", one.suggested_filename)
    assert headings(one) == ["那高技能人才呢?", "引用文献"]
    assert headings(every) == [
        *("技能人才有多少万人?", "那高技能人才呢?", "工惠保一年保费多少钱?", "引用文献")
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
def test_a_quotation_is_copied_with_its_reference(desk: Visit, faq_index: Index, over: str) -> None:
    page = desk.page
    if over == "http":
        # What a browser withholds from a page that came over plain HTTP from another machine.
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    [citation] = faq_index.ask(QUESTION, k=1).citations
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
