import gc
import hashlib
from pathlib import Path
from types import ModuleType

import pytest

from changai.admin import accounts
from changai.admin.accounts import Account
from changai.web.sessions import Credentials, Sessions
from support.account_files import write_accounts
from support.clocks import Clock

HOUR = 3600.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def account(tmp_path: Path) -> Account:
    (account,) = accounts.read(write_accounts(tmp_path / "users.json", a="correct horse"))
    return account


def test_a_session_is_found_by_its_token_alone(account: Account) -> None:
    sessions = Sessions()
    first, second = sessions.open(account), sessions.open(account)
    assert first != second
    # 32 bytes in base64, without padding.
    assert len(first) == 43
    assert sessions.find(first) == sessions.find(second) == account
    for other in ("", first[:-1], first + "A", first.swapcase(), "\ud800", "é" * 43):
        assert sessions.find(other) is None
    sessions.end(first)
    assert (sessions.find(first), sessions.find(second)) == (None, account)


def reachable(root: object) -> list[object]:
    """All that an object holds, however deep, but for code."""
    found, waiting = {id(root): root}, [root]
    while waiting:
        for each in gc.get_referents(waiting.pop()):
            if id(each) not in found and not isinstance(each, (type, ModuleType)):
                found[id(each)] = each
                waiting.append(each)
    return [*found.values()]


def test_of_a_token_only_the_hash_is_kept(account: Account, clock: Clock) -> None:
    sessions = Sessions(clock)
    token = sessions.open(account)
    kept = [each for each in reachable(sessions) if isinstance(each, str | bytes)]
    assert hashlib.sha256(token.encode()).digest() in kept
    assert token not in kept and token.encode() not in kept


def test_an_idle_session_ends_after_two_hours(account: Account, clock: Clock) -> None:
    sessions = Sessions(clock)
    token = sessions.open(account)
    clock.now += 2 * HOUR - 1
    assert sessions.find(token) == account
    clock.now += 2 * HOUR - 1
    assert sessions.find(token) == account
    clock.now += 2 * HOUR
    assert sessions.find(token) is None


def test_a_busy_session_ends_after_twelve_hours(account: Account, clock: Clock) -> None:
    sessions = Sessions(clock)
    token = sessions.open(account)
    for _ in range(11):
        clock.now += HOUR
        assert sessions.find(token) == account
    clock.now += HOUR
    assert sessions.find(token) is None


def test_ten_thousand_sessions_are_the_most(account: Account, clock: Clock) -> None:
    sessions = Sessions(clock)
    tokens = [sessions.open(account) for _ in range(10_002)]
    assert len(sessions) == 10_000
    assert [sessions.find(token) for token in tokens[:3]] == [None, None, account]
    assert sessions.find(tokens[-1]) == account
    clock.now += 2 * HOUR
    sessions.open(account)
    assert len(sessions) == 1


def test_credentials_are_remembered_for_five_minutes(account: Account, clock: Clock) -> None:
    credentials = Credentials(clock)
    assert credentials.find("a", "correct horse") is None
    credentials.add("a", "correct horse", account)
    clock.now += 299
    assert credentials.find("a", "correct horse") == account
    for name, password in [("a", "correct hors"), ("b", "correct horse"), ("ac", "orrect horse")]:
        assert credentials.find(name, password) is None
    clock.now += 1
    assert credentials.find("a", "correct horse") is None


def test_a_thousand_credentials_are_the_most(account: Account) -> None:
    credentials = Credentials()
    for number in range(1001):
        credentials.add(str(number), "correct horse", account)
    credentials.add("1000", "correct horse", account)
    assert len(credentials) == 1000
    assert credentials.find("0", "correct horse") is None
    assert credentials.find("1", "correct horse") == account
