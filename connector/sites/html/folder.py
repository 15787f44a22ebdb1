"""The folder of a static site: what of it is ours, read and written one whole file at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from connector.article import ArticleFile
from connector.durable import disk_errors, replace_durable
from connector.errors import Unavailable
from connector.sites.html.mark import Written, read

FILES = "files"
"""The folder of images and documents, one folder within for each article."""

_OURS = re.compile(r"\.[0-9a-f]{12}(\.[^.]*)?\Z")
_ODD = re.compile(r'[\x00-\x1f<>:"/\\|?*#%&+;=\s]+')


class Folder:
    """`root` is the site's folder; it must be there. Errors of the disk leave here as ours."""

    def __init__(self, root: Path, system: str) -> None:
        self.root = root
        self._system = system

    def require(self) -> None:
        """Raises Unavailable when the folder is not there: a share that is not connected."""
        if not self.root.is_dir():
            text = (
                f"{self._system}: the folder {self.root} is not there; make it, or connect the "
                "share that it is on"
            )
            raise Unavailable(text, system=self._system)

    def path(self, name: str) -> Path:
        """Of a name within the site."""
        return self.root.joinpath(*PurePosixPath(name).parts)

    def pages(self) -> Iterator[Written]:
        """Every page of ours, wherever in the folder somebody moved it, in order of path."""
        self.require()
        with disk_errors(self.root, self._system):
            for path in sorted(self.root.rglob("*.html")):
                page = self._read(path)
                if page is not None:
                    yield page

    def page(self, name: str) -> Written | None:
        """The page of ours at this place; None when there is none, or another's."""
        self.require()
        with disk_errors(self.root, self._system):
            return self._read(self.path(name))

    def _read(self, path: Path) -> Written | None:
        with suppress(FileNotFoundError, IsADirectoryError):
            return read(path.relative_to(self.root).as_posix(), path.read_bytes())
        return None

    def content(self, name: str) -> bytes | None:
        """The bytes of any file; None when it is not there."""
        self.require()
        with disk_errors(self.root, self._system), suppress(FileNotFoundError, IsADirectoryError):
            return self.path(name).read_bytes()
        return None

    def is_taken(self, name: str) -> bool:
        """Whether anything is at this place."""
        with disk_errors(self.root, self._system):
            return os.path.lexists(self.path(name))

    def write(self, name: str, content: bytes) -> None:
        """Make or replace a file in one step; the same bytes are not written again."""
        self.require()
        with disk_errors(self.root, self._system):
            path = self.path(name)
            if path.is_file() and path.read_bytes() == content:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_durable(path, content)

    def changed_at(self, name: str) -> float:
        """When a file was last changed, in seconds of the epoch; 0 when it is not there."""
        with suppress(OSError):
            return self.path(name).stat().st_mtime
        return 0.0

    def keep_files(self, id_: str, names: set[str]) -> None:
        """Remove the article's files that no page of ours shows any more; no file of others."""
        place = self.path(f"{FILES}/{id_}")
        with disk_errors(self.root, self._system):
            if not place.is_dir():
                return
            for path in place.iterdir():
                name = path.relative_to(self.root).as_posix()
                if name not in names and path.is_file() and _OURS.search(path.name):
                    path.unlink()
            with suppress(OSError):  # somebody's files are in it
                place.rmdir()


def name_of(file: ArticleFile, id_: str) -> str:
    """Where an article's file lies: "files/pas/foto.0f3a51c2d7e9.png".

    A file that changes gets another name, so that the old page has its old file until the new one
    is there, and no browser shows a kept one.
    """
    readable = _ODD.sub("-", file.name).strip("-. ") or "fil"
    stem, dot, suffix = readable.rpartition(".")
    if not dot:
        stem, suffix = readable, ""
    return f"{FILES}/{id_}/{stem[:80]}.{file.sha256[:12]}{dot}{suffix[:10]}"
