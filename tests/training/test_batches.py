"""Which questions are learnt from together."""

from hypothesis import given
from hypothesis import strategies as st

from changai.training.batches import batches
from changai.training.material import Asked


def asked(question: str, text: int, *answering: int) -> Asked:
    return Asked(question, text, answering)


def test_a_question_without_an_answer_is_in_no_batch() -> None:
    questions = [asked("甲", 0, 1), asked("乙", 0), asked("丙", 1, 7)]
    (batch,) = batches(questions, 2, seed=1)
    assert sorted(batch) == [("丙", 7), ("甲", 1)]


def test_questions_of_one_passage_are_in_different_batches() -> None:
    questions = [asked("甲", 0, 1), asked("乙", 0, 1), asked("丙", 0, 2), asked("丁", 0, 3)]
    made = batches(questions, 2, seed=1)
    assert len(made) == 2
    assert all(len({passage for _, passage in batch}) == 2 for batch in made)


def test_what_does_not_fill_a_batch_is_left_out() -> None:
    assert batches([asked("甲", 0, 1), asked("乙", 0, 1)], 2, seed=1) == []


def test_the_passages_of_one_text_meet() -> None:
    questions = [asked(f"{text} {n}", text, 10 * text + n) for text in range(8) for n in range(8)]
    for batch in batches(questions, 16, seed=3):
        assert len({passage // 10 for _, passage in batch}) == 2


questions_of_texts = st.lists(
    st.tuples(st.integers(0, 5), st.sets(st.integers(0, 4), max_size=3)), max_size=60
)


@given(questions_of_texts, st.integers(1, 8), st.integers(0, 9))
def test_no_passage_answers_another_question_of_its_batch(
    drawn: list[tuple[int, set[int]]], size: int, seed: int
) -> None:
    questions = [
        asked(str(number), text, *(10 * text + passage for passage in sorted(passages)))
        for number, (text, passages) in enumerate(drawn)
    ]
    answering = {each.question: set(each.answering) for each in questions}
    made = batches(questions, size, seed)
    used = [question for batch in made for question, _ in batch]
    assert len(used) == len(set(used))
    for batch in made:
        assert len(batch) == size
        for question, passage in batch:
            assert passage in answering[question]
            assert not any(
                other in answering[question] for asked, other in batch if asked != question
            )
    assert made == batches(questions, size, seed)
