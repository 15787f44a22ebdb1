"""Temporary folders inside a case's folder: whose they are, and sweeping those of the dead.

An entry's files are made in ".new-<host>-<pid>-<token>~<stem>" and moved out one by one, the
sidecar last. A process that dies on the way leaves the folder, perhaps with some files moved out
already. The folder's name says which they are, so exactly those are removed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

PREFIX = ".new-"
_STALE_S = 3600.0


def temporary_name(stem: str) -> str:
    """The name of this process's temporary folder for an entry."""
    return f"{PREFIX}{_host()}-{os.getpid()}-{_token()}~{stem}"


def sweep(case_folder: Path, names: Iterable[str]) -> int:
    """Remove what dead processes left among `names`, the listing of the folder; how many.

    A folder is dead when its process on this machine is gone, or when it is older than an hour
    (another machine, Windows). Raises OSError.
    """
    listed = list(names)
    swept = 0
    for name in listed:
        if not name.startswith(PREFIX):
            continue
        path = case_folder / name
        if _is_alive(name) and not _is_stale(path):
            continue
        stem = name.partition("~")[2]
        if stem and f"{stem}.json" not in listed:
            remove_files(case_folder, stem, listed)
        shutil.rmtree(path, ignore_errors=True)
        swept += 1
    return swept


def remove_files(case_folder: Path, stem: str, names: Iterable[str]) -> None:
    """Remove the files of an entry that never came to be: its sidecar is not there."""
    for name in names:
        if name == f"{stem}.html" or name.startswith(f"{stem}_"):
            (case_folder / name).unlink(missing_ok=True)


def _is_alive(name: str) -> bool:
    """Whether the process that made the folder may still be at work on it."""
    host, pid, token = (*name.removeprefix(PREFIX).partition("~")[0].split("-"), "", "", "")[:3]
    if host != _host() or not pid.isdecimal():
        return True
    if int(pid) == os.getpid():
        # In a container every start may get the same number; the token tells them apart.
        return token == _token()
    if sys.platform == "win32":
        return True  # there os.kill(pid, 0) does not ask, it sends Ctrl-C; age decides
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _is_stale(path: Path) -> bool:
    try:
        return path.stat().st_mtime < time.time() - _STALE_S
    except FileNotFoundError:
        return False


@lru_cache(maxsize=1)
def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


@lru_cache(maxsize=1)
def _token_of(pid: int) -> str:
    del pid  # only the cache's key: a forked child gets a token of its own
    return secrets.token_hex(3)


def _token() -> str:
    return _token_of(os.getpid())
