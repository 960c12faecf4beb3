"""What is offered to a visitor before the first question, and where none is answered."""

from dataclasses import replace
from pathlib import Path

import pytest

from changai.indexing.build import build_index
from changai.records import Document, Hotline
from changai.search.index import Index
from changai.web import offers
from support.small import write_small

HATS = "每名焊工每年发放安全帽几顶?"
CHECK_UP = "焊工体检费用由谁承担?"
MEALS = "食堂每日供应几餐?"
UNANSWERED = "食堂几点开门?"
BARE = Document("a", "甲", "", "", "", "a.txt", "", "")


def describe(folder: Path, name: str, *examples: tuple[str, str]) -> None:
    """Write the examples of an article, each a question and whom it is for."""
    tables = [
        f'[[examples]]\nquestion = "{question}"\ntopic = "题"\naudience = "{audience}"\n'
        for question, audience in examples
    ]
    (folder / f"{name}.toml").write_text("".join(tables), encoding="utf-8")


def offered(folder: Path) -> list[tuple[str, str]]:
    build_index(folder, folder.parent)
    return [(e.question, e.audience) for e in offers.examples(Index.open(folder.parent))]


def test_what_the_articles_answer_is_offered(tmp_path: Path) -> None:
    folder = write_small(tmp_path)
    assert offered(folder) == []
    describe(
        *(folder, "welders", (UNANSWERED, "worker"), (HATS, "worker")),
        *((MEALS, "official"), (HATS, "official")),
    )
    assert offered(folder) == [(HATS, "worker"), (MEALS, "official"), (HATS, "official")]


def test_articles_take_turns_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_small(tmp_path)
    (folder / "a.txt").write_text("电工办法\n每名电工发放绝缘鞋一双。\n", encoding="utf-8")
    describe(folder, "a", (HATS, "worker"), (MEALS, "worker"))
    describe(folder, "welders", (MEALS, "worker"), (CHECK_UP, "worker"))
    # What both ask is asked once.
    in_turns = [(HATS, "worker"), (MEALS, "worker"), (CHECK_UP, "worker")]
    assert offered(folder) == in_turns
    monkeypatch.setattr(offers, "_MOST_EXAMPLES", 2)
    assert offered(folder) == in_turns[:2]
    monkeypatch.setattr(offers, "_MOST_TRIED", 1)
    assert offered(folder) == [(HATS, "worker")]


def test_hotlines_are_named_once_a_number() -> None:
    documents = [BARE] + [
        replace(BARE, hotline=Hotline(number, name))
        for number, name in (("12351", "工会"), ("12333", "社保"), ("12351", "维权"))
    ]
    assert offers.hotlines(documents) == [Hotline("12351", "工会"), Hotline("12333", "社保")]
    many = [replace(BARE, hotline=Hotline(str(number), "热线")) for number in range(100, 120)]
    assert len(offers.hotlines(many)) == 5
    assert offers.hotlines([BARE]) == []
