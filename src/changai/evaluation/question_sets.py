"""Sets of questions for evaluation: in JSON lines, in SQuAD's format, or about a library of texts.

A library is a folder of files in JSON lines, each line with the ``file`` that it asks about, and
``texts.tsv``, which has the ``part`` that each ``file`` belongs to: models are trained on one, and
the other is held out. The texts stand in another folder.
"""

import csv
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

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
    files = files_of(folder, part)
    articles = tuple(each for each in read_all(find(texts)) if each.document.file in files)
    questions, digest = [], hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        text, sha256 = read_text(path)
        digest.update(sha256.encode())
        lines = [line for line in text.split("\n") if line.strip()]
        asked = parse_lines(path, "\n".join(lines))
        questions += [
            question
            for question, line in zip(asked, lines, strict=True)
            if json.loads(line).get("file") in files
        ]
    return QuestionSet(digest.hexdigest(), tuple(questions), articles)


def files_of(folder: Path, part: str) -> frozenset[str]:
    """The names of the texts of one part of a library. Raises QuestionFileError."""
    text, _ = read_text(folder / TEXTS)
    rows = [*csv.DictReader(text.splitlines(), delimiter="\t")]
    found = frozenset(row["file"] for row in rows if row.get("part") == part and row.get("file"))
    if not found:
        raise QuestionFileError(f"{shown(folder / TEXTS)} 里没有一篇是 {part}；请检查 part 一栏")
    return found
