"""The article's structure was read off the page by eye."""

import hashlib
import random
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.errors import ArticleError
from changai.reading import articles
from changai.reading.folder import find
from changai.records import Article, Printed
from support.paths import ARTICLE

LOCATORS = [
    "文章信息", "引言",
    "一(一)", "一(二)", "一(三)", "二(一)", "二(二)", "二(三)", "三(一)", "三(二)", "三(三)",
    "四(一)", "四(二)", "四(三)", "五(一)", "五(二)", "五(三)",
]  # fmt: skip


def parse(text: str) -> Article:
    return articles.parse(text, file="test.txt", sha256="")


def located(article: Article) -> list[tuple[str, str]]:
    return [(p.locator, p.text) for p in article.passages if p.locator != "文章信息"]


def test_the_article_has_its_introduction_its_fifteen_items_and_its_metadata(
    ningbo: Article,
) -> None:
    assert [p.locator for p in ningbo.passages] == LOCATORS
    assert len({p.id for p in ningbo.passages}) == len(LOCATORS)


def test_the_article_says_what_it_is(ningbo: Article) -> None:
    document = ningbo.document
    assert document.title == "以“五化联动”促“产育融合”高标准、高质量推进产业工人队伍建设改革"
    assert document.publisher == "浙江省宁波市产业工人队伍建设改革联席会议办公室"
    assert document.printed.publisher == "浙江省宁淀市产业工人队伍建设改革联席会议办公室"
    assert (document.printed.title, document.printed.published) == ("", "")
    assert document.published == "2023-05-13"
    assert document.site == "鄂尔多斯工会网"
    assert document.file == "ningbo-2023-05-13.txt"


def test_the_metadata_passage_holds_title_body_date_and_hotline(ningbo: Article) -> None:
    text = ningbo.passages[0].text
    publisher = ningbo.document.printed.publisher
    for part in (ningbo.document.title, publisher, "2023-05-13", "热线:12351"):
        assert part in text


def test_every_passage_is_verbatim(ningbo: Article) -> None:
    for passage in ningbo.passages:
        assert passage.document.text[passage.start : passage.end] == passage.text


@pytest.mark.parametrize(
    ("locator", "beginning", "end"),
    [
        ("引言", "近年来,宁波市", "改革宁波模式"),
        ("一(一)", "强化整体统筹。", "落实、落地。"),
        ("二(一)", "以政治引领固根基。", "《组工信息》刊发。"),
        ("二(二)", "以思想引领聚共识。", "坚定理想信念。"),
        ("二(三)", "以文化引领汇合力。", "优秀组织奖。"),
        ("四(一)", "政治主保障。", "要有人解提升。"),
        ("五(三)", "强联动、优服务。", "产业工人的获得感。"),
    ],
)
def test_items_begin_and_end_where_the_page_has_them(
    ningbo: Article, locator: str, beginning: str, end: str
) -> None:
    (passage,) = [p for p in ningbo.passages if p.locator == locator]
    assert passage.text.startswith(beginning)
    assert passage.text.endswith(end)


def test_items_stand_under_their_section(ningbo: Article) -> None:
    headings = {p.locator: p.headings for p in ningbo.passages}
    assert headings["五(三)"] == ("五、集成化整合资源,当好暖心服务贴心人",)
    assert headings["引言"] == ()


@pytest.mark.parametrize("furniture", ["欢迎来到", "加入收藏 ", "上一篇", "下一篇"])
def test_furniture_is_no_passage(ningbo: Article, furniture: str) -> None:
    assert not any(furniture in p.text for p in ningbo.passages[1:])


def test_printed_numbers_are_kept_and_lost_ones_counted_on() -> None:
    article = parse("标题\n一、开头\n(二)甲。\n()乙。\n二、再来\n()丙。\n")
    assert located(article) == [("一(二)", "甲。"), ("一(三)", "乙。"), ("二(一)", "丙。")]


def test_full_width_brackets_number_items_too() -> None:
    assert located(parse("标题\n（一）甲。（二）乙。\n")) == [("(一)", "甲。"), ("(二)", "乙。")]


def test_brackets_within_a_sentence_open_no_item() -> None:
    assert located(parse("标题\n(一)办法(试行)和(一)甲。\n")) == [("(一)", "办法(试行)和(一)甲。")]


def test_paragraphs_without_sections_are_counted() -> None:
    article = parse("标题\n第一段说了这些。\n\n第二段说了那些。\n")
    assert located(article) == [("第1段", "第一段说了这些。"), ("第2段", "第二段说了那些。")]


def test_a_paragraph_after_an_item_is_its_second() -> None:
    article = parse("标题\n一、开头\n(一)甲。\n又一段。\n")
    assert located(article) == [("一(一)", "甲。"), ("一(一)第2段", "又一段。")]


def test_a_line_broken_within_a_sentence_is_joined() -> None:
    assert located(parse("标题\n一、开头\n(一)甲乙\n\n  丙丁。\n")) == [
        ("一(一)", "甲乙\n\n  丙丁。")
    ]


def test_a_sentence_behind_a_section_number_is_a_passage() -> None:
    article = parse("标题\n一、要加强领导。各级都要。\n(一)甲。\n二、要增加投入。\n(一)乙。\n")
    assert located(article) == [
        ("一第1段", "一、要加强领导。各级都要。"),
        ("一(一)", "甲。"),
        ("二第1段", "二、要增加投入。"),
        ("二(一)", "乙。"),
    ]
    assert article.passages[1].headings == ("一、要加强领导。",)


def test_an_item_number_alone_on_its_line_numbers_what_follows() -> None:
    assert located(parse("标题\n一、开头\n(一)\n甲。\n又一段。\n")) == [
        ("一(一)", "甲。"),
        ("一(一)第2段", "又一段。"),
    ]


def test_a_holiday_is_no_section() -> None:
    assert located(parse("标题\n五一、国庆期间慰问职工。\n")) == [
        ("第1段", "五一、国庆期间慰问职工。")
    ]


def test_brackets_after_a_quotation_open_no_item() -> None:
    text = "落实“双千行动”(二)期工程。"
    assert located(parse(f"标题\n一、开头\n(一){text}\n")) == [("一(一)", text)]


def test_locators_that_repeat_are_told_apart() -> None:
    assert located(parse("标题\n(一)甲。\n(一)乙。\n")) == [("(一)", "甲。"), ("(一)第2处", "乙。")]


def test_a_table_does_not_run_into_one_passage() -> None:
    rows = "\n".join(f"第{n}行的内容没有句号" for n in range(300))
    assert max(len(p.text) for p in parse(f"标题\n正文。\n{rows}\n").passages) <= 1000


@pytest.mark.parametrize(
    "line", ["今天是五一国际劳动节,开通欢迎访问职工之家小程序。", "第三条 保护职工。"]
)
def test_a_sentence_is_never_furniture_and_opens_its_own_passage(line: str) -> None:
    assert line in [p.text for p in parse(f"标题\n第一条 甲乙丙。\n{line}\n").passages]


def test_a_signature_is_a_passage_of_its_own() -> None:
    article = parse("某地通知\n请认真执行。\n\n宁波市总工会\n2022年6月1日\n")
    assert located(article) == [
        ("第1段", "请认真执行。"),
        ("落款", "宁波市总工会\n2022年6月1日"),
    ]


def test_numbers_beyond_ten_are_restored() -> None:
    article = parse("标题\n" + "".join("()某项。\n" for _ in range(21)))
    locators = [p.locator for p in article.passages if p.locator != "文章信息"]
    assert [locators[n - 1] for n in (9, 10, 11, 19, 20, 21)] == [
        "(九)", "(十)", "(十一)", "(十九)", "(二十)", "(二十一)",
    ]  # fmt: skip


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeff标题\n正文一段。\n".encode())
    article = articles.read(file)
    assert article.document.title == "标题"
    assert article.document.text.startswith("标题")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "空"),
        (b" \n\t\n", "空"),
        ("产业工人".encode("gb18030"), "UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0", "UTF-8"),
        (b"abc\0def", "文本"),
        ("标题\n——\n".encode(), "段落"),
    ],
)
def test_what_is_no_article_is_named_in_the_error(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "broken.txt"
    file.write_bytes(content)
    with pytest.raises(ArticleError, match=said) as caught:
        articles.read(file)
    assert "broken.txt" in str(caught.value)


def test_all_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    for name, content in (
        ("a.txt", b""),
        ("b.txt", "标题\n正文一段。\n".encode()),
        ("c.txt", "标题\n正文一段。\n".encode("gb18030")),
        ("d.txt", "标题\n正文一段。\n".encode()),
        ("d.questions.jsonl", b"{}\n[]\n"),
        ("d.toml", b"title = 1\nurl = 2\n"),
    ):
        (tmp_path / name).write_bytes(content)
    paths = find(tmp_path)
    with pytest.raises(ArticleError) as caught:
        articles.read_all(paths)
    head, *lines = str(caught.value).splitlines()
    assert head == "有 4 个文件要改："
    named = [
        *("a.txt", "c.txt", "d.toml 的 title", "d.toml 的 url"),
        *("d.questions.jsonl 第 1 行", "d.questions.jsonl 第 2 行"),
    ]
    assert all(name in line for name, line in zip(named, lines, strict=True))
    with pytest.raises(ArticleError) as caught:
        articles.read_all(paths[:2])
    assert str(caught.value).startswith(f"文章 {tmp_path / 'a.txt'} 是空的")
    (sound,) = articles.read_all(paths[1:2])
    assert sound == articles.read(tmp_path / "b.txt")


def test_what_describes_an_article_changes_no_character_of_it(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    text = "宁淀的做法\n宁淀市推优人党。\n"
    file.write_text(text, encoding="utf-8")
    plain = articles.read(file)
    (tmp_path / "a.toml").write_text(
        'title = "宁波的做法"\nmisread = {"宁淀" = "宁波"}\n', encoding="utf-8"
    )
    described = articles.read(file)
    assert (described.document.title, described.document.text) == ("宁波的做法", text)
    assert described.document.printed == Printed(title="宁淀的做法")
    assert [p.text for p in described.passages] == [p.text for p in plain.passages]
    assert {p.document for p in described.passages} == {described.document}
    sha256 = hashlib.sha256((tmp_path / "a.toml").read_bytes()).hexdigest()
    assert described.sources == (*plain.sources, ("a.toml", sha256))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArticleError, match=r"nowhere\.txt"):
        articles.read(tmp_path / "nowhere.txt")


LINES = st.lists(
    st.one_of(
        st.sampled_from(["", "  ", "一、标题", "()甲。()乙。", "(三)丙", "设为首页", "上一篇:某"]),
        st.text(st.characters(codec="utf-8"), max_size=40),
    ),
    max_size=12,
)


@given(LINES)
def test_whatever_the_page_passages_are_verbatim_in_order_and_apart(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        article = parse(text)
    except ArticleError:
        return
    body = [p for p in article.passages if p.locator != "文章信息"]
    for passage in article.passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip() != ""
    for before, after in pairwise(body):
        assert before.end <= after.start
    assert len({p.id for p in article.passages}) == len(article.passages)
    assert len({p.locator for p in article.passages}) == len(article.passages)


MUTATIONS = 300


def mutated(data: bytes, chance: random.Random) -> bytes:
    """An article damaged as disks, editors and strangers damage files."""
    lines = data.splitlines(keepends=True)
    place, line = chance.randrange(len(data)), chance.randrange(len(lines))
    match chance.randrange(12):
        case 0:
            return (
                data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
            )
        case 1:
            return data[:place]
        case 2:
            return b"".join(lines[:line] + lines[line + 1 :])
        case 3:
            return b"".join(lines[: line + 1] * 2 + lines[line:])
        case 4:
            return data[:place] + b"\0" + data[place:]
        case 5:
            return b"".join([*lines[:line], b"\xef\xbb\xbf", *lines[line:]])
        case 6:
            return b"".join(lines[:line]) + lines[line] * 2_000 + b"".join(lines[line:])
        case 7:
            return data.replace(b"\n", chance.choice([b"\r\n", b"\r", b"\x0b", b"\n\n", b""]))
        case 8:
            odd = chance.choice("\u2028\u2029\x85\x1c\u202e\u200b\u0301\U0010ffff()（）《》第章")
            return b"".join(lines[:line]) + odd.encode() * 500 + b"".join(lines[line:])
        case 9:
            chance.shuffle(lines)
            return b"".join(lines)
        case 10:
            return chance.randbytes(200).join([data[:place], data[place:]])
        case _:
            return mutated(mutated(data, chance), chance)


def test_a_mutated_article_is_read_verbatim_or_refused(tmp_path: Path) -> None:
    chance = random.Random(20261127)  # noqa: S311
    sound = ARTICLE.read_bytes()
    file = tmp_path / "a.txt"
    read = refused = 0
    for _ in range(MUTATIONS):
        data = mutated(sound, chance)
        file.write_bytes(data)
        try:
            article = articles.read(file)
        except ArticleError as error:
            refused += 1
            assert "a.txt" in str(error) and "；请" in str(error)
            continue
        read += 1
        assert article.document.text == data.decode("utf-8-sig")
        assert article.passages
        for passage in article.passages:
            assert article.document.text[passage.start : passage.end] == passage.text != ""
    assert read > 100 and refused > 30


@given(st.binary(max_size=300))
def test_any_bytes_are_an_article_or_refused(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "a.txt"
        file.write_bytes(data)
        try:
            article = articles.read(file)
        except ArticleError:
            return
    for passage in article.passages:
        assert article.document.text[passage.start : passage.end] == passage.text
