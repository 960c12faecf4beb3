"""What stands beside the chat, with no script needed: the articles, the two tables, and exports."""

from datetime import date
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, Response

from changai import conversation, reader, tables, transcripts
from changai.live import LiveIndex

_MEDIA_TYPES = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown",
}


def create_router(live: LiveIndex) -> APIRouter:
    """The routes ``/source/ID``, ``/figures``, ``/documents``, both as CSV, and ``/export``."""
    router = APIRouter(default_response_class=HTMLResponse)

    @router.get("/source/{document_id}")
    def source(document_id: str, mark: Annotated[tuple[str, ...], Query()] = ()) -> Response:
        index = live.get()
        document = next((d for d in index.documents if d.id == document_id), None)
        if document is None:
            message = "收录的文章里没有这一篇，或者已经撤下；请返回问答，重新提问。"
            return HTMLResponse(reader.not_found_page(message), status_code=404)
        passages = [passage for passage in index.passages if passage.document == document]
        marks = reader.parse_marks(mark, document.text)
        return HTMLResponse(reader.article_page(document, passages, marks))

    @router.get("/figures")
    def figures() -> str:
        return tables.figures_page(live.get().passages)

    @router.get("/figures.csv")
    def figures_csv() -> Response:
        return _file(tables.figures_csv(live.get().passages), "数据一览.csv")

    @router.get("/documents")
    def documents() -> str:
        return tables.documents_page(live.get().passages)

    @router.get("/documents.csv")
    def documents_csv() -> Response:
        return _file(tables.documents_csv(live.get().passages), "文件清单.csv")

    @router.post("/export/{suffix}")
    def export(suffix: Literal["docx", "md"], turns: Annotated[str, Form()]) -> Response:
        index, today = live.get(), date.today()
        exchanges = [
            conversation.answer(index, turn) for turn in conversation.turns_from_json(turns)
        ]
        if suffix == "docx":
            content = transcripts.to_docx(exchanges, today)
        else:
            content = transcripts.to_markdown(exchanges, today).encode()
        return _file(content, transcripts.file_name(today, suffix))

    return router


def _file(content: bytes, name: str) -> Response:
    """A file to be saved under a Chinese name (RFC 6266)."""
    media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"content-disposition": disposition})
