"""What an operator reads on standard error: records of what happened, one JSON object a line.

Only the standard library: every value must be bounded before it is written, after which there is
nothing left for a library of JSON formatters to do.

An access log holds the addresses of clients, which are personal information. How long it is kept
is the operator's matter: see to it with journald's ``MaxRetentionSec`` or with logrotate.
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
"""Characters of a field."""
_LONGEST_TRACEBACK = 8_000

_A_MINUTE = 10
"""How many warnings of one kind are written in a minute."""

_OWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"}
"""What a record has without ``extra``, or that uvicorn adds for a terminal."""

_log = logging.getLogger(__name__)

# A context is a request's own, and its threads': whatever they log can be told as its.
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def set_up(style: Style) -> None:
    """Send what this process logs to standard error, in place of whatever was set up before.

    ``text`` is for a person at a terminal: warnings and errors, as plain lines. ``json`` is for a
    service: one object a line, from INFO up for Changai and uvicorn, with the access log, and
    Python's own warnings too. uvicorn must be left without a ``log_config`` and ``log_level``.
    """
    handler = BurstHandler()
    handler.setFormatter(JsonFormatter() if style == "json" else PlainFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("changai", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.INFO if style == "json" else logging.WARNING)
    # Loading it sets it to DEBUG.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    logging.captureWarnings(style == "json")


def log_question(answer: Answer, generation: str, *, with_text: bool) -> None:
    """Record that a question was answered or not, by which generation of the index.

    ``with_text`` is whether the operator has asked for the questions themselves; else there is only
    the length, in characters.
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
    """ASGI middleware: one record a request, once it has ended; to stand outside all others.

    The record is ``request``: method, path below the root path, status, milliseconds, bytes of the
    body sent, client, user where somebody has signed in, and ``outcome``: ``completed``,
    ``disconnected`` where the client was seen to leave before its answer was complete, or
    ``failed`` where the application raised or stopped short. ``status`` is null where no answer was
    begun. The query is left out: it may hold a question. ``request_id`` is sent back as
    ``x-request-id``, and is in every other record of the request.
    """

    def __init__(self, app: ASGIApp, count: Callable[[str, int], None]) -> None:
        """``count`` is told of each response: the path, less the root path, and the status."""
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # Now: what routes the request changes the scope.
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
                # Which the server sends.
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
    """The warnings of one kind since the first, and the last one held back."""

    began: float
    count: int = 0
    held_back: logging.LogRecord | None = None


class BurstHandler(logging.StreamHandler[TextIO]):
    """Writes ten warnings or errors of one kind a minute. The last of those held back is written
    once the minute is over, with the next record of any kind or at the end, with ``repeated``: how
    many they were, and without a traceback.

    Two are of one kind where the same line of code has logged them, with the same type of
    exception: what they say may be a client's to choose.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``stream`` is standard error where there is none; ``clock`` gives seconds."""
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
            # A traceback would keep alive all that it goes through.
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
    """A record as one line of JSON: ``time`` (ISO 8601, Beijing time), ``level``, ``event`` (the
    message; where ``extra`` gave an event's name, that, with the ``message`` beside it),
    ``logger``, what ``extra`` gave, and ``traceback`` where there is an exception.

    Text is cut to 2,000 characters, a traceback to 8,000, in the middle. What is neither a number
    nor a truth value is written as text. No value can end the line, or change how it is shown.
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
        # Outside strings JSON is printable, and inside them it may be escaped.
        return _escape(json.dumps(fields, ensure_ascii=False))


class PlainFormatter(logging.Formatter):
    """A record as its message and traceback, cut as ``JsonFormatter`` cuts them; what could command
    a terminal is escaped."""

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
    """The text, or where it is longer its two ends, and how many characters were between them."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}……（略去 {len(text) - longest} 字）……{text[-half:]}"


def _escape(text: str) -> str:
    """The text with its control, format and unassigned characters and surrogates as in JSON."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
