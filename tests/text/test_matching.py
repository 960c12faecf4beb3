"""The form in which an article's texts are matched."""

import pytest

from changai.records import Misreading
from changai.text.matching import as_meant, matched


@pytest.mark.parametrize(
    ("misread", "text", "meant"),
    [
        ([], "宁淀市", "宁淀市"),
        ([("宁淀", "宁波")], "宁淀市，宁淀人", "宁波市，宁波人"),
        # The longest wins, wherever it stands in the list.
        ([("人党", "入党"), ("工人党", "工人党")], "推优人党的工人党支部", "推优入党的工人党支部"),
        # What has been corrected is not corrected again.
        ([("甲", "乙"), ("乙", "丙")], "甲乙", "乙丙"),
        # Written out, and no pattern.
        ([("一.", "二"), ("(", "（")], "一二一.(", "一二二（"),
    ],
)
def test_a_text_as_it_is_meant(misread: list[tuple[str, str]], text: str, meant: str) -> None:
    misreadings = tuple(Misreading(*each) for each in misread)
    assert as_meant(text, misreadings) == meant


def test_what_is_matched_is_meant_and_normalised() -> None:
    assert matched("ＡＰＰ 宁淀市", (Misreading("宁淀", "宁波"),)) == "app 宁波市"
    assert matched("ＡＰＰ 宁淀市") == "app 宁淀市"
