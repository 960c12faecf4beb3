import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from changai.errors import BusyError, IndexMissingError
from changai.indexing.build import build_index
from changai.records import Answer, Corpus, Passage
from changai.search.index import Index
from changai.web.live import LiveIndex

QUESTION = "食堂几点开门?"


def publish(folder: Path, text: str) -> None:
    """Add an article, and build anew."""
    (folder / "articles" / "b.txt").write_text(f"标题\n{text}\n", encoding="utf-8")
    build_index(folder / "articles", folder)


def test_a_question_waits_until_the_index_is_open(small_folder: Path) -> None:
    allowed = Event()

    def open_index() -> Index:
        allowed.wait()
        return Index.open(small_folder)

    async def ask() -> int:
        live = LiveIndex(open_index)
        assert live.state() == "loading"
        asked = asyncio.create_task(live.run(lambda index: index.corpus.passages))
        await asyncio.sleep(0)
        allowed.set()
        passages = await asked
        assert live.state() == "ok"
        return passages

    assert asyncio.run(ask()) == 4


def test_what_opening_raises_whoever_asks_is_told(tmp_path: Path) -> None:
    live = LiveIndex(lambda: Index.open(tmp_path))
    for _ in range(2):
        with pytest.raises(IndexMissingError):
            live.get()
        with pytest.raises(IndexMissingError):
            asyncio.run(live.run(lambda index: index.ask(QUESTION)))
    assert live.state() == "error"
    assert isinstance(live.failure, IndexMissingError)


def test_a_rebuild_is_taken_up_and_a_damaged_one_is_not(
    small_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveIndex(lambda: Index.open(small_folder))
    before = live.get().corpus
    publish(small_folder, "每名焊工发放安全帽一顶。")
    after = live.get().corpus
    assert (after.documents, after.passages) == (before.documents + 1, before.passages + 2)
    assert after.generation != before.generation
    assert live.state() == "ok"
    (small_folder / "built" / "current.json").write_text("{", encoding="utf-8")
    for _ in range(3):
        assert live.get().corpus == after
    assert live.state() == "stale"
    # However many ask meanwhile.
    assert caplog.text.count("仍用原来的") == 1


def test_a_pointer_that_is_mended_is_believed_at_once(small_folder: Path) -> None:
    live = LiveIndex(lambda: Index.open(small_folder))
    pointer = small_folder / "built" / "current.json"
    sound = pointer.read_text(encoding="utf-8")
    assert live.get().corpus.passages == 4
    pointer.write_text("{", encoding="utf-8")
    live.get()
    assert live.state() == "stale"
    pointer.write_text(sound, encoding="utf-8")
    live.get()
    assert live.state() == "ok"


def test_what_is_worked_on_stays_of_one_generation_though_another_is_published(
    small_folder: Path,
) -> None:
    live = LiveIndex(lambda: Index.open(small_folder))
    before = Index.open(small_folder)

    def work(index: Index) -> tuple[Answer, Corpus, tuple[Passage, ...]]:
        answer = index.ask(QUESTION)
        publish(small_folder, "食堂七点开门。")
        # Another visitor.
        assert live.get().corpus.generation != index.corpus.generation
        assert not index.refresh()
        return answer, index.corpus, index.passages

    worked = asyncio.run(live.run(work))
    assert worked == (before.ask(QUESTION), before.corpus, before.passages)


def test_pieces_of_one_work_are_of_the_generation_that_the_first_one_met(
    small_folder: Path,
) -> None:
    live = LiveIndex(lambda: Index.open(small_folder))

    def generation(index: Index) -> str:
        return index.corpus.generation

    async def ask() -> tuple[str, str, str]:
        async with live.admitted() as use:
            first = await use(generation)
            publish(small_folder, "食堂七点开门。")
            return first, await use(generation), await live.run(generation)

    first, second, of_another = asyncio.run(ask())
    assert first == second != of_another


def test_the_next_sound_generation_is_taken_up(
    small_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveIndex(lambda: Index.open(small_folder))
    first = live.get().corpus.generation
    publish(small_folder, "每名焊工发放安全帽一顶。")
    second = Index.open(small_folder).corpus.generation
    (small_folder / "built" / second / "clauses.npy").write_bytes(b"")
    for _ in range(3):
        assert live.get().corpus.generation == first
    assert live.state() == "stale"
    assert caplog.text.count("仍用原来的") == 1
    publish(small_folder, "每名焊工发放安全帽三顶。")
    assert live.get().corpus.generation not in (first, second)
    assert live.state() == "ok"


def test_one_thread_opens_a_new_generation_while_the_others_go_on(small_folder: Path) -> None:
    began, allowed = Event(), Event()

    class Slow(Index):
        def newer_generation(self) -> str:
            began.set()
            allowed.wait()
            return super().newer_generation()

    live = LiveIndex(lambda: Slow.open(small_folder))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(live.get)
        began.wait()
        assert live.get().corpus.passages > 0
        assert not first.done()
        allowed.set()


def test_a_look_takes_up_a_rebuild_though_nobody_asks(small_folder: Path) -> None:
    live = LiveIndex(lambda: Index.open(small_folder))
    before = live.get().corpus.generation
    publish(small_folder, "每名焊工发放安全帽一顶。")
    assert live.opened().corpus.generation == before

    live.look()
    for _ in range(1_000):
        if live.opened().corpus.generation != before:
            return
        time.sleep(0.01)
    pytest.fail("it was not taken up")


def test_who_is_one_too_many_is_refused_while_the_index_is_opened(small_folder: Path) -> None:
    allowed = Event()

    def open_index() -> Index:
        allowed.wait()
        return Index.open(small_folder)

    async def ask() -> tuple[int, int]:
        live = LiveIndex(open_index)
        asked = [
            asyncio.create_task(live.run(lambda index: index.ask(QUESTION))) for _ in range(70)
        ]
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert all(isinstance(task.exception(), BusyError) for task in done)
        allowed.set()
        expected = Index.open(small_folder).ask(QUESTION)
        assert [answer == expected for answer in await asyncio.gather(*waiting)] == [True] * 62
        return len(done), len(waiting)

    # Two at a time, and sixty may wait.
    assert asyncio.run(ask()) == (8, 62)
