"""What a citation tells of its figures: the damaged ones, and their date."""

from changai.search.index import Index
from support.citations import cited


def test_a_highlight_holds_the_whole_of_a_damaged_figure() -> None:
    citation = cited("各代表中,产业工人占69:市人大代表中,占11.%;余者不变。", "产业工人占69")
    (span,) = citation.highlights
    assert citation.passage.text[slice(*span)] == "产业工人占69:"


def test_an_answer_tells_of_its_figures(index: Index) -> None:
    skilled = index.ask("宁波市技能人才总量是多少?").citations[0]
    assert (skilled.damaged, skilled.as_of) == ((), "截至 2020 年底")
    share = index.ask("产业工人在市人大代表中占多少比例?").citations[0]
    marked = [share.passage.text[start:end] for start, end in share.damaged]
    assert marked == ["69:", "11.%", "2专"]
