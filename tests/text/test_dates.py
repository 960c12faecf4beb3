"""The date of the figures that are highlighted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.records import Article
from changai.text.dates import as_of
from changai.text.sentences import clauses
from support.texts import dated_text


def dated(text: str, highlight: str) -> str:
    start = text.index(highlight)
    return as_of(text, ((start, start + len(highlight)),))


@pytest.mark.parametrize(
    ("highlight", "expected"),
    [
        ("宁波市技能人才总量已达180.15万人", "截至 2020 年底"),
        ("高技能人才达 55.13万人", "截至 2020 年底"),
        ("2020 年推优人党 2274名", "2020 年"),
        ("法观、政策3动劳动关系法规、政策", "2020 年"),
        ("修改产业工人队伍建设改革相关洪律", "2020 年"),
        # its sentence has a figure and no date, and no sentence before has one
        ("推动各技工院校与近700家企业达成产教融合合作协议", ""),
        ("先后向 84 万人次给付保障金 7.4 亿元", ""),
        ("占界别委员的12.5%", ""),
        # its sentence has no figure
        ("健全企业民主管理制度", ""),
        ("大力推进社会化培训、以师带徒培训", ""),
    ],
)
def test_the_articles_own_figures(ningbo: Article, highlight: str, expected: str) -> None:
    (passage,) = (passage for passage in ningbo.passages if highlight in passage.text)
    assert dated(passage.text, highlight) == expected


def test_nothing_else_in_the_article_is_dated(ningbo: Article) -> None:
    found = {
        passage.locator
        for passage in ningbo.passages
        for span in clauses(passage.text)
        if as_of(passage.text, (span,))
    }
    assert found == {"二(一)", "三(二)", "四(二)"}


@pytest.mark.parametrize(
    ("text", "highlight", "expected"),
    [
        # how dates are written
        ("截至2022年6月底,会员达35万人。", "会员", "截至2022年6月底"),
        ("截止到2022年5月31日，会员达35万人。", "会员", "截止到2022年5月31日"),
        ("2018—2020年,培训5万人次。", "培训", "2018—2020年"),
        ("2018年至2020年,培训5万人次。", "培训", "2018年至2020年"),
        ("2021年1月至2022年6月,培训5万人次。", "培训", "2021年1月至2022年6月"),
        ("2021年1-6月,培训5万人次。", "培训", "2021年1-6月"),
        ("自2018年以来,培训5万人次。", "培训", "2018年以来"),
        ("2021年上半年,培训5万人次。", "培训", "2021年上半年"),
        ("2021年第三季度培训5万人次。", "培训", "2021年第三季度"),
        ("2021年度培训5万人次。", "培训", "2021年度"),
        ("到2025年,技能人才达200万人。", "技能", "到2025年"),
        ("二〇二〇年,培训5万人次。", "培训", "二〇二〇年"),
        ("今年以来,培训5万人次。", "培训", "今年以来"),
        ("截至5月底,培训5万人次。", "培训", "截至5月底"),
        ("截至目前,培训5万人次。", "培训", "截至目前"),
        # which one
        ("2019年培训3万人,2020年培训5万人。", "培训3万人", "2019年"),
        ("2019年培训3万人,2020年培训5万人。", "培训5万人", "2020年"),
        ("技能人才达180万人（截至2020年底）。", "技能人才", "截至2020年底"),
        ("培训5万人,2020年启用新楼。", "培训5万人", ""),
        ("2020年比2019年增长5%。", "增长5%", "2020年"),
        ("比2019年增长5%。", "增长5%", ""),
        ("《2020年要点》提出培训5万人。", "培训5万人", ""),
        ("《关于印发〈2020年要点〉的通知》提出培训5万人。", "培训5万人", ""),
        ("《甲《2020年乙》提出培训5万人。", "培训5万人", ""),
        # a bracket without its other half hides nothing
        ("《甲》乙》和《2020年培训5万人。", "培训5万人", "2020年"),
        # from the sentences before
        ("2020年,大力培训。新增技师300名。", "新增", "2020年"),
        ("2020年培训5万人。其中女工2万人。", "女工", "2020年"),
        ("2019年出台办法。技能人才达180万人。", "技能人才", ""),
        ("2018年,办赛3场。2020年,办赛5场。新增技师300名。", "新增", "2020年"),
        ("新增技师300名。2020年,办赛5场。", "新增", ""),
        # what is no figure
        ("2020年5月1日,印发第3号文件。", "印发", ""),
        ("2020年,推广“1+X”证书。", "推广", ""),
        ("2020年,出台办法。", "2020年", ""),
    ],
)
def test_the_date_of_a_figure(text: str, highlight: str, expected: str) -> None:
    assert dated(text, highlight) == expected


def test_the_first_highlight_with_a_date_gives_it() -> None:
    text = "出台办法。2019年培训3万人。2020年培训5万人。"
    assert as_of(text, ((0, 4), (18, 25), (5, 15))) == "2020年"
    assert as_of(text, ()) == ""


@given(dated_text, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=3))
def test_the_date_is_verbatim(text: str, pairs: list[tuple[int, int]]) -> None:
    spans = tuple((min(pair), max(pair)) for pair in pairs)
    date = as_of(text, spans)
    assert date in text
    assert not date or "年" in date or "目前" in date or "截" in date
