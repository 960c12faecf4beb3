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


GLOVES = "每名焊工每年发放安全帽两顶,另发放防护手套十二双,体检费用由企业全部承担。"
"""Three clauses, of which the first two give a number."""

THIRST = "口渴了怎么办?"
WELDERS = made_article(
    "甲",
    GLOVES,
    "电工每季度更换一次绝缘鞋。",
    "车间东侧设有保温桶。",
    questions=[Question(THIRST, ("保温桶",)), Question("有没有班车?", ())],
)
READERS = made_article("乙", "口渴时请勿在书架旁饮用任何东西。", "图书每次可借三册。")
"""Closer to THIRST, by meaning and by wording, than what answers it."""
