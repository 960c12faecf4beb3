"""Whatever stops or damages a publication, what opens is the old index or the new one, or nothing.

The small article is encoded once; what is published is that, each time under another hash of its
file, so that generations can be told apart and take a fraction of a second.
"""

import builtins
import errno
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from changai.errors import IndexDamagedError, IndexMismatchError, IndexMissingError, IndexStateError
from changai.indexing import publishing, store
from changai.indexing.manifest import read_manifest

pytestmark = pytest.mark.slow

KILLS = 100
SEED = 20261127
FAULTS = (errno.ENOSPC, errno.EIO, errno.EACCES)
REFUSED = (IndexDamagedError, IndexMismatchError, IndexMissingError)


def articles(number: int) -> dict[str, str]:
    return {"welders.txt": f"{number:064}"}


def opened(folder: Path) -> int:
    """Open the index in use in full, and say which publication it is."""
    generation = store.current_generation(folder)
    manifest = read_manifest(folder, generation)
    passages = store.load(folder, generation, manifest).passages
    assert passages[1].text == "每名焊工每年发放安全帽两顶。"
    return int(manifest.articles["welders.txt"])


@pytest.fixture(scope="module")
def contents(small_built: Path) -> store.Contents:
    generation = store.current_generation(small_built)
    return store.load(small_built, generation, read_manifest(small_built, generation))


@pytest.fixture
def published(contents: store.Contents, tmp_path: Path) -> Path:
    """A folder with two generations, of which the second, number 1, is in use."""
    for number in range(2):
        publishing.publish(tmp_path, contents, articles(number))
    return tmp_path


PUBLISHER = """
import itertools, os, sys
from pathlib import Path
from changai.indexing import publishing, store
from changai.indexing.manifest import read_manifest

folder = Path(sys.argv[1])
generation = store.current_generation(folder)
contents = store.load(folder, generation, read_manifest(folder, generation))
for line in sys.stdin:
    child = os.fork()
    if not child:
        for number in itertools.count(int(line)):
            os.write(1, f"{os.getpid()} {number}\\n".encode())
            with publishing.build_lock(folder):
                publishing.publish(folder, contents, {"welders.txt": f"{number:064}"})
    os.waitpid(child, 0)
    os.write(1, b"gone\\n")
"""


def test_a_process_killed_at_any_moment_leaves_the_old_index_or_the_new(published: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311
    before, last, interrupted = 1, 1, 0
    with subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, str(published)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    ) as publisher:  # fmt: skip
        assert publisher.stdin is not None and publisher.stdout is not None
        for _ in range(KILLS):
            publisher.stdin.write(f"{last + 1}\n")
            process, first = map(int, publisher.stdout.readline().split())
            time.sleep(chance.uniform(0, 0.4))
            os.kill(process, signal.SIGKILL)
            begun = [first]
            while (line := publisher.stdout.readline()) != "gone\n":
                begun.append(int(line.split()[1]))
            # All that begun before the last one were done.
            last = begun[-1]
            old = begun[-2] if len(begun) > 1 else before
            before = opened(published)
            assert before in {old, last}
            interrupted += before == old
        publisher.stdin.close()
    print(f"{KILLS} kills, {interrupted} of them before the switch, {last - 1} publications")
    assert 0 < interrupted < KILLS


class Disk:
    """The system's file operations, one of which fails: the one with number ``at``, counted from 0,
    with the error ``code``, before it is done or just ``after``."""

    def __init__(self, at: int, code: int, *, after: bool) -> None:
        self.done, self.at, self.code, self.after = 0, at, code, after

    @property
    def failed(self) -> bool:
        return self.done > self.at

    def call(self, real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        number, self.done = self.done, self.done + 1
        if number != self.at:
            return real(*given, **named)
        if self.after:
            real(*given, **named)
        raise OSError(self.code, os.strerror(self.code))

    def open(self, real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return File(self, self.call(real, *given, **named))

    def put_in(self, patch: pytest.MonkeyPatch, changing: bool) -> None:
        """Take the place of the system's operations: of those that change a folder's entries or
        flush, or of all."""
        names = ["fsync", "mkdir", "rename", "replace", "unlink", "rmdir"]
        if not changing:
            names += ["open", "listdir", "scandir", "fstat"]
            for module in (io, builtins):
                patch.setattr(module, "open", partial(self.open, io.open))
        for name in names:
            patch.setattr(os, name, partial(self.call, getattr(os, name)))


class File:
    """A file whose writing and closing are operations of a disk."""

    def __init__(self, disk: Disk, file: Any) -> None:
        self._disk, self._file = disk, file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "File":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)

    def write(self, data: Any) -> Any:
        return self._disk.call(self._file.write, data)

    def close(self) -> None:
        try:
            if not self._file.closed and self._file.writable():
                self._disk.call(self._file.flush)
        finally:
            self._file.close()


@pytest.mark.parametrize("after", [False, True])
def test_an_operation_that_fails_leaves_the_old_index_or_is_no_failure(
    published: Path, contents: store.Contents, after: bool
) -> None:
    before, refused, warned = 1, 0, 0
    for operation in count():
        disk = Disk(operation, FAULTS[operation % len(FAULTS)], after=after)
        number = operation + 2
        with pytest.MonkeyPatch.context() as patch:
            disk.put_in(patch, changing=after)
            try:
                publishing.publish(published, contents, articles(number))
            except IndexStateError:
                refused += 1
                number = before
        if not disk.failed:
            break
        # What says that it failed has left the old one in use, and what does not the new one.
        assert opened(published) == number, operation
        warned += number != before
        before = number
    print(f"{operation} faults: {refused} publications failed, {warned} were done all the same")
    assert opened(published) == number
    assert refused > 40 and warned > 0
    # Nothing is left behind for good.
    kept = sorted(path.name for path in (published / "built").iterdir() if path.is_dir())
    assert len(kept) == 2 and kept[-1] == store.current_generation(published)


def damages(data: bytes) -> Iterator[bytes]:
    """The content of a file: emptied, cut short or grown, and with a bit turned over here or
    there."""
    yield b""
    yield data[:-1]
    yield data[: len(data) // 2]
    yield data + b"\0"
    for place in {0, len(data) // 3, len(data) // 2, len(data) - 1}:
        yield flipped(data, place, 1)
        yield flipped(data, place, 0x80)


def flipped(data: bytes, place: int, bits: int) -> bytes:
    return data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]


def test_a_file_that_is_damaged_is_refused(published: Path) -> None:
    folder = published / "built" / store.current_generation(published)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(paths) > 30
    tried = 0
    for path in paths:
        sound = path.read_bytes()
        for damage in damages(sound):
            path.write_bytes(damage)
            with pytest.raises(REFUSED):
                opened(published)
            tried += 1
        path.unlink()
        with pytest.raises(REFUSED):
            opened(published)
        path.write_bytes(sound)
        tried += 1
    print(f"{tried} damages of {len(paths)} files")
    assert opened(published) == 1


def test_no_bit_of_the_manifest_can_be_turned_over(published: Path) -> None:
    path = published / "built" / store.current_generation(published) / "manifest.json"
    sound = path.read_bytes()
    for place in range(len(sound)):
        path.write_bytes(flipped(sound, place, 1 << place % 8))
        with pytest.raises(REFUSED):
            opened(published)
    print(f"{len(sound)} bytes of the manifest")
    path.write_bytes(sound)
    assert opened(published) == 1


def test_no_bit_of_the_pointer_leads_elsewhere(published: Path) -> None:
    path = published / "built" / "current.json"
    sound = path.read_bytes()
    for place in range(len(sound)):
        for bit in range(8):
            path.write_bytes(flipped(sound, place, 1 << bit))
            with pytest.raises(REFUSED):
                opened(published)
    print(f"{8 * len(sound)} bits of the pointer")
    path.write_bytes(sound)
    assert opened(published) == 1


def test_the_generations_cannot_take_each_others_names(published: Path) -> None:
    before, current = store.generations(published)
    built = published / "built"
    (built / before / "manifest.json").replace(built / current / "manifest.json")
    with pytest.raises(IndexDamagedError):
        opened(published)
    (built / "current.json").write_text(json.dumps({"generation": before}), encoding="utf-8")
    with pytest.raises(IndexDamagedError):
        opened(published)
