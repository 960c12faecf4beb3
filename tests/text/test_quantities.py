"""Figures with their numbers and units; the articles' own are in test_inventory.py."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.text import damage
from changai.text.quantities import quantities


@pytest.mark.parametrize(
    "text",
    [
        # names
        "八八战略", "三定三互", "五化联动", "三个到位", "五大行动", "六个一系列活动", "5个一工程",
        "三年行动计划", "百日攻坚", "千家万户", "两代表一委员", "十四五规划", "一大批企业",
        "二十四节气", "两个维护",
        # ranks, dates, codes, labels
        "第一批", "第3条", "前10名", "前五十名", "第二十届", "5月1日", "2020年", "二十大报告",
        "国发〔2020〕12号", "12351热线", "世界500强", "5A级景区", "2019级学生", "90后职工",
        "4050人员", "《十项措施50条》", "05-13", "110报警", "PM2.5浓度",
        # no ranges and fractions
        "2021-2025年", "2020-2021学年", "05-13发布", "0574-8765", "1:2", "5-8月", "3-5号楼",
        "第3-5章", "第一至三名", "周一至周五", "一至三年级", "1-3期工程", "一至三组",
        "统一到三个平台", "三到一个", "一到十", "5/13发布", "2/3页", "12/3的通知", "第三分之一",
        "截至9/30的数据", "12/31的会议", "第2/3的", "第2/3以上", "全国4/6的比赛", "GB 5/6的",
        # what would be cut off
        "降到千分之三点二", "十分之十三点五", "千分之3.2", "三又二分之一", "三又十二分之一",
        # half of a range
        "1/3-2/3以上", "从1/3提高到2/3", "占1/3至2/3", "百分之三至五", "300元/月-500元/月",
        "从50%-60%", "100余至200余人", "数十至数百人", "20至3件", "第一至三十名", "一万五至两万元",
        # one number or two
        "投入1亿20家企业", "奖励1万20人", "补贴1万500元", "1千20人",
    ],
)  # fmt: skip
def test_what_is_no_figure(text: str) -> None:
    assert quantities(f"深入推进{text}。") == []


@pytest.mark.parametrize(
    ("text", "figure", "value", "unit", "amount"),
    [
        ("共1,234人", "1,234人", "1,234", "人", 1234),
        ("有１２个", "１２个", "１２", "个", 12),
        ("达7.4 亿元", "7.4 亿元", "7.4 亿", "元", 740_000_000),
        ("有20余万人", "20余万人", "20余万", "人", 200_000),
        ("有3千万元", "3千万元", "3千万", "元", 30_000_000),
        ("提高5百分点", "5百分点", "5", "百分点", 5),
        ("有3至5家", "3至5家", "3至5", "家", None),
        ("有不少于20人以上", "不少于20人以上", "20", "人", 20),
        ("在附近700家", "700家", "700", "家", 700),
        ("节约3万元", "3万元", "3万", "元", 30_000),
        ("有近20—30名", "近20—30名", "20—30", "名", None),
        ("有 2～3 个", "2～3 个", "2～3", "个", None),
        ("占3-5%", "3-5%", "3-5", "%", None),
        ("占50%-60%", "50%-60%", "50%-60", "%", None),
        ("有5000元至2万元", "5000元至2万元", "5000元至2万", "元", None),
        ("有2.5-3.5万元", "2.5-3.5万元", "2.5-3.5万", "元", None),
        ("用三到五年", "三到五年", "三到五", "年", None),
        ("有二十至三十名", "二十至三十名", "二十至三十", "名", None),
        ("有四分之一以上", "四分之一以上", "四分之一", "", 0.25),
        ("有近五分之二", "近五分之二", "五分之二", "", 0.4),
        ("占3/4,", "3/4", "3/4", "", 0.75),
        ("不低于2/3,", "不低于2/3", "2/3", "", 2 / 3),
        ("约1/5的职工", "约1/5", "1/5", "", 0.2),
        ("有1/5以上", "1/5以上", "1/5", "", 0.2),
        ("有二万至五万元", "二万至五万元", "二万至五万", "元", None),
        ("有三万至五万余元", "三万至五万余元", "三万至五万", "元", None),
        ("有3万2000人", "3万2000人", "3万2000", "人", 32_000),
        ("有1亿20000000元", "1亿20000000元", "1亿20000000", "元", 120_000_000),
        ("有1百20元", "1百20元", "1百20", "元", 120),
        ("统一到30家", "30家", "30", "家", 30),
        ("有20家到2020年", "20家", "20", "家", 20),
        ("有20家到5月底", "20家", "20", "家", 20),
        ("有1亿3000万元", "1亿3000万元", "1亿3000万", "元", 130_000_000),
        ("有3万五千人", "3万五千人", "3万五千", "人", 35_000),
        ("有1千200人", "1千200人", "1千200", "人", 1200),
        ("有120人大代表", "", "", "", None),
        ("有十二项", "十二项", "十二", "项", 12),
        ("有一万二千三百零五名", "一万二千三百零五名", "一万二千三百零五", "名", 12_305),
        ("有一亿二千万元", "一亿二千万元", "一亿二千万", "元", 120_000_000),
        ("共三项", "三项", "三", "项", 3),
        ("超千场", "超千场", "千", "场", 1000),
        ("培训上千名", "上千名", "上千", "名", 1000),
        ("有数十家", "数十家", "数十", "家", None),
        ("占百分之九十九点五", "百分之九十九点五", "九十九点五", "百分之", 99.5),
        ("占11.%", "11.%", "11.", "%", None),
        ("共2O4万元", "2O4万元", "2O4万", "元", None),
        ("受理1 8二6 件", "1 8二6 件", "1 8二6", "件", None),
        ("受理8二件", "8二件", "8二", "件", None),
        ("占3·2%", "3·2%", "3·2", "%", None),
        ("达3·2万人", "3·2万人", "3·2万", "人", None),
        ("占百分之8二6", "8二6", "8二6", "", None),
        ("约占69:市", "69:", "69", "", None),
        ("惠及118万,", "118万", "118万", "", 1_180_000),
    ],
)
def test_a_figures_parts(
    text: str, figure: str, value: str, unit: str, amount: float | None
) -> None:
    found = [
        (text[each.start : each.end], each.value, each.unit, each.amount)
        for each in quantities(text)
    ]
    assert found == ([(figure, value, unit, amount)] if figure else [])


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("补贴从500元到800元", "500元", "800元"),
        ("占比从 30%到45%", "30%", "45%"),
        ("由3家到5家", "3家", "5家"),
        ("自3家至5家", "3家", "5家"),
        ("从近500元到800元", "近500元", "800元"),
        ("投诉从20件到3件", "20件", "3件"),
        ("投诉20件至3件", "20件", "3件"),
        ("占百分之三至百分之五", "百分之三", "百分之五"),
        ("占三分之一至三分之二", "三分之一", "三分之二"),
    ],
)
def test_what_changes_and_what_cannot_be_joined_is_two_figures(
    text: str, first: str, last: str
) -> None:
    assert [text[each.start : each.end] for each in quantities(text)] == [first, last]
    assert None not in [each.amount for each in quantities(text)]


def test_a_range_with_two_units_is_two_figures() -> None:
    text = "用3个月至2年,占50%-6O%"
    assert [(text[q.start : q.end], q.damaged) for q in quantities(text)] == [
        ("3个月", False), ("2年", False), ("50%", False), ("6O%", True),
    ]  # fmt: skip


@given(
    st.lists(
        st.sampled_from(
            [*"0123456789.,-/ \n一二三四十百万两数占专共个人%年至", "百分之", "三分之"]
        ),
        max_size=16,
    ).map("".join)
)
def test_no_part_of_a_damaged_figure_passes_for_a_sound_one(text: str) -> None:
    spans = damage.spans(text)
    flagged = [quantity for quantity in quantities(text) if quantity.damaged]
    assert len(flagged) == len(spans)
    for quantity in quantities(text):
        if not quantity.damaged:
            assert all(quantity.end <= start or end <= quantity.start for start, end in spans)
            assert not re.search(r"\d[一二三四十百万两]\Z", text[: quantity.start])
