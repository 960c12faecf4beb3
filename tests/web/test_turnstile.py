import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from changai.web.admission import Admission
from changai.web.clients import Clients, Rates
from changai.web.monitoring import Metrics
from changai.web.turnstile import Departures, Turnstile
from support.echoes import client, echoing


def metrics() -> Metrics:
    return Metrics(lambda: 0, lambda: 0, lambda: None, lambda: False)


def test_nobody_works_for_who_has_left() -> None:
    async def visit(path: str) -> tuple[bool, list[str]]:
        began, done, sent = asyncio.Event(), False, list[str]()
        left = asyncio.Event()

        async def work(_scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal done
            assert (await receive())["body"] == b"asked"
            began.set()
            await asyncio.sleep(0.2)
            done = True
            await send({"type": "http.response.start", "status": 200, "headers": []})

        parts: list[Message] = [{"type": "http.request", "body": b"asked", "more_body": False}]

        async def receive() -> Message:
            if parts:
                return parts.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message["type"])

        scope = {"type": "http", "method": "POST", "path": path, "headers": []}
        visiting = asyncio.create_task(Departures(work)(scope, receive, send))
        await began.wait()
        left.set()
        await visiting
        return done, sent

    assert asyncio.run(visit("/chat/answer")) == (False, [])
    assert asyncio.run(visit("/export/md")) == (False, [])
    # What costs nothing is done to its end.
    assert asyncio.run(visit("/login")) == (True, ["http.response.start"])


def test_what_fails_for_who_has_stayed_is_raised() -> None:
    async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("seven")

    with pytest.raises(ValueError, match="seven"):
        client(Departures(fail)).get("/figures")


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    rates = Rates(Clients([], ""), 2)
    app = client(Turnstile(echoing(), Admission(1, 1), rates, metrics()))
    assert [app.get("/api/ask").status_code for _ in range(3)] == [200, 200, 429]
    for path in ("/figures", "/chat/answer", "/export/md"):
        answer = app.get(path)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 120
    # What costs nothing is not counted.
    assert app.get("/").status_code == app.get("/healthz").status_code == 200


def test_when_the_room_is_full_nobody_is_let_in_to_wait() -> None:
    admission = Admission(1, 0)
    app = client(Turnstile(echoing(), admission, Rates(Clients([], ""), 0), metrics()))

    async def ask() -> list[int]:
        async with admission.admitted():
            answer = await asyncio.to_thread(app.get, "/api/ask")
            assert answer.headers["retry-after"] == "2"
            assert answer.json() == {"error": "现在问的人太多；请过一会儿再问"}
            health = await asyncio.to_thread(app.get, "/healthz")
        again = await asyncio.to_thread(app.get, "/api/ask")
        return [answer.status_code, health.status_code, again.status_code]

    assert asyncio.run(ask()) == [503, 200, 200]
