"""The MCP tool ``retrieve`` for assistants. No other module imports mcp."""

import json
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any

from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from changai.errors import ChangaiError

Json = dict[str, Any]

_DESCRIPTION = """在产业工人队伍建设改革的文章里，查找回答问题的原文段落。

citations 是逐字的原文（扫描的错字也照录），各注明文中位置 locator、标题、发文单位和发布日期；
highlights 是 text 里最切题的文字的起止位置。
covered 为 true 时，前 answering 段回答了问题；为 false 时，文章没有回答，各段只是相近，不是答案，
missing 说明缺什么。damaged 是疑有识别错误的数字的起止位置，as_of 是所引数据的时点。

回答用户时请照抄原文，注明标题、单位、日期和位置；不要改动数字，不要补充文章没有的内容。
question 请写成一个完整的中文问题，不要依赖上文。"""


class Endpoint:
    """ASGI application: the Model Context Protocol over streamable HTTP, with one tool.

    https://modelcontextprotocol.io/specification. There are no sessions: every request is a POST,
    and is answered in JSON. Requests from web pages of other hosts are refused by their Origin. The
    name of this host is not checked here: a reverse proxy may use any name, and the tool reads only
    what the web page at the same address shows anyway.
    """

    def __init__(
        self, takes: Json, gives: Json, retrieve: Callable[[Json], Awaitable[Json]]
    ) -> None:
        """``takes`` and ``gives`` are the JSON schemas of the input and output of ``retrieve``.

        If ``retrieve`` raises a ChangaiError, the assistant gets its message.
        """
        self._tool = types.Tool(
            name="retrieve",
            title="产改问答：查找原文",
            description=_DESCRIPTION,
            input_schema=takes,
            output_schema=gives,
            annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
        )
        self._retrieve = retrieve
        self._server = Server(
            "changai",
            title="产改问答",
            version=version("changai"),
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.method != "POST":
            # In the protocol, this says that there is no stream to listen to.
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        host = request.headers.get("host", "")
        # Requests share no state, so each one can have its own manager. Otherwise the application
        # that mounts this one would have to run a manager in its lifespan.
        manager = StreamableHTTPSessionManager(
            self._server,
            json_response=True,
            stateless=True,
            security_settings=TransportSecuritySettings(
                allowed_hosts=[host], allowed_origins=[f"http://{host}", f"https://{host}"]
            ),
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    async def _list_tools(
        self, _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[self._tool])

    async def _call_tool(
        self, _context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        if params.name != self._tool.name:
            return _result(f"没有工具 {params.name}；请用 {self._tool.name}")
        try:
            answer = await self._retrieve(params.arguments or {})
        except ChangaiError as error:
            return _result(str(error))
        return _result(json.dumps(answer, ensure_ascii=False), answer)


def _result(text: str, answer: Json | None = None) -> types.CallToolResult:
    """The result of a call: an answer with its text, or an error if there is no answer."""
    return types.CallToolResult(
        content=[types.TextContent(text=text)],
        structured_content=answer,
        is_error=answer is None,
    )
