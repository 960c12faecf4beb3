"""Puts the web application together, and serves it."""

import contextlib
import logging
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp

from changai.admin.accounts import Accounts
from changai.errors import IndexDamagedError, IndexMismatchError, ServerError
from changai.evaluation.feedback import Feedback
from changai.indexing import store
from changai.indexing.build import Progress, ensure_index
from changai.search.index import Index
from changai.web import api, chat, logs, refusals, site
from changai.web.answering import Answering
from changai.web.bodies import Bodies
from changai.web.clients import Clients, Introduction, Rates
from changai.web.connections import create_server
from changai.web.guard import Guard
from changai.web.live import LiveIndex
from changai.web.monitoring import Metrics
from changai.web.page import create_page
from changai.web.settings import LOCAL_NAMES, Settings
from changai.web.signin import SignIn
from changai.web.turnstile import Departures, Turnstile

_log = logging.getLogger(__name__)


def serve(settings: Settings, progress: Progress | None = None) -> None:
    """Serve the page until the process is stopped.

    The index is opened in the background, and built first if there is none. Raises ServerError if
    the address is not available or a setting is not valid, FeedbackError, AccountFileError, and
    what opening an index raises.
    """
    logs.set_up(settings.log)
    _check_temporary_folder()
    listener = _listen(settings.host, settings.port)
    feedback = Feedback(settings.feedback) if settings.feedback is not None else None
    live = LiveIndex(lambda: _open_index(settings.index, progress))
    accounts = Accounts(settings.users) if settings.users is not None else None
    app = create_app(
        live, settings, feedback, accounts, lambda: len(server.server_state.connections)
    )
    server = create_server(app, root_path=settings.root_path, stopping=live.close)
    live.when_failed(lambda: setattr(server, "should_exit", True))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"产改问答的网址：http://{host}:{listener.getsockname()[1]}", flush=True)
    if settings.users is None and settings.host not in LOCAL_NAMES:
        _log.warning("凡能连到 %s 的人都能提问；要登录才能用，请加 --users 文件", settings.host)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    if live.failure is not None:
        raise live.failure


def create_app(
    live: LiveIndex,
    settings: Settings,
    feedback: Feedback | None = None,
    accounts: Accounts | None = None,
    connections: Callable[[], int] = lambda: 0,
) -> ASGIApp:
    """The web application: the page at ``/``, the routes of ``site``, ``api`` and ``chat``, and the
    middleware in front of them. If ``accounts`` are given, only they may use it. ``connections``
    returns how many connections are open."""
    clients = Clients(settings.trusted_proxies, settings.client_header)
    rates = Rates(clients, settings.rate)
    metrics = Metrics(
        waiting=lambda: live.admission.waiting,
        connections=connections,
        corpus=lambda: live.opened().corpus if live.state() in ("ok", "stale") else None,
        stale=lambda: live.state() == "stale",
    )
    answering = Answering(live, metrics, log_questions=settings.log_questions)
    secure = settings.public_url.startswith("https:")
    signing_in = [Middleware(SignIn, accounts, secure=secure, clients=clients)] if accounts else []
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        routes=[
            *api.create_routes(live, answering, metrics, accounts),
            *chat.create_routes(live, answering, feedback, rates),
        ],
        exception_handlers=dict.fromkeys(refusals.FAILURES, refusals.failure),
        middleware=[
            Middleware(Guard, settings),
            *signing_in,
            Middleware(Turnstile, live.admission, rates, metrics),
            Middleware(Bodies),
            Middleware(Departures),
        ],
    )
    app.include_router(site.create_router(live, rates, settings.public_url))
    page = create_page(settings.root_path, asks_for_opinions=feedback is not None)
    # The page comes last: it answers every path that no other route has.
    app.routes.append(Mount("/", page))
    return Introduction(logs.AccessLog(app, metrics.count_response), clients)


def _open_index(folder: Path, progress: Progress | None) -> Index:
    """The index in use, built first if there is none; if it is damaged, the last sound one."""
    ensure_index(folder, progress)
    try:
        return Index.open(folder)
    except IndexDamagedError as error:
        for generation in reversed(store.generations(folder)):
            with contextlib.suppress(IndexDamagedError, IndexMismatchError):
                index = Index.open(folder, generation=generation)
                _log.warning("%s；暂时用完好的索引 %s", error, generation)
                return index
        raise


def _check_temporary_folder() -> None:
    """Raise ServerError if Gradio could not create the temporary folder that it needs to start."""
    folder: Path | str = os.environ.get("GRADIO_TEMP_DIR", "")
    try:
        folder = Path(folder or tempfile.gettempdir())
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ServerError(
            f"临时目录 {folder} 不能用（{error.strerror}）；请用环境变量 GRADIO_TEMP_DIR 换一个"
        ) from error


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServerError(
            f"不能监听 {host}:{port}（{error.strerror}）；请用 --host 或 --port 换一个"
        ) from error
