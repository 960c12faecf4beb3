"""How much longer than an empty Gradio page does the page take to start, as a whole process?

    python tests/benchmarks/page_start.py [RUNS [INDEX]]

Starts ``app.py`` on a built index in turn with a script that launches one text box, after one
warm-up of each, and prints medians since the start of the process, and the ratios, pair by pair:
until the HTML, which holds the configuration, is served, until the box is drawn in a new visit with
Debian's chromium, and until the first answer is. INDEX is a folder with a built index; by default
one is built. The empty page makes no requests to other hosts either: without a network they cost it
time.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
QUESTION = "外地人的孩子在宁波怎么上学?"
EMPTY = """
import gradio
with gradio.Blocks(analytics_enabled=False) as page:
    gradio.Textbox()
page.launch(server_port={port}, quiet=True)
"""


@dataclass(frozen=True)
class Start:
    """Seconds since the process was started."""

    served: float
    drawn: float
    answered: float


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    # The machine may forbid bytecode, a user's does not: both commands may cache theirs.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            yield
        finally:
            server.kill()


def free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def await_pages(port: int, paths: list[str]) -> None:
    for path in paths:
        while True:
            connection = HTTPConnection("127.0.0.1", port)
            try:
                connection.request("GET", path)
                if connection.getresponse().status == 200:
                    break
            except ConnectionRefusedError:
                time.sleep(0.01)
            finally:
                connection.close()


def start(browser: Browser, command: list[str], port: int, asks: bool) -> Start:
    began = time.perf_counter()
    with running(command), browser.new_context() as context:
        await_pages(port, ["/"])
        served = time.perf_counter() - began
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
        box = page.locator("textarea").first
        box.wait_for()
        drawn = answered = time.perf_counter() - began
        if asks:
            box.fill(QUESTION)
            box.press("Enter")
            page.locator("#chat .citation").first.wait_for()
            answered = time.perf_counter() - began
    return Start(served, drawn, answered)


def start_ours(browser: Browser, index: str) -> Start:
    port = free_port()
    app = [sys.executable, str(ROOT / "app.py"), "--index", index, "--port", str(port)]
    return start(browser, app, port, asks=True)


def start_empty(browser: Browser) -> Start:
    port = free_port()
    return start(browser, [sys.executable, "-c", EMPTY.format(port=port)], port, asks=False)


def main(runs: str = "11", index: str | None = None) -> None:
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        if index is None:
            from changai.indexing.build import build_index

            build_index(ROOT / "index" / "articles", index := folder)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        pairs = [(start_ours(browser, index), start_empty(browser)) for _ in range(int(runs) + 1)][
            1:
        ]
    for what, ours, empty in (
        ("served", [a.served for a, _ in pairs], [b.served for _, b in pairs]),
        ("drawn", [a.drawn for a, _ in pairs], [b.drawn for _, b in pairs]),
        ("answered", [a.answered for a, _ in pairs], [b.drawn for _, b in pairs]),
    ):
        ratio = median(a / b for a, b in zip(ours, empty, strict=True))
        print(f"{what}: {median(ours):.2f} s, empty page {median(empty):.2f} s, ratio {ratio:.2f}")
    print(f"({runs} pairs)")


if __name__ == "__main__":
    main(*sys.argv[1:])
