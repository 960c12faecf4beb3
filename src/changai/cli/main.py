"""The entry point of the command line, with all commands.

Exit codes: 0 if the question was answered or the work was done; 1 if the articles do not answer the
question; 2 for misuse or an error; 141 if the reader of the output has closed it.

Importing these modules loads nothing heavy: each command loads what it needs when it runs.
"""

import io
import logging
import sys

import click

from changai.cli import accounts, answering, evaluating, index, serving, training
from changai.cli.console import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="changai")
def main() -> None:
    """产改问答：从产业工人队伍建设改革的文章里找出原文来回答问题。"""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name may contain bytes that are not valid characters.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logging.getLogger("changai").addHandler(handler)


for command in (
    answering.ask,
    index.build,
    index.inspect,
    index.list_generations,
    index.rollback,
    index.backup,
    index.restore,
    serving.serve,
    accounts.user,
    evaluating.evaluate,
    evaluating.fit,
    evaluating.feedback,
    training.train_encoder,
    training.train_reader,
    training.pack_model,
    training.export_model,
):
    main.add_command(command)
