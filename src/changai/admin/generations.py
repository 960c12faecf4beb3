"""Lists the generations of an index on disk, and rolls back to one of them."""

from dataclasses import dataclass
from pathlib import Path

from changai.errors import IndexDamagedError, IndexMismatchError, IndexMissingError, IndexStateError
from changai.indexing import publishing, store
from changai.indexing.manifest import check_encoder, read_manifest
from changai.models import encoders


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation on disk. ``fault`` says in Chinese why it cannot be used. If it is empty,
    ``built`` is when it was built (ISO 8601, UTC), and ``documents`` how many articles it has."""

    name: str
    in_use: bool
    built: str = ""
    documents: int = 0
    fault: str = ""


def listed(index: Path) -> list[Generation]:
    """The generations of an index, oldest first, each fully verified.

    Raises IndexMissingError if there are none, and IndexStateError if they cannot be listed.
    """
    names = store.generations(index)
    try:
        current = store.current_generation(index)
    except (IndexMissingError, IndexDamagedError):
        current = ""
    return [_verified(index, name, name == current) for name in names]


def roll_back(index: Path, name: str | None = None) -> Generation:
    """Put a generation into use again, after verifying it fully.

    By default it is the one before the one in use. ``name`` may be only its number.

    Raises IndexMissingError if there is no such generation; IndexDamagedError, IndexMismatchError
    or EncoderError if it cannot be used; IndexBusyError during a build; and IndexStateError if it
    is already in use or the folder cannot be written. The generation in use then stays in use.
    """
    store.generations(index)  # raises before anything is created in a wrong folder
    with publishing.build_lock(index):
        wanted = _chosen(index, name)
        manifest = read_manifest(index, wanted)
        encoder = encoders.load(manifest.encoder.name)
        check_encoder(index, manifest, encoder.identity)
        contents = store.load(index, wanted, manifest)
        publishing.switch(index, wanted)
    return Generation(wanted, True, manifest.built, len(contents.documents))


def _chosen(index: Path, name: str | None) -> str:
    """The name of the generation to use: the named one, or the one before the one in use."""
    names = store.generations(index)
    advice = "有哪些请看 changai generations"
    try:
        current = store.current_generation(index)
    except (IndexMissingError, IndexDamagedError) as error:
        if name is None:
            raise IndexStateError(
                f"看不出 {index} 在用哪一代索引；请写出要换成哪一代，{advice}"
            ) from error
        current = ""
    if name is None:
        earlier = [each for each in names if each < current]
        if not earlier:
            raise IndexMissingError(f"{index} 里没有比 {current} 更早的索引；{advice}")
        return earlier[-1]
    name = next((each for each in names if each.partition("-")[0] == name), name)
    if name == current:
        raise IndexStateError(f"索引 {name} 本来就在用；请另选一代，{advice}")
    if name not in names:
        raise IndexMissingError(f"{index} 里没有索引 {name!a}；{advice}")
    return name


def _verified(index: Path, name: str, in_use: bool) -> Generation:
    try:
        manifest = read_manifest(index, name)
        contents = store.load(index, name, manifest)
    except (IndexDamagedError, IndexMismatchError) as error:
        return Generation(name, in_use, fault=str(error))
    return Generation(name, in_use, manifest.built, len(contents.documents))
