"""Every error Changai raises on purpose.

    ChangaiError
    ├── QuestionError        the question cannot be asked as it is
    ├── ArticleError         a source article cannot be read
    │   └── MetadataError        the file that describes an article cannot be used
    ├── EncoderError         an encoder cannot be loaded or used
    ├── QuestionFileError    a file of questions cannot be used
    ├── TrainingError        a model cannot be trained, or written
    ├── BackupError          a backup cannot be written or restored
    ├── MissingPackageError  an optional package is needed and not installed
    ├── ReportError          the report of an evaluation cannot be written
    ├── OpinionError         a visitor's opinion cannot be stored
    ├── FeedbackError        the file of visitors' opinions cannot be used
    ├── AccountError         an account cannot be added, changed or removed
    ├── AccountFileError     the file of accounts cannot be used
    ├── ServerError          the web page cannot be served
    ├── BusyError            too many requests at once
    └── IndexStateError      the index on disk cannot be used
        ├── IndexMissingError     no index has been built yet
        ├── IndexMismatchError    made with another encoder, format or way of reading
        ├── IndexDamagedError     its files differ from its manifest
        └── IndexBusyError        another process is rebuilding it

Each message says what happened, to what, and what to do next. Users see it, so it is in Chinese.
"""

from collections.abc import Sequence

_SHOWN = 5


def several(places: Sequence[str]) -> str:
    """Several faults as the text of a message: the first five, one per line, then their number."""
    more = [f"……等 {len(places)} 处"] if len(places) > _SHOWN else []
    return "\n".join([*places[:_SHOWN], *more])


def shown(name: object) -> str:
    """A file's name or path for a message, with unprintable characters escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))


class ChangaiError(Exception):
    """The base of all errors that Changai raises on purpose."""


class QuestionError(ChangaiError):
    """The question is empty, has no words, is too long, or is not valid text."""


class ArticleError(ChangaiError):
    """An article is missing, unreadable, not text, or has no passages."""


class MetadataError(ArticleError):
    """The file that describes an article is unreadable, not TOML, or has an invalid value."""


class EncoderError(ChangaiError):
    """An encoder's package or model is missing or broken."""


class QuestionFileError(ChangaiError):
    """A file of questions is missing or malformed, or has too little for the purpose."""


class TrainingError(ChangaiError):
    """A recipe is missing or malformed, or the folder for a model cannot be written."""


class BackupError(ChangaiError):
    """A backup is damaged, too large, or would replace something that must be kept."""


class MissingPackageError(ChangaiError):
    """A package from an optional extra is needed and not installed."""


class ReportError(ChangaiError):
    """The folder for a report cannot be written."""


class OpinionError(ChangaiError):
    """An opinion belongs to no question, is too long, is not valid text, or is not collected."""


class FeedbackError(ChangaiError):
    """A file of opinions is missing, full, damaged, not writable, or of another kind or version; or
    no question can be made from it."""


class AccountError(ChangaiError):
    """A name or password is not allowed, a name is already taken, or no account has it."""


class AccountFileError(ChangaiError):
    """A file of accounts is missing, damaged, too large or full, or cannot be read or written."""


class ServerError(ChangaiError):
    """The page cannot be served: its address is not available, or a setting is not valid."""


class BusyError(ChangaiError):
    """Too many requests at once; the same request may succeed a little later."""


class IndexStateError(ChangaiError):
    """The index on disk cannot be used as it is."""


class IndexMissingError(IndexStateError):
    """No index has been built in this folder."""


class IndexMismatchError(IndexStateError):
    """The index was made with another encoder, format or way of reading texts."""


class IndexDamagedError(IndexStateError):
    """A file of the index is missing or differs from its checksum."""


class IndexBusyError(IndexStateError):
    """Another process holds the index's build lock."""
