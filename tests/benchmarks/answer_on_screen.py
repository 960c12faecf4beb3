"""How long after an answer has been computed is it on the screen, and in a long conversation?

    python tests/benchmarks/answer_on_screen.py [TURNS [INDEX]]

Asks thirty of the project's questions in Debian's chromium, each in turn in a new conversation, in
one that ends with TURNS turns, and of ``Index.ask`` in this process. Prints the medians of the
difference: from sending the question to the frame that shows the answer, less ``Index.ask``. INDEX
is a folder with a built index; by default one is built.
"""

import shutil
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from page_start import await_pages, free_port, running
from playwright.sync_api import Browser, Page, sync_playwright

from changai.evaluation.question_sets import read_questions
from changai.indexing.build import build_index
from changai.search.index import Index

ROOT = Path(__file__).parents[2]
PAIRS = 30
ASK = """question => new Promise(resolve => {
  const chat = document.querySelector('#chat');
  const turns = () => chat.querySelectorAll('.exchange[data-turn]').length;
  const before = turns();
  new MutationObserver((_, watcher) => {
    if (turns() === before) return;
    watcher.disconnect();
    // The task that follows the next frame.
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
  }).observe(chat, {subtree: true, attributeFilter: ['data-turn']});
  document.querySelector('#question').value = question;
  const began = performance.now();
  document.querySelector('#ask').requestSubmit();
})"""


def open_page(browser: Browser, port: int) -> Page:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    # Told once the index is open.
    page.locator("#corpus", has_text="收录文章").wait_for()
    return page


def milliseconds_on(page: Page, question: str) -> float:
    page.bring_to_front()
    return float(page.evaluate(ASK, question))


def milliseconds_alone(index: Index, question: str) -> float:
    began = time.perf_counter()
    index.ask(question)
    return (time.perf_counter() - began) * 1000


def main(turns: str = "200", index: str | None = None) -> None:
    questions = read_questions(ROOT / "tests" / "data" / "held_out.jsonl").questions
    texts = [question.text for question in islice(cycle(questions), int(turns))]
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        if index is None:
            build_index(ROOT / "index" / "articles", index := folder)
        opened, port = Index.open(index), free_port()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        app = [sys.executable, str(ROOT / "app.py"), "--index", index, "--port", str(port)]
        with running(app):
            await_pages(port, ["/"])
            new, long = open_page(browser, port), open_page(browser, port)
            milliseconds_on(new, texts[0])
            for question in texts[:-PAIRS]:
                milliseconds_on(long, question)
            alone, first, last = zip(
                *(
                    (
                        milliseconds_alone(opened, question),
                        milliseconds_on(new, question),
                        milliseconds_on(long, question),
                    )
                    for question in texts[-PAIRS:]
                ),
                strict=True,
            )
    print(f"Index.ask: {median(alone):.0f} ms")
    for name, on_page in (("a new conversation", first), (f"up to turn {turns}", last)):
        beyond = [p - a for p, a in zip(on_page, alone, strict=True)]
        print(f"{name}: {median(beyond):.0f} ms later on the screen, {max(beyond):.0f} at most")
    ratio = median(b / a for a, b in zip(first, last, strict=True))
    print(f"long to new, with Index.ask: {ratio:.2f} ({PAIRS} questions)")


if __name__ == "__main__":
    main(*sys.argv[1:])
