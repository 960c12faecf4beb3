"""What the models read of a passage."""

from changai.records import Passage
from changai.text.matching import matched


def passage_input(passage: Passage) -> str:
    """A passage as the encoder reads it: the title and the headings above it, then its text.

    A paragraph of a law seldom says which law it is of, and a paragraph under a heading seldom
    repeats it; questions name both.
    """
    return matched(f"{_above(passage)}\n{passage.text}", passage.document.misreadings)


def reader_input(passage: Passage) -> tuple[str, str]:
    """A passage as the reader reads it: the title and the headings above it, and its text."""
    misreadings = passage.document.misreadings
    return matched(_above(passage), misreadings), matched(passage.text, misreadings)


def together(above: str, text: str) -> str:
    """The two parts of what the reader reads of a passage, as one: its text is at the end."""
    return f"{above} {text}" if above else text


def _above(passage: Passage) -> str:
    return " ".join(filter(None, [passage.document.title, *passage.headings]))
