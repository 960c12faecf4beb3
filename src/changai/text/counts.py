"""Which numbers in a text are counts or amounts of something."""

import re
from functools import lru_cache
from unicodedata import normalize

from changai.text import damage
from changai.text.numbers import (
    BLANK,
    CODE,
    HAN,
    NAME,
    NUMBER,
    REMEMBERED,
    stands_before,
)

_LISTED = re.compile(
    rf"(?:[题例表卷]|任务|步骤|方案|措施|做法|模块|项目|要点|目标|清单|线索|建议){BLANK}?\Z"
)
_MEASURE = re.compile(rf"{BLANK}?[余多]?{BLANK}?[个项件条份]")
"""What must follow a number after one of ``_LISTED`` for it to be a count: 解决问题128个, but not
问题4:怎么办."""

_TO = re.compile(rf"{BLANK}?(?:[-–—－~～]|——){BLANK}?(?=\d)")
_BOUND = re.compile(r"(?:0|[1-9]\d{0,5})(?:\.\d+)?")
_YEARS = re.compile(rf"\d{{4}}\D{{1,4}}\d{{4}}{BLANK}?(?:学?年|届)")
_COUNTED = re.compile(rf"{BLANK}?(?:[%％‰]|(?![月日号]){HAN})")


@lru_cache(maxsize=REMEMBERED)
def counts(text: str) -> tuple[int, ...]:
    """The start of each number, damaged or not, that is a count or an amount.

    Of a range, it is the start of the first number (5-8人). Days, months, ranks, labels and codes
    are left out; years are not.
    """
    broken = {position for span in damage.spans(text) for position in range(*span)}
    return tuple(
        start
        for start, end in (number.span() for number in NUMBER.finditer(text))
        if not stands_before(CODE, text, start)
        and (
            not stands_before(NAME, text, start)
            or (stands_before(_LISTED, text, start) and _MEASURE.match(text, end))
        )
        and (start in broken or _COUNTED.match(text, _range_end(text, start, end)))
    )


def _range_end(text: str, start: int, end: int) -> int:
    """The end of the range whose first number is ``start:end`` (5-8人), or ``end`` if it is alone.

    A range must rise, unlike dates and codes (05-13, 0574-8765), and must not be one of years.
    """
    to = _TO.match(text, end)
    last = NUMBER.match(text, to.end()) if to else None
    if last is None:
        return end
    low, high = (normalize("NFKC", each).replace(",", "") for each in (text[start:end], last[0]))
    rises = _BOUND.fullmatch(low) and _BOUND.fullmatch(high) and float(low) < float(high)
    return last.end() if rises and not _YEARS.match(text, start) else end
