"""What the server bears: many users at once, each asking one question after another.

    python tests/benchmarks/load.py [QUESTIONS] [USERS] [--patient]

Starts ``app.py`` on loopback with ``./index`` and asks it QUESTIONS (5,000) by USERS (200), each of
whom asks his next question as soon as the last was answered or refused; with ``--patient`` he waits
first for as long as a refusal says. Meanwhile a process of its own asks ``/healthz`` ten times a
second. Then the encoder alone is given the same load: as many users wait for two threads that
encode. Reported are what was answered and refused, whether an answer was another's, seconds, the
ratio of the two 95th percentiles, and the server's memory at each fifth of the questions.
"""

import asyncio
import json
import multiprocessing
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryFile
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
QUESTIONS = [
    json.loads(line)["question"]
    for line in (ROOT / "tests" / "data" / "questions.jsonl")
    .read_text(encoding="utf-8")
    .split("\n")
    if line
]


def question(number: int) -> str:
    """A question that nobody else asks."""
    return f"{QUESTIONS[number % len(QUESTIONS)]} {number}"


async def get(address: tuple[str, int], path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request, on a connection of its own."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split(" ")[1]), headers, body


class Load:
    """What came of the questions."""

    def __init__(
        self, address: tuple[str, int], total: int, process: int, *, patient: bool
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self.answered: list[float] = []
        self.refused: list[float] = []
        self.memory: list[int] = []
        self._address = address
        self._total = total
        self._process = process
        self._patient = patient
        self._next = 0

    async def use(self) -> None:
        """One user, until no question is left."""
        while self._next < self._total:
            number = self._next
            self._next += 1
            if number % (self._total // 5) == 0:
                self.memory.append(resident(self._process))
            await self._ask(question(number))

    async def _ask(self, asked: str) -> None:
        began = time.perf_counter()
        try:
            status, headers, body = await get(
                self._address, f"/api/ask?k=1&question={quote(asked)}"
            )
        except OSError as error:
            self.outcomes[type(error).__name__] += 1
            return
        seconds = time.perf_counter() - began
        if status == 200:
            mixed_up = json.loads(body)["question"] != asked
            self.outcomes["another's answer" if mixed_up else "answered"] += 1
            self.answered.append(seconds)
        elif status == 503 and "retry-after" in headers:
            self.outcomes["refused"] += 1
            self.refused.append(seconds)
            if self._patient:
                await asyncio.sleep(int(headers["retry-after"]))
        else:
            self.outcomes[f"status {status}"] += 1


def resident(process: int) -> int:
    """The memory of a process in megabytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) // 1000


def probe(url: str, stop: Connection) -> None:
    """Ask after the server's health until told to stop, and send back how long each answer took."""
    taken: list[float] = []
    while not stop.poll(0.1):
        began = time.perf_counter()
        with urlopen(f"{url}/healthz", timeout=60) as answer:  # noqa: S310
            answer.read()
        taken.append(time.perf_counter() - began)
    stop.send(taken)


async def encode_alone(total: int, users: int) -> list[float]:
    """How long each user waits for the encoder, with as many users, and two threads to encode."""
    from changai.models import encoders
    from changai.text.normalisation import normalise

    encoder = encoders.load("builtin")
    encoder.encode_questions(["问题"])
    pool = ThreadPoolExecutor(2)
    numbers = iter(range(total))
    taken: list[float] = []

    async def use() -> None:
        for number in numbers:
            texts = [normalise(question(number))]
            began = time.perf_counter()
            await asyncio.get_running_loop().run_in_executor(pool, encoder.encode_questions, texts)
            taken.append(time.perf_counter() - began)

    await asyncio.gather(*[use() for _ in range(users)])
    return taken


def told(name: str, seconds: list[float]) -> str:
    if len(seconds) < 2:
        return f"{name}: {len(seconds)}"
    cuts = quantiles(seconds, n=100)
    return (
        f"{name}: {len(seconds)}, p50 {1000 * cuts[49]:.0f} ms, p95 {1000 * cuts[94]:.0f} ms,"
        f" p99 {1000 * cuts[98]:.0f} ms, most {1000 * max(seconds):.0f} ms"
    )


def main() -> None:
    numbers = [int(each) for each in sys.argv[1:] if each.isdecimal()]
    total, users = (*numbers, 5_000, 200)[:2] if len(numbers) != 1 else (numbers[0], 200)
    command = [sys.executable, "app.py", "--port", "0", "--rate", "0"]
    with (
        TemporaryFile("w", encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
        ) as server,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().rpartition("：")[2].strip()
        first = f"{url}/api/ask?k=1&question={quote(question(total))}"
        with urlopen(first, timeout=600) as answer:  # noqa: S310
            answer.read()
        parts = urlsplit(url)
        address = (str(parts.hostname), int(parts.port or 0))
        ours, theirs = multiprocessing.Pipe()
        prober = multiprocessing.get_context("spawn").Process(target=probe, args=[url, theirs])
        prober.start()
        load = Load(address, total, server.pid, patient="--patient" in sys.argv)

        async def ask_all() -> None:
            await asyncio.gather(*[load.use() for _ in range(users)])

        began = time.perf_counter()
        asyncio.run(ask_all())
        took = time.perf_counter() - began
        ours.send(None)
        health = ours.recv()
        prober.join()
        load.memory.append(resident(server.pid))
        server.terminate()
    alone = asyncio.run(encode_alone(total, users))
    print(f"{total} questions by {users} users in {took:.0f} s: {dict(load.outcomes)}")
    for name, seconds in (
        ("answered", load.answered),
        ("refused", load.refused),
        ("healthz", health),
        ("encoder alone", alone),
    ):
        print(told(name, seconds))
    ratio = quantiles(load.answered, n=100)[94] / quantiles(alone, n=100)[94]
    print(f"95th percentile of those answered, of the encoder's alone: {ratio:.2f} times")
    print(f"memory in MB at each fifth: {load.memory}")


if __name__ == "__main__":
    main()
