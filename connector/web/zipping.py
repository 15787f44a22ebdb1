"""A ZIP archive that is sent while it is made: no file of it is held in memory or on disk."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime


class _Outbox(io.RawIOBase):
    """Where the archive is written; what was written is taken out again and again."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, block: object) -> int:
        content = bytes(memoryview(block))  # type: ignore[arg-type]  # any buffer, as zipfile says
        self._blocks.append(content)
        return len(content)

    def take(self) -> bytes:
        found = b"".join(self._blocks)
        self._blocks.clear()
        return found


def archive(
    files: Iterable[tuple[str, Iterable[bytes]]], *, made_at: datetime, sums: str
) -> Iterator[bytes]:
    """The bytes of an archive of these files, given as name and content, in their order.

    The last file, named `sums`, tells the SHA-256 of each as `sha256sum --check` reads it. Names
    are the caller's: they must be relative, and plain. `made_at` is local.
    """
    outbox = _Outbox()
    told: list[str] = []
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files:
            digest = hashlib.sha256()
            with target.open(_info(name, made_at), "w", force_zip64=True) as file:
                for block in content:
                    digest.update(block)
                    file.write(block)
                    if taken := outbox.take():
                        yield taken
            told.append(f"{digest.hexdigest()}  {name}\n")
        target.writestr(_info(sums, made_at), "".join(told))
    yield outbox.take()


def _info(name: str, made_at: datetime) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, made_at.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16  # citizens' talk: for whoever unpacked it alone
    return info
