"""The index of the article with all its questions, kept from one run of the tests to the next."""

import hashlib
import platform
import shutil
from importlib import metadata
from pathlib import Path

import changai
from changai.indexing.build import build_index
from support.paths import ARTICLE

# What indexing rests on: its own package, and those below it in import-linter's contract.
PACKAGES = ("indexing", "models", "query", "reading", "text")


def fingerprint() -> str:
    """A hash of all that decides what is built: articles, code with its data, and libraries."""
    package = Path(changai.__file__).parent
    sources = [package.glob("*.py"), *(package.joinpath(name).rglob("*") for name in PACKAGES)]
    digest = hashlib.sha256(f"{platform.python_version()} {platform.machine()}".encode())
    for path in sorted({*ARTICLE.parent.iterdir(), *(path for each in sources for path in each)}):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    for name, version in sorted((each.name, each.version) for each in metadata.distributions()):
        digest.update(f"{name} {version}\n".encode())
    return digest.hexdigest()


def build_or_reuse(kept: Path, folder: Path) -> None:
    """Put the articles and their index into ``folder``: a copy of those in ``kept`` where they were
    made of the same, and otherwise new ones, which take the place of those."""
    same = kept / fingerprint()
    if not same.exists():
        shutil.copytree(ARTICLE.parent, folder / "articles")
        build_index(folder / "articles", folder)
        for older in kept.iterdir():
            shutil.rmtree(older)
        draft = kept / "draft"
        shutil.copytree(folder, draft)
        draft.rename(same)
        return
    shutil.copytree(same, folder, dirs_exist_ok=True)
