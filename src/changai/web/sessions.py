"""Remembers who has signed in, in bounded memory and for a limited time.

Everywhere here, ``clock`` returns seconds and never goes back.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from changai.admin.accounts import Account
from changai.web.rates import Clock

LONGEST_SESSION = 12 * 3600
"""How long a session lasts at most, in seconds: a working day."""

LONGEST_IDLE = 2 * 3600
"""How long a session lasts after its last request, in seconds."""

MOST_SESSIONS = 10_000

MOST_REMEMBERED = 1000
_SECONDS_REMEMBERED = 300


@dataclass(slots=True)
class _Session:
    account: Account
    opened: float
    used: float


class Sessions:
    """The open sessions. Only the browser has the token of a session; the server has its hash."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        # Ordered by the time when they were opened.
        self._sessions: dict[bytes, _Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, account: Account) -> str:
        """Open a session, and return its token. If there are too many, the oldest one ends."""
        now = self._clock()
        token = secrets.token_urlsafe(32)
        self._sessions[_digest(token)] = _Session(account, now, now)
        while len(self._sessions) > MOST_SESSIONS or not _alive(self._oldest(), now):
            del self._sessions[next(iter(self._sessions))]
        return token

    def find(self, token: str) -> Account | None:
        """The account as it was at sign-in, or None if the session has ended. Counts as a use."""
        session, now = self._sessions.get(_digest(token)), self._clock()
        if session is None or not _alive(session, now):
            return None
        session.used = now
        return session.account

    def end(self, token: str) -> None:
        """End a session, if there is one."""
        self._sessions.pop(_digest(token), None)

    def _oldest(self) -> _Session:
        return next(iter(self._sessions.values()))


class Credentials:
    """Names and passwords that were right within the last minutes.

    They are hashed with a secret key of this process. Hashing the password with scrypt for every
    request of a program would take longer than the answer.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._accounts: dict[bytes, tuple[Account, float]] = {}

    def __len__(self) -> int:
        return len(self._accounts)

    def add(self, name: str, password: str, account: Account) -> None:
        """Remember them for five minutes. If there are too many, the oldest are forgotten."""
        key = self._digest(name, password)
        self._accounts.pop(key, None)
        self._accounts[key] = (account, self._clock() + _SECONDS_REMEMBERED)
        if len(self._accounts) > MOST_REMEMBERED:
            del self._accounts[next(iter(self._accounts))]

    def find(self, name: str, password: str) -> Account | None:
        """The account as it was when they were verified, or None if they are not remembered."""
        account, until = self._accounts.get(self._digest(name, password), (None, 0.0))
        return account if self._clock() < until else None

    def _digest(self, name: str, password: str) -> bytes:
        # No name contains a NUL.
        text = f"{name}\0{password}".encode(errors="surrogatepass")
        return hmac.digest(self._key, text, "sha256")


def _alive(session: _Session, now: float) -> bool:
    return now < session.opened + LONGEST_SESSION and now < session.used + LONGEST_IDLE


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
