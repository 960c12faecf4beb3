"""Writes the log to standard error, as text or with one JSON object per line.

It uses only the standard library: every value must be bounded before it is written, and after that
a JSON logging library would have nothing left to do.

The access log contains the addresses of clients, which are personal information. The operator
decides how long to keep it, with journald's ``MaxRetentionSec`` or with logrotate.
"""

import json
import logging
import math
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TextIO

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai.clock import BEIJING
from changai.records import Answer
from changai.web.refusals import own_path

Style = Literal["text", "json"]

_LONGEST = 2_000
"""The longest field, in characters."""
_LONGEST_TRACEBACK = 8_000

_A_MINUTE = 10
"""How many warnings of one kind are written per minute."""

_OWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"}
"""The attributes that a record has without ``extra``, or that uvicorn adds for a terminal."""

_log = logging.getLogger(__name__)

# Each request and its threads have their own context, so all their records get its id.
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def set_up(style: Style) -> None:
    """Send the log of this process to standard error, replacing any earlier setup.

    ``text`` is for a person at a terminal: warnings and errors, as plain lines. ``json`` is for a
    service: one object per line, from INFO up for Changai and uvicorn, with the access log and
    Python's own warnings. uvicorn must not be given a ``log_config`` or a ``log_level``.
    """
    handler = BurstHandler()
    handler.setFormatter(JsonFormatter() if style == "json" else PlainFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("changai", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.INFO if style == "json" else logging.WARNING)
    # Importing bm25s sets its logger to DEBUG.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    logging.captureWarnings(style == "json")


def log_question(answer: Answer, generation: str, *, with_text: bool) -> None:
    """Log whether a question was answered, and by which generation of the index.

    ``with_text`` says whether to log the question itself; otherwise only its length in characters
    is logged.
    """
    fields = {
        "answered": answer.covered,
        "confidence": round(answer.confidence, 3),
        "generation": generation,
        "length": len(answer.question),
    }
    if with_text:
        fields["question"] = answer.question
    _log.info("question", extra=fields)


class AccessLog:
    """ASGI middleware that logs each request when it has ended. It must be outside all others.

    The record ``request`` has the method, the path below the root path, the status, milliseconds,
    the bytes of the body sent, the client, the user if signed in, and the ``outcome``. That is
    ``completed``; ``disconnected`` if the client left before the response was complete; or
    ``failed`` if the application raised an error or stopped early. ``status`` is null if no
    response was begun. The query string is left out: it may contain a question. ``request_id`` is
    sent back as ``x-request-id``, and is in every other record of the request.
    """

    def __init__(self, app: ASGIApp, count: Callable[[str, int], None]) -> None:
        """``count`` gets the path below the root path and the status of each response."""
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # Read now, because routing changes the scope.
        path = own_path(scope)
        request_id = secrets.token_hex(8)
        # Never reset: the server logs what the application raises, in the same context.
        _request_id.set(request_id)
        scope.setdefault("state", {})
        status: int | None = None
        sent = 0
        complete = left = raised = False

        async def receive_noting() -> Message:
            nonlocal left
            message = await receive()
            left = left or (message["type"] == "http.disconnect" and not complete)
            return message

        async def send_noting(message: Message) -> None:
            nonlocal status, sent, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                header = (b"x-request-id", request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
                complete = not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive_noting, send_noting)
        except BaseException:
            raised = True
            raise
        finally:
            failed = not left and (raised or not complete)
            if failed and status is None:
                # The server then sends this.
                status = 500
            if status is not None:
                self._count(path, status)
            fields = {
                "method": scope["method"],
                "path": path,
                "status": status,
                "ms": round((time.perf_counter() - began) * 1000, 1),
                "bytes": sent,
                "client": scope["client"][0] if scope.get("client") else None,
                "outcome": "disconnected" if left else "failed" if failed else "completed",
            }
            if "user" in scope["state"]:
                fields["user"] = scope["state"]["user"]
            _log.info("request", extra=fields)


@dataclass(slots=True)
class _Burst:
    """How many warnings of one kind came since the first one, and the last one held back."""

    began: float
    count: int = 0
    held_back: logging.LogRecord | None = None


class BurstHandler(logging.StreamHandler[TextIO]):
    """Writes at most ten warnings or errors of one kind per minute.

    The others are held back. When the minute is over, the last of them is written before the next
    record of any kind, or at the end. It has no traceback, and ``repeated`` says how many were held
    back.

    Two are of one kind if the same line of code logged them with the same type of exception. The
    message does not count, since a client may be able to choose it.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``stream`` is standard error by default. ``clock`` returns seconds."""
        super().__init__(stream)
        self._clock = clock
        self._bursts: dict[object, _Burst] = {}

    def emit(self, record: logging.LogRecord) -> None:
        now = self._clock()
        self._tell_of_those_begun_by(now - 60)
        if (request_id := _request_id.get()) is not None:
            vars(record)["request_id"] = request_id
        if record.levelno < logging.WARNING:
            super().emit(record)
            return
        exception = record.exc_info[0] if record.exc_info else None
        kind = record.pathname, record.lineno, exception
        burst = self._bursts.setdefault(kind, _Burst(now))
        burst.count += 1
        if burst.count <= _A_MINUTE:
            super().emit(record)
        else:
            burst.held_back = copy(record)
            # A traceback would keep alive all objects in its frames.
            burst.held_back.exc_info = None

    def close(self) -> None:
        self.acquire()
        try:
            self._tell_of_those_begun_by(math.inf)
            super().close()
        finally:
            self.release()

    def _tell_of_those_begun_by(self, moment: float) -> None:
        for kind, burst in [*self._bursts.items()]:
            if burst.began <= moment:
                del self._bursts[kind]
                if burst.held_back is not None:
                    vars(burst.held_back)["repeated"] = burst.count - _A_MINUTE
                    super().emit(burst.held_back)


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON.

    The fields are ``time`` (ISO 8601, Beijing time), ``level``, ``event``, ``logger``, those of
    ``extra``, and ``traceback`` if there is an exception. ``event`` is the message. If ``extra``
    has an ``event``, it is that, and ``message`` has the message.

    Text is cut in the middle, to 2,000 characters, and a traceback to 8,000. Values other than
    numbers, booleans and null are written as text. No value can end the line or change how it is
    displayed.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, BEIJING)
        fields: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": _shorten(record.getMessage()),
            "logger": record.name,
            **{name: _field(each) for name, each in vars(record).items() if name not in _OWN},
        }
        if "event" in vars(record):
            fields["message"] = _shorten(record.getMessage())
        if record.exc_info:
            fields["traceback"] = _shorten(
                self.formatException(record.exc_info), _LONGEST_TRACEBACK
            )
        # JSON is printable outside of strings, and inside them characters may be escaped.
        return _escape(json.dumps(fields, ensure_ascii=False))


class PlainFormatter(logging.Formatter):
    """Formats a record as its message and traceback, cut as in ``JsonFormatter``. Terminal control
    sequences are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        text = _shorten(record.getMessage())
        if repeated := vars(record).get("repeated"):
            text = f"{text}（这样的消息还有 {repeated} 条没有写出）"
        if record.exc_info:
            text += "\n" + _shorten(self.formatException(record.exc_info), _LONGEST_TRACEBACK)
        return "\n".join(map(_escape, text.split("\n")))


def _field(value: object) -> object:
    match value:
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
    return _shorten(str(value))


def _shorten(text: str, longest: int = _LONGEST) -> str:
    """The text; if it is too long, only its two ends, with the number of characters left out."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}……（略去 {len(text) - longest} 字）……{text[-half:]}"


def _escape(text: str) -> str:
    """The text with control, format and unassigned characters and surrogates escaped as in JSON."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
