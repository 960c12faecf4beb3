"""Limits how much work runs at once, and how much may wait.

The counting is done in the event loop: a request that is too many is refused before any work is
done for it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from changai.errors import BusyError

T = TypeVar("T")


class Admission:
    """A bounded queue with a few threads of its own."""

    def __init__(self, at_once: int, most_waiting: int) -> None:
        """``at_once`` is how many pieces of work run at a time, and ``most_waiting`` how many
        visitors may wait besides those being served."""
        self._room = at_once + most_waiting
        self._at_once = at_once
        self._inside = 0
        self._closed = False
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="answering")

    def close(self) -> None:
        """Finish the work that is running. Refuse those who wait, and all who come later."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def full(self) -> bool:
        """Whether the next visitor would be refused."""
        return self._closed or self._inside >= self._room

    @property
    def waiting(self) -> int:
        """How many visitors are admitted and not being served yet."""
        return max(0, self._inside - self._at_once)

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Admit a visitor, who may then ``run`` work. Raises BusyError if there is no room."""
        if self.full:
            raise self._busy()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread, in its turn, and return or raise what it does.

        Only admitted visitors may call this. Raises BusyError if the queue is closed before then.
        """
        if self._closed:
            raise self._busy()
        future = self._pool.submit(work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            # Cancelled by closing the queue, unless the visitor has left.
            task = asyncio.current_task()
            if self._closed and not (task and task.cancelling()):
                raise self._busy() from None
            raise

    def submit(self, work: Callable[[], object]) -> bool:
        """Queue ``work`` without waiting for it. Returns False if there is no room."""
        if self.full:
            return False
        self._pool.submit(work)
        return True

    def _busy(self) -> BusyError:
        if self._closed:
            return BusyError("服务正在停止或重启；请过一会儿再问")
        return BusyError("现在问的人太多；请过一会儿再问")
