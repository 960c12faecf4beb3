"""Who may sign in: accounts in a JSON file that the administrator names, passwords as hashes.

Passwords are hashed by scrypt (RFC 7914), each with a salt of its own. The file keeps the cost that
each was hashed at, so that later versions can hash new ones at a higher one. Names are compared in
Unicode's form NFC. Passwords are taken in form NFKC, one of the two that NIST SP 800-63B
recommends: Chinese keyboards type full-width letters and digits as easily as narrow ones, and
either must do. As there, a password must be long, and may be of any letters.
"""

import hashlib
import hmac
import logging
import math
import os
import secrets
import stat
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated, Self

from filelock import FileLock, Timeout
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from changai import files
from changai.errors import AccountError, AccountFileError

LONGEST_NAME = 64
"""In characters."""

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
"""In characters, as Unicode counts them."""

MOST_ACCOUNTS = 1000
_MOST_BYTES = 1_000_000

_SALT_BYTES = 16
_HASH_BYTES = 32
_COST = (2**15, 8, 3)
"""scrypt's n, r and p: one of the costs that OWASP's Password Storage Cheat Sheet holds equal, and
of these one that takes little memory, 32 MiB."""

_HIGHEST_COST = 2**20
"""What n * r * p may be in a file, a third more than ours; a hash then takes at most 128 MiB."""

_SECONDS_TO_WAIT = 10
"""For another process that is writing."""

_log = logging.getLogger(__name__)


def _check_name(name: str) -> str:
    if not _is_name(name):
        raise ValueError(name)
    return name


@dataclass(frozen=True, slots=True, config=ConfigDict(strict=True, extra="forbid"))
class Account:
    """A name, and the scrypt hash of its password, with the salt and the cost it was made at.

    Salt and hash are in hexadecimal. A password that is set anew makes another account, even where
    it is the same: two are equal only if neither name nor password has been touched.
    """

    name: Annotated[str, AfterValidator(_check_name)]
    n: Annotated[int, Field(ge=2, le=2**17)]
    r: Annotated[int, Field(ge=1, le=32)]
    p: Annotated[int, Field(ge=1, le=16)]
    salt: Annotated[str, Field(pattern=f"^[0-9a-f]{{{2 * _SALT_BYTES}}}$")] = field(repr=False)
    hash: Annotated[str, Field(pattern=f"^[0-9a-f]{{{2 * _HASH_BYTES}}}$")] = field(repr=False)

    @model_validator(mode="after")
    def _check_cost(self) -> Self:
        # The last is scrypt's own condition (RFC 7914).
        dear = math.prod(self.cost) > _HIGHEST_COST
        if self.n.bit_count() != 1 or dear or self.n >= 2 ** (16 * self.r):
            raise ValueError(self.cost)
        return self

    @property
    def cost(self) -> tuple[int, int, int]:
        """scrypt's n, r and p."""
        return self.n, self.r, self.p

    def accepts(self, password: str) -> bool:
        """Whether this is the password. It takes as long as hashing it, 0.2 seconds or so."""
        if not _is_password(password):
            return False
        tried = _hash(password, bytes.fromhex(self.salt), self.cost)
        return hmac.compare_digest(tried, bytes.fromhex(self.hash))


class _File(BaseModel):
    """The file: checked in every type and bound, since it may be damaged or doctored."""

    model_config = ConfigDict(strict=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=1)] = 1
    accounts: Annotated[tuple[Account, ...], Field(max_length=MOST_ACCOUNTS)]

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if len({account.name for account in self.accounts}) < len(self.accounts):
            raise ValueError(self.accounts)
        return self


class Accounts:
    """The accounts in a file as it stands: it is read again once it has changed. Several threads
    may ask at once."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises AccountFileError."""
        self._path = path
        self._reading = threading.Lock()
        self._version: tuple[int, ...] = ()
        self._accounts: Mapping[str, Account] = {}
        self._current()

    @property
    def usable(self) -> bool:
        """Whether the file can be read as it stands, so that anybody can sign in."""
        try:
            self._current()
        except AccountFileError:
            return False
        return True

    def find(self, name: str) -> Account | None:
        """The account of this very name, if there is one now. Raises AccountFileError."""
        return self._current().get(name)

    def verify(self, name: str, password: str) -> Account | None:
        """The account of this very name if this is its password, else None.

        Raises AccountFileError.

        An unknown name takes as long as a wrong password, so that nobody learns names from the
        time; where the file's accounts differ in cost, as long as the highest.
        """
        accounts = self._current()
        account = accounts.get(name)
        right = (account or _decoy(accounts.values())).accepts(password)
        return account if right else None

    def _current(self) -> Mapping[str, Account]:
        with self._reading:
            # Before reading: what is written meanwhile is then read next time.
            version = _version(self._path)
            if not version or version != self._version:
                self._accounts = {account.name: account for account in read(self._path)}
                self._version = version
            return self._accounts


def read(path: Path) -> tuple[Account, ...]:
    """The accounts in a file, as they were added. Raises AccountFileError."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise AccountFileError(f"账号文件 {path} 不是普通文件；请换一个文件名")
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise AccountFileError(
            f"没有账号文件 {path}；请检查文件名，或用 changai user add 新建"
        ) from error
    except OSError as error:
        raise AccountFileError(
            f"账号文件 {path} 读不了（{error.strerror}）；请检查它的主人和权限"
        ) from error
    if status.st_mode & (stat.S_IROTH | stat.S_IWOTH):
        _log.warning("账号文件 %s 谁都能读或能写；请运行 chmod 600，只留给服务的用户", path)
    try:
        if len(raw) > _MOST_BYTES:
            raise ValueError(f"超过 {_MOST_BYTES} 字节")
        return _File.model_validate_json(raw).accounts
    except ValueError as error:
        raise AccountFileError(
            f"账号文件 {path} 不能用（{_what_is_wrong(error)}）；"
            "请用备份换回它，或移走它，再用 changai user add 重新添加"
        ) from error


def normalise_name(typed: str) -> str:
    """The name that is meant by what was typed; cut short where it is too long to be one."""
    return unicodedata.normalize("NFC", typed).strip()[: LONGEST_NAME + 1]


def add(path: Path, name: str, password: str, *, replace: bool = False) -> None:
    """Add an account, or with ``replace`` give the one there is another password.

    A file that is not there is made, for its owner alone. Raises AccountError for a name or a
    password that cannot be, a name that is taken or, to be replaced, is not there; and
    AccountFileError.
    """
    name = normalise_name(name)
    if not _is_name(name):
        raise AccountError(f"用户名不能用；要 1 至 {LONGEST_NAME} 个字，不能有冒号和控制字符")
    if not _is_password(password):
        raise AccountError(
            f"密码不能用；要 {SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD} 个字，不能有控制字符"
        )
    salt = secrets.token_bytes(_SALT_BYTES)
    account = Account(name, *_COST, salt.hex(), _hash(password, salt, _COST).hex())
    with _changing(path) as accounts:
        if name in accounts and not replace:
            raise AccountError(f"账号 {name} 已经有了；要改密码，请加上 --replace")
        if name not in accounts and replace:
            raise AccountError(f"没有账号 {name}，改不了密码；要新建，请去掉 --replace")
        if name not in accounts and len(accounts) >= MOST_ACCOUNTS:
            raise AccountFileError(f"账号文件 {path} 已满 {MOST_ACCOUNTS} 个；请先删去不用的账号")
        accounts[name] = account


def remove(path: Path, name: str) -> None:
    """Remove an account. Raises AccountError where there is none, and AccountFileError."""
    read(path)  # Where there is no file, none is made.
    with _changing(path) as accounts:
        if accounts.pop(normalise_name(name), None) is None:
            raise AccountError("没有这个账号；有哪些，请看 changai user list")


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, Account]]:
    """The accounts in a file by their names, none where there is no file; they are written back.

    One process at a time.
    """
    try:
        with FileLock(f"{path}.lock", timeout=_SECONDS_TO_WAIT):
            accounts = {each.name: each for each in read(path)} if path.exists() else {}
            yield accounts
            _write(path, _File(accounts=tuple(accounts.values())).model_dump_json(indent=1))
    except Timeout as error:
        raise AccountFileError(f"账号文件 {path} 正被别的程序改动；请稍后再试") from error
    except OSError as error:
        raise AccountFileError(
            f"账号文件 {path} 写不了（{error.strerror}）；请检查它所在的目录"
        ) from error


def _write(path: Path, text: str) -> None:
    """Put the file in the place of what is there, in one step, readable by its owner alone."""
    handle, name = mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".tmp")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        if path.exists():
            # The administrator's account changes it, and the service's must go on reading it.
            owner = path.stat()
            os.chown(draft, owner.st_uid, owner.st_gid)
        files.sync(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    files.sync(path.parent)


def _version(path: Path) -> tuple[int, ...]:
    """What changes whenever a file is replaced or written to; nothing where it cannot be seen."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_name(name: str) -> bool:
    """Colons are out since HTTP Basic ends the name at one."""
    return (
        0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and ":" not in name
        and name == normalise_name(name)
    )


def _is_password(password: str) -> bool:
    # The form NFKC may be 18 times as long: that of what is too long anyhow is not made.
    return (
        len(password) <= LONGEST_PASSWORD
        and SHORTEST_PASSWORD <= len(unicodedata.normalize("NFKC", password)) <= LONGEST_PASSWORD
        and not any(unicodedata.category(each) in ("Cc", "Cs") for each in password)
    )


def _hash(password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    n, r, p = cost
    secret = unicodedata.normalize("NFKC", password).encode()
    # The least that OpenSSL asks to be allowed for this cost.
    memory = 128 * r * (n + p + 2)
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=_HASH_BYTES)


def _decoy(accounts: Iterable[Account]) -> Account:
    """An account that nobody has, and no password opens, of the highest cost among these."""
    cost = max((account.cost for account in accounts), key=math.prod, default=_COST)
    return Account("-", *cost, secrets.token_hex(_SALT_BYTES), secrets.token_hex(_HASH_BYTES))


def _what_is_wrong(error: ValueError) -> str:
    """What in a file is not as it should be, without quoting what stands there."""
    if not isinstance(error, ValidationError):
        return str(error)
    match error.errors(include_input=False, include_url=False)[0]["loc"]:
        case ("accounts", int(number), *_):
            return f"第 {number + 1} 个账号不合格式"
        case _:
            return "不是账号文件，或有重名的账号"
