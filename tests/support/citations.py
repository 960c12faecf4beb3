"""Citations of texts made by hand."""

from changai.records import Citation, Document, Passage
from changai.search.citing import annotated


def cited(text: str, highlight: str, published: str = "2023-05-13") -> Citation:
    document = Document("d", "题目", "单位", published, "", "d.txt", "", text)
    passage = Passage("d#p1", document, text, 0, len(text), (), "一")
    start = text.index(highlight)
    return annotated(Citation(1, 1.0, passage, ((start, start + len(highlight)),)))
