"""What an answer shows beside the quotation: date, damage, what it lacks, how it was read."""

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import expect

from support.visits import Visit, in_sight


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
    expect(exchange.locator(".note")).to_contain_text("提到“工惠保”，但没有回答这个问题")
    expect(exchange.get_by_role("link", name="12351")).to_be_visible()
    expect(exchange.locator(".citation").first).to_be_hidden()
    exchange.get_by_text("最接近的段落，不能当作答案").click()
    expect(exchange.locator(".citation:visible")).to_have_count(3)
    visit.page.get_by_label("干部").check()
    expect(exchange.get_by_role("link", name="12351")).to_be_hidden()
    expect(exchange.locator(".note")).to_contain_text("没有回答这个问题")


def test_a_follow_up_shows_what_it_means_and_can_be_taken_back(visit: Visit) -> None:
    page = visit.page
    first = visit.answer("技能人才有多少万人?")
    expect(first.locator(".meaning")).to_have_count(0)
    second = visit.answer("那高技能人才呢?")
    expect(second.locator(".meaning span")).to_have_text("高技能人才有多少万人?")
    expect(second.locator(".answer > .citation > blockquote")).to_contain_text("55.13")
    expect(second.locator(".asked")).to_have_text("那高技能人才呢?")
    assert in_sight(second.locator(".answer > .citation"))
    assert in_sight(page.locator("#question"))
    second.get_by_role("button", name="按原话再问").press("Enter")
    expect(second.locator(".meaning")).to_have_count(0)
    expect(second.locator(".citation").first).to_be_attached()
    expect(page.locator("#chat .asked")).to_have_text(["技能人才有多少万人?", "那高技能人才呢?"])


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
