"""Sets of questions for evaluation: in JSON lines, in SQuAD's format, or about a library of texts.

A library is a folder of files in JSON lines, each line with the ``file`` that it asks about, and
``texts.tsv``, which has the ``part`` that each ``file`` belongs to: models are trained on one, and
the other is held out. The texts stand in another folder.
"""

import csv
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from changai.errors import QuestionFileError, shown
from changai.evaluation import squad
from changai.reading.articles import read_all
from changai.reading.folder import find
from changai.reading.questions import parse_json, parse_lines, read_text
from changai.records import Article, Question

HELD_OUT = "held out"
TEXTS = "texts.tsv"

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


def read_library(folder: Path, texts: Path, part: str = HELD_OUT) -> QuestionSet:
    """The questions of a library about one part of its texts, and these texts as their corpus.

    Raises ArticleError or QuestionFileError.
    """
    articles = library_articles(folder, texts, part)
    digest, questions = library_questions(folder, articles)
    return QuestionSet(digest, tuple(question for _, question, _ in questions), articles)


def library_articles(folder: Path, texts: Path, part: str) -> tuple[Article, ...]:
    """The texts of one part of a library. Raises ArticleError or QuestionFileError."""
    files = files_of(folder, part)
    return tuple(each for each in read_all(find(texts)) if each.document.file in files)


def library_questions(
    folder: Path, articles: Sequence[Article]
) -> tuple[str, list[tuple[Path, Question, dict[str, Any]]]]:
    """The questions of a library about some of its texts, each with its file and all that its line
    holds, and one SHA-256 over the files. Raises QuestionFileError."""
    files = {article.document.file for article in articles}
    found, digest = [], hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        text, sha256 = read_text(path)
        digest.update(sha256.encode())
        lines = text.split("\n")
        for question in parse_lines(path, text):
            raw = json.loads(lines[question.line - 1])
            if raw.get("file") in files:
                found.append((path, question, raw))
    return digest.hexdigest(), found


def files_of(folder: Path, part: str) -> frozenset[str]:
    """The names of the texts of one part of a library. Raises QuestionFileError."""
    text, _ = read_text(folder / TEXTS)
    rows = [*csv.DictReader(text.splitlines(), delimiter="\t")]
    found = frozenset(row["file"] for row in rows if row.get("part") == part and row.get("file"))
    if not found:
        raise QuestionFileError(f"{shown(folder / TEXTS)} 里没有一篇是 {part}；请检查 part 一栏")
    return found
