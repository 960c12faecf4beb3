import asyncio
from threading import Event, Lock

import pytest

from changai.errors import BusyError
from changai.web.admission import Admission


def test_no_more_than_two_pieces_of_work_are_done_at_once() -> None:
    within, most, lock = 0, 0, Lock()

    def work() -> None:
        nonlocal within, most
        with lock:
            within += 1
            most = max(most, within)
        # Long enough for every other piece to begin, were it let.
        Event().wait(0.05)
        with lock:
            within -= 1

    async def visit(admission: Admission) -> None:
        async with admission.admitted():
            await admission.run(work)

    async def visits() -> None:
        admission = Admission(2, 10)
        await asyncio.gather(*[visit(admission) for _ in range(6)])

    asyncio.run(visits())
    assert most == 2


def test_who_is_one_too_many_is_refused_and_the_next_has_his_room() -> None:
    async def visits() -> None:
        admission = Admission(1, 1)
        async with admission.admitted():
            assert (admission.waiting, admission.full) == (0, False)
            async with admission.admitted():
                assert (admission.waiting, admission.full) == (1, True)
                with pytest.raises(BusyError, match="请过一会儿再问"):
                    async with admission.admitted():
                        pass
            assert not admission.full
            async with admission.admitted():
                assert await admission.run(lambda: 7) == 7
        assert (admission.waiting, admission.full) == (0, False)

    asyncio.run(visits())


def test_what_work_raises_is_raised_and_gives_the_room_back() -> None:
    def fail() -> None:
        raise ValueError("seven")

    async def visits() -> None:
        admission = Admission(1, 0)
        for _ in range(3):
            async with admission.admitted():
                with pytest.raises(ValueError, match="seven"):
                    await admission.run(fail)
        assert not admission.full

    asyncio.run(visits())


def test_a_visitor_who_gives_up_gives_his_room_back() -> None:
    async def visits() -> None:
        admission = Admission(1, 0)
        began, allowed = asyncio.Event(), Event()

        async def visit() -> None:
            async with admission.admitted():
                began.set()
                await admission.run(allowed.wait)

        visiting = asyncio.create_task(visit())
        await began.wait()
        assert admission.full
        visiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await visiting
        assert not admission.full
        allowed.set()

    asyncio.run(visits())


def test_closing_finishes_what_is_being_done_and_refuses_the_rest() -> None:
    async def visits() -> list[object]:
        admission = Admission(1, 5)
        began, allowed = asyncio.Event(), Event()
        loop = asyncio.get_running_loop()

        def work() -> str:
            loop.call_soon_threadsafe(began.set)
            allowed.wait()
            return "done"

        async def visit() -> str:
            async with admission.admitted():
                return await admission.run(work)

        visiting = [asyncio.create_task(visit()) for _ in range(3)]
        await began.wait()
        admission.close()
        assert admission.full
        with pytest.raises(BusyError, match="正在停止或重启；请过一会儿再问"):
            await visit()
        allowed.set()
        return await asyncio.gather(*visiting, return_exceptions=True)

    first, *others = asyncio.run(visits())
    assert first == "done"
    assert [type(other) for other in others] == [BusyError] * 2
