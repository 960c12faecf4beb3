"""Words typed by their sound: what is mended, and above all what is left alone."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changai.errors import IndexDamagedError
from changai.query.spelling import Spelling
from changai.records import Article
from changai.search.index import Index
from changai.text import tokens
from changai.text.normalisation import normalise


@pytest.fixture(scope="module", params=["index", pytest.param("faq_index", marks=pytest.mark.slow)])
def spelling(request: pytest.FixtureRequest) -> Spelling:
    """What the real article teaches, without its questions and with them."""
    index: Index = request.getfixturevalue(request.param)
    return index.contents.spelling


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("入挡", "入党"),
        ("公会保", "工惠保"),
        ("公惠保", "工惠保"),
        ("雅戈儿", "雅戈尔"),
        ("雅歌尔", "雅戈尔"),
        ("推忧入党", "推优入党"),
        ("推优入挡", "推优入党"),
        ("仲才", "仲裁"),
        ("劳动仲才", "劳动仲裁"),
        ("尘废病", "尘肺病"),
        ("职带会", "职代会"),
        ("联席会意", "联席会议"),
        ("方泰", "方太"),
        ("兴型学徒制", "新型学徒制"),
        ("技能精赛", "技能竞赛"),
        ("产叫融合", "产教融合"),
        ("以师代徒", "以师带徒"),
        # Two in one question, and one beside what is no Chinese.
        ("推忧入挡有多少人?公会保呢?", "推优入党有多少人?工惠保呢?"),
        ("2020年推忧入党abc", "2020年推优入党abc"),
    ],
)
def test_what_sounds_like_the_articles_words_is_read_as_them(
    spelling: Spelling, typed: str, meant: str
) -> None:
    assert spelling.mend(typed) == meant


def test_four_words_of_a_run_are_mended_at_most(spelling: Spelling) -> None:
    """A run without a mark that has more is no slip, and takes long: which four is left open."""
    runs = [spelling.mend(f"{'职带会' * count}，职带会") for count in (4, 6)]
    assert runs[0] == f"{'职代会' * 4}，职代会"
    assert runs[1].count("职代会") == 4 + 1
    assert runs[1].count("职带会") == 2


SOUND = [
    "事实",
    "就业意向",
    "高技能人才",
    "市政",
    "工会",
    "公会",
    "技能",
    "仲裁",
    "入党",
    "人党",
    "本文的发布日期是哪一天?",
    "事实劳动关系怎么认定?",
    "我的就业意向应该填在哪里?",
    "高技能人才有多少人?",
    "市政工程招工吗?",
    "市政府今年开了什么会?",
    "工会会员有什么福利?",
    "职工书屋在哪里?",
    "厂里不给交社保怎么办?",
    "夏天有高温补贴吗?",
    "女职工产假多少天?",
    "孩子上学要什么手续?",
    "外地户口能落户吗?",
    "我是焊工,能评职称吗?",
    "加班费怎么算?",
    "工伤了找谁?",
    "尘肺病能不能免费体检?",
    "公司拖欠工资打什么电话?",
    "网上招聘会什么时候开?",
    "医疗互助一年交多少钱?",
    "工惠保是什么保险?",
    "门诊自费药能报销吗?",
    "困难职工怎么建档?",
    "劳模有什么待遇?",
    "技能竞赛有哪些项目?",
    "师傅带徒弟有补助吗?",
    "企业自主评价怎么搞?",
    "方太的四化工程是什么?",
    "雅戈尔的四心工程讲的是什么?",
    "推优入党要满足什么条件?",
    "产业工人在人大代表里占多少?",
    "政协委员里有产业工人吗?",
    "职代会提案怎么提交?",
    "劳动争议去哪里调解?",
    "仲裁要花钱吗?",
    "最多跑一次是什么意思?",
    "住房保障范围扩大了吗?",
    "甬上乐业是什么政策?",
    "五一期间有哪些活动?",
    "读书节在几月份举办?",
    "宁波有多少技能人才?",
    "双千行动指什么?",
    "产教融合的企业有几家?",
    "新型学徒制怎么报名?",
    "食堂的饭菜好吃吗?",
    "今天的天气怎么样?",
    "红烧肉怎么烧才不柴?",
    "怎样办理居住证?",
    "退休年龄是多少?",
    "如何加入工会?",
]


@pytest.mark.parametrize("text", SOUND)
def test_sound_words_are_left_alone(spelling: Spelling, text: str) -> None:
    assert spelling.mend(text) == text


def test_the_article_itself_is_left_alone(spelling: Spelling, ningbo: Article) -> None:
    for passage in ningbo.passages:
        text = normalise(passage.text)
        assert spelling.mend(text) == text


FIRST, LAST = "\u4e00", "\u9fff"
# The article's own characters with what sounds like them, so that there is much to mend.
NEAR = "推优忧有入如党挡当荡工公宫惠会保宝雅牙戈歌尔儿仲中才裁财技能竞精赛产教叫融合劳动争议"


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(max_size=40), st.text(st.sampled_from(f"{NEAR}的吗?, 1a"), max_size=24)))
def test_mending_keeps_all_but_chinese_characters(spelling: Spelling, text: str) -> None:
    mended = spelling.mend(text)
    assert len(mended) == len(text)
    for before, after in zip(text, mended, strict=True):
        assert before == after or (FIRST <= before <= LAST and FIRST <= after <= LAST)
    assert spelling.mend(mended) == mended


# jieba cuts these into 绝缘/鞋, 食堂, 保温桶, and 工/惠/保.
PASSAGES = ("绝缘鞋", "食堂", "保温桶", "工惠保")


def _fit() -> Spelling:
    return Spelling.fit(PASSAGES)


def _meant(spelling: Spelling) -> dict[str, bool]:
    rows = zip(spelling.pairs.tolist(), spelling.meant.tolist(), strict=True)
    return {chr(a) + chr(b): meant for (a, b), meant in rows}


def test_pairs_are_meant_where_they_stand_in_one_word() -> None:
    meant = _meant(_fit())
    assert [meant[pair] for pair in ("绝缘", "缘鞋", "食堂", "保温", "温桶")] == [
        True, False, True, True, True,
    ]  # fmt: skip
    # Not across the border of two texts.
    assert "鞋食" not in meant
    # The thesaurus's words are there too, with both their spellings.
    assert meant["入党"]
    assert set(map("".join, pairwise("尘肺病"))) <= set(meant)


def test_lone_characters_side_by_side_may_be_a_name() -> None:
    meant = _meant(_fit())
    assert meant["工惠"]
    assert meant["惠保"]
    # 的 is a stop word.
    assert not _meant(Spelling.fit(["惠的保"]))["惠的"]


def test_rows_are_in_the_order_of_their_sounds() -> None:
    sounds = _fit().sounds.tolist()
    assert sounds == sorted(sounds)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("党", "挡", True),
        # Tones, zh and z, ch and c, sh and s, ng and n are not told apart.
        ("妈", "骂", True),
        ("张", "脏", True),
        ("吃", "词", True),
        ("诗", "四", True),
        ("民", "明", True),
        ("党", "入", False),
        ("南", "兰", False),
    ],
)
def test_characters_that_sound_alike(one: str, other: str, alike: bool) -> None:
    syllables = _fit().syllables
    first, second = (int(syllables[ord(character) - 0x4E00]) for character in (one, other))
    assert (first == second) is alike


@pytest.mark.parametrize(
    ("typed", "mended"),
    [
        # One pair gained for one character changed: 2 - 1.
        ("绝圆", "绝缘"),
        ("食唐", "食堂"),
        # One pair for two characters: 2 - 2 is not enough.
        ("实唐", "实唐"),
        # A word of the dictionary is hardly misspelt: 2 - 2 - 1.5.
        ("试探", "试探"),
        # Two pairs, and a word of three characters: 2 * 2 + 1 - 1, or - 2.
        ("保文桶", "保温桶"),
        ("抱文桶", "保温桶"),
        # 同 stands alone behind a word, which costs 1.5; the long word makes up for it:
        # 2 + 1 - 1 - 1.5.
        ("保温同", "保温桶"),
        # Two pairs of a name for two characters, and one word broken: 2 * 2 - 2 - 1.5.
        ("公会保", "工惠保"),
        # Nothing sounds like it.
        ("手套", "手套"),
        # A single character has no neighbour, across other characters neither.
        ("圆", "圆"),
        ("绝,圆", "绝,圆"),
        ("", ""),
    ],
)
def test_what_is_won_decides(typed: str, mended: str) -> None:
    assert _fit().mend(typed) == mended


def test_a_stop_word_is_hardly_misspelt() -> None:
    spelling = Spelling.fit(["道德"])
    # 锝 sounds like 德 too, and is no stop word: 2 - 1; 的 costs 2.5 more.
    assert tokens.is_stopword("的")
    assert spelling.mend("道锝") == "道德"
    assert spelling.mend("道的") == "道的"


def test_what_stands_in_the_articles_is_never_mended() -> None:
    # 实堂 and 食堂 sound alike; 实堂 is no word, but it stands there.
    assert Spelling.fit(["食堂"]).mend("实堂") == "食堂"
    assert Spelling.fit(["食堂", "绝实堂"]).mend("实堂") == "实堂"


def test_a_long_run_is_left_alone() -> None:
    assert _fit().mend("唐" * 62 + "食唐") == "唐" * 62 + "食堂"
    assert _fit().mend("唐" * 63 + "食唐") == "唐" * 63 + "食唐"


def test_a_numeral_is_never_misspelt() -> None:
    # 一 and 医 sound alike.
    assert Spelling.fit(["医保"]).mend("一保") == "一保"
    assert Spelling.fit(["医保"]).mend("依保") == "医保"


def test_round_trip(tmp_path: Path) -> None:
    fitted = _fit()
    fitted.write(tmp_path / "spelling")
    read = Spelling.read(tmp_path / "spelling")
    for name in ("syllables", "pairs", "sounds", "meant"):
        assert getattr(read, name).tolist() == getattr(fitted, name).tolist()
        assert getattr(read, name).dtype == getattr(fitted, name).dtype
    assert read.mend("绝圆的食唐") == "绝缘的食堂"


FILES = ["meant.npy", "pairs.npy", "sounds.npy", "syllables.npy"]


def test_these_are_all_the_files(tmp_path: Path) -> None:
    _fit().write(tmp_path / "spelling")
    assert sorted(path.name for path in (tmp_path / "spelling").iterdir()) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_cut_or_missing_file_is_damage(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "spelling"
    _fit().write(folder)
    path = folder / name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(IndexDamagedError, match=r"spelling.*changai build"):
        Spelling.read(folder)
    path.unlink()
    with pytest.raises(IndexDamagedError, match=r"spelling.*changai build"):
        Spelling.read(folder)
