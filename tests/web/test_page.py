"""Of Gradio's routes, only what the page is made of is served."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from changai.indexing.build import build_index
from changai.search.index import Index
from changai.web.app import create_app
from changai.web.live import LiveIndex
from changai.web.settings import Settings
from support.small import write_small

SERVED = {"/", "/theme.css", "/manifest.json", "/favicon.ico"}
FILES = {"/static/{path:path}", "/assets/{path:path}"}
EVERY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("small")
    build_index(write_small(folder), folder)
    settings = Settings(folder, rate=0)

    async def make() -> ASGIApp:
        return create_app(LiveIndex(lambda: Index.open(folder)), settings)

    with TestClient(asyncio.run(make()), base_url="http://localhost") as client:
        yield client


def gradios_routes() -> list[tuple[str, str]]:
    """Every method and path that the installed Gradio registers for a page, with all it can have
    switched on."""

    async def make() -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        with gr.Blocks(analytics_enabled=False) as page:
            gr.HTML("page")
        gr.mount_gradio_app(app, page, path="/", run_history=True, enable_monitoring=True)
        return app

    def walk(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
        for route in routes:
            # FastAPI keeps a router that was included as it was.
            below: Any = getattr(route, "routes", None) or getattr(
                getattr(route, "original_router", None), "routes", []
            )
            yield from walk(below, prefix + getattr(route, "path", ""))
            for method in getattr(route, "methods", None) or ():
                yield method, prefix + getattr(route, "path", "")

    return sorted(set(walk(asyncio.run(make()).routes)))


ROUTES = gradios_routes()


def test_gradio_registers_what_is_to_be_shut() -> None:
    """Else the next test would show nothing."""
    assert len(ROUTES) > 80
    assert {
        ("GET", "/gradio_api/file={path_or_url:path}"),
        ("POST", "/gradio_api/run/{api_name}"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/component_server/"),
        ("POST", "/gradio_api/upload"),
        ("GET", "/gradio_api/deep_link"),
        ("GET", "/config"),
        ("GET", "/monitoring"),
    } <= set(ROUTES)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_every_route_of_gradios_is_listed_or_shut(client: TestClient, path: str) -> None:
    asked = re.sub(r"\{[^}]*\}", "x", path)
    for method in EVERY_METHOD:
        answer = client.request(method, asked, json={} if method == "POST" else None)
        if method not in ("GET", "HEAD", "POST"):
            assert answer.status_code == 405
        elif path in SERVED | FILES and method != "POST":
            # HEAD of what Gradio gives by GET alone.
            there = 404 if path in FILES else 200
            assert answer.status_code in ((there, 405) if method == "HEAD" else (there,))
        else:
            assert answer.status_code == 404, method
            assert method == "HEAD" or "没有这个网页" in answer.text


def test_the_page_finds_all_that_it_loads(client: TestClient) -> None:
    page = client.get("/").text
    files = re.findall(r'(?:src|href)="\./((?:assets|static)/[^"]+)"', page)
    assert len(files) >= 2
    for file in files:
        assert client.get(f"/{file}").status_code == 200
    assert "text/css" in client.get("/theme.css?v=1").headers["content-type"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2fetc/passwd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/static/..\\..\\etc\\passwd",
        "/assets/.hidden",
        "/assets/",
        "/static",
        "/static/img",
        f"/static/{'a' * 256}",
        f"/assets/{'a/' * 200}b",
        "/gradio_api",
        "/gradio_api/",
        "/GRADIO_API/info",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=http://127.0.0.1:9/",
        "/file=/etc/passwd",
        "/proxy=http://127.0.0.1:9/",
        "/theme.css/",
        "/robots.txt",
        "/config?deep_link=x",
    ],
)
def test_what_is_not_listed_is_shut(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/?page=x", {}),
        ("/?deep_link=x", {}),
        ("/?__theme=dark&view=api", {}),
        ("/", {"x-forwarded-host": "a b:c"}),
        ("/", {"x-forwarded-host": "evil.example"}),
        ("/", {"x-forwarded-proto": "https", "cookie": "access-token=x", "referer": "http://evil"}),
        ("/", {"origin": "http://evil.example"}),
    ],
)
def test_what_gradio_need_not_know_changes_nothing(
    client: TestClient, path: str, headers: dict[str, str]
) -> None:
    ours = client.get("/")
    assert ours.status_code == 200
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.text) == (200, ours.text)
    assert "evil" not in answer.text
    assert "access-control-allow-origin" not in answer.headers
