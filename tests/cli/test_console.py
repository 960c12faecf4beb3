"""Output that cannot be written: told once, without a trace, and never taken for an answer."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from changai.cli.console import Commands

# Each is a process of its own.
pytestmark = pytest.mark.slow

RUN = [sys.executable, "-c", "from changai.cli.main import main; main()"]
COMMANDS = [
    ["ask", "帽子几顶?"],
    ["ask", "--json", "帽子几顶?"],
    ["ask", "红烧肉怎么烧才不柴"],
    ["build"],
    ["generations"],
    ["inspect", "welders.txt"],
    ["--help"],
    ["ask", "--help"],
    ["--version"],
]


def arguments(folder: Path, command: list[str]) -> list[str]:
    given = [str(folder / "articles" / each) if each.endswith(".txt") else each for each in command]
    return (
        given if {"inspect", "--help", "--version"} & {*given} else [*given, "--index", str(folder)]
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_full_disk_is_told(small_folder: Path, command: list[str]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*RUN, *arguments(small_folder, command)],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "changai：读写不了输出：磁盘已满；请腾出空间"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_reader_that_has_gone_is_not_answered(small_folder: Path, command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*RUN, *arguments(small_folder, command)],
        stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 141
    assert "Traceback" not in done.stderr and "changai：" not in done.stderr


@pytest.mark.parametrize("command", [["ask", ""], ["nonsense"], ["--nonsense"]], ids=" ".join)
def test_an_error_that_cannot_be_told_is_still_one(
    small_folder: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("CHANGAI_INDEX", str(small_folder))
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        assert subprocess.run([*RUN, *command], stderr=full, check=False).returncode == 2


@click.group(cls=Commands)
def group() -> None:
    """Commands that nobody has taught what to say."""


@group.command()
@click.argument("file", type=click.Path(path_type=Path))
def write(file: Path) -> None:
    file.write_text("", encoding="utf-8")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, ["write", str(tmp_path / "no\x1bwhere" / "a")])
    assert result.exit_code == 2
    assert (
        result.stderr == f"changai：读写不了{tmp_path}/no\\x1bwhere/a：没有这个文件；请检查路径\n"
    )
