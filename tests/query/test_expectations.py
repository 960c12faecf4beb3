import pytest

from changai.query.expectations import (
    Missing,
    asks_several,
    circumstances,
    gives,
    missing,
    names_year,
    read,
)


def kinds(question: str) -> set[str]:
    return {kind.name for kind in read(question).kinds}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("工惠保一年保费多少钱?", {"金额", "数字"}),
        ("技能人才有多少人?", {"人数", "数字"}),
        ("产业工人占比多少?", {"比例", "数字"}),
        ("云招聘开了多少场?", {"数量", "数字"}),
        ("多久开一次会?", {"时长"}),
        ("哪年印发的?", {"时间"}),
        ("在哪里办?", {"地点"}),
        ("主席叫什么名字?", {"姓名"}),
        ("网址发我一下", {"联系方式"}),
        ("打哪个电话?", {"电话"}),
        ("怎么申请?", {"办理条件和手续"}),
        ("为什么这样做?", {"原因"}),
        ("列出名单", {"具体内容"}),
        ("比去年增长了吗", {"比较", "这个时间的情况"}),
        ("效果怎么样", {"效果"}),
        ("全省情况怎么样?", {"这个范围的情况"}),
        # A place is no range by itself: whether an article is about it is looked up.
        ("浙江的情况怎么样?", set()),
        ("how many workers joined?", {"人数", "数字"}),
        ("bao nhiêu tiền?", {"金额", "数字"}),
        ("子女入学有什么政策?", set()),
        ("跟老板有劳动纠纷,怎么办最省事?", set()),
    ],
)
def test_what_a_question_expects(question: str, expected: set[str]) -> None:
    assert kinds(question) == expected


def test_years_places_and_points_are_read_off() -> None:
    expected = read("2023年杭州的公积金和2023年比")
    assert expected.years == ("2023",)
    assert expected.places == ("杭州",)
    assert expected.points == ("公积金",)


@pytest.mark.parametrize("question", ["我是安徽过来的,怎么落户", "河南人能落户吗", "贵州老家的"])
def test_where_somebody_comes_from_is_not_asked_about(question: str) -> None:
    assert read(question).places == ()


@pytest.mark.parametrize("question", ["宁波外地人能落户吗", "宁波人才怎么落户"])
def test_who_lives_in_a_place_asks_about_it(question: str) -> None:
    assert read(question).places == ("宁波",)


def test_a_number_with_more_digits_is_no_year() -> None:
    assert read("120234号").years == ()


def test_what_is_given_is_not_missing() -> None:
    clause = "2020 年推优人党 2274名"
    found = missing(read("2020年推优入党多少名?"), clause, [clause], clause, "")
    assert found.names() == ()


def test_what_is_not_given_is_missing_by_name() -> None:
    clause = "推出普惠型补充医疗保险工惠保"
    found = missing(read("杭州2023年工惠保一年保费多少钱?"), clause, [clause], clause, "宁波")
    assert found == Missing(("金额", "数字"), (), (), ("2023",), ("杭州",), ("保费",))
    assert found.names() == ("杭州", "2023年", "保费", "金额", "数字")


def test_a_place_may_stand_anywhere_in_the_document() -> None:
    assert missing(read("宁波有什么做法?"), "本市推广职工说事", [], "", "宁波的做法").places == ()


def test_a_year_stands_in_what_dates_the_passage() -> None:
    expected = read("2023年和2022年各办了多少场?")
    assert missing(expected, "办了三场", [], "2023年,全市办了实事", "").years == ("2022",)
    # It is for who calls to say that a passage dates itself.
    assert missing(expected, "2022年办了三场", [], "", "").years == ("2023", "2022")


@pytest.mark.parametrize(("text", "named"), [("2023年底", True), ("12351", False), ("去年", False)])
def test_a_text_names_a_year(text: str, named: bool) -> None:
    assert names_year(text) is named


def test_a_point_may_stand_under_its_official_name() -> None:
    # 电话 is read as 热线 (thesaurus.txt).
    said = "维权热线:12351"
    assert missing(read("维权电话是什么"), said, [said], "", "").names() == ()


def test_what_articles_hardly_ever_give_is_missing() -> None:
    assert missing(read("为什么?"), "因为需要", ["因为需要"], "", "").details == ("原因",)


@pytest.mark.parametrize(
    ("question", "clause", "expected"),
    [
        ("给付了多少钱", "给付保障金 7.4 亿元", True),
        ("给付了多少钱", "深化职工医疗互助保障", False),
        ("占多少", "占界别委员的12.5%", True),
        ("在哪里办?", "可到政务服务大厅办理", True),
        ("在哪里办?", "按规定办理", False),
        ("有哪些培训", "7.4 亿元", False),
        ("为什么", "7.4 亿元", False),
    ],
)
def test_a_clause_gives_what_is_asked_for(question: str, clause: str, expected: bool) -> None:
    assert gives(read(question), clause) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("2021年推优入党多少人", {"2021"}),
        ("杭州和宁波的12.5%怎么比", {"杭州", "宁波", "12.5"}),
        ("我贵州来的,怎么落户", set()),
        ("怎么落户", set()),
        ("2019年怎么报名", {"2019", "办理条件和手续"}),
    ],
)
def test_circumstances_are_numbers_places_and_details(question: str, expected: set[str]) -> None:
    assert circumstances(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("有哪些培训?", True),
        ("入党和当代表委员两方面说说", True),
        ("which companies take part", True),
        ("技能人才总量是多少?", False),
        ("工惠保是什么", False),
        ("who leads it", False),
    ],
)
def test_asking_for_several_things(question: str, expected: bool) -> None:
    assert asks_several(question) is expected
