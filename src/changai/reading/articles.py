"""Reading an article: a saved web page becomes a Document with its Passages.

The only place that knows file formats. A page has a head, which says what it is, a body, whose
outline gives the passages, perhaps a signature, and site furniture, which is no passage.
"""

import errno
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from changai import files
from changai.errors import ArticleError, QuestionFileError, several, shown
from changai.reading import decoding, questions
from changai.reading.outline import LONGEST_HEADING, UNRANKED, Line, Span, opens_body, outline, rank
from changai.records import METADATA_LOCATOR, Article, Document, Passage, Question
from changai.text.characters import has_words

_DAY = r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
_DATE = re.compile(rf"发布(?:日期|时间)\s*[:：]\s*{_DAY}")
_PLAIN_DATE = re.compile(_DAY)
# When a law was passed and amended, in brackets below its title and maybe over several lines:
# the first has a date, and more brackets may stand within.
_HISTORY = re.compile(
    rf"[(（](?=[^\r\n]*{_DAY})(?:[^()（）]|[(（][^()（）]*[)）])*[)）](?=[^\S\r\n]*(?:[\r\n]|\Z))"
)
_ENACTED = re.compile(rf"{_DAY}(?:(?!\d{{4}}\s*[-/.年])[^。；;])*?(?:通过|修订|修正|公布|批准)")
_SOURCE = re.compile(
    r"(?:来源|发布机构|发文机关)\s*[:：][ \t\u3000\xa0]*((?!发布(?:日期|时间)|作者)[^\s|]+)"
)
_SITE = re.compile(r"欢迎(?:来到|访问|光临)\s*(.+?)\s*[!！]")
_HOTLINE = re.compile(r"\S*热线\s*[:：]\s*\d[\d-]*")
_ORGANISATION = re.compile(r"(?:办公室|工会|委员会|委|局|厅|部|政府|党组|中心|协会|集团|公司)$")
_LABEL = re.compile(r"\S{2,6}[:：]")
_FURNITURE = re.compile(
    r"欢迎(?:来到|访问|光临)|设为首页|加入收藏|今天是\s*[:：]?\s*$|当前位置|打印本页|关闭窗口|版权所有"
    r"|浏览次数|返回顶部|ICP备|^[上下]一[篇条页]\s*[:：]|^【.*(?:字体|打印|关闭).*】$|^责任编辑"
)

LARGEST = 20_000_000
"""Of an article, in bytes: some sixty times the Civil Code."""

_QUESTIONS = "*.questions.jsonl"
SIGNATURE_LOCATOR = "落款"


def read(path: Path) -> Article:
    """Read one article file, and the known questions beside it, if there are any: those of which
    each snippet stands in a passage, and apart from them those of which one does not (``stale``).

    Raises ArticleError when it is missing, unreadable, too large, no regular file, not UTF-8 text,
    holds no passage or has a name that ``is_usable_name`` is not, and QuestionFileError when its
    questions cannot be used.
    """
    if not is_usable_name(path.name):
        raise ArticleError(_unusable([path.name]))
    try:
        data = files.read_bytes(path, LARGEST)
    except OSError as error:
        raise ArticleError(f"读不了文章 {shown(path)}：{files.cause(error)}") from error
    if wrong := decoding.fault(path, data):
        raise ArticleError(f"文章 {wrong}")
    text = data.decode("utf-8-sig")
    if not text.strip():
        raise ArticleError(f"文章 {shown(path)} 是空的；请写入正文，或移走这个文件")
    sha256 = hashlib.sha256(data).hexdigest()
    article = replace(parse(text, file=path.name, sha256=sha256), sources=((path.name, sha256),))
    beside = known_questions(path)
    if not _is_there(beside):
        return article
    # A question that the article has outgrown is passed over whole: it must not keep a correction
    # from those who ask, nor teach, without its snippet, that the article does not answer it.
    texts = [passage.text for passage in article.passages]
    usable: list[Question] = []
    stale: list[Question] = []
    brought = questions.read_lines(beside)
    for question in brought.questions:
        (stale if question.absent(texts) else usable).append(question)
    return replace(
        article,
        questions=tuple(usable),
        stale=tuple(stale),
        sources=(*article.sources, (beside.name, brought.sha256)),
    )


def is_usable_name(name: str) -> bool:
    """Whether an article may have this name: characters that show only, so that nobody takes it
    for another, and none that means a folder on another system."""
    return "\\" not in name and all(
        c.isprintable() or unicodedata.category(c) == "Zs" for c in name
    )


def _unusable(names: Sequence[str]) -> str:
    return "文件名里有看不见的、不成字符的字符，或者反斜线；请改名：" + several(
        [f"“{shown(name)}”" for name in names]
    )


def _is_there(questions: Path) -> bool:
    """Whether an article has a file of known questions. A name that is too long no file can have:
    that of the article may be just short enough."""
    try:
        questions.lstat()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENAMETOOLONG}:
            return False
        raise QuestionFileError(f"读不了 {shown(questions)}：{files.cause(error)}") from error
    return True


def read_all(paths: Sequence[Path]) -> list[Article]:
    """Read several article files as ``read`` does; an error tells of all that cannot be read."""
    corpus: list[Article] = []
    faults: list[ArticleError | QuestionFileError] = []
    for path in paths:
        try:
            corpus.append(read(path))
        except (ArticleError, QuestionFileError) as error:
            faults.append(error)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        told = "\n".join(map(str, faults))
        raise type(faults[0])(f"有 {len(faults)} 个文件要改：\n{told}") from faults[0]
    return corpus


def told_stale(article: Article) -> list[str]:
    """Of each known question that is passed over: its file and line, and what the article lacks."""
    file = known_questions(Path(article.document.file)).name
    texts = [passage.text for passage in article.passages]
    return [
        f"{file} 第 {question.line} 行“{question.text}”：没有一段含“{snippet}”"
        for question in article.stale
        for snippet in question.absent(texts)
    ]


def find(folder: Path) -> list[Path]:
    """The articles of a folder, its ``*.txt`` files, in the order of their names.

    Raises ArticleError when the folder is missing, cannot be read or has none, or one with a name
    that is not ``is_usable_name``, or two that differ in the spelling of ``.txt`` only, or known
    questions without their article.
    """
    names = _listed(folder)
    paths = [folder / name for name in names if Path(name).suffix.lower() == ".txt"]
    if not paths:
        raise ArticleError(f"目录 {shown(folder)} 里没有 .txt 文章；请放入至少一篇")
    if unusable := [path.name for path in paths if not is_usable_name(path.name)]:
        raise ArticleError(f"目录 {shown(folder)} 里，{_unusable(unusable)}")
    alike = [stem for stem, count in Counter(path.stem for path in paths).items() if count > 1]
    if alike:
        raise ArticleError(
            f"目录 {shown(folder)} 里有不止一篇文章叫 {'、'.join(alike)}，"
            "只差 .txt 的大小写；请改名"
        )
    taken = {known_questions(path).name for path in paths}
    if orphans := [name for name in names if _is_questions(name) and name not in taken]:
        raise ArticleError(
            f"目录 {shown(folder)} 里的 {'、'.join(map(shown, orphans))} 没有同名的 .txt 文章；"
            "请改名，或移走"
        )
    return paths


def passed_over(folder: Path) -> list[str]:
    """The names of what stands in a folder of articles and is not read, in order: all but
    articles, known questions and what is hidden. Raises ArticleError."""
    return [
        name
        for name in _listed(folder)
        if Path(name).suffix.lower() != ".txt" and not _is_questions(name)
    ]


def _listed(folder: Path) -> list[str]:
    """The names in a folder of articles that are not hidden, in order."""
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArticleError(
            f"没有文章目录 {shown(folder)}；请建立它，或用 --index、CHANGAI_INDEX 指定索引目录"
        ) from error
    except OSError as error:
        raise ArticleError(f"读不了文章目录 {shown(folder)}：{files.cause(error)}") from error


def _is_questions(name: str) -> bool:
    return Path(name).match(_QUESTIONS)


def known_questions(path: Path) -> Path:
    """Where the questions known to be about an article are, if it has any."""
    return path.with_suffix(_QUESTIONS[1:])


def parse(text: str, *, file: str, sha256: str) -> Article:
    """Split a decoded page into its document and passages.

    Raises ArticleError when nothing citable is found in it.
    """
    upper, body, signature = _split(list(_lines(text)))
    head = _read_head(upper, signature)
    document = Document(
        id=Path(file).stem,
        title=head.title or Path(file).stem,
        publisher=head.publisher,
        published=head.published,
        site=head.site,
        file=file,
        sha256=sha256,
        text=text,
    )
    spans = outline(text, body)
    if not spans:
        raise ArticleError(f"文章 {file} 里找不到段落；请让每段各占一行")
    if has_words(text[head.start : head.end]):
        spans.insert(0, Span(head.start, head.end, (), METADATA_LOCATOR))
    if signature:
        spans.append(Span(signature[0].start, signature[-1].end, (), SIGNATURE_LOCATOR))
    passages = tuple(
        Passage(
            id=f"{document.id}#p{number}",
            document=document,
            text=text[span.start : span.end],
            start=span.start,
            end=span.end,
            headings=span.headings,
            locator=span.locator,
        )
        for number, span in enumerate(spans, start=1)
    )
    return Article(document, passages)


@dataclass(slots=True)
class _Head:
    """What stands above the body, ``start:end``, and what it says of the page."""

    title: str = ""
    publisher: str = ""
    published: str = ""
    site: str = ""
    start: int = 0
    end: int = 0


def _lines(text: str) -> Iterator[Line]:
    """The lines that are not blank, each with its offset. A law's history is one line, however it
    is broken."""
    start = end = 0
    for raw in text.splitlines(keepends=True):
        stripped = raw.strip()
        if stripped and start >= end:
            line = Line(start + raw.index(stripped), stripped)
            history = _HISTORY.match(text, line.start)
            if history and _enacted(history[0]):
                line = Line(line.start, history[0])
            end = line.end
            yield line
        start += len(raw)


def _split(lines: list[Line]) -> tuple[list[Line], list[Line], list[Line]]:
    """The lines of head, body and signature. The body opens with the first line of running text,
    under its chapter's heading if it has one, or below the first line; the signature closes the
    page with a date and perhaps a body."""
    body = next((i for i, line in enumerate(lines) if _is_body(line)), min(1, len(lines) - 1))
    # A heading not above the next one's rank belongs to a table of contents.
    while body > 0 and rank(lines[body - 1].text) < rank(lines[body].text):
        body -= 1
    content = [line for line in lines[body:] if not _is_furniture(line.text)]
    end = len(content)
    while end > 1 and (_is_organisation(content[end - 1].text) or _is_date(content[end - 1].text)):
        end -= 1
    if not any(_PLAIN_DATE.search(line.text) for line in content[end:]):
        end = len(content)
    return lines[:body], content[:end], content[end:]


def _read_head(lines: list[Line], signature: list[Line]) -> _Head:
    """Read title, date, issuing body and site from the lines that stand above the body.

    The title is the longest line above the date that is no label, subtitle or remark in brackets,
    or where there is no date the first line. What the head lacks the signature may give.
    """
    head = _Head()
    content = [line for line in lines if not _is_furniture(line.text)]
    dated = next(
        (i for pattern in (_DATE, _PLAIN_DATE) for i, line in enumerate(content)
         if pattern.search(line.text)),
        None,
    )  # fmt: skip
    titles = [
        line
        for line in content[: dated or 1]
        if not line.text.startswith(("(", "（", "—")) and not _LABEL.match(line.text)
    ]
    title = max(titles, key=lambda line: len(line.text) if dated else 0, default=None)
    head.title = title.text if title else ""
    for line in [*content, *signature]:
        if line is title:
            continue
        source = _SOURCE.search(line.text)
        name = source[1] if source else _PLAIN_DATE.sub("", line.text).strip()
        if (source or _is_organisation(name)) and not head.publisher:
            head.publisher = name
    every = "\n".join(line.text for line in [*content, *signature])
    if found := _DATE.search(every) or _first_date([*content, *signature]):
        head.published = _iso(found)
    for line in lines:
        if site := _SITE.search(line.text):
            head.site = site[1]
    spans = [(line.start, line.end) for line in content]
    spans += [
        (line.start, line.end)
        for line in lines
        if _HOTLINE.search(line.text) or _SITE.search(line.text)
    ]
    if spans:
        head.start, head.end = min(spans)[0], max(end for _, end in spans)
    return head


def _first_date(lines: Sequence[Line]) -> re.Match[str] | None:
    """The first date that lines hold, or of a law's history the last: its text is of that day."""
    for line in lines:
        if found := _enacted(line.text) or _PLAIN_DATE.search(line.text):
            return found
    return None


def _enacted(text: str) -> re.Match[str] | None:
    """When a law was last passed or amended, if a line is its history in brackets."""
    if not _HISTORY.fullmatch(text):
        return None
    return max(_ENACTED.finditer(text), key=re.Match.start, default=None)


def _iso(found: re.Match[str]) -> str:
    """The ISO form of a date, or nothing for one that no calendar has."""
    try:
        return date(*map(int, found.groups())).isoformat()
    except ValueError:
        return ""


def _is_furniture(text: str) -> bool:
    """Whether a line is the site's and not the article's: those are short, and no sentences."""
    return len(text) <= LONGEST_HEADING and "。" not in text and _FURNITURE.search(text) is not None


def _is_organisation(text: str) -> bool:
    return (
        len(text) <= LONGEST_HEADING
        and not opens_body(text)
        and rank(text) == UNRANKED
        and _ORGANISATION.search(text) is not None
    )


def _is_date(text: str) -> bool:
    return _PLAIN_DATE.fullmatch(text) is not None or _DATE.match(text) is not None


def _is_body(line: Line) -> bool:
    return not _is_furniture(line.text) and not _enacted(line.text) and opens_body(line.text)
