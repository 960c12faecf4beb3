"""Limits the size of request bodies."""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai.web.refusals import busy, own_path, refusal

MOST_BYTES = 64_000
"""The largest body of most requests, in bytes: a question has at most 512 characters."""

MOST_BYTES_OF_AN_EXPORT = 1_000_000
_MOST_BYTES_HELD = 32 * MOST_BYTES_OF_AN_EXPORT
"""The limit for the bodies of all exports together, in bytes, at one time."""

_EXPORT = "/export/"
_LENGTH = re.compile(r"[0-9]{1,9}")


class Bodies:
    """ASGI middleware that reads the whole body of a request first, up to the limit.

    ``connections`` limits how long a client may take to send it.
    """

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
                # The number of connections bounds the sum of the shorter bodies.
                if is_long:
                    self._held += len(body) - held
                    held = len(body)
                if self._held > _MOST_BYTES_HELD:
                    await busy(scope)(scope, receive, send)
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


def _too_long(scope: Scope) -> ASGIApp:
    return refusal(scope, 413, "送来的内容太长；请分几次再试")
