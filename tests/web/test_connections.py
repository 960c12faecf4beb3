"""Connections that their clients would hold open, met over real sockets."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from changai.web import connections
from changai.web.connections import create_server

# They wait, as slow clients do.
pytestmark = pytest.mark.slow

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: "
WAIT = b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"
UNREAD = b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF_A_BODY = b"POST /read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345"
MUCH = 8_000_000


class Service:
    """An application that is served as the page is, and what happens in it."""

    def __init__(self) -> None:
        self.began, self.allowed = threading.Event(), threading.Event()
        routes = [
            Route("/", PlainTextResponse("here")),
            Route("/read", self.read, methods=["POST"]),
            Route("/wait", self.wait),
            Route("/much", PlainTextResponse("x" * MUCH)),
        ]
        self.server = create_server(Starlette(routes=routes))
        self.address = ("", 0)
        self.opened = ExitStack()

    async def read(self, request: Request) -> Response:
        return PlainTextResponse(await request.body())

    def wait(self, _: Request) -> Response:
        self.began.set()
        self.allowed.wait()
        return PlainTextResponse("waited")

    def connect(self, sent: bytes = b"") -> socket.socket:
        connection = self.opened.enter_context(socket.create_connection(self.address, timeout=20))
        connection.sendall(sent)
        return connection

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://{host}:{port}"

    def open_connections(self) -> int:
        return len(self.server.server_state.connections)


@contextmanager
def served() -> Iterator[Service]:
    service = Service()
    listener = socket.create_server(("127.0.0.1", 0))
    service.address = listener.getsockname()
    thread = threading.Thread(target=service.server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not service.server.started:
            time.sleep(0.01)
        yield service
    finally:
        service.opened.close()
        service.allowed.set()
        service.server.should_exit = True
        thread.join()


def gets(connection: socket.socket, words: bytes) -> bool:
    """Whether a client is sent these words, waiting until it is."""
    sent = b""
    while words not in sent:
        part = connection.recv(65_536)
        if not part:
            return False
        sent += part
    return True


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has parted from a client, waiting until it does."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SECONDS_FOR_THE_CLIENT", 0.2)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "sent", [b"", HALF_A_HEAD, HALF_A_BODY, b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_a_client_that_lets_us_wait_loses_its_connection(sent: bytes) -> None:
    with served() as service:
        connection = service.connect(sent)
        while service.open_connections():
            time.sleep(0.01)
        assert is_closed(connection)


@pytest.mark.usefixtures("impatient")
def test_a_client_that_sends_a_byte_at_a_time_does_not_win_time() -> None:
    with served() as service:
        connection = service.connect(HALF_A_HEAD)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(400):
                connection.sendall(b"x")
                time.sleep(0.05)


@pytest.mark.usefixtures("impatient")
def test_we_may_take_our_time() -> None:
    with served() as service:
        connection = service.connect(WAIT)
        service.began.wait()
        time.sleep(0.6)
        service.allowed.set()
        assert gets(connection, b"waited")


def test_room_is_made_by_parting_from_who_lets_us_wait_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 3)
    with served() as service:
        answering = service.connect(WAIT)
        service.began.wait()
        first, second = service.connect(HALF_A_HEAD), service.connect(HALF_A_BODY)
        while service.open_connections() < 3:
            time.sleep(0.01)
        assert httpx.get(service.url).text == "here"
        assert is_closed(first)
        second.sendall(b"67890")
        assert gets(second, b"1234567890")
        service.allowed.set()
        assert gets(answering, b"waited")


def test_who_is_being_answered_keeps_his_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 1)
    with served() as service:
        answering = service.connect(WAIT)
        service.began.wait()
        assert is_closed(service.connect(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        service.allowed.set()
        assert gets(answering, b"waited")


def test_a_thousand_half_sent_requests_leave_room_for_a_whole_one() -> None:
    with served() as service:
        for _ in range(1_100):
            service.connect(HALF_A_HEAD)
        for _ in range(5):
            assert httpx.get(service.url).text == "here"
        assert service.open_connections() <= connections.MOST_CONNECTIONS


def test_an_answer_does_not_wait_for_its_head_to_be_acknowledged() -> None:
    with served() as service, httpx.Client() as client:
        client.get(service.url)
        (connection,) = service.server.server_state.connections
        peer = connection.transport.get_extra_info("socket")
        assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_requests_on_one_connection_are_answered_in_turn() -> None:
    with served() as service, httpx.Client() as client:
        assert [client.get(service.url).text for _ in range(3)] == ["here"] * 3
        two = service.connect(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
        answered = b""
        while answered.count(b"here") < 2:
            answered += two.recv(65_536)


def test_a_head_may_be_so_long() -> None:
    with served() as service:
        connection = service.connect(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("sent", [b"", HALF_A_HEAD, HALF_A_BODY])
def test_stopping_does_not_wait_for_a_client(sent: bytes) -> None:
    with served() as service:
        connection = service.connect(sent)
        while not service.open_connections():
            time.sleep(0.01)
        time.sleep(0.1)
        service.server.should_exit = True
        # Long before it would lose patience, or uvicorn would.
        connection.settimeout(2)
        assert is_closed(connection)


def test_stopping_finishes_what_is_being_answered() -> None:
    with served() as service:
        connection = service.connect(WAIT)
        service.began.wait()
        service.server.should_exit = True
        time.sleep(0.5)
        service.allowed.set()
        assert gets(connection, b"waited")
