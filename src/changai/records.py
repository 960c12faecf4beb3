"""The frozen records that pass between the rooms."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Spans = tuple[tuple[int, int], ...]
"""``(start, end)`` pairs of offsets in a text."""


METADATA_LOCATOR = "文章信息"
"""Of the passage that holds an article's title, date and issuing body."""

AUDIENCES = {"worker": "职工", "official": "干部"}
"""Whom the page is for, and what they are called there."""


@dataclass(frozen=True, slots=True)
class Hotline:
    """A telephone number that an article names for those whom it does not answer."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Example:
    """A question to begin with, on a topic, for one of ``AUDIENCES``."""

    question: str
    topic: str
    audience: str


@dataclass(frozen=True, slots=True)
class Misreading:
    """What a scan has printed, and what it stands for."""

    printed: str
    meant: str


@dataclass(frozen=True, slots=True)
class Printed:
    """What an article's own page says of it, where that has been corrected; else empty."""

    title: str = ""
    publisher: str = ""
    published: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One source article.

    ``text`` is the file's content decoded, nothing else changed; every offset in Changai counts
    its characters. ``title``, ``publisher`` and ``published``, an ISO date, are as they should
    read, for references: ``printed`` has what the page itself says where that differs. ``url`` is
    where the article was published. What is not known is empty.
    """

    id: str
    title: str
    publisher: str
    published: str
    site: str
    file: str
    sha256: str
    text: str = field(repr=False)
    region: str = ""
    url: str = ""
    hotline: Hotline | None = None
    examples: tuple[Example, ...] = field(default=(), repr=False)
    misreadings: tuple[Misreading, ...] = field(default=(), repr=False)
    printed: Printed = Printed()


@dataclass(frozen=True, slots=True)
class Passage:
    """The smallest citable unit, with ``document.text[start:end] == text``."""

    id: str
    document: Document = field(repr=False)
    text: str
    start: int
    end: int
    headings: tuple[str, ...]
    locator: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with verbatim snippets of the passages that answer it.

    No snippet means that the corpus does not answer it. ``without`` is the id of a passage to
    leave out of the corpus for this question. ``kind`` is any name for questions of a sort, and
    ``answers`` are the words to be highlighted, where they are not the snippets. ``line`` is where
    it stands in the file that it was read from, if that is one of lines; else 0.
    """

    text: str
    relevant: tuple[str, ...]
    without: str | None = None
    kind: str = ""
    answers: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def answerable(self) -> bool:
        return bool(self.relevant)

    def is_hit(self, passage: Passage) -> bool:
        """Whether a passage answers this question."""
        return any(snippet in passage.text for snippet in self.relevant)

    def absent(self, texts: Sequence[str]) -> list[str]:
        """The snippets that stand in none of some passages' texts."""
        return [snippet for snippet in self.relevant if not any(snippet in t for t in texts)]


@dataclass(frozen=True, slots=True)
class Article:
    """A document, its passages in reading order, and questions known to be answered by them, or
    known not to be. ``stale`` are those that cannot be used, since a snippet of theirs stands in
    no passage. ``sources`` has the name and the SHA-256 of each file that it was read from."""

    document: Document
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...] = ()
    stale: tuple[Question, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage retrieved for a question.

    ``rank`` counts from 1. ``score`` orders the citations of one question, and means nothing across
    questions. ``highlights`` are ``(start, end)`` within ``passage.text``, best first; so, in
    reading order, are ``damaged``, the figures that the scan has probably damaged. ``as_of`` is the
    date, as the passage writes it, of the figures that the highlights rest on, or empty.
    """

    rank: int
    score: float
    passage: Passage
    highlights: Spans
    damaged: Spans = ()
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """``covered`` says whether the corpus answers the question; ``confidence`` how likely.

    ``answering`` is how many of the first citations answer it, 0 where it is not covered.
    ``mentioned`` is what of the question the first passage mentions, verbatim; ``missing`` names,
    in Chinese, what the question asks for and it does not give.
    ``taken_as`` is how the question was read where its spelling was mended, or empty.
    """

    question: str
    covered: bool
    confidence: float
    citations: tuple[Citation, ...]
    answering: int = 0
    mentioned: str = ""
    missing: tuple[str, ...] = ()
    taken_as: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The form in which ``changai ask --json`` and the web endpoint give an answer."""
        return {
            "question": self.question,
            "covered": self.covered,
            "confidence": self.confidence,
            "answering": self.answering,
            "mentioned": self.mentioned,
            "missing": list(self.missing),
            "taken_as": self.taken_as,
            "citations": [
                {
                    "rank": citation.rank,
                    "score": citation.score,
                    "text": citation.passage.text,
                    "highlights": [list(span) for span in citation.highlights],
                    "damaged": [list(span) for span in citation.damaged],
                    "as_of": citation.as_of,
                    "locator": citation.passage.locator,
                    "start": citation.passage.start,
                    "end": citation.passage.end,
                    "url": citation.passage.document.url,
                    "document": {
                        "id": citation.passage.document.id,
                        "title": citation.passage.document.title,
                        "publisher": citation.passage.document.publisher,
                        "published": citation.passage.document.published,
                        "file": citation.passage.document.file,
                    },
                }
                for citation in self.citations
            ],
        }


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question as it was typed, ``asked``, with its answer: ``answer.question`` is what it was
    taken to mean where it was a follow-up, else the same. ``renewed`` says that the articles have
    changed since the question was first answered."""

    asked: str
    answer: Answer
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What must be equal for two encoders' vectors to be comparable."""

    name: str
    weights_sha256: str
    dimension: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a rebuild did; ``changed`` is False when there was nothing to do.

    ``questions`` is how many known questions were taken up. ``stale`` tells, in Chinese, of each
    that was passed over because a snippet of it stands in no passage: file, line and snippet.
    """

    generation: str
    changed: bool
    documents: int
    passages: int
    encoder: EncoderIdentity
    questions: int = 0
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corpus:
    """What an opened index holds: ``generation`` and ``built`` (ISO 8601, UTC) are empty for one
    that was never written."""

    documents: int
    passages: int
    encoder: EncoderIdentity
    generation: str = ""
    built: str = ""
