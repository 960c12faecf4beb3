"""Who asks, how it came to us, and whether he asks too often."""

import ipaddress
import math
import time
from collections.abc import Collection
from typing import Literal

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.types import Scope

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
        if not self.is_trusted(address(scope)):
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

    def is_trusted(self, client: str) -> bool:
        """Whether this is a proxy that may speak for others."""
        return client in self._trusted


class Rates:
    """How often each client may make us work. A proxy that does not say for whom it asks is not
    limited: that would limit all of its clients together."""

    def __init__(self, clients: Clients, a_minute: int) -> None:
        """``a_minute`` is for requests that have to be worked for; 0 for no limit."""
        self._clients = clients
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limits: dict[str, RateLimitItem] = {"opinion": RateLimitItemPerDay(_OPINIONS_A_DAY)}
        if a_minute:
            self._limits["work"] = RateLimitItemPerMinute(a_minute)

    def wait(self, scope: Scope, kind: Literal["work", "opinion"]) -> int:
        """Count a request; in how many seconds its client may make it, 0 where it may now."""
        client, limit = address(scope), self._limits.get(kind)
        if limit is None or self._clients.is_trusted(client):
            return 0
        # Whoever has one address of version 6 has a network of them.
        key = _network(client) or client
        if self._limiter.hit(limit, kind, key):
            return 0
        reset = self._limiter.get_window_stats(limit, kind, key).reset_time
        return max(1, math.ceil(reset - time.time()))


def address(scope: Scope) -> str:
    """The address that a request came from, empty for none."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _network(client: str) -> str:
    """The network of an address that one client may be taken to have; empty for no address."""
    try:
        known = ipaddress.ip_address(client)
    except ValueError:
        return ""
    prefix = 64 if known.version == 6 else 32
    return str(ipaddress.ip_network(f"{known}/{prefix}", strict=False))
