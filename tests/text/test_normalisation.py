"""The form in which texts are compared."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changai.text.normalisation import normalise, plain
from support.texts import any_text

# OpenCC looks at Chinese letters only: without any that it would change, one step is all.
simplified = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs", "Lo", "So"]),
        st.sampled_from("外地人的工会，。１Ａﬁ㎏ﷺ½ǅ\u0345\0"),
    )
)


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("維權熱線", "维权热线"),
        ("ＡＢＣ１２．５％，！", "abc12.5%,!"),
        ("App STRASSE Straße", "app strasse strasse"),
        ("⼯会", "工会"),  # U+2F2F, a radical that scans leave behind
        ("打造 24 小时\u3000招聘", "打造 24 小时招聘"),
        ("外 地\n人", "外地人"),
        (" \t工会\r\n", "工会"),
        ("甲\0乙 a\0b", "甲乙 a b"),
        ("", ""),
    ],
)
def test_normalise(text: str, matched: str) -> None:
    assert normalise(text) == matched


@settings(deadline=None)
@given(simplified)
def test_normalise_has_nothing_left_to_do_on_its_own_result(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@settings(deadline=None)
@given(any_text.filter(lambda text: not re.search("[\ud800-\udfff]", text)))
def test_normalised_text_has_single_blanks_inside_only(text: str) -> None:
    matched = normalise(text)
    assert matched == " ".join(matched.split())
    assert not re.search(r"[\u3400-\u9fff] [\u3400-\u9fff]", matched)


def test_normalise_converts_script_one_step_only() -> None:
    # Not idempotent here: in OpenCC's table 薴 becomes 苧, and 苧 becomes 苎.
    assert normalise("薴") == "苧"
    assert normalise("苧") == "苎"


def test_blanks_between_han_do_not_change_the_conversion() -> None:
    assert normalise("乾 隆") == normalise("乾隆") == "乾隆"


def test_plain_text_keeps_its_capitals() -> None:
    assert plain("VR技術\n培訓，Ａ") == "VR技术培训,A"
