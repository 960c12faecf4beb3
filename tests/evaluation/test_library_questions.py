"""The questions about a library of texts, which are not here: what can be checked without them."""

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from changai.reading.questions import read_lines
from support.paths import DATA

LIBRARY = DATA / "library"
FILES = sorted(LIBRARY.glob("*.jsonl"))


@cache
def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@cache
def texts() -> dict[str, str]:
    """The part that each text belongs to."""
    with (LIBRARY / "texts.tsv").open(encoding="utf-8", newline="") as table:
        return {row["file"]: row["part"] for row in csv.DictReader(table, delimiter="\t")}


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_question_can_be_read_and_its_answer_stands_in_a_snippet(path: Path) -> None:
    assert len(read_lines(path).questions) == len(rows(path))
    for row in rows(path):
        assert row["audience"] in {"worker", "official"}
        assert row["kind"].startswith("unanswerable") == (not row["relevant"]), row
        if row["relevant"]:
            assert any(row["answer"] in snippet for snippet in row["relevant"]), row
        else:
            assert "answer" not in row
            assert ("nearest" in row) == (row["kind"] != "unanswerable-far"), row


def test_every_text_is_known_and_one_in_eight_is_held_out() -> None:
    asked = {row["file"] for path in FILES for row in rows(path)}
    assert asked == set(texts())
    assert [*texts().values()].count("held out") == 70


def test_no_question_is_asked_of_two_parts() -> None:
    parts: dict[str, set[str]] = {}
    for path in FILES:
        for row in rows(path):
            if not row["kind"].endswith("far"):
                parts.setdefault(row["question"], set()).add(texts()[row["file"]])
    assert [question for question, of in parts.items() if len(of) > 1] == []
