"""Refuses malformed requests and requests from other sites, and adds the security headers."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai.web.clients import network
from changai.web.connections import LONGEST_HEAD
from changai.web.refusals import own_path, refusal
from changai.web.settings import LOCAL_NAMES, Settings

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+?)\.?(:[0-9]{1,5})?", re.IGNORECASE)

_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 (compared, not bound to)

_FORMS = ("/login", "/logout")
"""The paths that accept forms. The page's script and programs send JSON, which a page of another
site cannot send without permission from this one."""


def policy(embed_origins: Iterable[str] = ()) -> str:
    """The content security policy of the page. It may load nothing from other hosts, and only its
    own site and ``embed_origins`` may show it in a frame."""
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
    """ASGI middleware that refuses hosts, methods, content types and origins that are not allowed,
    and adds the security headers to every response."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        public = urlsplit(settings.public_url).hostname or ""
        names = (*LOCAL_NAMES, settings.host, public, *settings.allowed_hosts)
        self._hosts = {name.lower() for name in names} - {""}
        # Any IP address is safe: only a host name can be made to point here by another site.
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
        if address + sum(len(name) + len(value) for name, value in headers.raw) > LONGEST_HEAD:
            return 431, "网址或请求头太长；请缩短"
        if "content-length" in headers and "transfer-encoding" in headers:
            return 400, "请求的长度写了两种；请只写 Content-Length"
        if not self._is_ours(headers.get("host", "")):
            return 421, "这台服务器不认这个网址；要用它，请让管理员在启动时加上 --allow-host"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "这里不接受这种请求；请用 GET 或 POST"
        if scope["method"] != "POST":
            return 0, ""
        sent = headers.get("content-type", "").partition(";")[0].strip().lower()
        form = sent == "application/x-www-form-urlencoded" and own_path(scope) in _FORMS
        if _another_sites(headers, form=form):
            return 403, "别的网站的网页不能在这里提交；请打开本站再试"
        if sent != "application/json" and not form:
            return 415, "这里只接受 JSON；请把 Content-Type 写成 application/json"
        return 0, ""

    def _is_ours(self, host: str) -> bool:
        """Whether a request's Host names this server. The port does not matter."""
        named = _HOST.fullmatch(host)
        if named is None:
            return False
        name = named[1].lower().strip("[]")
        return name in self._hosts or (self._any_number and bool(network(name)))


def _another_sites(headers: Headers, *, form: bool) -> bool:
    """Whether a request comes from a page of another site.

    Such a page could act in a visitor's session, or sign the visitor in to another account, because
    the forms have no tokens. Every browser in use says where a request comes from: by
    Sec-Fetch-Site, or over plain HTTP by Origin. A page cannot forge either. Origin is checked only
    for forms: pages of other sites cannot send JSON, and behind a proxy that changes Host, our own
    pages would seem to be from another site.
    """
    site, origin, host = (headers.get(name) for name in ("sec-fetch-site", "origin", "host"))
    if site is not None:
        # It is ``none`` if the request does not come from a page.
        return site not in ("same-origin", "none")
    return form and origin not in (None, f"http://{host}", f"https://{host}")
