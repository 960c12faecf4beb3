"""Do two cores encode more questions when several go to the engine in one call?

    python tests/benchmarks/batches.py [ROUNDS]

Encodes the project's questions by 1, 2 and 4 threads, each one question or 2, 4, 8 of them at a
time, with one or two of the engine's own (OpenMP) threads, which are set when it is loaded: hence
two processes, that take turns. All ways are tried in each round, in a random order. What is printed
is the median over rounds of how many questions each way encodes in a second, and in a second of CPU
time, as multiples of the way that the server goes now (two threads, one question at a time, two
threads of the engine) in the same round. Where others use the machine, the second figure is the one
to go by, but it does not tell whether a way keeps both cores busy.
"""

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
QUESTIONS = 32
"""Encoded by each way in each round, the same by all."""


@dataclass(frozen=True, slots=True)
class Way:
    openmp: int
    threads: int
    batch: int


WAYS = [Way(o, t, b) for o in (1, 2) for t in (1, 2, 4) for b in (1, 2, 4, 8)]
SERVER = Way(2, 2, 1)


def worker() -> None:
    """Time each way that a line of standard input names: questions a second, by clock and CPU."""
    from changai.evaluation.question_sets import read_questions
    from changai.models import encoders

    asked = read_questions(ROOT / "tests" / "data" / "questions.jsonl").questions
    chosen = random.Random(1).sample([question.text for question in asked], QUESTIONS)  # noqa: S311
    encoder = encoders.load("builtin")
    encoder.encode_questions(chosen[:8])
    for line in sys.stdin:
        threads, batch = map(int, line.split())
        batches = [chosen[start : start + batch] for start in range(0, QUESTIONS, batch)]
        with ThreadPoolExecutor(threads) as pool:
            clock, processor = time.perf_counter(), time.process_time()
            list(pool.map(encoder.encode_questions, batches))
            clock, processor = time.perf_counter() - clock, time.process_time() - processor
            print(QUESTIONS / clock, QUESTIONS / processor, flush=True)


def main(rounds: int = 9) -> None:
    command = [sys.executable, __file__, "worker"]
    workers = {
        openmp: subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(openmp)},
        )
        for openmp in (1, 2)
    }

    def rates(way: Way) -> tuple[float, float]:
        process = workers[way.openmp]
        assert process.stdin is not None and process.stdout is not None
        print(way.threads, way.batch, file=process.stdin, flush=True)
        clock, processor = map(float, process.stdout.readline().split())
        return clock, processor

    shuffle = random.Random(2).sample  # noqa: S311
    measured = [{way: rates(way) for way in shuffle(WAYS, len(WAYS))} for _ in range(rounds)]
    for process in workers.values():
        process.communicate()
    now = median(each[SERVER][0] for each in measured)
    print(f"the server's way: {now:.0f} questions a second")
    print("OpenMP  threads  batch  times as many a second  a second of CPU time")
    for way in WAYS:
        clock, processor = (
            median(each[way][figure] / each[SERVER][figure] for each in measured)
            for figure in (0, 1)
        )
        print(f"{way.openmp:6}  {way.threads:7}  {way.batch:5}  {clock:22.2f}  {processor:20.2f}")


if __name__ == "__main__":
    worker() if sys.argv[1:] == ["worker"] else main(*map(int, sys.argv[1:]))
