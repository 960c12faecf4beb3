"""Asking questions, and judging the answers."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from changai.errors import QuestionError
from changai.evaluation.metrics import Report, summarise
from changai.evaluation.outcomes import evaluate, judge, open_questions
from changai.records import Answer, Citation, Document, Passage, Question
from changai.search.index import Index
from support.files_of_questions import SKY, write_questions, write_squad

SCHOOL = "外地人的孩子在宁波怎么上学?"
SKILL = "宁波市技能人才总量是多少?"
RAIN = "北京明天会下雨吗?"


def _measured(index: Index, questions: Sequence[Question]) -> Report:
    return summarise(evaluate(index, questions).outcomes)


DOCUMENT = Document("d", "题", "", "", "", "d.txt", "", "甲是一,乙是二。\n丙是三。")
TWO = Passage("d#1", DOCUMENT, "甲是一,乙是二。", 0, 8, (), "一(一)")
THREE = Passage("d#2", DOCUMENT, "丙是三。", 9, 13, (), "一(二)")


@pytest.mark.parametrize(
    ("relevant", "answers", "rank", "highlighted"),
    [
        # The first passage is TWO, with 甲是一 highlighted; the second is THREE.
        (("甲是一",), ("甲是一",), 1, True),
        (("乙是二",), ("乙是二",), 1, False),
        (("一,乙",), ("一,乙",), 1, False),
        (("乙是二", "丙"), ("丙", "是一"), 1, True),
        (("丙",), ("丙",), 2, False),
        # 一 stands in the highlight, but the first passage is not the one that answers.
        (("丙",), ("一",), 2, False),
        (("丁",), ("丁",), 0, False),
        (("甲",), (), 1, False),
        ((), (), 0, False),
    ],
)
def test_an_answer_is_judged_by_its_rank_and_its_first_highlight(
    relevant: tuple[str, ...], answers: tuple[str, ...], rank: int, highlighted: bool
) -> None:
    answer = Answer(
        "问",
        True,
        0.9,
        (Citation(1, 2.0, TWO, ((0, 3), (4, 7))), Citation(2, 1.0, THREE, ((0, 3),))),
    )
    question = Question("问", relevant, answers=answers)
    outcome = judge(question, answer, 0.25)
    assert (outcome.question, outcome.answer, outcome.seconds) == (question, answer, 0.25)
    assert (outcome.rank, outcome.highlighted) == (rank, highlighted)


def test_ranks_become_recall_and_reciprocal_rank(index: Index) -> None:
    ranked = [citation.passage.text for citation in index.retrieve(SKILL, k=11)]
    asked = [Question(SKILL, (ranked[rank - 1],)) for rank in (1, 2, 4, 11)]
    report = _measured(index, [*asked, Question(SKILL, (ranked[10], ranked[2]))])
    # First hits at 1, 2, 4, none within 10, and 3.
    assert report.recall_at_1 == 1 / 5
    assert report.recall_at_3 == 3 / 5
    assert report.mrr_at_10 == pytest.approx((1 + 1 / 2 + 1 / 4 + 0 + 1 / 3) / 5)


def test_covered_and_not_become_error_rates(index: Index) -> None:
    assert index.ask(SKILL).covered
    assert not index.ask(RAIN).covered
    top = (index.ask(SKILL).citations[0].passage.text,)
    # Two answerable, refused once in two; three unanswerable, answered once in three.
    questions = [
        Question(SKILL, top),
        Question(RAIN, top),
        Question(SKILL, ()),
        Question(RAIN, ()),
        Question(RAIN, ()),
    ]
    report = _measured(index, questions)
    assert (report.questions, report.answerable) == (5, 2)
    assert report.false_refusal_rate == 1 / 2
    assert report.false_answer_rate == pytest.approx(1 / 3)
    # Of 2 x 3 pairs: SKILL ties with one and beats two, RAIN loses one and ties with two.
    assert report.coverage_auroc == pytest.approx((0.5 + 2 + 0 + 1) / 6)


def test_questions_about_the_article(index: Index) -> None:
    seen: list[tuple[int, int]] = []
    questions = [
        Question(SCHOOL, ("优化外来劳动者子女入学政策",)),
        Question(SKILL, ("180.15万人",)),
        Question(RAIN, ()),
    ]
    evaluation = evaluate(index, questions, lambda done, total: seen.append((done, total)))
    report = summarise(evaluation.outcomes)
    assert (report.recall_at_1, report.recall_at_3, report.mrr_at_10) == (1, 1, 1)
    assert (report.coverage_auroc, report.false_answer_rate, report.false_refusal_rate) == (1, 0, 0)
    assert 0 < report.latency_p50_ms <= report.latency_p95_ms
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert [outcome.question for outcome in evaluation.outcomes] == questions
    assert evaluation.outcomes[1].answer == index.ask(SKILL, k=10)
    assert evaluation.passages == index.passages
    assert evaluation.threshold == index.model.threshold


def test_figures_that_the_questions_do_not_allow_are_none(index: Index) -> None:
    report = _measured(index, [Question(RAIN, ())])
    assert report.recall_at_1 is report.recall_at_3 is report.mrr_at_10 is None
    assert report.coverage_auroc is report.false_refusal_rate is None
    assert report.false_answer_rate == 0


def test_a_question_that_cannot_be_asked_is_named(index: Index) -> None:
    with pytest.raises(QuestionError, match=r"^问题「？！」问不了：问题里没有文字；请"):
        evaluate(index, [Question(RAIN, ()), Question("？！", ())])
    with pytest.raises(QuestionError, match=r"^第 7 行的问题「长{40}」问不了：问题有 600 个字"):
        evaluate(index, [Question("长" * 600, (), line=7)])
    with pytest.raises(QuestionError, match=r"^问题「(龘、){20}」问不了：.*；请"):
        evaluate(index, [Question("龘、" * 250, ())])


def test_a_squad_file_is_asked_of_its_own_corpus(tmp_path: Path) -> None:
    unasked = {"paragraphs": [{"context": "米饭要用水煮二十分钟。", "qas": []}]}
    questions, opened = open_questions(write_squad(tmp_path, SKY, unasked), tmp_path / "unused")
    assert [passage.text for passage in opened.passages] == [
        "白天的天空是蓝色的。",
        "夜里的天空能看见星星。",
        "米饭要用水煮二十分钟。",
    ]
    report = _measured(opened, questions.questions)
    assert (report.questions, report.answerable) == (4, 2)
    assert report.recall_at_1 == 1
    assert not (tmp_path / "unused").exists()
    left_out = questions.questions[1]
    answer = opened.ask(left_out.text, k=10, without=left_out.without)
    assert left_out.without not in [citation.passage.id for citation in answer.citations]
    assert len(answer.citations) == 2


def test_lines_are_asked_of_the_index_in_the_folder(tmp_path: Path, built_folder: Path) -> None:
    path = write_questions(tmp_path, json.dumps({"question": SKILL, "relevant": ["180.15万人"]}))
    questions, opened = open_questions(path, built_folder)
    assert _measured(opened, questions.questions).recall_at_1 == 1


def test_the_only_paragraph_is_never_left_out(tmp_path: Path) -> None:
    article = {"paragraphs": SKY["paragraphs"][:1]}
    questions, opened = open_questions(write_squad(tmp_path, article), tmp_path)
    assert _measured(opened, questions.questions).questions == 1


def test_a_paragraph_may_lack_words(tmp_path: Path) -> None:
    article = {"paragraphs": [{"context": "……", "qas": []}, *SKY["paragraphs"]]}
    questions, opened = open_questions(write_squad(tmp_path, article), tmp_path)
    assert _measured(opened, questions.questions).recall_at_1 == 1
