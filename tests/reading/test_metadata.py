"""What is read of the file that describes an article, and what of it is refused."""

import os
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changai.errors import ArticleError, MetadataError
from changai.reading.metadata import LARGEST, Metadata, describe, read
from changai.records import Document, Example, Hotline, Misreading, Printed

TEXT = "宁淀的做法\n宁淀市总工会推优人党。\n"
WHOLE = """\ufeff# all there is
title = " 宁波的做法 "
publisher = "宁波市总工会"
published = 2023-05-13
region = "宁波"
url = "https://www.example.org:8443/甲/b.html?id=1&c=2#d"
hotline = {number = "0574-12351", name = "工会维权热线"}

[[examples]]
question = "怎么入党?"
topic = "入党"
audience = "worker"

[[examples]]
question = "怎么入党？"
topic = "党建"
audience = "official"

[misread]
"宁淀" = "宁波"
"人党" = "入党"
"""


def describing(folder: Path, content: str) -> Path:
    path = folder / "a.toml"
    path.write_text(content, encoding="utf-8")
    return path


def told(folder: Path, content: str) -> list[str]:
    """What is said to be wrong, without the file's name, which each line must have."""
    path = describing(folder, content)
    with pytest.raises(MetadataError) as caught:
        read(path, TEXT)
    lines = str(caught.value).splitlines()
    assert all(line.startswith((f"{path} 的 ", "……等")) for line in lines)
    return [line.removeprefix(f"{path} 的 ") for line in lines]


def test_everything_that_may_be_said_is_read(tmp_path: Path) -> None:
    path = describing(tmp_path, WHOLE)
    assert read(path, TEXT) == Metadata(
        title="宁波的做法",
        publisher="宁波市总工会",
        published="2023-05-13",
        region="宁波",
        url="https://www.example.org:8443/甲/b.html?id=1&c=2#d",
        hotline=Hotline("0574-12351", "工会维权热线"),
        examples=(
            Example("怎么入党?", "入党", "worker"),
            Example("怎么入党？", "党建", "official"),
        ),
        misreadings=(Misreading("宁淀", "宁波"), Misreading("人党", "入党")),
        sha256=sha256(path.read_bytes()).hexdigest(),
    )


def test_nothing_need_be_said(tmp_path: Path) -> None:
    assert read(describing(tmp_path, ""), TEXT) == Metadata(sha256=sha256(b"").hexdigest())


@pytest.mark.parametrize("day", ["2023-05-13", '"2023-05-13"'])
def test_a_day_may_be_toml_or_text(tmp_path: Path, day: str) -> None:
    assert read(describing(tmp_path, f"published = {day}"), TEXT).published == "2023-05-13"


@pytest.mark.parametrize("value", ["1", '""', '" "', '"——"', '"一\\n二"', '"a\\u202eb"', "[]"])
@pytest.mark.parametrize(("key", "most"), [("title", 200), ("publisher", 200), ("region", 30)])
def test_a_name_is_a_line_of_text(tmp_path: Path, key: str, most: int, value: str) -> None:
    said = [f"{key}：请写一行文字，用英文引号括起来，不超过 {most} 个字"]
    assert told(tmp_path, f"{key} = {value}") == said
    assert told(tmp_path, f'{key} = "{"名" * (most + 1)}"') == said
    assert read(describing(tmp_path, f'{key} = "{"名" * most}"'), TEXT)


@pytest.mark.parametrize(
    "value",
    [
        '"2023-02-29"', '"2023-13-01"', '"0000-01-01"', '"2023"', '"20230513"', '"2023-W19-6"',
        '"２０２３-05-13"', '"2023-05-13 "', "2023-05-13T00:00:00", "10:00:00", "20230513", "true",
    ],
)  # fmt: skip
def test_a_day_is_one_that_the_calendar_has(tmp_path: Path, value: str) -> None:
    said = ["published：请写日历上有的日期，例如 2023-05-13"]
    assert told(tmp_path, f"published = {value}") == said


@pytest.mark.parametrize(
    "url",
    [
        "", "www.example.org", "//example.org/a", "ftp://example.org/", "file:///etc/passwd",
        "javascript:alert(1)", "data:text/html,a", "http://", "https:///a", "https://?a", "http:a",
        "https://user@example.org/", "https://gov.cn:pw@example.org/", "https://example.org:a/",
        "https://example.org:99999/", "https://example.org\\\\@gov.cn/", "https://example.org /",
        "https://example.org/\\na", "https://exam\\tple.org/", 'https://example.org/\\"a',
        "https://example.org/<a>", "https://[::1/", "https://.example.org/", "https://-a.org/",
        "https://example.org/\\u202e", f"https://example.org/{'a' * 2000}",
        # Full-width letters, a Chinese name not written as xn--, and the sign of the kelvin.
        "https://ｅｖｉｌ.com/", "https://中国.cn/", "https://\u212a.org/", "https://a.cn:８０/",
    ],
)  # fmt: skip
def test_an_address_leads_where_it_seems_to(tmp_path: Path, url: str) -> None:
    said = [
        "url：请写以 http:// 或 https:// 开头的完整网址，不带用户名和空格，中文域名写成 xn-- 的形式"
    ]
    assert told(tmp_path, f'url = "{url}"') == said


def test_a_chinese_host_is_written_in_ascii(tmp_path: Path) -> None:
    url = "https://xn--fiqs8s.cn/甲"
    assert read(describing(tmp_path, f'url = "{url}"'), TEXT).url == url


@pytest.mark.parametrize(
    ("written", "faults"),
    [
        ('"12351"', ['hotline：请写成 {number = "12351", name = "工会维权热线"}']),
        ("{}", ["hotline 的 number：没有写；请补上", "hotline 的 name：没有写；请补上"]),
        (
            '{number = 12351, name = "热线"}',
            ["hotline 的 number：请写电话号码，只用数字和“-”，用英文引号括起来，例如 \"12351\""],
        ),
        (
            '{number = "12351\\" onclick=\\"", name = "热线"}',
            ["hotline 的 number：请写电话号码，只用数字和“-”，用英文引号括起来，例如 \"12351\""],
        ),
        (
            '{number = "12351", name = "热线", when = "24"}',
            ["hotline 的 when：没有这一项；请删去，或改成 number、name"],
        ),
    ],
)  # fmt: skip
def test_a_hotline_has_a_number_and_a_name(tmp_path: Path, written: str, faults: list[str]) -> None:
    assert told(tmp_path, f"hotline = {written}") == faults


EXAMPLE = '{question = "怎么入党?", topic = "入党", audience = "worker"}'


@pytest.mark.parametrize(
    ("written", "faults"),
    [
        ("1", ["examples：请写成 [[examples]]，不超过 20 个"]),
        ("[1]", ["examples：请写成 [[examples]]，不超过 20 个"]),
        (EXAMPLE, ["examples：请写成 [[examples]]，不超过 20 个"]),
        (
            f'[{EXAMPLE}, {{question = "怎么入党？", topic = "党", audience = "worker"}}]',
            ["examples 第 2 个的 question：与前面的一个相同；请删去或换一个"],
        ),
        (
            '[{question = "?", topic = "党", audience = "cadre"}]',
            [
                "examples 第 1 个的 question：请写一行文字，用英文引号括起来，不超过 100 个字",
                'examples 第 1 个的 audience：请写 "worker"（职工） 或 "official"（干部）',
            ],
        ),
        # One character that stands for eighteen.
        (
            f'[{{question = "{"ﷺ" * 6}", topic = "党", audience = "worker"}}]',
            ["examples 第 1 个的 question：请写一行文字，用英文引号括起来，不超过 100 个字"],
        ),
        (
            '[{question = "怎么入党?", audience = ["worker"], topics = "党"}]',
            [
                "examples 第 1 个的 topics：没有这一项；请删去，或改成 question、topic、audience",
                "examples 第 1 个的 topic：没有写；请补上",
                'examples 第 1 个的 audience：请写 "worker"（职工） 或 "official"（干部）',
            ],
        ),
        (f"[{','.join([EXAMPLE] * 21)}]", ["examples：请写成 [[examples]]，不超过 20 个"]),
    ],
)
def test_examples_are_whole_and_apart(tmp_path: Path, written: str, faults: list[str]) -> None:
    assert told(tmp_path, f"examples = {written}") == faults


@pytest.mark.parametrize(
    ("written", "faults"),
    [
        ("1", ["misread：请写成一张表，例如 {键 = \"值\"}，不超过 200 项"]),
        ('{"温州" = "宁波"}', ["misread 的 温州：文章里没有这几个字；请照文章的写法写，或删去"]),
        ('{"宁淀" = "宁淀"}', ["misread 的 宁淀：与它要读成的相同；请改好，或删去"]),
        ('{"总工会" = "總工會"}', ["misread 的 总工会：与它要读成的相同；请改好，或删去"]),
        ('{"" = "宁波"}', ["misread 的 ：应有 1 至 30 个字；请改好"]),
        ('{"宁淀" = 1}', ["misread 的 宁淀：请写一行文字，用英文引号括起来，不超过 30 个字"]),
        ('{"宁淀" = ""}', ["misread 的 宁淀：请写一行文字，用英文引号括起来，不超过 30 个字"]),
    ],
)  # fmt: skip
def test_what_is_misread_stands_in_the_article(
    tmp_path: Path, written: str, faults: list[str]
) -> None:
    assert told(tmp_path, f"misread = {written}") == faults


def test_a_key_that_is_not_known_is_told_with_those_that_are(tmp_path: Path) -> None:
    known = "title、publisher、published、region、url、hotline、examples、misread"
    assert told(tmp_path, 'tilte = "a"') == [f"tilte：没有这一项；请删去，或改成 {known}"]
    assert told(tmp_path, '[misread]\n"a\\nb" = 1')[0].startswith("misread 的 a\\nb：请写一行文字")
    assert told(tmp_path, '"a\\u202eb" = "a"') == [f"a\\u202eb：没有这一项；请删去，或改成 {known}"]


def test_all_that_is_wrong_is_told_at_once_but_not_without_end(tmp_path: Path) -> None:
    assert len(told(tmp_path, "title = 1\npublished = 2\nurl = 3")) == 3
    many = "".join(f'"词{number}" = "甲"\n' for number in range(100))
    assert told(tmp_path, f"[misread]\n{many}")[-1] == "……等 100 处"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('title = "a', "还没有写完"),
        ("title = “a”", "第 1 行第 9 列"),
        ("\n title\n", "第 2 行第 7 列"),
        ("published = 2023-02-30", "第 1 行第 13 列"),
        ('title = "a"\ntitle = "b"', "不合 TOML"),
        ("title = " + "[" * 20_000, "括号套得太深"),
        ("title = " + "1" * 5_000, "不合 TOML"),
        # A key of nine dots, in all the ways that it may be written.
        ("a." * 9 + "a = 1", "第 1 行的键里，点超过 8 个"),
        ("a = 1\r\n \t" + "a\t. " * 9 + "a = 1", "第 2 行的键里，点超过 8 个"),
        ("[" + "a." * 9 + "a]", "第 1 行的键里，点超过 8 个"),
        (" [[ " + "a." * 9 + "a]]", "第 1 行的键里，点超过 8 个"),
        (r'"a.\"".' * 9 + "a = 1", "第 1 行的键里，点超过 8 个"),
        ("'a.\"'." * 9 + "a = 1", "第 1 行的键里，点超过 8 个"),
        ("a." * 14_000 + "a = 1", "第 1 行的键里，点超过 8 个"),
    ],
)
def test_what_is_no_toml_is_told_in_chinese_with_its_place(
    tmp_path: Path, content: str, place: str
) -> None:
    path = describing(tmp_path, content)
    with pytest.raises(MetadataError) as caught:
        read(path, TEXT)
    said = str(caught.value)
    assert said.startswith(str(path)) and place in said and "；请" in said
    assert "line" not in said


def test_dots_that_part_no_key_are_read(tmp_path: Path) -> None:
    path = describing(tmp_path, f'# {"a." * 20}\ntitle = "{"宁." * 20}"\n')
    assert read(path, TEXT).title == "宁." * 20
    # Eight dots are left to tomllib, and are then no key that is known.
    assert told(tmp_path, "a." * 8 + "a = 1")[0].startswith("a：没有这一项")
    assert told(tmp_path, f'"{"a." * 20}" = 1')[0].startswith("a.a.")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("title = '宁波'".encode("gb18030"), "GB18030 编码"),
        (b"title = 'a\0'", "空字符"),
        (b"#" * (LARGEST + 1), "超过 30 KB；请删短"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(MetadataError, match=rf"a\.toml.*{said}"):
        read(path, TEXT)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, said in (("folder", "目录"), ("pipe", "管道"), ("gone", "没有这个文件")):
        with pytest.raises(ArticleError, match=rf"{name}：.*{said}"):
            read(tmp_path / name, TEXT)


DOCUMENT = Document("a", "宁淀的做法", "宁淀市总工会", "2023-05-13", "站", "a.txt", "", TEXT)


@pytest.mark.parametrize(
    ("said", "read_as", "printed"),
    [
        (Metadata(), ("宁淀的做法", "宁淀市总工会", "2023-05-13"), Printed()),
        (
            Metadata(title="宁波的做法", published="2023-05-14"),
            ("宁波的做法", "宁淀市总工会", "2023-05-14"),
            Printed(title="宁淀的做法", published="2023-05-13"),
        ),
        # To say the same is no correction.
        (
            Metadata(title="宁淀的做法", publisher="宁波市总工会"),
            ("宁淀的做法", "宁波市总工会", "2023-05-13"),
            Printed(publisher="宁淀市总工会"),
        ),
    ],
)
def test_a_page_is_corrected_and_what_it_says_is_kept(
    said: Metadata, read_as: tuple[str, str, str], printed: Printed
) -> None:
    document = describe(DOCUMENT, said)
    assert (document.title, document.publisher, document.published) == read_as
    assert document.printed == printed
    assert (document.site, document.text) == ("站", TEXT)


@pytest.mark.parametrize("name", ["文件", "宁淀"])
def test_what_a_page_does_not_say_is_added_and_corrects_nothing(name: str) -> None:
    # Where a page has no title, its file's name stands for it, even if it stands in the text.
    bare = Document(name, name, "", "", "", f"{name}.txt", "", TEXT)
    document = describe(bare, Metadata(title="题目", publisher="单位", published="2023-05-13"))
    assert (document.title, document.publisher, document.published) == (
        *("题目", "单位", "2023-05-13"),
    )
    assert document.printed == Printed()


KEYS = st.sampled_from(["title", "published", "url", "hotline", "examples", "misread", "宁淀"])
VALUES = st.recursive(
    st.one_of(
        st.sampled_from(['"宁波"', '"https://a.cn"', "2023-05-13", "1.5", "inf", "false", '"\\""']),
        st.text("a\"'宁{}=[]\n\\ ", max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: f"[{','.join(each)}]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda each: "{" + ",".join(f'"{key}" = {value}' for key, value in each.items()) + "}"
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_whatever_is_written_is_read_or_refused_by_name(written: dict[str, str]) -> None:
    content = "".join(f'"{key}" = {value}\n' for key, value in written.items())
    with TemporaryDirectory() as folder:
        path = describing(Path(folder), content)
        try:
            metadata = read(path, TEXT)
        except MetadataError as error:
            assert "a.toml" in str(error) and "请" in str(error)
            return
    assert metadata.published in {"", "2023-05-13"}
    assert all(each.printed in TEXT for each in metadata.misreadings)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.toml"
        path.write_bytes(data)
        try:
            read(path, TEXT)
        except MetadataError as error:
            assert "a.toml" in str(error)
