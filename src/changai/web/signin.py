"""Lets only signed-in users in, if the administrator requires it.

A browser signs in with a form, and gets a session. A program sends HTTP Basic with each request, to
the addresses for programs.
"""

import asyncio
import base64
import logging
import re
import time
from collections import Counter
from collections.abc import Mapping
from urllib.parse import parse_qs, quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai.admin.accounts import Account, Accounts, normalise_name
from changai.errors import AccountFileError
from changai.pages import original
from changai.pages.rendering import render
from changai.web.clients import Clients, address
from changai.web.rates import Clock, Rate
from changai.web.refusals import own_path
from changai.web.sessions import LONGEST_SESSION, Credentials, Sessions

_OPEN = {"/healthz", "/favicon.ico"}
"""The paths that are open to everybody, besides the sign-in page."""

_DECIDING = {"/metrics"}
"""The paths that decide themselves who may read them without signing in."""

_FOR_PROGRAMS = {"api", "mcp", "metrics", "figures.csv", "documents.csv"}
"""The first segments of the paths where programs sign in with HTTP Basic. Elsewhere it is neither
accepted nor requested: a browser would show its own dialog over the page."""

_PER_CLIENT_AND_ACCOUNT = [(10, 60.0), (50, 3600.0)]
_PER_ACCOUNT = [(20, 60.0), (100, 3600.0)]
_PER_CLIENT = [(60, 60.0), (300, 3600.0)]
"""How many attempts may fail in how many seconds. An account may have twice as many failures as one
client may cause, so that no single client can lock its owner out. Its highest limit, a hundred, is
what NIST SP 800-63B allows. A client may have more failures in all, because it may be an office
behind one address in which somebody has forgotten a password."""

_AT_ONCE = 2
"""How many passwords are hashed at once. Each takes a processor and 32 MiB."""

_MOST_WAITING = 8
"""How many more may wait for that. They wait about two seconds."""

_MOST_OF_A_CLIENT = 5
"""How many of these may be from one client, so that it cannot take all places."""

_MOST_BYTES = 8192
"""The largest form: the longest name and password, with every byte escaped, and a link."""

_LONGEST_LINK = 2000
_LINK = re.compile(rf"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{{0,{_LONGEST_LINK}}}")
_UP = re.compile(r"/(\.|%2e){1,2}([/?]|\Z)", re.IGNORECASE)

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}

_BASIC = 'Basic realm="changai", charset="UTF-8"'
_COOKIE = 'Cookie realm="changai"'
"""A 401 must name a scheme. Browsers do not know this one, so they leave it to the page."""

_ENDED = "登录已过期；请刷新网页重新登录"
_WRONG = "用户名或密码不对；请重新输入"

_SHARED = {"private", "public", "s-maxage", "proxy-revalidate"}
"""The Cache-Control directives that are about shared caches."""

_log = logging.getLogger(__name__)


def user_of(scope: Scope) -> str | None:
    """The name of the signed-in user; None if nobody has to sign in."""
    user: str | None = scope.get("state", {}).get("user")
    return user


class SignIn:
    """ASGI middleware that lets only signed-in users reach the application, except for open paths.

    It answers ``/login`` and ``/logout`` itself. The application gets the user's name by
    ``user_of``. It must be outside of what refuses forms, and inside of what limits and logs
    requests.
    """

    def __init__(
        self,
        app: ASGIApp,
        accounts: Accounts,
        *,
        secure: bool,
        clients: Clients,
        clock: Clock = time.monotonic,
    ) -> None:
        """``secure`` says that browsers use HTTPS."""
        self._app = app
        self._accounts = accounts
        self._secure = secure
        self._clients = clients
        self._sessions = Sessions(clock)
        self._credentials = Credentials(clock)
        self._failing_pairs = Rate(_PER_CLIENT_AND_ACCOUNT, clock)
        self._failing_names = Rate(_PER_ACCOUNT, clock)
        self._failing_clients = Rate(_PER_CLIENT, clock)
        self._hashing = asyncio.Semaphore(_AT_ONCE)
        self._pending = Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            # Nothing here uses WebSocket.
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except AccountFileError as error:
            # The message has the file's path, which visitors must not see.
            _log.error("没有人能登录：%s", error, extra={"event": "accounts_unusable"})
            response = _failure(request, 503, "登录暂时不能用；请告诉管理员，原因写在日志里")
        except HTTPException as error:
            response = _failure(request, error.status_code, error.detail, error.headers)
        if response is not None:
            response.headers.update(_HEADERS)
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, _kept_private(send) if user_of(scope) else send)

    async def _answer(self, request: Request) -> Response | None:
        """The response to a request, or None if the application should answer it."""
        path = own_path(request.scope)
        if path == "/login":
            return await self._login(request)
        if path == "/logout":
            return self._logout(request)
        if path in _OPEN:
            return None
        account = await self._who(request)
        if account is None:
            return None if path in _DECIDING else _challenge(request)
        request.scope.setdefault("state", {})["user"] = account.name
        return None

    async def _who(self, request: Request) -> Account | None:
        """The account of a request, or None.

        Raises HTTPException if the credentials are malformed or wrong, or if there were too many
        wrong ones.
        """
        authorization = request.headers.get("authorization")
        if authorization is None or not _is_for_programs(request):
            return self._signed_in(request)
        name, password = _basic(authorization)
        # Checked before the remembered passwords, so that guessing those is limited too.
        self._check_limits(request, name)
        account = self._credentials.find(name, password)
        if account is not None and account == self._accounts.find(account.name):
            return account
        account = await self._verify(request, name, password)
        self._credentials.add(name, password, account)
        return account

    def _signed_in(self, request: Request) -> Account | None:
        """The account of the request's session, or None if the account has changed since."""
        account = self._sessions.find(request.cookies.get(self._cookie(request), ""))
        if account is None or account != self._accounts.find(account.name):
            return None
        return account

    async def _login(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD"):
            account = self._signed_in(request)
            if account is not None:
                return HTMLResponse(render("web/templates/signed_in.html", name=account.name))
            return HTMLResponse(_login_page(_link(request.query_params.get("next", ""))))
        _check_post(request)
        form = await _form(request)
        name, link = normalise_name(form.get("name", "")), _link(form.get("next", ""))
        try:
            account = await self._verify(request, name, form.get("password", ""))
        except HTTPException as error:
            body = _login_page(link, name, f"{error.detail}。")
            headers = {n: v for n, v in (error.headers or {}).items() if n == "retry-after"}
            # Not 401, because that would need a challenge.
            status = 403 if error.status_code == 401 else error.status_code
            return HTMLResponse(body, status, headers)
        self._sessions.end(request.cookies.get(self._cookie(request), ""))
        response = RedirectResponse(_root(request) + link, 303)
        self._set_cookie(request, response, self._sessions.open(account), LONGEST_SESSION)
        self._record(request, logging.INFO, "登录", "sign_in", account.name)
        return response

    def _logout(self, request: Request) -> Response:
        _check_post(request)
        account = self._signed_in(request)
        self._sessions.end(request.cookies.get(self._cookie(request), ""))
        response = RedirectResponse(_root(request) + "/login", 303)
        self._set_cookie(request, response, "", 0)
        if not _root(request):
            # Clears the conversation, which the next person at this computer must not read. Not if
            # the host has other sites too: they would lose their storage.
            response.headers["clear-site-data"] = '"storage"'
        if account is not None:
            self._record(request, logging.INFO, "退出", "sign_out", account.name)
        return response

    async def _verify(self, request: Request, name: str, password: str) -> Account:
        """The account of this name and password.

        Raises HTTPException: 401 if they are wrong, 429 if too many were wrong, and 503 if too many
        are waiting.
        """
        client = self._clients.key(request.scope)
        if self._pending.total() >= _AT_ONCE + _MOST_WAITING or (
            client and self._pending[client] >= _MOST_OF_A_CLIENT
        ):
            raise HTTPException(503, "现在登录的人太多；请过几秒再试", {"retry-after": "5"})
        self._pending[client] += 1
        try:
            async with self._hashing:
                # Checked in its turn, because attempts before it may have used up the limit.
                self._check_limits(request, name)
                # hashlib lets other threads run in the meantime.
                account = await asyncio.to_thread(self._accounts.verify, name, password)
        finally:
            self._pending[client] -= 1
            if not self._pending[client]:
                del self._pending[client]
        if account is not None:
            return account
        self._failing_names.add(name)
        if client:
            self._failing_clients.add(client)
            self._failing_pairs.add(f"{client} {name}")
        self._record(request, logging.WARNING, "登录失败", "sign_in_failed", self._known(name))
        raise HTTPException(401, _WRONG, {"www-authenticate": _BASIC})

    def _check_limits(self, request: Request, name: str) -> None:
        client = self._clients.key(request.scope)
        wait = max(
            self._failing_names.wait(name),
            self._failing_clients.wait(client),
            self._failing_pairs.wait(f"{client} {name}"),
        )
        if wait:
            self._record(request, logging.WARNING, "登录受限", "sign_in_limited", self._known(name))
            raise HTTPException(
                429, f"登录失败的次数太多；请过 {wait} 秒再试", {"retry-after": str(wait)}
            )

    def _known(self, name: str) -> str | None:
        """The name, if it may be logged. An unknown name may be a password in the wrong field."""
        return name if self._accounts.find(name) else None

    def _record(
        self, request: Request, level: int, said: str, event: str, user: str | None
    ) -> None:
        client = address(request.scope)
        fields = {"event": event, "user": user, "client": client}
        _log.log(
            level, "%s：用户 %s，来自 %s", said, user or "不明", client or "不明", extra=fields
        )

    def _cookie(self, request: Request) -> str:
        # Browsers accept this prefix only from the host itself, over HTTPS, for the path /.
        prefix = "__Host-" if self._secure and not _root(request) else ""
        return f"{prefix}changai_session"

    def _set_cookie(self, request: Request, response: Response, token: str, seconds: int) -> None:
        response.set_cookie(
            self._cookie(request),
            token,
            max_age=seconds,
            path=_root(request) or "/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root


def _is_for_programs(request: Request) -> bool:
    return own_path(request.scope).split("/")[1:2] in ([each] for each in _FOR_PROGRAMS)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _link(raw: str) -> str:
    """The address to open after signing in, from the root of this site. It is ``/`` if ``raw``
    might lead to another site."""
    return raw if _LINK.fullmatch(raw) and not _UP.search(raw) else "/"


def _check_post(request: Request) -> None:
    """Raise HTTPException unless it is a POST. ``Guard`` checks that our own page sends it."""
    if request.method != "POST":
        raise HTTPException(405, "这个地址不接受这种请求；请从登录网页进来", {"allow": "POST"})


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form. Raises HTTPException if it is not a form, or too long."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise HTTPException(415, "请求不是表单；请从登录网页进来")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise HTTPException(413, "表单太长；请从登录网页进来")
    try:
        fields = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=10)
    except ValueError as error:
        raise HTTPException(400, "表单读不出来；请从登录网页进来") from error
    return {name: values[0] for name, values in fields.items()}


def _basic(authorization: str) -> tuple[str, str]:
    """The name and the password in HTTP Basic (RFC 7617). Raises HTTPException."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() != "basic" or len(encoded) > _MOST_BYTES:
            raise ValueError(scheme)
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        if not colon:
            raise ValueError(scheme)
    except ValueError as error:
        raise HTTPException(
            401, "Authorization 读不出来；请用 HTTP Basic", {"www-authenticate": _BASIC}
        ) from error
    return normalise_name(name), password


def _challenge(request: Request) -> Response:
    """The response that asks a browser, the page's script, or a program to sign in."""
    if request.method in ("GET", "HEAD") and _wants_page(request):
        query = request.scope["query_string"].decode("latin-1")
        link = _link(quote(own_path(request.scope)) + (f"?{query}" if query else ""))
        more = "" if link == "/" else f"?{urlencode({'next': link})}"
        return RedirectResponse(f"{_root(request)}/login{more}", 303)
    if _is_for_programs(request):
        message, challenge = "要登录才能用；请用 HTTP Basic 给出用户名和密码", _BASIC
    else:
        message, challenge = _ENDED, _COOKIE
    return _failure(request, 401, message, {"www-authenticate": challenge})


def _failure(
    request: Request, status: int, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    if _wants_page(request):
        html = original.failure_page("没有登录", f"{message}。", f"{_root(request)}/")
        return HTMLResponse(html, status, headers)
    return JSONResponse({"error": message}, status, headers)


def _kept_private(send: Send) -> Send:
    """Tell all proxies on the way not to store the response."""

    async def send_private(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            given = headers.get("cache-control", "").lower().replace(" ", "").split(",")
            kept = [each for each in given if each and each.partition("=")[0] not in _SHARED]
            headers["cache-control"] = ", ".join(["private", *kept])
        await send(message)

    return send_private


def _login_page(link: str, name: str = "", error: str = "") -> str:
    return render("web/templates/login.html", link=link, name=name, error=error)
