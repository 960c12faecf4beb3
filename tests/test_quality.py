"""Floors under retrieval and coverage on the project's own questions.

``questions.jsonl`` was used to fit the weights; ``held_out.jsonl`` never was, nor to choose
anything. Floors stand a little below what was measured, to catch a change for the worse.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from changai.evaluation import evaluate, read_questions
from changai.records import Article
from changai.retrieval import Index

DATA = Path(__file__).parent / "data"
FILES = ["questions.jsonl", "held_out.jsonl"]


@pytest.mark.parametrize("name", FILES)
def test_the_questions_are_what_they_should_be(name: str, ningbo: Article) -> None:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    kinds = Counter(question["kind"] for question in questions)
    assert len({question["question"] for question in questions}) == len(questions) >= 120
    assert sum(not question["relevant"] for question in questions) >= 40
    assert kinds["near"] >= 20
    assert {"colloquial", "paraphrase", "typo", "traditional", "english"} <= set(kinds)
    assert {question["audience"] for question in questions} == {"职工", "干部"}
    for question in questions:
        for snippet in question["relevant"]:
            assert sum(snippet in passage.text for passage in ningbo.passages) == 1


@pytest.mark.parametrize(
    ("name", "recall_at_1", "recall_at_3", "auroc"),
    [("questions.jsonl", 0.84, 0.95, 0.71), ("held_out.jsonl", 0.84, 0.93, 0.70)],
)
def test_retrieval_and_coverage_stay_above_their_floors(
    index: Index, name: str, recall_at_1: float, recall_at_3: float, auroc: float
) -> None:
    report = evaluate(index, read_questions(DATA / name).questions)
    assert report.recall_at_1 is not None and report.recall_at_1 >= recall_at_1
    assert report.recall_at_3 is not None and report.recall_at_3 >= recall_at_3
    assert report.coverage_auroc is not None and report.coverage_auroc >= auroc
    assert report.false_answer_rate is not None and report.false_answer_rate <= 0.40
    assert report.false_refusal_rate is not None and report.false_refusal_rate <= 0.45
