"""The bytes of attachments, each kept once under the SHA-256 of its content.

A file is written to a temporary name, synced and renamed, so a name that is a hash always holds
all of its bytes. Any number of threads and processes may use one folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO

import msgspec

from connector.durable import disk_errors, sync_directory
from connector.errors import Gone, Rejected

SYSTEM = "spool"
_HASH = re.compile(r"[0-9a-f]{64}")
_BLOCK_BYTES = 1 << 20
# A download of one attachment ends in far less; an older temporary file has lost its writer.
_STALE_S = 24 * 3600.0


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What `add` kept: the name of the bytes and how many there are."""

    sha256: str
    size_bytes: int


class Spool:
    """A folder of attachments. Nothing is touched on disk until the first call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, chunks: Iterable[bytes], max_bytes: int | None = None) -> Stored:
        """Keep the bytes and say their hash; bytes that are here already are not written twice.

        Raises Rejected with field "size" when there are more than `max_bytes`, Unavailable on a
        full disk, Denied on a folder without write access; then nothing is left behind.
        An error raised by `chunks` itself passes through, and nothing is left behind either.
        """
        with disk_errors(self.folder, SYSTEM):
            self.folder.mkdir(parents=True, exist_ok=True)
            file = NamedTemporaryFile(  # noqa: SIM115  closed below, and renamed
                dir=self.folder, prefix=".new-", delete=False
            )
        temporary = Path(file.name)
        try:
            try:
                stored = _copy(chunks, file, max_bytes, self.folder)
            finally:
                # Synced by now, or given up: on a full disk closing fails once more.
                with suppress(OSError):
                    file.close()
            with disk_errors(self.folder, SYSTEM):
                self._keep(temporary, stored.sha256)
        finally:
            temporary.unlink(missing_ok=True)
        return stored

    def _keep(self, temporary: Path, sha256: str) -> None:
        target = self._path(sha256)
        if target.exists():
            os.utime(target)  # young again: a sweep that runs now leaves it to its new item
            return
        for folder in (target.parent.parent, target.parent):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                sync_directory(folder.parent)
        temporary.replace(target)
        sync_directory(target.parent)

    def open(self, sha256: str) -> BinaryIO:
        """The bytes of this hash; the caller closes. Raises Gone when they are not here."""
        try:
            with disk_errors(self.folder, SYSTEM):
                try:
                    return self._path(sha256).open("rb")
                except FileNotFoundError:
                    pass
        except ValueError as error:
            raise Gone(f"spool: {sha256!r} is not a SHA-256", system=SYSTEM) from error
        raise Gone(
            f"spool: the attachment {sha256} is not in {self.folder}; it was removed, or the "
            "folder is not the one it was kept in",
            system=SYSTEM,
        )

    def verify(self, sha256: str) -> bool:
        """Whether the bytes are here and still have this hash. Reads all of them."""
        try:
            with self.open(sha256) as file, disk_errors(self.folder, SYSTEM):
                digest = hashlib.sha256()
                while block := file.read(_BLOCK_BYTES):
                    digest.update(block)
                return digest.hexdigest() == sha256
        except Gone:
            return False

    def remove(self, sha256: str) -> None:
        """Erase the bytes of this hash; nothing happens when they are not here."""
        with disk_errors(self.folder, SYSTEM):
            self._path(sha256).unlink(missing_ok=True)

    def sweep(
        self, keep: Collection[str] | Callable[[str], bool], *, older_than_s: float = _STALE_S
    ) -> int:
        """Erase what nobody refers to and what a dead process left; gives how many files went.

        `keep` is the hashes to keep, or a function that says of one hash whether to keep it. A
        file younger than `older_than_s` stays in any case: its item may not be in the ledger yet.
        """
        is_kept = keep if callable(keep) else keep.__contains__
        oldest = time.time() - older_than_s
        swept = 0
        with disk_errors(self.folder, SYSTEM):
            for path in self._files():
                if path.stat().st_mtime <= oldest and not is_kept(path.name):
                    path.unlink(missing_ok=True)
                    swept += 1
            for path in self.folder.glob(".new-*"):
                if path.stat().st_mtime <= min(oldest, time.time() - 3600):
                    path.unlink(missing_ok=True)
                    swept += 1
        return swept

    def _files(self) -> Iterator[Path]:
        for path in self.folder.glob("??/??/*"):
            if _HASH.fullmatch(path.name):
                yield path

    def _path(self, sha256: str) -> Path:
        if not _HASH.fullmatch(sha256):
            raise ValueError(f"not a SHA-256 in lower-case hexadecimal: {sha256!r}")
        return self.folder / sha256[:2] / sha256[2:4] / sha256


def _copy(chunks: Iterable[bytes], file: IO[bytes], max_bytes: int | None, folder: Path) -> Stored:
    """Copy all chunks to the open file and see them to the disk."""
    digest = hashlib.sha256()
    size_bytes = 0
    for chunk in chunks:
        size_bytes += len(chunk)
        if max_bytes is not None and size_bytes > max_bytes:
            text = f"spool: the attachment is larger than {max_bytes} bytes, the set limit"
            raise Rejected(text, system=SYSTEM, field="size")
        digest.update(chunk)
        with disk_errors(folder, SYSTEM):
            file.write(chunk)
    with disk_errors(folder, SYSTEM):
        file.flush()
        os.fsync(file.fileno())
    return Stored(sha256=digest.hexdigest(), size_bytes=size_bytes)
