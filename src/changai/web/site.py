"""What stands beside the chat, with no script needed: the articles, the two tables, and exports;
and the page of what goes wrong with them."""

from datetime import date
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from changai import reader, tables, transcripts
from changai.errors import ChangaiError
from changai.web import api, conversation
from changai.web.live import LiveIndex

_MEDIA_TYPES = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown",
}

FAILURES = (ChangaiError, RequestValidationError, HTTPException, Exception)
"""What ``failure_page`` is to be told of by the application that the routes are added to."""


def create_router(live: LiveIndex) -> APIRouter:
    """The routes ``/source/ID``, ``/figures``, ``/documents``, both as CSV, and ``/export``."""
    router = APIRouter(default_response_class=HTMLResponse)

    @router.get("/source/{document_id}")
    def source(
        document_id: str, mark: Annotated[tuple[str, ...], Query()] = (), of: str = ""
    ) -> Response:
        # Read once: the passages are one generation's, whatever is published meanwhile.
        passages = [p for p in live.get().passages if p.document.id == document_id]
        if not passages:
            message = "收录的文章里没有这一篇，或者已经撤下；请返回问答，重新提问。"
            return HTMLResponse(reader.failure_page("没有这篇文章", message), status_code=404)
        document = passages[0].document
        marks = reader.parse_marks(mark, document.text)
        changed = bool(of) and of != reader.version(document)
        return HTMLResponse(reader.article_page(document, passages, marks, changed=changed))

    @router.get("/figures")
    def figures() -> str:
        return tables.figures_page(live.get().passages)

    @router.get("/figures.csv")
    def figures_csv(request: Request) -> Response:
        content = tables.figures_csv(live.get().passages, str(request.base_url))
        return _file(content, "数据一览.csv")

    @router.get("/documents")
    def documents() -> str:
        return tables.documents_page(live.get().passages)

    @router.get("/documents.csv")
    def documents_csv(request: Request) -> Response:
        content = tables.documents_csv(live.get().passages, str(request.base_url))
        return _file(content, "文件清单.csv")

    @router.post("/export/{suffix}")
    def export(
        request: Request, suffix: Literal["docx", "md"], turns: Annotated[str, Form()]
    ) -> Response:
        home, today = str(request.base_url), date.today()
        asked = conversation.turns_from_json(turns)
        answered = {turn: conversation.answer(live, turn) for turn in dict.fromkeys(asked)}
        exchanges = [answered[turn] for turn in asked]
        if suffix == "docx":
            content = transcripts.to_docx(exchanges, today, home)
        else:
            content = transcripts.to_markdown(exchanges, today, home).encode()
        return _file(content, transcripts.file_name(today, suffix))

    return router


async def failure_page(request: Request, error: Exception) -> HTMLResponse:
    """What went wrong with a request for one of these, or for what is not there, as a page."""
    title = "出错了"
    match error:
        case ChangaiError():
            status, message = api.status(error), str(error)
        case HTTPException(status_code=404):
            title, status = "没有这个网页", 404
            message = "网址可能写错了，或者网页已经撤下；请返回问答，从那里打开。"
        case RequestValidationError() | HTTPException():
            status, message = 400, "网页送来的内容不完整或者太长；请返回问答，分几次再试。"
        case _:
            # Starlette raises it again after this, so the log has it.
            status, message = 500, "服务器出错了，原因写在它的日志里；请告诉管理员。"
    path = request.scope["path"].removeprefix(request.scope["root_path"])
    chat = f"./{'../' * (path.count('/') - 1)}"
    return HTMLResponse(reader.failure_page(title, message, chat), status_code=status)


def _file(content: bytes, name: str) -> Response:
    """A file to be saved under a Chinese name (RFC 6266)."""
    media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"content-disposition": disposition})
