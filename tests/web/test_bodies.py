import asyncio

import pytest
from starlette.types import Message

from changai.web.bodies import Bodies
from support.echoes import client, echoing


@pytest.mark.parametrize(
    ("length", "status"),
    [(0, 200), (1_000_000, 200), (1_000_001, 413), (10_000_000, 413)],
)
@pytest.mark.parametrize("told", [True, False], ids=["told", "in parts"])
def test_an_exports_body_may_be_so_long(length: int, status: int, told: bool) -> None:
    body = b"x" * length
    answer = client(Bodies(echoing())).post("/export/md", content=body if told else iter([body]))
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["length"] == length


@pytest.mark.parametrize("path", ["/login", "/chat/answer", "/api/ask"])
def test_any_other_body_is_short(path: str) -> None:
    app = client(Bodies(echoing()))
    assert app.post(path, content=b"x" * 64_000).json()["length"] == 64_000
    assert app.post(path, content=b"x" * 64_001).status_code == 413


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "", " ", "1 2", "9" * 5000])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    answer = client(Bodies(echoing())).post("/login", headers={"content-length": length})
    assert answer.status_code == 413


def test_all_bodies_together_may_be_so_long() -> None:
    """Sixty-four clients each send the longest export that may be, and keep back its last byte."""

    async def send_all() -> list[int]:
        app = Bodies(echoing())
        held = asyncio.Event()
        statuses: list[int] = []

        async def visit() -> None:
            parts = [b"x" * 999_999, b"x"]

            async def receive() -> Message:
                if len(parts) == 1:
                    await held.wait()
                return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

            async def send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])

            scope = {"type": "http", "method": "POST", "path": "/export/md", "headers": []}
            await app(scope | {"query_string": b""}, receive, send)

        visits = [asyncio.create_task(visit()) for _ in range(64)]
        await asyncio.sleep(0)
        refused = list(statuses)
        held.set()
        await asyncio.gather(*visits)
        # Nothing is held any more.
        statuses.clear()
        await visit()
        assert statuses == [200]
        return refused

    assert asyncio.run(send_all()) == [503] * 32
