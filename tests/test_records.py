from dataclasses import replace

import pytest

from changai.records import Answer, Citation, Document, Misreading, Passage

DOCUMENT = Document("d", "题目", "单位", "2023-05-13", "", "d.txt", "", "宁淀市推优人党")


@pytest.mark.parametrize(
    ("misread", "text", "meant"),
    [
        ([], "宁淀市", "宁淀市"),
        ([("宁淀", "宁波")], "宁淀市，宁淀人", "宁波市，宁波人"),
        # The longest wins, wherever it stands in the list.
        ([("人党", "入党"), ("工人党", "工人党")], "推优人党的工人党支部", "推优入党的工人党支部"),
        # What has been corrected is not corrected again.
        ([("甲", "乙"), ("乙", "丙")], "甲乙", "乙丙"),
        # Written out, and no pattern.
        ([("一.", "二"), ("(", "（")], "一二一.(", "一二二（"),
    ],
)
def test_a_text_as_it_is_meant(misread: list[tuple[str, str]], text: str, meant: str) -> None:
    misreadings = tuple(Misreading(*each) for each in misread)
    assert replace(DOCUMENT, misreadings=misreadings).as_meant(text) == meant


def test_a_citation_as_json_names_its_document_and_where_that_was_published() -> None:
    document = replace(DOCUMENT, url="https://www.example.org/a.html")
    passage = Passage("d#p1", document, "宁淀市推优人党", 0, 7, (), "第1段")
    cited = Answer("?", True, 0.5, (Citation(1, 1.0, passage, ((0, 3),)),)).to_dict()["citations"]
    assert cited == [
        {
            "rank": 1,
            "score": 1.0,
            "text": "宁淀市推优人党",
            "highlights": [[0, 3]],
            "damaged": [],
            "as_of": "",
            "locator": "第1段",
            "start": 0,
            "end": 7,
            "url": "https://www.example.org/a.html",
            "document": {
                "id": "d",
                "title": "题目",
                "publisher": "单位",
                "published": "2023-05-13",
                "file": "d.txt",
            },
        }
    ]
