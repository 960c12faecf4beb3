"""Servers for the tests to meet: the real one, any application, and a reverse proxy."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from support.paths import ROOT

_BETWEEN_TWO_ONLY = {"connection", "content-encoding", "content-length", "transfer-encoding"}


@contextmanager
def serving_page(folder: Path, *options: str, port: int = 0) -> Iterator[str]:
    """The address, with a slash behind it, that ``app.py`` serves at in a process of its own."""
    command = [sys.executable, "app.py", "--port", str(port), "--index", str(folder), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().rpartition("：")[2].strip() + "/"
        finally:
            server.send_signal(signal.SIGINT)


@contextmanager
def serving(app: ASGIApp, root_path: str = "") -> Iterator[str]:
    """The address that an application is served at."""
    config = uvicorn.Config(app, port=0, log_level="critical", root_path=root_path, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def proxy(upstream: str) -> Starlette:
    """A reverse proxy that serves ``upstream`` below /chat, keeping the host's name."""

    async def forward(request: Request) -> Response:
        async with httpx.AsyncClient(base_url=upstream, timeout=60) as client:
            answer = await client.request(
                request.method,
                "/" + request.path_params["path"],
                params=request.url.query,
                headers=request.headers.items(),
                content=await request.body(),
            )
        kept = {n: v for n, v in answer.headers.items() if n not in _BETWEEN_TWO_ONLY}
        return Response(answer.content, answer.status_code, kept)

    methods = ["GET", "POST", "DELETE"]
    # A browser asks the host for its icon, whatever a page says, and the host has one.
    icon = Route("/favicon.ico", Response(status_code=204))
    return Starlette(routes=[Route("/chat/{path:path}", forward, methods=methods), icon])
