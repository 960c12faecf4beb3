"""The turns of a conversation, as the page sends them.

The server stores no conversations. The page sends back the question of a turn, and it is answered
again whenever its answer is needed. So only the text of the articles can ever be quoted.
"""

from dataclasses import asdict, dataclass
from typing import Any

from changai.errors import QuestionError
from changai.query import followups
from changai.query.understanding import LONGEST_QUESTION
from changai.records import Answer, Exchange
from changai.search.index import Index

_MOST_TURNS = 300


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation.

    ``asked`` is the question as typed, and ``meant`` the full question after those before it.
    ``as_typed`` says whether its words must not be changed. ``generation`` is the generation of the
    index that first answered it, or empty before that.
    """

    asked: str
    meant: str
    as_typed: bool
    generation: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The turn as the page stores it, and sends it back."""
        return asdict(self)


def next_turn(raw: object) -> Turn:
    """The next turn, from the parsed JSON of a page.

    It has the ``question``; the ``earlier`` questions as understood, the latest one last; and
    whether to leave the question ``as_typed``. Raises QuestionError if it is malformed.
    """
    match raw:
        case {"question": str(question), "earlier": [*earlier], "as_typed": bool(as_typed)} if len(
            earlier
        ) <= followups.LOOK_BACK and all(isinstance(each, str) for each in earlier):
            meant = None if as_typed else followups.resolve(question, earlier)
            return Turn(question, meant or question, as_typed)
    raise QuestionError("网页送来的问题不完整；请刷新网页后再试")


@dataclass(frozen=True, slots=True)
class Dated:
    """An answer, and the generation of the index that gave it."""

    answer: Answer
    generation: str


def ask(index: Index, meant: str, as_typed: bool) -> Dated:
    """Answer the full question of a turn. Raises what ``Index.ask`` raises."""
    return Dated(index.ask(meant, as_typed=as_typed), index.corpus.generation)


def exchange(turn: Turn, dated: Dated) -> Exchange:
    """Join a turn with the answer to its full question."""
    renewed = turn.generation not in ("", dated.generation)
    return Exchange(turn.asked, dated.answer, renewed)


def answer(index: Index, turn: Turn) -> Exchange:
    """Answer a turn. Raises what ``Index.ask`` raises."""
    return exchange(turn, ask(index, turn.meant, turn.as_typed))


def turns_from(raw: object) -> tuple[Turn, ...]:
    """The turns that a page sends back, as parsed JSON.

    Raises QuestionError if they do not have the form of ``Turn.to_dict``, or if there are none or
    too many.
    """
    if not isinstance(raw, list):
        raise QuestionError("要导出的问答读不出来；请刷新网页后再试")
    turns = tuple(map(turn_from, raw[: _MOST_TURNS + 1]))
    if not 0 < len(turns) <= _MOST_TURNS:
        raise QuestionError(f"一次可导出 1 至 {_MOST_TURNS} 个问答，这里有 {len(raw)} 个")
    return turns


def turn_from(raw: object) -> Turn:
    """A turn that a page sends back, as parsed JSON. Raises QuestionError."""
    match raw:
        case {
            "asked": str(asked),
            "meant": str(meant),
            "as_typed": bool(as_typed),
            "generation": str(generation),
        } if len(asked) <= LONGEST_QUESTION:
            return Turn(asked, meant, as_typed, generation)
    raise QuestionError("网页送来的问答不完整；请刷新网页后再试")
