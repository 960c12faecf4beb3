"""Who gets in, and who does not: the real middleware around a small application."""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from changai.admin.accounts import Accounts
from changai.errors import AccountFileError
from changai.web.clients import Clients
from changai.web.signin import SignIn, user_of
from support.account_files import write_accounts
from support.clocks import Clock
from support.pages import Strict
from support.servers import proxy, serving

HORSE = "correct horse"
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PROGRAM_PATHS = ["/api/ask", "/api/openapi.json", "/mcp"]


def application() -> Starlette:
    """Everything that it is asked for tells who asks."""

    async def tell(request: Request) -> JSONResponse:
        return JSONResponse({"user": user_of(request.scope), "path": request.url.path})

    async def chat(_: Request) -> HTMLResponse:
        return HTMLResponse("<title>问答</title>")

    async def asset(request: Request) -> PlainTextResponse:
        return PlainTextResponse("", headers={"cache-control": request.query_params["cache"]})

    return Starlette(
        routes=[
            Route("/", chat),
            Route("/asset", asset),
            Route("/{path:path}", tell, methods=["GET", "POST", "PUT", "DELETE"]),
        ]
    )


# A proxy that does not say for whom it asks.
PROXY = "10.9.9.9"
CLIENTS = Clients([PROXY], "")


class Site:
    """A site with its sign-in, and one browser or program that asks it."""

    def __init__(
        self, path: Path, *, secure: bool = False, root: str = "", client: str | None = "10.0.0.1"
    ) -> None:
        self.path = path
        self.clock = Clock()
        self.client_address = client
        self.signin = SignIn(
            application(), Accounts(path), secure=secure, clients=CLIENTS, clock=self.clock
        )
        transport = httpx.ASGITransport(app=self.from_client, root_path=root)
        scheme = "https" if secure else "http"
        self.client = httpx.AsyncClient(transport=transport, base_url=f"{scheme}://site{root}")
        self.root = root
        self.runner = asyncio.Runner()

    async def from_client(self, scope: Any, receive: Any, send: Any) -> None:
        address = self.client_address or PROXY
        await self.signin({**scope, "client": (address, 40_000)}, receive, send)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.client.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def sign_in(
        self, name: str = "张三", password: str = HORSE, link: str = "", **headers: str
    ) -> httpx.Response:
        fields = {"name": name, "password": password, "next": link}
        return self.ask("POST", "/login", data=fields, headers=HTML | headers)

    def close(self) -> None:
        self.runner.run(self.client.aclose())
        self.runner.close()


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return write_accounts(tmp_path / "users.json", 张三=HORSE, reader="programs too")


@pytest.fixture
def site(users: Path) -> Iterator[Site]:
    site = Site(users)
    yield site
    site.close()


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def user(answer: httpx.Response) -> str | None:
    """Who the application was told asks."""
    assert answer.status_code == 200
    name: str | None = answer.json()["user"]
    return name


def cookie(answer: httpx.Response) -> tuple[str, str, set[str]]:
    """The name, the value and the attributes of the one cookie that is set."""
    (header,) = answer.headers.get_list("set-cookie")
    pair, *attributes = header.split("; ")
    name, _, value = pair.partition("=")
    return name, value, set(attributes)


# What is open to everybody, and what to nobody.


@pytest.mark.parametrize("path", ["/healthz", "/favicon.ico"])
def test_what_is_listed_is_open(site: Site, path: str) -> None:
    assert user(site.get(path)) is None


@pytest.mark.parametrize(
    "path",
    ["/", "/x", "/healthz/", "/healthz/x", "/Healthz", "/healthz%00", "/favicon.ico/", "//healthz",
     "/./x", "/login/", "/login/x", "/logout/", "/gradio_api/info", "/config", "/theme.css",
     "/source/a", "/figures", "/chat/answer", "/export/md", *PROGRAM_PATHS],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_everything_else_is_shut(site: Site, method: str, path: str) -> None:
    answer = site.ask(method, f"http://site{path}")
    assert answer.status_code == 401
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if method != "HEAD":
        assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("path", PROGRAM_PATHS)
def test_a_program_is_told_how_to_sign_in(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.headers["www-authenticate"] == 'Basic realm="changai", charset="UTF-8"'
    assert answer.json() == {"error": "要登录才能用；请用 HTTP Basic 给出用户名和密码"}


def test_the_metrics_see_for_themselves_who_may_have_them(site: Site) -> None:
    assert site.get("/metrics").json()["user"] is None
    assert site.get("/metrics", headers=basic("reader", "programs too")).json()["user"] == "reader"
    assert site.get("/metrics", headers=basic("reader", "programs 2")).status_code == 401


@pytest.mark.parametrize("path", ["/chat/answer", "/export/md", "/apix", "/gradio_api/mcp"])
def test_the_pages_script_is_told_what_to_show(site: Site, path: str) -> None:
    answer = site.ask("POST", path, json={})
    assert answer.json() == {"error": "登录已过期；请刷新网页重新登录"}
    # No scheme that makes a browser ask for a password by itself.
    assert answer.headers["www-authenticate"].split()[0] not in {"Basic", "Digest", "NTLM"}


@pytest.mark.parametrize(
    ("asked", "link"),
    [
        ("/", "/"),
        ("/figures", "/figures"),
        ("/source/a?mark=1-2&of=1a", "/source/a?mark=1-2&of=1a"),
        ("/source/%E5%AE%81%E6%B3%A2", "/source/%E5%AE%81%E6%B3%A2"),
        ("/api/ask?question=%E6%8A%80", "/api/ask?question=%E6%8A%80"),
        ("//evil.example/x", "/"),
        ("/x?" + "a" * 3000, "/"),
    ],
)
def test_a_visitor_is_led_to_the_login_and_back(site: Site, asked: str, link: str) -> None:
    answer = site.get(f"http://site{asked}", headers=HTML)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert (target.scheme, target.netloc, target.path) == ("", "", "/login")
    assert parse_qs(target.query).get("next", ["/"]) == [link]
    page = site.get(answer.headers["location"], headers=HTML)
    assert f'name="next" value="{link.replace("&", "&amp;")}"' in page.text
    entered = site.sign_in(link=link)
    assert (entered.status_code, entered.headers["location"]) == (303, link)


# Signing in and out.


def test_the_right_password_opens_everything(site: Site) -> None:
    answer = site.sign_in()
    assert answer.headers["cache-control"] == "no-store"
    name, _, attributes = cookie(answer)
    assert name == "changai_session"
    assert attributes == {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"}
    for path in ["/figures", "/chat/answer", *PROGRAM_PATHS]:
        assert user(site.get(path)) == "张三"
    assert site.get("/", headers=HTML).text == "<title>问答</title>"


@pytest.mark.parametrize("name", ["张三 ", " 张三"])
def test_blanks_around_a_name_do_no_harm(site: Site, name: str) -> None:
    assert site.sign_in(name).status_code == 303


@pytest.mark.parametrize(
    ("name", "password"),
    [("张三", "wrong horse"), ("张三", ""), ("张三", HORSE + "\0"), ("nobody", HORSE), ("", ""),
     ("张三", "programs too"), ("-", HORSE), ("a" * 2000, HORSE), ("a\r\nSet-Cookie: b=c", HORSE),
     ('"><script>', HORSE)],
)  # fmt: skip
def test_what_is_wrong_opens_nothing_and_is_told_alike(
    site: Site, name: str, password: str
) -> None:
    answer = site.sign_in(name, password)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert (
        '<p class="alert" id="alert" role="alert">用户名或密码不对；请重新输入。</p>' in answer.text
    )
    assert password not in answer.text or not password
    assert "<script" not in answer.text
    assert site.get("/figures").status_code == 401


def test_behind_tls_the_cookie_is_for_tls_only(users: Path) -> None:
    site = Site(users, secure=True)
    name, _, attributes = cookie(site.sign_in())
    # A browser takes the prefix only with Secure, with the path / and without a domain.
    assert name == "__Host-changai_session"
    assert attributes == {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200", "Secure"}
    assert user(site.get("/figures")) == "张三"
    site.close()


@pytest.mark.parametrize("secure", [False, True])
def test_below_a_root_path_everything_stays_there(users: Path, secure: bool) -> None:
    site = Site(users, secure=secure, root="/changai")
    assert site.get("/figures", headers=HTML).headers["location"] == (
        "/changai/login?next=%2Ffigures"
    )
    answer = site.sign_in(link="/figures")
    assert answer.headers["location"] == "/changai/figures"
    name, _, attributes = cookie(answer)
    assert name == "changai_session"
    assert "Path=/changai" in attributes
    assert ("Secure" in attributes) == secure
    assert user(site.get("/figures")) == "张三"
    answer = site.ask("POST", "/logout")
    assert answer.headers["location"] == "/changai/login"
    assert "Path=/changai" in cookie(answer)[2]
    # The rest of the host keeps what it has stored.
    assert "clear-site-data" not in answer.headers
    assert site.get("/figures").status_code == 401
    assert user(site.get("/healthz")) is None
    site.close()


def test_signing_out_ends_the_session(site: Site) -> None:
    _, token, _ = cookie(site.sign_in())
    answer = site.ask("POST", "/logout", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert cookie(answer)[1:] == ('""', {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=0"})
    assert answer.headers["clear-site-data"] == '"storage"'
    site.client.cookies.set("changai_session", token)
    assert site.get("/figures").status_code == 401


def test_a_new_session_takes_the_place_of_the_one_before(site: Site) -> None:
    _, first, _ = cookie(site.sign_in())
    _, second, _ = cookie(site.sign_in())
    assert first != second
    site.client.cookies.clear()
    assert site.get("/figures", headers={"cookie": f"changai_session={first}"}).status_code == 401
    assert user(site.get("/figures", headers={"cookie": f"changai_session={second}"})) == "张三"


def test_a_session_ends_with_time(site: Site) -> None:
    site.sign_in()
    site.clock.now += 2 * 3600 - 1
    assert user(site.get("/figures")) == "张三"
    site.clock.now += 2 * 3600
    assert site.get("/figures").status_code == 401


@pytest.mark.parametrize("changed", [{"reader": HORSE}, {"张三": "another horse"}, {}])
def test_a_session_ends_with_the_account_or_its_password(
    site: Site, changed: dict[str, str]
) -> None:
    site.sign_in()
    write_accounts(site.path, 张三=HORSE, another="and her password")
    assert user(site.get("/figures")) == "张三"
    write_accounts(site.path, **changed)
    assert site.get("/figures").status_code == 401


def test_a_forged_or_truncated_cookie_is_nobodys(site: Site) -> None:
    _, token, _ = cookie(site.sign_in())
    site.client.cookies.clear()
    digest = hashlib.sha256(token.encode()).hexdigest()
    for forged in [
        "", "张三", token[:-1], token[1:], token + "A", token.lower(), digest, f'"{token}',
        "A" * 43, "A" * 10_000, token + "\0", "../" * 10, token.replace("_", "-") + "=",
    ]:  # fmt: skip
        header = f"changai_session={forged}".encode()
        assert site.get("/figures", headers={"cookie": header}).status_code == 401
    for name in ["__Host-changai_session", "Changai_session", "changai_session2"]:
        headers = {"cookie": f"{name}={token}"}
        assert site.get("/figures", headers=headers).status_code == 401
    assert user(site.get("/figures", headers={"cookie": f"changai_session={token}"})) == "张三"


@pytest.mark.parametrize(
    "hostile",
    ["", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
     "\\/evil.example",
     "https://evil.example", "http:evil.example", "javascript:alert(1)", "data:text/html,x",
     "evil.example", "evil", "@evil.example", ":80", "?next=/", "#x", "/\t/evil.example",
     "/\n/evil.example",
     "/\r\nSet-Cookie: a=b", "/\0", "/ /evil.example", " /figures", "/figures ", "/宁波", "/\u202e",
     "/..//evil.example", "/../other", "/a/../../other", "/%2e%2e/other", "/.%2E/other", "/a/..",
     "/./x", "/x#y", "/x\"onload=y", "/<script>", "/" + "a" * 2001],
)  # fmt: skip
def test_no_link_leads_away(site: Site, hostile: str) -> None:
    assert site.sign_in(link=hostile).headers["location"] == "/"
    site.ask("POST", "/logout")
    page = site.get(f"/login?next={quote(hostile)}", headers=HTML)
    assert 'name="next" value="/"' in page.text


@pytest.mark.parametrize(
    "good",
    ["/", "/figures", "/source/a?mark=1-2&mark=3-4&of=1a", "/a:b@c", "/a..b", "/.well-known"],
)
def test_a_link_of_this_site_is_followed(site: Site, good: str) -> None:
    assert site.sign_in(link=good).headers["location"] == good


@pytest.mark.parametrize("path", ["/login", "/logout"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(site: Site, method: str, path: str) -> None:
    answer = site.ask(method, path)
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


def test_a_link_signs_nobody_out(site: Site) -> None:
    site.sign_in()
    assert site.get("/logout", headers=HTML).status_code == 405
    assert user(site.get("/figures")) == "张三"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 403),
        (b"name=%E5%BC%A0%E4%B8%89", "application/x-www-form-urlencoded; charset=utf-8", 403),
        (b"name=%ff", "application/x-www-form-urlencoded", 400),
        ("name=张三".encode(), "application/x-www-form-urlencoded", 400),
        (b"&".join([b"a=b"] * 11), "application/x-www-form-urlencoded", 400),
        (b"name=a&password=" + b"a" * 8192, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"name=a", "multipart/form-data; boundary=x", 415),
        (b"name=a", "", 415),
    ],
)
def test_what_is_no_form_is_refused(site: Site, body: bytes, kind: str, status: int) -> None:
    answer = site.ask("POST", "/login", content=body, headers={"content-type": kind})
    assert answer.status_code == status


def test_the_longest_name_and_password_fit(users: Path) -> None:
    name, password = "\U0001f600" * 64, "密" * 256
    write_accounts(users, **{name: password})
    site = Site(users)
    assert site.sign_in(name, password, "/source/" + "a" * 1900).status_code == 303
    site.close()


# Programs.


def test_a_program_signs_in_with_each_request(site: Site) -> None:
    for path in PROGRAM_PATHS:
        assert user(site.get(path, headers=basic("张三", HORSE))) == "张三"
    assert user(site.ask("POST", "/mcp", headers=basic("reader", "programs too"))) == "reader"
    lower = {"authorization": basic("张三", HORSE)["authorization"].replace("Basic", "basic")}
    assert user(site.get("/api/ask", headers=lower)) == "张三"
    assert "set-cookie" not in site.get("/api/ask", headers=lower).headers


@pytest.mark.parametrize("path", ["/", "/figures", "/chat/answer", "/gradio_api/info", "/apix"])
def test_a_password_in_a_header_opens_nothing_else(site: Site, path: str) -> None:
    assert site.get(path, headers=basic("张三", HORSE)).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic ", "Basic !", "Basic YWJj", "Basic /////w==", "Bearer abc", "", "Basic a b",
     "Basic " + "QUFB" * 10_000, "Digest username=a",
     basic("张三", "wrong horse")["authorization"]],
)  # fmt: skip
def test_a_header_that_is_wrong_opens_nothing(site: Site, header: str) -> None:
    answer = site.get("/api/ask", headers={"authorization": header} | HTML)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_program_is_hashed_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    scrypt = hashlib.scrypt

    def spy(*arguments: Any, **options: Any) -> bytes:
        hashed.append(1)
        return scrypt(*arguments, **options)

    monkeypatch.setattr(hashlib, "scrypt", spy)
    right = basic("reader", "programs too")
    for _ in range(5):
        assert user(site.get("/api/ask", headers=right)) == "reader"
    assert len(hashed) == 1
    site.clock.now += 300
    assert user(site.get("/api/ask", headers=right)) == "reader"
    assert len(hashed) == 2
    # Another account comes and goes.
    write_accounts(site.path, reader="programs too", another="and her password")
    hashed.clear()
    assert user(site.get("/api/ask", headers=right)) == "reader"
    assert hashed == []
    write_accounts(site.path, reader="new password")
    assert site.get("/api/ask", headers=right).status_code == 401
    assert user(site.get("/api/ask", headers=basic("reader", "new password"))) == "reader"
    write_accounts(site.path, another="and her password")
    assert site.get("/api/ask", headers=basic("reader", "new password")).status_code == 401


# Limits.


def test_a_client_may_fail_at_an_account_ten_times_a_minute_and_fifty_an_hour(site: Site) -> None:
    for _ in range(10):
        assert site.sign_in("张三", "wrong horse").status_code == 403
    site.clock.now += 20.5
    answer = site.sign_in()
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "40"
    assert "请过 40 秒再试" in answer.text and 'role="alert"' in answer.text
    answer = site.get("/api/ask", headers=basic("张三", HORSE))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "40")
    # Others of his office may.
    assert site.sign_in("reader", "programs too").status_code == 303
    site.client_address = "10.0.0.2"
    assert site.sign_in().status_code == 303
    site.client_address = "10.0.0.1"
    site.clock.now += 39.5
    assert site.sign_in().status_code == 303
    for _ in range(4):
        for _ in range(10):
            assert site.sign_in("张三", "wrong horse").status_code == 403
        site.clock.now += 60
    # The fifty begin 300 seconds ago.
    assert site.sign_in().headers["retry-after"] == "3300"
    site.clock.now += 3300
    assert site.sign_in().status_code == 303


def test_a_client_may_fail_sixty_times_a_minute_in_all(site: Site) -> None:
    for number in range(60):
        assert site.sign_in(f"nobody{number}", "wrong horse").status_code == 403
    answer = site.sign_in()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    site.client_address = "10.0.0.2"
    assert site.sign_in().status_code == 303


@pytest.mark.parametrize("name", ["张三", "nobody"])
def test_an_account_is_kept_from_many_clients(site: Site, name: str) -> None:
    for number in range(20):
        site.client_address = f"10.0.1.{number}"
        assert site.sign_in(f" {name} ", "wrong horse").status_code == 403
    site.client_address = "10.0.2.1"
    # The right password too, or there would be no end to guessing.
    answer = site.sign_in(name)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert site.sign_in("reader", "programs too").status_code == 303


def test_one_client_cannot_keep_the_owner_out(site: Site) -> None:
    for _ in range(10):
        for _ in range(12):
            site.sign_in("张三", "wrong horse")
        site.clock.now += 60
        site.client_address = "10.0.0.2"
        assert site.sign_in().status_code == 303
        site.client_address = "10.0.0.1"


def test_where_clients_are_not_known_only_accounts_are_limited(users: Path) -> None:
    site = Site(users, client=None)
    for number in range(30):
        assert site.sign_in(f"nobody{number}", "wrong horse").status_code == 403
    assert site.sign_in().status_code == 303
    site.close()


def test_what_is_remembered_may_not_be_guessed_at_while_limited(site: Site) -> None:
    right = basic("reader", "programs too")
    assert site.get("/api/ask", headers=right).status_code == 200
    for _ in range(10):
        site.get("/api/ask", headers=basic("reader", "wrong horse"))
    assert site.get("/api/ask", headers=right).status_code == 429


@pytest.mark.parametrize(("client", "heard"), [("10.0.0.1", 5), (None, 10)])
def test_of_many_at_once_some_are_heard(users: Path, client: str | None, heard: int) -> None:
    """Of one client five; of all, two are hashed and eight wait."""
    site = Site(users, client=client)

    async def rush() -> list[httpx.Response]:
        fields = [{"name": f"n{number}", "password": "wrong horse"} for number in range(50)]
        return await asyncio.gather(*(site.client.post("/login", data=each) for each in fields))

    answers = site.runner.run(rush())
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(403), statuses.count(503)) == (heard, 50 - heard)
    assert {a.headers.get("retry-after") for a in answers if a.status_code == 503} == {"5"}
    assert site.sign_in().status_code == 303
    site.close()


def test_waiting_does_not_get_round_the_limit(site: Site) -> None:
    async def rush() -> list[int]:
        fields = [{"name": "n", "password": "wrong horse"}] * 5
        answers = await asyncio.gather(*(site.client.post("/login", data=f) for f in fields))
        return [answer.status_code for answer in answers]

    assert site.runner.run(rush()) == [403] * 5
    assert site.sign_in("n", "wrong horse").status_code == 403
    second = site.runner.run(rush())
    # Four are still allowed, and one more may be hashed beside the last.
    assert second.count(403) in (4, 5)
    assert second.count(429) == 5 - second.count(403)


# What else may go wrong, and what is told of it.


def test_attempts_are_logged_without_passwords(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="changai")
    site.sign_in("张三", "wrong horse")
    site.sign_in("my secret phrase", "wrong horse")
    site.sign_in()
    site.ask("POST", "/logout")
    events = [vars(record) for record in caplog.records]
    assert [(each["event"], each["user"], each["client"]) for each in events] == [
        ("sign_in_failed", "张三", "10.0.0.1"),
        ("sign_in_failed", None, "10.0.0.1"),
        ("sign_in", "张三", "10.0.0.1"),
        ("sign_out", "张三", "10.0.0.1"),
    ]
    assert "horse" not in caplog.text
    assert "secret" not in caplog.text


def test_where_the_file_is_damaged_nobody_gets_in(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.sign_in()
    good = site.path.read_bytes()
    site.path.write_bytes(b"{")
    for answer in [site.get("/figures"), site.get("/", headers=HTML), site.sign_in()]:
        assert answer.status_code == 503
        assert "登录暂时不能用；请告诉管理员" in answer.text
        assert str(site.path) not in answer.text
    assert user(site.get("/healthz")) is None
    assert str(site.path) in caplog.text
    site.path.write_bytes(good)
    assert user(site.get("/figures")) == "张三"


@pytest.mark.parametrize(
    "error", [HTTPException(418), AccountFileError("坏了"), ClientDisconnect()]
)
def test_what_the_application_raises_is_not_taken_for_its_own(
    users: Path, error: Exception
) -> None:
    async def fail(_: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    signin = SignIn(fail, Accounts(users), secure=False, clients=CLIENTS)

    async def ask() -> None:
        transport = httpx.ASGITransport(app=signin)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            await client.get("/healthz")

    with pytest.raises(type(error)):
        asyncio.run(ask())


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("public, max-age=60", "private, max-age=60"),
        ("s-maxage=60,Max-Age=1", "private, max-age=1"),
        ("private, immutable", "private, immutable"),
        ("no-store", "private, no-store"),
        ("", "private"),
    ],
)
def test_no_proxy_keeps_what_somebody_signed_in_for(site: Site, given: str, sent: str) -> None:
    site.sign_in()
    assert site.get(f"/asset?cache={quote(given)}").headers["cache-control"] == sent
    assert site.get("/").headers["cache-control"] == "private"


def test_websockets_are_refused(site: Site) -> None:
    sent: list[Message] = []

    async def connect() -> None:
        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope: Scope = {"type": "websocket", "path": "/", "root_path": "", "headers": []}
        await site.signin(scope, receive, send)

    site.runner.run(connect())
    assert sent == [{"type": "websocket.close", "code": 1008}]


class Form(HTMLParser):
    """The labels and the fields of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_needs_no_script_and_says_what_is_what(site: Site) -> None:
    answer = site.get("/login", headers=HTML)
    Strict(answer.text)
    form = Form(answer.text)
    assert form.all("script") == []
    assert form.all("form") == [{"method": "post", "action": "login"}]
    fields = {field["name"]: field for field in form.all("input")}
    assert [label["for"] for label in form.all("label")] == ["name", "password"]
    assert fields["name"]["autocomplete"] == "username"
    assert fields["password"]["autocomplete"] == "current-password"
    assert fields["password"]["type"] == "password"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
    told = Form(site.sign_in('"><b>', "wrong horse").text)
    assert [field.get("aria-describedby") for field in told.all("input")] == [
        None,
        "alert",
        "alert",
    ]
    assert told.all("input")[1]["value"] == '"><b>'


def test_who_has_signed_in_may_sign_out_at_the_same_address(site: Site) -> None:
    site.sign_in()
    page = site.get("/login", headers=HTML)
    assert "已登录：张三" in page.text
    assert Form(page.text).all("form") == [{"method": "post", "action": "logout"}]


def test_over_the_network_behind_a_proxy(users: Path) -> None:
    """A browser's way, through uvicorn and a reverse proxy that strips the path."""
    signin = SignIn(application(), Accounts(users), secure=False, clients=CLIENTS)
    app: Any = signin
    with serving(app, root_path="/chat") as upstream, serving(proxy(upstream)) as outside:
        with httpx.Client(base_url=outside, follow_redirects=True, headers=HTML) as browser:
            page = browser.get("/chat/source/a?mark=1-2")
            assert page.url.path == "/chat/login"
            (_, link) = next(iter(page.url.params.items()))
            target = page.url.join("login")
            fields = {"name": "张三", "password": HORSE, "next": link}
            page = browser.post(target, data=fields)
            assert (page.url.path, page.url.query) == ("/chat/source/a", b"mark=1-2")
            assert page.json()["user"] == "张三"
            # A browser sends no cookie of /chat to the rest of the host.
            (kept,) = browser.cookies.jar
            assert kept.path == "/chat"
            page = browser.post(page.url.join("../logout"))
            assert page.url.path == "/chat/login"
            assert browser.get("/chat/figures").url.path == "/chat/login"
        with httpx.Client(base_url=outside) as program:
            answer = program.get("/chat/api/ask", auth=("reader", "programs too"))
            assert answer.json()["user"] == "reader"
            assert program.get("/chat/api/ask").status_code == 401
