"""Finds the figures in articles and the documents that they name, for the pages that list them.

It works by rules, and verbatim: everything that an entry says stands in its passage, word for word.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from changai.records import Passage
from changai.text import tokens
from changai.text.dates import date_of, date_spans, without_titles
from changai.text.quantities import Quantity, quantities
from changai.text.sentences import ends_sentence

Span = tuple[int, int]
"""``(start, end)`` within a passage's text."""

_CLAUSE_END = re.compile(r"[,，。;；:：!！?？\n]")
_PHRASE_END = re.compile(r"[,，。;；:：!！?？、\n《（(/]")
_WHOLE = re.compile(r"[^,，。;；:：!！?？\n]*(?<!其)中[,，]\Z")
"""The whole that a share is a part of: 市人大代表中, before 产业工人占11%."""
_LEADING = re.compile(
    "其中|累计|先后|共|[共总合]计|总共|全部|以及|并且?|[|｜]|[和及与又还也仅由为向至到在的、]"
)
_TRAILING = re.compile(
    "累计|共|[共总合]计|总共|[-—|｜]+|[共拥]?有|已[有经达]?|达到?|突破|约?占|分别|[为是各新的了至到在由向从与和将对中、]"
)
"""Words at the beginning or end of a phrase that only join a figure to what it counts."""
_NO_NOUN = ("v", "d", "p", "l", "i", "c", "u", "x")
"""The first letters of jieba's tags for words that no noun phrase begins with."""

_DONE = re.compile(
    r"(?P<verb>制定|制订|出台|印发|颁布|颁发|发布|公布|下发|转发|修订|修改|修正|起草|编制|拟定|拟订|审议通过"
    r"|通过|签订|签署|推出|实施)(?:[了过]|后?的)?[\s“\"]*\Z"
)
_JOINED = re.compile(r"[\s、和与及以]*")
_VERB_REACH = 8
"""How many characters before a title are searched for the verb."""
_FROM = re.compile(r"(?:[(（][^()（）]*[)）])?[自从于]")
_FORCE = re.compile("起?(?:正式)?(?:施行|实施|执行|生效|印发|出台|公布|发布)")
_NUMBERED = re.compile(r"[(（][^()（）]*?[〔\[［](\d{4})[〕\]］]")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in a passage: ``quantity`` is its place and value within ``passage.text``.

    ``subject`` is the span of what it counts, and ``as_of`` the date that it is valid for, as
    written. Both may be empty.
    """

    passage: Passage
    quantity: Quantity
    subject: Span
    as_of: str

    @property
    def text(self) -> str:
        """The figure, as written."""
        return self.passage.text[self.quantity.start : self.quantity.end]

    @property
    def counted(self) -> str:
        """What the figure counts, as written, or empty."""
        return self.passage.text[slice(*self.subject)]


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A document 《…》 that a passage names.

    ``span`` is its title with the brackets. ``verb`` is the span of the verb right before it, which
    says what was done with the document (出台), and ``dated`` is the date of that, as written. Both
    may be empty.
    """

    passage: Passage
    span: Span
    verb: Span
    dated: str

    @property
    def title(self) -> str:
        """The title with its brackets, as written."""
        return self.passage.text[slice(*self.span)]

    @property
    def done(self) -> str:
        """What was done with the document, as written, or empty."""
        return self.passage.text[slice(*self.verb)]


# Only for the generation in use: the cache keeps all its passages in memory.
@lru_cache(maxsize=1)
def figures(passages: tuple[Passage, ...]) -> tuple[Figure, ...]:
    """The figures of passages, in reading order; those of one passage do not overlap."""
    return tuple(figure for passage in passages for figure in _figures(passage))


@lru_cache(maxsize=1)
def documents(passages: tuple[Passage, ...]) -> tuple[NamedDocument, ...]:
    """Every naming of a document in passages, in reading order. A document may come up often."""
    return tuple(document for passage in passages for document in _documents(passage))


def _figures(passage: Passage) -> Iterator[Figure]:
    text = passage.text
    plain = without_titles(text)
    found = quantities(text)
    first, subject = 0, (0, 0)
    for each, last in zip(found, [*(f.start for f in found[1:]), len(text)], strict=False):
        if ends_sentence(text[first : each.start]):
            subject = (0, 0)
        subject = _subject(plain, each, first, last) or subject
        yield Figure(passage, each, subject, date_of(text, each.start))
        first = each.end


def _subject(text: str, figure: Quantity, first: int, last: int) -> Span | None:
    """What a figure counts: a span between the end of the last figure and the start of the next.

    That is the noun after a measure word (25 个部门), after 70%的, or after any figure with only a
    verb before it (打造 24 小时线上招聘大厅). Otherwise it is the phrase before the figure in its
    clause (技能人才总量达180.15万人), or the one after it. None if the figure continues the one
    before it (10万元、8万元; 由6.8万元提高到8.1万元).
    """
    clause = max([first, *(end.end() for end in _CLAUSE_END.finditer(text, first, figure.start))])
    start, end = _stripped(text, clause, figure.start)
    before = [tag for _, tag in tokens.words(text[start:end])]
    going_on = first > 0 and clause == first and all(tag[0] in "vpdx" for tag in before)
    stop = _PHRASE_END.search(text, figure.end, last)
    behind = _noun_phrase(text, figure.end, stop.start() if stop else last)
    if behind:
        share = figure.is_share and text.startswith("的", figure.end)
        opening = _tag(text[behind[0] if share else figure.end : behind[1]].lstrip())
        alone = not going_on and opening != "vn" and not any(map(_is_noun, before))
        if (share or figure.of_things or alone) and _opens_noun(opening):
            return behind
    if going_on:
        return None
    if start == end:
        return behind
    whole = _WHOLE.search(text, first, start)
    return (_stripped(text, whole.start(), end)[0] if whole else start), end


def _noun_phrase(text: str, start: int, end: int) -> Span | None:
    """The noun phrase after a figure, up to the next verb, or None if there is none."""
    start, end = _stripped(text, start, end)
    stop, noun = start, False
    for word, tag in tokens.words(text[start:end]):
        if noun and (not _opens_noun(tag) or tag == "r") and word != "的":
            break
        noun = noun or (_is_noun(tag) and len(word) > 1)  # in 疗休养, 疗 is not a noun yet
        stop += len(word)
    start, stop = _stripped(text, start, stop)
    return (start, stop) if stop > start else None


def _stripped(text: str, start: int, end: int) -> Span:
    """A span without the dates at its ends, and the words there that only join it to a figure."""
    dates = date_spans(text)
    while words := [word for word, _ in tokens.words(text[start:end], guessing=False)]:
        if words[0].isspace() or _LEADING.fullmatch(words[0]):
            start += len(words[0])
        elif words[-1].isspace() or _TRAILING.fullmatch(words[-1]):
            end -= len(words[-1])
        elif opening := [date for date in dates if date[0] <= start < date[1] <= end]:
            start = opening[0][1]
        elif closing := [date for date in dates if start <= date[0] < end <= date[1]]:
            end = closing[0][0]
        else:
            break
    # Numbers and signs alone, as in a table, name nothing that is counted.
    return (start, end) if any(map(str.isalpha, text[start:end])) else (start, start)


def _opens_noun(tag: str) -> bool:
    return _is_noun(tag) or not tag.startswith(_NO_NOUN)


def _is_noun(tag: str) -> bool:
    return tag[0] in "nj" or tag == "vn"


def _tag(text: str) -> str:
    """The part of speech of a text's first word."""
    return tokens.words(text)[0][1]


def _documents(passage: Passage) -> Iterator[NamedDocument]:
    text = passage.text
    dates = date_spans(text)
    end, verb, when = 0, (0, 0), ""
    for span in _titles(text):
        # 印发《甲》《乙》和《丙》: the verb applies to all of them.
        if not (verb[1] and _JOINED.fullmatch(text, end, span[0])):
            done = _DONE.search(text, max(end, span[0] - _VERB_REACH), span[0])
            verb = done.span("verb") if done else (0, 0)
            when = _before(text, verb[0], [date for date in dates if date[0] >= end])
        yield NamedDocument(
            passage, span, verb, _in_force(text, span[1], dates) or when or _in_title(text, span)
        )
        end = span[1]


def _titles(text: str) -> list[Span]:
    """The spans of titles 《…》 that are not inside another one. Unpaired brackets are skipped."""
    opened: list[int] = []
    titles: list[Span] = []
    for bracket in re.finditer("[《》]", text):
        if bracket[0] == "《":
            opened.append(bracket.start())
        elif opened:
            start = opened.pop()
            while titles and titles[-1][0] > start:
                titles.pop()
            titles.append((start, bracket.end()))
    return titles


def _before(text: str, verb: int, dates: Iterable[Span]) -> str:
    """The last date before a verb in the same sentence, or empty."""
    own = [d for d in dates if d[1] <= verb and not ends_sentence(text[d[1] : verb])]
    return text[slice(*own[-1])] if own else ""


def _in_force(text: str, title_end: int, dates: Iterable[Span]) -> str:
    """The date right after a title from which its document is in force, or empty."""
    opening = _FROM.match(text, title_end)
    found = [d for d in dates if opening and d[0] == opening.end() and _FORCE.match(text, d[1])]
    return text[slice(*found[0])] if found else ""


def _in_title(text: str, title: Span) -> str:
    """The year in the document number right after a title, or in the title itself, or empty."""
    if numbered := _NUMBERED.match(text, title[1]):
        return numbered[1]
    inner = text[title[0] + 1 : title[1] - 1]
    return next((inner[slice(*date)] for date in date_spans(inner)), "")
