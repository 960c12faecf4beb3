"""Which questions are learnt from together."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from changai.training.material import Asked

Pair = tuple[str, int]
"""A question, and the number of a passage that answers it."""

_OF_ONE_TEXT = 8
"""How many questions of one text are put into a batch at once. Their passages are the hard ones to
tell apart: most wrong first passages are of the right text."""


def batches(questions: Sequence[Asked], size: int, seed: int) -> list[list[Pair]]:
    """The questions that have an answer, in batches of ``size`` pairs, each question at most once.

    In a batch no passage answers the question of another pair, so that each may count as wrong for
    all the others. What does not fill a batch at the end is left out.
    """
    random = np.random.default_rng(seed)
    waiting = _shuffled(questions, random)
    made: list[list[Pair]] = []
    while True:
        batch: list[Pair] = []
        taken: set[int] = set()
        barred: set[int] = set()
        postponed = []
        for place, asked in enumerate(waiting):
            if len(batch) == size:
                postponed += waiting[place:]
                break
            passage = int(random.choice(asked.answering))
            if passage in barred or not taken.isdisjoint(asked.answering):
                postponed.append(asked)
                continue
            batch.append((asked.question, passage))
            taken.add(passage)
            barred.update(asked.answering)
        if len(batch) < size:
            return made
        made.append(batch)
        waiting = postponed


def _shuffled(questions: Sequence[Asked], random: np.random.Generator) -> list[Asked]:
    """The questions that have an answer, in any order but for some of one text side by side."""
    by_text: dict[int, list[Asked]] = defaultdict(list)
    for number in random.permutation(len(questions)):
        if questions[number].answering:
            by_text[questions[number].text].append(questions[number])
    chunks = [
        own[start : start + _OF_ONE_TEXT]
        for own in by_text.values()
        for start in range(0, len(own), _OF_ONE_TEXT)
    ]
    return [asked for chunk in random.permutation(len(chunks)) for asked in chunks[chunk]]
