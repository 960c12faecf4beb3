"""The quantities in a text: numbers with their units, verbatim, found by rule.

A quantity is a number with a unit, a fraction, or a damaged number. Ranks, labels, dates, codes and
names (八八战略, 三个到位) are not; Chinese numerals are only if they clearly count something.
"""

import math
import re
import unicodedata
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from functools import cache

from changai.text import damage, lexicon
from changai.text.dates import amounts, date_spans, without_titles
from changai.text.numbers import NUMERAL_DIGITS

_SHARES = ("%", "％", "‰", "百分之")

_BLANK = r"[ \t\u3000\xa0]?"
_DIGITS = r"\d+(?:[,，]\d{3}(?!\d))*(?:[.．]\d+)?"
_SCALE = r"(?:[十千万亿]|百(?!分))"
# Also 1亿3000万, 3万五千, 1千200 and 3万2000, but not 1万20: digits alone fill the last scale.
_REST = r"(?:(?<=百)\d\d|(?<=千)\d{3}|(?<=万)\d{4}|(?<=亿)\d{8})(?!\d)"
_SCALED = (
    rf"{_DIGITS}(?:{_BLANK}[余多来几]?{_SCALE}+"
    rf"(?:(?:\d+|[{NUMERAL_DIGITS}]){_SCALE}+){{0,3}}(?:{_REST})?)?"
)
_TO = rf"{_BLANK}(?:[-—–－~～至到]|——){_BLANK}"
_NUMBER = re.compile(rf"(?P<low>{_SCALED})(?:{_TO}(?P<high>{_SCALED}))?")
_OTHER_END = re.compile(rf"{_TO}(?P<number>{_SCALED})")
_CHANGING = re.compile(rf"[从由自]{_BLANK}\Z")
"""What shows that an apparent range is two quantities: 从500元到800元."""
_RANKED = ("期", "批", "批次", "个批次", "轮", "组", "区", "栋", "幢")
"""The units whose ranges are of ranks: 1-3期工程, 一至三组."""
_FEW = re.compile(rf"{_BLANK}[余多]")
_SCALE_BEHIND = re.compile(rf"{_BLANK}{_SCALE}+")
_LOST_END = re.compile(rf"{_BLANK}(?:[%％‰:：]|(?![{NUMERAL_DIGITS}])[\u3400-\u9fff])\Z")
"""What follows the number in a damaged span: a sign, or what replaced a lost unit."""

_DIGIT = "[一二两三四五六七八九]"
_NUMERALS = "零一二两三四五六七八九十百千万亿"
_BELOW_10000 = rf"(?:{_DIGIT}千零?)?(?:{_DIGIT}百零?)?(?:{_DIGIT}?十)?{_DIGIT}?"
_NUMERAL = re.compile(rf"(?:(?<![第前数几线以之])[数几上])?(?<![第前\d{_NUMERALS}])[{_NUMERALS}]+")
_EXACT = re.compile(
    rf"(?=.*[十百千万亿])(?=..)(?:{_BELOW_10000}亿零?)?(?:{_BELOW_10000}万零?)?{_BELOW_10000}"
)
_VAGUE = re.compile("[数几上][十百千万亿]{1,2}")
_SHORT = re.compile("[二两三四五六七八九]|[十百千万亿]{1,2}")
# It must not begin inside a word (统一到两个平台) or with a rank (第一至三名).
_NUMERAL_RANGE = re.compile(
    rf"(?<![第前初唯统逐单同合专之其周期几数{_NUMERALS}])(?P<low>{_BELOW_10000}(?<=[{_NUMERALS}])[万亿]?){_TO}"
    rf"(?P<high>{_BELOW_10000}(?<=[{_NUMERALS}])[万亿]?)(?![{_NUMERALS}])"
)
_IN_HUNDREDS = re.compile(
    rf"百分之{_BLANK}(?P<value>{_DIGITS}|[零一二三四五六七八九十百]+(?:点[零一二三四五六七八九]+)?)"
)
_ROUND = "(?:以上|以下|以内|左右|上下)?"
_WHOLE = r"(?:[1-9]\d*+|[一二三四五六七八九十百千万]++)"
_FRACTION = re.compile(
    rf"(?<![第又\d.．{_NUMERALS}])(?!百分之)(?P<value>{_WHOLE}分之{_WHOLE})(?!点|[.．]\d){_ROUND}"
)
# 2/3 is often a date or a page, but not in 占2/3 or 2/3以上.
_SLASHED = re.compile(
    rf"(?:(?<=[占达近约超逾过])|(?<=达到|[低少高多]于)|(?<![第\dA-Za-z/.．])(?=[\d/]++以[上下内]))"
    rf"(?P<value>[1-9]\d?/[1-9]\d?)(?![\dA-Za-z/.．%％]){_ROUND}"
)
# What shows that a quantity is one end of a range, unless the other end is a quantity too:
# 300元/月-500元, 百分之三至五, 100余至200余人; but not 统一到30家, 20家到5月.
_HALF_BEHIND = re.compile(
    rf"(?:/[\u3400-\u9fff]{{1,2}})?{_TO}(?=\d++(?!{_BLANK}[月日号]))|(?<=[{_NUMERALS}]){_TO}(?=[{_NUMERALS}])"
)
_HALF_BEFORE = re.compile(
    rf"(?:\d|(?<![统唯逐单同合专之其])[{_NUMERALS}])[余多来几]?(?P<to>{_TO})\Z"
)
_GLUED_BEFORE = re.compile(rf"\d{_SCALE}+\Z")
_GLUED_BEHIND = re.compile(r"(?<=[十百千万亿])\d")
"""This may be one number or two: 奖励1万20人, 补贴1万500元."""
_RANGE = re.compile("[-—–－~～至到]")
_OF_WHOLE = re.compile("分之|/")

_ABOUT = re.compile(
    r"(?:[不至][少低高]于|不超过|不足|至少|最[多高低]|将近|接近|大约|超过|超|逾"
    rf"|(?<![最附])近|(?<![节签预公])约|(?<!圆)满){_BLANK}\Z"
)
"""A word right before a number that bounds it."""
_COUNTING = re.compile(rf"(?:[共达计仅超逾]|(?<![最附])近|(?<![节签预公])约|超过|不少于){_BLANK}\Z")
"""What makes a numeral a count, even if it looks like a name."""
_REACH = 5
"""How many characters before a number these patterns look at."""

_ONES = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity at ``start:end`` of a text, including words that bound it (近700家, 20人以上).

    ``value`` is its number as written (700, 180.15万, 5-8, 三分之二). ``unit`` is empty if the unit
    is damaged, or if the number needs none (118万). ``of_things`` says whether the unit is a
    measure word, which a noun follows (700家企业).
    """

    start: int
    end: int
    value: str
    unit: str
    of_things: bool = False
    damaged: bool = False

    @property
    def amount(self) -> float | None:
        """The number, to sort by; None if it is damaged, a range, or vague (数十)."""
        return None if self.damaged else _amount(self.value)

    @property
    def is_share(self) -> bool:
        """Whether it is a share of a whole: 26.1%, 三分之二."""
        return self.unit in _SHARES or _OF_WHOLE.search(self.value) is not None


def quantities(text: str) -> list[Quantity]:
    """The quantities of a text in reading order, without overlaps and without those in titles."""
    plain = without_titles(text)
    broken = {position for span in damage.spans(plain) for position in range(*span)}
    sound = [*_in_digits(plain, broken), *_in_numerals(plain), *_fractions(plain)]
    found = [*_damaged(plain), *(q for q in sound if broken.isdisjoint(range(q.start, q.end)))]
    apart: list[Quantity] = []
    for each in sorted(found, key=lambda each: each.start):
        if not apart or each.start >= apart[-1].end:
            apart.append(each)
    ends = {each.end for each in apart}
    known = {each.start for each in apart}.union(*(range(*d) for d in date_spans(plain)))
    return [each for each in apart if each.damaged or _is_whole(plain, each, ends, known)]


def _is_whole(text: str, figure: Quantity, ends: Set[int], known: Set[int]) -> bool:
    """Whether a quantity is neither one end of a range nor run together with another number.

    ``ends`` are the ends of all quantities; ``known`` are their starts, and every position in a
    date.
    """
    reach = max(0, figure.start - _REACH)
    before = _HALF_BEFORE.search(text, reach, figure.start)
    behind = _HALF_BEHIND.match(text, figure.end)
    return not (
        (before and before.start("to") not in ends)
        or (behind and behind.end() not in known)
        or _GLUED_BEFORE.search(text, reach, figure.start)
        or _GLUED_BEHIND.match(text, figure.end)
    )


def _damaged(text: str) -> Iterator[Quantity]:
    for start, end in damage.spans(text):
        value = _LOST_END.sub("", text[start:end])
        if len(value) < end - start:
            unit = text[end - 1] if text[end - 1] in "%％‰" else ""
            yield Quantity(_bound(text, start), end, value, unit, damaged=True)
        else:
            scale = _SCALE_BEHIND.match(text, end)
            yield replace(_measured(text, start, scale.end() if scale else end), damaged=True)


def _in_digits(text: str, broken: Set[int]) -> Iterator[Quantity]:
    """The sound quantities in digits: with a unit, or so large that they need none (118万会员)."""
    for position in amounts(text):
        value = _NUMBER.match(text, position)
        if value and broken.isdisjoint(range(*value.span())):
            found = _to_other_end(text, position, _measured(text, *value.span()), broken)
            if value["high"] and (found.unit in _RANKED or not _rises(value["low"], value["high"])):
                continue
            if found.unit or value[0][-1] in "万亿":
                yield found


def _to_other_end(text: str, number: int, first: Quantity, broken: Set[int]) -> Quantity:
    """The whole range if a quantity is its first end (50%-60%, 5000元至2万元), else the quantity.

    A change (从20件到30件) is not a range, nor is anything that falls. The number of the ``first``
    quantity begins at ``number``.
    """
    other = _OTHER_END.match(text, first.end) if first.unit else None
    changing = _CHANGING.search(text, max(0, first.start - _REACH), first.start)
    if other is None or changing or not broken.isdisjoint(range(*other.span())):
        return first
    last = _measured(text, *other.span("number"))
    dated = any(a <= other.end() - 1 < b for a, b in date_spans(text))
    if dated or last.unit != first.unit or not _rises(first.value, last.value):
        return first
    return replace(last, start=first.start, value=text[number : other.end()])


def _in_numerals(text: str) -> Iterator[Quantity]:
    """The quantities in Chinese numerals that clearly count: of two or more numerals, ranges, and
    those after a word that announces an amount. Not years, which are mostly names (三年行动)."""
    for match in _IN_HUNDREDS.finditer(text):
        yield Quantity(_bound(text, match.start()), match.end(), match["value"], "百分之")
    for match in _NUMERAL_RANGE.finditer(text):
        found = _measured(text, *match.span())
        if _rises(match["low"], match["high"]) and found.unit not in ("", *_RANKED):
            yield found
    for match in _NUMERAL.finditer(text):
        counting = _COUNTING.search(text, max(0, match.start() - _REACH), match.start())
        if (
            _EXACT.fullmatch(match[0])
            or _VAGUE.fullmatch(match[0])
            or (counting and _SHORT.fullmatch(match[0]))
        ):
            found = _measured(text, *match.span())
            if found.unit not in ("", "年"):
                yield found


def _fractions(text: str) -> Iterator[Quantity]:
    """The fractions: 三分之二, and 2/3 if it is clearly not a date (占2/3)."""
    for match in _FRACTION.finditer(text):
        yield Quantity(_bound(text, match.start()), match.end(), match["value"], "")
    for match in _SLASHED.finditer(text):
        if (_amount(match["value"]) or 1) < 1:
            yield Quantity(_bound(text, match.start()), match.end(), match["value"], "")


def _measured(text: str, start: int, end: int) -> Quantity:
    """The quantity whose number is ``start:end``, with the unit that follows, if there is one."""
    behind = _unit().match(text, end)
    if behind is None:
        few = _FEW.match(text, end)
        stop = few.end() if few else end
        return Quantity(_bound(text, start), stop, text[start:end], "", of_things=True)
    of_things = behind["things"] is not None
    return Quantity(_bound(text, start), behind.end(), text[start:end], behind["unit"], of_things)


def _bound(text: str, position: int) -> int:
    """The start of the quantity whose number begins at ``position``."""
    about = _ABOUT.search(text, max(0, position - _REACH), position)
    return about.start() if about else position


@cache
def _unit() -> re.Pattern[str]:
    things, others = ("|".join(lexicon.words(f"{n}.txt")) for n in ("measure_words", "units"))
    return re.compile(
        rf"(?:{_BLANK}[余多来几])?{_BLANK}(?P<unit>{others}|(?P<things>{things})){_ROUND}"
    )


def _amount(value: str) -> float | None:
    """The value of a number in digits or numerals; None for ranges and for vague ones like 数十."""
    if value[0] in "数几" or _RANGE.search(value):
        return None
    plain = re.sub(r"[,\s余多来几上]", "", unicodedata.normalize("NFKC", value))
    whole, of, part = plain.partition("分之")
    if of:
        return _number(part) / _number(whole)
    part, of, whole = plain.partition("/")
    return _number(part) / _number(whole) if of else _number(part)


def _rises(low: str, high: str) -> bool:
    """Whether the first of two numbers is smaller, as in a range."""
    first, last = _amount(low), _amount(high)
    return first is not None and last is not None and first < last


def _number(plain: str) -> float:
    if plain[0].isdecimal():
        parts = re.findall(rf"(\d+(?:\.\d+)?|[{NUMERAL_DIGITS}])([十百千万亿]*)", plain)
        return sum(
            float(_ONES.get(number, number)) * math.prod(_SCALES[each] for each in scales)
            for number, scales in parts
        )
    whole, _, decimals = plain.partition("点")
    total = section = digit = 0
    for each in whole:
        if each in _ONES:
            digit = _ONES[each]
        elif each == "亿":
            total, section, digit = (total + section + digit or 1) * _SCALES[each], 0, 0
        elif each == "万":
            total, section, digit = total + (section + digit or 1) * _SCALES[each], 0, 0
        else:
            section, digit = section + (digit or 1) * _SCALES[each], 0
    return float(f"{total + section + digit}.{''.join(str(_ONES[each]) for each in decimals)}")
