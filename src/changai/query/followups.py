"""What a follow-up question means: resolved by rule, without a model.

People ask “技能人才总量多少?” and go on with “那高技能人才呢?”. ``resolve`` says what they mean,
“高技能人才总量多少?”, or None for a question that stands on its own. To change the meaning of a
whole question is worse than to miss a follow-up, so in doubt a question stands on its own.

A follow-up refers to the latest question that has a topic. The rules, in the order tried:

- ``_more``: “还有吗” and “具体呢” ask the same again, with 还 or 具体 added.
- ``_pronoun``: 它, 这个, 这项政策, 他们, 那里 stand for the earlier topic, people, or place.
- ``_about``: a question whose words mean nothing without a topic (“怎么申请?”, “一年保费多少钱?”)
  gets the topic of the earlier question.
- ``_instead``: a noun phrase marked by 那 or 呢 replaces a phrase of its kind (a year, a place,
  people, words listed together), one with the same ending, or the only one.
- ``_instead_latin``: the same for “what about …?” and “còn …?”, by years, names and shared words.

“为什么呢” is left alone: it asks for the reason behind an answer, which no rule here knows.

``phrases`` parses the questions; the words are those of ``followups.txt``.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache

from changai.query.phrases import FRAME, NOUN, Phrase, asks, is_people, lines, listed, read
from changai.text import normalisation, tokens
from changai.text.characters import has_han, has_surrogates

LOOK_BACK = 3
"""How many earlier questions a follow-up may refer to."""

# In characters. A longer text is a story of its own, not a follow-up.
_LONGEST = 60
_LONGEST_PHRASE = 12

_COURTESIES = (
    r"[你您]好|谢谢[你您了啦]*|多谢|好的?(?=[,。!;~ ]|$)|[嗯哦噢喔]+|哈哈+|再见|对了"
    r"|明白了?|知道了|了解了|原来如此|不好意思|打扰了?|请问(?:一下)?|麻烦[你您]?"
    r"|我?(?:还|再|就)?想?(?:再|还)?"
    r"(?:问(?:一?下)?|请教(?:一?下)?|(?<=想)(?:知道|了解)(?:一?下)?)"
)
_POLITE = rf"(?:(?:{_COURTESIES})[,。!;~ ]*)*"
_COURTEOUS_START = re.compile(rf"^{_POLITE}(那么?)?[,。!;~ ]*{_POLITE}")
_COURTEOUS_END = re.compile(r"(?:[?!。.,;~…\s]|谢谢[你您了啦]*|多谢)*$")
_PARTICLES = "呢啊呀哈吧"
_PREPOSITION = re.compile(r"^(?:换成|换做|如果是|要是|对于|关于|至于|比如|在|到|和|跟)+")
_SOMEBODY = re.compile("[你我您咱]")
_QUANTITY = re.compile(r"多少|几(?![号点月天])|占比|比例|人数|总[量数]")
_DEFINITION = re.compile(r"是什么(?!时|地|人)|什么是|什么意思|指什么")
_AFTER_HOW = "(?<!怎么)(?<!如何)(?<!怎样)(?<!能)(?<!可以)"

_ELSE = "(?:别的|其他的?|其它的?)"
_MORE = re.compile(f"(?:还有{_ELSE}?|{_ELSE})[吗么没呢]*")
_SPECIFICALLY = re.compile(r"(?:能|可以)?再?说?[的得]?(?:具体|详细)(?:一?点|说说|讲讲)?[吗么呢]*")
_LISTED = re.compile(r"(?:有|(?:[一-鿿]{2})?了)(?=哪些|什么|啥)")
_EXPLAINED = re.compile(r"是什么|有哪些|有什么|怎么|怎样|如何")

_LATIN_LEAD = re.compile(
    r"(?:and what about|what about|how about|and|(?:vậy |thế )?còn)\s+(.+?)(?:\s+thì sao)?", re.I
)
_LATIN_YEAR = re.compile(r"(?:(?:in|năm)\s+)?((?:19|20)\d\d)", re.I)
# Words that begin with a capital letter, except the first word of the question.
_LATIN_NAME = re.compile(r"(?: [^\W\d_a-zß-ÿ]\w+)+")


def resolve(question: str, earlier: Sequence[str]) -> str | None:
    """The full question that a follow-up means, or None when it stands on its own.

    ``earlier`` are the questions asked before, oldest first, as they were understood; the last
    ``LOOK_BACK`` count. The result is in the form of ``normalisation.plain``.
    """
    said = _tidied(question)
    for before in reversed(earlier[-LOOK_BACK:]):
        base = read(_tidied(before))
        if "C" in base.letters:
            meant = next(filter(None, (rule(said, base) for rule in _RULES)), None)
            return None if meant is None or meant == base.text else f"{meant}?"
    return None


def _more(said: str, base: Phrase) -> str | None:
    """“还有吗” asks for more of a list, “具体呢” for the same in detail."""
    rest, _ = _led(said)
    if _MORE.fullmatch(rest):
        place, adverb = _LISTED.search(base.text), "还"
    elif _SPECIFICALLY.fullmatch(rest):
        place, adverb = _EXPLAINED.search(base.text), "具体"
    else:
        return None
    if place is None or adverb in base.text or not base.topic:
        return None
    return base.text[: place.start()] + adverb + base.text[place.start() :]


def _pronoun(said: str, base: Phrase) -> str | None:
    """A pronoun that nothing in its own question can be the antecedent of."""
    rest = _led(said)[0].rstrip(_PARTICLES)
    match = _pronouns().search(rest)
    if match is None or "," in rest or not asks(rest):
        return None
    ahead, behind = rest[: match.start()], rest[match.end() :]
    if not re.fullmatch(f"{FRAME}*", read(ahead).letters) or not re.match(
        FRAME, read(behind).letters
    ):
        return None
    if match["people"]:
        meant = base.people
    elif match["there"]:
        meant = "".join(base.parts("P")[:1])
    else:
        meant = base.topic if base.topic in base.text else ""
    return ahead + meant + behind if meant else None


def _about(said: str, base: Phrase) -> str | None:
    """A question without a topic gets that of the earlier question."""
    rest = _led(said)[0].rstrip(_PARTICLES)
    letters = read(rest).letters
    if not asks(rest) or re.search("[CXP]", letters) or not re.search("[BE]", letters):
        return None
    return base.topic + rest if has_han(base.topic) else None


def _instead(said: str, base: Phrase) -> str | None:
    """A marked noun phrase replaces a similar one."""
    rest, led = _led(said)
    marked = rest.endswith("呢")
    phrase = _PREPOSITION.sub("", rest.removesuffix("呢"))
    if not (led or marked) or not 2 <= len(phrase) <= _LONGEST_PHRASE:
        return None
    if asks(phrase) or not base.asks:
        return None
    if base.people and phrase.startswith("他们的"):
        return base.text.replace(base.people, base.people + phrase[2:], 1)
    new = read(phrase.removesuffix("的"))
    if not re.fullmatch("[CJYP]*[CYP]", new.letters) or _SOMEBODY.search(phrase):
        return None
    if new.text in listed("nobody"):
        return None
    for part in new.parts(f"Y|P|{NOUN}"):
        if read(part).letters in ("Y", "P"):
            meant = _dated_or_placed(part, base)
        else:
            meant = _swapped(part, base) or (_weakly(part, base) if marked else None)
        if meant is None:
            return None
        base = read(meant)
    return base.text


def _dated_or_placed(part: str, base: Phrase) -> str | None:
    """The question for another year or place. If it asks for an amount, it may have had none."""
    there = base.parts(read(part).letters)
    if len(there) == 1:
        return base.text.replace(there[0], part)
    if there or not base.topic or not _QUANTITY.search(base.text):
        return None
    year = base.bounds[base.letters.startswith("Y")]
    return base.text[:year] + part + base.text[year:]


def _swapped(part: str, base: Phrase) -> str | None:
    """The question with ``part`` in place of a phrase of its kind, or with the same ending."""
    if not base.topic:
        return None
    for line in _like():
        if line.fullmatch(part) and (match := line.search(base.text)):
            return base.text[: match.start()] + part + base.text[match.end() :]
    for start, end in base.spans(NOUN if "的" in part else "C+"):
        if shared := _shared(part, base.text[start:end]):
            return base.text[: start + shared[0]] + part + base.text[start + shared[1] :]
    if base.people and is_people(part):
        return base.text.replace(base.people, part, 1)
    return None


def _shared(part: str, phrase: str) -> tuple[int, int] | None:
    """The ``(start, end)`` of what in ``phrase`` has the same ending as ``part``, or None.

    It begins where the phrase begins or, if ``part`` only has one more character in front (副, 高),
    where the word begins.
    """
    starts, own = read(phrase).bounds, read(part).bounds
    for length in range(len(part), 1, -1):
        place = phrase.find(part[-length:])
        before = len(part) - length
        if place >= 0 and (place in starts or before in own):
            return max(s for s in starts if s <= place) if before == 1 else 0, place + length
    return None


def _weakly(part: str, base: Phrase) -> str | None:
    """The question with ``part`` when no phrase is similar to it: as something that people have
    (“外地人的住房呢”), as the subject (“孩子怎么落户”), or in place of the only noun. Not in a
    question for an amount, because it would be a guess what else is counted."""
    if not base.topic or _QUANTITY.search(base.text):
        return None
    owned = part in listed("owned")
    if base.people and owned:
        return f"{base.people}的{part}呢"
    nouns = base.spans(NOUN)
    if len(nouns) != 1:
        return None
    start, end = nouns[0]
    if not re.search(f"{_AFTER_HOW}$", base.text[:start]):
        return part + base.text if owned or is_people(part) else None
    alike = is_people(part) == bool(base.people) and not owned and part not in listed("like")
    if alike or _DEFINITION.search(base.text):
        return base.text[:start] + part + base.text[end:]
    return None


def _instead_latin(said: str, base: Phrase) -> str | None:
    """“What about …?”, “còn …?”: a year, a name, or a phrase that ends in the same words."""
    match = _LATIN_LEAD.fullmatch(said)
    if match is None or has_han(base.text):
        return None
    phrase = match[1]
    if year := _LATIN_YEAR.fullmatch(phrase):
        swapped, found = re.subn(r"\b(?:19|20)\d\d\b", year[1], base.text, count=1)
        return swapped if found else f"{base.text} {phrase}" if phrase != year[1] else None
    names = _LATIN_NAME.findall(base.text)
    if len(names) == 1 and _LATIN_NAME.fullmatch(f" {phrase}"):
        return base.text.replace(names[0], f" {phrase}", 1)
    new, old = phrase.split(), base.text.split()
    for length in range(len(new), 0, -1):
        for start in range(len(old) - length + 1):
            if old[start : start + length] == new[-length:]:
                small = [n for n in range(start) if old[n].lower() in listed("latin")]
                first = max(start - len(new) + length, small[-1] + 1 if small else 0)
                return " ".join([*old[:first], *new, *old[start + length :]])
    return None


_RULES: tuple[Callable[[str, Phrase], str | None], ...] = (
    _more,
    _pronoun,
    _about,
    _instead,
    _instead_latin,
)


def _tidied(text: str) -> str:
    """The text without courtesies and punctuation around it; empty if it is too long to be a
    follow-up."""
    if len(text) > _LONGEST or has_surrogates(text):
        return ""
    text = normalisation.plain(text)
    # Normalisation may turn one character into eighteen (U+FDFA).
    if len(text) > _LONGEST:
        return ""
    text = _COURTEOUS_START.sub(lambda match: match[1] or "", text)
    return _COURTEOUS_END.sub("", text)


def _led(said: str) -> tuple[str, bool]:
    """The text after a leading 那 or 那么, and whether there was one. 那曲 and 那里 are other
    words."""
    words = tokens.words(said, guessing=False)  # Guessing would find 那产教 in 那产教融合.
    if not words or words[0][0] not in ("那", "那么"):
        return said, False
    return said.removeprefix(words[0][0]).lstrip(", "), True


@cache
def _like() -> tuple[re.Pattern[str], ...]:
    """A pattern for each line of words that may replace one another."""
    doing, *others = (
        f"(?:{'|'.join(sorted(words, key=len, reverse=True))})" for words in lines("like")
    )
    return tuple(map(re.compile, [doing, *(_AFTER_HOW + words for words in others)]))


@cache
def _pronouns() -> re.Pattern[str]:
    named = f"(?:{'|'.join(sorted(listed('named')))})"
    before = "(?:上面|前面|刚才)(?:说|讲|提到?)的"
    return re.compile(
        f"(?P<people>[他她]们)|(?P<there>那里|那儿)"
        f"|{before}(?:[这那][个项种款]?{named}?)?|[这那][个项种款]?{named}|[这那]个|它们?"
    )
