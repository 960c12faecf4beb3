"""Visitors' opinions of answers, in an SQLite file that the administrator names.

It keeps what is needed to make an evaluation question, and what a person needs to judge the rest.
Nothing identifies the visitor: no address, no name, no session, and no time but the day.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from changai import files
from changai.errors import FeedbackError, OpinionError
from changai.query.understanding import LONGEST_QUESTION
from changai.records import Answer
from changai.text.characters import has_surrogates

LONGEST_COMMENT = 500
"""In characters."""

MOST_OPINIONS = 10_000
"""In one file, so that nobody can fill the disk: at most some 80 MB."""

MOST_A_DAY = 1_000
"""So that a flood on one day does not use up the room for the next."""

# The mark of a Changai feedback file ("CGFB"), and the version of its tables.
_APPLICATION = 0x43474642
_VERSION = 1
_TABLE = """
CREATE TABLE opinions (
    id INTEGER PRIMARY KEY,
    question TEXT NOT NULL,
    answers TEXT NOT NULL,
    useful INTEGER NOT NULL,
    comment TEXT NOT NULL,
    day TEXT NOT NULL
)
"""

_SECONDS_TO_WAIT = 2
"""For another process that is writing."""

_NO_FEEDBACK_FILE = "不是产改问答的意见文件；请换一个文件名"
_CORRUPT = "已经损坏；请移走它，或换一个文件名"
_CAUSES = {
    sqlite3.SQLITE_NOTADB: _NO_FEEDBACK_FILE,
    sqlite3.SQLITE_CORRUPT: _CORRUPT,
    sqlite3.SQLITE_CANTOPEN: "打不开；请检查文件名，以及文件和所在目录的权限",
    sqlite3.SQLITE_READONLY: "不能写；请检查文件和所在目录的权限",
    sqlite3.SQLITE_BUSY: "正被别的程序占用；请稍后再试",
    sqlite3.SQLITE_FULL: "写不下，磁盘已满；请腾出空间",
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """One visitor's opinion of one answer.

    ``question`` is as the index was asked it: a follow-up is already resolved. ``answers`` are the
    words highlighted in the passages shown as answers, verbatim; none if the page said that the
    articles do not answer. ``day`` is an ISO date.
    """

    question: str
    answers: tuple[str, ...]
    useful: bool
    comment: str
    day: str

    @classmethod
    def of(cls, answer: Answer, useful: bool, comment: str, day: str) -> "Opinion":
        """An opinion of an answer."""
        highlighted = [
            citation.passage.text[start:end]
            for citation in answer.citations[: answer.answering]
            for start, end in citation.highlights
        ]
        return cls(answer.question, tuple(dict.fromkeys(highlighted)), useful, comment, day)


class Feedback:
    """A file that opinions are added to, by several threads and processes at once if need be."""

    def __init__(self, path: Path) -> None:
        """Use an existing file, or make a new one; either way, check that it can be written.

        Raises FeedbackError if it cannot, or if it is not a feedback file of this version.
        """
        self._path = path
        with _writing(path):
            pass

    def add(self, opinion: Opinion) -> None:
        """Add an opinion. A file that has been moved away is made again.

        Raises OpinionError, for the visitor to see, if the opinion is too long or not text; and
        FeedbackError, for the administrator, if the file is full or cannot be used.
        """
        _check(opinion)
        with _writing(self._path) as connection:
            (count,) = connection.execute("SELECT count(*) FROM opinions").fetchone()
            if count >= MOST_OPINIONS:
                raise FeedbackError(
                    f"意见文件 {self._path} 已满 {MOST_OPINIONS} 条；请看过之后把它移到别处"
                )
            (today,) = connection.execute(
                "SELECT count(*) FROM opinions WHERE day = ?", (opinion.day,)
            ).fetchone()
            if today >= MOST_A_DAY:
                raise FeedbackError(
                    f"意见文件 {self._path} 今天已记 {MOST_A_DAY} 条，不再收；请看是不是有人捣乱"
                )
            connection.execute(
                "INSERT INTO opinions (question, answers, useful, comment, day)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    opinion.question,
                    json.dumps(opinion.answers, ensure_ascii=False),
                    opinion.useful,
                    opinion.comment,
                    opinion.day,
                ),
            )


def read(path: Path) -> list[Opinion]:
    """The opinions in a file, oldest first. Raises FeedbackError."""
    with _connected(path, "rw") as connection:
        connection.execute("BEGIN")
        if not _is_ours(path, connection):
            raise FeedbackError(f"{path} {_NO_FEEDBACK_FILE}")
        rows = connection.execute(
            "SELECT question, answers, useful, comment, day FROM opinions ORDER BY id"
        ).fetchall()
    try:
        return [_opinion(*row) for row in rows]
    except ValueError as error:
        raise FeedbackError(f"意见文件 {path} {_CORRUPT}") from error


def _opinion(
    question: object, answers: object, useful: object, comment: object, day: object
) -> Opinion:
    """A row as an opinion. Raises ValueError, since SQLite lets a row hold values of any type."""
    match question, answers, useful, comment, day:
        case str(question), str(answers), int(useful), str(comment), str(day):
            highlighted = files.parse_json(answers)
            if isinstance(highlighted, list) and all(isinstance(e, str) for e in highlighted):
                return Opinion(question, tuple(highlighted), bool(useful), comment, day)
    raise ValueError(question)


def copy(path: Path, new: Path) -> None:
    """Write a copy of a file of opinions, as it is at one moment, even while others add to it.

    Raises FeedbackError.
    """
    with _connected(path, "rw") as source, _connected(new, "rwc") as target:
        if not _is_ours(path, source):
            raise FeedbackError(f"{path} {_NO_FEEDBACK_FILE}")
        source.backup(target)


def verify(path: Path) -> None:
    """Check a file of opinions from an untrusted source: that it holds nothing but the one table,
    and that its opinions can be read. Raises FeedbackError."""
    with _connected(path, "rw") as connection:
        # Checked before reading: a view of that name might never end.
        held = connection.execute("SELECT type, sql FROM sqlite_master LIMIT 2").fetchall()
        if held != [("table", _TABLE.strip())]:
            raise FeedbackError(f"{path} {_NO_FEEDBACK_FILE}")
        if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
            raise FeedbackError(f"意见文件 {path} {_CORRUPT}")
    read(path)


def to_questions(opinions: Sequence[Opinion]) -> list[dict[str, object]]:
    """The questions whose answers are known from opinions, in the form of ``read_questions``.

    What was shown for a question, be it an answer or a refusal, counts as right if more opinions
    call it useful than not. If that holds for several answers to one question, as after a rebuild,
    the one with the widest margin counts, and none at a tie. Questions whose answer was not useful
    are left out, since the right answer is not known.
    """
    margins: dict[str, Counter[tuple[str, ...]]] = {}
    for opinion in opinions:
        margin = margins.setdefault(opinion.question, Counter())
        margin[opinion.answers] += 1 if opinion.useful else -1
    questions: list[dict[str, object]] = []
    for question, margin in margins.items():
        (answers, widest), *next_widest = margin.most_common(2)
        if widest > max([0, *(count for _, count in next_widest)]):
            questions.append({"question": question, "relevant": [*answers], "kind": "feedback"})
    return questions


def write_questions(path: Path, questions: Sequence[Mapping[str, object]]) -> None:
    """Write questions to a file, a line each, replacing what is there. Raises FeedbackError if
    there are none, or if the file cannot be written."""
    if not questions:
        raise FeedbackError("没有一个问题的意见说得准该怎样回答；请先收集更多“有用”的意见")
    try:
        files.replace_text(path, "".join(f"{as_json(question)}\n" for question in questions))
    except OSError as error:
        raise FeedbackError(f"问题写不到 {path}（{error.strerror}）；请换一个文件名") from error


def as_json(value: Mapping[str, object]) -> str:
    """A line of JSON in which control characters are escaped, for the terminal's sake."""
    line = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def as_text(opinion: Opinion) -> str:
    """An opinion for the terminal, in which control characters are replaced."""
    verdict = "有用" if opinion.useful else "没用"
    shown = [f"原文：{answer}" for answer in opinion.answers] or ["文章未提及"]
    if opinion.comment.strip():
        shown.append(f"意见：{opinion.comment}")
    head = f"{_printable(opinion.day)}  {verdict}  {_printable(opinion.question)}"
    return "\n    ".join([head, *map(_printable, shown)])


def _printable(text: str) -> str:
    """The text on one line, without characters that could mislead a terminal or a reader."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def _check(opinion: Opinion) -> None:
    for name, text, longest in (
        ("问题", opinion.question, LONGEST_QUESTION),
        ("意见", opinion.comment, LONGEST_COMMENT),
    ):
        if len(text) > longest:
            raise OpinionError(f"{name}有 {len(text)} 个字，超过 {longest} 个；请缩短")
        if has_surrogates(text):
            raise OpinionError(f"{name}里有不成字符的代码（孤立代理项）；请重新输入")
    if not opinion.question.strip():
        raise OpinionError("没有说是对哪个问题的意见；请先提问")


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction; in a new file, the table is made first."""
    with _connected(path, "rwc") as connection:
        connection.execute("BEGIN IMMEDIATE")
        if not _is_ours(path, connection):
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        # Written even if it is there already: only writing shows whether writing is allowed.
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        yield connection
        connection.execute("COMMIT")


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A new connection, so that no two threads share one. Raises FeedbackError for SQLite's errors.
    ``mode`` is SQLite's "rw", or "rwc" to make a missing file."""
    try:
        if path.is_dir():
            raise FeedbackError(f"意见文件 {path} 是一个目录；请写出文件名")
        if not path.parent.is_dir():
            raise FeedbackError(f"意见文件 {path} 所在的目录不存在；请先建好")
        if mode == "rw" and not path.exists():
            raise FeedbackError(f"没有意见文件 {path}；请检查文件名")
        with closing(
            sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_SECONDS_TO_WAIT,
                isolation_level=None,
            )
        ) as connection:
            yield connection
    except OSError as error:
        raise FeedbackError(f"意见文件 {path} {_CAUSES[sqlite3.SQLITE_CANTOPEN]}") from error
    except sqlite3.Error as error:
        # Only invalid UTF-8 raises an error without a code. The lower byte of a code is the cause.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        cause = _CAUSES.get(code, f"不能用（{error}）；请换一个文件名")
        raise FeedbackError(f"意见文件 {path} {cause}") from error


def _is_ours(path: Path, connection: sqlite3.Connection) -> bool:
    """Whether the file is one of this version; False if it is empty. Raises FeedbackError for any
    other file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == _APPLICATION:
        if version != _VERSION:
            raise FeedbackError(
                f"意见文件 {path} 是第 {version} 版格式，本程序读写第 {_VERSION} 版；请换一个文件名"
            )
        # SQLite notices missing pages, but reads the missing end of the last one as zeros.
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        if path.stat().st_size % page:
            raise FeedbackError(f"意见文件 {path} {_CORRUPT}")
        return True
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application or version or tables:
        raise FeedbackError(f"{path} {_NO_FEEDBACK_FILE}")
    return False
