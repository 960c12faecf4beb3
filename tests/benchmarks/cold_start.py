"""How much more than its parts does ``changai ask`` cost, as a whole process?

    python tests/benchmarks/cold_start.py [RUNS]

Runs it in turn with a bare script that imports faiss and onnxruntime and encodes one query, after
one warm-up of each, and prints medians and the ratios, pair by pair. Peak memory is the operating
system's figure for the finished process (kilobytes on Linux), which starts from this one's own:
so nothing large is imported here.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

MODEL = Path(__file__).parents[2] / "src" / "changai" / "models" / "encoder"
ARTICLES = Path(__file__).parents[2] / "index" / "articles"
QUESTION = "外地人的孩子在宁波怎么上学?"
BARE = f"""
import faiss, numpy, onnxruntime, tokenizers
model = onnxruntime.InferenceSession({str(MODEL / "onnx" / "model.onnx")!r})
tokens = tokenizers.Tokenizer.from_file({str(MODEL / "tokenizer.json")!r}).encode({QUESTION!r}).ids
ids = numpy.array([tokens], dtype=numpy.int64)
model.run(None, {{"input_ids": ids, "attention_mask": numpy.ones_like(ids)}})
"""


@dataclass(frozen=True)
class Cost:
    seconds: float
    megabytes: float


def run(command: list[str]) -> Cost:
    # The machine may forbid bytecode, a user's does not: both commands may cache theirs.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{command} exited with {child.returncode}")
    return Cost(seconds, usage.ru_maxrss / 1024)


def main(runs: int = 15) -> None:
    with TemporaryDirectory() as folder:
        changai = str(Path(sys.executable).with_name("changai"))
        run([changai, "build", str(ARTICLES), "--index", folder])
        ask = [changai, "ask", QUESTION, "--index", folder]
        bare = [sys.executable, "-c", BARE]
        pairs = [(run(ask), run(bare)) for _ in range(runs + 1)][1:]
    for name, costs in (
        ("changai ask", [a for a, _ in pairs]),
        ("bare script", [b for _, b in pairs]),
    ):
        print(
            f"{name}: {median(c.seconds for c in costs):.3f} s, "
            f"{median(c.megabytes for c in costs):.0f} MB"
        )
    print(
        f"ratio: {median(a.seconds / b.seconds for a, b in pairs):.2f} of the time, "
        f"{median(a.megabytes / b.megabytes for a, b in pairs):.2f} of the memory ({runs} pairs)"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
