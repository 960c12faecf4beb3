"""The response to a request that is not served: a page for people, JSON for programs."""

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from changai.errors import BusyError, ChangaiError, OpinionError, QuestionError
from changai.pages import original

FAILURES = (ChangaiError, RequestValidationError, HTTPException, Exception)
"""The errors that an application should pass to ``failure``."""

SECONDS_TO_RETRY = 2
"""When a client should try again after there was no room."""

_FOR_PROGRAMS = ("/api/", "/chat/", "/mcp")


def refusal(
    scope: Scope, status: int, message: str, *, title: str = "出错了", retry_after: int = 0
) -> Response:
    """A response that says in Chinese why a request is not served, and what to do. With
    ``retry_after`` it also says in how many seconds to try again."""
    path = own_path(scope)
    headers = {"retry-after": str(retry_after)} if retry_after else None
    if path.startswith(_FOR_PROGRAMS):
        return JSONResponse({"error": message}, status, headers)
    chat = f"./{'../' * (path.count('/') - 1)}"
    return HTMLResponse(original.failure_page(title, message, chat), status, headers)


def busy(scope: Scope) -> Response:
    """The response when there is no room for another request."""
    message = "现在问的人太多；请过一会儿再问"
    return refusal(scope, 503, message, retry_after=SECONDS_TO_RETRY)


async def failure(request: Request, error: Exception) -> Response:
    """The response to a request that raised an error, or that has an unknown address."""
    match error:
        case ChangaiError():
            return refusal(request.scope, status(error), str(error), retry_after=delay(error))
        case HTTPException(status_code=404):
            message = "网址可能写错了，或者网页已经撤下；请返回问答，从那里打开。"
            return refusal(request.scope, 404, message, title="没有这个网页")
        case RequestValidationError() | HTTPException():
            message = "网页送来的内容不完整或者太长；请返回问答，分几次再试。"
            return refusal(request.scope, 400, message)
    # Starlette raises the error again after this, so it is logged.
    return refusal(request.scope, 500, "服务器出错了，原因写在它的日志里；请告诉管理员。")


def status(error: ChangaiError) -> int:
    """The HTTP status for an error: 400 if the request itself is wrong, else 503."""
    return 400 if isinstance(error, QuestionError | OpinionError) else 503


def delay(error: ChangaiError) -> int:
    """In how many seconds to try again after an error; 0 if that is unknown."""
    return SECONDS_TO_RETRY if isinstance(error, BusyError) else 0


def own_path(scope: Scope) -> str:
    """The requested path, without the root path under which a proxy serves the application."""
    return str(scope["path"]).removeprefix(scope.get("root_path", "")) or "/"
