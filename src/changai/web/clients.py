"""Who asks, how it came to us, and whether he asks too often."""

import ipaddress
from collections.abc import Collection
from typing import Literal

from starlette.datastructures import Headers
from starlette.types import Scope

from changai.web.rates import Rate

_OPINIONS_A_DAY = 50


class Clients:
    """Whom a request is from. A proxy that is trusted may say it for others; nobody else may."""

    def __init__(self, trusted_proxies: Collection[str], header: str) -> None:
        """``header`` is where a trusted proxy puts its client's address, or empty."""
        self._trusted = frozenset(trusted_proxies)
        self._header = header

    def told(self, scope: Scope) -> Scope:
        """The request as it was before a trusted proxy passed it on: its ``client`` and
        ``scheme``."""
        if address(scope) not in self._trusted:
            return scope
        headers = Headers(scope=scope)
        told = dict(scope)
        # Of several proxies, each has put its own client's address behind the others.
        client = headers.get(self._header, "").rpartition(",")[2].strip() if self._header else ""
        if _network(client):
            told["client"] = (client, 0)
        if (scheme := headers.get("x-forwarded-proto", "")) in ("http", "https"):
            told["scheme"] = scheme
        return told

    def key(self, scope: Scope) -> str:
        """Whom a request counts against, for one that ``told`` gave: an address, or the network of
        addresses of version 6 that one client has; empty for a proxy that does not say for whom it
        asks, since all of its clients are not one."""
        client = address(scope)
        return "" if client in self._trusted else _network(client)


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
        key, rate = self._clients.key(scope), self._rates.get(kind)
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


def _network(client: str) -> str:
    """What one client may be taken to have: an address of version 4, or a network of version 6;
    empty for what is no address."""
    try:
        known = ipaddress.ip_address(client)
    except ValueError:
        return ""
    if known.version == 4:
        return str(known)
    return str(ipaddress.ip_network((int(known), 64), strict=False))
