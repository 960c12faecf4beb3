"""The routes for the pages beside the chat: the articles and the two tables, which need no script.
Also the exports that the chat page's script requests."""

from datetime import date
from functools import partial
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from changai import clock
from changai.pages import original, tables, transcripts
from changai.records import Exchange
from changai.search.index import Index
from changai.web import chat, conversation
from changai.web.clients import Rates
from changai.web.live import LiveIndex
from changai.web.refusals import refusal

_MEDIA_TYPES = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown",
}


_LIKE_A_REQUEST = 5
"""How many questions of an export count as one request."""


def create_router(live: LiveIndex, rates: Rates, public_url: str = "") -> APIRouter:
    """The routes ``/source/ID``, ``/figures``, ``/documents``, both as CSV, and ``/export``.

    ``public_url`` is the address of the chat page for links in saved files. If it is empty, the
    address of the request is used.
    """
    router = APIRouter(default_response_class=HTMLResponse)
    page = partial(router.api_route, methods=["GET", "HEAD"])

    def home(request: Request) -> str:
        return f"{public_url.rstrip('/')}/" if public_url else str(request.base_url)

    @page("/source/{document_id}")
    async def source(
        request: Request,
        document_id: str,
        mark: Annotated[tuple[str, ...], Query()] = (),
        of: str = "",
    ) -> Response:
        shown = await live.run(lambda index: _article(index, document_id, mark, of))
        if shown is None:
            message = "收录的文章里没有这一篇，或者已经撤下；请返回问答，重新提问。"
            return refusal(request.scope, 404, message, title="没有这篇文章")
        return HTMLResponse(shown)

    @page("/figures")
    async def figures() -> str:
        return await live.run(lambda index: tables.figures_page(index.passages))

    @page("/figures.csv")
    async def figures_csv(request: Request) -> Response:
        content = await live.run(lambda index: tables.figures_csv(index.passages, home(request)))
        return _file(content, "数据一览.csv")

    @page("/documents")
    async def documents() -> str:
        return await live.run(lambda index: tables.documents_page(index.passages))

    @page("/documents.csv")
    async def documents_csv(request: Request) -> Response:
        content = await live.run(lambda index: tables.documents_csv(index.passages, home(request)))
        return _file(content, "文件清单.csv")

    @router.post("/export/{suffix}")
    async def export(request: Request, suffix: Literal["docx", "md"]) -> Response:
        turns = conversation.turns_from(await chat.parsed(request))
        # Each question is answered once, even if it was asked several times. They are answered
        # one at a time, so that other visitors get their turn in between.
        questions = dict.fromkeys((turn.meant, turn.as_typed) for turn in turns)
        if seconds := rates.wait(request.scope, "work", len(questions) // _LIKE_A_REQUEST):
            message = "您导出得太多；请过一会儿再试"
            return refusal(request.scope, 429, message, retry_after=seconds)
        answers: dict[tuple[str, bool], conversation.Dated] = {}
        async with live.aside.admitted(), live.admitted() as use:
            for meant, as_typed in questions:
                ask = partial(conversation.ask, meant=meant, as_typed=as_typed)
                answers[meant, as_typed] = await use(ask)
            exchanges = [
                conversation.exchange(turn, answers[turn.meant, turn.as_typed]) for turn in turns
            ]
            today = clock.today()
            write = partial(_written, suffix, exchanges, today, home(request))
            content = await live.aside.run(write)
        return _file(content, transcripts.file_name(today, suffix))

    return router


def _written(
    suffix: Literal["docx", "md"], exchanges: list[Exchange], today: date, home: str
) -> bytes:
    if suffix == "docx":
        return transcripts.to_docx(exchanges, today, home)
    return transcripts.to_markdown(exchanges, today, home).encode()


def _article(index: Index, document_id: str, mark: tuple[str, ...], of: str) -> str | None:
    """The page of an article, or None if there is no such article."""
    passages = [p for p in index.passages if p.document.id == document_id]
    if not passages:
        return None
    document = passages[0].document
    marks = original.parse_marks(mark, document.text)
    changed = bool(of) and of != original.version(document)
    return original.article_page(document, passages, marks, changed=changed)


def _file(content: bytes, name: str) -> Response:
    """A response to be saved as a file with a Chinese name (RFC 6266)."""
    media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"content-disposition": disposition})
