"""Files that are whole or not there, also after a power cut; and what a full disk means.

fsync of a file keeps its bytes, fsync of its directory keeps its name (POSIX). Windows cannot open
a directory for fsync; NTFS logs renames itself, so there the second step is left out.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from connector.errors import Denied, Rejected, RemoteError, Unavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def write_durable(path: Path, content: bytes) -> None:
    """Write a new file and see it to the disk. The directory is the caller's to sync."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_durable(path: Path, content: bytes) -> None:
    """Replace the file at `path` in one step: readers see the old bytes or the new ones."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        write_durable(temporary, content)
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    sync_directory(path.parent)


def sync_directory(folder: Path) -> None:
    """See the names in `folder` to the disk, where the system can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems refuse it on directories; they have nothing to sync then.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def disk_error(error: OSError, folder: Path, system: str) -> RemoteError:
    """What an operating system's error means for the run, in words a person can act on."""
    if error.errno in _FULL:
        text = f"{system}: the disk (or the quota) of {folder} is full; make room, nothing is lost"
        return Unavailable(text, system=system)
    if error.errno in _FORBIDDEN:
        text = (
            f"{system}: {folder} may not be written or read ({os.strerror(error.errno or 0)}); "
            "give the service's account the right to read and change this folder"
        )
        return Denied(text, system=system)
    if error.errno == errno.ENAMETOOLONG:
        text = f"{system}: the path in {folder} is too long; choose a folder with a shorter path"
        return Rejected(text, system=system, field="case_number")
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    text = f"{system}: {folder} cannot be used ({reason}); is the disk or the share connected?"
    return Unavailable(text, system=system)


@contextmanager
def disk_errors(folder: Path, system: str) -> Iterator[None]:
    """Turn every OSError inside into one of ours: Unavailable, Denied or Rejected."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, folder, system) from error
