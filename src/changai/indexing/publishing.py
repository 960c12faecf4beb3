"""Publishing: putting a generation of the index into use, and removing older ones.

It is written under a temporary name, synced, renamed, and opened as a check. Only then is it named
in the pointer, which is replaced in one step.
"""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from changai import files
from changai.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexMissingError,
    IndexStateError,
    shown,
)
from changai.indexing import store
from changai.indexing.manifest import read_manifest, write_manifest

_TEMPORARY = "tmp-"

_log = logging.getLogger(__name__)


def publish(index: Path, contents: store.Contents, articles: dict[str, str]) -> str:
    """Write a new generation, prove it by opening it, switch to it, and return its name.

    ``articles`` maps the name of each file that was read to its SHA-256. The previous generation
    stays on disk for processes that still read it; older ones are removed. Raises IndexStateError,
    and then the previous one stays in use. What goes wrong after the switch is only logged.
    """
    built = index / "built"
    temporary = built / f"{_TEMPORARY}{uuid4().hex}"
    generation, kept = "", set[str]()
    with _writing(index):
        try:
            temporary.mkdir(parents=True)
            store.write(temporary, contents)
            digest = write_manifest(temporary, contents.encoder, articles)
            files.sync_tree(temporary)
            name = f"{_next_number(built):06d}-{digest}"
            with contextlib.suppress(IndexMissingError, IndexDamagedError):
                kept.add(store.current_generation(index))
            generation = name
            temporary.rename(built / generation)
            files.sync(built)
            store.load(index, generation, read_manifest(index, generation))
            switch(index, generation)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            if generation and _is_out_of_use(index, generation):
                shutil.rmtree(built / generation, ignore_errors=True)
            raise
    _tidy(index, {generation, *kept})
    return generation


def switch(index: Path, generation: str) -> None:
    """Put a generation into use in one step. It must have been verified.

    Raises IndexStateError, and then the previous one stays in use.
    """
    built = index / "built"
    draft = built / f"{_TEMPORARY}{store.POINTER}"
    try:
        store.write_pointer(draft, generation)
        draft.replace(built / store.POINTER)
        files.sync(built)
    except OSError as error:
        if _is_out_of_use(index, generation):
            raise IndexStateError(_unwritable(index, error)) from error
        _log.warning(
            "索引 %s 已经在用，只是没能确认写进了磁盘：%s；"
            "断电以后请运行 changai generations，看在用的是不是它",
            *(generation, files.cause(error)),
        )


@contextlib.contextmanager
def build_lock(index: Path, wait: float = 0) -> Iterator[None]:
    """Hold the lock for building, after waiting for it for up to ``wait`` seconds.

    Raises IndexBusyError if another process still holds it then, IndexStateError if the folder
    cannot be written.
    """
    lock = FileLock(index / "built" / "build.lock")
    with _writing(index):
        (index / "built").mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=wait)
        except Timeout as error:
            raise IndexBusyError(f"另一个进程正在 {index} 里建索引；请等它结束") from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _writing(index: Path) -> Iterator[None]:
    """Turn an OSError into an IndexStateError that says in Chinese what went wrong."""
    try:
        yield
    except OSError as error:
        raise IndexStateError(_unwritable(index, error)) from error


def _unwritable(index: Path, error: OSError) -> str:
    return f"写不了 {index} 里的索引（{error}）；请检查权限和剩余空间"


def _is_out_of_use(index: Path, generation: str) -> bool:
    """Whether it is certain that this generation is not in use."""
    try:
        return store.current_generation(index) != generation
    except IndexMissingError:
        return True
    except IndexDamagedError:
        return False


def _next_number(built: Path) -> int:
    existing = store.generation_folders(built)
    return int(existing[-1].name[:6]) + 1 if existing else 1


def _tidy(index: Path, kept: set[str]) -> None:
    """Remove all generations but those ``kept``, and what interrupted builds left behind."""
    built = index / "built"
    try:
        left = [path for path in built.iterdir() if path.name.startswith(_TEMPORARY)]
        for path in [*store.generation_folders(built), *left]:
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    except OSError as error:
        _log.warning(
            "新索引已经在用，只是没能删去旧的（%s）；下次建索引时再删，急用空间请检查 %s 的权限",
            *(error, shown(built)),
        )
