from pathlib import Path

import pytest

from account_files import write_accounts
from changai import accounts
from changai.accounts import Account
from changai.web.sessions import Credentials, Failures, Sessions

HOUR = 3600.0


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


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


def test_failures_make_wait_as_each_limit_says(clock: Clock) -> None:
    failures = Failures([(2, 60.0), (3, 600.0)], clock)
    assert failures.wait("a") == 0
    failures.add("a")
    clock.now += 10
    assert failures.wait("a") == 0
    failures.add("a")
    # The second within a minute, of which 10 seconds are over.
    assert failures.wait("a") == 50
    assert failures.wait("b") == 0
    clock.now += 49.5
    assert failures.wait("a") == 1
    clock.now += 0.5
    assert failures.wait("a") == 0
    failures.add("a")
    # The third within ten minutes, of which one is over: longer than the other limit makes wait.
    assert failures.wait("a") == 540
    clock.now += 540
    assert failures.wait("a") == 0


def test_failures_are_forgotten(clock: Clock) -> None:
    failures = Failures([(2, 60.0)], clock)
    for number in range(50_001):
        failures.add(str(number))
    assert len(failures) == 50_000
    clock.now += 60
    failures.add("a")
    assert len(failures) == 1
