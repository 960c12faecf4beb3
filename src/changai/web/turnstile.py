"""Refuses requests if there is no room or the client asks too often, and stops work for clients
that have left."""

import asyncio
import contextlib
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai.web.admission import Admission
from changai.web.clients import Rates
from changai.web.monitoring import Metrics, Outcome
from changai.web.refusals import busy, own_path, refusal

_QUESTIONS = ("/api/ask", "/chat/answer", "/mcp")
_WORK = (*_QUESTIONS, "/chat/opine", "/export/", "/source/", "/figures", "/documents")
"""The beginnings of the paths that need work."""

_SECONDS_BEFORE_REFUSING = 0.25
"""How long a request waits before it is refused because there is no room. Otherwise, two hundred
clients that try again at once would keep the server busy with refusals."""

_log = logging.getLogger(__name__)


class Turnstile:
    """ASGI middleware that refuses a request, before any work is done for it, if there is no room
    or its client asks too often. The response says when to try again."""

    def __init__(self, app: ASGIApp, admission: Admission, rates: Rates, metrics: Metrics) -> None:
        self._app = app
        self._admission = admission
        self._rates = rates
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and (path := own_path(scope)).startswith(_WORK):
            if self._admission.full:
                app = busy(scope)
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


class Departures:
    """ASGI middleware that stops the work for a client that leaves before its response is ready. It
    must be inside of ``Bodies``."""

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
