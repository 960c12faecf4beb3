"""Manifests and pointers of an index on disk, changed by hand."""

import hashlib
import json
from pathlib import Path

from changai.indexing import store


def generation(folder: Path) -> Path:
    return folder / "built" / store.current_generation(folder)


def edit_manifest(folder: Path, **changes: object) -> None:
    """Change the manifest of the generation in use, and name the generation after it."""
    manifest = json.loads((generation(folder) / "manifest.json").read_text(encoding="utf-8"))
    name_after(folder, json.dumps(manifest | changes))


def name_after(folder: Path, manifest: str) -> None:
    """Give the generation in use another manifest, and the name that goes with it."""
    before = generation(folder)
    (before / "manifest.json").write_text(manifest, encoding="utf-8")
    name = f"{before.name[:6]}-{hashlib.sha256(manifest.encode()).hexdigest()[:16]}"
    before.rename(before.with_name(name))
    point(folder, name)


def point(folder: Path, name: object) -> None:
    pointer = json.dumps({"generation": name})
    (folder / "built" / "current.json").write_text(pointer, encoding="utf-8")
