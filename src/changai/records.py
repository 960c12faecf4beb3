"""The frozen records that packages pass to each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Spans = tuple[tuple[int, int], ...]
"""``(start, end)`` pairs of offsets in a text."""


METADATA_LOCATOR = "文章信息"
"""The locator of the passage with an article's title, date and issuing body."""

AUDIENCES = {"worker": "职工", "official": "干部"}
"""The two groups of readers that the page serves, and their names on the page."""


@dataclass(frozen=True, slots=True)
class Hotline:
    """A telephone number, from an article, to call when the article has no answer."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Example:
    """An example question, with its topic, for one of ``AUDIENCES``."""

    question: str
    topic: str
    audience: str


@dataclass(frozen=True, slots=True)
class Misreading:
    """A word that the scan has wrong, as printed, and the word that is meant."""

    printed: str
    meant: str


@dataclass(frozen=True, slots=True)
class Printed:
    """What the article's own page says, if it has been corrected; otherwise empty."""

    title: str = ""
    publisher: str = ""
    published: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One source article.

    ``text`` is the decoded content of the file, otherwise unchanged; every offset in Changai counts
    its characters. ``title``, ``publisher`` and ``published`` (an ISO date) are the correct values,
    for references; ``printed`` has what the page itself says if that differs. ``url`` is where the
    article was published. Unknown fields are empty.
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

    If there are no snippets, the corpus does not answer it. ``without`` is the id of a passage to
    leave out of the corpus for this question. ``kind`` is a free name for a group of questions.
    ``answers`` are the words that should be highlighted. ``line`` is its line number in the JSON
    Lines file that it was read from, or 0.
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
        """The snippets that occur in none of these texts."""
        return [snippet for snippet in self.relevant if not any(snippet in t for t in texts)]


@dataclass(frozen=True, slots=True)
class Article:
    """A document, its passages in reading order, and its FAQ.

    ``questions`` are known to be answered by these passages, or known not to be. ``stale`` are
    those that cannot be used because no passage contains one of their snippets. ``sources`` has the
    name and the SHA-256 of each file that the article was read from.
    """

    document: Document
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...] = ()
    stale: tuple[Question, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage retrieved for a question.

    ``rank`` counts from 1. ``score`` orders the citations of one question; scores of different
    questions cannot be compared. ``highlights`` are ``(start, end)`` within ``passage.text``, best
    first. ``damaged`` are the figures that the scan has probably damaged, as ``(start, end)`` in
    reading order. ``as_of`` is the date of the highlighted figures, as the passage writes it, or
    empty.
    """

    rank: int
    score: float
    passage: Passage
    highlights: Spans
    damaged: Spans = ()
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question: its citations, and whether they answer it.

    ``covered`` says whether the corpus answers the question, ``confidence`` with what probability.
    ``answering`` is how many of the first citations answer it, 0 if it is not covered.
    ``mentioned`` are the words of the question that the first passage mentions, verbatim.
    ``missing`` names, in Chinese, what the question asks for and the first passage does not give.
    ``taken_as`` is the question with its spelling corrected, or empty if that was not needed.
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
    """A question and its answer.

    ``asked`` is the question as typed. If it was a follow-up, ``answer.question`` is the full
    question that it stands for; otherwise both are the same. ``renewed`` says that the articles
    have changed since the question was first answered.
    """

    asked: str
    answer: Answer
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What identifies an encoder: vectors can be compared only if all of it is equal."""

    name: str
    weights_sha256: str
    dimension: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a rebuild did; ``changed`` is False if there was nothing to do.

    ``questions`` is how many FAQ questions are in the index. ``stale`` describes, in Chinese, each
    one left out because no passage contains one of its snippets: file, line and snippet.
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
    """The size and origin of an opened index.

    ``generation`` and ``built`` (ISO 8601, UTC) are empty for an index that was never written to
    disk.
    """

    documents: int
    passages: int
    encoder: EncoderIdentity
    generation: str = ""
    built: str = ""
