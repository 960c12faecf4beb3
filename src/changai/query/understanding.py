"""From the question as typed to the query that is searched for."""

from dataclasses import dataclass

from changai.errors import QuestionError
from changai.query import expectations
from changai.query.expectations import Expectations
from changai.query.spelling import Spelling
from changai.text import tokens
from changai.text.characters import has_surrogates, has_words
from changai.text.normalisation import normalise

LONGEST_QUESTION = 512
"""The most characters of a question, both as typed and as normalised."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question and what was understood of it.

    ``typed`` is the normalised question, and ``text`` the same with its spelling corrected.
    ``terms`` are its distinct terms, by the thesaurus in the words of official articles.
    ``expected`` is what kind of answer it expects. ``circumstances`` are the numbers, places and
    details that distinguish it from similar questions. ``several`` says that it asks for several
    things, which several passages may give.
    """

    typed: str
    text: str
    terms: tuple[str, ...]
    expected: Expectations
    circumstances: frozenset[str]
    several: bool


def understand(question: str, spelling: Spelling, *, as_typed: bool = False) -> Query:
    """Understand a question, and correct its spelling unless it is to be left ``as_typed``.

    Raises what ``check`` raises.
    """
    typed = check(question)
    text = typed if as_typed else spelling.mend(typed)
    return Query(
        typed=typed,
        text=text,
        terms=tuple(dict.fromkeys(tokens.terms(text))),
        expected=expectations.read(text),
        circumstances=expectations.circumstances(text),
        several=expectations.asks_several(text),
    )


def check(question: str) -> str:
    """The normalised question.

    Raises QuestionError if it is empty, has no letter or digit, is longer than
    ``LONGEST_QUESTION``, or is not valid text.
    """
    if not isinstance(question, str):
        raise QuestionError(f"问题应是文字，不是 {type(question).__name__}；请重新输入")
    _check_length(question)
    if has_surrogates(question):
        raise QuestionError("问题里有不成字符的代码（孤立代理项）；请重新输入")
    normalised = normalise(question)
    _check_length(normalised)
    if not has_words(normalised):
        raise QuestionError("问题里没有文字；请输入您想了解的内容")
    return normalised


def _check_length(text: str) -> None:
    if len(text) > LONGEST_QUESTION:
        raise QuestionError(f"问题有 {len(text)} 个字，超过 {LONGEST_QUESTION} 个；请缩短")
