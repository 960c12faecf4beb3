"""Error messages in Chinese, also for misuse, and progress bars."""

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

import click

from changai.errors import ChangaiError, shown
from changai.files import cause

_CLOSED = 128 + signal.SIGPIPE
"""The exit code that shells give for a program whose reader has closed the pipe."""


class _Failure(click.ClickException):
    """An error as it is printed to the terminal, after the program's name."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"changai：{self.message}", err=True)


class Commands(click.Group):
    """Commands that report errors and misuse in Chinese, with exit code 2.

    Output that cannot be written is also an error. If its reader has closed the pipe, there is no
    message.
    """

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError:
            # Standard error itself cannot be written.
            _drop_unwritable()
            sys.exit(_Failure.exit_code)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _renders_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _renders_errors():
            return super().invoke(ctx)


@contextmanager
def _renders_errors() -> Iterator[None]:
    try:
        yield
    except ChangaiError as error:
        raise _Failure(str(error)) from error
    except OSError as error:
        _drop_unwritable()
        if error.errno == errno.EPIPE:
            raise click.exceptions.Exit(_CLOSED) from error
        # An error of a standard stream has no file name.
        name = "输出" if error.filename is None else shown(os.fsdecode(error.filename))
        raise _Failure(f"读写不了{name}：{cause(error)}") from error
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "changai"
        raise _Failure(f"{_misuse(error)}；用法见 {command} --help") from error


def _drop_unwritable() -> None:
    """Discard what a standard stream still has buffered and cannot write. Otherwise Python would
    try once more at exit, and fail with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _misuse(error: click.UsageError) -> str:
    """A usage error's message, in Chinese."""
    match error:
        case click.MissingParameter(param=click.Parameter() as parameter):
            return f"缺少 {parameter.get_error_hint(error.ctx)}"
        case click.BadParameter(param=click.Parameter(type=click.IntRange() as kind) as parameter):
            most = "以上" if kind.max is None else f"到 {kind.max} "
            return f"{parameter.get_error_hint(error.ctx)} 应是 {kind.min} {most}的整数"
        case click.BadParameter(param=click.Parameter() as parameter):
            return f"{parameter.get_error_hint(error.ctx)} 的值不能用"
        case click.NoSuchOption():
            return f"没有选项 {error.option_name}"
        case click.BadOptionUsage():
            return f"选项 {error.option_name} 少了值，或不该有值"
    if error.ctx is not None and isinstance(error.ctx.command, click.Group):
        return "没有这个命令"
    return "参数多了，有空格的要用引号括起来"


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error. It appears at the first step, and only on a terminal."""
    with ExitStack() as stack:
        bar: Any = None

        def advance(done: int, total: int) -> None:
            nonlocal bar
            if bar is None:
                bar = stack.enter_context(
                    click.progressbar(
                        length=total,
                        label=label,
                        file=sys.stderr,
                        hidden=not sys.stderr.isatty(),
                    )
                )
            bar.update(done - bar.pos)
            if done == total:
                stack.close()

        yield advance
