"""At the door: requests that no page and no program of ours makes are turned away, and browsers are
told what they may do with what they get."""

import asyncio
import contextlib
import ipaddress
import logging
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai.web.admission import Admission
from changai.web.clients import Rates
from changai.web.metrics import Metrics, Outcome
from changai.web.refusals import SECONDS_TO_RETRY, own_path, refusal
from changai.web.settings import Settings

_log = logging.getLogger(__name__)

MOST_BYTES = 64_000
"""Of one request's body: of a question there are 512 characters."""

MOST_BYTES_OF_AN_EXPORT = 1_000_000
_MOST_BYTES_HELD = 32 * MOST_BYTES_OF_AN_EXPORT
"""Of all exports' bodies at a time."""

_LENGTH = re.compile(r"[0-9]{1,9}")
_LONGEST_HEAD = 16_000
"""In bytes: the address and the headers."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+?)\.?(:[0-9]{1,5})?", re.IGNORECASE)

_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 (compared, not bound to)

_FORMS = ("/login", "/logout")
"""Where a form may be sent to; what the page's script and programs send is JSON, which a page of
another site cannot send without our leave."""

_QUESTIONS = ("/api/ask", "/chat/answer", "/mcp")
_EXPORT = "/export/"
_WORK = (*_QUESTIONS, "/chat/opine", _EXPORT, "/source/", "/figures", "/documents")
"""What has to be worked for."""


_SECONDS_BEFORE_REFUSING = 0.25
"""Where there is no room. Two hundred clients who ask again at once would else keep the server busy
with refusing them."""


def policy(embed_origins: Iterable[str] = ()) -> str:
    """The content security policy of the page: it may load nothing from elsewhere, and be shown in
    a frame by its own site and these only."""
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            " ".join(["frame-ancestors 'self'", *embed_origins]),
            "form-action 'self'",
        ]
    )


class Guard:
    """ASGI middleware: hosts, methods, types and origins that are allowed, all others refused; and
    the headers that every answer carries."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        public = urlsplit(settings.public_url).hostname or ""
        names = (*_LOCAL_NAMES, settings.host, public, *settings.allowed_hosts)
        self._hosts = {name.lower() for name in names} - {""}
        # A number is no name that another site could give to our address.
        self._any_number = settings.host in _WILDCARDS
        self._headers = (
            (b"content-security-policy", policy(settings.embed_origins).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                set_already = {name for name, _ in message["headers"]}
                more = [each for each in self._headers if each[0] not in set_already]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        status, message = self._fault(scope)
        app = refusal(scope, status, message) if status else self._app
        await app(scope, receive, send_with_headers)

    def _fault(self, scope: Scope) -> tuple[int, str]:
        headers = Headers(scope=scope)
        address = len(scope["raw_path"]) + len(scope["query_string"])
        if address + sum(len(name) + len(value) for name, value in headers.raw) > _LONGEST_HEAD:
            return 431, "网址或请求头太长；请缩短"
        if "content-length" in headers and "transfer-encoding" in headers:
            return 400, "请求的长度写了两种；请只写 Content-Length"
        if not self._is_ours(headers.get("host", "")):
            return 421, "这台服务器不认这个网址；要用它，请让管理员在启动时加上 --allow-host"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "这里不接受这种请求；请用 GET 或 POST"
        if scope["method"] != "POST":
            return 0, ""
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "别的网站的网页不能在这里提交；请打开本站再试"
        sent = headers.get("content-type", "").partition(";")[0].strip().lower()
        form = sent == "application/x-www-form-urlencoded" and own_path(scope) in _FORMS
        if sent != "application/json" and not form:
            return 415, "这里只接受 JSON；请把 Content-Type 写成 application/json"
        return 0, ""

    def _is_ours(self, host: str) -> bool:
        """Whether a request's Host names this server; its port does not matter."""
        named = _HOST.fullmatch(host)
        if named is None:
            return False
        name = named[1].lower().strip("[]")
        return name in self._hosts or (self._any_number and _is_number(name))


class Bodies:
    """ASGI middleware: a request's body is read whole before anybody works on it, and no longer
    than it may be; how long a client may take for it is up to ``connections``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        is_long = own_path(scope).startswith(_EXPORT)
        most = MOST_BYTES_OF_AN_EXPORT if is_long else MOST_BYTES
        length = Headers(scope=scope).get("content-length", "0")
        if not _LENGTH.fullmatch(length) or int(length) > most:
            await _too_long(scope)(scope, receive, send)
            return
        body = bytearray()
        held = 0
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body += message.get("body", b"")
                if len(body) > most:
                    await _too_long(scope)(scope, receive, send)
                    return
                # Short ones are bounded by the number of connections.
                if is_long:
                    self._held += len(body) - held
                    held = len(body)
                if self._held > _MOST_BYTES_HELD:
                    await _busy(scope)(scope, receive, send)
                    return
                more = message.get("more_body", False)
            whole: list[Message] = [
                {"type": "http.request", "body": bytes(body), "more_body": False}
            ]

            async def receive_whole() -> Message:
                return whole.pop() if whole else await receive()

            await self._app(scope, receive_whole, send)
        finally:
            self._held -= held


class Departures:
    """ASGI middleware: whoever leaves before his answer is there is worked for no longer. To stand
    inside of ``Bodies``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not own_path(scope).startswith(_WORK):
            await self._app(scope, receive, send)
            return
        request = [await receive()]
        leaving = asyncio.ensure_future(receive())

        async def receive_once() -> Message:
            return request.pop() if request else await asyncio.shield(leaving)

        answering = asyncio.ensure_future(self._app(scope, receive_once, send))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                answering.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await answering
            else:
                await answering
        finally:
            answering.cancel()
            leaving.cancel()


class Turnstile:
    """ASGI middleware: whoever asks too often, or when too many do, is told when to come again,
    before anything is done for his request."""

    def __init__(self, app: ASGIApp, admission: Admission, rates: Rates, metrics: Metrics) -> None:
        self._app = app
        self._admission = admission
        self._rates = rates
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and (path := own_path(scope)).startswith(_WORK):
            if self._admission.full:
                app = _busy(scope)
                _log.warning("问的人太多，有请求没有接受")
                self._count(path, "refused")
                await asyncio.sleep(_SECONDS_BEFORE_REFUSING)
            elif seconds := self._rates.wait(scope, "work"):
                app = refusal(scope, 429, "您问得太快了；请过一会儿再问", retry_after=seconds)
                self._count(path, "limited")
        await app(scope, receive, send)

    def _count(self, path: str, outcome: Outcome) -> None:
        if path.startswith(_QUESTIONS):
            self._metrics.count_question(outcome)


def _too_long(scope: Scope) -> ASGIApp:
    return refusal(scope, 413, "送来的内容太长；请分几次再试")


def _busy(scope: Scope) -> ASGIApp:
    return refusal(scope, 503, "现在问的人太多；请过一会儿再问", retry_after=SECONDS_TO_RETRY)


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
