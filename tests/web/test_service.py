"""The service as an office runs it, with accounts and behind a name of its own: what a visitor, a
program and an operator meet."""

import json
import re
from pathlib import Path

import httpx
import pytest

from changai.indexing import store
from changai.indexing.build import build_index
from support.account_files import write_accounts
from support.paths import ROOT
from support.servers import serving_page
from support.small import CHECK_UP, HELMETS

# Each starts a server of its own.
pytestmark = pytest.mark.slow

HORSE = "correct horse"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    return write_accounts(tmp_path / "users.json", 张三=HORSE, 李四=HORSE)


def sign_in(client: httpx.Client, name: str = "张三") -> None:
    """Sign in as a browser does that comes by HTTPS, of which the proxy tells."""
    answer = client.post("login", data={"name": name, "password": HORSE, "next": "/"})
    assert answer.status_code == 303
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-changai_session=")
    assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
    client.headers["cookie"] = cookie.partition(";")[0]


def test_who_may_have_what(
    small_folder: Path, users: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (small_folder / "articles" / "b.txt").write_text("培训\n2020年培训焊工2000名。\n", "utf-8")
    build_index(small_folder / "articles", small_folder)
    options = ["--users", str(users), "--public-url", "https://wd.example.org"]
    options += ["--embed-origin", "https://www.example.org", "--log-questions"]
    with (
        serving_page(small_folder, *options) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        while client.get("healthz").status_code == 503:
            pass
        assert client.get("healthz").json()["status"] == "ok"
        asked = {"question": CHECK_UP[0]}
        assert client.get("", headers={"accept": "text/html"}).headers["location"] == "/login"
        assert client.post("chat/answer", json={}).status_code == 401
        assert client.get("api/ask", params=asked).status_code == 401
        assert client.get("api/ask", params=asked, auth=("张三", HORSE)).status_code == 200
        # A program on this machine, and one that a proxy speaks for.
        assert "changai_questions_total" in client.get("metrics").text
        passed_on = {"x-forwarded-for": "192.0.2.7"}
        assert client.get("metrics", headers=passed_on).status_code == 404
        assert client.get("metrics", headers=passed_on, auth=("张三", HORSE)).status_code == 200

        sign_in(client)
        page = client.get("")
        assert page.status_code == 200
        assert (
            "frame-ancestors 'self' https://www.example.org"
            in (page.headers["content-security-policy"])
        )
        assert ",https://wd.example.org/source/b?" in client.get("figures.csv").text
        assert client.get("chat/corpus").json()["user"] == "张三"
        for path in ("", "login", "healthz"):
            assert client.get(path, headers={"host": "rebound.example"}).status_code == 421
    records = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    questions = [each for each in records if each["event"] == "question"]
    assert CHECK_UP[0] in [each["question"] for each in questions]
    assert "张三" in [each.get("user") for each in records if each["event"] == "request"]
    assert HORSE not in json.dumps(records, ensure_ascii=False)


def test_a_server_for_everybody_says_so(
    small_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving_page(small_folder, "--host", "0.0.0.0") as address:
        there = address.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{there}healthz").status_code in (200, 503)
    assert "要登录才能用，请加 --users" in capfd.readouterr().err


def test_a_server_that_finds_its_index_damaged_goes_on_with_the_one_before(
    small_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (first,) = store.generations(small_folder)
    (small_folder / "articles" / "b.txt").write_text("培训\n2020年培训焊工2000名。\n", "utf-8")
    build_index(small_folder / "articles", small_folder)
    (small_folder / "built" / "current.json").write_text("{", encoding="utf-8")
    second = store.generations(small_folder)[-1]
    (small_folder / "built" / second / "clauses.npy").write_bytes(b"")
    with (
        serving_page(small_folder) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        assert client.get("api/ask", params={"question": HELMETS[0]}).status_code == 200
        health = client.get("healthz").json()
        assert (health["status"], health["generation"]) == ("stale", first)
        assert "changai_index_stale 1.0" in client.get("metrics").text
        # The next build mends it.
        build_index(small_folder / "articles", small_folder)
        client.get("api/ask", params={"question": HELMETS[0]})
        health = client.get("healthz").json()
        assert (health["status"], health["documents"]) == ("ok", 2)
    log = capfd.readouterr().err
    assert f"暂时用完好的索引 {first}" in log
    assert f"已换用索引 {health['generation']}" in log


def test_accounts_that_cannot_be_read_are_told(
    small_folder: Path, users: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        serving_page(small_folder, "--users", str(users)) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        client.get("api/ask", params={"question": HELMETS[0]}, auth=("张三", HORSE))
        assert client.get("healthz").json()["status"] == "ok"
        users.write_text("{", encoding="utf-8")
        answer = client.get("healthz")
        assert (answer.status_code, answer.json()["error"]) == (503, "账号文件不能用")
        assert client.get("api/ask", auth=("张三", HORSE)).status_code == 503
    log = capfd.readouterr().err
    (record,) = [json.loads(line) for line in log.splitlines() if "accounts_unusable" in line]
    assert record["message"].startswith(f"没有人能登录：账号文件 {users} 不能用")


def test_the_browser_is_told_to_load_nothing_from_elsewhere(small_folder: Path) -> None:
    with serving_page(small_folder) as address:
        for path in ("", "figures", "source/welders", "api/ask?question=焊"):
            policy = httpx.get(address + path, timeout=60).headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert "connect-src 'self'" in policy


def test_the_readmes_example_for_programs_works(
    faq_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(import json\n.*?)```", readme, re.DOTALL)
    with serving_page(faq_folder) as address:
        exec(example.replace("http://127.0.0.1:7860/", address), {})  # noqa: S102
    assert "统等优化外来劳动者子女入学政策" in capsys.readouterr().out
