"""Does a change alter any answer?

    python tests/benchmarks/same_answers.py write FILE
    python tests/benchmarks/same_answers.py compare BEFORE AFTER

``write`` asks every question of ``tests/data`` and of the articles' FAQ, by the package's public
names alone, so that any version of it can be asked, and writes each answer on a line of JSON.
``compare`` counts the answers that differ in a key that both versions give.
"""

import json
import math
import shutil
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import changai

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
FEW = 5


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def answers(articles: Path, questions: list[str]) -> list[dict[str, Any]]:
    """The answers to some questions from an index built of a folder of articles."""
    with TemporaryDirectory() as folder:
        changai.build_index(articles, folder)
        index = changai.Index.open(folder)
        return [index.ask(question, k=10).to_dict() for question in questions]


def write(file: str) -> None:
    ningbo = ROOT / "index" / "articles"
    asked = [DATA / "questions.jsonl", DATA / "held_out.jsonl", *ningbo.glob("*.questions.jsonl")]
    rows = [row["question"] for path in asked for row in lines(path)]
    conversations = lines(DATA / "followups.jsonl")
    rows += [row["question"] for row in conversations]
    found = answers(ningbo, rows)
    several = [row["question"] for row in lines(DATA / "several" / "questions.jsonl")]
    with TemporaryDirectory() as folder:
        for path in [*(DATA / "several").glob("*.txt"), *ningbo.iterdir()]:
            shutil.copy(path, folder)
        found += answers(Path(folder), [*several, *rows[:800]])
    with TemporaryDirectory() as folder:
        for path in (DATA / "several").glob("*.txt"):
            shutil.copy(path, folder)
        found += answers(Path(folder), several)
    found += [
        {
            "question": row["question"],
            "means": changai.resolve_followup(row["question"], row["earlier"]),
        }
        for row in conversations
    ]
    text = "".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in found)
    Path(file).write_text(text, encoding="utf-8")
    print(f"{len(found)} answers")


def differing(before: Any, after: Any, path: str = "") -> list[str]:
    """The keys under which two answers differ; keys that only one of them has do not count."""
    if isinstance(before, dict) and isinstance(after, dict):
        shared = [key for key in before if key in after]
        return [d for key in shared for d in differing(before[key], after[key], f"{path}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [d for b, a in zip(before, after, strict=True) for d in differing(b, a, path)]
    if isinstance(before, float) and isinstance(after, float):
        # A sum may come out otherwise in its last digits.
        return [] if math.isclose(before, after, rel_tol=1e-4, abs_tol=1e-4) else [path]
    return [] if before == after else [path]


def compare(before: str, after: str) -> None:
    pairs = list(zip(lines(Path(before)), lines(Path(after)), strict=True))
    keys: Counter[str] = Counter()
    changed = []
    for old, new in pairs:
        if found := differing(old, new):
            changed.append(old["question"])
            keys.update(set(found))
    print(f"{len(pairs)} answers, {len(changed)} differ", *map(str, keys.most_common()), sep="\n")
    print(*changed[:FEW], sep="\n")


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2])
    else:
        compare(*sys.argv[2:])
