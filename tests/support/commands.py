"""The command line, run in this process."""

from pathlib import Path

from click.testing import CliRunner, Result

from changai.cli.main import main


def run(*arguments: str | Path) -> Result:
    """What comes of the command with these arguments."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])
