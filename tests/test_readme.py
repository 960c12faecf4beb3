"""What the documents tell the reader is so: commands, samples, files, links and names."""

import json
import pkgutil
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from changai.cli.main import main
from support.paths import ROOT

PAPERS = [
    "README.md",
    "src/changai/README.md",
    "tests/README.md",
    ".github/CONTRIBUTING.md",
    ".github/CHANGELOG.md",
]
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in PAPERS}
README, MAP = TEXTS["README.md"], TEXTS["src/changai/README.md"]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line
    for language, block in BLOCKS
    if language == "bash"
    for line in block.splitlines()
    if line.startswith("changai ")
]
SAMPLES = re.findall(
    r"^\$ changai (.*)\n((?:(?!\$ ).*\n)+)",
    next(block for language, block in BLOCKS if language == "console"),
    re.MULTILINE,
)
OMITTED = "……"


@pytest.fixture
def as_cloned(faq_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder laid out like the project."""
    shutil.copytree(faq_folder, tmp_path / "index")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHANGAI_INDEX", raising=False)
    asked = Path("tests") / "data" / "held_out.jsonl"
    asked.parent.mkdir(parents=True)
    # All of them take a minute.
    lines = (ROOT / asked).read_text(encoding="utf-8").splitlines(keepends=True)
    asked.write_text("".join(lines[::20]), encoding="utf-8")


def is_like(shown: Any, given: Any) -> bool:
    """Whether a sample shows what was given: text but for what is left out, and fractions nearly,
    since another processor may round them otherwise."""
    match shown:
        case dict():
            return shown.keys() == given.keys() and all(is_like(shown[k], given[k]) for k in shown)
        case list():
            return len(shown) == len(given) and all(map(is_like, shown, given))
        case str():
            pattern = ".*".join(map(re.escape, shown.split(OMITTED)))
            return re.fullmatch(pattern, given, re.DOTALL) is not None
        case float():
            return bool(shown == pytest.approx(given, rel=0.02))
    return bool(shown == given)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.usefixtures("as_cloned")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_work(command: str) -> None:
    result = CliRunner().invoke(main, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("as_cloned")
@pytest.mark.parametrize(("command", "output"), SAMPLES)
def test_the_commands_print_what_is_shown(command: str, output: str) -> None:
    result = CliRunner().invoke(main, shlex.split(command))
    percents = re.compile(r"(?<=可能性 )\d+(?=%)")
    given = percents.sub("", result.output).splitlines()
    for line in percents.sub("", output).splitlines():
        assert any(is_like(line, each) for each in given), line
    assert result.exit_code == (0 if "原文如下" in output else 1)


@pytest.mark.usefixtures("as_cloned")
def test_the_json_is_what_is_shown() -> None:
    sample = json.loads(next(block for language, block in BLOCKS if language == "json"))
    result = CliRunner().invoke(main, ["ask", sample["question"], "--json", "-k", "1"])
    assert is_like(sample, json.loads(result.output))


@pytest.mark.usefixtures("as_cloned")
def test_the_python_example_prints_the_answer_alone(capsys: pytest.CaptureFixture[str]) -> None:
    example = next(block for language, block in BLOCKS if language == "python")
    exec(example, {})  # noqa: S102
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "统等优化外来劳动者子女入学政策 五(三) 2023-05-13"


def test_ci_runs_the_readmes_test_command() -> None:
    command = next(
        line for _, block in BLOCKS for line in block.splitlines() if line.endswith("-m pytest")
    )
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_every_command_is_named_and_has_help() -> None:
    for name in main.commands:
        result = CliRunner().invoke(main, [name, "--help"])
        assert result.exit_code == 0
        assert re.search(r"[\u4e00-\u9fff]", result.output)
        assert re.search(rf"[ `]{name}[ `]", README)


def test_the_map_tells_of_every_option_of_serve() -> None:
    service = MAP.partition("## The web service")[2]
    options = {option for each in main.commands["serve"].params for option in each.opts}
    assert options - {"--index"} <= set(re.findall(r"`(--[a-z-]+)", service))


def test_the_map_tells_of_every_package() -> None:
    packages = {path.parent.name for path in (ROOT / "src" / "changai").glob("*/__init__.py")}
    assert set(re.findall(r"^\| \[`(\w+)/`\]", MAP, re.MULTILINE)) == packages


@pytest.mark.parametrize(
    "name", re.findall(r"`((?:[a-z_]+\.)+(?!(?:jsonl?|py|toml|txt)`)[a-z_]+)`", MAP)
)
def test_the_modules_and_functions_that_the_map_names_are_there(name: str) -> None:
    assert pkgutil.resolve_name(f"changai.{name.removeprefix('changai.')}")


@pytest.mark.parametrize("paper", PAPERS)
def test_the_files_and_headings_it_leads_to_are_there(paper: str) -> None:
    text, folder = TEXTS[paper], (ROOT / paper).parent
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        path, _, anchor = link.partition("#")
        target = folder / path
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {each.lower().replace(" ", "-") for each in headings}, link
    for file in re.findall(r"`((?:tests|src|index)/[\w./-]+)`", text):
        assert (ROOT / file).exists(), file
    for file in re.findall(r"`((?:benchmarks|data)/[\w./-]+)`", text):
        assert (ROOT / "tests" / file).exists(), file
