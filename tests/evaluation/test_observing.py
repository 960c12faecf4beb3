"""The candidates of questions whose answers are known."""

import pytest

from changai.errors import QuestionError
from changai.evaluation.observing import observe, observe_all
from changai.evaluation.question_sets import QuestionSet
from changai.records import Question
from changai.search.features import ranking_features
from changai.search.index import Index

ASKED = ["宁波市技能人才总量是多少?", "北京明天会下雨吗?"]
MINE = QuestionSet("aa", (Question(ASKED[0], ("180.15万人",)), Question(ASKED[1], ())))


def test_the_candidates_of_each_question_are_found(faq_index: Index) -> None:
    for asked_of in (faq_index, faq_index.without_faq()):
        source = observe("mine.jsonl", MINE, asked_of)
        assert (source.name, source.sha256) == ("mine.jsonl", "aa")
        assert source.reader is faq_index.reader
        answered, other = source.observations
        assert [each.question for each in source.observations] == [*MINE.questions]
        assert source.answerable.tolist() == [True, False]
        candidates = asked_of.candidates(ASKED[0])
        assert ranking_features(answered.candidates).tolist() == (
            ranking_features(candidates).tolist()
        )
        holding = [
            "180.15万人" in faq_index.passages[number].text for number in candidates.passages
        ]
        assert answered.hits.tolist() == holding
        assert sum(holding) == 1
        assert not other.hits.any()


def test_all_are_asked_with_the_faq_and_without_and_of_a_larger_corpus(faq_index: Index) -> None:
    """The corpus that a library brings may lack an FAQ, or hold the articles of the index too."""
    library = QuestionSet("bb", (Question("年休假几天?", ()),), articles=())
    plain = faq_index.without_faq()
    mine = ("mine.jsonl", MINE, faq_index)
    sources = observe_all([mine, ("alone", library, plain), ("larger", library, faq_index)])
    assert [(each.name, each.sha256) for each in sources] == [
        ("mine.jsonl with FAQ", "aa"),
        ("mine.jsonl", "aa"),
        ("alone", "bb"),
        ("larger with FAQ", "bb"),
        ("mine.jsonl beside larger", "aa"),
    ]
    with_faq = [each.observations[0].candidates.faq is not None for each in sources]
    assert with_faq == [True, False, False, True, True]
    assert [len(each.observations) for each in sources] == [2, 2, 1, 1, 2]


def test_a_question_that_cannot_be_asked_is_named(index: Index) -> None:
    questions = (Question("宁波市技能人才总量是多少?", ()), Question("???", (), line=2))
    with pytest.raises(QuestionError, match=r"^第 2 行的问题「\?\?\?」问不了：问题里没有文字；请"):
        observe("mine.jsonl", QuestionSet("aa", questions), index)


def test_the_passage_that_is_to_be_left_out_is_no_candidate(faq_index: Index) -> None:
    first = faq_index.passages[0]
    question = Question("维权热线是多少?", (first.text,), without=first.id)
    source = observe("mine.jsonl", QuestionSet("aa", (question,)), faq_index)
    (observed,) = source.observations
    assert len(observed.hits) == len(observed.candidates)
    assert len(observed.hits) == len(faq_index.candidates("维权热线是多少?")) - 1
    assert not observed.hits.any()
