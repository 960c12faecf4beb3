import hashlib
import json
import logging
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from changai.admin import accounts
from changai.admin.accounts import Accounts
from changai.cli.main import main
from changai.errors import AccountError, AccountFileError
from support.account_files import entry, write_accounts

HORSE = "correct horse"


def run(*arguments: str | Path, typed: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["user", *map(str, arguments)], input=typed)


def file_of(path: Path, *entries: object, **others: object) -> Path:
    path.touch(0o600)
    path.write_text(json.dumps({"version": 1, "accounts": entries} | others), encoding="utf-8")
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users.json"


@pytest.mark.parametrize(
    ("password", "cost", "hashed"),
    [
        # openssl kdf -keylen 32 -kdfopt hexsalt:000102030405060708090a0b0c0d0e0f
        #     -kdfopt pass:'correct horse' -kdfopt n:16 -kdfopt r:8 -kdfopt p:3 SCRYPT
        (HORSE, (16, 8, 3), "cedf6faa840720ca9c7edd367bff2597d466fad53ad319499cfa3fd32eca32af"),
        (
            "密码一二三四五六",
            (16, 8, 1),
            "54f090f59911b328244ca7002eff652c1d9dde6ad93a5a7e2fedb9d0d08658f1",
        ),
    ],
)
def test_a_hash_is_what_openssl_makes(
    path: Path, password: str, cost: tuple[int, int, int], hashed: str
) -> None:
    n, r, p = cost
    file_of(path, entry("张三", "", n=n, r=r, p=p, hash=hashed))
    found = Accounts(path).verify("张三", password)
    assert found is not None
    assert (found.name, found.cost) == ("张三", cost)
    assert Accounts(path).verify("张三", password[:-1]) is None
    assert Accounts(path).verify("张三", password + " ") is None


@pytest.mark.parametrize(
    ("kept", "typed"),
    [("abc12345", "ａｂｃ１２３４５"), ("caf\u00e9 caf\u00e9", "cafe\u0301 cafe\u0301")],
)
def test_a_password_may_be_typed_wide_or_narrow(path: Path, kept: str, typed: str) -> None:
    write_accounts(path, a=kept)
    assert Accounts(path).verify("a", typed) is not None


def test_an_account_is_added_at_the_cost_that_is_recommended(path: Path) -> None:
    accounts.add(path, "张三", HORSE)
    (kept,) = json.loads(path.read_text(encoding="utf-8"))["accounts"]
    # OWASP, Password Storage Cheat Sheet: N=2^15 (32 MiB), r=8 (1024 bytes), p=3.
    assert (kept["n"], kept["r"], kept["p"]) == (32768, 8, 3)
    salt = bytes.fromhex(kept["salt"])
    assert len(salt) == 16
    expected = hashlib.scrypt(HORSE.encode(), salt=salt, n=32768, r=8, p=3, maxmem=2**26, dklen=32)
    assert kept["hash"] == expected.hex()
    assert HORSE not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir() if each.suffix == ".tmp"] == []


def test_salt_and_hash_are_not_shown(path: Path) -> None:
    write_accounts(path, a=HORSE)
    (account,) = accounts.read(path)
    assert repr(account) == "Account(name='a', n=2, r=1, p=1)"


def test_an_unknown_name_costs_what_a_wrong_password_costs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_of(path, entry("a", HORSE, n=16, r=4, p=2), entry("b", HORSE))
    hashed: list[tuple[int, int, int]] = []
    scrypt = hashlib.scrypt

    def spy(*arguments: Any, **options: Any) -> bytes:
        hashed.append((options["n"], options["r"], options["p"]))
        return scrypt(*arguments, **options)

    monkeypatch.setattr(hashlib, "scrypt", spy)
    opened = Accounts(path)
    assert opened.verify("a", "wrong horse") is None
    assert opened.verify("nobody", HORSE) is None
    assert opened.verify("-", HORSE) is None
    assert hashed == [(16, 4, 2)] * 3


def test_in_an_empty_file_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[int] = []
    scrypt = hashlib.scrypt

    def spy(*arguments: Any, **options: Any) -> bytes:
        costs.append(options["n"])
        return scrypt(*arguments, **options)

    monkeypatch.setattr(hashlib, "scrypt", spy)
    assert Accounts(file_of(path)).verify("nobody", HORSE) is None
    assert costs == [32768]


def test_a_change_of_the_file_counts_at_once(path: Path) -> None:
    opened = Accounts(write_accounts(path, a=HORSE))
    first = opened.find("a")
    assert first is not None and opened.find("b") is None
    write_accounts(path, a="other password", b=HORSE)
    assert opened.find("b") is not None
    assert opened.find("a") not in (first, None)
    assert opened.verify("a", HORSE) is None
    write_accounts(path, b=HORSE)
    assert opened.find("a") is None
    path.unlink()
    with pytest.raises(AccountFileError, match="没有账号文件"):
        opened.find("b")
    write_accounts(path, a=HORSE)
    assert opened.find("a") == first


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "a:b", "a\nb", "a\r\nSet-Cookie", "a\0",
    "\ud800", "a\u202eb", "a\u200bb", "a\u2028b", "\x1b[31m"])  # fmt: skip
def test_what_is_no_name_is_refused(path: Path, name: str) -> None:
    with pytest.raises(AccountError, match="用户名不能用"):
        accounts.add(path, name, HORSE)
    assert not path.exists()


@pytest.mark.parametrize(
    "password", ["", "1234567", "密" * 7, "a" * 257, "\ufdfa" * 15, "12345678\0", "1234567\ud800"]
)
def test_what_is_no_password_is_refused(path: Path, password: str) -> None:
    # U+FDFA is 18 letters in the form NFKC; 15 of them are 270.
    with pytest.raises(AccountError, match="密码不能用"):
        accounts.add(path, "a", password)
    assert not path.exists()
    write_accounts(path, a="12345678")
    assert Accounts(path).verify("a", password) is None


@pytest.mark.parametrize("password", ["密" * 8, "a" * 256, "with spaces 和 中文"])
def test_what_is_a_password_is_taken(path: Path, password: str) -> None:
    accounts.add(path, "a" * 64, password)
    assert Accounts(path).verify("a" * 64, password) is not None


def test_a_name_is_one_however_it_is_composed(path: Path) -> None:
    write_accounts(path, **{"Zo\u00eb": HORSE})
    with pytest.raises(AccountError, match="Zo\u00eb 已经有了"):
        accounts.add(path, " Zoe\u0308", HORSE)
    accounts.remove(path, "Zoe\u0308")
    assert accounts.read(path) == ()


GOOD: dict[str, Any] = entry("a", HORSE)
CHANGES: list[dict[str, Any]] = [
    {"name": "a\nb"}, {"name": ""}, {"name": 7}, {"name": None}, {"name": "\ud800"},
    {"name": "a" * 65}, {"name": "e\u0301"}, {"more": 1},
    {"n": 3}, {"n": 0}, {"n": -2}, {"n": 2**18}, {"n": 2.0}, {"n": "2"}, {"n": True},
    {"n": 2**10_000 // 3}, {"r": 0}, {"r": 33}, {"p": 0}, {"p": 17}, {"r": True},
    {"n": 2**17, "r": 8, "p": 2}, {"n": 2**16, "r": 32, "p": 1},
    {"salt": ""}, {"salt": "00" * 15}, {"salt": "0 " * 16}, {"salt": "00" * 16 + "\n"},
    {"salt": 0}, {"hash": "00" * 31}, {"hash": "zz" * 32}, {"hash": None},
]  # fmt: skip


@pytest.mark.parametrize(
    "damaged",
    [
        b"", b"null", b"[]", b"{}", b'"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000,
        b"\0" * 100,
        b" " * 1_000_001,
        *(json.dumps({"version": 1, "accounts": [GOOD | each]}).encode() for each in CHANGES),
        json.dumps({"version": 1, "accounts": [GOOD, GOOD]}).encode(),
        json.dumps({"version": 2, "accounts": [GOOD]}).encode(),
        json.dumps({"version": True, "accounts": [GOOD]}).encode(),
        json.dumps({"version": 1, "accounts": [GOOD], "\x1b[31m": 1}).encode(),
        json.dumps({"version": 1, "accounts": {"a": GOOD}}).encode(),
        json.dumps({"version": 1, "accounts": [{k: GOOD[k] for k in GOOD if k != "p"}]}).encode(),
        json.dumps(
            {"version": 1, "accounts": [GOOD | {"name": str(n)} for n in range(1001)]}
        ).encode(),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "use",
    [
        accounts.read,
        Accounts,
        # Hashes the password first, which is meant to take long.
        pytest.param(lambda path: accounts.add(path, "b", HORSE), marks=pytest.mark.slow),
    ],
    ids=["read", "open", "add"],
)
def test_a_damaged_file_is_refused_by_name(
    path: Path, damaged: bytes, use: Callable[[Path], object]
) -> None:
    path.touch(0o600)
    path.write_bytes(damaged)
    with pytest.raises(AccountFileError) as raised:
        use(path)
    said = str(raised.value)
    assert said.startswith(f"账号文件 {path} 不能用（") and "请用备份换回它" in said
    assert said.isprintable()
    assert path.read_bytes() == damaged


def test_the_highest_cost_may_be_verified(path: Path) -> None:
    # 2^17 * 8 * 1 = 2^20, 128 MiB.
    file_of(path, entry("a", HORSE, n=2**17, r=8))
    assert Accounts(path).verify("a", HORSE) is None


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(AccountFileError, match="不是普通文件"):
            Accounts(path)
    with pytest.raises(AccountFileError, match="changai user add 新建"):
        Accounts(tmp_path / "none")


def test_a_file_for_everybody_is_warned_of(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Accounts(write_accounts(path, a=HORSE))
    assert caplog.records == []
    path.chmod(0o644)
    Accounts(path)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(path) in record.getMessage() and "chmod 600" in record.getMessage()


def test_a_full_file_takes_no_more(path: Path) -> None:
    file_of(path, *(entry(str(number), HORSE) for number in range(1000)))
    with pytest.raises(AccountFileError, match="已满 1000 个"):
        accounts.add(path, "a", HORSE)
    accounts.add(path, "7", "new password", replace=True)
    assert len(accounts.read(path)) == 1000


def test_several_may_add_at_once(path: Path) -> None:
    names = [f"用户{number}" for number in range(4)]
    adding = [threading.Thread(target=accounts.add, args=[path, n, HORSE]) for n in names]
    for thread in adding:
        thread.start()
    for thread in adding:
        thread.join()
    assert {account.name for account in accounts.read(path)} == set(names)


@pytest.mark.slow
def test_the_command_line_adds_lists_replaces_and_removes(path: Path) -> None:
    added = run("add", "张三", "--users", path, "--password-stdin", typed=f"{HORSE}\r\n")
    assert (added.exit_code, added.stdout) == (0, "已添加账号 张三。\n")
    opened = Accounts(path)
    assert opened.verify("张三", HORSE) is not None

    again = run("add", "张三", "--users", path, "--password-stdin", typed="another one\n")
    assert (again.exit_code, again.stdout) == (2, "")
    assert again.stderr == "changai：账号 张三 已经有了；要改密码，请加上 --replace\n"
    assert opened.verify("张三", HORSE) is not None

    options: list[str | Path] = ["--users", path, "--password-stdin", "--replace"]
    replaced = run("add", "张三", *options, typed="another one\n")
    assert (replaced.exit_code, replaced.stdout) == (0, "密码已换，原来的登录都已失效。\n")
    assert opened.verify("张三", HORSE) is None
    assert opened.verify("张三", "another one") is not None

    missing = run("add", "李四", *options, typed="another one\n")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "没有账号 李四" in missing.stderr

    assert run("list", "--users", path).stdout == "张三\n"
    assert run("remove", "张三", "--users", path).stdout == "已删去账号 张三。\n"
    assert run("list", "--users", path).stdout == ""
    gone = run("remove", "张三", "--users", path)
    assert (gone.exit_code, gone.stdout) == (2, "")
    assert gone.stderr == "changai：没有这个账号；有哪些，请看 changai user list\n"


@pytest.mark.parametrize(
    ("command", "typed", "said"),
    [
        (["add", "a", "--password-stdin"], "", "密码不能用"),
        (["add", "a", "--password-stdin"], "short\n", "密码不能用"),
        (["add", "a", "--password-stdin"], b"\xff" * 10 + b"\n", "不是 UTF-8"),
        (["add", "a", "--password-stdin"], "a" * 3000, "密码不能用"),
        (["add", "\x1b[31m", "--password-stdin"], "12345678\n", "用户名不能用"),
        (["add", "a"], "12345678\n12345678\n", "这里不是终端"),
        (["list"], "", "没有账号文件"),
        (["remove", "a"], "", "没有账号文件"),
    ],
)
def test_the_command_line_says_what_is_wrong(
    path: Path, command: list[str], typed: str | bytes, said: str
) -> None:
    result = run(*command, "--users", path, typed=typed)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert said in line and line.isprintable()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        (["one password", "one password"], 0, "已添加账号 张三。"),
        (["one password", "two passwords"], 2, "两次输入的密码不一样"),
        (["\x04"], 2, "没有输入密码"),
    ],
)
def test_a_terminal_is_asked_twice_and_shows_nothing(
    path: Path, typed: list[str], status: int, said: str
) -> None:
    child, terminal = pty.fork()
    if child == 0:
        code = "from changai.cli.main import main; main()"
        arguments = ["user", "add", "张三", "--users", str(path)]
        os.execv(sys.executable, [sys.executable, "-c", code, *arguments])  # noqa: S606
    shown = b""
    for line, prompt in zip(typed, ["密码（不显示）：", "再输一次："], strict=False):
        while not shown.endswith(prompt.encode()):
            shown += os.read(terminal, 1000)
        os.write(terminal, line.encode() + (b"" if line == "\x04" else b"\n"))
    _, result = os.waitpid(child, 0)
    os.set_blocking(terminal, False)
    shown += os.read(terminal, 10_000)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(result) == status
    assert said in shown.decode()
    assert b"password" not in shown.replace(b"--password-stdin", b"")
    assert path.exists() == (status == 0)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("", encoding="utf-8")
    with pytest.raises(AccountFileError, match="写不了"):
        accounts.add(folder / "users.json", "a", HORSE)


def test_a_draft_is_removed_where_writing_fails(path: Path) -> None:
    """No disk is full at hand: a limit on the size of files stands for it."""
    file_of(path, *(entry(str(number), HORSE) for number in range(100)))
    before = path.read_bytes()
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from changai.admin import accounts\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "accounts.add(Path(sys.argv[1]), 'b', 'password')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert "AccountFileError" in done.stderr and "写不了" in done.stderr
    assert path.read_bytes() == before
    assert sorted(each.name for each in path.parent.iterdir()) == ["users.json", "users.json.lock"]
