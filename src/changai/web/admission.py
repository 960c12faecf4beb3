"""How much is worked on at once, and how much may wait.

Counted in the event loop: what there is no room for is refused before anything is done for it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from changai.errors import BusyError

T = TypeVar("T")


class Admission:
    """A queue before a few threads of its own."""

    def __init__(self, at_once: int, most_waiting: int) -> None:
        """``at_once`` is how many pieces of work run at a time, ``most_waiting`` how many visitors
        may wait beside as many who are served."""
        self._room = at_once + most_waiting
        self._at_once = at_once
        self._inside = 0
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="answering")

    @property
    def full(self) -> bool:
        """Whether the next visitor would be refused."""
        return self._inside >= self._room

    @property
    def waiting(self) -> int:
        """How many visitors are inside and not served yet."""
        return max(0, self._inside - self._at_once)

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Be inside, with the right to ``run`` work. Raises BusyError where there is no room."""
        if self.full:
            raise BusyError("现在问的人太多；请过一会儿再问")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises, in a thread, in its turn; for those who are inside."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def submit(self, work: Callable[[], object]) -> None:
        """Have ``work`` done in its turn, unless the room is full, and wait for nothing."""
        if not self.full:
            self._pool.submit(work)
