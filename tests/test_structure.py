"""Who may import what, beside the order of the packages, which import-linter holds."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import changai
from support.paths import ROOT

PACKAGE = Path(changai.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.stem != "__init__"
}

ONLY_IMPORTERS = {
    "faiss": {"indexing.dense"},
    "bm25s": {"indexing.sparse"},
    "docx": {"pages.transcripts"},
    "gradio": {"web.page"},
    "jinja2": {"pages.rendering"},
    "mcp": {"web.assistants"},
    "uvicorn": {"web.connections"},
    "onnxruntime": {"models.transformer"},
    "tokenizers": {"models.transformer", "training.packing"},
    "opencc": {"text.normalisation"},
    "prometheus_client": {"web.monitoring"},
    "pypinyin": {"query.spelling"},
    "rjieba": {"text.tokens"},
    "scipy": {"evaluation.intervals"},
    "sklearn": {"evaluation.fitting"},
    "filelock": {"admin.accounts", "indexing.publishing"},
    "click": {name for name in MODULES if name.startswith("cli.")},
    "sqlite3": {"evaluation.feedback"},
}
HEAVY = {
    *("docx", "gradio", "jinja2", "mcp", "pandas"),
    *("sentence_transformers", "sklearn", "torch", "transformers"),
}
LATER = {"numpy", "faiss", "bm25s", "onnxruntime", "tokenizers"}


def imports(path: Path) -> set[str]:
    """The top-level names that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_one_room_a_library() -> None:
    importers: dict[str, set[str]] = {library: set() for library in ONLY_IMPORTERS}
    for name, path in MODULES.items():
        for library in imports(path) & ONLY_IMPORTERS.keys():
            importers[library].add(name)
    assert importers == ONLY_IMPORTERS


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running ``code``."""
    script = f"{code}\nimport sys\nprint('LOADED', *{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_by("import changai") & (HEAVY | LATER)


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    loaded = loaded_by("from changai.cli.main import main")
    assert "click" in loaded
    assert not loaded & (HEAVY | LATER)


@pytest.mark.slow
def test_asking_loads_nothing_heavy(built_folder: Path) -> None:
    code = f"import changai; changai.ask('技能', index={str(built_folder)!r})"
    assert not loaded_by(code) & HEAVY


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert changai.__version__ == project["version"]


def test_what_the_package_offers_is_there() -> None:
    for name in changai.__all__:
        assert getattr(changai, name) is not None
    assert dir(changai) == sorted(changai.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        changai.nonsense  # noqa: B018
