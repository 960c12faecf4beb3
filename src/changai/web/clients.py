"""Who asks, how it came to us, and whether he asks too often."""

import ipaddress
from collections.abc import Collection
from typing import Literal

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from changai.web.rates import Rate

_OPINIONS_A_DAY = 50

_FORWARDED = (
    *("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
    *("x-real-ip", "x-client-ip", "cf-connecting-ip", "true-client-ip"),
)
"""Headers by which a request shows that a proxy has passed it on."""


class Clients:
    """Whom a request is from. A proxy that is trusted may say it for others; nobody else may."""

    def __init__(self, trusted_proxies: Collection[str], header: str) -> None:
        """``header`` is where a trusted proxy puts its client's address, or empty."""
        self._trusted = frozenset(trusted_proxies)
        self._header = header

    def told(self, scope: Scope) -> Scope:
        """The request as it was before a trusted proxy passed it on: its ``client`` and
        ``scheme``; ``state`` says whether it was ``passed_on`` by any proxy."""
        headers = Headers(scope=scope)
        named = [*_FORWARDED, self._header] if self._header else _FORWARDED
        passed_on = any(name in headers for name in named)
        told = {**scope, "state": {**scope.get("state", {}), "passed_on": passed_on}}
        if address(scope) not in self._trusted:
            return told
        # A proxy may put a line of its own behind that of its client, or its word behind his.
        lines = headers.getlist(self._header) if self._header else []
        client = lines[-1].rpartition(",")[2].strip() if lines else ""
        if network(client):
            told["client"] = (client, 0)
        if (scheme := headers.get("x-forwarded-proto", "")) in ("http", "https"):
            told["scheme"] = scheme
        return told

    def key(self, scope: Scope) -> str:
        """Whom a request counts against, for one that ``told`` gave: an address, or the network of
        addresses of version 6 that one client has; empty for a proxy that is not asked for whom it
        speaks, since all of its clients are not one."""
        client = address(scope)
        return "" if client in self._trusted and not self._header else network(client)


class Introduction:
    """ASGI middleware: a request as its client sent it, whichever trusted proxy passed it on. To
    stand outside of all that cares who asks."""

    def __init__(self, app: ASGIApp, clients: Clients) -> None:
        self._app = app
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = self._clients.told(scope) if scope["type"] == "http" else scope
        await self._app(told, receive, send)


class Rates:
    """How often each client may make us work, and give an opinion."""

    def __init__(self, clients: Clients, a_minute: int) -> None:
        """``a_minute`` is for requests that have to be worked for; 0 for no limit."""
        self._clients = clients
        self._rates = {"opinion": Rate([(_OPINIONS_A_DAY, 24 * 3600)])}
        if a_minute:
            self._rates["work"] = Rate([(a_minute, 60)])

    def wait(self, scope: Scope, kind: Literal["work", "opinion"], count: int = 1) -> int:
        """In how many seconds a request may be made; 0 where it may now, which counts it like so
        many."""
        # Of an office behind one address, each who has signed in counts for himself.
        user = scope.get("state", {}).get("user")
        key = f"user {user}" if user else self._clients.key(scope)
        rate = self._rates.get(kind)
        if not key or rate is None:
            return 0
        if seconds := rate.wait(key):
            return seconds
        for _ in range(count):
            rate.add(key)
        return 0


def address(scope: Scope) -> str:
    """The address that a request came from, empty for none."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def network(client: str) -> str:
    """What one client may be taken to have: an address of version 4, or a network of version 6;
    empty for what is no address."""
    try:
        known = ipaddress.ip_address(client)
    except ValueError:
        return ""
    if known.version == 4:
        return str(known)
    return str(ipaddress.ip_network((int(known), 64), strict=False))
