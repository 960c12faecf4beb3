"""The interfaces for programs: JSON answers at ``/api``, ``/mcp`` for assistants, and ``/healthz``
and ``/metrics`` for monitoring."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import Body, FastAPI, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from changai import records
from changai.admin.accounts import Accounts
from changai.errors import ChangaiError, QuestionError
from changai.search.index import Index
from changai.web.answering import Answering
from changai.web.live import LiveIndex
from changai.web.monitoring import Metrics
from changai.web.refusals import delay, status
from changai.web.settings import LOOPBACK

_MOST = 100
"""The most citations that a request may ask for."""


class _Record(BaseModel):
    """A record of the public JSON. Unknown keys are an error."""

    model_config = ConfigDict(extra="forbid")


class Asked(_Record):
    question: str = Field(description="要问的问题；用中文问最好")
    k: int = Field(3, ge=1, le=_MOST, description="引用几段")


class Document(_Record):
    id: str = Field(description="文章的编号，文件名去掉 .txt")
    title: str = Field(description="标题")
    publisher: str = Field(description="发文单位，不详时为空")
    published: str = Field(description="发布日期，不详时为空")
    file: str = Field(description="文件名")


class Citation(_Record):
    rank: int = Field(description="名次，从 1 起")
    score: float = Field(description="排序用的分数，只在同一个问题之内可比")
    text: str = Field(description="段落原文，一字不改")
    highlights: list[tuple[int, int]] = Field(
        description="text 里最切题的文字的起止位置，最好的在前"
    )
    damaged: list[tuple[int, int]] = Field(description="text 里疑有识别错误的数字的起止位置")
    as_of: str = Field(description="所引数据的时点，照原文写法，没有时为空")
    locator: str = Field(description="段落在文章里的位置")
    start: int = Field(description="段落在全文里的起点，按字数")
    end: int = Field(description="段落在全文里的终点，按字数")
    url: str = Field(description="文章发布在哪个网页，不详时为空")
    document: Document


class Answer(_Record):
    # The same keys as records.Answer.to_dict; a test checks that.
    question: str = Field(description="所问的问题")
    covered: bool = Field(description="文章是否回答了问题")
    confidence: float = Field(description="文章回答了问题的可能性，0 到 1")
    answering: int = Field(description="前几段回答了问题；没有回答时是 0")
    mentioned: str = Field(description="第一段提到的问题里的话，照原文")
    missing: list[str] = Field(description="问到而第一段没有说的")
    taken_as: str = Field(description="改正错别字以后，问题被理解成什么；没有改时为空")
    citations: list[Citation] = Field(
        description="引用的段落，最好的在前；没有回答时是最相近的段落"
    )


class Failure(_Record):
    error: str = Field(description="出了什么错，该怎么办")


def create_routes(
    live: LiveIndex, answering: Answering, metrics: Metrics, accounts: Accounts | None = None
) -> list[BaseRoute]:
    """The routes for programs. ``accounts`` are those that may sign in, or None if signing in is
    not needed."""

    async def healthz(_: Request) -> JSONResponse:
        return _health(live, accounts)

    async def measured(request: Request) -> Response:
        if not _may_measure(request):
            raise HTTPException(404)
        content, content_type = metrics.render()
        return Response(content, headers={"content-type": content_type})

    return [
        Mount("/api", create_api(answering)),
        Route("/mcp", _create_mcp(answering)),
        Route("/healthz", healthz),
        Route("/metrics", measured),
    ]


def create_api(answering: Answering) -> FastAPI:
    """The application to mount at ``/api``: ``ask`` by GET or POST, and ``openapi.json``.

    It answers like ``changai ask --json``, or with ``{"error": …}``: 400 for a question that cannot
    be asked, 422 for a malformed request, and 503 if the index cannot be used or there are too many
    requests.
    """
    api = FastAPI(
        title="产改问答",
        description="用文章的原文回答问题。",
        version=version("changai"),
        # The documentation pages would load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            ChangaiError: _on_changai_error,
            RequestValidationError: _on_malformed,
            HTTPException: _on_http_error,
            Exception: _on_fault,
        },
    )
    failures: dict[int | str, dict[str, Any]] = {
        400: {"model": Failure, "description": "问题不能问"},
        422: {"model": Failure, "description": "请求不合格式"},
        500: {"model": Failure, "description": "服务器出错"},
        401: {"model": Failure, "description": "要登录才能用；请用 HTTP Basic"},
        413: {"model": Failure, "description": "送来的内容太长"},
        415: {"model": Failure, "description": "送来的不是 JSON"},
        429: {"model": Failure, "description": "问得太快；过 Retry-After 秒再问"},
        503: {"model": Failure, "description": "索引不能用，或者问的人太多；过 Retry-After 秒再问"},
    }

    @api.get("/ask", response_model=Answer, responses=failures, summary="提问")
    async def ask(asked: Annotated[Asked, Query()]) -> dict[str, Any]:
        return await _ask(answering, asked)

    @api.post("/ask", response_model=Answer, responses=failures, summary="提问（用 JSON）")
    async def ask_by_post(asked: Annotated[Asked, Body()]) -> dict[str, Any]:
        return await _ask(answering, asked)

    return api


def _create_mcp(answering: Answering) -> ASGIApp:
    """The MCP endpoint, or a response that says how to install it.

    ``mcp`` is an optional extra because Gradio loads it if it is installed. Every start would then
    take longer and need 23 MB more memory.
    """
    try:
        from changai.web.assistants import Endpoint
    except ImportError as error:
        advice = "请运行 pip install 'mcp>=2.3,<3'，再重新启动"
        return _failure(f"没有能用的 MCP 组件（{error}）；{advice}", 501)

    async def retrieve(arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            asked = Asked.model_validate(arguments)
        except ValidationError as error:
            raise QuestionError(_what_is_malformed(error)) from error
        return await _ask(answering, asked)

    return Endpoint(
        Asked.model_json_schema(), Answer.model_json_schema(mode="serialization"), retrieve
    )


async def _ask(answering: Answering, asked: Asked) -> dict[str, Any]:
    def ask(index: Index) -> tuple[records.Answer, dict[str, Any]]:
        answer = index.ask(asked.question, k=asked.k)
        return answer, answer.to_dict()

    return await answering.ask(ask)


def _may_measure(request: Request) -> bool:
    """Whether a request may read the metrics: it comes from this machine and not through a proxy,
    or its user has signed in."""
    state = request.scope.get("state", {})
    here = request.client is not None and request.client.host in LOOPBACK
    return (here and not state.get("passed_on")) or "user" in state


def _health(live: LiveIndex, accounts: Accounts | None) -> JSONResponse:
    """The response of ``/healthz``, made without waiting.

    200 with the size of the index; the status is ``stale`` if a later index cannot be used. 503
    while the index is being opened, if it could not be opened, or if nobody can sign in.
    """
    state = live.state()
    if accounts is not None and not accounts.usable:
        return JSONResponse({"status": "error", "error": "账号文件不能用"}, status_code=503)
    if state == "loading":
        return JSONResponse({"status": state}, status_code=503)
    if state == "error":
        told = str(live.failure) if isinstance(live.failure, ChangaiError) else "请看日志"
        return JSONResponse({"status": state, "error": told}, status_code=503)
    live.look()
    corpus = live.opened().corpus
    return JSONResponse(
        {
            "status": state,
            "generation": corpus.generation,
            "built": corpus.built,
            "documents": corpus.documents,
            "passages": corpus.passages,
            "encoder": corpus.encoder.name,
        }
    )


async def _on_changai_error(_: Request, error: ChangaiError) -> JSONResponse:
    headers = {"retry-after": str(seconds)} if (seconds := delay(error)) else None
    return _failure(str(error), status(error), headers)


async def _on_malformed(_: Request, error: RequestValidationError) -> JSONResponse:
    return _failure(_what_is_malformed(error), 422)


async def _on_http_error(_: Request, error: HTTPException) -> JSONResponse:
    messages = {
        400: "请求读不出来；请用 UTF-8 的 JSON",
        404: "没有这个地址；有哪些地址，请看 openapi.json",
        405: "这个地址不接受这种请求；请用 GET 或 POST",
    }
    message = messages.get(error.status_code, "请求不能处理；请看 openapi.json")
    return _failure(message, error.status_code, error.headers)


async def _on_fault(_: Request, error: Exception) -> JSONResponse:
    # Starlette raises the error again after this, so it is logged.
    return _failure("服务器出错了，原因写在它的日志里；请告诉管理员", 500)


def _failure(message: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(Failure(error=message).model_dump(), status_code=status, headers=headers)


def _what_is_malformed(error: RequestValidationError | ValidationError) -> str:
    places = {place for each in error.errors() for place in each["loc"]}
    wrong = "、".join(name for name in Asked.model_fields if name in places)
    return (
        f"请求的格式不对（{wrong or '读不出来'}）；"
        f"请给出 question（文字）和 k（1 到 {_MOST} 的整数，可以省略）"
    )
