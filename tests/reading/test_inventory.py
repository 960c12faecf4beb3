"""The figures and documents that an article names, against lists made by reading it.

Both lists were written before the rules, from the articles alone.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.reading import articles
from changai.reading.inventory import Figure, documents, figures
from changai.records import Article, Document, Passage

SECOND = """临江市总工会2022年工作情况

来源: 临江市总工会 发布日期:2023-01-18

一、夯实组织基础

(一)2022年,全市新建基层工会312个,新发展会员4.6万余人,其中新就业形态劳动者1.2万人,占26.1%。
(二)截至2022年12月底,全市共有工会组织9,842家,覆盖职工约118万人,建会率达到92％。
(三)组织23个工种的技能比武,吸引一万二千名职工参加,比上年增长15.3%;评出“临江工匠”30名、金牌班组五十个。

二、维护职工权益

(一)每人奖励5000元至2万元,全年发放补贴3,650万元;为3至5家示范企业各配备不少于2名指导员。
(二)推进“三个到位”和五大行动,在第二批试点中坚持两个一线;12351热线全年受理来电8,204件,办结率99.2%。
(三)建成户外劳动者驿站180余座,服务职工超过60万人次。调解争议1376件,涉及金额2O4万元。
(四)工作满3年的职工,技能等级津贴提高5个百分点。百分之六十的企业建立了集体协商制度。

三、健全制度

(一)2022年6月,市政府办公室印发《临江市户外劳动者驿站管理办法》(临政办发〔2022〕31号)。修订后的《临江市困难职工帮扶细则》自2022年7月1日起施行。
(二)根据《中华人民共和国工会法》和省总工会2021年联合出台的《关于深化集体协商的意见》,市总工会起草了《2023年集体协商要约行动方案》。
(三)先后印发《职工之家建设规范》《职工书屋管理办法》和《关于转发〈省厂务公开条例〉的通知》,《工人日报》作了报道。
"""

# Locator, the figure, its number, its unit, what it counts, as of when, damaged or not.
Row = tuple[str, str, str, str, str, str, bool]

# Left out: names (八八战略, 三定三互, 四心工程, 六个一, 双千行动, 1+X, 最多跑一次, 两代表一委员),
# 四级联动 (级 ranks more often than it counts), 一大批, the hotline's number, and dates.
NINGBO_FIGURES: list[Row] = [
    ("一(二)", "25 个", "25", "个", "部门", "", False),
    ("一(二)", "40 余项", "40", "项", "出台保障产业工人的政策制度", "", False),
    ("一(二)", "40余场", "40", "场", "组织召开座谈会、现场会、培训会", "", False),
    ("二(一)", "2274名", "2274", "名", "推优人党", "2020 年", False),
    ("三(一)", "2万余人次", "2万", "人次", "惠及产业工人", "", False),
    ("三(二)", "近700家", "700", "家", "企业", "", False),
    ("三(二)", "180.15万人", "180.15万", "人", "宁波市技能人才总量", "截至 2020 年底", False),
    ("三(二)", "55.13万人", "55.13万", "人", "高技能人才", "截至 2020 年底", False),
    ("四(一)", "69:", "69", "", "各发意代表中、产业工人", "", True),
    ("四(一)", "11.%", "11.", "%", "市人大代表中,产业工人", "", True),
    ("四(一)", "2专", "2", "", "产业工人代表", "", True),
    ("四(一)", "12.5%", "12.5", "%", "占界别委员", "", False),
    (
        *("四(二)", "3动", "3", ""),
        *("宁波市制定、修改产业工人队伍建设改革相关洪律、法观、政策", "2020 年", True),
    ),
    ("五(一)", "24 小时", "24", "小时", "线上招聘大厅", "", False),
    ("五(一)", "超千场", "千", "场", "发动企业开展线上云招聘", "", False),
    ("五(二)", "1500 万人次", "1500 万", "人次", "参保职工", "", False),
    ("五(二)", "84 万人次", "84 万", "人次", "给付保障金", "", False),
    ("五(二)", "7.4 亿元", "7.4 亿", "元", "给付保障金", "", False),
]
SECOND_FIGURES: list[Row] = [
    ("一(一)", "312个", "312", "个", "全市新建基层工会", "2022年", False),
    ("一(一)", "4.6万余人", "4.6万", "人", "新发展会员", "2022年", False),
    ("一(一)", "1.2万人", "1.2万", "人", "新就业形态劳动者", "2022年", False),
    ("一(一)", "26.1%", "26.1", "%", "新就业形态劳动者", "2022年", False),
    ("一(二)", "9,842家", "9,842", "家", "全市共有工会组织", "截至2022年12月底", False),
    ("一(二)", "约118万人", "118万", "人", "覆盖职工", "截至2022年12月底", False),
    ("一(二)", "92％", "92", "％", "建会率", "截至2022年12月底", False),
    ("一(三)", "23个", "23", "个", "工种的技能比武", "", False),
    ("一(三)", "一万二千名", "一万二千", "名", "职工", "", False),
    ("一(三)", "15.3%", "15.3", "%", "比上年增长", "", False),
    ("一(三)", "30名", "30", "名", "评出“临江工匠”", "", False),
    ("一(三)", "五十个", "五十", "个", "金牌班组", "", False),
    ("二(一)", "5000元至2万元", "5000元至2万", "元", "每人奖励", "", False),
    ("二(一)", "3,650万元", "3,650万", "元", "全年发放补贴", "", False),
    ("二(一)", "3至5家", "3至5", "家", "示范企业", "", False),
    ("二(一)", "不少于2名", "2", "名", "指导员", "", False),
    ("二(二)", "8,204件", "8,204", "件", "12351热线全年受理来电", "", False),
    ("二(二)", "99.2%", "99.2", "%", "办结率", "", False),
    ("二(三)", "180余座", "180", "座", "建成户外劳动者驿站", "", False),
    ("二(三)", "超过60万人次", "60万", "人次", "服务职工", "", False),
    ("二(三)", "1376件", "1376", "件", "调解争议", "", False),
    ("二(三)", "2O4万元", "2O4万", "元", "涉及金额", "", True),
    ("二(四)", "满3年", "3", "年", "工作", "", False),
    ("二(四)", "5个百分点", "5", "个百分点", "技能等级津贴提高", "", False),
    ("二(四)", "百分之六十", "六十", "百分之", "企业", "", False),
]

# Locator, title, what was done with it, when.
NINGBO_DOCUMENTS = [
    ("一(一)", "《新时代宁波产业工人队伍建设改革实施方案》", "制定", ""),
    ("二(一)", "《关于进一步加强工会组织推优入党作的意见》", "出台", ""),
    ("二(一)", "《宁波市加强产业工人推优入党工作》", "", ""),
    ("二(一)", "《组工信息》", "", ""),
    ("三(三)", "《宁波市技能人才自主评价办法(试行)》", "出台", ""),
    ("四(三)", "《宁波市尘肺病防治攻坚行动实施方案》", "出台", ""),
    ("五(二)", "《关于推进新时代社会救助体系建设的实施意见》", "出台", ""),
    ("五(二)", "《宁波市困难职工档案管理实施办法》", "修订", ""),
]
SECOND_DOCUMENTS = [
    ("三(一)", "《临江市户外劳动者驿站管理办法》", "印发", "2022年6月"),
    ("三(一)", "《临江市困难职工帮扶细则》", "修订", "2022年7月1日"),
    ("三(二)", "《中华人民共和国工会法》", "", ""),
    ("三(二)", "《关于深化集体协商的意见》", "出台", "2021年"),
    ("三(二)", "《2023年集体协商要约行动方案》", "起草", "2023年"),
    ("三(三)", "《职工之家建设规范》", "印发", ""),
    ("三(三)", "《职工书屋管理办法》", "印发", ""),
    ("三(三)", "《关于转发〈省厂务公开条例〉的通知》", "印发", ""),
    ("三(三)", "《工人日报》", "", ""),
]


@pytest.fixture(scope="module")
def second() -> Article:
    return articles.parse(SECOND, file="linjiang.txt", sha256="")


def row(figure: Figure) -> Row:
    quantity = figure.quantity
    return (
        *(figure.passage.locator, figure.text, quantity.value, quantity.unit),
        *(figure.counted, figure.as_of, quantity.damaged),
    )


def test_the_articles_figures_are_those_a_reader_finds(ningbo: Article) -> None:
    assert [row(figure) for figure in figures(ningbo.passages)] == NINGBO_FIGURES


def test_another_articles_figures_are_those_a_reader_finds(second: Article) -> None:
    assert [row(figure) for figure in figures(second.passages)] == SECOND_FIGURES


def test_the_articles_documents_are_those_a_reader_finds(ningbo: Article) -> None:
    found = [(d.passage.locator, d.title, d.done, d.dated) for d in documents(ningbo.passages)]
    assert found == NINGBO_DOCUMENTS


def test_another_articles_documents_are_those_a_reader_finds(second: Article) -> None:
    found = [(d.passage.locator, d.title, d.done, d.dated) for d in documents(second.passages)]
    assert found == SECOND_DOCUMENTS


def passage(text: str) -> Passage:
    document = Document("d", "题目", "单位", "2023-01-02", "", "d.txt", "", text)
    return Passage("d#p1", document, text, 0, len(text), (), "一")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # from a text in other words, found wrong when first read
        ("给予10万元、8万元奖励", [("10万元", "给予"), ("8万元", "给予")]),
        (
            "平均工资由6.8万元提高到8.1万元",
            [("6.8万元", "平均工资"), ("8.1万元", "平均工资")],
        ),
        ("新增工作室2个、省级8个", [("2个", "新增工作室"), ("8个", "省级")]),
        ("组织5期疗休养", [("5期", "疗休养")]),
        ("投入1.2亿元建设文化中心", [("1.2亿元", "投入")]),
        ("其中,职工25至59岁", [("25至59岁", "职工")]),
        ("就业人员7亿多", [("7亿多", "就业人员")]),
        ("就业人数由2012年的37287万人", [("37287万人", "就业人数")]),
        ("24000名各级工匠人才", [("24000名", "各级工匠人才")]),
        ("74%的农民工没有参加", [("74%", "农民工")]),
        ("专业匹配度达89%", [("89%", "专业匹配度")]),
        ("由20—30名指导员组成", [("20—30名", "指导员")]),
        ("三分之二的职工参加", [("三分之二", "职工")]),
        ("1/3以上代表提出", [("1/3以上", "代表")]),
        ("奖励100~200元/月", [("100~200元", "奖励")]),
        # rows of a table: what stands first in the row, and where that is a number, nothing
        (
            "工会\t312个\t345个\n会员\t46人",
            [("312个", "工会"), ("345个", "工会"), ("46人", "会员")],
        ),
        ("| 工会 | 312个 |\n| 12 | 46人 |", [("312个", "工会"), ("46人", "")]),
        ("工会 312个\n12 15 8 9 20人", [("312个", "工会"), ("20人", "")]),
        # the sentence before has nothing to do with it
        ("建会企业20家。占60%", [("20家", "建会企业"), ("60%", "")]),
        # figures in titles are part of the title
        ("学习《工会工作100问》20次", [("20次", "学习《工会工作100问》")]),
    ],
)
def test_what_a_figure_counts(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(each.text, each.counted) for each in figures((passage(text),))] == expected


def test_what_articles_hold_is_read_once(ningbo: Article, second: Article) -> None:
    for read in (figures, documents):
        first = read(ningbo.passages)
        assert read((*ningbo.passages,)) is first
        assert {each.passage for each in read(second.passages)} <= set(second.passages)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("《关于印发《甲办法》的通知》和《乙》", ["《关于印发《甲办法》的通知》", "《乙》"]),
        ("《甲 印发《乙》", ["《乙》"]),
        ("甲》《乙》", ["《乙》"]),
    ],
)
def test_titles_within_titles(text: str, expected: list[str]) -> None:
    assert [each.title for each in documents((passage(text),))] == expected


@pytest.mark.parametrize(
    ("text", "done", "dated"),
    [
        ("2021年修订《甲》", "修订", "2021年"),
        ("2021年成效好。修订了《甲》", "修订", ""),
        ("2021年出台《甲》,学习《乙》。", "", ""),
        ("学习《甲》(市发〔2019〕3号)", "", "2019"),
        ("《甲》于2019年5月印发", "", "2019年5月"),
        ("《甲》于2019年5月受到关注", "", ""),
    ],
)
def test_what_was_done_with_a_document_and_when(text: str, done: str, dated: str) -> None:
    last = documents((passage(text),))[-1]
    assert (last.done, last.dated) == (done, dated)


TEXTS = st.lists(
    st.one_of(
        st.sampled_from(
            "0123456789０９.．,，:：;、% \u3000\n%OoIl□\ufffd-至《》()（〔〕一二十百千万亿两数几"
            "点第余多年月日个名家人项元占达共近的中"
        ),
        st.sampled_from(
            ["出台", "2020年", "截至2020年底", "技能人才", "部门", "百分之", "人次", "增补"]
        ),
        st.characters(exclude_categories=()),
        st.sampled_from([line for line in SECOND.splitlines() if line]),
    ),
    max_size=12,
).map("".join)


@given(TEXTS)
def test_all_that_a_row_says_stands_in_its_passage(text: str) -> None:
    position = 0
    for figure in figures((passage(text),)):
        quantity = figure.quantity
        assert position <= quantity.start < quantity.end <= len(text)
        position = quantity.end
        assert quantity.value
        assert quantity.value in figure.text
        assert quantity.unit in figure.text
        assert figure.as_of in text
        start, end = figure.subject
        assert 0 <= start <= end <= len(text)
        assert end <= quantity.start or start >= quantity.end
        assert quantity.amount is None or quantity.amount >= 0


@given(TEXTS)
def test_all_that_is_said_of_a_document_stands_in_its_passage(text: str) -> None:
    position = 0
    for document in documents((passage(text),)):
        start, end = document.span
        assert position <= start < end <= len(text)
        position = end
        assert (text[start], text[end - 1]) == ("《", "》")
        assert 0 <= document.verb[0] <= document.verb[1] <= len(text)
        assert document.dated in text
