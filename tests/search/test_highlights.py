"""What of a passage is shown first, from clauses with scores made by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from changai.indexing.faq import AnswerSpans, FaqMatches
from changai.search.highlights import highlight
from changai.search.index import Index
from changai.search.ranking import rank
from changai.text import sentences
from changai.text.sentences import ends_sentence
from support.articles import GLOVES, made_article
from support.candidates import made_candidates, made_contents
from support.models import made_model

MODEL = made_model(
    clause={"clause_similarity": 1, "snippet_similarity": 1},
    # Odds of 7 to 93 are enough, of which -2.5867 is the logarithm.
    beside={"behind": -1, "intercept": 4.0001 - 2.5867},
)
"""By which a clause's similarity is its score, and what is within 4 of the best is near."""

Snippets = Sequence[tuple[int, int, float]]


def _shown(text: str, scores: Sequence[float], *, snippets: Snippets = ()) -> str:
    """What is shown of a text whose clauses have these scores, and these snippets, given by their
    ends and how like the question they answer is."""
    contents = made_contents(made_article("甲", text))
    rows = np.array([(n, 0, start, end) for n, (start, end, _) in enumerate(snippets)], np.int32)
    faq = FaqMatches(
        spans=AnswerSpans(rows.reshape(-1, 4), np.zeros(len(snippets), dtype=np.int32)),
        unanswered_by=np.full(len(snippets), -1),
        likeness=np.array([(like, 0) for *_, like in snippets], np.float32).reshape(-1, 2),
        predicted=np.zeros((1, 2), dtype=np.float32),
        predicted_unanswered=np.zeros(1, dtype=np.float32),
        judged=(),
    )
    candidates = made_candidates(
        contents,
        [[0.0] * 4],
        clauses=[(score, 0) for score in scores],
        faq=faq if snippets else None,
    )
    return text[slice(*highlight(rank(candidates, MODEL), 0, MODEL))]


THREE = "车间冬天里有暖气,车间夏天里有凉茶,工人下班后有澡堂。"


@pytest.mark.parametrize(
    ("scores", "snippets", "clauses"),
    [
        ([10, 30, 20], [], (1, 1)),
        # Of equals, the first in reading order.
        ([30, 10, 30], [], (0, 0)),
        # A snippet that reaches over two clauses shows both, from whichever of them is best.
        ([10, 30, 20], [(12, 20, 100)], (1, 2)),
        ([10, 20, 30], [(12, 20, 100)], (1, 2)),
        ([10, 30, 20], [(0, 26, 100)], (0, 2)),
        # A clause without a snippet counts as if it had the one that is least like: the only one
        # moves nothing.
        ([90, 30, 20], [(12, 20, 100)], (0, 0)),
        # 10 + 100, 30 + 40, 20 + 40.
        ([10, 30, 20], [(0, 8, 100), (18, 26, 40)], (0, 0)),
        # 10 + 100, 80 + 40, 20 + 40.
        ([10, 80, 20], [(0, 8, 100), (18, 26, 40)], (1, 1)),
        # Of the snippets of the best clause, the likest says how far to show.
        ([50, 10, 10], [(0, 3, 40), (2, 15, 100)], (0, 1)),
        ([50, 10, 10], [(0, 3, 100), (2, 15, 40)], (0, 0)),
        # What ends where a clause begins, or stands between two, has no part of it.
        ([10, 30, 20], [(8, 9, 100)], (1, 1)),
        ([10, 10, 20], [(0, 9, 100), (17, 20, 50)], (0, 0)),
    ],
)
def test_the_clauses_of_the_best_answer(
    scores: Sequence[float], snippets: Snippets, clauses: tuple[int, int]
) -> None:
    spans = sentences.clauses(THREE)
    assert spans == [(0, 8), (9, 17), (18, 26)]
    first, last = clauses
    shown = _shown(THREE, scores, snippets=snippets)
    assert shown == THREE[spans[first][0] : spans[last][1]]


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        ((13.0, 1.0, 2.0), "每名焊工每年发放安全帽两顶"),
        ((1.0, 12.0, 20.0), "体检费用由企业全部承担"),
        # What is beside the best and within 4 of it is shown too.
        ((3.0, 14.0, 13.5), "另发放防护手套十二双,体检费用由企业全部承担"),
        ((12.0, 7.0, 4.0), "每名焊工每年发放安全帽两顶"),
        ((12.0, 8.0, 4.0), "每名焊工每年发放安全帽两顶,另发放防护手套十二双"),
        # Not across one that does not match.
        ((12.0, 2.0, 11.0), "每名焊工每年发放安全帽两顶"),
    ],
)
def test_what_is_beside_the_best_and_as_good_is_shown_too(
    scores: Sequence[float], shown: str
) -> None:
    assert _shown(GLOVES, scores) == shown


def test_a_passage_of_one_clause_shows_it() -> None:
    assert _shown("图书每次可借三册。", (0,)) == "图书每次可借三册"


HELMETS = "每年由企业发放安全帽、防滑雨靴和防护手套、夏季的降温饮料两箱,体检费用由企业承担。"


@pytest.mark.parametrize("scores", [(30, 0, 0, 0), (0, 30, 0, 0), (0, 0, 30, 0)])
def test_what_is_listed_is_shown_whole(scores: Sequence[float]) -> None:
    assert len(sentences.clauses(HELMETS)) == len(scores)
    assert _shown(HELMETS, scores) == "每年由企业发放安全帽、防滑雨靴和防护手套、夏季的降温饮料两箱"


def test_a_comma_parts_what_does_not_match() -> None:
    assert _shown(HELMETS, (0, 0, 0, 30)) == "体检费用由企业承担"
    # 4 less than the best, 26, is as good as it.
    assert _shown(HELMETS, (30, 0, 0, 26)) == HELMETS.rstrip("。")


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        # 60 characters, and 61.
        ("乙" * 19, "甲" * 40 + "、" + "乙" * 19),
        ("乙" * 20, "甲" * 40),
    ],
)
def test_a_long_list_is_shown_in_part(more: str, shown: str) -> None:
    assert _shown(f"先说一件别的事情,{'甲' * 40}、{more}。", (0, 30, 0)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "工人被拖欠工资的,可以到任何窗口投诉,窗口当天就有回音。",
            "工人被拖欠工资的,可以到任何窗口投诉",
        ),
        ("工人被拖欠了工资,可以到任何窗口投诉,窗口当天就有回音。", "工人被拖欠了工资"),
        # Not over the end of a sentence.
        ("工人被拖欠工资的。可以到任何窗口投诉,窗口当天就有回音。", "工人被拖欠工资的"),
    ],
)
def test_a_condition_is_shown_with_what_follows_from_it(text: str, shown: str) -> None:
    assert _shown(text, (30, 0, 0)) == shown
    # From either end.
    assert (_shown(text, (0, 30, 0)) == shown) == ("的," in text)


def test_what_answers_a_like_question_comes_first() -> None:
    text = "焊工每年领安全帽两顶,体检费用由企业承担。"
    # The only snippet moves nothing: a clause without one counts as if it had it.
    assert _shown(text, (9, 0), snippets=[(11, 20, 10)]) == "焊工每年领安全帽两顶"
    # 9 + 10 to 0 + 20; the first is within 4 of that.
    assert _shown(text, (9, 0), snippets=[(0, 4, 10), (11, 20, 20)]) == text[:-1]
    assert _shown(text, (9, 0), snippets=[(0, 4, 10), (11, 20, 30)]) == "体检费用由企业承担"


def test_a_list_is_shown_with_what_opens_it() -> None:
    text = "第二条 有下列情形之一的，不予补助：\n（一）工伤；\n（二）酒后受伤。"
    assert len(sentences.clauses(text)) == 3
    assert _shown(text, [30, 0, 0]) == text.removesuffix("。")
    assert _shown(text, [0, 0, 30]) == "（二）酒后受伤"
    # One that is long is left to the passage.
    long = text + "（三）其他情形；" * 40
    assert _shown(long, [30.0, *[0.0] * 42]).endswith("不予补助")


def test_the_real_article_is_highlighted_by_its_faq(faq_index: Index) -> None:
    first = faq_index.ask("老板拖着工钱不给,我该打哪个号码找工会撑腰?").citations[0]
    assert "12351" in first.passage.text[slice(*first.highlights[0])]


def test_a_highlight_stays_within_its_sentence(faq_index: Index) -> None:
    for passage in faq_index.passages:
        for question in (passage.text[:12], passage.text[-12:], f"{passage.text[:20]}有哪些?"):
            for citation in faq_index.ask(question).citations:
                shown = citation.passage.text[slice(*citation.highlights[0])]
                assert not ends_sentence(shown)
