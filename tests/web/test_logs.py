"""What an operator reads, on standard error of a server in a process of its own too."""

import asyncio
import contextlib
import io
import json
import logging
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai.records import Answer
from changai.web.logs import AccessLog, BurstHandler, JsonFormatter, PlainFormatter, log_question


def record(message: str, level: int = logging.WARNING, line: int = 1, **more: Any) -> Any:
    """A record as logging makes it, of a line of code of its own."""
    made = logging.LogRecord("changai.x", level, "x.py", line, message, (), None)
    vars(made).update(more)
    return made


def strictly(line: str) -> dict[str, Any]:
    """What a line of JSON says; Python would take NaN too."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return dict(json.loads(line, parse_constant=refuse))


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    line = JsonFormatter().format(made)
    assert line.isprintable()
    line.encode()
    return strictly(line)


def test_a_record_in_json() -> None:
    # 2023-11-14T22:13:20Z, by `date -u -d @1700000000`.
    made = record("不能换用", created=1_700_000_000.25, status=200, ms=1.5, user=None, ready=True)
    assert JsonFormatter().format(made) == (
        '{"time": "2023-11-15T06:13:20.250+08:00", "level": "WARNING", "event": "不能换用", '
        '"logger": "changai.x", "status": 200, "ms": 1.5, "user": null, "ready": true}'
    )


@pytest.mark.parametrize(
    "value",
    [
        '\n{"level": "CRITICAL"}',
        "\r\x1b[2J\x07\x00",
        "\ud800",
        "\u2028\u2029\x85\x7f",
        "\u202e颠倒\U000e0041",
        '"\\',
    ],
)
def test_no_value_breaks_the_line(value: str) -> None:
    told = as_json(record(value, path=value))
    assert (told["event"], told["path"]) == (value, value)


def test_what_is_no_json_is_written_as_text() -> None:
    told = as_json(record("x", a=float("nan"), b=b"\xff", c={"深": [1]}, d=float("inf")))
    assert (told["a"], told["b"], told["c"], told["d"]) == ("nan", r"b'\xff'", "{'深': [1]}", "inf")


def test_megabytes_are_cut_in_the_middle() -> None:
    told = as_json(record("头" + "x" * 3_000_000 + "尾", path="\x00" * 2_001))
    assert told["event"] == f"头{'x' * 999}……（略去 2998002 字）……{'x' * 999}尾"
    assert told["path"] == "\x00" * 1000 + "……（略去 1 字）……" + "\x00" * 1000
    assert as_json(record("x" * 2000))["event"] == "x" * 2000


def test_an_exception_is_one_field() -> None:
    try:
        raise ValueError("坏" * 100_000 + "\n完")
    except ValueError:
        told = as_json(record("x", exc_info=sys.exc_info()))
    assert told["traceback"].startswith("Traceback (most recent call last):\n")
    assert told["traceback"].endswith("坏\n完")
    assert len(told["traceback"]) < 8_050


def test_colours_for_a_terminal_are_left_out() -> None:
    assert "color_message" not in as_json(record("x", color_message="\x1b[31mx"))


def test_a_plain_line() -> None:
    assert PlainFormatter().format(record("两行\n第二行\x1b[2J")) == "两行\n第二行\\u001b[2J"
    told = PlainFormatter().format(record("没有", repeated=7))
    assert told == "没有（这样的消息还有 7 条没有写出）"
    try:
        raise ValueError("\x1b")
    except ValueError:
        lines = PlainFormatter().format(record("错", exc_info=sys.exc_info())).split("\n")
    assert (lines[:2], lines[-1]) == (
        ["错", "Traceback (most recent call last):"],
        "ValueError: \\u001b",
    )


class Bursts:
    """A handler on a clock of its own, and what it has written."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._stream = io.StringIO()
        self.handler = BurstHandler(self._stream, lambda: self.now)
        self.handler.setFormatter(JsonFormatter())

    def written(self) -> list[dict[str, Any]]:
        """What has been written since this was last asked."""
        lines = self._stream.getvalue().splitlines()
        self._stream.seek(0)
        self._stream.truncate()
        return [strictly(line) for line in lines]


def test_a_burst_is_told_of_once_its_minute_is_over() -> None:
    bursts = Bursts()
    for number in range(1_244):
        bursts.handler.handle(record(f"坏请求 {number}", created=number))
    assert [told["event"] for told in bursts.written()] == [f"坏请求 {n}" for n in range(10)]
    bursts.now += 59.9
    bursts.handler.handle(record("别的", line=2))
    assert [told["event"] for told in bursts.written()] == ["别的"]
    bursts.now += 0.1
    bursts.handler.handle(record("平常", logging.INFO))
    held_back, usual = bursts.written()
    assert (held_back["event"], held_back["repeated"], usual["event"]) == (
        "坏请求 1243",
        1234,
        "平常",
    )
    assert held_back["time"].endswith("08:20:43.000+08:00")
    bursts.handler.handle(record("又一个"))
    assert [told["event"] for told in bursts.written()] == ["又一个"]
    bursts.now += 61
    bursts.handler.handle(record("平常", logging.INFO))
    assert [told["event"] for told in bursts.written()] == ["平常"]


def test_what_is_held_back_is_told_of_at_the_end() -> None:
    bursts = Bursts()
    for _ in range(12):
        bursts.handler.handle(record("坏请求"))
    assert len(bursts.written()) == 10
    bursts.handler.close()
    (told,) = bursts.written()
    assert told["repeated"] == 2


def test_one_kind_does_not_hide_another() -> None:
    bursts = Bursts()
    errors = [(ValueError, ValueError("a"), None), (KeyError, KeyError("b"), None), None]
    for _ in range(11):
        for line in (1, 2):
            for error in errors:
                bursts.handler.handle(record("出错", line=line, exc_info=error))
    assert len(bursts.written()) == 60
    bursts.handler.close()
    told = bursts.written()
    assert [each["repeated"] for each in told] == [1] * 6
    assert not any("traceback" in each for each in told)


def test_usual_records_are_never_held_back() -> None:
    bursts = Bursts()
    for _ in range(100):
        bursts.handler.handle(record("request", logging.INFO))
    assert len(bursts.written()) == 100


@pytest.fixture
def written() -> Iterator[Bursts]:
    """What the module logs, from INFO up."""
    bursts, logger = Bursts(), logging.getLogger("changai.web.logs")
    logger.addHandler(bursts.handler)
    logger.setLevel(logging.INFO)
    yield bursts
    logger.removeHandler(bursts.handler)
    logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize("with_text", [True, False])
def test_a_question_is_told_only_when_asked_for(written: Bursts, with_text: bool) -> None:
    answer = Answer("焊工一年\n几顶?", True, 0.87654, ())
    log_question(answer, "000001-31bc", with_text=with_text)
    (told,) = written.written()
    assert (told["event"], told["level"]) == ("question", "INFO")
    assert (told["answered"], told["confidence"]) == (True, 0.877)
    assert (told["generation"], told["length"]) == ("000001-31bc", 8)
    assert told.get("question") == (answer.question if with_text else None)
    assert with_text or "焊工" not in json.dumps(told, ensure_ascii=False)


@dataclass
class Visited:
    """What a request to an application came to."""

    sent: list[Message] = field(default_factory=list)
    counted: list[tuple[str, int]] = field(default_factory=list)
    returned: bool = False


def visit(app: ASGIApp, *receives: Message, **scope: Any) -> Visited:
    """Send one request through the middleware, with the messages that the server would give."""
    visited, messages = Visited(), iter(receives)

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        visited.sent.append(message)

    asked = {
        "type": "http",
        "method": "GET",
        "path": "/api/ask",
        "query_string": b"question=secret",
        "client": ("192.0.2.7", 4711),
        **scope,
    }
    logged = AccessLog(app, lambda path, status: visited.counted.append((path, status)))
    # An application's own error is what the server is to see.
    with contextlib.suppress(ZeroDivisionError, ClientDisconnect):
        asyncio.run(logged(asked, receive, send))
        visited.returned = True
    return visited


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    scope["state"]["user"] = "zhang"
    scope["root_path"] = "/chat/api"
    await send({"type": "http.response.start", "status": 503, "headers": [(b"a", b"b")]})
    await send({"type": "http.response.body", "body": b"12345", "more_body": True})
    await send({"type": "http.response.body", "body": b"678"})


def test_a_request_is_told_of(written: Bursts) -> None:
    visited = visit(answering, path="/chat/api/ask", root_path="/chat")
    (told,) = written.written()
    assert told.pop("ms") >= 0
    assert told.pop("time")
    request_id = told.pop("request_id")
    assert len(bytes.fromhex(request_id)) == 8
    assert told == {
        "level": "INFO",
        "event": "request",
        "logger": "changai.web.logs",
        "method": "GET",
        "path": "/api/ask",
        "status": 503,
        "bytes": 8,
        "client": "192.0.2.7",
        "outcome": "completed",
        "user": "zhang",
    }
    assert visited.counted == [("/api/ask", 503)]
    assert visited.sent[0]["headers"] == [(b"a", b"b"), (b"x-request-id", request_id.encode())]
    visit(answering)
    assert written.written()[0]["request_id"] != request_id


def test_no_client_is_known_on_a_unix_socket(written: Bursts) -> None:
    visit(answering, client=None)
    assert written.written()[0]["client"] is None


def test_what_raises_is_told_of_as_failed(written: Bursts) -> None:
    async def raising(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    visited = visit(raising)
    (told,) = written.written()
    assert not visited.returned
    assert (told["outcome"], told["status"], told["bytes"]) == ("failed", 500, 0)
    assert visited.counted == [("/api/ask", 500)]


def test_what_stops_short_is_told_of_as_failed(written: Bursts) -> None:
    async def short(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"1", "more_body": True})

    assert visit(short).counted == [("/api/ask", 200)]
    (told,) = written.written()
    assert (told["outcome"], told["status"], told["bytes"]) == ("failed", 200, 1)


def test_who_leaves_before_the_answer_is_told_of(written: Bursts) -> None:
    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            assert message["more_body"]
        raise ClientDisconnect

    half = {"type": "http.request", "body": b"half", "more_body": True}
    visited = visit(reading, half, {"type": "http.disconnect"})
    assert (visited.counted, visited.returned) == ([], False)
    (told,) = written.written()
    assert (told["outcome"], told["status"]) == ("disconnected", None)


def test_who_leaves_after_the_answer_has_had_it(written: Bursts) -> None:
    async def listening(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        await receive()

    assert visit(listening, {"type": "http.disconnect"}).returned
    assert written.written()[0]["outcome"] == "completed"


def test_only_requests_are_told_of(written: Bursts) -> None:
    async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "lifespan"

    assert visit(lifespan, type="lifespan").returned
    assert written.written() == []


SERVER = """
import contextlib, logging, resource, socket, sys, warnings
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from changai.web import logs

# As the command line does, before it knows what it is to do.
logging.getLogger("changai").addHandler(logging.StreamHandler())
log = logging.getLogger("changai.web.live")

def warn(request):
    log.warning("不能换用：%s", request.query_params["q"])
    logging.getLogger("httpx").info("GET %s", request.url)
    return PlainTextResponse("好")

async def read(request):
    return PlainTextResponse(await request.body())

def fail(request):
    raise ValueError("坏\\n行")

logs.set_up(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
warnings.warn("旧的写法")
routes = [Route("/warn", warn), Route("/read", read, methods=["POST"]), Route("/fail", fail)]
app = logs.AccessLog(Starlette(routes=routes), lambda path, status: None)
listener = socket.create_server(("127.0.0.1", 0))
config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
print(listener.getsockname()[1], flush=True)
with contextlib.suppress(KeyboardInterrupt):
    uvicorn.Server(config).run(sockets=[listener])
"""


@contextlib.contextmanager
def logging_server(style: str) -> Iterator[tuple[str, int, list[str]]]:
    """The address and port of a server that is set up so; the lines of its standard error, once it
    has stopped."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, style],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        port, lines = int(server.stdout.readline()), list[str]()
        try:
            yield f"http://127.0.0.1:{port}", port, lines
        finally:
            server.send_signal(signal.SIGINT)
            lines += server.communicate(timeout=20)[1].splitlines()


def send_raw(port: int, data: bytes) -> bytes:
    """Send bytes and leave; what came back until the server closed, if it was waited for."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        return connection.recv(1000) if data.endswith(b"\n\n") else b""


@pytest.mark.slow
def test_a_service_writes_json_and_nothing_else() -> None:
    with logging_server("json") as (url, port, lines):
        warned = httpx.get(f"{url}/warn", params={"q": "x\ny"})
        assert httpx.get(f"{url}/fail").status_code == 500
        for _ in range(30):
            assert b"400" in send_raw(port, b"nonsense\n\n")
        send_raw(port, b"POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf")
    told = [strictly(line) for line in lines]
    events = [each["event"] for each in told]
    assert any("旧的写法" in event for event in events)
    assert any(event.startswith("Started server process") for event in events)
    requests = {each["path"]: each for each in told if each["event"] == "request"}
    assert {path: each["outcome"] for path, each in requests.items()} == {
        "/warn": "completed",
        "/fail": "failed",
        "/read": "disconnected",
    }
    assert requests["/warn"]["request_id"] == warned.headers["x-request-id"]
    # What a request's thread logs, and what the server does for it, is told as its.
    assert [
        (each["event"], each["logger"])
        for each in told
        if each.get("request_id") == warned.headers["x-request-id"]
    ] == [("不能换用：x\ny", "changai.web.live"), ("request", "changai.web.logs")]
    # Other libraries may tell of an address whole, with the question in it.
    assert not any(each["logger"] == "httpx" for each in told)
    (fault,) = [each for each in told if "坏" in each.get("traceback", "")]
    assert fault["request_id"] == requests["/fail"]["request_id"]
    assert "repeated" not in fault
    bad = [each for each in told if each["event"] == "Invalid HTTP request received."]
    assert [each.get("repeated") for each in bad] == [None] * 10 + [20]


@pytest.mark.slow
def test_a_person_reads_plain_lines() -> None:
    with logging_server("text") as (url, port, lines):
        httpx.get(f"{url}/warn", params={"q": "\x1b[2J"})
        for _ in range(12):
            send_raw(port, b"nonsense\n\n")
    told = [line for line in lines if "旧的写法" not in line]
    assert told == [
        "不能换用：\\u001b[2J",
        *["Invalid HTTP request received."] * 10,
        "Invalid HTTP request received.（这样的消息还有 2 条没有写出）",
    ]


@pytest.mark.slow
def test_running_out_of_sockets_does_not_fill_the_disk() -> None:
    with logging_server("json") as (url, port, lines), contextlib.ExitStack() as open_ones:
        for _ in range(60):
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            open_ones.enter_context(connection)
            connection.sendall(b"GET /")
        open_ones.close()
        # Accepting begins again a second after it has failed.
        assert httpx.get(f"{url}/warn", params={"q": ""}, timeout=10).status_code == 200
    told = [strictly(line) for line in lines]
    out = [each for each in told if "out of system resource" in each["event"]]
    assert [each.get("repeated", 0) > 0 for each in out] == [False] * 10 + [True]
    assert sum(map(len, lines)) < 50_000
