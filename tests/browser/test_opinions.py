"""有用 and 没用 below an answer."""

from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, expect

from changai.evaluation import feedback
from changai.evaluation.feedback import Opinion
from support.visits import QUESTION, Visit, visiting


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
