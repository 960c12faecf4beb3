"""The web page and what it is served with: the only importer of gradio."""

import contextlib
import logging
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.events import api as publish
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai import cards, followups
from changai.build import Progress, ensure_index
from changai.errors import ChangaiError, FeedbackError, OpinionError, ServerError
from changai.feedback import Feedback, Opinion
from changai.markup import resource
from changai.records import Settings
from changai.retrieval import LONGEST_QUESTION, Index
from changai.web import api, conversation, site
from changai.web.live import LiveIndex

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

_NO_SCRIPT = """<noscript lang="zh-CN"><p style="margin: 2rem; color-scheme: light dark">\
提问要用 JavaScript：请在浏览器里允许它，再刷新网页。不提问也可以看：\
<a href="figures">数据一览</a>、<a href="documents">文件清单</a>。</p></noscript>
""".encode()

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
    if live.failure is not None:
        raise live.failure


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
    # Gradio would keep whatever files anyone sends; the page sends none.
    no_uploads = Route("/gradio_api/upload", Response(status_code=404))
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        routes=[*api.create_routes(live), no_uploads],
        exception_handlers=dict.fromkeys(site.FAILURES, site.failure_page),
    )
    # It allows no other site; without it Gradio would allow every one.
    app.add_middleware(CORSMiddleware)
    app.add_middleware(_Guard)
    app.include_router(site.create_router(live))
    gr.mount_gradio_app(
        app,
        _page(live, feedback),
        path="/",
        root_path=root_path,
        # What it does not know, nobody does: it is asked last.
        app_kwargs={
            "exception_handlers": {404: site.failure_page},
            "middleware": [Middleware(_NoScript)],
        },
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=False,
        max_file_size="1kb",
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
        # Not ``css``, which Gradio writes twice, its rules for the dark and for paper confined to
        # its own elements.
        head=f"<style>{resource('paper.css')}{resource('page.css')}</style>",
    )
    return app


def _page(live: LiveIndex, feedback: Feedback | None) -> gr.Blocks:
    def retrieve(question: str, k: int = 3) -> dict[str, Any]:
        try:
            return live.ask(question, k=k).to_dict()
        except ChangaiError as error:
            return {"error": str(error)}

    page: gr.Blocks
    with gr.Blocks(title="产改问答", analytics_enabled=False, fill_height=True) as page:
        gr.HTML(
            html_template=resource("page.html")
            .replace("@examples", cards.examples())
            .replace("@feedback", "no" if feedback is None else "yes"),
            js_on_load=resource("page.js"),
            apply_default_css=False,
            server_functions=_server_functions(live, feedback),
            longest=LONGEST_QUESTION,
            remembered=followups.LOOK_BACK,
        )
        publish(retrieve, api_name="retrieve", concurrency_limit=None)
    return page


def _server_functions(
    live: LiveIndex, feedback: Feedback | None
) -> list[Callable[[object], dict[str, Any]]]:
    """What the page's script may call by name, each with one value.

    Gradio writes on these, and reads their names and signatures: no methods, nor partials.
    """

    def answer(asked: object) -> dict[str, Any]:
        """What the page shows for a question, and the turn that it is to remember."""
        try:
            turn = conversation.next_turn(asked)
            exchange = conversation.answer(live, turn)
            corpus = live.get().corpus
        except ChangaiError as error:
            message = str(error)
            return {"html": cards.error_card(message), "status": message}
        return {
            "html": cards.reply_card(exchange),
            "status": cards.status(exchange),
            "turn": replace(turn, generation=corpus.generation).to_dict(),
            "corpus": cards.corpus_line(corpus),
        }

    @cache
    def examples(_generation: str) -> list[str]:
        return [each for each in cards.EXAMPLE_QUESTIONS if live.ask(each).covered]

    def corpus(_: object) -> dict[str, Any]:
        """What the page answers from, and the examples that it answers."""
        try:
            corpus = live.get().corpus
            return {
                "line": cards.corpus_line(corpus),
                "examples": examples(corpus.generation),
                "generation": corpus.generation,
            }
        except ChangaiError as error:
            return {"line": str(error), "examples": [], "generation": ""}

    def opine(opinion: object) -> dict[str, Any]:
        """Keep an opinion of an answer; whether it was kept, and what to tell the visitor."""
        try:
            _keep(live, feedback, opinion)
        except FeedbackError as error:
            _log.error("%s", error)
            return {"kept": False, "said": "没有记下：服务器存不了意见，请告诉管理员。"}
        except ChangaiError as error:
            return {"kept": False, "said": f"没有记下：{error}"}
        return {"kept": True, "said": "谢谢，已记下。"}

    return [answer, corpus, opine]


def _keep(live: LiveIndex, feedback: Feedback | None, opinion: object) -> None:
    if feedback is None:
        raise OpinionError("这里不收集意见")
    match opinion:
        case {
            "turn": raw,
            "useful": bool(useful),
            "comment": str(comment),
        }:
            pass
        case _:
            raise OpinionError("网页送来的意见不完整；请刷新网页后再试")
    exchange = conversation.answer(live, conversation.turn_from(raw))
    # What is kept must be what the visitor saw.
    if exchange.renewed:
        raise OpinionError("文章已经更新；请重新提问后再评")
    today = date.today().isoformat()
    feedback.add(Opinion.of(exchange.answer, useful, comment.strip(), today))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServerError(
            f"不能监听 {host}:{port}（{error.strerror}）；请用 --host 或 --port 换一个"
        ) from error


class _Guard:
    """ASGI middleware: the browser may load nothing from elsewhere, nor guess at types; and no page
    of another site may make it post in the visitor's name.

    A browser asks before it posts JSON to another site, and is told no. Forms it posts unasked:
    they are taken for exports only, which change nothing.
    """

    _HEADERS = (
        (b"content-security-policy", _POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            sent = Headers(scope=scope).get("content-type", "")
            if not (sent.startswith("application/json") or "/export/" in scope["path"]):
                await Response(status_code=415)(scope, receive, send)
                return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class _NoScript:
    """ASGI middleware: Gradio's page is blank without JavaScript, and has no place for saying so;
    it is said before the element that the page is made in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                del MutableHeaders(raw=message["headers"])["content-length"]
            elif message["type"] == "http.response.body":
                message["body"] = message["body"].replace(
                    b"<gradio-app", _NO_SCRIPT + b"<gradio-app"
                )
            await send(message)

        is_page = scope["type"] == "http" and scope["path"] == scope["root_path"] + "/"
        await self._app(scope, receive, send_with_note if is_page else send)
