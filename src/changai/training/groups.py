"""Which passages a reader is taught to tell apart: those that answer, and those like them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from changai.training.material import Asked, Material

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

WRONG = 3
"""With how many wrong passages a question is read that has an answer; one fewer where it has none,
since the nearest one is wrong too."""
_HARDEST = 12
"""Among how many of the passages nearest to a question the wrong ones are drawn."""
_SHORTEST = 2
"""The fewest characters of answering words that tell a passage which holds them too."""


@dataclass(frozen=True, slots=True)
class Group:
    """A question with the passages to read it with, the encoder's similarity to each, and which of
    them answer. ``words`` are the shortest ones that answer, if they are known."""

    question: str
    words: str
    passages: tuple[str, ...]
    similarities: tuple[float, ...]
    answers: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Nearest:
    """The numbers of the passages nearest to a question that do not answer it, nearest first, and
    the similarity of the question to each of these and of those that do answer."""

    wrong: tuple[int, ...]
    similarities: dict[int, float]


def nearest(material: Material, questions: Floats, passages: Floats) -> list[Nearest]:
    """The nearest wrong passages of each question of a material, given the vectors of its questions
    and of its passages.

    For a question with an answer they are of any text, but for those of other texts that hold the
    same words: they may answer it as well. For one without they are of its own text, since only of
    this is it known that it does not answer.
    """
    texts = np.array(material.texts)
    everywhere = np.arange(len(texts))
    own = {each.text: np.flatnonzero(texts == each.text) for each in material.questions}
    found = []
    for asked, vector in zip(material.questions, questions, strict=True):
        among = everywhere if asked.answering else own[asked.text]
        # The slice of all passages would be copied for each question.
        rows = passages if asked.answering else passages[among]
        order = among[_first(rows @ vector, 4 * _HARDEST)].tolist()
        wrong = [number for number in order if not may_answer(material, asked, number)][:_HARDEST]
        right = [*asked.answering, *([] if asked.nearest is None else [asked.nearest])]
        similarities = {number: float(passages[number] @ vector) for number in (*wrong, *right)}
        found.append(Nearest(tuple(wrong), similarities))
    return found


def _first(values: Floats, count: int) -> Integers:
    """Where the highest of some values stand, the highest first."""
    count = min(count, len(values))
    highest = np.argpartition(-values, count - 1)[:count]
    return highest[np.argsort(-values[highest], kind="stable")]


def may_answer(material: Material, asked: Asked, passage: int) -> bool:
    """Whether a passage answers a question, or may."""
    return passage in asked.answering or (
        material.texts[passage] != asked.text
        and len(asked.words) >= _SHORTEST
        and asked.words in material.passages[passage]
    )


def groups(
    material: Material,
    numbers: Sequence[int],
    near: Sequence[Nearest],
    random: np.random.Generator,
) -> Iterator[Group]:
    """The questions of a material with these numbers, each with one passage that answers it, or
    with the one nearest to what it asks for if there is none, and with wrong ones, the nearest most
    likely."""
    for number in numbers:
        asked, own = material.questions[number], near[number]
        first = int(random.choice(asked.answering)) if asked.answering else asked.nearest
        wrong = [each for each in own.wrong if each != first]
        chances = 1 / (2 + np.arange(len(wrong)))
        count = min(WRONG if asked.answering else WRONG - 1, len(wrong))
        chosen = [] if first is None else [first]
        if count:
            drawn = random.choice(wrong, count, replace=False, p=chances / chances.sum())
            chosen += drawn.tolist()
        if chosen:
            yield Group(
                asked.question,
                asked.words,
                tuple(material.read[each] for each in chosen),
                tuple(own.similarities[each] for each in chosen),
                tuple(each in asked.answering for each in chosen),
            )
