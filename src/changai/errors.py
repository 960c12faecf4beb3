"""Every error Changai raises on purpose.

    ChangaiError
    ├── QuestionError        the question cannot be asked as it stands
    ├── ArticleError         a source article cannot be read
    │   └── MetadataError        what stands beside it to describe it cannot be used
    ├── EncoderError         an encoder cannot be loaded or used
    ├── QuestionFileError    a file of questions cannot be used
    ├── BackupError          a backup cannot be written, or restored as it stands
    ├── MissingPackageError  a package that only some commands need is not installed
    ├── ReportError          the report of an evaluation cannot be written
    ├── OpinionError         a visitor's opinion cannot be kept as it stands
    ├── FeedbackError        the file of visitors' opinions cannot be used
    ├── AccountError         an account cannot be made, changed or removed as asked
    ├── AccountFileError     the file of accounts cannot be used
    ├── ServerError          the web page cannot be served
    ├── BusyError            too many ask at once
    └── IndexStateError      the index on disk cannot be used
        ├── IndexMissingError     there is none yet
        ├── IndexMismatchError    another encoder, format or reading of texts made it
        ├── IndexDamagedError     its files are not those its manifest names
        └── IndexBusyError        another process is rebuilding it

Each message says what happened, to what, and what to do next; in Chinese, since users see it.
"""

from collections.abc import Sequence

_SHOWN = 5


def several(places: Sequence[str]) -> str:
    """What is wrong in several places, for a message: a line each of the first, and how many."""
    more = [f"……等 {len(places)} 处"] if len(places) > _SHOWN else []
    return "\n".join([*places[:_SHOWN], *more])


def shown(name: object) -> str:
    """A file's name or path for a message: what cannot be printed is written as its code."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))


class ChangaiError(Exception):
    """The root: catch it to catch everything Changai raises on purpose."""


class QuestionError(ChangaiError):
    """The question is empty, without words, too long, or not valid text."""


class ArticleError(ChangaiError):
    """An article is missing, unreadable, not text, or holds no passage."""


class MetadataError(ArticleError):
    """The file that describes an article is unreadable, no TOML, or says what cannot be."""


class EncoderError(ChangaiError):
    """An encoder's package or model is missing or broken."""


class QuestionFileError(ChangaiError):
    """A file of questions is missing or malformed, or lacks what is asked of it."""


class BackupError(ChangaiError):
    """A backup is no sound one, would not fit, or would replace what is not to be replaced."""


class MissingPackageError(ChangaiError):
    """A package of an extra is not installed, and what was asked for needs it."""


class ReportError(ChangaiError):
    """The folder for a report cannot be written."""


class OpinionError(ChangaiError):
    """An opinion is of no question, too long, not valid text, or not asked for."""


class FeedbackError(ChangaiError):
    """A file of opinions is missing, full, damaged, of another kind or version, or may not be
    written; or no question can be made of it."""


class AccountError(ChangaiError):
    """A name or password that no account may have, a name that is taken, or one that is not."""


class AccountFileError(ChangaiError):
    """A file of accounts is missing, damaged, too large or full, or may not be read or written."""


class ServerError(ChangaiError):
    """The page cannot be served: its address cannot be listened on, or a setting cannot be used."""


class BusyError(ChangaiError):
    """Too many ask at once: the same request may do well a little later."""


class IndexStateError(ChangaiError):
    """The index on disk cannot be used as it stands."""


class IndexMissingError(IndexStateError):
    """No index has been built in this folder."""


class IndexMismatchError(IndexStateError):
    """The index was made by another encoder, in another format, or by another reading of texts."""


class IndexDamagedError(IndexStateError):
    """A file of the index is missing or differs from its checksum."""


class IndexBusyError(IndexStateError):
    """Another process holds the index's build lock."""
