import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import changai
from changai.errors import QuestionError
from changai.indexing.build import build_index
from changai.models.encoders import Encoder
from changai.models.fitted import FAQ_FEATURES, TEXT_FEATURES
from changai.query.understanding import LONGEST_QUESTION
from changai.records import Article
from changai.search.candidates import MOST_TOKENS
from changai.search.features import ranking_features
from changai.search.index import Index
from support.models import made_model
from support.readers import Told


@pytest.mark.parametrize(
    ("question", "locator", "highlight"),
    [
        ("外地人的孩子在宁波怎么上学?", "五(三)", "统等优化外来劳动者子女入学政策"),
        ("宁波市技能人才总量是多少?", "三(二)", "宁波市技能人才总量已达180.15万人"),
        ("推优入党2020年多少名", "二(一)", "2020 年推优人党 2274名"),
        ("方太四化工程", "一(三)", "方太四化工程"),
    ],
)
def test_a_question_is_answered_by_the_clause_that_says_it(
    index: Index, question: str, locator: str, highlight: str
) -> None:
    answer = index.ask(question)
    first = answer.citations[0]
    assert answer.covered
    assert first.passage.locator == locator
    assert highlight in first.passage.text[slice(*first.highlights[0])]


@pytest.mark.parametrize(
    "question",
    [
        "外地人的孩子在寧波怎麼上學?",
        "外地人的孩子在宁波怎么上学？",
        " 外地人 的 孩子在宁波怎么上学?",
    ],
)
def test_script_width_and_blanks_make_no_difference(index: Index, question: str) -> None:
    plain = index.ask("外地人的孩子在宁波怎么上学?")
    other = index.ask(question)
    assert other.confidence == plain.confidence
    assert [c.passage for c in other.citations] == [c.passage for c in plain.citations]
    assert other.question == question


def test_what_is_off_the_topic_is_not_covered(index: Index) -> None:
    answer = index.ask("红烧肉怎么烧才不柴")
    assert not answer.covered
    assert answer.confidence < 0.5
    assert len(answer.citations) == 3


def test_citations_are_ranked_by_score(index: Index) -> None:
    citations = index.retrieve("产业工人", k=17)
    assert [c.rank for c in citations] == list(range(1, 18))
    scores = [c.score for c in citations]
    assert scores == sorted(scores, reverse=True)


def test_k_beyond_the_corpus_gives_all_there_is(index: Index) -> None:
    citations = index.retrieve("产业工人", k=1000)
    assert {c.passage.id for c in citations} == {p.id for p in index.passages}


def test_fewer_citations_are_a_beginning_of_more(index: Index) -> None:
    assert index.retrieve("技能培训", k=2) == index.retrieve("技能培训", k=5)[:2]


def test_a_passage_can_be_left_out(index: Index) -> None:
    question = "外地人的孩子在宁波怎么上学?"
    gold = index.ask(question).citations[0].passage
    without = index.ask(question, k=17, without=gold.id)
    assert gold not in [c.passage for c in without.citations]
    assert len(without.citations) == 16


@pytest.mark.parametrize(
    "question",
    [
        "", " ", "\n\t\u3000", "？！。", "…——", "\0", "😀",
        "长" * (LONGEST_QUESTION + 1), "\ufdfa" * LONGEST_QUESTION, "\ud800", "上学\udfff",
    ],
)  # fmt: skip
def test_what_is_no_question_is_refused(index: Index, question: str) -> None:
    with pytest.raises(QuestionError):
        index.ask(question)


def test_the_longest_question_is_answered(index: Index, ningbo: Article) -> None:
    longest = "".join(ningbo.document.text.split())[:LONGEST_QUESTION]
    assert len(longest) == LONGEST_QUESTION
    assert index.ask(longest).citations


@pytest.mark.parametrize(
    "question",
    [
        "学" * LONGEST_QUESTION,
        # A character that the vocabulary lacks is a token of its own.
        "龘a" * (LONGEST_QUESTION // 2),
    ],
)
def test_a_question_that_costs_too_much_is_refused(index: Index, question: str) -> None:
    with pytest.raises(QuestionError, match=f"个词元.*超过 {MOST_TOKENS} 个；请缩短"):
        index.ask(question)
    assert index.ask(question[: LONGEST_QUESTION // 3]).citations


@pytest.mark.parametrize("k", [0, -1, "3", 2.5, None])
def test_asking_for_no_number_of_passages_is_refused(index: Index, k: Any) -> None:
    with pytest.raises(QuestionError):
        index.ask("技能", k=k)


@pytest.mark.parametrize("question", [None, 5, ["技能"]])
def test_what_is_no_text_is_refused(index: Index, question: Any) -> None:
    with pytest.raises(QuestionError):
        index.ask(question)


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("杭州的产业工人队伍建设改革是怎么做的?", "杭州"),
        ("2023年推优入党多少人?", "2023年"),
    ],
)
def test_what_the_article_does_not_give_is_named(index: Index, question: str, missing: str) -> None:
    answer = index.ask(question)
    assert not answer.covered
    assert missing in answer.missing


def test_threads_get_the_same_answers(faq_index: Index) -> None:
    questions = [p.text[:20] for p in faq_index.passages] * 3
    alone = [faq_index.ask(question) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(faq_index.ask, questions)) == alone


@pytest.mark.parametrize(
    ("question", "taken_as"),
    [
        ("推忧入党2020年多少名", "推优入党2020年多少名"),
        ("公會保是什麼?", "工惠保是什么?"),
        # Width and script are not spelling.
        ("宁波市技能人才總量是多少？", ""),
    ],
)
def test_an_answer_says_how_a_misspelt_question_was_read(
    index: Index, question: str, taken_as: str
) -> None:
    answer = index.ask(question)
    assert (answer.question, answer.taken_as) == (question, taken_as)
    if taken_as:
        mended = index.ask(taken_as)
        assert mended.taken_as == ""
        assert (mended.citations, mended.confidence) == (answer.citations, answer.confidence)


def test_an_answer_says_how_many_citations_answer(faq_index: Index) -> None:
    one = faq_index.ask("宁波市技能人才总量是多少?")
    several = faq_index.ask("组织架构有哪些举措?")
    assert one.answering == 1
    assert several.answering == 2
    assert {c.passage.locator for c in several.citations[:2]} == {"一(一)", "一(二)"}
    # No more than are asked for, and not more for asking for more.
    assert faq_index.ask("组织架构有哪些举措?", k=1).answering == 1
    assert faq_index.ask("组织架构有哪些举措?", k=10).answering == 2
    assert faq_index.ask("红烧肉怎么烧才不柴").answering == 0


def test_an_index_can_be_asked_as_if_it_had_no_faq(faq_index: Index) -> None:
    question = "宁波市技能人才总量是多少?"
    plain = faq_index.without_faq()
    assert faq_index.contents.faq is not None
    assert plain.contents.faq is None
    assert plain.model is faq_index.model
    by_faq, by_text = faq_index.candidates(question), plain.candidates(question)
    assert by_faq.faq is not None
    assert by_text.faq is None
    assert by_faq.passages.tolist() == by_text.passages.tolist()
    features, without = (ranking_features(each) for each in (by_faq, by_text))
    of_text = len(TEXT_FEATURES)
    of_faq = of_text + len(FAQ_FEATURES)
    assert without[:, :of_text].tolist() == features[:, :of_text].tolist()
    assert not without[:, of_text:].any()
    assert features[:, of_text:of_faq].all()
    assert plain.ask(question).citations[0].passage.locator == "三(二)"
    # The one asked is left as it was.
    assert faq_index.contents.faq is not None


def test_an_index_answers_by_the_model_that_it_is_given(faq_index: Index, encoder: Encoder) -> None:
    model = made_model(
        threshold=0.7,
        ranking={"passage_overlap": -1},
        answerability={"intercept": math.log(4)},
        faq_answerability={"intercept": math.log(4)},
        further={"intercept": -1},
    )
    made = Index(faq_index.contents, encoder, Told(), model)
    assert made.model is model
    answer = made.ask("技能人才总量", k=17)
    candidates = made.candidates("技能人才总量")
    # Odds of 4 to 1, and the least overlap comes first.
    assert (answer.covered, answer.answering) == (True, 1)
    assert answer.confidence == pytest.approx(0.8)
    scores = sorted((-candidates.passage_overlap).tolist(), reverse=True)
    assert [citation.score for citation in answer.citations] == scores
    careful = Index(faq_index.contents, encoder, Told(), replace(model, threshold=0.81))
    assert not careful.ask("技能人才总量").covered


def test_an_index_in_memory_has_nothing_to_refresh(index: Index, encoder: Encoder) -> None:
    made = Index(index.contents, encoder, index.reader, index.model)
    assert made.newer_generation() == ""
    assert not made.refresh()


def test_a_snapshot_stays_at_its_generation(small_folder: Path) -> None:
    index = Index.open(small_folder)
    snapshot, before = index.snapshot(), index.corpus
    (small_folder / "articles" / "b.txt").write_text("标题\n正文一段。\n", encoding="utf-8")
    build_index(small_folder / "articles", small_folder)
    assert index.refresh()
    assert not snapshot.refresh()
    assert snapshot.newer_generation() == ""
    assert snapshot.corpus == before
    assert len(snapshot.passages) == before.passages < len(index.passages)


def test_the_package_answers_from_a_folder(built_folder: Path) -> None:
    question = "外地人的孩子在宁波怎么上学?"
    answer = changai.ask(question, k=2, index=built_folder)
    assert answer.citations[0].passage.locator == "五(三)"
    assert changai.retrieve(question, k=2, index=built_folder) == list(answer.citations)


def test_the_package_reads_its_folder_from_the_environment(
    built_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGAI_INDEX", str(built_folder))
    assert changai.retrieve("方太")[0].passage.locator == "一(三)"


def test_the_package_builds_a_missing_index(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text("标题\n每名焊工发放安全帽一顶。\n", encoding="utf-8")
    (citation, *_) = changai.retrieve("焊工发安全帽吗", index=tmp_path)
    assert citation.passage.text == "每名焊工发放安全帽一顶。"


def test_a_question_can_be_asked_with_its_spelling_as_typed(index: Index) -> None:
    assert index.ask("推优入挡2020年多少名").taken_as == "推优入党2020年多少名"
    as_typed = index.ask("推优入挡2020年多少名", as_typed=True)
    assert as_typed.taken_as == ""
    assert as_typed.question == "推优入挡2020年多少名"


def test_the_corpus_says_what_is_open(index: Index, built_folder: Path) -> None:
    corpus = index.corpus
    assert (corpus.documents, corpus.passages) == (1, 17)
    assert corpus.encoder.name == "builtin"
    assert (built_folder / "built" / corpus.generation / "manifest.json").exists()
    assert datetime.fromisoformat(corpus.built) <= datetime.now(UTC)
    unwritten = index.without_faq().corpus
    assert (unwritten.generation, unwritten.built) == ("", "")
