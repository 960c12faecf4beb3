"""The routes for the script of the chat page: answers, the corpus, and opinions."""

import logging
import threading
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from changai import clock, files
from changai.errors import ChangaiError, FeedbackError, OpinionError, QuestionError
from changai.evaluation.feedback import Feedback, Opinion
from changai.pages import cards
from changai.records import Answer
from changai.search.index import Index
from changai.web import conversation, offers
from changai.web.answering import Answering
from changai.web.clients import Rates
from changai.web.live import LiveIndex
from changai.web.signin import user_of

_log = logging.getLogger(__name__)


def create_routes(
    live: LiveIndex, answering: Answering, feedback: Feedback | None, rates: Rates
) -> list[Route]:
    """``/chat/answer``, ``/chat/corpus`` and ``/chat/opine``: JSON in, JSON out. They leave errors
    to ``refusals.failure``, except those in what a visitor wrote."""

    one_at_a_time = threading.Lock()

    @lru_cache(maxsize=1)
    def offered(index: Index) -> str:
        return cards.examples(offers.examples(index))

    def examples(index: Index) -> str:
        # A cache alone would have everybody who comes first work out the same.
        with one_at_a_time:
            return offered(index)

    async def answer(request: Request) -> Response:
        """What the page shows for a question, and the turn that it should remember."""
        turn = conversation.next_turn(await parsed(request))
        try:
            return JSONResponse(await answering.ask(partial(_shown, turn=turn)))
        except QuestionError as error:
            return _objection(error)

    async def corpus(request: Request) -> Response:
        """The size of the corpus, the examples to offer, and the name of the signed-in user."""

        def told(index: Index) -> dict[str, Any]:
            corpus = index.corpus
            return {
                "line": cards.corpus_line(corpus),
                "examples": examples(index),
                "generation": corpus.generation,
            }

        return JSONResponse(await live.run(told) | {"user": user_of(request.scope) or ""})

    async def opine(request: Request) -> Response:
        """Store an opinion on an answer, and return what to tell the visitor."""
        opinion = await parsed(request)
        try:
            if feedback is None:
                raise OpinionError("这里不收集意见")
            if rates.wait(request.scope, "opinion"):
                raise OpinionError("您今天已经评过很多次；请明天再评")
            kept = await live.run(lambda index: _opinion(index, opinion))
            async with live.aside.admitted():
                await live.aside.run(partial(feedback.add, kept))
        except (OpinionError, QuestionError) as error:
            return _objection(error)
        except FeedbackError as error:
            _log.error("%s", error)
            return _objection(OpinionError("服务器存不了意见，请告诉管理员"))
        return JSONResponse({"said": "谢谢，已记下。"})

    return [
        Route("/chat/answer", answer, methods=["POST"]),
        Route("/chat/corpus", corpus, methods=["GET"]),
        Route("/chat/opine", opine, methods=["POST"]),
    ]


def _objection(error: ChangaiError) -> Response:
    """A response that says what is wrong with a visitor's input. Its status is 200, because
    browsers report an error status in their console."""
    return JSONResponse({"error": str(error)})


async def parsed(request: Request) -> object:
    """The parsed JSON body of a request. Raises QuestionError."""
    try:
        return files.parse_json(await request.body())
    except ValueError as error:
        raise QuestionError("网页送来的内容读不出来；请刷新网页后再试") from error


def _shown(index: Index, turn: conversation.Turn) -> tuple[Answer, dict[str, Any]]:
    exchange = conversation.answer(index, turn)
    corpus = index.corpus
    return exchange.answer, {
        "html": cards.reply_card(exchange, offers.hotlines(index.documents)),
        "status": cards.status(exchange),
        "turn": replace(turn, generation=corpus.generation).to_dict(),
        "corpus": cards.corpus_line(corpus),
    }


def _opinion(index: Index, raw: object) -> Opinion:
    """The opinion that a page sends. Raises OpinionError, and what answering raises."""
    match raw:
        case {
            "turn": turn,
            "useful": bool(useful),
            "comment": str(comment),
        }:
            pass
        case _:
            raise OpinionError("网页送来的意见不完整；请刷新网页后再试")
    exchange = conversation.answer(index, conversation.turn_from(turn))
    # The stored answer must be the one that the visitor saw.
    if exchange.renewed:
        raise OpinionError("文章已经更新；请重新提问后再评")
    today = clock.today().isoformat()
    return Opinion.of(exchange.answer, useful, comment.strip(), today)
