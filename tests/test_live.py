from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest

from changai.build import build_index
from changai.errors import IndexMissingError, ServerError
from changai.records import Answer
from changai.retrieval import Index
from changai.web.live import LiveIndex


def test_a_question_waits_until_the_index_is_open(small_folder: Path) -> None:
    allowed = Event()

    def open_index() -> Index:
        allowed.wait()
        return Index.open(small_folder)

    live = LiveIndex(open_index)
    assert not live.ready
    allowed.set()
    assert live.get().corpus.passages > 0
    assert live.ready


def test_what_opening_raises_whoever_asks_is_told(tmp_path: Path) -> None:
    live = LiveIndex(lambda: Index.open(tmp_path))
    for _ in range(2):
        with pytest.raises(IndexMissingError):
            live.get()
    assert live.ready


def test_a_rebuild_is_taken_up_and_a_damaged_one_is_not(
    small_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveIndex(lambda: Index.open(small_folder))
    before = live.get().corpus
    (small_folder / "articles" / "b.txt").write_text("标题\n每名焊工发放安全帽一顶。\n", "utf-8")
    build_index(small_folder / "articles", small_folder)
    after = live.get().corpus
    assert (after.documents, after.passages) == (before.documents + 1, before.passages + 2)
    assert after.generation != before.generation
    (small_folder / "built" / "current.json").write_text("{", encoding="utf-8")
    assert live.get().corpus == after
    assert "仍用原来的" in caplog.text


def test_no_more_than_two_questions_are_answered_at_once(small_folder: Path) -> None:
    index = Index.open(small_folder)
    within, most, lock = 0, 0, Lock()

    class Counted(Index):
        def ask(self, question: str, **how: Any) -> Answer:
            nonlocal within, most
            with lock:
                within += 1
                most = max(most, within)
            # Long enough for every other thread to come in, were it let.
            Event().wait(0.05)
            with lock:
                within -= 1
            return index.ask(question, **how)

    live = LiveIndex(lambda: Counted.open(small_folder))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(live.ask, ["食堂几点开门?"] * 6))
    assert most == 2
    assert answers == [index.ask("食堂几点开门?")] * 6


def test_more_than_twenty_need_not_wait(small_folder: Path) -> None:
    allowed = Event()

    def open_index() -> Index:
        allowed.wait()
        return Index.open(small_folder)

    live = LiveIndex(open_index)
    with ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(live.get) for _ in range(30)]
        # Twenty wait, and the others need not.
        refused = [future.exception() for future in islice(as_completed(asked), 10)]
        assert all(isinstance(error, ServerError) for error in refused)
        allowed.set()
    assert sum(future.exception() is None for future in asked) == 20
    assert live.get().corpus.passages > 0


def test_one_thread_opens_a_new_generation_while_the_others_go_on(small_folder: Path) -> None:
    began, allowed = Event(), Event()

    class Slow(Index):
        def refresh(self) -> bool:
            began.set()
            allowed.wait()
            return super().refresh()

    live = LiveIndex(lambda: Slow.open(small_folder))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(live.get)
        began.wait()
        assert live.get().corpus.passages > 0
        assert not first.done()
        allowed.set()
