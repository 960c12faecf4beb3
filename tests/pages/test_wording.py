"""What is said of an answer: its reference, its remarks, what it lacks."""

import pytest
from hypothesis import given

from changai.pages.wording import floor, reference, remarks, shortfall
from changai.records import Answer, Citation, Document, Passage
from changai.text import damage
from support.citations import cited
from support.texts import dated_text


@pytest.mark.parametrize(
    ("publisher", "published", "locator", "expected"),
    [
        ("市总工会", "2023-05-13", "五(三)", "《题目》，市总工会，2023年5月13日，五(三) 段"),
        ("市总工会", "2020-12-01", "引言", "《题目》，市总工会，2020年12月1日，引言"),
        ("", "2023-10-09", "五(三)第2段", "《题目》，2023年10月9日，五(三)第2段"),
        ("市总工会", "", "五(三)第2处", "《题目》，市总工会，日期不详，五(三)第2处"),
        ("", "", "(一)", "《题目》，日期不详，(一) 段"),
    ],
)
def test_a_reference_gives_what_is_known(
    publisher: str, published: str, locator: str, expected: str
) -> None:
    document = Document("d", "题目", publisher, published, "", "d.txt", "", "原文")
    passage = Passage("d#p1", document, "原文", 0, 2, (), locator)
    assert reference(Citation(1, 1.0, passage, ())) == expected


@pytest.mark.parametrize(
    ("mentioned", "missing", "said"),
    [
        ("工惠保", ("保费",), "最接近的段落提到“工惠保”，但没有说：保费。"),
        ("", ("杭州", "2023年"), "最接近的段落没有说：杭州、2023年。"),
        ("职工", (), "最接近的段落提到“职工”，但没有回答这个问题。"),
        ("", (), ""),
    ],
)
def test_what_the_nearest_passage_lacks(
    mentioned: str, missing: tuple[str, ...], said: str
) -> None:
    assert shortfall(Answer("?", False, 0.1, (), 0, mentioned, missing)) == said


def test_remarks_quote_damaged_figures_with_what_is_around_them() -> None:
    citation = cited("代表中、产业工人占69:市人大代表中,产业工人占11.%;其余", "代表中")
    assert remarks(citation) == ("原文疑有识别错误：“产业工人占69:市人大代表中”“产业工人占11.%”",)


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        ("比重为:11.%;其余", "比重为:11.%"),
        ("一、情况\n11.%", "11.%"),
        ("共有1 5个", "共有1 5个"),
    ],
)
def test_a_figure_alone_between_marks_is_quoted_with_what_is_before(
    text: str, excerpt: str
) -> None:
    assert remarks(cited(text, text[:2])) == (f"原文疑有识别错误：“{excerpt}”",)


@given(dated_text.filter(bool))
def test_what_is_remarked_is_verbatim(text: str) -> None:
    citation = cited(text, text)
    assert citation.damaged == damage.spans(text)
    remarked = [remark for remark in remarks(citation) if remark.startswith("原文")]
    assert bool(remarked) is bool(citation.damaged)
    for start, end in citation.damaged:
        assert text[start:end].strip() in remarked[0]


@pytest.mark.parametrize(
    ("published", "told"), [("2023-05-13", "文章发布于 2023-05-13"), ("", "文章发布日期不详")]
)
def test_a_date_stands_beside_that_of_the_article(published: str, told: str) -> None:
    citation = cited("2020 年,培训5万人。", "培训", published)
    assert remarks(citation) == (f"数据时点：2020 年（{told}）",)


def test_sound_and_undated_figures_call_for_no_remark() -> None:
    assert remarks(cited("近700家企业", "企业")) == ()


@pytest.mark.parametrize(
    ("confidence", "digits", "shown"),
    [(0.57, 2, "0.57"), (0.6499, 2, "0.64"), (1.0, 2, "1.00"), (1e-7, 3, "0.000"), (0.9, 1, "0.9")],
)
def test_a_confidence_is_shown_rounded_down(confidence: float, digits: int, shown: str) -> None:
    assert str(floor(confidence, digits)) == shown
