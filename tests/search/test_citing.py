"""What is shown of the best candidates."""

import pytest

from changai.records import Citation
from changai.search.citing import annotated, cite
from changai.search.index import Index
from changai.search.ranking import rank
from support.articles import GLOVES, made_article
from support.candidates import made_candidates, made_contents
from support.models import made_model

MODEL = made_model(
    ranking={"passage_similarity": 1},
    clause={"clause_similarity": 1},
    beside={"behind": -1, "intercept": 0.05 - 2.5867},
)
SCANNED = made_article("乙", "全市参保职工已达2O20人,另有三成正在办理手续。")


@pytest.mark.parametrize(("k", "ids"), [(1, ["甲#1"]), (2, ["甲#1", "乙#0"]), (9, None)])
def test_the_best_candidates_are_cited(k: int, ids: list[str] | None) -> None:
    contents = made_contents(made_article("甲", GLOVES, "电工每季度更换一次绝缘鞋。"), SCANNED)
    candidates = made_candidates(contents, [[1, 0, 0, 0], [3, 0, 0, 0], [2, 0, 0, 0]])
    cited = cite(rank(candidates, MODEL), MODEL, k)
    assert [citation.passage.id for citation in cited] == (ids or ["甲#1", "乙#0", "甲#0"])
    assert [citation.rank for citation in cited] == list(range(1, len(cited) + 1))
    assert [citation.score for citation in cited] == [3, 2, 1][:k]
    # Of each the first clause is the nearest, and the one behind it is 0.1 less.
    shown = [each.passage.text[slice(*each.highlights[0])] for each in cited]
    clauses = ["电工每季度更换一次绝缘鞋", "全市参保职工已达2O20人", "每名焊工每年发放安全帽两顶"]
    assert shown == clauses[: len(cited)]
    assert [each.damaged for each in cited] == [(), ((8, 12),), ()][:k]


@pytest.mark.parametrize(
    ("span", "whole"),
    [
        # The damaged figure stands at 8 to 12.
        ((0, 13), (0, 13)),
        ((0, 10), (0, 12)),
        ((9, 13), (8, 13)),
        ((9, 10), (8, 12)),
        # What only touches it is left as it is.
        ((0, 8), (0, 8)),
        ((12, 13), (12, 13)),
    ],
)
def test_a_highlight_cuts_no_damaged_figure(span: tuple[int, int], whole: tuple[int, int]) -> None:
    (passage,) = SCANNED.passages
    citation = annotated(Citation(1, 1.0, passage, (span, (14, 23))))
    assert citation.damaged == ((8, 12),)
    assert citation.highlights == (whole, (14, 23))


def test_an_answer_tells_of_its_figures(index: Index) -> None:
    skilled = index.ask("宁波市技能人才总量是多少?").citations[0]
    assert (skilled.damaged, skilled.as_of) == ((), "截至 2020 年底")
    share = index.ask("产业工人在市人大代表中占多少比例?").citations[0]
    marked = [share.passage.text[start:end] for start, end in share.damaged]
    assert marked == ["69:", "11.%", "2专"]
