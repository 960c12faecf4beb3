"""The web page and what it is served with: the only importer of gradio."""

import contextlib
import logging
import socket
import threading
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from gradio.events import api as publish
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai import api, cards, conversation, reader, site
from changai.build import Progress, ensure_index
from changai.errors import ChangaiError, FeedbackError, ServerError
from changai.feedback import Feedback, Opinion
from changai.live import LiveIndex
from changai.markup import resource
from changai.records import Settings
from changai.retrieval import LONGEST_QUESTION, Index

_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
        "form-action 'self'",
    ]
)

_AT_ONCE = 2
"""How many questions are answered at once, which did best on two cores; a burst waits its turn."""

_log = logging.getLogger(__name__)


def serve(settings: Settings, progress: Progress | None = None) -> None:
    """Serve the page until interrupted; the index is opened meanwhile, and built if there is none.

    Raises ServerError when the address cannot be listened on, FeedbackError, and what opening an
    index raises.
    """
    listener = _listen(settings.host, settings.port)
    feedback = Feedback(settings.feedback) if settings.feedback is not None else None
    live = LiveIndex(lambda: _open_index(settings.index, progress))
    app = create_app(live, feedback, root_path=settings.root_path)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", root_path=settings.root_path))
    live.when_failed(lambda: setattr(server, "should_exit", True))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"产改问答已就绪：http://{host}:{listener.getsockname()[1]}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    if live.ready:
        live.get()


def _open_index(folder: Path, progress: Progress | None) -> Index:
    ensure_index(folder, progress)
    return Index.open(folder)


def create_app(
    live: LiveIndex, feedback: Feedback | None = None, *, root_path: str = ""
) -> FastAPI:
    """The web application: the page at ``/``, and beside it what ``site`` and ``api`` give.

    ``feedback`` is where opinions are kept, if they are; ``root_path`` is the path below which a
    reverse proxy shows the application.
    """
    routes = api.create_routes(live)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, routes=routes)
    app.add_middleware(_SecurityHeaders)
    app.include_router(site.create_router(live))
    app.add_exception_handler(ChangaiError, _error_page)
    gr.mount_gradio_app(
        app,
        _page(live, feedback),
        path="/",
        root_path=root_path,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=False,
        max_file_size="1kb",
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
        # Not ``css``, which Gradio writes twice, its rules for the dark and for paper confined to
        # its own elements. The icon, lest a browser ask the host for one, outside the root path.
        head='<link rel="icon" href="data:,">'
        f"<style>{resource('paper.css')}{resource('page.css')}</style>",
    )
    return app


async def _error_page(request: Request, error: Exception) -> HTMLResponse:
    return HTMLResponse(reader.not_found_page(str(error)), status_code=400)


def _page(live: LiveIndex, feedback: Feedback | None) -> gr.Blocks:
    gate = threading.BoundedSemaphore(_AT_ONCE)

    # Gradio hands each what the page's script called it with, as one value.
    def answer(asked: object) -> dict[str, Any]:
        with gate:
            return _answer(live, asked)

    def opine(opinion: object) -> str:
        with gate:
            return _opine(live, feedback, opinion)

    def corpus(_: object) -> str:
        return _corpus(live)

    def endpoint(question: str, k: int = 3) -> dict[str, Any]:
        return retrieve(live, question, k)

    page: gr.Blocks
    with gr.Blocks(title="产改问答", analytics_enabled=False, fill_height=True) as page:
        gr.HTML(
            html_template=resource("page.html")
            .replace("@examples", cards.examples())
            .replace("@feedback", "no" if feedback is None else "yes"),
            js_on_load=resource("page.js"),
            apply_default_css=False,
            server_functions=[answer, corpus, opine],
            longest=LONGEST_QUESTION,
            remembered=conversation.REMEMBERED,
        )
        publish(endpoint, api_name="retrieve")
    page.queue(default_concurrency_limit=_AT_ONCE, max_size=200)
    return page


def _answer(live: LiveIndex, asked: object) -> dict[str, Any]:
    """What the page shows for a question, and the turn that it is to remember."""
    try:
        index = live.get()
        turn = conversation.next_turn(asked)
        exchange = conversation.answer(index, turn)
    except ChangaiError as error:
        message = str(error)
        return {"html": cards.error_card(message), "status": message}
    return {
        "html": cards.reply_card(exchange),
        "status": cards.status(exchange),
        "turn": turn.to_dict(),
        "corpus": cards.corpus_line(index.corpus),
    }


def _opine(live: LiveIndex, feedback: Feedback | None, opinion: object) -> str:
    """Keep an opinion of a turn's answer: what to tell the visitor."""
    match opinion:
        case {"turn": turn, "useful": bool(useful), "comment": str(comment)} if feedback:
            pass
        case _:
            return "没有记下：这里不收集意见。"
    try:
        exchange = conversation.answer(live.get(), conversation.turn_from(turn))
        today = date.today().isoformat()
        feedback.add(Opinion.of(exchange.answer, useful, comment.strip(), today))
    except FeedbackError as error:
        _log.error("%s", error)
        return "没有记下：服务器存不了意见，请告诉管理员。"
    except ChangaiError as error:
        return f"没有记下：{error}"
    return "谢谢，已记下。"


def _corpus(live: LiveIndex) -> str:
    try:
        return cards.corpus_line(live.get().corpus)
    except ChangaiError as error:
        return str(error)


def retrieve(live: LiveIndex, question: str, k: int = 3) -> dict[str, Any]:
    """The endpoint's answer: that of ``changai ask --json``, or ``{"error": …}``."""
    try:
        return live.get().ask(question, k=k).to_dict()
    except ChangaiError as error:
        return {"error": str(error)}


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServerError(
            f"不能监听 {host}:{port}（{error.strerror}）；请用 --host 或 --port 换一个"
        ) from error


class _SecurityHeaders:
    """ASGI middleware: the browser may load nothing from elsewhere, nor guess at types."""

    _HEADERS = (
        (b"content-security-policy", _POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)
