"""Random Unicode questions: each is answered verbatim, or refused with a reason."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changai.errors import QuestionError
from changai.indexing.build import build_index
from changai.query import followups
from changai.query.understanding import LONGEST_QUESTION
from changai.records import Answer
from changai.search.index import Index
from changai.text.characters import has_han
from support.small import ARTICLE, QUESTIONS, write_small

MOST = 500
"""How many questions are asked; 5,000 take five minutes."""

_PIECES = [
    *(question for question, _ in QUESTIONS),
    *ARTICLE.split(),
    *("那", "呢?", "多少", "几", "2020年", "宁波", "拜师", "三点一四", "谢谢", "还有", "它"),
    *("《", "》", "（", "\0", "\ud800", "\u202e", "\u200d", "\ufdfa", "\u0130", "\u1e9e", "\u3000"),
    *("<b>", "&#0;", "%s", "{}", "../", "\\", "' or 1=1", "1" * 40, "., " * 9),
    *("\U00020000", "\U00013000", "\ua500", "\U0001f9d1\u200d\U0001f3ed", "e\u0301\u0302\u0303"),
]
CHARACTERS = st.text(st.characters(exclude_categories=[]), max_size=20)
PIECES = st.lists(st.sampled_from(_PIECES) | CHARACTERS, max_size=4).map("".join)
LONG = st.builds(
    lambda piece, size: (piece * size)[:size],
    PIECES.filter(bool),
    st.integers(1, 64) | st.sampled_from([LONGEST_QUESTION, LONGEST_QUESTION + 1]),
)
ASKED = st.one_of(CHARACTERS, PIECES, PIECES, PIECES, PIECES, PIECES, PIECES, LONG)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("small")
    build_index(write_small(folder), folder)
    return Index.open(folder)


def assert_verbatim(answer: Answer, k: int) -> None:
    """What is shown is the articles' own, and in bounds."""
    assert 0 <= answer.confidence <= 1
    assert 0 <= answer.answering <= len(answer.citations) <= k
    assert answer.covered is (answer.answering > 0)
    for citation in answer.citations:
        passage = citation.passage
        assert passage.document.text[passage.start : passage.end] == passage.text
        assert citation.highlights
        for start, end in (*citation.highlights, *citation.damaged):
            assert 0 <= start < end <= len(passage.text)


@pytest.mark.slow
@settings(
    max_examples=MOST,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    question=ASKED,
    earlier=st.lists(ASKED, max_size=followups.LOOK_BACK + 1),
    k=st.integers(1, 5),
    as_typed=st.booleans(),
)
def test_whatever_is_asked_is_answered_verbatim_or_refused(
    small: Index, question: str, earlier: list[str], k: int, as_typed: bool
) -> None:
    meant = followups.resolve(question, earlier) or question
    try:
        answer = small.ask(meant, k=k, as_typed=as_typed)
    except QuestionError as error:
        assert has_han(str(error))
    else:
        assert answer.question == meant
        assert_verbatim(answer, k)
