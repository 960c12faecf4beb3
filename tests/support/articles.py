"""Articles made of a few lines, for tests that need no file."""

from collections.abc import Sequence

from changai.records import Article, Document, Passage, Question


def made_article(name: str, *texts: str, questions: Sequence[Question] = ()) -> Article:
    """An article of this title with a passage for each text; their ids are ``name#0`` and so on."""
    document = Document(name, name, "", "", "", f"{name}.txt", "", "\n".join(texts))
    passages, start = [], 0
    for number, text in enumerate(texts):
        end = start + len(text)
        passages.append(Passage(f"{name}#{number}", document, text, start, end, (), ""))
        start = end + 1
    return Article(document, tuple(passages), tuple(questions))
