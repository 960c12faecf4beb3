"""Asks the live index, and counts, times and logs every question for the operator."""

import time
from collections.abc import Callable
from typing import TypeVar

from changai.errors import BusyError, QuestionError
from changai.records import Answer
from changai.search.index import Index
from changai.web import logs
from changai.web.live import LiveIndex
from changai.web.monitoring import Metrics

T = TypeVar("T")


class Answering:
    """Asks the index in use. Counts, times and logs each question."""

    def __init__(self, live: LiveIndex, metrics: Metrics, *, log_questions: bool = False) -> None:
        """``log_questions`` says whether the log may contain the questions themselves."""
        self._live = live
        self._metrics = metrics
        self._log_questions = log_questions

    async def ask(self, work: Callable[[Index], tuple[Answer, T]]) -> T:
        """Let ``work`` ask the index, and return what it makes of the answer.

        Raises what it raises, and what ``LiveIndex.run`` does.
        """
        began = time.perf_counter()
        try:
            answer, made, generation = await self._live.run(
                lambda index: (*work(index), index.corpus.generation)
            )
        except QuestionError:
            self._metrics.count_question("invalid")
            raise
        except BusyError:
            self._metrics.count_question("refused")
            raise
        except Exception:
            self._metrics.count_question("failed")
            raise
        self._metrics.count_question("answered" if answer.covered else "not_answered")
        self._metrics.observe_answer(time.perf_counter() - began)
        logs.log_question(answer, generation, with_text=self._log_questions)
        return made
