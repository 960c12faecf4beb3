"""Connections that cannot be held open for nothing: the only importer of uvicorn's protocol.

uvicorn lets a client take for ever to send a request's head or body, or to take what it is sent,
and accepts as many connections as there are file descriptors.
"""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 512

SECONDS_FOR_THE_CLIENT = 15
"""For each thing that we wait for it to do: send a head, send a body, take what was sent."""

SECONDS_TO_STOP = 3

LONGEST_HEAD = 16_000
"""In bytes: the request's line and its headers."""

_BACKLOG = 256
"""How many connections the kernel keeps, and the event loop accepts at one go: so many more than
are allowed may be open for a moment."""

_OTHER_FILES = 128


def create_server(
    app: ASGIApp, *, root_path: str = "", stopping: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """A server of the application, whose connections are bounded in number and in patience, and
    which stops within seconds when told to, once what was under way is answered.

    ``stopping`` is called first of all then.
    """
    most = min(MOST_CONNECTIONS, _descriptors(MOST_CONNECTIONS + _BACKLOG + _OTHER_FILES))
    config = uvicorn.Config(
        app,
        # The class of the protocol, of which uvicorn asks only that it can be called.
        http=partial(Connection, most=most),  # type: ignore[arg-type]
        ws="none",
        root_path=root_path,
        # Who the client is and how it came, a trusted proxy tells: see ``clients``.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        backlog=_BACKLOG,
        h11_max_incomplete_event_size=LONGEST_HEAD,
        timeout_graceful_shutdown=SECONDS_TO_STOP,
    )
    return _Server(config, stopping)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


def _descriptors(wanted: int) -> int:
    """Raise the number of files that the process may open to ``wanted``, as far as it may itself;
    how many connections there may be by that."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, soft - _BACKLOG - _OTHER_FILES)


class Connection(H11Protocol):
    """A connection that knows whether it is its client's turn, and since when.

    A client that lets us wait for too long loses its connection; so does the one that has let us
    wait longest when another needs the room. Those whose requests are being answered keep theirs.
    """

    def __init__(self, *args: Any, most: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._most = most
        self._awaited = ""
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # uvicorn writes head and body apart. Without this the second waits for the client to say
        # that it has the first, which it says 40 ms later.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        room = len(self.connections) < self._most or self._make_room()
        super().connection_made(transport)
        if room:
            self._look()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._look()

    def shutdown(self) -> None:
        """Part at once from a client that lets us wait; finish what is being answered."""
        if self._awaited:
            self.transport.abort()
        else:
            super().shutdown()

    def _look(self) -> None:
        """See what the client is to do now; a new thing gives it new time."""
        awaited = self._awaits()
        if awaited == self._awaited:
            return
        self._stop_waiting()
        self._awaited = awaited
        if awaited:
            self._since = self.loop.time()
            self._timer = self.loop.call_later(SECONDS_FOR_THE_CLIENT, self.transport.abort)

    def _awaits(self) -> str:
        if self.transport.is_closing():
            return ""
        if self.flow.write_paused:
            return "reading"
        if self.cycle is None or self.cycle.response_complete:
            return "request"
        return "body" if self.cycle.more_body else ""

    def _stop_waiting(self) -> None:
        self._awaited = ""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _make_room(self) -> bool:
        """Part from the client that has let us wait longest, if any does."""
        idle = [each for each in self.connections if isinstance(each, Connection) and each._awaited]
        if not idle:
            return False
        longest = min(idle, key=lambda each: each._since)
        longest._stop_waiting()
        longest.transport.abort()
        self.connections.discard(longest)
        return True
