"""Shared fixtures: the real article, the real encoder, a real index, a real browser."""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from changai.indexing.build import build_index
from changai.models import encoders
from changai.reading import articles
from changai.records import Article, Passage
from changai.search.index import Index
from support.another_article import ANOTHER
from support.built import build_or_reuse
from support.nginx import make_certificate
from support.paths import ARTICLE
from support.small import write_small

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long an example takes says more of the machine than of the code.
settings.register_profile("whole", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile("whole" if os.environ.get("CI") else "quick")

CHROMIUM = shutil.which("chromium")
# What a test asks for, and the marker that it has of that.
MARKED = {"browser": pytest.mark.browser, "faq_folder": pytest.mark.slow}


def pytest_configure() -> None:
    if os.environ.get("CI"):
        for name in ("playwright", "axe_playwright_python"):
            if not find_spec(name):
                raise pytest.UsageError(f"CI must have {name}: pip install -e '.[test]'")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in MARKED.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKED[fixture])


@pytest.fixture(scope="session")
def ningbo() -> Article:
    return articles.read(ARTICLE)


@pytest.fixture(scope="session")
def another() -> Article:
    return articles.parse(ANOTHER, file="a&b c.txt", sha256="")


@pytest.fixture(scope="session")
def both(ningbo: Article, another: Article) -> tuple[Passage, ...]:
    return ningbo.passages + another.passages


@pytest.fixture(scope="session")
def encoder() -> encoders.Encoder:
    return encoders.load("builtin")


@pytest.fixture(scope="session")
def built_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the article, without its questions, and its index; tests must leave it so."""
    folder = tmp_path_factory.mktemp("index")
    (folder / "articles").mkdir()
    for path in (ARTICLE, ARTICLE.with_suffix(".toml")):
        shutil.copy(path, folder / "articles")
    build_index(folder / "articles", folder)
    return folder


@pytest.fixture(scope="session")
def faq_folder(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the article, its 3,025 questions and their index; tests must leave it so.

    A test that has it is slow: building takes a minute or more, and is done where nothing is kept.
    """
    folder = tmp_path_factory.mktemp("faq")
    cache = pytestconfig.cache
    assert cache is not None
    build_or_reuse(cache.mkdir("index"), folder)
    return folder


@pytest.fixture
def own_folder(built_folder: Path, tmp_path: Path) -> Path:
    """A copy of ``built_folder`` that a test may break."""
    return Path(shutil.copytree(built_folder, tmp_path / "index"))


@pytest.fixture(scope="session")
def small_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small article, its questions and their index; tests must leave it so."""
    folder = tmp_path_factory.mktemp("small")
    build_index(write_small(folder), folder)
    return folder


@pytest.fixture
def small_folder(small_built: Path, tmp_path: Path) -> Path:
    """A copy of ``small_built`` that a test may break."""
    return Path(shutil.copytree(small_built, tmp_path / "small"))


@pytest.fixture(scope="session")
def index(built_folder: Path) -> Index:
    return Index.open(built_folder)


@pytest.fixture(scope="session")
def faq_index(faq_folder: Path) -> Index:
    return Index.open(faq_folder)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost's own, with its key beside it."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have chromium: apt-get install chromium")
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import expect, sync_playwright

    # A busy machine must not fail a test: none waits for what does not come.
    expect.set_options(timeout=12_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()
