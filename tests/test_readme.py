"""What the README tells the reader to type works as it says."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from changai.cli.main import main
from support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line
    for language, block in BLOCKS
    if language == "bash"
    for line in block.splitlines()
    if line.startswith("changai ")
]


@pytest.fixture
def as_cloned(faq_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder laid out like the project."""
    shutil.copytree(faq_folder, tmp_path / "index")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHANGAI_INDEX", raising=False)
    Path("tests").symlink_to(ROOT / "tests")


@pytest.mark.usefixtures("as_cloned")
@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "changai serve"])
def test_the_commands_work(command: str) -> None:
    result = CliRunner().invoke(main, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("as_cloned")
def test_the_python_example_works(capsys: pytest.CaptureFixture[str]) -> None:
    example = next(block for language, block in BLOCKS if language == "python")
    exec(example, {})  # noqa: S102
    printed = capsys.readouterr().out
    assert re.match(r"True (?:0\.\d+|1\.0)\n", printed)
    assert "五(三) 统等优化外来劳动者子女入学政策 2023-05-13" in printed


def test_ci_runs_the_readmes_test_command() -> None:
    command = next(
        line for _, block in BLOCKS for line in block.splitlines() if line.endswith("-m pytest")
    )
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_every_command_has_help() -> None:
    for name in main.commands:
        result = CliRunner().invoke(main, [name, "--help"])
        assert result.exit_code == 0
        assert re.search(r"[\u4e00-\u9fff]", result.output)
        assert name in README or name == "fit"


@pytest.mark.parametrize("file", re.findall(r"`((?:tests|src|index)/[\w./-]+)`", README))
def test_the_files_it_names_are_there(file: str) -> None:
    assert (ROOT / file).exists()
