"""Heads, bodies and signatures of pages, read by eye."""

import pytest

from changai.reading.layout import Head, Layout, read_layout
from changai.reading.outline import Line


def head(text: str) -> Head:
    return read_layout(text).head


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def above(text: str, layout: Layout) -> str:
    return text[layout.head.start : layout.head.end]


@pytest.mark.parametrize(
    ("lines", "title", "publisher", "published"),
    [
        (
            "宁波的做法\n来源：宁波市总工会\n发布时间：2023-05-13",
            "宁波的做法",
            "宁波市总工会",
            "2023-05-13",
        ),
        ("宁波的做法\n——来自一线的报告\n2023年5月13日", "宁波的做法", "", "2023-05-13"),
        ("宁波的做法\n来源：宁波发布 发布日期：2023-5-13", "宁波的做法", "宁波发布", "2023-05-13"),
        ("宁波的做法\n发布日期：２０２３年５月１３日", "宁波的做法", "", "2023-05-13"),
        ("宁波的做法\n发布日期：2023-13-45", "宁波的做法", "", ""),
    ],
)
def test_heads_of_pages(lines: str, title: str, publisher: str, published: str) -> None:
    text = f"{lines}\n一、开头\n(一)甲。\n"
    assert head(text) == Head(title, publisher, published, "", 0, len(lines))


def test_items_that_name_organisations_are_no_signature() -> None:
    layout = read_layout("标题\n一、试点单位\n(一)雅戈尔集团\n(二)方太集团\n")
    assert texts(layout.body) == ["一、试点单位", "(一)雅戈尔集团", "(二)方太集团"]
    assert (layout.signature, layout.head.publisher) == ([], "")


def test_a_date_below_the_body_is_found_and_the_body_kept() -> None:
    layout = read_layout("标题\n正文一段。\n发布时间：2024年3月5日\n")
    assert layout.head == Head("标题", "", "2024-03-05", "", 0, 2)
    assert texts(layout.body) == ["正文一段。"]
    assert texts(layout.signature) == ["发布时间：2024年3月5日"]


def test_a_page_without_a_date_has_none() -> None:
    assert head("标题\n正文一段。\n").published == ""


def test_nothing_in_the_head_is_dropped() -> None:
    text = "某地通知\n甬人社发〔2022〕15号\n各区县总工会：\n现将有关事项通知如下。\n"
    layout = read_layout(text)
    assert layout.head.title == "某地通知"
    assert above(text, layout) == "某地通知\n甬人社发〔2022〕15号\n各区县总工会："


def test_a_signature_names_the_issuing_body_and_the_date() -> None:
    layout = read_layout("某地通知\n请认真执行。\n\n宁波市总工会\n2022年6月1日\n")
    assert (layout.head.publisher, layout.head.published) == ("宁波市总工会", "2022-06-01")
    assert texts(layout.signature) == ["宁波市总工会", "2022年6月1日"]


def test_a_byline_gives_body_and_date_on_one_line() -> None:
    found = head("某地做法\n温州市总工会 2022年6月8日\n大力推进改革。\n")
    assert (found.publisher, found.published) == ("温州市总工会", "2022-06-08")


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ("舟山：清凉送到一线\n发布日期：2023-08-14", "舟山：清凉送到一线"),
        ("舟山：清凉送到一线", "舟山：清凉送到一线"),
        # A label is no title where another line can be one, and what is told is none anywhere.
        ("发文字号：甬工发某号\n某某通知\n发布日期：2023-08-14", "某某通知"),
        ("来源：舟山市总工会\n发布日期：2023-08-14", ""),
        ("文号：甬工发某号\n发布日期：2023-08-14", ""),
        ("维权热线：12351\n发布日期：2023-08-14", ""),
        ("发文字号：甬工发某号\n发布日期：2023-08-14", ""),
        ("来源：发布日期：2023-08-14", ""),
        # The words of a label without its colon are words.
        ("作者权益保障办法\n发布日期：2023-08-14", "作者权益保障办法"),
        ("文号管理规定\n发布日期：2023-08-14", "文号管理规定"),
    ],
)
def test_a_line_that_begins_with_a_place_and_a_colon_can_be_the_title(
    lines: str, title: str
) -> None:
    assert head(f"{lines}\n志愿者送来饮料。\n").title == title


def test_a_line_in_brackets_is_no_title() -> None:
    text = "某某条例\n（某年通过）\n发布日期:2023-12-05\n为了保护权益。\n"
    assert head(text).title == "某某条例"


PASSED = "1992年4月3日第七届全国人民代表大会第五次会议通过"
FIRST = (
    "根据2001年10月27日第九届全国人民代表大会常务委员会第二十四次会议"
    "《关于修改〈某法〉的决定》第一次修正"
)
LAST = (
    "根据2021年12月24日第十三届全国人民代表大会常务委员会第三十二次会议"
    "《关于修改〈某法（试行）〉的决定》第二次修正"
)


@pytest.mark.parametrize(
    ("history", "published"),
    [
        ("（1992年4月3日通过\n根据2001年10月27日修正\n根据2021年12月24日修正）", "2021-12-24"),
        ("（1992年4月3日通过\r\n\r\n　根据2021年12月24日修正）\r", "2021-12-24"),
        (f"（{PASSED}　{FIRST}　{LAST}）", "2021-12-24"),
        (f"  ({PASSED}\n{FIRST}\n{LAST}) ", "2021-12-24"),
        # From when on it is in force is another date.
        ("（2021年12月24日修订，自2022年1月1日起施行）", "2021-12-24"),
        ("（某省人民政府令第5号\n2021年12月24日公布）", "2021-12-24"),
        (f"（{PASSED}\n{FIRST}）\n发布日期：2022-02-03", "2022-02-03"),
        (f"发布时间：2022年2月3日\n（{PASSED}　{FIRST}）", "2022-02-03"),
    ],
)
def test_an_amended_law_is_of_its_last_amendment(history: str, published: str) -> None:
    text = f"某法\n{history}\n第一条　为了保护职工，制定本法。\n"
    layout = read_layout(text)
    assert (layout.head.title, layout.head.published) == ("某法", published)
    assert texts(layout.body) == ["第一条　为了保护职工，制定本法。"]
    assert above(text, layout) == f"某法\n{history}".strip()


@pytest.mark.parametrize(
    "line",
    [
        "（一）2021年12月24日通过办法。",
        "（2021年12月24日通过）之后，各级工会都行动了起来。",
        "（2021年12月24日，各级工会都行动了起来。）",
        "（2021年12月24日通过，各级工会都行动了起来。",
    ],
)
def test_a_sentence_in_brackets_or_behind_them_is_no_history(line: str) -> None:
    layout = read_layout(f"标题\n2023年5月13日\n{line}\n又一段。\n")
    assert layout.head.published == "2023-05-13"
    assert texts(layout.body) == [line, "又一段。"]


def test_a_history_within_the_body_stays_there() -> None:
    text = "标题\n正文一段。\n（1992年4月3日通过\n根据2021年12月24日修正）\n又一段。\n"
    assert texts(read_layout(text).body) == [
        "正文一段。",
        "（1992年4月3日通过\n根据2021年12月24日修正）",
        "又一段。",
    ]


def test_short_lines_alone_are_paragraphs_below_a_title() -> None:
    layout = read_layout("Helmets\nWorkers get helmets.\nWelders get two.\n")
    assert layout.head.title == "Helmets"
    assert texts(layout.body) == ["Workers get helmets.", "Welders get two."]
