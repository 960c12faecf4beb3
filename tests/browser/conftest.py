"""The page of the real article in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from changai.indexing.build import build_index
from support import hostile as markup
from support.servers import serving_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from support.visits import Visit


@pytest.fixture(scope="package")
def url(faq_folder: Path) -> Iterator[str]:
    with serving_page(faq_folder) as address:
        yield address


@pytest.fixture(scope="package")
def opinions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feedback") / "opinions.sqlite"


@pytest.fixture(scope="package")
def hostile(tmp_path_factory: pytest.TempPathFactory, opinions: Path) -> Iterator[str]:
    """A page whose article, and what describes it, hold markup, and which keeps opinions."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "articles").mkdir()
    (folder / "articles" / "welders.toml").write_text(markup.DESCRIBED, encoding="utf-8")
    (folder / "articles" / "welders.txt").write_text(markup.ARTICLE, encoding="utf-8")
    build_index(folder / "articles", folder)
    with serving_page(folder, "--feedback", str(opinions)) as address:
        yield address


@pytest.fixture(params=["phone", "desk"])
def visit(request: pytest.FixtureRequest, browser: "Browser", url: str) -> Iterator["Visit"]:
    from support.visits import DESK, PHONE, visiting

    size = {"phone": PHONE, "desk": DESK}[request.param]
    with visiting(browser, url, viewport=size) as opened:
        yield opened


@pytest.fixture
def desk(browser: "Browser", url: str) -> Iterator["Visit"]:
    """Where the size of the window plays no part."""
    from support.visits import DESK, visiting

    clipboard = ["clipboard-read", "clipboard-write"]
    with visiting(browser, url, viewport=DESK, permissions=clipboard) as opened:
        yield opened
