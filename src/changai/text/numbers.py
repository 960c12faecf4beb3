"""What a number looks like in Chinese prose, and what shows that it is not a count."""

import re

HAN = r"[\u3400-\u9fff]"
"""A Chinese character, beside a number."""
BLANK = r"[ \t\u3000\xa0]"
POINT = r"[.．]"
DOTS = "·・･‧•∙⋅"
NUMERAL_DIGITS = "〇零一二三四五六七八九"
"""Chinese numerals that stand for a digit."""

REMEMBERED = 1000
"""How many texts' results are cached: the same passages come with every question."""

NUMBER = re.compile(rf"(?<!\d)\d++(?:[,，]\d{{3}}(?!\d))*+(?:{POINT}\d++)?")

# A number right after one of these is not a count: a code (PM2.5, ISO 9001) or the rest of a date,
# ratio or range (05-13, 1:2); the beginning of a name (第3, 表2, “3服务”); and the beginning of a
# sentence, where headings and list items have their numbers.
CODE = re.compile(rf"(?:[A-Za-z]{BLANK}?[+.]?|\d[/:：∶.．{DOTS}~～+×]|[-–—－’])\Z")
NAME = re.compile(
    r"(?:(?<![目此日当之以])前|[第双“‘「『\"'表图栏注例附题问卷秒]|附件|附录|任务|步骤|方案|阶段|措施"
    r"|做法|单元|模块|项目|要点|目标|清单|线索|建议|编号|序号|代码|电话|热线|神舟|嫦娥|长征)"
    rf"{BLANK}?\Z"
)
OPENING = re.compile(rf"(?:\A|[\n。；;：:！!？?•●]){BLANK}{{0,3}}\Z")
REACH = 4
"""How many characters before a number these patterns look at."""


def stands_before(pattern: re.Pattern[str], text: str, position: int) -> bool:
    """Whether a pattern matches right before a position in a text."""
    return pattern.search(text, max(0, position - REACH), position) is not None
