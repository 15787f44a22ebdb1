"""The spool keeps bytes under their hash, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Denied, Gone, Rejected, Unavailable
from connector.spool import Spool


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@given(chunks=st.lists(st.binary(max_size=200), max_size=8))
def test_what_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]):
    """Any bytes in any chunks come back under the SHA-256 of their whole."""
    spool = Spool(tmp_path_factory.mktemp("spool"))

    stored = spool.add(iter(chunks))

    content = b"".join(chunks)
    assert hashlib.sha256(content).hexdigest() == stored.sha256
    assert len(content) == stored.size_bytes
    with spool.open(stored.sha256) as file:
        assert content == file.read()
    assert spool.verify(stored.sha256)


def test_bytes_and_names_are_seen_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The file and every folder that got a new name are synced before add returns."""
    synced = set()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)

    Spool(tmp_path).add([b"tone"])

    for path in (tmp_path, *tmp_path.rglob("*")):
        assert path.stat().st_ino in synced


def test_known_bytes_are_kept_once(tmp_path: Path):
    """The same bytes twice make one file, which is not written again."""
    spool = Spool(tmp_path / "spool")
    first = spool.add([b"tone"])
    inode = files(spool.folder)[0].stat().st_ino

    assert first == spool.add([b"to", b"ne"])

    assert [inode] == [path.stat().st_ino for path in files(spool.folder)]
    sha = first.sha256
    assert spool.folder / sha[:2] / sha[2:4] / sha == files(spool.folder)[0]


def test_too_large_is_rejected(tmp_path: Path):
    """An attachment over the limit is refused by its size and leaves nothing."""
    spool = Spool(tmp_path)

    with pytest.raises(Rejected) as caught:
        spool.add([b"x" * 60, b"x" * 60], max_bytes=100)

    assert caught.value.field == "size"
    assert files(tmp_path) == []
    assert spool.add([b"x" * 100], max_bytes=100).size_bytes == 100


def test_a_broken_download_leaves_nothing(tmp_path: Path):
    """An error while reading the chunks passes through as it is, and no file stays."""

    def cut() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError("cut")

    with pytest.raises(ConnectionResetError):
        Spool(tmp_path).add(cut())

    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "expected", "words"),
    [
        (errno.ENOSPC, Unavailable, "full"),
        (errno.EROFS, Denied, "may not be written"),
        (errno.EACCES, Denied, "may not be written"),
        (errno.EIO, Unavailable, "cannot be used"),
    ],
)
def test_disk_errors_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: type, words: str
):
    """A full disk, a read-only folder and a failing disk have each an error of their own."""

    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(expected, match=words) as caught:
        Spool(tmp_path).add([b"x"])

    assert expected is type(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert files(tmp_path) == []


def test_missing_bytes_are_gone(tmp_path: Path):
    """Bytes that are not here are Gone, with the hash in the text, and are not verified."""
    spool = Spool(tmp_path)
    sha = "0" * 64

    with pytest.raises(Gone, match=sha):
        spool.open(sha)
    assert not spool.verify(sha)
    spool.remove(sha)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_a_name_that_is_no_hash_opens_nothing(tmp_path: Path, name: str):
    """Only a SHA-256 in lower case names a file; a path never does."""
    with pytest.raises(Gone):
        Spool(tmp_path).open(name)


def test_changed_bytes_are_noticed(tmp_path: Path):
    """A file whose bytes were changed on disk does not verify."""
    spool = Spool(tmp_path)
    sha = spool.add([b"original"]).sha256
    files(tmp_path)[0].write_bytes(b"modified")

    assert not spool.verify(sha)


def test_sweep_keeps_what_is_wanted_and_what_is_young(tmp_path: Path):
    """A sweep erases old bytes that nobody wants and old leftovers, and nothing else."""
    spool = Spool(tmp_path)
    wanted, unwanted, young = (spool.add([name]).sha256 for name in (b"a", b"b", b"c"))
    leftover = tmp_path / ".new-leftover"
    leftover.write_bytes(b"half")
    for path in [*files(tmp_path)]:
        if path.name != young:
            os.utime(path, (1, 1))

    assert spool.sweep({wanted}) == 2

    assert sorted([wanted, young]) == sorted(path.name for path in files(tmp_path))
    assert not spool.verify(unwanted)
    assert spool.sweep(lambda sha: sha == wanted, older_than_s=-1) == 1
    assert spool.sweep({wanted}, older_than_s=-1) == 0


def test_bytes_that_are_added_again_survive_a_sweep(tmp_path: Path):
    """Adding known bytes makes them young, so a sweep that started before does not take them."""
    spool = Spool(tmp_path)
    sha = spool.add([b"a"]).sha256
    os.utime(files(tmp_path)[0], (1, 1))

    spool.add([b"a"])

    assert spool.sweep(set()) == 0
    assert spool.verify(sha)


def test_many_threads_may_add_the_same(tmp_path: Path):
    """Eight threads that add the same bytes at once make one whole file."""
    spool = Spool(tmp_path)
    start = threading.Barrier(8)
    seen: list[str] = []

    def add() -> None:
        start.wait()
        seen.append(spool.add([b"x" * 1000] * 50).sha256)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 8
    assert [seen[0]] == [path.name for path in files(tmp_path)]
    assert spool.verify(seen[0])
