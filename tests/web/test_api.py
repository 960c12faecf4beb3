"""What other programs meet: a real server, by itself and below a path of a reverse proxy."""

import asyncio
import json
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient

from changai.errors import EncoderError
from changai.indexing.build import build_index
from changai.records import Answer
from changai.search.index import Index
from changai.web import api
from changai.web.answering import Answering
from changai.web.live import LiveIndex
from changai.web.monitoring import Metrics
from support.servers import proxy, serving
from support.small import CHECK_UP, OPENING, write_small


def application(live: LiveIndex) -> Starlette:
    """The routes as the web application has them: before a page mounted at the root."""
    metrics = Metrics(lambda: 0, lambda: 0, lambda: None, lambda: False)
    routes = api.create_routes(live, Answering(live, metrics), metrics)
    return Starlette(routes=[*routes, Mount("/", PlainTextResponse("页面"))])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    build_index(write_small(folder), folder)
    return folder


@pytest.fixture(scope="module")
def opened(folder: Path) -> Index:
    return Index.open(folder)


@pytest.fixture(scope="module", params=["", "/chat"], ids=["alone", "proxied"])
def url(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    app = application(LiveIndex(lambda: Index.open(folder)))
    if not request.param:
        with serving(app) as address:
            yield address
    else:
        with serving(app, root_path=request.param) as upstream, serving(proxy(upstream)) as address:
            yield address + request.param


@pytest.fixture
def unopened(tmp_path: Path) -> TestClient:
    """What is served where there is no index."""
    return TestClient(application(LiveIndex(lambda: Index.open(tmp_path))))


@pytest.mark.slow
def test_ask_gives_what_the_command_line_gives(url: str, opened: Index) -> None:
    for question, k in [(CHECK_UP[0], 3), (CHECK_UP[0], 1), (OPENING[0], 2)]:
        expected = opened.ask(question, k=k).to_dict()
        asked: dict[str, Any] = {"question": question, "k": k}
        assert httpx.get(f"{url}/api/ask", params=asked).json() == expected
        assert httpx.post(f"{url}/api/ask", json=asked).json() == expected
    three = opened.ask(CHECK_UP[0], k=3).to_dict()
    assert httpx.get(f"{url}/api/ask", params={"question": CHECK_UP[0]}).json() == three
    assert httpx.post(f"{url}/api/ask", json={"question": CHECK_UP[0]}).json() == three


def test_the_schema_takes_no_other_answer() -> None:
    answer = Answer("问", True, 0.5, ()).to_dict()
    api.Answer.model_validate(answer)
    assert set(api.Answer.model_json_schema()["required"]) == set(answer)
    with pytest.raises(ValueError, match="Extra inputs"):
        api.Answer.model_validate({**answer, "more": 1})


@pytest.mark.parametrize("question", ["", "？？", "长" * 513])
def test_a_question_that_cannot_be_asked(url: str, question: str) -> None:
    answer = httpx.get(f"{url}/api/ask", params={"question": question})
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert "请" in answer.json()["error"]


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({}, "question"),
        ({"question": "技能", "k": 0}, "k"),
        ({"question": "技能", "k": 101}, "k"),
        ({"question": "技能", "k": "三"}, "k"),
        ({"k": -1}, "question、k"),
        ({"question": "技能", "as_typed": "1"}, "读不出来"),
    ],
)
def test_a_malformed_request(url: str, asked: dict[str, Any], wrong: str) -> None:
    for answer in [
        httpx.get(f"{url}/api/ask", params=asked),
        httpx.post(f"{url}/api/ask", json=asked),
    ]:
        assert answer.status_code == 422
        assert answer.json() == {
            "error": f"请求的格式不对（{wrong}）；"
            "请给出 question（文字）和 k（1 到 100 的整数，可以省略）"
        }


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 422), (b"[]", 422), (b"", 422), (b'{"question": "\\ud800"}', 400), (b"\xff", 400)],
)
def test_a_body_that_is_no_question(url: str, content: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{url}/api/ask", content=content, headers=headers)
    assert answer.status_code == status
    assert re.match("请求|问题", answer.json()["error"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "docs", 404), ("GET", "redoc", 404), ("GET", "", 404), ("DELETE", "ask", 405)],
)
def test_what_is_not_there(url: str, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, f"{url}/api/{path}")
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]


def test_the_description_names_the_address_and_the_schemas(url: str) -> None:
    described = httpx.get(f"{url}/api/openapi.json").json()
    prefix = httpx.URL(url).path.rstrip("/")
    assert described["servers"] == [{"url": f"{prefix}/api"}]
    assert list(described["paths"]) == ["/ask"]
    for operation in described["paths"]["/ask"].values():
        schemas = {
            status: response["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
            for status, response in operation["responses"].items()
        }
        failures = dict.fromkeys(
            ["400", "401", "413", "415", "422", "429", "500", "503"], "Failure"
        )
        assert schemas == {"200": "Answer", **failures}
    [question, k] = described["paths"]["/ask"]["get"]["parameters"]
    assert (question["name"], question["required"]) == ("question", True)
    assert (k["schema"]["minimum"], k["schema"]["maximum"], k["schema"]["default"]) == (1, 100, 3)
    assert set(described["components"]["schemas"]) == {
        *("Answer", "Citation", "Document"),
        *("Asked", "Failure"),
    }


def test_health_tells_what_the_index_holds(url: str, opened: Index) -> None:
    answer = httpx.get(f"{url}/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "generation": opened.corpus.generation,
        "built": opened.corpus.built,
        "documents": 1,
        "passages": 4,
        "encoder": "builtin",
    }


def test_health_does_not_wait_for_the_index(folder: Path) -> None:
    allowed = threading.Event()

    def open_index() -> Index:
        allowed.wait(60)
        return Index.open(folder)

    live = LiveIndex(open_index)
    client = TestClient(application(live))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "loading"})
    allowed.set()
    live.get()
    assert client.get("/healthz").status_code == 200


def test_no_index_is_said_by_all(unopened: TestClient, tmp_path: Path) -> None:
    answer = unopened.get("/api/ask", params={"question": "技能"})
    assert answer.status_code == 503
    assert str(tmp_path) in answer.json()["error"]
    health = unopened.get("/healthz")
    assert health.status_code == 503
    assert health.json() == {"status": "error", "error": answer.json()["error"]}


def test_no_encoder_is_said() -> None:
    def open_index() -> Index:
        raise EncoderError("内置模型需要 onnxruntime")

    answer = TestClient(application(LiveIndex(open_index))).get("/api/ask?question=技能")
    assert answer.status_code == 503
    assert answer.json() == {"error": "内置模型需要 onnxruntime"}


def test_a_fault_has_the_shape_of_every_error() -> None:
    def open_index() -> Index:
        raise ZeroDivisionError

    app = application(LiveIndex(open_index))
    answer = TestClient(app, raise_server_exceptions=False).get("/api/ask?question=技能")
    assert answer.status_code == 500
    assert "服务器出错" in answer.json()["error"]


MODES = ["legacy", "2026-07-28", "auto"]


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_an_assistant_finds_one_tool(url: str, mode: str) -> None:
    async def list_tools() -> Any:
        async with Client(f"{url}/mcp", mode=mode) as client:
            return await client.list_tools()

    [tool] = asyncio.run(list_tools()).tools
    assert tool.name == "retrieve"
    assert "不是答案" in tool.description
    assert tool.annotations.read_only_hint
    assert tool.input_schema["required"] == ["question"]
    assert set(tool.input_schema["properties"]) == {"question", "k"}
    assert set(tool.output_schema["properties"]) == set(Answer("", True, 0.0, ()).to_dict())


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_an_assistant_gets_what_the_command_line_gives(url: str, mode: str, opened: Index) -> None:
    # The client holds the answer against the schema.
    asked = {"question": CHECK_UP[0], "k": 2}
    result = call(f"{url}/mcp", "retrieve", asked, mode)
    assert not result.is_error
    assert result.structured_content == opened.ask(CHECK_UP[0], k=2).to_dict()
    assert json.loads(result.content[0].text) == result.structured_content


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "asked", "said"),
    [
        ("retrieve", {"question": "？？"}, "问题里没有文字"),
        ("retrieve", {"question": "技能", "k": 0}, "请求的格式不对（k）"),
        ("retrieve", {}, "请求的格式不对（question）"),
        ("write", {"question": "技能"}, "没有工具 write"),
    ],
)
def test_an_assistant_is_told_what_is_wrong(
    url: str, tool: str, asked: dict[str, Any], said: str
) -> None:
    result = call(f"{url}/mcp", tool, asked)
    assert result.is_error
    assert result.structured_content is None
    assert result.content[0].text.startswith(said)


def call(url: str, tool: str, arguments: dict[str, Any], mode: str = "auto") -> Any:
    async def call_tool() -> Any:
        async with Client(url, mode=mode) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(call_tool())


def test_an_assistant_is_told_that_there_is_no_index(tmp_path: Path) -> None:
    with serving(application(LiveIndex(lambda: Index.open(tmp_path)))) as address:
        result = call(f"{address}/mcp", "retrieve", {"question": "技能"})
    assert result.is_error
    assert str(tmp_path) in result.content[0].text


def test_web_pages_of_other_hosts_are_refused(url: str) -> None:
    host = httpx.URL(url).netloc.decode()
    statuses = {}
    for origin in ["", f"http://{host}", f"https://{host}", "http://evil.example", "null"]:
        headers = {"accept": "application/json, text/event-stream"}
        if origin:
            headers["origin"] = origin
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        statuses[origin] = httpx.post(f"{url}/mcp", json=ping, headers=headers).status_code
    assert list(statuses.values()) == [200, 200, 200, 403, 403]


def test_no_stream_is_offered(url: str) -> None:
    assert httpx.get(f"{url}/mcp").status_code == 405
    assert httpx.delete(f"{url}/mcp").status_code == 405


@pytest.mark.slow
def test_without_the_package_all_but_the_tool_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.delitem(sys.modules, "changai.web.assistants", raising=False)
    client = TestClient(application(LiveIndex(lambda: Index.open(folder))))
    answer = client.post("/mcp", json={})
    assert answer.status_code == 501
    assert "pip install 'mcp>=2.3,<3'" in answer.json()["error"]
    assert client.get("/api/ask?question=体检").status_code == 200
