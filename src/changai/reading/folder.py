"""What stands in a folder of articles: articles, what they bring along, and what is neither.

An article is a ``NAME.txt``. Beside it may stand ``NAME.toml``, which describes it, and
``NAME.questions.jsonl``, its FAQ.
"""

import errno
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from changai import files
from changai.errors import ArticleError, several, shown
from changai.text.characters import is_printable

_METADATA = ".toml"
_QUESTIONS = ".questions.jsonl"


def find(folder: Path) -> list[Path]:
    """The articles of a folder, its ``*.txt`` files, in the order of their names.

    Raises ArticleError when the folder is missing, cannot be read or has none, or one with a name
    that is not ``is_usable_name``, or two that differ in the spelling of ``.txt`` only, or what
    stands beside an article without that.
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
    taken = {beside(path).name for path in paths for beside in (metadata, known_questions)}
    if orphans := [name for name in names if _is_sidecar(name) and name not in taken]:
        raise ArticleError(
            f"目录 {shown(folder)} 里的 {'、'.join(map(shown, orphans))} 没有同名的 .txt 文章；"
            "请改名，或移走"
        )
    return paths


def passed_over(folder: Path) -> list[str]:
    """The names of what stands in a folder of articles and is not read, in order: all but
    articles, what stands beside one and what is hidden. Raises ArticleError."""
    return [
        name
        for name in _listed(folder)
        if Path(name).suffix.lower() != ".txt" and not _is_sidecar(name)
    ]


def metadata(article: Path) -> Path:
    """Where an article is described, if it is."""
    return article.with_suffix(_METADATA)


def known_questions(article: Path) -> Path:
    """Where the questions known to be about an article are, if it has any."""
    return article.with_suffix(_QUESTIONS)


def is_there(sidecar: Path) -> bool:
    """Whether an article has this file beside it. A name that is too long no file can have: that
    of the article may be just short enough. Raises OSError."""
    try:
        sidecar.lstat()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENAMETOOLONG}:
            return False
        raise
    return True


def check_name(name: str) -> None:
    """Raise ArticleError where an article has a name that ``is_usable_name`` is not."""
    if not is_usable_name(name):
        raise ArticleError(_unusable([name]))


def is_usable_name(name: str) -> bool:
    """Whether an article may have this name: characters that show only, so that nobody takes it
    for another, and none that means a folder on another system."""
    return "\\" not in name and is_printable(name)


def _unusable(names: Sequence[str]) -> str:
    return "文件名里有看不见的、不成字符的字符，或者反斜线；请改名：" + several(
        [f"“{shown(name)}”" for name in names]
    )


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


def _is_sidecar(name: str) -> bool:
    return name.endswith((_METADATA, _QUESTIONS))
