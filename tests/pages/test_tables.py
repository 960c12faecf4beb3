"""数据一览 and 文件清单: what the pages and files hold, and how a browser takes them."""

import csv
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from changai.pages.tables import documents_csv, documents_page, figures_csv, figures_page
from changai.reading import articles
from changai.records import Article, Passage
from support.another_article import ATTACK
from support.pages import Strict

HOME = "https://host.example/chat/"


def cells(page: str) -> list[list[str]]:
    """The text of the cells of a page's table, row by row."""
    body = re.search(r"<tbody>(.*)</tbody>", page, re.S)
    assert body is not None
    return [
        [Strict(cell).text for cell in re.findall(r"<td.*?</td>", row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", body[1], re.S)
    ]


def test_a_row_a_figure_in_reading_order(ningbo: Article) -> None:
    rows = cells(figures_page(ningbo.passages))
    assert len(rows) == 18
    assert rows[0] == ["部门", "25 个", "个", "", "一(二)"]
    assert rows[6] == ["宁波市技能人才总量", "180.15万人", "人", "截至 2020 年底", "三(二)"]
    assert rows[8] == ["各发意代表中、产业工人", "69:原文疑有识别错误", "", "", "四(一)"]


def test_a_row_a_document_in_reading_order(ningbo: Article) -> None:
    rows = cells(documents_page(ningbo.passages))
    assert len(rows) == 8
    assert rows[0] == ["《新时代宁波产业工人队伍建设改革实施方案》", "制定", "", "一(一)"]
    assert rows[3] == ["《组工信息》", "", "", "二(一)"]


def test_the_caption_tells_how_much_there_is_and_whence(
    ningbo: Article, both: tuple[Passage, ...]
) -> None:
    text = Strict(figures_page(ningbo.passages)).text
    assert "共 18 个数据，其中 4 个原文疑有识别错误，照原样列出。出自《以“五化联动”促" in text
    assert "改革联席会议办公室，2023-05-13）。" in text
    text = Strict(figures_page(both)).text
    assert "共 22 个数据，其中 4 个原文疑有识别错误，照原样列出。出自 2 篇文章。" in text
    assert "共提到 9 处。出自 2 篇文章。" in Strict(documents_page(both)).text
    # With several articles each row names its own.
    assert cells(figures_page(both))[-1][-1] == f"(二) 《另一篇<b>{ATTACK}》2024-03-02"


def test_a_row_links_to_its_words_in_the_article(both: tuple[Passage, ...]) -> None:
    texts = {passage.document.id: passage.document.text for passage in both}
    marked = []
    for page in (figures_page(both), documents_page(both)):
        table = Strict(page[page.index("<tbody>") : page.index("</tbody>")] + "</tbody>")
        for tag, attributes in table.tags:
            if tag == "a":
                address = urlsplit(attributes["href"] or "")
                text = texts[address.path.removeprefix("source/").replace("%26", "&")
                             .replace("%20", " ")]  # fmt: skip
                spans = [mark.split("-") for mark in parse_qs(address.query)["mark"]]
                marked.append([text[int(start) : int(end)] for start, end in spans])
    assert len(marked) == 22 + 9
    assert marked[0] == ["25 个", "部门"]
    assert marked[6] == ["宁波市技能人才总量", "180.15万人"]
    assert marked[22] == ["《新时代宁波产业工人队伍建设改革实施方案》"]


def test_only_what_can_be_compared_is_drawn(both: tuple[Passage, ...]) -> None:
    page = figures_page(both)
    drawn = re.findall(r"<figure>.*?</figure>", page, re.S)
    assert [Strict(each).text for each in drawn] == [
        "截至 2020 年底 · 三(二)宁波市技能人才总量 180.15万人高技能人才 55.13万人",
        f"2022年 · (一)新发展会员 4.6万余人{ATTACK}骑手 1.2万人",
    ]
    # 551,300 of 1,801,500, and 12,000 of 46,000.
    assert re.findall(r'<rect class="bar" width="([\d.]+)"', page) == [
        "100.00", "30.60", "100.00", "26.09",
    ]  # fmt: skip
    assert "可以相比的数据" not in documents_page(both)


def test_nothing_in_an_article_becomes_markup(both: tuple[Passage, ...]) -> None:
    for page in (figures_page(both), documents_page(both)):
        made = Strict(page)
        assert not {"img", "i"} & {tag for tag, _ in made.tags}
        assert not any(name.startswith("on") for _, found in made.tags for name in found)
        assert ATTACK in made.text
        assert f"《另一篇<b>{ATTACK}》" in made.text


def test_there_may_be_none() -> None:
    plain = articles.parse("大力推进改革。", file="a.txt", sha256="").passages
    assert "共 0 个数据。" in Strict(figures_page(plain)).text
    assert "共提到 0 处。" in Strict(documents_page(plain)).text
    assert len(figures_csv(plain, HOME).decode("utf-8-sig").splitlines()) == 1


def read(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_figures_as_a_file(ningbo: Article) -> None:
    document = ningbo.document
    source = [document.title, document.publisher, "2023-05-13"]
    header, *rows = read(figures_csv(ningbo.passages, HOME))
    assert header == [
        "所指", "数据原文", "数", "单位", "折合数值", "时点", "备注",
        "文章", "发布单位", "发布日期", "位置", "链接",
    ]  # fmt: skip
    assert len(rows) == 18
    assert rows[6] == [
        *("宁波市技能人才总量", "180.15万人", "180.15万", "人", "1801500", "截至 2020 年底", ""),
        *(*source, "三(二)"),
        f"{HOME}source/ningbo-2023-05-13?mark=1234-1243&mark=1245-1253&of=d4065774#p10",
    ]  # fmt: skip
    assert rows[9] == [
        *("市人大代表中,产业工人", "11.%", "11.", "%", "", "", "原文疑有识别错误"),
        *(*source, "四(一)"),
        f"{HOME}source/ningbo-2023-05-13?mark=1432-1443&mark=1444-1448&of=d4065774#p12",
    ]  # fmt: skip


def test_a_ranges_unit_has_a_column_of_its_own() -> None:
    text = "题目\n\n奖励5000元至2万元,覆盖率为50%-60%。"
    rows = read(figures_csv(articles.parse(text, file="a.txt", sha256="").passages, HOME))[1:]
    assert [row[1:5] for row in rows] == [
        ["5000元至2万元", "5000至2万", "元", ""],
        ["50%-60%", "50-60", "%", ""],
    ]


def test_the_documents_as_a_file(ningbo: Article) -> None:
    header, *rows = read(documents_csv(ningbo.passages, HOME))
    assert header == ["名称", "文中说", "时间", "文章", "发布单位", "发布日期", "位置", "链接"]
    assert len(rows) == 8
    assert rows[-1][:3] == ["《宁波市困难职工档案管理实施办法》", "修订", ""]
    assert rows[-1][6:] == [
        "五(二)",
        f"{HOME}source/ningbo-2023-05-13?mark=1883-1900&of=d4065774#p16",
    ]


@pytest.mark.parametrize("opening", ["=A", "+A", "-A", "@SUM", "＝A", "＋A"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(opening: str) -> None:
    text = f"题目\n\n{opening}覆盖职工20人,覆盖{opening}企业3家。"
    rows = read(figures_csv(articles.parse(text, file="a.txt", sha256="").passages, HOME))[1:]
    assert [row[0] for row in rows] == [f"'{opening}覆盖职工", f"覆盖{opening}企业"]
