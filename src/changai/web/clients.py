"""Finds out which client a request comes from, and limits how often each client may ask."""

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
"""Headers that show that a proxy has forwarded a request."""


class Clients:
    """Tells which client sent a request. Only a trusted proxy may name another client."""

    def __init__(self, trusted_proxies: Collection[str], header: str) -> None:
        """``header`` is the header with the client's address from a trusted proxy, or empty."""
        self._trusted = frozenset(trusted_proxies)
        self._header = header

    def told(self, scope: Scope) -> Scope:
        """The request with the ``client`` and ``scheme`` from before a trusted proxy forwarded it.

        ``passed_on`` in ``state`` says whether any proxy has forwarded it.
        """
        headers = Headers(scope=scope)
        named = [*_FORWARDED, self._header] if self._header else _FORWARDED
        passed_on = any(name in headers for name in named)
        told = {**scope, "state": {**scope.get("state", {}), "passed_on": passed_on}}
        if address(scope) not in self._trusted:
            return told
        # A proxy may add a header line after those of its client, or a value after the client's.
        lines = headers.getlist(self._header) if self._header else []
        client = lines[-1].rpartition(",")[2].strip() if lines else ""
        if network(client):
            told["client"] = (client, 0)
        if (scheme := headers.get("x-forwarded-proto", "")) in ("http", "https"):
            told["scheme"] = scheme
        return told

    def key(self, scope: Scope) -> str:
        """The key that a request counts against in limits, for a scope returned by ``told``.

        It is an IPv4 address, or the IPv6 network of one client. It is empty for a trusted proxy
        without a ``header``, because its clients cannot be told apart.
        """
        client = address(scope)
        return "" if client in self._trusted and not self._header else network(client)


class Introduction:
    """ASGI middleware that restores the client of a request that a trusted proxy has forwarded. It
    must be outside of everything that needs to know the client."""

    def __init__(self, app: ASGIApp, clients: Clients) -> None:
        self._app = app
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = self._clients.told(scope) if scope["type"] == "http" else scope
        await self._app(told, receive, send)


class Rates:
    """Limits how often each client may send requests that need work, and opinions."""

    def __init__(self, clients: Clients, a_minute: int) -> None:
        """``a_minute`` is the limit for requests that need work; 0 means no limit."""
        self._clients = clients
        self._rates = {"opinion": Rate([(_OPINIONS_A_DAY, 24 * 3600)])}
        if a_minute:
            self._rates["work"] = Rate([(a_minute, 60)])

    def wait(self, scope: Scope, kind: Literal["work", "opinion"], count: int = 1) -> int:
        """The seconds until a request is allowed. If it is allowed now, this is 0, and the request
        is counted ``count`` times."""
        # Signed-in users count separately, even in an office behind one address.
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
    """The address that a request came from, or empty."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def network(client: str) -> str:
    """The addresses that one client is assumed to have: an IPv4 address, or an IPv6 network of 64
    bits. Empty if ``client`` is not an address."""
    try:
        known = ipaddress.ip_address(client)
    except ValueError:
        return ""
    if known.version == 4:
        return str(known)
    return str(ipaddress.ip_network((int(known), 64), strict=False))
