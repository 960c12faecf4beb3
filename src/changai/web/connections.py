"""Limits the number of connections, and how long a client may keep one waiting.

uvicorn lets a client take for ever to send a request's head or body, or to read the response. It
accepts as many connections as there are file descriptors. No other module imports its protocol.
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
"""The limit for each step of a client: sending a head, sending a body, reading a response."""

SECONDS_TO_STOP = 3

LONGEST_HEAD = 16_000
"""The longest request line and headers together, in bytes."""

_BACKLOG = 256
"""How many connections the kernel queues, and the event loop accepts at once. For a moment, so many
more than allowed may be open."""

_OTHER_FILES = 128


def create_server(
    app: ASGIApp, *, root_path: str = "", stopping: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """A server for the application, with limits on the number of connections and on waiting.

    When it is told to stop, it first calls ``stopping``. It then answers the requests that are
    being worked on, and stops within seconds.
    """
    most = min(MOST_CONNECTIONS, _descriptors(MOST_CONNECTIONS + _BACKLOG + _OTHER_FILES))
    config = uvicorn.Config(
        app,
        # uvicorn expects a protocol class, but only calls it.
        http=partial(Connection, most=most),  # type: ignore[arg-type]
        ws="none",
        root_path=root_path,
        # ``clients`` reads what a trusted proxy says about the client.
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
    """Raise the limit of open files to ``wanted``, or as far as the process may. Returns how many
    connections that allows."""
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
    """A connection that knows whether the server is waiting for the client, and since when.

    If a client keeps the server waiting too long, its connection is closed. If there are too many
    connections, the one that has kept the server waiting longest is closed. A connection is never
    closed while its request is being answered.
    """

    def __init__(self, *args: Any, most: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._most = most
        self._awaited = ""
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # uvicorn writes head and body separately. Without this, the body would wait for the client
        # to acknowledge the head, which takes 40 ms.
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
        """Close the connection at once if the client is awaited; otherwise after the response."""
        if self._awaited:
            self.transport.abort()
        else:
            super().shutdown()

    def _look(self) -> None:
        """Check what the client has to do next. For each new step, its time starts again."""
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
        """Close the connection that has kept the server waiting longest. False if there is none."""
        idle = [each for each in self.connections if isinstance(each, Connection) and each._awaited]
        if not idle:
            return False
        longest = min(idle, key=lambda each: each._since)
        longest._stop_waiting()
        longest.transport.abort()
        self.connections.discard(longest)
        return True
