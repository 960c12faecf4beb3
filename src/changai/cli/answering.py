"""The command that asks a question."""

import json
from pathlib import Path

import click

from changai.cli.console import progress_bar
from changai.cli.options import index_option, json_option


@click.command()
@click.argument("question")
@click.option("-k", default=3, show_default=True, type=click.IntRange(min=1), help="引用几段。")
@json_option
@index_option
@click.pass_context
def ask(context: click.Context, question: str, k: int, as_json: bool, index: Path) -> None:
    """回答一个问题，引用原文。"""
    from changai.indexing.build import ensure_index
    from changai.pages.terminal import answer_text
    from changai.search.index import Index

    with progress_bar("建立索引") as progress:
        ensure_index(index, progress)
    opened = Index.open(index)
    answer = opened.ask(question, k=k)
    if as_json:
        click.echo(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo(answer_text(answer, opened.model.threshold))
    context.exit(0 if answer.covered else 1)
