"""The chat page, made and served with Gradio. No other module imports gradio.

Gradio registers some hundred routes. Through those that run functions and store files, anyone could
read the server's files, make it fetch URLs, and fill its disk. The page needs none of them: its
script uses the routes of ``chat``.
"""

import re

import gradio as gr
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai.pages.rendering import asset, render
from changai.query import followups
from changai.query.understanding import LONGEST_QUESTION
from changai.web.refusals import failure, own_path

_SERVED = re.compile(
    r"/|/theme\.css|/manifest\.json|/favicon\.ico"
    r"|/(?:assets|static)/(?:[\w-][\w.-]{,99}/){,9}[\w-][\w.-]{,99}",
    re.ASCII,
)
"""The paths of the files that the page needs. No other path of Gradio is served."""

_TOLD = (b"host", b"accept", b"accept-encoding")
"""The request headers that Gradio gets. It would trust others to name the host."""

_NO_SCRIPT = """<noscript lang="zh-CN"><p style="margin: 2rem; color-scheme: light dark">\
提问要用 JavaScript：请在浏览器里允许它，再刷新网页。不提问也可以看：\
<a href="figures">数据一览</a>、<a href="documents">文件清单</a>。</p></noscript>
""".encode()


def create_page(root_path: str, *, asks_for_opinions: bool) -> ASGIApp:
    """The application that serves the page at ``/``, and the files that it needs."""
    with gr.Blocks(title="产改问答", analytics_enabled=False, fill_height=True) as blocks:
        gr.HTML(
            html_template=render("web/templates/page.html", asks_for_opinions=asks_for_opinions),
            js_on_load=asset("web/assets/page.js"),
            apply_default_css=False,
            longest=LONGEST_QUESTION,
            remembered=followups.LOOK_BACK,
        )
    # Without FastAPI's own pages, and without room for uploads.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        root_path=root_path,
        app_kwargs={"exception_handlers": {403: _nothing, 404: _nothing}},
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=False,
        max_file_size="1kb",
        enable_monitoring=False,
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
        # Not as ``css``: Gradio would write it twice, and limit its rules for dark mode and for
        # print to its own elements.
        head=f"<style>{asset('pages/assets/paper.css')}{asset('web/assets/page.css')}</style>",
    )
    return _Served(app)


async def _nothing(request: Request, _: Exception) -> Response:
    """The response for what Gradio does not have, or refuses because it is a folder."""
    return await failure(request, HTTPException(404))


class _Served:
    """ASGI application that serves only those routes of Gradio that the page needs. Gradio gets
    neither the query string nor most of the headers."""

    def __init__(self, gradio: ASGIApp) -> None:
        self._gradio = gradio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = own_path(scope)
        if scope["method"] not in ("GET", "HEAD") or not _SERVED.fullmatch(path):
            raise HTTPException(404)
        headers = [(name, value) for name, value in scope["headers"] if name in _TOLD]
        told = {**scope, "query_string": b"", "headers": headers}

        async def send_with_note(message: Message) -> None:
            # Without JavaScript, Gradio's page is blank, and it has no place for a note. So the
            # note goes in front of the element that holds the page.
            if message["type"] == "http.response.start":
                del MutableHeaders(raw=message["headers"])["content-length"]
            elif message["type"] == "http.response.body":
                message["body"] = message["body"].replace(
                    b"<gradio-app", _NO_SCRIPT + b"<gradio-app"
                )
            await send(message)

        await self._gradio(told, receive, send_with_note if path == "/" else send)
