"""OCR damage: which numbers in Chinese prose a scan has probably damaged, by rule.

This only finds the places. Nothing is ever repaired.
"""

import re
from collections.abc import Iterable, Iterator, Set
from functools import cache, lru_cache
from itertools import pairwise

from changai.records import Spans
from changai.text import lexicon
from changai.text.numbers import (
    BLANK,
    CODE,
    DOTS,
    HAN,
    NAME,
    NUMBER,
    NUMERAL_DIGITS,
    OPENING,
    POINT,
    REACH,
    REMEMBERED,
    stands_before,
)

_SCALES = "两十百千万亿"

_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+")
# No sound number looks like these. Each pattern starts only where no digit or separator precedes,
# and is possessive, so that it takes linear time on any text.
_RUN = r"(?<!\d)(?<!\d[,，.．])\d++(?:[,，.．]\d++)*+"
_IMPOSSIBLE = tuple(
    re.compile(pattern)
    for pattern in (
        # 1,,234  7.,4  7.,亿
        rf"{_RUN}[,，.．]{{2}}(?:\d++|(?=[万亿]))",
        # 11.%  12,%
        rf"{_RUN}[,，.．:：;；、。·]{{1,2}}{BLANK}?[%％‰]",
        # 12。5%
        rf"{_RUN}。\d++{BLANK}?[%％‰]",
        # 占.5%
        rf"(?<={HAN}){POINT}\d++{BLANK}?[%％‰]",
        # 3·2%, 3・2万人; not 3·15晚会
        rf"{_RUN}{BLANK}?[{DOTS}]{BLANK}?\d++"
        rf"(?={BLANK}?(?:[%％‰万亿倍吨亩]|元(?![宵旦])|个?百分点|小时|公里|公顷|平方|立方|米(?!兰)))",
        # 180 .15
        rf"{_RUN}{BLANK}{{1,2}}{POINT}\d++",
        # 达 12. 5%
        rf"(?:(?<={HAN})|(?<={HAN}{BLANK})){_RUN}{POINT}{BLANK}{{1,2}}\d++"
        rf"(?={BLANK}?[%％‰万亿])",
        # 69o/o
        rf"{_RUN}{BLANK}?[oO]/[oO0]",
        # 2□20, and a digit beside what could not be decoded
        rf"{_RUN}[□■]\d++",
        rf"{_RUN}[,，.．]?\ufffd++(?:[,，.．]?\d++)*+",
        r"(?<![\d\ufffd])\ufffd++[,，.．]?\d++(?:[,，.．]\d++)*+",
    )
)

_WITHIN = re.compile(rf"{HAN}{BLANK}?\Z")
# After these words a number is a count, even if it looks like a name.
_COUNTING = re.compile(rf"(?:[占达近超约逾共仅]|[共合总累]计){BLANK}?\Z")
_LONE_POINT = re.compile(rf"{POINT}(?=[万亿,，;；、。]|个?百分点)")
_COLON = re.compile(rf"[:：](?={BLANK}?{HAN})")
_YEAR_OR_CODE = re.compile(r"(?:19|20)\d\d|\d{5,}")
_GLUED = re.compile(HAN)
_SPACED_HAN = re.compile(rf"{BLANK}?{HAN}")
_LIKE_A_NAME = re.compile(
    rf"(?:19|20)\d\d|\d{{3}}|\d{{5,}}|\d{POINT}0"
    rf"|(?:1[0-2]|0?[1-9]){POINT}(?:[12]\d|3[01]|0?[1-9])"
)
"""Names with numbers: 2023全国大会, 110报警, 12351职工热线; 工业4.0时代; 5.12汶川地震, 2.1总则."""

_PARTED = re.compile(
    rf"(?<![A-Za-z\d/\-])(?<!\d[,，.．:：])(?<!\d{BLANK})(?<!\d{BLANK}{BLANK})"
    rf"\d++(?:{POINT}\d++)?+(?:{BLANK}{{1,2}}\d++(?:{POINT}\d++)?+)++(?!{BLANK}?[:：/\-]|[A-Za-z])"
)
_IN_THOUSANDS = re.compile(rf"[1-9]\d{{0,2}}(?: \d{{3}})+(?:{POINT}\d+)?")
"""Groups of three digits, which GB/T 15835-2011 allows."""
_YEAR_SIGN = re.compile(rf"{BLANK}?年")
_MOST_PARTS = 3
"""A longer row of numbers is from a table."""
_SHORTEST_CODE = 5
_SHORTEST_PHONE = 7

_GLUED_DIGITS = re.compile(r"\d++(?:[,，.．]\d++)*+")
_ONE_PART = rf"[\d{NUMERAL_DIGITS}{_SCALES}]++(?:[,，.．](?=\d)[\d{NUMERAL_DIGITS}{_SCALES}]++)*+"
_PART = re.compile(_ONE_PART)
_ROW = re.compile(rf"{_ONE_PART}(?:{BLANK}{{1,2}}{_ONE_PART})*+")
_DIGITS = re.compile(rf"[\d,，.．]+[{_SCALES}]*")
_MIXED = re.compile(rf"\d[{NUMERAL_DIGITS}]|[{NUMERAL_DIGITS}{_SCALES}]{POINT}?\d")
_BETWEEN = re.compile(rf"\d[{NUMERAL_DIGITS}]++{POINT}?\d")
_LED = re.compile(rf"[{NUMERAL_DIGITS}{_SCALES}]++(?P<point>{POINT})?(?=\d)")
_TAILED = re.compile(
    rf"\d(?:[{NUMERAL_DIGITS}]++(?:[{_SCALES}]|{BLANK}{{1,2}}\d)|[二三四五六七八九]{BLANK}?[%％‰名人元个])"
)
"""Digits followed by a stray numeral: 160二亿, 953一 7, 160二人; but not 300一人."""
_DASHED = re.compile(r"\d{3,}一\d{3,}")
"""A dash read as 一, between years or in a telephone number: 2020一2025年."""
_NOUGHTS = re.compile(rf"(?<![\d{NUMERAL_DIGITS}])[一二][0{NUMERAL_DIGITS}]{{3}}(?={BLANK}?年)")
"""二0二0年, a common spelling of 二〇二〇年."""
_NOT_LED = re.compile(rf"(?:19|20)\d\d{BLANK}?年|\d++(?:{POINT}\d++)?[A-Za-z]")
"""Digits that may follow a numeral: 一2020年, 三4A级."""
_ENDS_IN_NUMERAL = re.compile(
    rf"(?:(?:周|星期|礼拜)[一二三四五六]|[初高大][一二三四]|(?:[其第表图]|附件)[{NUMERAL_DIGITS}]"
    rf"|[之唯统万逐单同合专对年月日号时%％]一|(?<![{NUMERAL_DIGITS}{_SCALES}])(?:[五六七八十]一|三八|五四|十[二三四五]五)"
    r"|[超过上破逾][十百千万亿]*[百千万亿])\Z"
)
"""Words that end in a numeral, so that digits may follow: 周一9点, 统一300元, 五一3天, 产值超亿3家,
5月1日一8日."""
_LETTERED = re.compile(
    r"(?<![A-Za-z0-9])(?![Oo]2[Oo](?![A-Za-z0-9]))[0-9OoIl]++(?:[,.][0-9OoIl]++)*+(?![A-Za-z0-9])"
)
_LOOKALIKE = re.compile(r"\d[,.]?[OoIl]|[Ol]\.\d|l\d")
_UNIT = re.compile(rf"{BLANK}?[年月日%％‰万亿名人元个]")


@lru_cache(maxsize=REMEMBERED)
def spans(text: str) -> Spans:
    """The ``(start, end)`` of the numbers that a scan has probably damaged, in reading order.

    These are numbers that have lost digits or gained separators (11.%, 1,,234, 3·2%); numbers
    broken by spaces, look-alike letters or numerals (1 5, 2O20, 8二6); and numbers followed by
    something that ``after_figures.txt`` says cannot follow one (占69:市, 2专产业). Spans do not
    overlap. Each holds at least one digit, and all of its number but scales (万) and units. It
    cannot find a number that was misread as another plausible one, nor one that may be a name
    (985高校) or written in groups of three (1 500).
    """
    text = _ADDRESS.sub(lambda address: "/" * len(address[0]), text)
    text = _NOUGHTS.sub(lambda year: year[0].replace("0", "〇"), text)
    found = [match.span() for pattern in _IMPOSSIBLE for match in pattern.finditer(text)]
    found += [*_misfollowed(text), *_parted(text), *_lettered(text)]
    found += _mixed(text, {start for start, _ in found})
    return _joined(
        (start, glued.end() if (glued := _GLUED_DIGITS.match(text, end)) else end)
        for start, end in found
    )


def _misfollowed(text: str) -> Iterator[tuple[int, int]]:
    """The numbers followed by something that cannot follow a number in a sentence."""
    for number in NUMBER.finditer(text):
        start, end = number.span()
        if stands_before(CODE, text, start) or stands_before(NAME, text, start):
            continue
        counting = stands_before(_COUNTING, text, start)
        if stands_before(_WITHIN, text, start):
            wrong = _LONE_POINT.match(text, end)
            if counting or not _YEAR_OR_CODE.fullmatch(number[0]):
                wrong = wrong or _COLON.match(text, end)
            if wrong:
                yield start, wrong.end()
                continue
        behind = (_SPACED_HAN if counting else _GLUED).match(text, end)
        if (
            behind
            and (counting or not _LIKE_A_NAME.fullmatch(number[0]))
            and not stands_before(OPENING, text, start)
            and not _followers().match(text, behind.end() - 1)
        ):
            yield start, behind.end()


def _parted(text: str) -> Iterator[tuple[int, int]]:
    """The numbers that are broken by spaces."""
    for row in _PARTED.finditer(text):
        before_year = _YEAR_SIGN.match(text, row.end()) is not None
        if not stands_before(CODE, text, row.start()) and not _several(row[0], before_year):
            yield row.span()


def _several(row: str, before_year: bool) -> bool:
    """Whether a row of numbers is several numbers, or one in groups of three: not one broken by
    spaces."""
    parts = row.split()
    whole = [part for part in parts if part.isdecimal()]
    return (
        len(parts) > _MOST_PARTS
        or whole[: len(parts) - 1] != parts[:-1]
        or (before_year and _YEAR_OR_CODE.fullmatch(parts[-1]) is not None)
        or (not before_year and _IN_THOUSANDS.fullmatch(" ".join(parts)) is not None)
        or max(map(len, parts)) >= _SHORTEST_CODE
        or sum(map(len, parts)) >= _SHORTEST_PHONE
        or (len(parts) > 2 and all(int(b) - int(a) == 1 for a, b in pairwise(whole)))
    )


def _mixed(text: str, damaged: Set[int]) -> Iterator[tuple[int, int]]:
    """The numbers that mix digits and Chinese numerals, with the digits that spaces separate from
    them.

    A number that only ends in numerals counts if one of the ``damaged`` numbers begins in it.
    """
    for row in _ROW.finditer(text):
        if not _MIXED.search(row[0]):
            continue
        parts = [part.span() for part in _PART.finditer(text, *row.span())]
        found = [part for part in parts if _is_mixed(text, *part, damaged)]
        if found and len(parts) <= _MOST_PARTS:
            own = [part for part in parts if part in found or _DIGITS.fullmatch(text, *part)]
            found = [(own[0][0], own[-1][1])]
        for start, end in found:
            yield start, start + len(text[start:end].rstrip(_SCALES))


def _is_mixed(text: str, start: int, end: int, damaged: Set[int]) -> bool:
    part = text[start:end]
    named = stands_before(CODE, text, start) or stands_before(NAME, text, start)
    opening = stands_before(OPENING, text, start)
    if _BETWEEN.search(part):
        # A dash is often misread as 一: 表1一2 is a name, as 表1-2 is.
        return not (_DASHED.search(part) or (named and "一" in part))
    if led := _LED.match(part):
        return not (
            (led["point"] and opening)
            or _NOT_LED.match(text, start + led.end())
            or _ENDS_IN_NUMERAL.search(text, max(0, start - REACH), start + led.end())
        )
    if _MIXED.search(part) and not damaged.isdisjoint(range(start, end)):
        return True
    tailed = None if named or opening else _TAILED.search(text, start, end + REACH)
    return tailed is not None and not _YEAR_OR_CODE.fullmatch(text, start, tailed.start() + 1)


def _lettered(text: str) -> Iterator[tuple[int, int]]:
    """The numbers that contain letters that look like digits."""
    for token in _LETTERED.finditer(text):
        mixed = re.search(r"\d", token[0]) and re.search("[OoIl]", token[0])
        if mixed and (_LOOKALIKE.search(token[0]) or _UNIT.match(text, token.end())):
            yield token.span()


def _joined(spans: Iterable[tuple[int, int]]) -> Spans:
    """The spans in order, with touching ones merged."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            start, end = joined[-1][0], max(end, joined.pop()[1])
        joined.append((start, end))
    return tuple(joined)


@cache
def _followers() -> re.Pattern[str]:
    return re.compile("|".join(lexicon.words("after_figures.txt")))
