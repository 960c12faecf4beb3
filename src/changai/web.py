"""The web page: the only importer of gradio."""

import contextlib
import functools
import logging
import socket
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.events import api
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from changai import followups
from changai.build import Progress, ensure_index
from changai.cards import EXAMPLES, OFFICIAL, WORKER, answer_card, error_card, escape, meaning
from changai.errors import ChangaiError, ServerError
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

# The reader begins at the top of a new answer, not at its end.
_SHOW_LAST_QUESTION = """() => setTimeout(() => {
    const asked = document.querySelectorAll('#chat .message.user');
    if (asked.length) asked[asked.length - 1].scrollIntoView({block: 'start'});
}, 50)"""

_log = logging.getLogger(__name__)

# As many as a follow-up can lean on.
_REMEMBERED = 3

Messages = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Talk:
    """What a page remembers of its conversation: the last questions as they were understood, and
    the last of all as it was typed, where it was taken to mean another."""

    understood: tuple[str, ...] = ()
    typed: str = ""


def serve(settings: Settings, progress: Progress | None = None) -> None:
    """Serve the page until interrupted, after building the index if there is none.

    Raises ServerError when the address cannot be listened on, and what opening an index raises.
    """
    listener = _listen(settings.host, settings.port)
    ensure_index(settings.index, progress)
    app = create_app(Index.open(settings.index))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"产改问答已就绪：http://{host}:{listener.getsockname()[1]}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def create_app(index: Index) -> FastAPI:
    """The web application: the page at ``/``, and the endpoint ``/retrieve`` beside it."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(_SecurityHeaders)
    gr.mount_gradio_app(
        app,
        _page(index),
        path="/",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=False,
        max_file_size="1kb",
        css=files("changai").joinpath("page.css").read_text(encoding="utf-8"),
        theme=gr.themes.Default(
            primary_hue="red",
            neutral_hue="gray",
            font=["system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ),
        head='<meta name="viewport" content="width=device-width, initial-scale=1">',
    )
    return app


def reply(
    index: Index, question: str, audience: str, messages: Messages, talk: Talk
) -> tuple[str, Messages, Talk]:
    """Answer in the chat: the emptied question box, the messages with two more, and the talk."""
    if not question.strip():
        return "", messages, talk
    meant = followups.resolve(question, talk.understood)
    messages = [*messages, *_exchange(index, question, meant, audience)]
    understood = (*talk.understood, (meant or question)[:LONGEST_QUESTION])
    return "", messages, Talk(understood[-_REMEMBERED:], question if meant else "")


def reply_as_typed(
    index: Index, audience: str, messages: Messages, talk: Talk
) -> tuple[Messages, Talk]:
    """Take back what the last question was taken to mean, and answer what was typed."""
    if not talk.typed:
        return messages, talk
    messages = [*messages[:-2], *_exchange(index, talk.typed, None, audience)]
    return messages, Talk((*talk.understood[:-1], talk.typed))


def _exchange(index: Index, question: str, meant: str | None, audience: str) -> Messages:
    """A question as it was typed, and the answer to what it means."""
    try:
        _refresh(index)
        content = answer_card(index.ask(meant or question), audience)
    except ChangaiError as error:
        content = error_card(str(error))
    return [
        {"role": "user", "content": escape(question[:LONGEST_QUESTION])},
        {"role": "assistant", "content": (meaning(meant) if meant else "") + content},
    ]


def retrieve(index: Index, question: str, k: int = 3) -> dict[str, Any]:
    """The endpoint's answer: that of ``changai ask --json``, or ``{"error": …}``."""
    try:
        _refresh(index)
        return index.ask(question, k=k).to_dict()
    except ChangaiError as error:
        return {"error": str(error)}


def _refresh(index: Index) -> None:
    """Take up a rebuilt index; where it cannot be opened, the one before stays in use."""
    try:
        index.refresh()
    except ChangaiError as error:
        _log.warning("不能换用新的索引，仍用原来的：%s", error)


def _page(index: Index) -> gr.Blocks:
    respond = functools.partial(reply, index)
    respond_as_typed = functools.partial(reply_as_typed, index)
    page: gr.Blocks
    with gr.Blocks(title="产改问答", analytics_enabled=False, fill_height=True) as page:
        gr.HTML(
            "<h1>产改问答</h1><p>答案都是文章原文，照录不改（扫描的错字也照录），注明位置和日期；"
            f"文章没有说的，就说没有。现收录文章 {len(index.documents)} 篇。</p>",
            elem_id="head",
        )
        audience = gr.Radio(
            [WORKER, OFFICIAL], value=WORKER, show_label=False, container=False, elem_id="audience"
        )
        chat = gr.Chatbot(
            show_label=False,
            label="问答",
            buttons=[],
            scale=1,
            height=None,
            latex_delimiters=[],
            autoscroll=False,
            group_consecutive_messages=False,
            elem_id="chat",
            placeholder="请输入问题，或点下面的例子。",
        )
        rows = {}
        buttons = []
        for who, questions in EXAMPLES.items():
            with gr.Row(visible=who == WORKER, elem_classes="examples") as rows[who]:
                buttons += [gr.Button(text, size="sm", min_width=60) for text in questions]
        with gr.Row(elem_id="ask"):
            question = gr.Textbox(
                placeholder="例如：外地人的孩子怎么上学?",
                show_label=False,
                label="问题",
                submit_btn="提问",
                elem_id="question",
                autofocus=True,
                scale=1,
                min_width=200,
            )
            as_typed = gr.Button(
                "按原话再问", visible=False, size="sm", scale=0, min_width=100, elem_id="as-typed"
            )
        talk = gr.State(Talk())
        talk.change(
            lambda talk: gr.Button(visible=bool(talk.typed)),
            talk,
            as_typed,
            api_visibility="private",
            show_progress="hidden",
        )
        chat.clear(Talk, None, talk, api_visibility="private", show_progress="hidden")
        asked = [question.submit, *(button.click for button in buttons)]
        for event, box in zip(asked, [question, *buttons], strict=True):
            event(
                respond,
                [box, audience, chat, talk],
                [question, chat, talk],
                api_visibility="private",
                show_progress="hidden",
            ).then(fn=None, js=_SHOW_LAST_QUESTION, api_visibility="private")
        as_typed.click(
            respond_as_typed,
            [audience, chat, talk],
            [chat, talk],
            api_visibility="private",
            show_progress="hidden",
        ).then(fn=None, js=_SHOW_LAST_QUESTION, api_visibility="private")
        audience.change(
            lambda who: [gr.Row(visible=who == each) for each in rows],
            audience,
            list(rows.values()),
            api_visibility="private",
            show_progress="hidden",
        )
        api(_endpoint(index), api_name="retrieve")
    # Two at once did best on two cores; a burst waits its turn.
    page.queue(default_concurrency_limit=2, max_size=200)
    return page


def _endpoint(index: Index) -> Any:
    """``retrieve`` for one index, with the signature that gradio publishes."""

    def endpoint(question: str, k: int = 3) -> dict[str, Any]:
        return retrieve(index, question, k)

    return endpoint


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
