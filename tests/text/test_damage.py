"""Which figures are taken to be damaged: every list is of what pages and scans really hold."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from changai.records import Article
from changai.text.counts import counts
from changai.text.damage import spans

SOUND = [
    # the article's own
    "宁波市 25 个部门各负其责", "政策制度 40 余项", "培训会 40余场", "推优人党 2274名",
    "近700家企业", "已达180.15万人", "高技能人才达 55.13万人", "占界别委员的12.5%,均较往年",
    "打造 24 小时线上招聘大厅", "参保职工 1500 万人次", "给付保障金 7.4 亿元", "系列“1+X”政策",
    "维权热线:12351 设为首页", "发布日期:2023-05-13", "紧扣忠实践行'八八战略",
    "聚焦六稳”“六保工作", "产业工人2万余人次",
    # counts and units
    "4.8平方米", "住房面积不低于15平方米", "3至5年", "满18周岁", "7×24小时服务", "1天内办结",
    "30日内答复", "15个工作日", "3个月", "提高5个百分点", "翻了3番", "增长2.3倍", "1,234万元",
    "1，234人", "打3折", "8成以上", "3公里", "高30厘米", "12千瓦时", "0.5毫克", "100多家",
    "20几个", "10来人", "5亿多元", "3.5‰", "气温37℃", "60％以上", "第3条", "第12款第(3)项",
    "第1书记", "12批次", "6类人员", "5大平台", "3新企业", "4种方式", "2所学校", "8个以上",
    "20人以下", "年均5万左右", "18岁及以上", "从2到5", "为25和30", "3或4人", "共6层", "6、7月份",
    "30台(套)", "每人300元/月", "3-5年", "5~8人", "3—5家",
    # dates and times
    "2020年5月1日", "2020 年,宁波市", "90后职工", "2019级学生", "今年1-6月", "12:30开始",
    "上午9:30开会", "2023-05-13 10:30", "2023-05-13讯", "2020.12.31前", "5月13日24时",
    "5.12汶川地震", "“5·12”地震", "3·15晚会", "1998·9", "26分10秒88夺冠",
    "2024-05-17 15:13字体大小", "’98文化年",
    "12·9运动", "5·1劳动节", "五·四运动", "5・12防灾减灾日", "9·18事变", "12·31元旦晚会",
    "每周一9点", "周五3点", "高三2班", "五一3天假期", "2020一2025年", "二0二0年", "二00八年",
    "一九九0年代", "一2022年工作总结", "5月1日一8日",
    # ratios, scores, fractions
    "按1:1.5的比例", "比例为1:2", "以3∶2战胜", "2/3以上职工", "1/3通过",
    "1∶1配套", "三分之一2020年", "三分之二", "百分之5", "50%-60%", "5万元至8万元",
    # laws, documents, codes, names
    "国发〔2020〕12号", "甬政办发[2021]5号", "GB/T 15834—2011标准", "ISO 9001认证",
    "ISO9001质量体系", "3D打印", "5G基站", "6S管理", "4S店", "2.0版", "工业4.0时代", "PM2.5浓度",
    "COVID-19疫情", "O2O模式", "CO2排放", "O3浓度", "H7N9流感", "G20杭州峰会", "F1赛车",
    "B2B平台", "A4纸", "Windows 10系统", "985高校", "211工程", "863计划", "110报警", "120急救",
    "拨打12345政务热线", "8890平台", "315晚会", "双11活动", "世界500强", "前10强", "前3企业",
    "5A级景区", "20大报告", "“3服务”活动", "“8+4”经济政策", "1+N体系", "2023全国大会", "歼7飞机",
    "4050人员", "0574-87181234", "0574 87181234", "400 800 1234", "http://a.cn/2O20/1l?b=3动",
    "12 345 678元", "1 500人", "2019 2020 2021", "IPv6地址", "1l0a.com",
    # labels, headings, lists
    "电话:12351", "日期:2023-05-13", "附件1:名单", "附件 2:名单", "表2:人员情况", "图3:流程",
    "问题4:怎么办", "线索1:前些时候", "回顾2020:宁波这一年", "热线12351:为职工服务", "1.加强领导",
    "1.加强领导。2.完善机制", "2.1总则", "1.1政策背景 1.2行业需求", "1总则", "1 总则",
    "(1)加强领导", "表1人员情况", "任务12健全制度", "主要做法:1.抓机制", "1 2023年工作总结",
    "1.一是加强", "表1一2", "附件一2份", "三.5G基站", "第1三产业", "统一300元标准",
    "一对一3次", "补贴300一人", "985一期", "2021七月", "2三个到位",
    "产值超亿3家", "超千万2家", "三4A级景区", "3个一", "满60一律免费",
    "3万", "180万", "5千", "1百", "12亿", "3百6十件",
    "1亿3000万元", "3万5千人", "3万五千人",
    "见附件1.", "等于20...", "ABC 1 2 测试", "1 2 3 下一页", "一九九八年", "占百分之五",
]  # fmt: skip

DAMAGED = [
    # the article's own
    ("产业工人占69:市人大代表中", "69:"),
    ("产业工人占11.%;增补", "11.%"),
    ("增补2专产业工人代表", "2专"),
    ("政策3动劳动关系法规", "3动"),
    # a colon where a sentence goes on
    ("其中女性占35: 高于全市", "35:"),
    ("覆盖率达98：其中企业", "98："),
    ("增长12.5:市本级", "12.5:"),
    ("人数达2274:同比增长", "2274:"),
    # lost digits
    ("提高12.个百分点", "12."),
    ("达到180.万人", "180."),
    ("占11.;其余", "11."),
    ("占11.,其余", "11."),
    ("约12,%的职工", "12,%"),
    ("占.69%的职工", ".69%"),
    ("达 5. %", "5. %"),
    ("2020年,78.%的职工", "78.%"),
    ("占比12. ％", "12. ％"),
    # what follows no number
    ("组建9佘支队伍", "9佘"),
    ("增补12孝代表", "12孝"),
    ("建成5痊基地", "5痊"),
    ("总量已达180.15砧人", "180.15砧"),
    ("给付2274苕职工", "2274苕"),
    ("惠及1,234苕职工", "1,234苕"),
    ("近700冢企业", "700冢"),
    ("合计 25 宣部门", "25 宣"),
    ("培训职工１２冢", "１２冢"),
    # broken by blanks
    ("1 5", "1 5"),
    ("共有1 5个部门", "1 5"),
    ("宁波市,2 5个部门", "2 5"),
    ("20 20 年", "20 20"),
    ("在2 020年", "2 020"),
    ("达18 0.15万人", "18 0.15"),
    ("达180 .15万人", "180 .15"),
    ("占 12. 5%", "12. 5"),
    ("共有1\u30005人", "1\u30005"),
    # letters that look like digits
    ("2O20年", "2O20"),
    ("20l9年", "20l9"),
    ("1l个部门", "1l"),
    ("共1O家", "1O"),
    ("l5个部门", "l5"),
    ("I2月", "I2"),
    ("占O.5%", "O.5"),
    ("占69o/o", "69o/o"),
    # numerals among the digits, and what is glued to a damaged figure
    ("受理1 8二6 件", "1 8二6"),
    ("受理1 8二6件", "1 8二6"),
    ("受理8二6件", "8二6"),
    ("受理1二3件", "1二3"),
    ("受理1 二6件", "1 二6"),
    ("受理8二 6件", "8二 6"),
    ("受理8二三件", "8二三"),
    ("共182二6件", "182二6"),
    ("共8二6万件", "8二6"),
    ("共有二6人", "二6"),
    ("培训二十3人", "二十3"),
    ("投入两亿3千万元", "两亿3"),
    ("占三.5万人", "三.5"),
    ("占百分之三5", "三5"),
    ("投入160二亿元", "160二"),
    ("共160二人", "160二"),
    ("受理六1975件", "六1975"),
    ("共953一 7人", "953一 7"),
    ("共3二 583万人", "3二 583"),
    ("每5一10年", "5一10"),
    ("增补2专3名代表", "2专3"),
    # a point that became a dot
    ("占3·2%", "3·2"),
    ("达3・2万人", "3・2"),
    ("提高1·5个百分点", "1·5"),
    ("达9 · 8 亿元", "9 · 8"),
    ("增长率为3·5%", "3·5"),
    # doubled and wrong separators
    ("共1,,234人", "1,,234"),
    ("达7.,4亿元", "7.,4"),
    ("达7..4亿元", "7..4"),
    ("达7.,亿元", "7.,"),
    ("占12。5%", "12。5%"),
    # what could not be read
    ("共2\ufffd74名", "2\ufffd74"),
    ("占\ufffd9%", "\ufffd9"),
    ("占12.\ufffd%", "12.\ufffd"),
    ("共2□74名", "2□74"),
]

AROUND = [("", ""), ("今年以来,全市工会", "。继续推进"), ("新建基地 40 余个,", ";同比增长 5.2%。")]


@pytest.mark.parametrize("text", SOUND)
def test_sound_figures_are_left_alone(text: str) -> None:
    for before, behind in [*AROUND[:1], ("全市情况良好。", "。继续推进。")]:
        assert spans(before + text + behind) == ()


@pytest.mark.parametrize(("text", "figure"), DAMAGED)
@pytest.mark.parametrize(("before", "behind"), AROUND)
def test_damaged_figures_are_found_where_they_stand(
    text: str, figure: str, before: str, behind: str
) -> None:
    whole = before + text + behind
    start = len(before) + text.index(figure)
    assert spans(whole) == ((start, start + len(figure)),)


def test_the_lists_are_long_enough_to_mean_something() -> None:
    assert len(set(SOUND)) == len(SOUND) >= 80
    assert len(set(DAMAGED)) == len(DAMAGED) >= 40


def test_the_article_has_exactly_these_damaged_figures(ningbo: Article) -> None:
    found = [
        (passage.locator, passage.text[start:end])
        for passage in ningbo.passages
        for start, end in spans(passage.text)
    ]
    assert found == [("四(一)", "69:"), ("四(一)", "11.%"), ("四(一)", "2专"), ("四(二)", "3动")]


def test_several_in_a_row_come_in_order_and_apart() -> None:
    text = "占69:市,占11.%;增2专,共2O人"
    assert [text[start:end] for start, end in spans(text)] == ["69:", "11.%", "2专", "2O"]


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            "0123456789０９.．,，:：;、% \u3000\n%OoIl□\ufffd-/()“占达第万亿个名专动年月一二〇十周·"
        ),
        st.characters(exclude_categories=()),
        st.sampled_from([text for text, _ in DAMAGED] + SOUND),
    ),
    max_size=12,
).map("".join)


@given(PIECES)
@example("1 1\ufffd1.%:个")
def test_spans_are_ordered_disjoint_in_range_and_hold_a_digit(text: str) -> None:
    position = 0
    for start, end in spans(text):
        assert position <= start < end <= len(text)
        assert any(character.isdecimal() for character in text[start:end])
        position = end + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("共25个部门、占12.5%,近700家", ["25", "12.5", "700"]),
        ("增补2专,占69:市", ["2", "69"]),
        ("5月1日,第3条、表2人员、PM2.5浓度、1+1", []),
        ("解决问题128个,问题4怎么办,建议 3 条,任务12健全制度", ["128", "3"]),
        ("2020 年", ["2020"]),
        ("3-5家、20—30名、1,500～2,000元、0-3岁、5%-8%", ["3", "20", "1,500", "0", "5"]),
        ("5-8月、05-13发布、0574-8765人、8-5人、2020-2021学年、400-800-1234转", []),
    ],
)
def test_numbers_that_count_something(text: str, expected: list[str]) -> None:
    assert [
        text[start:][: len(number)] for start, number in zip(counts(text), expected, strict=True)
    ] == expected
