"""What is let in at the door, and what is not."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from changai.web.clients import Clients, Introduction
from changai.web.guard import Guard, policy
from changai.web.settings import Settings
from support.echoes import client, echoing

JSON = {"content-type": "application/json"}


def guarded(**chosen: Any) -> ASGIApp:
    settings = Settings(Path(), **chosen)
    clients = Clients(settings.trusted_proxies, settings.client_header)
    return Introduction(Guard(echoing(), settings), clients)


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
        # A proxy has put another Host in the place of the one that the page was asked for at.
        ("POST", "/chat/answer", {**JSON, "origin": "http://wd.example.org"}, 200),
    ],
)
def test_methods_types_and_sites(
    method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = client(guarded()).request(method, path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://site"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://site.evil.example"}, 403),
        ({"origin": "http://site:8080"}, 403),
        ({"origin": "http://evil.example/http://site"}, 403),
        ({"origin": "http://evil@site"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://[site"}, 403),
        ({"origin": "http://site"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "http://elsewhere"}, 200),
        # Whoever is not a page.
        ({"sec-fetch-site": "none"}, 200),
        ({}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_another_site_can_sign_nobody_in_or_out(
    path: str, headers: dict[str, str], status: int
) -> None:
    app = client(guarded(allowed_hosts=("site",)), "site")
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert app.post(path, headers=form | headers).status_code == status


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


def test_a_head_may_be_so_long() -> None:
    app = client(guarded())
    assert app.get("/", headers={"x": "x" * 15_000}).status_code == 200
    assert app.get("/", headers={"x": "x" * 16_000}).status_code == 431
    assert app.get("/?" + "x" * 16_000).status_code == 431


def test_a_body_of_two_lengths_is_refused() -> None:
    headers = {**JSON, "content-length": "2", "transfer-encoding": "chunked"}
    assert client(guarded()).post("/chat/answer", headers=headers).status_code == 400
