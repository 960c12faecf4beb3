"""How much longer than encoding a question does answering it take, once the index is open?

    python tests/benchmarks/warm_ask.py [ROUNDS]

Times ``Index.ask`` and the encoding alone in turn, over the project's own questions, and prints
the medians and the median ratio, question by question.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from changai.evaluation.question_sets import read_questions
from changai.indexing.build import build_index
from changai.models import encoders
from changai.search.index import Index

ROOT = Path(__file__).parents[2]


def milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def main(rounds: int = 5) -> None:
    questions = read_questions(ROOT / "tests" / "data" / "questions.jsonl").questions
    encoder = encoders.load("builtin")
    asks: list[list[float]] = [[] for _ in questions]
    encodings: list[list[float]] = [[] for _ in questions]
    with TemporaryDirectory() as folder:
        build_index(ROOT / "index" / "articles", folder)
        index = Index.open(folder)
        index.ask(questions[0].text)
        # All are asked in every round, since the reader remembers what it has just read.
        for _ in range(rounds):
            for number, question in enumerate(questions):
                asks[number].append(milliseconds(partial(index.ask, question.text)))
                encode = partial(encoder.encode_questions, [question.text])
                encodings[number].append(milliseconds(encode))
    asked, encoded = [*map(median, asks)], [*map(median, encodings)]
    ratios = [a / e for a, e in zip(asked, encoded, strict=True)]
    print(f"Index.ask: {median(asked):.1f} ms; encoding alone: {median(encoded):.1f} ms")
    print(f"ratio: {median(ratios):.2f} ({len(ratios)} questions, {rounds} rounds)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
