"""The form in which texts are matched, their terms, and their clauses."""

import re
import unicodedata
from importlib.resources import files
from itertools import chain, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from changai.text import tokens
from changai.text.characters import has_words
from changai.text.normalisation import normalise, plain
from changai.text.sentences import clauses, ends_sentence
from changai.text.thesaurus import canonicalise
from changai.text.tokens import words


def _list(name: str) -> list[str]:
    lines = files("changai.text.lexicon").joinpath(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] != "#"]


STOPWORDS = set(" ".join(_list("stopwords.txt")).split())
THESAURUS = {
    word: official
    for official, _, said in (line.partition(":") for line in _list("thesaurus.txt"))
    for word in [official, *said.split()]
}
SENTENCE_ENDS = set("。;；!！?？…\n")

# Everything, lone surrogates included, but mostly what the rules of this module are about.
any_text = st.text(
    st.one_of(
        st.sampled_from("。，、；：,;:…!?\n\r\t  %.-0129７Ａaé工会乾外地ぁ𠀀\0\ud800"),
        st.characters(exclude_categories=()),
    )
)
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


def test_every_word_of_the_thesaurus_becomes_its_official_word_which_stays() -> None:
    assert {word: canonicalise(word) for word in THESAURUS} == THESAURUS
    assert set(map(canonicalise, THESAURUS.values())) == set(THESAURUS.values())


def test_thesaurus_holds_each_word_once_and_as_normalised() -> None:
    words = [word for line in _list("thesaurus.txt") for word in line.replace(":", " ").split()]
    assert sorted(words) == sorted(set(words))
    assert [word for word in words if normalise(word) != word] == []


@pytest.mark.parametrize(
    "text", ["2024年宁波", "每周几小时", "124小时", "要求职工", "人员工资", "投入户外", "改进修订"]
)
def test_a_word_that_only_seems_to_stand_there_is_left_alone(text: str) -> None:
    assert canonicalise(text) == text


def test_a_word_may_follow_a_number() -> None:
    assert canonicalise("3个孩子") == "3个子女"


def test_the_longest_word_of_the_thesaurus_wins() -> None:
    # 看病 and 报销 are listed too, and would give 医疗医疗保障.
    assert canonicalise("看病报销难") == "医疗保障难"


@given(any_text.filter(lambda text: not any(word in text for word in THESAURUS)))
def test_canonicalise_leaves_other_text_alone(text: str) -> None:
    assert canonicalise(text) == text


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("维权热线", ["维权", "热线", "#维权", "#权热", "#热线"]),
        ("劳动者", ["劳动", "劳动者", "#劳动", "#动者"]),
        ("工会app", ["工会", "#工会", "app"]),
        ("达180.15万人", ["达", "180.15", "万人", "#万人"]),
        ("占12.5%,", ["占", "12.5"]),
        ("2020.", ["2020"]),
        ("的 了", []),
        ("。%", []),
        ("", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert tokens.terms(text) == terms


def test_everyday_words_share_their_terms_with_the_official_ones() -> None:
    said, official = tokens.terms("外地人的孩子上学"), tokens.terms("外来劳动者子女入学")
    assert {"外来", "劳动者", "子女", "入学"} <= set(said) & set(official)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*sorted(STOPWORDS), "工会", "12.5", "app", " ", "，"])))
def test_terms_never_hold_a_stop_word(pieces: list[str]) -> None:
    assert STOPWORDS.isdisjoint(tokens.terms("".join(pieces)))


@settings(deadline=None)
@given(any_text)
def test_terms_hold_each_pair_of_neighbouring_han_and_each_number(text: str) -> None:
    official = canonicalise(text)
    runs = re.findall("[\u3007\u3400-\u9fff\U00020000-\U0003ffff]+", official)
    pairs = [f"#{a}{b}" for run in runs for a, b in pairwise(run)]
    terms = tokens.terms(text)
    assert [term for term in terms if term.startswith("#")] == pairs
    numbers = [term for term in terms if unicodedata.category(term[0]) == "Nd"]
    assert numbers == re.findall(r"\d+(?:\.\d+)?", official)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("工", True), ("1", True), ("é", True), ("，。!", False), ("\ud800", False), ("", False)],
)
def test_has_words(text: str, expected: bool) -> None:
    assert has_words(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "技能人才总量达180.15万人,占界别委员的12.5%。",
            ["技能人才总量达180.15万人", "占界别委员的12.5%"],
        ),
        # 抓就业、稳队伍 is 7 characters: too short still, but its sentence ends there.
        ("抓就业、稳队伍。优制度、助脱困。", ["抓就业、稳队伍", "优制度、助脱困"]),
        ("近年来，推动劳动争议化解", ["近年来，推动劳动争议化解"]),
        ("推动劳动争议化解，好。", ["推动劳动争议化解，好"]),
        ("推动劳动争议化解：一、二、三四五六七", ["推动劳动争议化解", "一、二、三四五六七"]),
        ("推动劳动争议化解\n好", ["推动劳动争议化解", "好"]),
        (" “推动劳动争议化解” ，。", ["“推动劳动争议化解”"]),
        ("，——。\n \n", []),
        ("", []),
    ],
)
def test_clauses(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in clauses(text)] == expected


def test_a_comma_or_colon_between_digits_ends_no_clause() -> None:
    text = "早8:30到晚17:30，参保1,500万人:好"
    found = [text[start:end] for start, end in clauses(text, shortest=1)]
    assert found == ["早8:30到晚17:30", "参保1,500万人", "好"]


def test_clauses_may_be_as_short_as_asked_for() -> None:
    assert clauses("甲、乙丙、丁戊", shortest=1) == [(0, 1), (2, 4), (5, 7)]
    assert clauses("甲、乙丙、丁戊", shortest=2) == [(0, 4), (5, 7)]
    assert clauses("甲、乙丙、丁戊", shortest=3) == [(0, 7)]


@given(any_text, st.integers(1, 12))
@example("1,2，3:4", 1)
def test_clauses_hold_every_letter_and_digit_once_in_order(text: str, shortest: int) -> None:
    spans = clauses(text, shortest)
    places = [0, *chain.from_iterable(spans), len(text)]
    assert places == sorted(places)
    for start, end in spans:
        assert text[start:end] == text[start:end].strip() != ""
        assert SENTENCE_ENDS.isdisjoint(text[start:end])
    gaps = "".join(text[a:b] for a, b in zip(places[::2], places[1::2], strict=True))
    assert not any(map(str.isalnum, gaps))


@given(any_text, st.integers(2, 12))
def test_a_short_clause_stands_alone_in_its_sentence(text: str, shortest: int) -> None:
    for (start, end), (next_start, next_end) in pairwise(clauses(text, shortest)):
        if SENTENCE_ENDS.isdisjoint(text[end:next_start]):
            assert min(end - start, next_end - next_start) >= shortest


def test_plain_text_keeps_its_capitals() -> None:
    assert plain("VR技術\n培訓，Ａ") == "VR技术培训,A"


@pytest.mark.parametrize(
    ("guessing", "expected"),
    [(True, ["那产教", "融合"]), (False, ["那", "产", "教", "融合"])],
)
def test_words_are_guessed_or_looked_up(guessing: bool, expected: list[str]) -> None:
    assert [word for word, _ in words("那产教融合", guessing=guessing)] == expected


def test_words_have_their_part_of_speech() -> None:
    assert words("那住房") == [("那", "r"), ("住房", "n")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("。", True),
        (";", True),
        ("?”", True),
        (",", False),
        ("、", False),
        ("", False),
        ("\n", True),
    ],
)
def test_ends_sentence(text: str, expected: bool) -> None:
    assert ends_sentence(text) is expected
