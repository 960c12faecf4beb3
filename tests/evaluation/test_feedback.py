"""Visitors' opinions: kept, read again, and made into questions."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changai.errors import FeedbackError, OpinionError
from changai.evaluation import feedback
from changai.evaluation.feedback import Feedback, Opinion, as_json, as_text, read, to_questions
from changai.evaluation.outcomes import evaluate
from changai.evaluation.question_sets import read_questions
from changai.indexing.build import build_index
from changai.reading.questions import read_lines
from changai.records import Answer, Citation, Question
from changai.search.index import Index
from support.asked import FIRST, SECOND
from support.small import ARTICLE

YES = Opinion("帽子几顶?", ("安全帽两顶",), True, "", "2026-11-22")
NO = replace(YES, useful=False)
REFUSED = Opinion("食堂几点开门?", (), True, "", "2026-11-22")

# Adds as many opinions as it is told to a file, under a name of its own.
WRITER = """
import sys
from pathlib import Path
from changai.evaluation.feedback import Feedback, Opinion
_, file, name, count = sys.argv
feedback = Feedback(Path(file))
for number in range(int(count)):
    feedback.add(Opinion(f"{name}{number}", (), True, "", "2026-11-22"))
"""

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=500)
OPINIONS = st.builds(
    Opinion,
    question=TEXT.filter(lambda text: bool(text.strip())),
    answers=st.lists(TEXT, max_size=3).map(tuple),
    useful=st.booleans(),
    comment=TEXT,
    day=st.dates().map(lambda day: day.isoformat()),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "意见 100%?#.db"


def fill(file: Path, *opinions: Opinion) -> None:
    kept = Feedback(file)
    for opinion in opinions:
        kept.add(opinion)


def sql(file: Path, *statements: str) -> None:
    """Meddle with a file."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


# What is kept


def test_an_opinion_has_the_words_highlighted_in_what_answers() -> None:
    first = Citation(1, 2.0, FIRST, ((6, 14), (0, 2)))
    again = Citation(2, 1.5, FIRST, ((0, 2),))
    second = Citation(3, 1.0, SECOND, ((0, 5),))
    answer = Answer("问", True, 0.9, (first, again, second), answering=2)
    expected = Opinion("问", (FIRST.text[6:14], FIRST.text[:2]), True, "好", "2026-11-22")
    assert Opinion.of(answer, True, "好", "2026-11-22") == expected
    refusal = replace(answer, covered=False, answering=0)
    assert Opinion.of(refusal, True, "", "2026-11-22").answers == ()


def test_opinions_are_read_as_they_were_added(file: Path) -> None:
    fill(file, YES)
    fill(file, NO, REFUSED, YES)
    assert read(file) == [YES, NO, REFUSED, YES]
    assert list(file.parent.iterdir()) == [file]


def test_a_new_file_has_no_opinions(file: Path) -> None:
    Feedback(file)
    assert read(file) == []


def test_nothing_else_is_kept(file: Path) -> None:
    fill(file, YES)
    with closing(sqlite3.connect(file)) as connection:
        ((name,),) = connection.execute("SELECT name FROM sqlite_master").fetchall()
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
    assert columns == ["id", "question", "answers", "useful", "comment", "day"]


@settings(deadline=None)
@given(st.lists(OPINIONS, max_size=4))
def test_any_text_comes_back(opinions: list[Opinion]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.db"
        fill(file, Opinion("前", (), False, "", ""), *opinions)
        assert read(file)[1:] == opinions


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE opinions; --", '"); DELETE FROM opinions; --', "%s ? :x", "甲\0乙"]
)
def test_what_looks_like_sql_is_text(file: Path, text: str) -> None:
    opinion = Opinion(text, (text,), True, text, text)
    fill(file, opinion, YES)
    assert read(file) == [opinion, YES]


@pytest.mark.parametrize(
    ("opinion", "said"),
    [
        (replace(YES, comment="好" * 501), "意见有 501 个字，超过 500 个"),
        (replace(YES, question="问" * 513), "问题有 513 个字，超过 512 个"),
        (replace(YES, question=" \n"), "没有说是对哪个问题"),
        (replace(YES, question="\ud800"), "问题里有不成字符"),
        (replace(YES, comment="好\udfff"), "意见里有不成字符"),
    ],
)
def test_an_opinion_that_cannot_be_kept_is_refused(file: Path, opinion: Opinion, said: str) -> None:
    with pytest.raises(OpinionError, match=said):
        fill(file, opinion)
    assert read(file) == []


def test_the_longest_opinion_is_kept(file: Path) -> None:
    longest = replace(YES, question="\U0001f600" * 512, comment="好" * 500)
    fill(file, longest)
    assert read(file) == [longest]


def test_a_full_file_takes_no_more(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert feedback.MOST_OPINIONS == 10_000
    monkeypatch.setattr(feedback, "MOST_OPINIONS", 2)
    fill(file, YES, NO)
    with pytest.raises(FeedbackError, match="已满 2 条"):
        Feedback(file).add(REFUSED)
    assert read(file) == [YES, NO]


def test_a_file_moved_away_is_made_anew(file: Path) -> None:
    kept = Feedback(file)
    kept.add(YES)
    file.rename(file.with_name("旧.db"))
    kept.add(NO)
    assert (read(file.with_name("旧.db")), read(file)) == ([YES], [NO])


# Several at once


def test_threads_lose_nothing(file: Path) -> None:
    kept = Feedback(file)
    names = [f"{thread}-{number}" for thread in range(4) for number in range(5)]

    def write(thread: int) -> None:
        for name in names[5 * thread : 5 * thread + 5]:
            kept.add(replace(YES, question=name))

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opinion.question for opinion in read(file)) == names


def test_processes_lose_nothing(file: Path) -> None:
    # The first of both to come makes the file.
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, file, name, "10"]) for name in ("甲", "乙")
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    questions = [opinion.question for opinion in read(file)]
    for name in ("甲", "乙"):
        own = [question for question in questions if question.startswith(name)]
        assert own == [f"{name}{number}" for number in range(10)]


def test_a_file_held_by_another_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Feedback(file)
    monkeypatch.setattr(feedback, "_SECONDS_TO_WAIT", 0)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(FeedbackError, match="正被别的程序占用"):
            kept.add(YES)
        with pytest.raises(FeedbackError, match="正被别的程序占用"):
            read(file)
    kept.add(YES)
    assert read(file) == [YES]


# Files that will not do


def assert_refused(file: Path, said: str) -> None:
    """Both to write and to read the file is refused, and leaves it as it is."""
    before = file.read_bytes() if file.is_file() else None
    for use in (Feedback, read):
        with pytest.raises(FeedbackError, match=said) as caught:
            use(file)
        assert str(file) in str(caught.value)
    assert (file.read_bytes() if file.is_file() else None) == before


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert_refused(tmp_path / "nowhere" / "a.db", "所在的目录不存在")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert_refused(tmp_path, "是一个目录")


def test_to_read_makes_no_file(file: Path) -> None:
    with pytest.raises(FeedbackError, match="没有意见文件"):
        read(file)
    assert not file.exists()


@pytest.mark.parametrize("content", [b"ab", "问题\n".encode() * 1000, b"\0" * 4096])
def test_what_is_no_database_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert_refused(file, "不是产改问答的意见文件")


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE opinions (question)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"],
)
def test_a_database_of_another_program_is_refused(file: Path, statement: str) -> None:
    sql(file, statement)
    assert_refused(file, "不是产改问答的意见文件")


def test_an_empty_file_can_be_filled_but_has_nothing_to_read(file: Path) -> None:
    file.touch()
    with pytest.raises(FeedbackError, match="不是产改问答的意见文件"):
        read(file)
    fill(file, YES)
    assert read(file) == [YES]


def test_another_version_is_refused(file: Path) -> None:
    fill(file, YES)
    sql(file, "PRAGMA user_version = 2")
    assert_refused(file, "是第 2 版格式，本程序读写第 1 版")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_cut_short_is_refused(file: Path, share: float) -> None:
    fill(file, *[replace(YES, comment="好" * 500) for _ in range(10)])
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    assert_refused(file, "已经损坏")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE opinions SET answers = '['", "已经损坏"),
        ("UPDATE opinions SET answers = '1'", "已经损坏"),
        ("UPDATE opinions SET comment = CAST(x'ff' AS TEXT)", "已经损坏"),
        ("DROP TABLE opinions", "不能用"),
    ],
)
def test_broken_contents_are_refused(file: Path, statement: str, said: str) -> None:
    fill(file, YES)
    sql(file, statement)
    with pytest.raises(FeedbackError, match=said):
        read(file)


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Permissions count, and the folder has none for writing; root becomes nobody."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


def test_what_may_not_be_written_is_told_at_once() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for mode in (0o444, 0o666):
            file = folder / f"{mode:o}.db"
            fill(file, YES)
            file.chmod(mode)
        (folder / "closed").mkdir(mode=0)
        with unprivileged(folder):
            with pytest.raises(FeedbackError, match=r"444\.db 不能写"):
                Feedback(folder / "444.db")
            # SQLite writes a journal beside the file.
            with pytest.raises(FeedbackError, match=r"666\.db 不能写"):
                Feedback(folder / "666.db")
            with pytest.raises(FeedbackError, match=r"new\.db 打不开"):
                Feedback(folder / "new.db")
            # Not even whether it is there can be told.
            for use in (Feedback, read):
                with pytest.raises(FeedbackError, match=r"a\.db 打不开"):
                    use(folder / "closed" / "a.db")
            assert read(folder / "444.db") == [YES]


# Questions


@pytest.mark.parametrize(
    ("opinions", "relevant"),
    [
        ([YES], ["安全帽两顶"]),
        ([REFUSED], []),
        ([replace(YES, answers=("乙", "甲"))], ["乙", "甲"]),
        # What the right answer is, nobody said.
        ([NO], None),
        ([replace(REFUSED, useful=False)], None),
        # 2 against 1; 1 against 1; 1 against 2.
        ([YES, NO, YES], ["安全帽两顶"]),
        ([NO, YES], None),
        ([YES, NO, NO], None),
        # After a rebuild another answer: 3 less 2, and 2; then 1 each; then -1 and 1.
        ([YES, YES, YES, NO, NO, *[replace(YES, answers=("新",))] * 2], ["新"]),
        ([YES, replace(YES, answers=("新",))], None),
        ([NO, replace(YES, answers=())], []),
        # Neither has more than half: 0 and -1.
        ([YES, NO, replace(NO, answers=())], None),
    ],
)
def test_the_majority_says_what_answers(
    opinions: list[Opinion], relevant: list[str] | None
) -> None:
    question = opinions[0].question
    expected = {"question": question, "relevant": relevant, "kind": "feedback"}
    made = to_questions([replace(opinion, question=question) for opinion in opinions])
    assert made == ([] if relevant is None else [expected])


def test_each_question_counts_for_itself() -> None:
    other = replace(NO, question="帽子呢?")
    assert [made["question"] for made in to_questions([YES, other, REFUSED, YES])] == [
        "帽子几顶?", "食堂几点开门?",
    ]  # fmt: skip


def test_opinions_become_questions_that_can_be_asked_and_learnt(
    small_folder: Path, file: Path
) -> None:
    index = Index.open(small_folder)
    answered = index.ask("焊工每年发几顶安全帽?")
    refused = index.ask("红烧肉怎么烧才不柴?")
    assert (answered.covered, refused.covered) == (True, False)
    fill(
        file,
        Opinion.of(answered, True, "清楚", "2026-11-22"),
        Opinion.of(refused, True, "", "2026-11-22"),
        Opinion.of(index.ask("焊工体检?"), False, "", "2026-11-22"),
    )
    written = small_folder / "articles" / "welders.questions.jsonl"
    feedback.write_questions(written, to_questions(read(file)))
    questions = read_questions(written).questions
    (start, end) = answered.citations[0].highlights[0]
    snippet = answered.citations[0].passage.text[start:end]
    assert snippet in ARTICLE
    assert questions == (
        Question("焊工每年发几顶安全帽?", (snippet,), None, "feedback", (snippet,)),
        Question("红烧肉怎么烧才不柴?", (), kind="feedback"),
    )
    outcomes = evaluate(index, questions).outcomes
    assert [(outcome.rank, outcome.highlighted) for outcome in outcomes] == [(1, True), (0, False)]
    assert read_lines(written).questions == questions
    assert build_index(small_folder / "articles", small_folder).changed


@settings(deadline=None)
@given(st.lists(OPINIONS, min_size=1, max_size=4))
def test_any_questions_written_can_be_read(opinions: list[Opinion]) -> None:
    # Highlighted words are never blank.
    made = to_questions(
        [
            replace(o, answers=tuple(a for a in o.answers if a.strip()), useful=True)
            for o in opinions
        ]
    )
    if not made:
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.jsonl"
        feedback.write_questions(file, made)
        assert [
            {"question": question.text, "relevant": [*question.relevant], "kind": question.kind}
            for question in read_questions(file).questions
        ] == made


def test_without_a_question_no_file_is_written(tmp_path: Path) -> None:
    with pytest.raises(FeedbackError, match="没有一个问题"):
        feedback.write_questions(tmp_path / "a.jsonl", [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["nowhere/a.jsonl", "."])
def test_where_questions_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FeedbackError, match="问题写不到"):
        feedback.write_questions(tmp_path / name, to_questions([YES]))
    assert list(tmp_path.iterdir()) == []


# What the administrator sees


def test_an_opinion_is_listed_with_what_was_shown() -> None:
    commented = replace(NO, answers=("甲", "乙"), comment="不\n对")
    assert as_text(commented) == (
        "2026-11-22  没用  帽子几顶?\n    原文：甲\n    原文：乙\n    意见：不 对"
    )
    assert as_text(REFUSED) == "2026-11-22  有用  食堂几点开门?\n    文章未提及"


# Clear the screen, the same in one character (C1), backspace, and text that runs backwards.
DRIVING = "甲\x1b[2J\x9b2J\x08\x7f\u202e乙\u2066"


def test_a_visitor_cannot_drive_the_terminal() -> None:
    hostile = Opinion(f"{DRIVING}\n2026-11-22  有用", (DRIVING,), True, DRIVING, DRIVING)
    shown = "甲\ufffd[2J\ufffd2J\ufffd\ufffd\ufffd乙\ufffd"
    assert as_text(hostile) == (
        f"{shown}  有用  {shown} 2026-11-22 有用\n    原文：{shown}\n    意见：{shown}"
    )


@given(OPINIONS)
def test_no_line_begins_with_what_a_visitor_wrote(opinion: Opinion) -> None:
    lines = as_text(opinion).split("\n")
    assert all(line.isprintable() for line in lines)
    assert len(lines) == 1 + max(1, len(opinion.answers)) + bool(opinion.comment.strip())


@given(TEXT)
def test_json_is_one_printable_line_of_the_same_text(text: str) -> None:
    line = as_json({"文": [text]})
    assert line.isprintable()
    assert line.startswith('{"文": ["')
    assert json.loads(line) == {"文": [text]}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("question", b"\xff"),
        ("answers", b"[]"),
        ("answers", "[" * 200_000),
        ("answers", "[1, 2]"),
        ("answers", '"abc"'),
        ("useful", "yes"),
        ("comment", b"7"),
        ("day", b"\xff"),
    ],
)
def test_a_row_of_other_types_is_told_as_damage(tmp_path: Path, column: str, value: object) -> None:
    path = tmp_path / "opinions.sqlite"
    Feedback(path).add(Opinion("问题?", ("答",), True, "", "2026-11-27"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE opinions SET {column} = ?", (value,))  # noqa: S608
        connection.commit()
    with pytest.raises(FeedbackError, match="已经损坏"):
        read(path)
