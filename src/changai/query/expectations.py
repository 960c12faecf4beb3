"""What kind of answer a question expects, and whether a passage gives one.

A passage on the right topic does not answer a question if it lacks the amount, date, name or list
that is asked for. What is asked for, and what is given, is found by rule; how much it counts is
fitted (``evaluation.fitting``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from changai.text import lexicon
from changai.text.thesaurus import canonicalise


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of answer: what in a question asks for it, and what in a passage gives it.

    ``given`` is None for kinds that articles of this sort hardly ever give.
    """

    name: str
    asked: re.Pattern[str]
    given: re.Pattern[str] | None


def _kind(name: str, asked: list[str], given: str | None = None) -> Kind:
    return Kind(name, re.compile("|".join(asked)), None if given is None else re.compile(given))


_NUMBER = r"\d[\d.,]*\s*[余多万亿千百]*\s*"

QUANTITIES = (
    _kind(
        "金额",
        [
            r"多少块?钱|多少(?:块|元|经费|资金|费|预算)|几[块百千万十]+[块元钱]?|几个亿|金额",
            r"保费|租金|房租|奖金|价格|收费|费用",
            r"(?:补贴|补助|津贴|赔|奖励|[发领拿掏交]|投入|花).{0,5}(?:多少|几)",
            r"how much (?:money|fund|does|do|is|state)|bao nhiêu tiền",
        ],
        rf"{_NUMBER}[元块]",
    ),
    _kind(
        "人数",
        [
            r"多少[个名位万]?(?:产业|一线|高?技能)*(?:[人名位]|职工|工人|党员|员工|代表)",
            r"几[个十百千万]*(?:[人名位]|工人|职工)|人数|人次",
            r"how many (?:workers|people|members|skilled)|bao nhiêu (?:người|công nhân)",
        ],
        rf"{_NUMBER}[人名位]",
    ),
    _kind(
        "比例",
        [r"比例|百分|占比|占.{0,3}(?:多少|几)|几成|[^效]率(?:[是有达多?]|$)|percent|proportion"],
        r"\d\s*%",
    ),
    _kind(
        "数量",
        [
            r"(?:多少|几)[十百千万]*(?:[场项家次部条种所座份例件期届批轮]|企业|公司|部门|单位)",
            r"(?:多少|几)[十百千万]*(?:文件|制度)",
        ],
        rf"{_NUMBER}[场项家个次部条种份件所座期届批轮例]",
    ),
    _kind(
        "时长",
        [r"多久|多长|几个?(?:天|月|年|小时|周)|期限|时限|有效期|试行期|how long|bao lâu"],
        rf"{_NUMBER}(?:[天年日]|个月|小时)|每年",
    ),
    _kind(
        "数字",
        [r"多少|几|how many|how much|bao nhiêu|mấy"],
        r"\d|[一二三四五六七八九十百千万双两]",
    ),
)
PARTICULARS = (
    _kind(
        "时间",
        [
            r"什么时候|啥时候?|何时|哪一?[年月天日]|几[月号点时]|哪个月|什么时间|截止|起[施执]行",
            r"\bwhen\b|what (?:year|date|time)|khi nào|ngày nào|mấy giờ",
        ],
        r"\d{4}\s*年|\d{4}-\d|\d+\s*小时|每年|五一",
    ),
    _kind(
        "地点",
        [
            r"[在去到从上](?:哪|什么地方|啥地方)(?!些|家|个部门|个方面|个层|一)|哪里|哪儿|地址|地点",
            r"哪条路|怎么[去走]|哪家医院|哪个(?:窗口|科室)|\bwhere\b|ở đâu|địa chỉ",
        ],
        r"在\S{2,8}(?:召开|举行)|刊发|大厅|平台|网|《",
    ),
    _kind(
        "姓名",
        [
            r"是谁|谁[是来写颁说领]|谁(?:负责|主持)|姓甚|姓什么|叫什么名|叫啥名|姓名|名字叫|哪位|哪个人",
            r"(?:主席|书记|局长|市长|主任|负责人|联系人|领导|委员|代表).{0,6}(?:[姓名谁]|哪位)",
            r"\bwho (?:is|was|are)\b|tên gì|là ai",
        ],
        r"领导|办公室|牵头|委",
    ),
    _kind(
        "联系方式",
        [
            r"网址|邮箱|公众号|二维码|链接|微信|小程序|客服|传真|\bapp\b|web ?site",
            r"(?:联系|服务|办公|单位|医院|法院|你们)\S{0,3}电话",
        ],
        r"https?:|www",
    ),
    _kind(
        "电话",
        [r"电话|号码|热线|拨打?|打哪个|几号|hotline|phone|number do|đường dây nóng|điện thoại"],
        r"\d{5,}",
    ),
)
DETAILS = (
    _kind(
        "办理条件和手续",
        [
            r"手续|流程|(?<!经验)材料|证件|资料|(?:什么|哪些|[啥的有])条件|资格|门槛|步骤|样表|申请表",
            r"(?:怎么|如何|咋|[在去]哪)(?:申请|办理|报名|[领填交]|申报|登记|注册)|怎么算|如何计算|咋算",
            r"什么标准|符合|够不够|\bapply\b|eligib|requirement|giấy tờ|thủ tục",
        ],
    ),
    _kind("原因", [r"为什么|为啥|为何|凭什么|原因|\bwhy\b|tại sao"]),
    _kind(
        "具体内容",
        [
            r"分别|名单|目录|全文|原文|逐[个一]|列出|列一下|列举|详细|细则|原话|文号|第几期|哪一期",
            r"哪[四六三五两几八]个?|各是|是哪.{0,3}[个项]|都(?:有谁|叫)|具体(?:内容|[指是])",
            r"list of|names of",
        ],
    ),
    _kind(
        "比较",
        [
            r"比(?:去年|上年|往年|前年|上一?届|上次|杭州|别的|其他)|较[上去往]|增长|同比|上升|排名|排第",
            r"第几(?!期)|相比|增加了多少|提高了[多几]|差多少|差距|对比|变化趋势|涨了",
            r"compare|than last",
        ],
        r"较往|提升",
    ),
    _kind(
        "这个时间的情况",
        [
            r"今年|去年|前年|明年|目前|最近|最新|现任|如今|下一步|以后|将来|未来|今后|本月|上个月|这个月",
            r"(?:last|this|next) year|năm nay|năm ngoái",
        ],
    ),
    _kind(
        "这个范围的情况",
        [r"全省|全国|各省|国家[的有]|国家层面|中央|本省|省里|哪个省|县一?级|市辖区|区里"],
        r"全国|省|中组部",
    ),
    _kind(
        "效果",
        [
            r"效果|成效|结果[如怎是]|满意|评价如何|反响|成功率|实际|好不好|有用吗|靠谱|后来|真的假",
            r"打折|合法|违法|算不算|几个点",
        ],
    ),
)

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NUMERAL = re.compile(r"\d+(?:\.\d+)?")
_SEVERAL = re.compile(
    r"哪些|都[有是叫用搞开]|分别|各[有自是]|几[个种项类条]|[啥些].{0,4}(?:路子|法子|门路)|[和与、]"
    r"|什么.{0,6}(?:措施|做法|办法|行动|活动|会议?|机制)|\bwhich\b|\bwhat \S+s\b|những|\bcác\b"
)

# A place that somebody comes from is not what the question is about.
_ORIGIN = r"(?!.{0,2}(?:来的|(?<!外地)人(?!才)|籍|老家|过来|嫁))"


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a question expects of its answer."""

    kinds: tuple[Kind, ...]
    years: tuple[str, ...]
    places: tuple[str, ...]
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """What a question asks for and a passage does not give, by name in Chinese."""

    quantities: tuple[str, ...]
    particulars: tuple[str, ...]
    details: tuple[str, ...]
    years: tuple[str, ...]
    places: tuple[str, ...]
    points: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        """All of them, the most informative first."""
        years = tuple(f"{year}年" for year in self.years)
        kinds = (*self.particulars, *self.quantities, *self.details)
        return tuple(dict.fromkeys((*self.places, *years, *self.points, *kinds)))


def read(question: str) -> Expectations:
    """What a normalised question expects."""
    every = (*QUANTITIES, *PARTICULARS, *DETAILS)
    return Expectations(
        kinds=tuple(kind for kind in every if kind.asked.search(question)),
        years=tuple(dict.fromkeys(_YEAR.findall(question))),
        places=tuple(dict.fromkeys(_places().findall(question))),
        points=tuple(dict.fromkeys(_points().findall(canonicalise(question)))),
    )


def circumstances(question: str) -> frozenset[str]:
    """The numbers and places that a normalised question names, and the names of the details that it
    asks for. A similar question with other ones, or with none, asks for something else."""
    details = frozenset(kind.name for kind in DETAILS if kind.asked.search(question))
    return frozenset(_NUMERAL.findall(question)) | places(question) | details


def places(text: str) -> frozenset[str]:
    """The places that a normalised text is about."""
    return frozenset(_places().findall(text))


def asks_several(question: str) -> bool:
    """Whether a normalised question asks for several things, which several passages may give."""
    return _SEVERAL.search(question) is not None


def gives(expected: Expectations, clause: str) -> bool:
    """Whether a normalised clause gives an amount or a particular that is asked for."""
    return any(
        kind.given.search(clause)
        for kind in expected.kinds
        if kind.given is not None and kind in (*QUANTITIES, *PARTICULARS)
    )


def names_year(text: str) -> bool:
    """Whether a normalised text names a year."""
    return _YEAR.search(text) is not None


def missing(
    expected: Expectations, passage: str, clauses: Sequence[str], dating: str, document: str
) -> Missing:
    """What a question expects and a passage does not give.

    A kind of answer must be in the passage's best ``clauses``, a point anywhere in the passage, a
    year in the text ``dating`` it, and a place anywhere in its document. All texts must be
    normalised.
    """
    near, official = " ".join(clauses), canonicalise(passage)
    lacking = [k for k in expected.kinds if k.given is None or not k.given.search(near)]
    return Missing(
        quantities=tuple(kind.name for kind in lacking if kind in QUANTITIES),
        particulars=tuple(kind.name for kind in lacking if kind in PARTICULARS),
        details=tuple(kind.name for kind in lacking if kind in DETAILS),
        years=tuple(year for year in expected.years if year not in dating),
        places=tuple(place for place in expected.places if place not in document),
        points=tuple(point for point in expected.points if point not in official),
    )


@cache
def _places() -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(lexicon.words('places.txt'))}){_ORIGIN}")


@cache
def _points() -> re.Pattern[str]:
    longest_first = sorted(lexicon.words("points.txt"), key=len, reverse=True)
    return re.compile("|".join(longest_first))
