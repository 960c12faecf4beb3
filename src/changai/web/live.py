"""An index that is opened in the background, and kept at the generation in use."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from changai.errors import ChangaiError, ServerError
from changai.records import Answer
from changai.retrieval import Index

_AT_ONCE = 2
"""How many questions are answered at once, which did best on two cores; a burst waits its turn."""

_MOST_WAITING = 20
"""How many may wait, for the index or for their turn: each holds a thread of the server, of which
Gradio has forty for all that it serves."""

_log = logging.getLogger(__name__)


class LiveIndex:
    """What a server asks: questions wait while the index is opened, and none is dropped when a
    rebuild publishes a new generation."""

    def __init__(self, open_index: Callable[[], Index]) -> None:
        """Begin to open the index, in a thread of its own."""
        self._opening: Future[Index] = Future()
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._answering = threading.BoundedSemaphore(_AT_ONCE)
        self._renewing = threading.Lock()
        threading.Thread(target=self._open, args=[open_index], daemon=True).start()

    def _open(self, open_index: Callable[[], Index]) -> None:
        try:
            self._opening.set_result(open_index())
        except Exception as error:  # noqa: BLE001 (whoever asks is told)
            self._opening.set_exception(error)

    @property
    def ready(self) -> bool:
        """Whether the index has been opened, or has failed to: ``get`` will not wait."""
        return self._opening.done()

    @property
    def failure(self) -> BaseException | None:
        """What opening the index raised, if it has failed."""
        return self._opening.exception() if self.ready else None

    def when_failed(self, call: Callable[[], object]) -> None:
        """Call this when opening fails, or at once where it has failed."""
        self._opening.add_done_callback(lambda opening: opening.exception() and call())

    def get(self) -> Index:
        """The index at the generation in use, waiting until it is opened.

        Raises what opening it raised, and ServerError where too many wait. A later generation that
        cannot be opened is logged, and the one before stays in use.
        """
        index = self._opening.result() if self.ready else self._wait()
        # One thread opens a new generation; the others go on with what is open.
        if self._renewing.acquire(blocking=False):
            try:
                index.refresh()
            except ChangaiError as error:
                _log.warning("不能换用新的索引，仍用原来的：%s", error)
            finally:
                self._renewing.release()
        return index

    def ask(self, question: str, *, k: int = 3, as_typed: bool = False) -> Answer:
        """``Index.ask`` of the index in use, once it is this question's turn.

        Raises what ``get`` and ``Index.ask`` raise.
        """
        index = self.get()
        if not self._waiting.acquire(blocking=False):
            raise _busy()
        try:
            with self._answering:
                return index.ask(question, k=k, as_typed=as_typed)
        finally:
            self._waiting.release()

    def _wait(self) -> Index:
        if not self._waiting.acquire(blocking=False):
            raise _busy()
        try:
            return self._opening.result()
        finally:
            self._waiting.release()


def _busy() -> ServerError:
    return ServerError("现在问的人太多；请过一会儿再问")
