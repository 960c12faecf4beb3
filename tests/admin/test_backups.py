"""Backups: what is written comes back byte for byte, and an archive from anywhere does no harm."""

import hashlib
import json
import os
import sqlite3
import stat
import struct
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from changai.admin import backups
from changai.admin.backups import BackedUp, back_up, restore
from changai.errors import ArticleError, BackupError, ChangaiError, FeedbackError, IndexBusyError
from changai.evaluation import feedback
from changai.evaluation.feedback import Feedback, Opinion
from changai.indexing import publishing
from support.commands import run
from support.small import ARTICLE, write_small

OPINION = Opinion("帽子几顶?", ("安全帽两顶",), True, "清楚", "2026-11-20")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of articles, with what may stand beside one."""
    folder = write_small(tmp_path)
    (folder / "welders.toml").write_bytes(b'title = "\xe5\xb7\xa5"\r\n')
    (folder / ".hidden").write_bytes(bytes(range(256)))
    (folder / "报告 1.docx").write_bytes(os.urandom(3_000_000))
    return folder


@pytest.fixture
def opinions(tmp_path: Path) -> Path:
    path = tmp_path / "opinions.db"
    Feedback(path).add(OPINION)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_backed_up_is_restored_byte_for_byte(
    folder: Path, opinions: Path, tmp_path: Path
) -> None:
    made = back_up(folder, tmp_path / "backup.zip", opinions)
    assert made == BackedUp(files=6, left_out=())
    done = restore(tmp_path / "backup.zip", tmp_path / "new", tmp_path / "restored.db")
    assert (done.files, done.documents, done.kept, done.opinions) == (6, 1, None, False)
    assert contents(tmp_path / "new" / "articles") == contents(folder)
    assert feedback.read(tmp_path / "restored.db") == [OPINION]
    left = {path.name for path in (tmp_path / "new").iterdir()}
    assert left == {"articles", "built"}
    assert not list(tmp_path.glob("tmp-*"))


def test_the_same_articles_make_the_same_backup(folder: Path, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        back_up(folder, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_the_listing_has_the_checksums(folder: Path, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip") as packed:
        listing = json.loads(packed.read("backup.json"))["files"]
        assert {f"articles/{name}" for name in contents(folder)} == listing.keys()
        for name, data in contents(folder).items():
            assert packed.read(f"articles/{name}") == data
            told = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            assert listing[f"articles/{name}"] == told


def test_articles_that_are_there_are_kept(folder: Path, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup.zip")
    before = contents(folder)
    (folder / "welders.txt").write_text("另一篇\n另一段。\n", encoding="utf-8")
    changed = contents(folder)
    with pytest.raises(BackupError, match="--replace"):
        restore(tmp_path / "backup.zip", tmp_path)
    assert contents(folder) == changed
    done = restore(tmp_path / "backup.zip", tmp_path, replacing=True)
    assert contents(folder) == before
    assert done.kept is not None and contents(done.kept) == changed
    again = restore(tmp_path / "backup.zip", tmp_path, replacing=True)
    assert again.kept not in {None, done.kept} and contents(done.kept) == changed


def test_a_step_that_fails_loses_nothing(
    folder: Path, opinions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(folder, tmp_path / "backup.zip", opinions)
    before = contents(folder)
    real = os.rename
    for failing in range(2):
        calls = iter(range(9))

        def rename(*given: object, at: int = failing, count: object = calls) -> None:
            if next(count) == at:  # type: ignore[call-overload]
                raise OSError(28, "No space left on device")
            real(*given)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(os, "rename", rename)
            with pytest.raises(BackupError, match="磁盘已满"):
                restore(tmp_path / "backup.zip", tmp_path, tmp_path / "restored.db", replacing=True)
        assert contents(folder) == before
        assert not (tmp_path / "restored.db").exists()
        assert {path.name for path in tmp_path.iterdir()} == {
            "articles", "built", "backup.zip", "opinions.db",
        }  # fmt: skip


def test_a_backup_replaces_no_file_and_stands_not_among_the_articles(
    folder: Path, tmp_path: Path
) -> None:
    before = contents(folder)
    for path in (folder / "welders.txt", folder / "backup.zip", tmp_path / "no" / "backup.zip"):
        with pytest.raises(BackupError):
            back_up(folder, path)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["articles"]


def test_only_what_can_be_restored_is_backed_up(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.txt").write_bytes(b"\xff\xff")
    with pytest.raises(ArticleError, match=r"broken\.txt"):
        back_up(folder, tmp_path / "backup.zip")
    (folder / "broken.txt").unlink()
    with (folder / "large.docx").open("wb") as file:
        file.truncate(backups.LARGEST_FILE + 1)
    with pytest.raises(BackupError, match=r"large\.docx 太大"):
        back_up(folder, tmp_path / "backup.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["articles"]


def test_what_is_no_file_is_left_out_and_told(folder: Path, tmp_path: Path) -> None:
    (folder / "more").mkdir()
    os.mkfifo(folder / "pipe")
    assert back_up(folder, tmp_path / "backup.zip") == BackedUp(5, ("more", "pipe"))


def test_opinions_are_copied_while_others_are_added(
    folder: Path, opinions: Path, tmp_path: Path
) -> None:
    done = threading.Event()

    def add() -> None:
        # With a pause, in which somebody else has his turn.
        while not done.wait(0.002):
            Feedback(opinions).add(OPINION)

    adding = threading.Thread(target=add)
    adding.start()
    try:
        for number in range(3):
            back_up(folder, tmp_path / f"{number}.zip", opinions)
            restore(tmp_path / f"{number}.zip", tmp_path / f"{number}", tmp_path / f"{number}.db")
            kept = feedback.read(tmp_path / f"{number}.db")
            assert kept == [OPINION] * len(kept) != []
    finally:
        done.set()
        adding.join()


def test_opinions_go_into_a_new_file_only(folder: Path, opinions: Path, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup.zip", opinions)
    before = opinions.read_bytes()
    with pytest.raises(BackupError, match="已经有文件"):
        restore(tmp_path / "backup.zip", tmp_path / "new", opinions)
    assert opinions.read_bytes() == before
    assert restore(tmp_path / "backup.zip", tmp_path / "new").opinions
    back_up(folder, tmp_path / "without.zip")
    with pytest.raises(BackupError, match="没有意见"):
        restore(tmp_path / "without.zip", tmp_path / "newer", tmp_path / "restored.db")
    assert not (tmp_path / "restored.db").exists()
    with pytest.raises(FeedbackError, match="不是产改问答的意见文件"):
        back_up(folder, tmp_path / "no.zip", folder / "welders.txt")


def test_during_a_build_nothing_is_restored(folder: Path, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup.zip")
    with publishing.build_lock(tmp_path), pytest.raises(IndexBusyError):
        restore(tmp_path / "backup.zip", tmp_path, replacing=True)


def archive(
    path: Path,
    members: dict[str, bytes],
    listing: object = None,
    change: Callable[[zipfile.ZipInfo], None] = lambda info: None,
) -> Path:
    """An archive with these members, and a listing that suits them if there is none."""
    told = {
        n: {"size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in members.items()
    }
    listing = {"format_version": 1, "files": told} if listing is None else listing
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            packed.writestr(info, data)
        if listing != "none":
            text = listing if isinstance(listing, str) else json.dumps(listing)
            packed.writestr("backup.json", text)
    return path


SOUND = {"articles/welders.txt": ARTICLE.encode()}


def refused(path: Path, error: type[ChangaiError] = BackupError) -> str:
    """Restore an archive that must be refused, and see that nothing is changed; what was said."""
    folder = path.parent / "index"
    before = contents(write_small(folder))
    with pytest.raises(error) as caught:
        restore(path, folder, replacing=True)
    assert contents(folder / "articles") == before
    assert {each.name for each in folder.iterdir()} == {"articles", "built"}
    assert {each.name for each in path.parent.iterdir()} == {path.name, "index"}
    assert str(caught.value).replace("\n", "").isprintable()
    return str(caught.value)


def test_an_archive_of_another_make_is_restored(tmp_path: Path) -> None:
    restore(archive(tmp_path / "a.zip", SOUND), tmp_path)
    assert (tmp_path / "articles" / "welders.txt").read_text(encoding="utf-8") == ARTICLE


@pytest.mark.parametrize(
    "name",
    [
        "/etc/cron.d/x", "../x.txt", "articles/../x.txt", "articles/../../x.txt", "articles//x.txt",
        "articles/a/x.txt", "articles/..", "articles/.", "articles/", "articles", "x.txt", "",
        "articles\\x.txt", "articles/..\\x.txt", "articles/C:\\x.txt", "Articles/x.txt",
        "articles/a\0.txt", "./articles/x.txt", "built/current.json", "feedback.db/x",
        "articles/a/",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    refused(archive(tmp_path / "a.zip", SOUND | {name: b"x"}))


@pytest.mark.parametrize(
    "name", ["articles/a\x1b[2J.txt", "articles/a\n.txt", "articles/a\u202e.txt"]
)
def test_articles_whose_names_do_not_show_are_refused(tmp_path: Path, name: str) -> None:
    refused(archive(tmp_path / "a.zip", SOUND | {name: ARTICLE.encode()}), ArticleError)


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK]
)
def test_links_and_other_kinds_are_refused(tmp_path: Path, kind: int) -> None:
    def change(info: zipfile.ZipInfo) -> None:
        info.external_attr = (kind | 0o777) << 16

    refused(archive(tmp_path / "a.zip", SOUND, change=change))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(tmp_path: Path, method: int) -> None:
    def change(info: zipfile.ZipInfo) -> None:
        info.compress_type = method

    refused(archive(tmp_path / "a.zip", SOUND, change=change))


HASH = hashlib.sha256(ARTICLE.encode()).hexdigest()
SIZE = len(ARTICLE.encode())


def told(size: object = SIZE, sha256: object = HASH, name: str = "welders") -> object:
    return {
        "format_version": 1,
        "files": {f"articles/{name}.txt": {"size": size, "sha256": sha256}},
    }


@pytest.mark.parametrize(
    "listing",
    [
        "none",
        "",
        "[" * 100_000,
        "null",
        '"\\ud800"',
        {},
        {"format_version": 1},
        {"format_version": 2, "files": {}},
        {"format_version": "1", "files": {}},
        {"format_version": 1, "files": {}},
        {"format_version": 1, "files": []},
        {"format_version": 1, "files": {"articles/welders.txt": HASH}},
        told(sha256=None),
        told(sha256="0" * 64),
        told(SIZE + 1),
        told(SIZE - 1),
        told(-1),
        told(str(SIZE)),
        told(10**12),
        told(name="other"),
        " " * 6_000_000,
    ],
)
def test_a_listing_that_is_not_of_the_archive_is_refused(tmp_path: Path, listing: object) -> None:
    refused(archive(tmp_path / "a.zip", SOUND, listing))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(archive(tmp_path / "a.zip", SOUND), "a") as packed:
        packed.writestr("articles/welders.txt", ARTICLE)
    refused(tmp_path / "a.zip")


def test_a_bomb_does_not_go_off(tmp_path: Path) -> None:
    """A member of 300 MB of zeros, first told as it is, then as a small one."""
    zeros, small = tmp_path / "zeros.zip", tmp_path / "small.zip"
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as packed:
        with packed.open("articles/welders.txt", "w") as member:
            for _ in range(300):
                member.write(bytes(1_000_000))
        told = {"size": 300_000_000, "sha256": HASH}
        listing = {"format_version": 1, "files": {"articles/welders.txt": told}}
        packed.writestr("backup.json", json.dumps(listing))
    with pytest.raises(BackupError, match="太大"):
        restore(zeros, tmp_path / "index")
    with zipfile.ZipFile(small, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("articles/welders.txt", bytes(3_000_000))
        told = {"size": 10, "sha256": HASH}
        listing = {"format_version": 1, "files": {"articles/welders.txt": told}}
        packed.writestr("backup.json", json.dumps(listing))
    with pytest.raises(BackupError, match="太大"):
        restore(small, tmp_path / "index")
    assert {path.name for path in (tmp_path / "index").iterdir()} == {"built"}


def test_too_many_members_are_not_even_listed(tmp_path: Path) -> None:
    data = archive(tmp_path / "a.zip", SOUND).read_bytes()
    end = struct.Struct("<4s4H2LH")
    for at, value in ((0, b"PK\5\7"), (5, 4_000_000_000), (7, 9)):
        fields = list(end.unpack(data[-end.size :]))
        fields[at] = value
        (tmp_path / "b.zip").write_bytes(data[: -end.size] + end.pack(*fields))
        with pytest.raises(BackupError):
            restore(tmp_path / "b.zip", tmp_path / "index")
    # The longer form, whose counts would be believed instead.
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    (tmp_path / "b.zip").write_bytes(data[: -end.size] + locator + data[-end.size :])
    with pytest.raises(BackupError, match="结尾不对"):
        restore(tmp_path / "b.zip", tmp_path / "index")


@pytest.mark.slow
def test_an_archive_that_is_cut_or_changed_is_refused(tmp_path: Path) -> None:
    data = archive(tmp_path / "a.zip", SOUND).read_bytes()
    tried = 0
    for place in range(len(data)):
        for damaged in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]):
            (tmp_path / "b.zip").write_bytes(damaged)
            target = tmp_path / f"index{tried}"
            try:
                restore(tmp_path / "b.zip", target)
            except ChangaiError:
                assert not (target / "articles").exists()
            else:
                # What no checksum covers: the time of a member, or a version.
                assert contents(target / "articles") == {"welders.txt": ARTICLE.encode()}
            tried += 1


def test_articles_that_cannot_be_read_are_not_restored(tmp_path: Path) -> None:
    refused(archive(tmp_path / "a.zip", {"articles/a.txt": b"\xff\xff"}), ArticleError)


def test_an_archive_without_articles_is_not_restored(tmp_path: Path) -> None:
    refused(archive(tmp_path / "a.zip", {"articles/a.md": b"x"}), ArticleError)


@pytest.mark.parametrize(
    "statements",
    [
        "",
        "CREATE TABLE opinions (id INTEGER)",
        # A view that would never end.
        "CREATE VIEW opinions AS WITH RECURSIVE n(question) AS (SELECT 1 UNION ALL SELECT question"
        " FROM n) SELECT question, '[]' answers, 1 useful, '' comment, '' day, 1 id FROM n",
    ],
)
def test_opinions_of_another_form_are_refused(tmp_path: Path, statements: str) -> None:
    path = tmp_path / "hostile.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        f"PRAGMA application_id = 0x43474642; PRAGMA user_version = 1;{statements}"
    )
    connection.close()
    data = path.read_bytes()
    path.unlink()
    refused(archive(tmp_path / "a.zip", SOUND | {"feedback.db": data}), FeedbackError)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_no_archive(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a.zip")
    with pytest.raises(BackupError):
        restore(tmp_path / "a.zip", tmp_path / "index")
    with pytest.raises(BackupError, match="没有这个文件"):
        restore(tmp_path / "nowhere.zip", tmp_path / "index")


def test_the_commands_say_what_was_done(folder: Path, opinions: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    (folder / "more").mkdir()
    result = run("backup", file, "--feedback", opinions, "--index", tmp_path)
    assert result.exit_code == 0
    assert result.stdout == f"已备份 6 个文件到 {file}，读过一遍，没有差错。\n"
    assert result.stderr == "没有备份 more：不是普通文件。\n"
    result = run("restore", file, "--index", tmp_path)
    assert result.exit_code == 2
    assert "--replace" in result.stderr
    result = run("restore", file, "--replace", "--index", tmp_path)
    assert result.exit_code == 0
    restored, kept, left, advice = result.stdout.splitlines()
    assert restored == "已恢复 6 个文件，其中文章 1 篇。"
    assert kept.startswith(f"原来的文章在 {tmp_path / 'articles-before-'}")
    assert "还有意见，没有恢复" in left
    assert advice == f"请运行：changai build --index {tmp_path}"
    result = run("backup", file, "--index", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "已经有文件" in result.stderr
