"""Names that lead elsewhere, do not show, or stand for what is no file: of articles, of what their
index is made of, and of the members of a backup."""

import asyncio
import json
import os
import socket
import unicodedata
from collections.abc import Callable
from html import unescape
from itertools import product
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from starlette.types import Message

from changai.admin import backups
from changai.cli.main import main
from changai.errors import ArticleError, IndexDamagedError
from changai.indexing import store
from changai.indexing.build import build_index
from changai.pages import original
from changai.reading import articles
from changai.reading.folder import find, is_usable_name
from changai.search.index import Index
from changai.web import site
from changai.web.clients import Clients, Rates
from changai.web.live import LiveIndex
from support.small import ARTICLE, write_small

USABLE = [
    "名" * 80,
    "a..",
    "a..b",
    "%2e%2e%2fpasswd",
    "%00",
    "<script>alert(1)<∕script>",
    "<img src=x onerror=alert(1)>",
    "a#b",
    "a?b=c&d",
    "a b",
    " a ",
    "全角　空格",
    "'\";$(id)`id`",
    "-rf",
    "a.txt",
    "é",
    "e\u0301",
    "COM1",
    "~root",
    "[a](b)",
    "a:b",
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an article of each usable name, and their index."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "articles").mkdir()
    for stem in USABLE:
        text(folder / "articles" / f"{stem}.txt")
    build_index(folder / "articles", folder)
    return folder


@pytest.fixture(scope="module")
def page(library: Path) -> Callable[[str], tuple[int, str]]:
    """What the site answers to a path as a server hands it on: a test's client decodes it twice."""
    index = Index.open(library)
    app = FastAPI()
    unlimited = Rates(Clients([], ""), 0)
    app.include_router(site.create_router(LiveIndex(lambda: index), unlimited))

    def get(path: str) -> tuple[int, str]:
        told: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            told.append(message)

        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
        asyncio.run(app(scope, receive, send))
        return told[0]["status"], b"".join(each.get("body", b"") for each in told).decode()

    return get


@pytest.mark.slow
@pytest.mark.parametrize("stem", USABLE)
def test_a_name_that_shows_is_indexed_and_opens(
    page: Callable[[str], tuple[int, str]], library: Path, stem: str
) -> None:
    passage = next(p for p in Index.open(library).passages if p.document.id == stem)
    address = unquote(urlsplit(original.link(passage, ())).path)
    status, html = page(f"/{address}")
    assert status == 200
    assert f"{stem}.txt" in unescape(html)
    assert "每名焊工每年发放安全帽两顶。" in html
    assert "<script>alert" not in html and "<img src=x" not in html


def test_names_that_show_are_backed_up_and_restored(library: Path, tmp_path: Path) -> None:
    backups.back_up(library / "articles", tmp_path / "backup.zip")
    backups.restore(tmp_path / "backup.zip", tmp_path / "other")
    restored = {p.stem: p.read_bytes() for p in (tmp_path / "other" / "articles").iterdir()}
    assert restored == dict.fromkeys(USABLE, ARTICLE.encode())


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        # From within: a socket's address may have a hundred characters only.
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            listening.bind(path.name)
        finally:
            os.chdir(before)


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(articles.LARGEST + 1)


def text(path: Path) -> None:
    path.write_text(ARTICLE, encoding="utf-8")


REFUSED = [
    (os.fsdecode(b"\xff\xfe.txt"), text, r"\udcff\udcfe.txt”"),
    (os.fsdecode("焊工".encode("gb18030") + b".txt"), text, r"\udc"),
    ("a\nb.txt", text, r"a\nb.txt”"),
    ("a\rb.txt", text, r"a\rb.txt”"),
    ("a\x1b[2Jb.txt", text, r"a\x1b[2Jb.txt”"),
    ("a\x7f.txt", text, r"a\x7f.txt”"),
    ("a\x9b.txt", text, r"a\x9b.txt”"),
    ("a\u202etxt.exe.txt", text, r"a\u202etxt.exe.txt”"),
    ("a\u200f.txt", text, r"a\u200f.txt”"),
    ("a\u200b.txt", text, r"a\u200b.txt”"),
    ("\ufeffa.txt", text, r"\ufeffa.txt”"),
    ("a\u2028b.txt", text, r"a\u2028b.txt”"),
    ("a\\..\\b.txt", text, r"a\..\b.txt”"),
    ("folder.txt", Path.mkdir, "folder.txt：这是一个目录"),
    ("pipe.txt", fifo, "pipe.txt：这不是普通文件"),
    ("socket.txt", unix_socket, "socket.txt：这不是普通文件"),
    ("zero.txt", link("/dev/zero"), "zero.txt：这不是普通文件"),
    ("tty.txt", link("/dev/tty"), "tty.txt："),
    ("gone.txt", link("nowhere"), "gone.txt：没有这个文件"),
    ("circle.txt", link("circle.txt"), "circle.txt：链接绕成了圈"),
    ("broken.txt", link("/proc/self/mem"), "broken.txt：磁盘读写出错"),
    ("large.txt", sparse, "large.txt：超过 20 MB；请分成"),
]


@pytest.mark.parametrize(
    ("name", "make", "said"), REFUSED, ids=map(ascii, (n for n, *_ in REFUSED))
)
def test_what_is_no_article_is_told_of_by_a_name_that_shows(
    tmp_path: Path, name: str, make: Callable[[Path], None], said: str
) -> None:
    folder = write_small(tmp_path)
    make(folder / name)
    result = CliRunner().invoke(main, ["build", "--index", str(tmp_path)])
    assert result.exit_code == 2
    assert said in result.stderr
    assert "权限" not in result.stderr
    assert result.stderr.rstrip("\n").replace("\n", "").isprintable()
    assert not store.exists(tmp_path)
    inspected = CliRunner().invoke(main, ["inspect", str(folder / name)])
    assert inspected.exit_code == 2
    assert inspected.stderr.replace("\n", "").isprintable()


def test_a_file_that_vanishes_meanwhile_is_told_of(tmp_path: Path) -> None:
    paths = find(write_small(tmp_path))
    paths[0].unlink()
    with pytest.raises(ArticleError, match=r"welders\.txt：没有这个文件"):
        articles.read_all(paths)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told_of(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    (folder / "welders.txt").chmod(0)
    with pytest.raises(ArticleError, match=r"welders\.txt：没有权限"):
        build_index(folder, tmp_path)


def test_every_name_of_an_article_shows() -> None:
    for code in range(0x3000):
        usable = is_usable_name(f"a{chr(code)}.txt")
        category = unicodedata.category(chr(code))
        assert usable == (category[0] not in "C" and category not in {"Zl", "Zp"} and code != 0x5C)


UP = [
    "../", "..\\", "%2e%2e%2f", "%2e%2e/", "..%2f", "%252e%252e%252f", "..%5c", "..;/", "....//",
    "..%c0%af", "..%00/", ".%2e/", "..//", "./../", "/../",
]  # fmt: skip
TARGETS = [
    "etc/passwd", "etc/shadow", "proc/self/environ", "proc/self/mem", "dev/zero", "current.json",
    "built/current.json", "articles/welders.txt", "root/.ssh/id_rsa", "windows/win.ini",
]  # fmt: skip
ENDS = ["", "%00", "\0.txt", "/."]
TRAVERSALS = [
    up * depth + target + end for up, depth, target, end in product(UP, range(1, 14), TARGETS, ENDS)
]


@pytest.mark.slow
def test_no_traversal_leads_out_of_the_folder(
    page: Callable[[str], tuple[int, str]], small_folder: Path
) -> None:
    assert len(set(TRAVERSALS)) == 7_800
    pointer = small_folder / "built" / "current.json"
    for each in TRAVERSALS:
        status, _ = page(f"/source/{each}")
        assert status == 404
        # As a member of an archive, and as the generation in use.
        assert not backups.is_member(each)
        assert not backups.is_member(f"articles/{each}") or not {"/", "\\"} & set(each)
        pointer.write_text(json.dumps({"generation": each}), encoding="utf-8")
        with pytest.raises(IndexDamagedError):
            store.current_generation(small_folder)
