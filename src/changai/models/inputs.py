"""What the models read of a passage."""

from changai.records import Passage
from changai.text.matching import matched


def passage_input(passage: Passage) -> str:
    """A passage as the encoder reads it: the title and the headings above it, then its text.

    A paragraph of a law seldom says which law it is of, and a paragraph under a heading seldom
    repeats it; questions name both.
    """
    document = passage.document
    above = " ".join(filter(None, [document.title, *passage.headings]))
    return matched(f"{above}\n{passage.text}", document.misreadings)
