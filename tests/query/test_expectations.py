"""What a question names of its answer."""

import pytest

from changai.query.expectations import (
    Missing,
    asks_several,
    circumstances,
    missing,
    names_year,
    read,
)


def test_years_and_places_are_read_off() -> None:
    expected = read("2023年杭州的公积金和2023年比")
    assert expected.years == ("2023",)
    assert expected.places == ("杭州",)


@pytest.mark.parametrize("question", ["我是安徽过来的,怎么落户", "河南人能落户吗", "贵州老家的"])
def test_where_somebody_comes_from_is_not_asked_about(question: str) -> None:
    assert read(question).places == ()


@pytest.mark.parametrize("question", ["宁波外地人能落户吗", "宁波人才怎么落户"])
def test_who_lives_in_a_place_asks_about_it(question: str) -> None:
    assert read(question).places == ("宁波",)


def test_a_number_with_more_digits_is_no_year() -> None:
    assert read("120234号").years == ()


def test_what_is_given_is_not_missing() -> None:
    found = missing(read("2020年宁波推优入党多少名?"), "2020 年推优人党 2274名", "宁波的做法")
    assert found.names() == ()


def test_what_is_not_given_is_missing_by_name() -> None:
    found = missing(read("杭州2023年工惠保一年保费多少钱?"), "推出工惠保", "宁波")
    assert found == Missing(("2023",), ("杭州",))
    assert found.names() == ("杭州", "2023年")


def test_a_year_stands_in_what_dates_the_passage() -> None:
    expected = read("2023年和2022年各办了多少场?")
    assert missing(expected, "2023年,全市办了实事", "").years == ("2022",)
    assert missing(expected, "", "2022年办了三场").years == ("2023", "2022")


@pytest.mark.parametrize(("text", "named"), [("2023年底", True), ("12351", False), ("去年", False)])
def test_a_text_names_a_year(text: str, named: bool) -> None:
    assert names_year(text) is named


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("2021年推优入党多少人", {"2021"}),
        ("杭州和宁波的12.5%怎么比", {"杭州", "宁波", "12.5"}),
        ("我贵州来的,怎么落户", set()),
        ("怎么落户", set()),
        ("2019年怎么报名", {"2019"}),
    ],
)
def test_circumstances_are_numbers_and_places(question: str, expected: set[str]) -> None:
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
