"""Sets of questions for evaluation, in JSON lines or in SQuAD's format."""

import re
from dataclasses import dataclass
from pathlib import Path

from changai.errors import QuestionFileError
from changai.evaluation import squad
from changai.reading.questions import parse_json, parse_lines, read_text
from changai.records import Article, Question

_SQUAD = re.compile(r'\s*\{\s*"(?:version|data)"')


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of a file, and the SHA-256 of its bytes. ``articles`` is the file's own corpus,
    None if it has none; ``left_out`` names the questions that cannot be used."""

    sha256: str
    questions: tuple[Question, ...]
    articles: tuple[Article, ...] | None = None
    left_out: tuple[str, ...] = ()


def read_questions(path: Path) -> QuestionSet:
    """Read a file of JSON lines, as ``reading.questions`` describes them, or one in SQuAD's format,
    whose paragraphs are the corpus.

    Raises QuestionFileError naming the file, and the lines or the article.
    """
    text, sha256 = read_text(path)
    try:
        whole = parse_json(path, text)
    except QuestionFileError:
        if _SQUAD.match(text):
            raise
        # A file of several lines is not JSON as a whole.
        whole = None
    if isinstance(whole, dict) and "data" in whole:
        read = squad.parse(path, whole)
        return QuestionSet(sha256, read.questions, read.articles, read.left_out)
    return QuestionSet(sha256, parse_lines(path, text))
