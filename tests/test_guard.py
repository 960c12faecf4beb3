"""What is let in at the door, and what is not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai.web.admission import Admission
from changai.web.clients import Clients, Introduction, Rates
from changai.web.guard import Bodies, Departures, Guard, Turnstile, policy
from changai.web.metrics import Metrics
from changai.web.settings import Settings

JSON = {"content-type": "application/json"}


async def echo(request: Request) -> Response:
    return JSONResponse({"length": len(await request.body()), "scheme": request.url.scheme})


def echoing() -> Starlette:
    paths = ["/", "/login", "/api/ask", "/chat/answer", "/figures", "/export/md", "/healthz"]
    return Starlette(routes=[Route(path, echo, methods=["GET", "POST"]) for path in paths])


def client(app: ASGIApp, host: str = "localhost") -> TestClient:
    return TestClient(app, base_url=f"http://{host}", client=("192.0.2.7", 40_000))


def metrics() -> Metrics:
    return Metrics(lambda: 0, lambda: 0, lambda: None, lambda: False)


def guarded(**chosen: Any) -> ASGIApp:
    settings = Settings(Path(), **chosen)
    clients = Clients(settings.trusted_proxies, settings.client_header)
    return Introduction(Guard(echoing(), settings), clients)


# ---- Guard


@pytest.mark.parametrize(
    ("chosen", "host", "status"),
    [
        ({}, "localhost:7860", 200),
        ({}, "LOCALHOST.", 200),
        ({}, "127.0.0.1", 200),
        ({}, "[::1]:7860", 200),
        # A name of the attacker's that leads to our address.
        ({}, "rebound.example", 421),
        ({}, "127.0.0.1.rebound.example", 421),
        ({}, "10.0.0.5", 421),
        ({}, "", 421),
        ({}, "a b:c", 421),
        ({}, "[", 421),
        ({}, "localhost:port", 421),
        ({}, "user@localhost", 421),
        ({}, "localhost/evil", 421),
        ({"host": "10.0.0.5"}, "10.0.0.5:7860", 200),
        ({"host": "0.0.0.0"}, "10.0.0.5", 200),
        ({"host": "::"}, "[2001:db8::1]", 200),
        ({"host": "0.0.0.0"}, "rebound.example", 421),
        ({"allowed_hosts": ("WD.example.org",)}, "wd.example.org", 200),
        ({"allowed_hosts": ("wd.example.org",)}, "sub.wd.example.org", 421),
        ({"public_url": "https://wd.example.org/changai"}, "wd.example.org:443", 200),
    ],
)
def test_hosts(chosen: dict[str, Any], host: str, status: int) -> None:
    assert client(guarded(**chosen)).get("/", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 200),
        ("HEAD", "/", {}, 200),
        ("OPTIONS", "/", {"origin": "http://evil.example"}, 405),
        ("DELETE", "/", {}, 405),
        ("TRACE", "/", {}, 405),
        ("POST", "/chat/answer", JSON, 200),
        ("POST", "/chat/answer", {"content-type": "Application/JSON; charset=utf-8"}, 200),
        ("POST", "/chat/answer", {}, 415),
        ("POST", "/chat/answer", {"content-type": "text/plain"}, 415),
        ("POST", "/chat/answer", {"content-type": "application/jsonp"}, 415),
        ("POST", "/chat/answer", {"content-type": "multipart/form-data; boundary=x"}, 415),
        ("POST", "/chat/answer", {"content-type": "application/x-www-form-urlencoded"}, 415),
        ("POST", "/login", {"content-type": "application/x-www-form-urlencoded"}, 200),
        ("POST", "/chat/answer", {**JSON, "sec-fetch-site": "same-origin"}, 200),
        ("POST", "/chat/answer", {**JSON, "sec-fetch-site": "cross-site"}, 403),
        ("POST", "/chat/answer", {**JSON, "sec-fetch-site": "same-site"}, 403),
    ],
)
def test_methods_types_and_sites(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = client(guarded()).request(method, path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_carries_the_policy_and_what_may_frame_the_page() -> None:
    app = guarded(embed_origins=("https://www.example.org",))
    for answer in (client(app).get("/"), client(app).post("/"), client(app, "evil").get("/")):
        assert "frame-ancestors 'self' https://www.example.org;" in (
            answer.headers["content-security-policy"] + ";"
        )
        assert answer.headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'self';" in policy()


def test_a_trusted_proxy_tells_how_a_request_came() -> None:
    app = TestClient(
        guarded(trusted_proxies=("10.0.0.1",)), "http://localhost", client=("10.0.0.1", 1)
    )
    assert app.get("/", headers={"x-forwarded-proto": "https"}).json()["scheme"] == "https"


def test_programs_are_refused_in_json_and_people_by_a_page() -> None:
    program = client(guarded(), "evil").post("/chat/answer", json={})
    assert list(program.json()) == ["error"]
    person = client(guarded(), "evil").get("/figures")
    assert "<h1>出错了</h1>" in person.text


# ---- Bodies


@pytest.mark.parametrize(
    ("length", "status"),
    [(0, 200), (1_000_000, 200), (1_000_001, 413), (10_000_000, 413)],
)
@pytest.mark.parametrize("told", [True, False], ids=["told", "in parts"])
def test_an_exports_body_may_be_so_long(length: int, status: int, told: bool) -> None:
    body = b"x" * length
    answer = client(Bodies(echoing())).post("/export/md", content=body if told else iter([body]))
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["length"] == length


@pytest.mark.parametrize("path", ["/login", "/chat/answer", "/api/ask"])
def test_any_other_body_is_short(path: str) -> None:
    app = client(Bodies(echoing()))
    assert app.post(path, content=b"x" * 64_000).json()["length"] == 64_000
    assert app.post(path, content=b"x" * 64_001).status_code == 413


def test_a_head_may_be_so_long() -> None:
    app = client(guarded())
    assert app.get("/", headers={"x": "x" * 15_000}).status_code == 200
    assert app.get("/", headers={"x": "x" * 16_000}).status_code == 431
    assert app.get("/?" + "x" * 16_000).status_code == 431


def test_a_body_of_two_lengths_is_refused() -> None:
    headers = {**JSON, "content-length": "2", "transfer-encoding": "chunked"}
    assert client(guarded()).post("/chat/answer", headers=headers).status_code == 400


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "", " ", "1 2", "9" * 5000])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    answer = client(Bodies(echoing())).post("/login", headers={"content-length": length})
    assert answer.status_code == 413


def test_all_bodies_together_may_be_so_long() -> None:
    """Sixty-four clients each send the longest export that may be, and keep back its last byte."""

    async def send_all() -> list[int]:
        app = Bodies(echoing())
        held = asyncio.Event()
        statuses: list[int] = []

        async def visit() -> None:
            parts = [b"x" * 999_999, b"x"]

            async def receive() -> Message:
                if len(parts) == 1:
                    await held.wait()
                return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

            async def send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])

            scope = {"type": "http", "method": "POST", "path": "/export/md", "headers": []}
            await app(scope | {"query_string": b""}, receive, send)

        visits = [asyncio.create_task(visit()) for _ in range(64)]
        await asyncio.sleep(0)
        refused = list(statuses)
        held.set()
        await asyncio.gather(*visits)
        # Nothing is held any more.
        statuses.clear()
        await visit()
        assert statuses == [200]
        return refused

    assert asyncio.run(send_all()) == [503] * 32


# ---- Departures


def test_nobody_works_for_who_has_left() -> None:
    async def visit(path: str) -> tuple[bool, list[str]]:
        began, done, sent = asyncio.Event(), False, list[str]()
        left = asyncio.Event()

        async def work(_scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal done
            assert (await receive())["body"] == b"asked"
            began.set()
            await asyncio.sleep(0.2)
            done = True
            await send({"type": "http.response.start", "status": 200, "headers": []})

        parts: list[Message] = [{"type": "http.request", "body": b"asked", "more_body": False}]

        async def receive() -> Message:
            if parts:
                return parts.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message["type"])

        scope = {"type": "http", "method": "POST", "path": path, "headers": []}
        visiting = asyncio.create_task(Departures(work)(scope, receive, send))
        await began.wait()
        left.set()
        await visiting
        return done, sent

    assert asyncio.run(visit("/chat/answer")) == (False, [])
    assert asyncio.run(visit("/export/md")) == (False, [])
    # What costs nothing is done to its end.
    assert asyncio.run(visit("/login")) == (True, ["http.response.start"])


def test_what_fails_for_who_has_stayed_is_raised() -> None:
    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("seven")

    with pytest.raises(ValueError, match="seven"):
        client(Departures(fail)).get("/figures")


# ---- Turnstile


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    rates = Rates(Clients([], ""), 2)
    app = client(Turnstile(echoing(), Admission(1, 1), rates, metrics()))
    assert [app.get("/api/ask").status_code for _ in range(3)] == [200, 200, 429]
    for path in ("/figures", "/chat/answer", "/export/md"):
        answer = app.get(path)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 120
    # What costs nothing is not counted.
    assert app.get("/").status_code == app.get("/healthz").status_code == 200


def test_when_the_room_is_full_nobody_is_let_in_to_wait() -> None:
    admission = Admission(1, 0)
    app = client(Turnstile(echoing(), admission, Rates(Clients([], ""), 0), metrics()))

    async def ask() -> list[int]:
        async with admission.admitted():
            answer = await asyncio.to_thread(app.get, "/api/ask")
            assert answer.headers["retry-after"] == "2"
            assert answer.json() == {"error": "现在问的人太多；请过一会儿再问"}
            health = await asyncio.to_thread(app.get, "/healthz")
        again = await asyncio.to_thread(app.get, "/api/ask")
        return [answer.status_code, health.status_code, again.status_code]

    assert asyncio.run(ask()) == [503, 200, 200]
