"""An application that tells what reaches it, for the tests of what stands before one."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp


async def echo(request: Request) -> Response:
    return JSONResponse({"length": len(await request.body()), "scheme": request.url.scheme})


def echoing() -> Starlette:
    paths = [
        "/",
        "/login",
        "/logout",
        "/api/ask",
        "/chat/answer",
        "/figures",
        "/export/md",
        "/healthz",
    ]
    return Starlette(routes=[Route(path, echo, methods=["GET", "POST"]) for path in paths])


def client(app: ASGIApp, host: str = "localhost") -> TestClient:
    return TestClient(app, base_url=f"http://{host}", client=("192.0.2.7", 40_000))
