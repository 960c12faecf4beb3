from dataclasses import replace

from changai.records import Answer, Citation, Document, Passage

DOCUMENT = Document("d", "题目", "单位", "2023-05-13", "", "d.txt", "", "宁淀市推优人党")


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
