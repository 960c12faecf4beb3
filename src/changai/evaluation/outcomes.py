"""Asking questions whose answers are known. ``metrics`` computes the metrics of the outcomes."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from changai.errors import QuestionError, shown
from changai.evaluation.question_sets import QuestionSet, read_library, read_questions
from changai.indexing.build import encode, ensure_index
from changai.models import encoders, readers
from changai.models.fitted import load_model
from changai.records import Answer, Article, Passage, Question
from changai.search.index import Index
from changai.text.normalisation import normalise

_DEEPEST = 10
_LONGEST_NAME = 40
"""The most characters of a question in a message."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question and its answer, compared with what was expected.

    ``rank`` is the rank of the first of ten citations that answers the question, 0 if none does.
    ``highlighted`` says that the first citation answers it, and that its first highlight contains
    one of the question's ``answers`` whole.
    """

    question: Question
    answer: Answer
    rank: int
    highlighted: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcomes of questions, and the passages of the corpus that was asked.

    A question counted as answered if its confidence was at least ``threshold``. ``in_faq`` is how
    many of the questions are in the corpus's FAQ: for these the metrics are better than for new
    ones.
    """

    outcomes: tuple[Outcome, ...]
    passages: tuple[Passage, ...]
    threshold: float
    in_faq: int = 0


def open_questions(
    file: Path,
    index: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    texts: Path | None = None,
    beside: Sequence[Article] = (),
) -> tuple[QuestionSet, Index]:
    """Read a file of questions, and open the index to ask: one made in memory of the file's own
    corpus or, if it has none, the index in the folder ``index``. If there is a folder of ``texts``,
    ``file`` may be a library of questions about them. A corpus of its own is asked together with
    the articles ``beside``."""
    if texts is not None and file.is_dir():
        questions = read_library(file, texts)
    else:
        questions = read_questions(file)
    if questions.articles is None:
        ensure_index(index, progress)
        return questions, Index.open(index)
    encoder = encoders.load(encoders.BUILTIN)
    contents = encode([*questions.articles, *beside], encoder, progress)
    return questions, Index(contents, encoder, readers.load(), load_model())


def evaluate(
    index: Index,
    questions: Sequence[Question],
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Ask one question or more. Raises QuestionError, which names it, for one that cannot be
    asked."""
    outcomes = []
    for number, question in enumerate(questions, start=1):
        began = time.perf_counter()
        with naming(question):
            answer = index.ask(question.text, k=_DEEPEST, without=question.without)
        outcomes.append(judge(question, answer, time.perf_counter() - began))
        if progress is not None:
            progress(number, len(questions))
    return Evaluation(
        tuple(outcomes),
        index.passages,
        index.model.threshold,
        _in_faq(index, questions),
    )


@contextmanager
def naming(question: Question) -> Iterator[None]:
    """Name a question in the QuestionError that asking it raises."""
    try:
        yield
    except QuestionError as error:
        line = f"第 {question.line} 行的" if question.line else ""
        raise QuestionError(
            f"{line}问题「{shown(question.text[:_LONGEST_NAME])}」问不了：{error}"
        ) from error


def _in_faq(index: Index, questions: Sequence[Question]) -> int:
    """How many questions stand, as they are read, in the FAQ of the index."""
    contents = index.contents
    if contents.faq is None:
        return 0
    faq = set(contents.faq.texts)
    read = (contents.spelling.mend(normalise(question.text)) for question in questions)
    return sum(text in faq for text in read)


def judge(question: Question, answer: Answer, seconds: float) -> Outcome:
    """Compare an answer, which took so many seconds, with what was expected."""
    first = answer.citations[0]
    start, end = first.highlights[0]
    rank = min((c.rank for c in answer.citations if question.is_hit(c.passage)), default=0)
    highlight = first.passage.text[start:end]
    highlighted = rank == 1 and any(words in highlight for words in question.answers)
    return Outcome(question, answer, rank, highlighted, seconds)
