"""Of which year a passage speaks."""

import pytest

from changai.reading import articles
from changai.records import Passage
from changai.search.dating import dating
from support.articles import made_article

REPORT = articles.parse(
    """改革工作总结
来源:示例总工会 发布日期:2024-03-01
2021年,全市把培养技能人才列为实事项目,主要情况如下。
一、队伍建设
(一)队伍壮大。全市技能人才共有三十万人。
(二)竞赛踊跃。2022年举办竞赛五十项。
(三)培训广泛。全年培训十二万人次。
二、补贴发放
2023年,补贴办法作了修订,主要变化如下。
(一)标准提高。取得证书的每人补贴一千元。
三、2020年服务成果
(一)站点增加。建成驿站一百二十家。
(二)时间延长。每天开放十个小时。
""",
    file="report.txt",
    sha256="",
)
TOLD = made_article("甲", "2021年,全市举办竞赛。", "全年培训十二万人次。")
TITLED = made_article("2021年大事记", "全年培训八千人次。")
PASSAGES = (*REPORT.passages, *TOLD.passages, *TITLED.passages)


def _of_year(passages: tuple[Passage, ...], year: str) -> list[str]:
    """Where the passages stand that speak of a year."""
    return [
        passage.locator or passage.id
        for number, passage in enumerate(passages)
        if year in dating(passages, number)
    ]


@pytest.mark.parametrize(
    ("year", "places"),
    [
        # The introduction dates what nothing nearer does, but not a section that dates itself;
        # the title of an article does the same.
        ("2021", ["引言", "一(一)", "一(三)", "甲#0", "2021年大事记#0"]),
        # An item dates itself only.
        ("2022", ["一(二)"]),
        ("2023", ["二第1段", "二(一)"]),
        ("2020", ["三(一)", "三(二)"]),
        # When an article was published says nothing of its figures.
        ("2024", ["文章信息"]),
    ],
)
def test_what_opens_a_section_dates_it(year: str, places: list[str]) -> None:
    assert _of_year(PASSAGES, year) == places


def test_the_text_that_dates_a_passage_is_normalised() -> None:
    passages = made_article("甲", "２０２１年，全市举办竞赛。", "全年培训十二万人次。").passages
    assert dating(passages, 0) == "2021年,全市举办竞赛。"
    # Nothing tells of which year this one speaks.
    assert dating(passages, 1) == ""


@pytest.mark.parametrize(
    "opening",
    [
        "到2025年,建成一支技能型大军。",
        "贯彻《技能提升方案（2025年）》,对照2030年远景,分步推进。",
        "与2025年相比,步子更大。",
    ],
)
def test_a_goal_or_a_title_that_opens_a_section_dates_nothing(opening: str) -> None:
    text = f"工作总结\n发布日期:2021-03-01\n一、目标\n{opening}\n(一)培训。全年培训十二万人次。\n"
    passages = articles.parse(text, file="goals.txt", sha256="").passages
    for year in ("2025", "2030"):
        assert "一(一)" not in _of_year(passages, year)
