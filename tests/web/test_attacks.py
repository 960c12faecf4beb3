"""A real server under attack, from this machine only, and bounded: what was possible once is shut.

Each of these did harm before it was written.
"""

import contextlib
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from changai.indexing.build import build_index
from support.paths import ROOT
from support.small import CHECK_UP, write_small

# Against a server of its own, which starts in seconds and is kept busy for some.
pytestmark = pytest.mark.slow

QUESTION = CHECK_UP[0]
HALF = b"POST /chat/answer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n"
HEARTBEAT = b"GET /gradio_api/heartbeat/x HTTP/1.1\r\nHost: localhost\r\n\r\n"
JSON = b"Content-Type: application/json\r\n"
ODD_BODIES = [b"[" * 100_000, b"\xff\x00", b"null", b'{"question": "\\ud800"}', b"", b"[{}]", b"7"]


def _as_a_service() -> None:
    """What systemd allows a service, if it is told nothing."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))


class Server:
    """``app.py`` in a process of its own, as a service would run it."""

    def __init__(self, folder: Path, log: Path, *options: str) -> None:
        self.log = log
        self.scratch = folder / "scratch"
        environment = {**os.environ, "GRADIO_TEMP_DIR": str(self.scratch), "TZ": "UTC"}
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "app.py", "--port", "0", "--index", str(folder), *options],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                env=environment,
                preexec_fn=_as_a_service,
            )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().rpartition("：")[2].strip()
        # An idle connection is the first that the server closes to make room, perhaps just as the
        # next request is sent on it: each request has a connection of its own.
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=0)
        self.client = httpx.Client(base_url=self.url, timeout=60, limits=limits)
        while self.client.get("/healthz").status_code != 200:
            time.sleep(0.1)

    def connect(self, sent: bytes = b"") -> socket.socket:
        address = urlsplit(self.url)
        connection = socket.create_connection((address.hostname, address.port), timeout=30)
        connection.sendall(sent)
        return connection

    def answers(self) -> bool:
        """Whether it still answers as it should."""
        answer = self.client.get("/api/ask", params={"question": QUESTION})
        return answer.status_code == 200 and "体检" in answer.json()["citations"][0]["text"]

    def stop(self) -> float:
        """Tell it to stop, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        return time.monotonic() - began

    def close(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def running(folder: Path, log: Path, *options: str) -> Iterator[Server]:
    server = Server(folder, log, *options)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacked")
    build_index(write_small(folder), folder)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(folder, tmp_path_factory.mktemp("log") / "log.jsonl") as server:
        yield server


def raw(server: Server, request: bytes) -> bytes:
    """What a server answers to bytes that no client library would send."""
    with server.connect(request) as connection:
        answer = b""
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            while part := connection.recv(65_536):
                answer += part
        return answer


# ---- 1 to 3: files, addresses, disk and memory


def test_no_file_of_the_server_can_be_read(server: Server, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret", encoding="utf-8")
    for path in (str(secret), "/etc/passwd", "/dev/zero"):
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        for route in ("run/retrieve", "api/retrieve", "call/retrieve", "queue/join"):
            data = {"data": ["a", file], "fn_index": 0, "session_hash": "x"}
            answer = server.client.post(f"/gradio_api/{route}", json=data)
            assert answer.status_code == 404
            assert path not in answer.text
        for address in (f"/gradio_api/file={path}", f"/file={path}", f"/gradio_api/file/{path}"):
            assert server.client.get(address).status_code == 404
    assert server.answers()
    assert not server.scratch.exists() or not any(
        "secret" in each.name for each in server.scratch.rglob("*")
    )


def test_no_address_is_fetched_for_a_stranger(server: Server) -> None:
    fetched = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)

        def listen() -> None:
            with contextlib.suppress(TimeoutError):
                listener.accept()[0].close()
                fetched.set()

        waiting = threading.Thread(target=listen)
        waiting.start()
        there = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        for address in (
            f"/gradio_api/file={there}",
            f"/gradio_api/proxy={there}",
            f"/proxy={there}",
        ):
            assert server.client.get(address).status_code == 404
            assert server.client.head(address).status_code == 404
        waiting.join()
    assert not fetched.is_set()


def test_nothing_that_is_sent_stays_on_the_disk_or_in_memory(server: Server) -> None:
    def resident() -> int:
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1])

    def files() -> int:
        return sum(1 for _ in server.scratch.rglob("*")) if server.scratch.exists() else 0

    server.answers()
    before, kept = resident(), files()
    body = {"data": ["x" * 900_000], "fn_index": 0, "session_hash": "abandoned"}
    for _ in range(40):
        for route in ("queue/join", "run/retrieve"):
            answer = server.client.post(f"/gradio_api/{route}", json=body)
            assert answer.status_code in (404, 413)
        long = server.client.get("/gradio_api/deep_link", params={"session_hash": "x" * 4_000})
        assert long.status_code == 404
    large = {"question": "x" * 2_000_000}
    for path in ("/api/ask", "/chat/answer", "/export/md", "/mcp"):
        assert server.client.post(path, json=large).status_code == 413
    assert files() == kept
    # 72 MB were sent.
    assert resident() - before < 40_000
    assert server.answers()


# ---- 4: overload


def test_who_is_one_too_many_is_told_at_once_when_to_come_again(server: Server) -> None:
    def ask(number: int) -> tuple[int, str, str]:
        # Each with an answer of its own, so that none could be mixed up unseen.
        question = f"体检费用由谁承担{number}"
        answer = server.client.get("/api/ask", params={"question": question})
        if answer.status_code == 200:
            assert answer.json()["question"] == question
        return answer.status_code, answer.headers.get("retry-after", ""), answer.text

    with ThreadPoolExecutor(150) as pool:
        answers = list(pool.map(ask, range(600)))
    assert {status for status, _, _ in answers} == {200, 503}
    for status, retry_after, text in answers:
        if status == 503:
            assert retry_after == "2"
            assert json.loads(text) == {"error": "现在问的人太多；请过一会儿再问"}
    assert server.answers()


def test_nobody_works_on_for_clients_who_have_left(server: Server) -> None:
    """Each of these would take half a minute, and all of them hours."""
    turns = [
        {"asked": "问", "meant": f"{'体检费用' * 100}{n}", "as_typed": True, "generation": ""}
        for n in range(300)
    ]
    body = json.dumps(turns, ensure_ascii=False).encode()
    head = b"POST /export/docx HTTP/1.1\r\nHost: localhost\r\n" + JSON
    for _ in range(30):
        server.connect(head + b"Content-Length: %d\r\n\r\n" % len(body) + body).close()
    for _ in range(100):
        busy = server.client.get("/api/ask", params={"question": QUESTION}).status_code
        if busy == 200:
            break
        time.sleep(0.1)
    assert server.answers()


def test_no_question_waits_for_the_disk_of_opinions(folder: Path, tmp_path: Path) -> None:
    opinions = tmp_path / "opinions.sqlite"
    turn = {"asked": QUESTION, "meant": QUESTION, "as_typed": False, "generation": ""}
    opinion = {"turn": turn, "useful": True, "comment": ""}
    with (
        running(folder, tmp_path / "log.jsonl", "--feedback", str(opinions)) as server,
        closing(sqlite3.connect(opinions, isolation_level=None)) as holding,
        ThreadPoolExecutor(3) as pool,
    ):
        holding.execute("BEGIN EXCLUSIVE")
        waiting = [pool.submit(server.client.post, "/chat/opine", json=opinion) for _ in range(3)]
        while not any(each.running() for each in waiting):
            time.sleep(0.01)
        time.sleep(0.3)
        assert server.answers()
        assert not all(each.done() for each in waiting)
        assert [list(each.result().json()) for each in waiting] == [["error"]] * 3


# ---- 5: connections, the log, stopping


def test_half_sent_requests_leave_room_and_little_log(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with running(folder, log) as server, contextlib.ExitStack() as stack:
        for number in range(1_100):
            head = HALF if number % 2 else HALF + JSON + b"\r\n{"
            stack.enter_context(server.connect(head))
        for _ in range(5):
            assert server.client.get("/healthz").status_code == 200
            assert server.answers()
        for _ in range(300):
            stack.enter_context(server.connect(b"\x00 nonsense\r\n\r\n"))
        assert server.answers()
    # A record a request, and no more; it was 82 MB in half a minute.
    assert log.stat().st_size < 500_000


@pytest.mark.parametrize(
    "held",
    [
        b"",
        HALF,
        HALF + JSON + b"\r\n{",
        b"GET /gradio_api/heartbeat/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_a_server_stops_within_seconds(folder: Path, tmp_path: Path, held: bytes) -> None:
    with (
        running(folder, tmp_path / "log.jsonl") as server,
        server.connect(held),
        ThreadPoolExecutor(1) as pool,
    ):
        under_way = pool.submit(server.answers)
        time.sleep(0.01)
        assert server.stop() < 5
        assert under_way.result()


# ---- 8: the clock and the scratch folder


def test_a_scratch_folder_that_cannot_be_written_is_named(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "app.py", "--port", "0", "--index", str(folder)],
        cwd=ROOT,
        env={**os.environ, "GRADIO_TEMP_DIR": "/proc/nowhere"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "临时目录 /proc/nowhere 不能用" in done.stderr
    assert "Traceback" not in done.stderr


def test_exports_are_of_the_readers_day(server: Server) -> None:
    """The server runs in UTC; until eight in the morning that is Beijing's yesterday."""
    turn = {"asked": QUESTION, "meant": QUESTION, "as_typed": False, "generation": ""}
    answer = server.client.post("/export/md", json=[turn])
    there = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))
    assert there in answer.headers["content-disposition"]


# ---- 9: what strangers may learn and spoil


def test_no_stranger_says_what_others_are_told(server: Server) -> None:
    spoilt = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
    assert server.client.get("/gradio_api/info", headers=spoilt).status_code == 404
    for _ in range(2):
        assert "evil.example" not in server.client.get("/", headers=spoilt).text
    for path in ("/monitoring", "/monitoring/summary", "/gradio_api/queue/status"):
        assert server.client.get(path).status_code == 404


def test_another_name_for_this_address_is_refused(server: Server) -> None:
    for path in ("/", "/api/ask?question=x", "/chat/corpus", "/metrics", "/healthz"):
        answer = server.client.get(path, headers={"host": "rebound.example"})
        assert answer.status_code == 421


def test_nothing_odd_writes_a_traceback(server: Server) -> None:
    requests = [
        b"GET /?page=x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: a b:c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b:c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [\r\n\r\n",
        b"GET /source/%ff%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /source/x?mark=%ff&of=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /api/ask?question=%ff%00&k=x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /api/ask?question=%ED%A0%80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ]
    for path in (b"/api/ask", b"/chat/answer", b"/chat/opine", b"/export/docx", b"/mcp"):
        for body in ODD_BODIES:
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            head = b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            requests.append(head + JSON + length + body)
    for request in requests:
        closing = request.replace(b"Host:", b"Connection: close\r\nHost:", 1)
        answer = raw(server, closing)
        assert answer.startswith(b"HTTP/1.1 "), request[:80]
        assert not answer.startswith(b"HTTP/1.1 500"), request[:80]
    assert server.answers()
    assert "traceback" not in server.log.read_text(encoding="utf-8").lower()


def test_what_is_refused_carries_the_headers_too(server: Server) -> None:
    for answer in (
        server.client.post("/chat/answer", content="x", headers={"content-type": "text/plain"}),
        server.client.put("/"),
        server.client.get("/nowhere"),
        server.client.post(
            "/api/ask", content=b"x" * 2_000_000, headers={"content-type": "application/json"}
        ),
    ):
        assert answer.status_code >= 400
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_one_client_cannot_take_the_others_turn(folder: Path, tmp_path: Path) -> None:
    opinions = tmp_path / "opinions.sqlite"
    options = ["--feedback", str(opinions), "--client-header", "x-real-ip", "--rate", "55"]
    turn = {"asked": QUESTION, "meant": QUESTION, "as_typed": False, "generation": ""}
    opinion = {"turn": turn, "useful": True, "comment": ""}
    with running(folder, tmp_path / "log.jsonl", *options) as server:

        def opine(client: str) -> tuple[int, list[str]]:
            headers = {"x-real-ip": client}
            answer = server.client.post("/chat/opine", json=opinion, headers=headers)
            return answer.status_code, list(answer.json())

        # Fifty opinions a day, and so many requests a minute.
        assert [opine("192.0.2.1") for _ in range(60)] == [
            *[(200, ["said"])] * 50,
            *[(200, ["error"])] * 5,
            *[(429, ["error"])] * 5,
        ]
        assert opine("192.0.2.2") == (200, ["said"])


# ---- traversals


@pytest.mark.parametrize(
    "route", ["/source/", "/assets/", "/static/", "/gradio_api/file=", "/export/", "/"]
)
def test_no_path_leads_out(server: Server, route: str) -> None:
    """Every way to write ``../`` that some server has once fallen for."""
    dots = ["..", "%2e%2e", ".%2e", "%2e.", "%252e%252e", "..%00", "%c0%ae%c0%ae", "..;"]
    dots += ["%uff0e%uff0e", "%ef%bc%8e%ef%bc%8e"]
    slashes = ["/", "%2f", "\\", "%5c", "%252f", "//", "%c0%af", "%ef%bc%8f", "/./", "/x/../"]
    targets = ["etc/passwd", "proc/self/environ", "etc/passwd%00.txt", "etc/passwd?", "etc/passwd#"]
    paths = [
        f"{route}{(dot + slash) * depth}{target}"
        for dot, slash, target, depth in product(dots, slashes, targets, (1, 6, 12))
    ]
    assert len(paths) == 1_500
    host = b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with server.connect() as connection:
        requests = b"".join(b"GET " + path.encode() + host for path in paths)
        sender = threading.Thread(target=connection.sendall, args=[requests])
        sender.start()
        answered = b""
        while answered.count(b"HTTP/1.1 ") < len(paths):
            part = connection.recv(1 << 20)
            assert part, "the server has closed the connection"
            answered += part
        sender.join()
    # The page itself, where what comes before the question mark is its own path.
    statuses = set(re.findall(rb"HTTP/1\.1 (\d+)", answered))
    assert statuses <= {b"404", b"405"}
    assert b"root:" not in answered
    assert b"PATH=" not in answered
