"""The files in a folder of articles: articles, the files that belong to them, and others.

An article is a file ``NAME.txt``. Two files may stand beside it: ``NAME.toml``, its metadata, and
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

    Raises ArticleError if the folder is missing, cannot be read or has no articles; if
    ``is_usable_name`` rejects a name; if two names differ only in the case of ``.txt``; or if
    metadata or an FAQ has no article.
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
    """The names of whatever in a folder is not read, in order. That is all but articles, their
    metadata and FAQs, and hidden files. Raises ArticleError."""
    return [
        name
        for name in _listed(folder)
        if Path(name).suffix.lower() != ".txt" and not _is_sidecar(name)
    ]


def metadata(article: Path) -> Path:
    """The path of an article's metadata, whether or not the file exists."""
    return article.with_suffix(_METADATA)


def known_questions(article: Path) -> Path:
    """The path of an article's FAQ, whether or not the file exists."""
    return article.with_suffix(_QUESTIONS)


def is_there(sidecar: Path) -> bool:
    """Whether this file exists beside an article. Raises OSError.

    If its name is too long for any file, it does not exist; the article's own name is shorter.
    """
    try:
        sidecar.lstat()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENAMETOOLONG}:
            return False
        raise
    return True


def check_name(name: str) -> None:
    """Raise ArticleError if ``is_usable_name`` rejects an article's name."""
    if not is_usable_name(name):
        raise ArticleError(_unusable([name]))


def is_usable_name(name: str) -> bool:
    """Whether an article may have this name.

    All characters must be visible, so that no name looks like another one. A backslash is not
    allowed because it separates folders on other systems.
    """
    return "\\" not in name and is_printable(name)


def _unusable(names: Sequence[str]) -> str:
    return "文件名里有看不见的、不成字符的字符，或者反斜线；请改名：" + several(
        [f"“{shown(name)}”" for name in names]
    )


def _listed(folder: Path) -> list[str]:
    """All names in a folder that are not hidden, in order. Raises ArticleError."""
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
