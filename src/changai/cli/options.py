"""Options that several commands share."""

from pathlib import Path

import click

index_option = click.option(
    "--index",
    type=click.Path(path_type=Path),
    envvar="CHANGAI_INDEX",
    default=Path("index"),
    show_default=True,
    help="索引目录，内有 articles/ 和 built/。",
)

json_option = click.option("--json", "as_json", is_flag=True, help="输出 JSON。")

WRITABLE_FILE = click.Path(path_type=Path, dir_okay=False, writable=True)
