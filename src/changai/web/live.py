"""Opens the index in the background, and keeps it at the generation in use."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal, Protocol, TypeVar

from changai.errors import ChangaiError
from changai.search.index import Index
from changai.web.admission import Admission

_AT_ONCE = 2
"""How many questions are answered at once. Two did best on two cores."""

_MOST_WAITING = 60
"""How many questions may wait, about a second's worth. Any more are refused."""

_MOST_ASIDE = 3
"""How many exports and opinions may wait to be written. They are written one at a time, and apart
from the questions, so that no question waits for a disk."""

_SECONDS_TO_TRY_AGAIN = 60
"""How long to wait before a refused generation is opened again: each attempt reads all of it."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Use(Protocol):
    """Runs ``work`` on the index, always on the generation that the first call met."""

    def __call__(self, work: Callable[[Index], T]) -> Awaitable[T]: ...


class LiveIndex:
    """The index of a running server.

    Questions wait while the index is being opened, and none is lost when a rebuild publishes a new
    generation. It only gives out snapshots, so each piece of work uses a single generation.
    """

    _snapshot: Index
    """The snapshot of the open generation. It does not exist before the index is open."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        """Start opening the index, in a thread of its own."""
        self.admission = Admission(_AT_ONCE, _MOST_WAITING)
        self.aside = Admission(1, _MOST_ASIDE)
        self._looking = False
        self._opening: Future[Index] = Future()
        self._renewing = threading.Lock()
        # The generation that could not be opened; empty if not even its name could be read.
        self._refused: str | None = None
        self._try_again = 0.0
        threading.Thread(target=self._open, args=[open_index], daemon=True).start()

    def _open(self, open_index: Callable[[], Index]) -> None:
        try:
            index = open_index()
            self._snapshot = index.snapshot()
            self._opening.set_result(index)
        except Exception as error:  # noqa: BLE001 (raised again to those who ask)
            self._opening.set_exception(error)

    def state(self) -> Literal["loading", "ok", "stale", "error"]:
        """``stale`` if a later generation cannot be opened, ``error`` if none could be."""
        if not self._opening.done():
            return "loading"
        if self._opening.exception() is not None:
            return "error"
        return "ok" if self._refused is None else "stale"

    @property
    def failure(self) -> BaseException | None:
        """The error that opening the index raised, if it has failed."""
        return self._opening.exception() if self._opening.done() else None

    def when_failed(self, call: Callable[[], object]) -> None:
        """Call ``call`` when opening fails, or at once if it has already failed."""
        self._opening.add_done_callback(lambda opening: opening.exception() and call())

    def close(self) -> None:
        """Finish the work that is running. Refuse those who wait, and all who come later."""
        self.admission.close()
        self.aside.close()

    def opened(self) -> Index:
        """The open generation, without waiting. ``state`` must be ok or stale."""
        self._opening.result(timeout=0)
        return self._snapshot

    def get(self) -> Index:
        """The generation in use, waiting until the index is opened.

        Raises what opening it raised. If a later generation cannot be opened, this is logged, and
        the current one stays in use.
        """
        index = self._opening.result()
        # One thread opens a new generation; the others go on with the open one.
        if self._renewing.acquire(blocking=False):
            try:
                self._renew(index)
            finally:
                self._renewing.release()
        return self._snapshot

    def look(self) -> None:
        """Soon open a later generation, if there is one. ``state`` must be ok or stale."""
        if not self._looking:
            self._looking = self.admission.submit(self._look)

    def _look(self) -> None:
        self._looking = False
        self.get()

    def _renew(self, index: Index) -> None:
        newer = ""
        try:
            newer = index.newer_generation()
            if newer and newer == self._refused and time.monotonic() < self._try_again:
                return
            # If nothing is newer, a question costs only one read of the generation's name.
            if newer and index.refresh():
                self._snapshot = index.snapshot()
                _log.info("已换用索引 %s", self._snapshot.corpus.generation)
            self._refused = None
        except ChangaiError as error:
            # Logged once, not at every question.
            if self._refused != newer:
                _log.warning("不能换用新的索引，仍用原来的：%s", error)
            self._refused = newer
            self._try_again = time.monotonic() + _SECONDS_TO_TRY_AGAIN

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[Use]:
        """Admit a visitor, who may then run pieces of work on the index, one after another.

        Each runs in a thread, in its turn, and all use the generation that the first one met.
        Raises BusyError at once if there is no room, and what opening the index raised.
        """
        async with self.admission.admitted():
            if not self._opening.done():
                await asyncio.shield(asyncio.wrap_future(self._opening))

            index: Index | None = None

            def of_one_generation(work: Callable[[Index], T]) -> T:
                nonlocal index
                if index is None:
                    index = self.get()
                return work(index)

            async def use(work: Callable[[Index], T]) -> T:
                return await self.admission.run(partial(of_one_generation, work))

            yield use

    async def run(self, work: Callable[[Index], T]) -> T:
        """Run ``work`` on the generation in use, and return its result.

        Raises what ``work`` and ``admitted`` raise.
        """
        async with self.admitted() as use:
            return await use(work)
