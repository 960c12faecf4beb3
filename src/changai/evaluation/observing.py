"""What a model is fitted on: questions with their candidates, and which of these answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from changai.evaluation.outcomes import naming
from changai.evaluation.question_sets import QuestionSet
from changai.models.readers import Reader
from changai.records import Question
from changai.search.candidates import Candidates
from changai.search.index import Index

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Observation:
    """A question with its candidates, and which of them answer it."""

    question: Question
    candidates: Candidates
    hits: Booleans


@dataclass(frozen=True, slots=True)
class Source:
    """The observations of one file's questions, asked of one index, and the reader of that index.
    ``sha256`` is the file's."""

    name: str
    sha256: str
    observations: tuple[Observation, ...]
    reader: Reader

    @property
    def answerable(self) -> Booleans:
        return np.array([each.question.answerable for each in self.observations])


def observe_all(files: Sequence[tuple[str, QuestionSet, Index]]) -> list[Source]:
    """The candidates of the questions of files, given their names and what they are asked of.

    An index with an FAQ is asked as it is and, but for one of a file's own corpus, as if it had
    none. Of a corpus of its own that has an FAQ, because the articles of the index are in it
    besides, the questions of the other files are asked as well.
    Raises QuestionError, which names it, for a question that cannot be asked.
    """
    sources = []
    for name, asked, index in files:
        if index.contents.faq is None:
            sources.append(observe(name, asked, index))
            continue
        sources.append(observe(f"{name} with FAQ", asked, index))
        if asked.articles is None:
            sources.append(observe(name, asked, index.without_faq()))
        else:
            sources += [
                observe(f"{other} beside {name}", own, index)
                for other, own, _ in files
                if own.articles is None
            ]
    return sources


def observe(name: str, asked: QuestionSet, index: Index) -> Source:
    """The candidates of every question.

    Raises QuestionError, which names it, for a question that cannot be asked.
    """
    observations = []
    for question in asked.questions:
        with naming(question):
            candidates = index.candidates(question.text, without=question.without)
        hits = [question.is_hit(candidates.passage(each)) for each in range(len(candidates))]
        observations.append(Observation(question, candidates, np.array(hits)))
    return Source(name, asked.sha256, tuple(observations), index.reader)
