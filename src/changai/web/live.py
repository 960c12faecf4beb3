"""An index that is opened in the background, and kept at the generation in use."""

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
"""How many questions are answered at once, which did best on two cores."""

_MOST_WAITING = 60
"""A second's worth of questions: who would have to wait longer is told to ask again."""

_MOST_ASIDE = 3
"""How many exports and opinions may wait to be written, one at a time, so that no question waits
for a disk."""

_SECONDS_TO_TRY_AGAIN = 60
"""Opening a generation that was refused: each try reads it whole."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Use(Protocol):
    """What ``work`` returns or raises of the index, at one generation from its first use on."""

    def __call__(self, work: Callable[[Index], T]) -> Awaitable[T]: ...


class LiveIndex:
    """What a server asks: questions wait while the index is opened, and none is dropped when a
    rebuild publishes a new generation.

    It hands out snapshots only: whoever works on one meets a single generation.
    """

    _snapshot: Index
    """Of what is open; there once that is."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        """Begin to open the index, in a thread of its own."""
        self.admission = Admission(_AT_ONCE, _MOST_WAITING)
        self.aside = Admission(1, _MOST_ASIDE)
        self._looking = False
        self._opening: Future[Index] = Future()
        self._renewing = threading.Lock()
        # The generation that could not be opened; empty where not even its name could be read.
        self._refused: str | None = None
        self._try_again = 0.0
        threading.Thread(target=self._open, args=[open_index], daemon=True).start()

    def _open(self, open_index: Callable[[], Index]) -> None:
        try:
            index = open_index()
            self._snapshot = index.snapshot()
            self._opening.set_result(index)
        except Exception as error:  # noqa: BLE001 (whoever asks is told)
            self._opening.set_exception(error)

    def state(self) -> Literal["loading", "ok", "stale", "error"]:
        """``stale`` where a later generation cannot be opened, ``error`` where none could."""
        if not self._opening.done():
            return "loading"
        if self._opening.exception() is not None:
            return "error"
        return "ok" if self._refused is None else "stale"

    @property
    def failure(self) -> BaseException | None:
        """What opening the index raised, if it has failed."""
        return self._opening.exception() if self._opening.done() else None

    def when_failed(self, call: Callable[[], object]) -> None:
        """Call this when opening fails, or at once where it has failed."""
        self._opening.add_done_callback(lambda opening: opening.exception() and call())

    def close(self) -> None:
        """Finish what is being done, and refuse whoever waits, and whoever comes."""
        self.admission.close()
        self.aside.close()

    def opened(self) -> Index:
        """The generation that is open; for a ``state`` of ok or stale. Does not wait."""
        self._opening.result(timeout=0)
        return self._snapshot

    def get(self) -> Index:
        """The generation in use, waiting until the index is opened.

        Raises what opening it raised. A later generation that cannot be opened is logged, and the
        one before stays in use.
        """
        index = self._opening.result()
        # One thread opens a new generation; the others go on with what is open.
        if self._renewing.acquire(blocking=False):
            try:
                self._renew(index)
            finally:
                self._renewing.release()
        return self._snapshot

    def look(self) -> None:
        """Take up a later generation soon, if there is one; for a ``state`` of ok or stale."""
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
            # What is in use is read once a question, as long as it is what is open.
            if newer and index.refresh():
                self._snapshot = index.snapshot()
                _log.info("已换用索引 %s", self._snapshot.corpus.generation)
            self._refused = None
        except ChangaiError as error:
            # Once, not at every question.
            if self._refused != newer:
                _log.warning("不能换用新的索引，仍用原来的：%s", error)
            self._refused = newer
            self._try_again = time.monotonic() + _SECONDS_TO_TRY_AGAIN

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[Use]:
        """The right to have work done on the index, a piece after another, each in a thread and in
        its turn, all on the generation that the first one meets. Raises BusyError at once when too
        many are inside, and what opening raised."""
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
        """What ``work`` returns or raises of the index at the generation in use."""
        async with self.admitted() as use:
            return await use(work)
