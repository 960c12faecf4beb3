"""The command that serves the page."""

import gc
import sys
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import click

from changai.cli.console import progress_bar
from changai.cli.options import index_option


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址。")
@click.option(
    "--port",
    default=7860,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="监听端口，0 是任选一个。",
)
@click.option(
    "--public-url",
    default="",
    help="人们打开网页用的网址，例如 https://wd.example.org/changai；导出的链接用它。",
)
@click.option(
    "--root-path",
    help="反向代理把网页放在哪个路径之下并去掉它，例如 /changai；默认照 --public-url。",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    help="还可以用哪个主机名访问；可写多次。本机、--host 和 --public-url 的不用写。",
)
@click.option(
    "--embed-origin",
    "embed_origins",
    multiple=True,
    help="哪个网站可以把网页嵌进自己的页面，例如 https://www.example.org；可写多次。",
)
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    default=["127.0.0.1", "::1"],
    show_default=True,
    help="反向代理的地址；由它说请求是谁发来的，它自己不限次数。",
)
@click.option(
    "--client-header",
    default="",
    help="反向代理把访客的地址写在哪个请求头里，例如 X-Real-IP；不给就不能按访客限次数。",
)
@click.option(
    "--rate",
    default=60,
    show_default=True,
    type=click.IntRange(min=0),
    help="每个访客每分钟最多几次，0 是不限。",
)
@click.option(
    "--users",
    # Not checked by click: ``admin.accounts`` has better messages.
    type=click.Path(path_type=Path, readable=False),
    help="只让这个文件里的用户登录使用；用 changai user add 添加。",
)
@click.option(
    "--feedback",
    type=click.Path(path_type=Path),
    help="把“有用/没用”的意见记进这个 SQLite 文件；不给就不收集。",
)
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    help="日志的样式：text 给人看，只有警告；json 每行一条，另有访问记录。默认在终端里用 text。",
)
@click.option("--log-questions", is_flag=True, help="把问题的原文也写进日志。")
@index_option
def serve(
    index: Path,
    root_path: str | None,
    public_url: str,
    log: Literal["text", "json"] | None,
    **chosen: Any,
) -> None:
    """启动问答网页。"""
    # Loading modules leaves no garbage, and collecting would take a fifth of the start.
    gc.disable()
    from changai.web import app
    from changai.web.settings import Settings

    gc.freeze()
    gc.enable()
    if root_path is None:
        root_path = urlsplit(public_url).path.rstrip("/")
    if log is None:
        log = "text" if sys.stderr.isatty() else "json"
    settings = Settings(index, root_path=root_path, public_url=public_url, log=log, **chosen)
    with progress_bar("建立索引") as progress:
        app.serve(settings, progress)
