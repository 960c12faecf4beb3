"""Typing a question and sending it."""

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import expect

from changai.query.understanding import LONGEST_QUESTION
from support.visits import ANSWER, QUESTION, Visit, in_sight


def test_a_fast_typist_loses_nothing(visit: Visit) -> None:
    asked = ["技能人才有多少万人?", "那高技能人才呢?", QUESTION]
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
