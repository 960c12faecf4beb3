"""Outcomes made by hand, for the tests of what is made of them."""

from changai.evaluation.outcomes import Outcome
from changai.records import Answer, Citation, Document, Passage, Question

TEXT = "企业<总部>每年评选金牌工人&首席工人三十名。\n对获评的给予一次性奖励两千元。"
DOCUMENT = Document("d", "评选<办法>", "总工会", "2024-01-01", "", "d.txt", "", TEXT)
FIRST = Passage("d#1", DOCUMENT, TEXT[:23], 0, 23, (), "一(一)")
SECOND = Passage("d#2", DOCUMENT, TEXT[24:], 24, len(TEXT), (), "一(二)")
THRESHOLD = 0.5


def outcome(
    confidence: float,
    rank: int | None = None,
    *,
    kind: str = "",
    highlighted: bool = False,
    answers: tuple[str, ...] = ("两千元",),
    milliseconds: float = 10,
    text: str = "问",
    missing: tuple[str, ...] = (),
) -> Outcome:
    """An outcome with ``FIRST`` shown, answerable by ``SECOND`` unless ``rank`` is None."""
    answerable = rank is not None
    return Outcome(
        Question(
            text,
            ("两千元",) if answerable else (),
            kind=kind,
            answers=answers if answerable else (),
        ),
        Answer(
            text,
            confidence >= THRESHOLD,
            confidence,
            (Citation(1, 1.0, FIRST, ((6, 14),)),),
            missing=missing,
        ),
        rank or 0,
        highlighted,
        milliseconds / 1000,
    )
