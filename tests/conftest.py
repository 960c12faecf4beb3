"""Shared fixtures: the real article, the real encoder, a real index, a real browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from changai.indexing.build import build_index
from changai.models import encoders
from changai.reading import articles
from changai.records import Article
from changai.search.index import Index
from support.paths import ARTICLE
from support.small import write_small

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def ningbo() -> Article:
    return articles.read(ARTICLE)


@pytest.fixture(scope="session")
def encoder() -> encoders.Encoder:
    return encoders.load("builtin")


@pytest.fixture(scope="session")
def built_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the articles and their index; tests must leave it as it is."""
    folder = tmp_path_factory.mktemp("index")
    shutil.copytree(ARTICLE.parent, folder / "articles")
    build_index(folder / "articles", folder)
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have chromium: apt-get install chromium")
        pytest.skip("no chromium on this machine")
    # A busy machine must not fail a test: none waits for what does not come.
    expect.set_options(timeout=12_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()
