"""SQuAD's format (Rajpurkar et al., 2016): paragraphs, with questions about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from changai.errors import QuestionError, QuestionFileError, shown
from changai.query.understanding import check
from changai.reading.questions import is_text
from changai.records import Article, Document, Passage, Question

_LONGEST_NAME = 40
"""The most characters of a question's name in a message."""


@dataclass(frozen=True, slots=True)
class Squad:
    """The questions of a file, the corpus of its paragraphs, and the names of the questions that
    cannot be used: those that ``query.understanding`` refuses, and those whose paragraph contains
    none of their answers."""

    questions: tuple[Question, ...]
    articles: tuple[Article, ...]
    left_out: tuple[str, ...]


def parse(path: Path, raw: dict[str, Any]) -> Squad:
    """Parse the value of a JSON file that has a key ``data``.

    A question that is not marked as impossible is asked twice if there is more than one paragraph:
    once with its paragraph and once without. Its kind is "answerable", "left-out" or "impossible".
    Answers that are not in the paragraph are ignored. Raises QuestionFileError naming the file and
    the article.
    """
    if not isinstance(raw["data"], list):
        raise QuestionFileError(f"{shown(path)} 的 data 不是列表；请写成 SQuAD 格式")
    questions: list[Question] = []
    articles: list[Article] = []
    left_out: list[str] = []
    for number, each in enumerate(raw["data"]):
        try:
            contexts = [_text(paragraph["context"]) for paragraph in each["paragraphs"]]
            title = _text(each["title"]) if each.get("title") else ""
            article = _article(f"squad-{number}", title, path.name, contexts)
            articles.append(article)
            for paragraph, passage in zip(each["paragraphs"], article.passages, strict=True):
                for asked in paragraph["qas"]:
                    read = _questions(asked, passage)
                    questions += read
                    left_out += [] if read else [_name(asked, passage)]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            lacking = f"缺少 {error.args[0]}" if isinstance(error, KeyError) else "有一处写错了"
            raise QuestionFileError(
                f"{shown(path)} 的第 {number + 1} 篇文章不合 SQuAD 格式：{lacking}；"
                "请检查 paragraphs、context、qas、question 和 answers"
            ) from error
    if sum(len(article.passages) for article in articles) == 1:
        questions = [question for question in questions if question.without is None]
    if not questions:
        unusable = f"能用的问题，不能用的有 {len(left_out)} 个" if left_out else "问题"
        raise QuestionFileError(f"{shown(path)} 里没有{unusable}；请换一个文件")
    return Squad(tuple(questions), tuple(articles), tuple(left_out))


def _questions(asked: dict[str, Any], passage: Passage) -> list[Question]:
    """A question, asked with its paragraph and without; none if it cannot be used."""
    text, answers = asked["question"], [answer["text"] for answer in asked.get("answers", [])]
    if not all(isinstance(each, str) for each in [text, *answers]):
        raise ValueError(asked)
    try:
        check(text)
    except QuestionError:
        return []
    if asked.get("is_impossible", False):
        return [Question(text, (), kind="impossible")]
    there = [answer for answer in answers if answer.strip() and answer in passage.text]
    if answers and not there:
        return []
    return [
        Question(text, (passage.text,), kind="answerable", answers=tuple(dict.fromkeys(there))),
        Question(text, (), without=passage.id, kind="left-out"),
    ]


def _name(asked: dict[str, Any], passage: Passage) -> str:
    """The name of a question in a message: its id, its words, or its place."""
    names = (asked.get("id"), asked["question"], f"{passage.document.title}{passage.locator}")
    return shown(next(filter(is_text, names))[:_LONGEST_NAME])


def _text(value: object) -> str:
    """The value, if it is text; else ValueError."""
    if not is_text(value):
        raise ValueError(value)
    return value


def _article(identity: str, title: str, file: str, contexts: Sequence[str]) -> Article:
    """The paragraphs of one article as passages of one document."""
    text = "\n".join(contexts)
    document = Document(identity, title, "", "", "", file, sha256(text.encode()).hexdigest(), text)
    passages, start = [], 0
    for number, context in enumerate(contexts, start=1):
        end = start + len(context)
        passages.append(
            Passage(f"{identity}#p{number}", document, context, start, end, (), f"第{number}段")
        )
        start = end + 1
    return Article(document, tuple(passages))
