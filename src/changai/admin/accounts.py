"""The accounts that may sign in, in a JSON file with hashed passwords.

Passwords are hashed with scrypt (RFC 7914), each with its own salt. The file keeps the cost of each
hash, so that later versions can use a higher cost for new ones. Names are compared in Unicode form
NFC. Passwords are normalised to NFKC, one of the two forms that NIST SP 800-63B recommends: Chinese
keyboards type full-width letters and digits as easily as narrow ones, and both must work. As NIST
recommends, a password must be long, and may contain any letters.
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
"""The longest name, in characters."""

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
"""The shortest and the longest password, in Unicode characters."""

MOST_ACCOUNTS = 1000
_MOST_BYTES = 1_000_000

_SALT_BYTES = 16
_HASH_BYTES = 32
_COST = (2**15, 8, 3)
"""scrypt's n, r and p. OWASP's Password Storage Cheat Sheet lists several equally safe costs; of
these, this one takes little memory: 32 MiB."""

_HIGHEST_COST = 2**20
"""The highest n * r * p in a file, a third more than ours. A hash takes at most 128 MiB."""

_SECONDS_TO_WAIT = 10
"""How long to wait for another process that is writing the file."""

_log = logging.getLogger(__name__)


def _check_name(name: str) -> str:
    if not _is_name(name):
        raise ValueError(name)
    return name


@dataclass(frozen=True, slots=True, config=ConfigDict(strict=True, extra="forbid"))
class Account:
    """A name and the scrypt hash of its password, with the salt and the cost of the hash.

    Salt and hash are in hexadecimal. Setting a password makes a different account, even if the
    password is the same. So two accounts are equal only if name and password were not changed.
    """

    name: Annotated[str, AfterValidator(_check_name)]
    n: Annotated[int, Field(ge=2, le=2**17)]
    r: Annotated[int, Field(ge=1, le=32)]
    p: Annotated[int, Field(ge=1, le=16)]
    salt: Annotated[str, Field(pattern=f"^[0-9a-f]{{{2 * _SALT_BYTES}}}$")] = field(repr=False)
    hash: Annotated[str, Field(pattern=f"^[0-9a-f]{{{2 * _HASH_BYTES}}}$")] = field(repr=False)

    @model_validator(mode="after")
    def _check_cost(self) -> Self:
        # The last condition is from scrypt itself (RFC 7914).
        dear = math.prod(self.cost) > _HIGHEST_COST
        if self.n.bit_count() != 1 or dear or self.n >= 2 ** (16 * self.r):
            raise ValueError(self.cost)
        return self

    @property
    def cost(self) -> tuple[int, int, int]:
        """scrypt's n, r and p."""
        return self.n, self.r, self.p

    def accepts(self, password: str) -> bool:
        """Whether this is the password. It takes as long as a hash, about 0.2 seconds."""
        if not _is_password(password):
            return False
        tried = _hash(password, bytes.fromhex(self.salt), self.cost)
        return hmac.compare_digest(tried, bytes.fromhex(self.hash))


class _File(BaseModel):
    """The file. Every type and bound is checked, since it may be damaged or forged."""

    model_config = ConfigDict(strict=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=1)] = 1
    accounts: Annotated[tuple[Account, ...], Field(max_length=MOST_ACCOUNTS)]

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if len({account.name for account in self.accounts}) < len(self.accounts):
            raise ValueError(self.accounts)
        return self


class Accounts:
    """The current accounts in a file, which is read again whenever it has changed. It can be used
    by several threads at once."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises AccountFileError."""
        self._path = path
        self._reading = threading.Lock()
        self._version: tuple[int, ...] = ()
        self._accounts: Mapping[str, Account] = {}
        self._current()

    @property
    def usable(self) -> bool:
        """Whether the file can be read now. If not, nobody can sign in."""
        try:
            self._current()
        except AccountFileError:
            return False
        return True

    def find(self, name: str) -> Account | None:
        """The account with exactly this name, if there is one now. Raises AccountFileError."""
        return self._current().get(name)

    def verify(self, name: str, password: str) -> Account | None:
        """The account with exactly this name, if this is its password; otherwise None.

        Raises AccountFileError.

        An unknown name takes as long as a wrong password, so that the time does not reveal which
        names exist. If the accounts differ in cost, it takes as long as the highest cost.
        """
        accounts = self._current()
        account = accounts.get(name)
        right = (account or _decoy(accounts.values())).accepts(password)
        return account if right else None

    def _current(self) -> Mapping[str, Account]:
        with self._reading:
            # Taken before reading, so that a change made meanwhile is read next time.
            version = _version(self._path)
            if not version or version != self._version:
                self._accounts = {account.name: account for account in read(self._path)}
                self._version = version
            return self._accounts


def read(path: Path) -> tuple[Account, ...]:
    """The accounts in a file, in the order in which they were added. Raises AccountFileError."""
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
    """A typed name in its normal form. If it is too long for a name, the rest is cut off."""
    return unicodedata.normalize("NFC", typed).strip()[: LONGEST_NAME + 1]


def add(path: Path, name: str, password: str, *, replace: bool = False) -> None:
    """Add an account, or with ``replace`` give an existing one a new password.

    If there is no file, it is created, and only its owner may read it. Raises AccountError if the
    name or the password is not allowed, if the name is taken, or if the account to replace does not
    exist. Raises AccountFileError.
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
    """Remove an account. Raises AccountError if there is none, and AccountFileError."""
    read(path)  # So that no file is created if there is none.
    with _changing(path) as accounts:
        if accounts.pop(normalise_name(name), None) is None:
            raise AccountError("没有这个账号；有哪些，请看 changai user list")


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, Account]]:
    """The accounts in a file by name, to be changed; afterwards they are written back.

    They are empty if there is no file. Only one process at a time can do this.
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
    """Replace the file in one step. Only its owner may read the new one."""
    handle, name = mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".tmp")
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        if path.exists():
            # The administrator writes it, and the service must still be able to read it.
            owner = path.stat()
            os.chown(draft, owner.st_uid, owner.st_gid)
        files.sync(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    files.sync(path.parent)


def _version(path: Path) -> tuple[int, ...]:
    """A value that changes whenever a file is replaced or written to; empty if it has no status."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_name(name: str) -> bool:
    """Whether it may be a name. It may have no colon: in HTTP Basic, a colon ends the name."""
    return (
        0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and ":" not in name
        and name == normalise_name(name)
    )


def _is_password(password: str) -> bool:
    # The NFKC form may be 18 times as long, so nothing too long is normalised.
    return (
        len(password) <= LONGEST_PASSWORD
        and SHORTEST_PASSWORD <= len(unicodedata.normalize("NFKC", password)) <= LONGEST_PASSWORD
        and not any(unicodedata.category(each) in ("Cc", "Cs") for each in password)
    )


def _hash(password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    n, r, p = cost
    secret = unicodedata.normalize("NFKC", password).encode()
    # The smallest limit that OpenSSL accepts for this cost.
    memory = 128 * r * (n + p + 2)
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=_HASH_BYTES)


def _decoy(accounts: Iterable[Account]) -> Account:
    """An account of nobody, which accepts no password, with the highest cost among these."""
    cost = max((account.cost for account in accounts), key=math.prod, default=_COST)
    return Account("-", *cost, secrets.token_hex(_SALT_BYTES), secrets.token_hex(_HASH_BYTES))


def _what_is_wrong(error: ValueError) -> str:
    """What is wrong with a file, without quoting its content."""
    if not isinstance(error, ValidationError):
        return str(error)
    match error.errors(include_input=False, include_url=False)[0]["loc"]:
        case ("accounts", int(number), *_):
            return f"第 {number + 1} 个账号不合格式"
        case _:
            return "不是账号文件，或有重名的账号"
