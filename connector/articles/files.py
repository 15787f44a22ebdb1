"""The images and documents that stand beside an article, found as its text names them."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path, PurePosixPath

from connector.article import ArticleFile
from connector.articles.fields import Wrong
from connector.filetypes import ACTIVE, HEAD_BYTES, type_of

# By name, and not as the machine's own table has it: the same article is the same page everywhere.
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "csv": "text/csv",
    "ics": "text/calendar",
    "zip": "application/zip",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "mp3": "audio/mpeg",
}
IMAGES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))


def find_file(name: str, home: Path, root: Path, *, is_image: bool, most_bytes: int) -> ArticleFile:
    """The file that an article in folder `home` calls `name`. Raises Wrong.

    It lies within `root` also when links are followed. Its type is what its bytes say.
    """
    parts = PurePosixPath(name).parts
    if name.startswith(("/", "\\")) or ".." in parts or "\\" in name or ":" in name:
        raise Wrong("file_outside", name=name)
    path = _path_of(parts, home)
    if path is None or not path.is_file():
        near = _path_of(parts, home, is_loose=True)
        if near is not None:  # seen where file systems do not tell Pas.png from pas.png
            raise Wrong("file_case", name=name, found=near.relative_to(home).as_posix())
        raise Wrong("file_missing", name=name, folder=str(home))
    if not path.resolve().is_relative_to(root.resolve()):
        raise Wrong("file_outside", name=name)
    ending = path.suffix.lower().lstrip(".")
    if ending in ACTIVE:
        raise Wrong("file_active", name=name)
    size = path.stat().st_size
    if size > most_bytes:
        most = f"{most_bytes / 1e6:.0f}"
        raise Wrong("file_large", name=name, size=f"{size / 1e6:.1f}", most=most)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Wrong("file_unreadable", why=error.strerror or "?", name=name) from error
    media_type = _type(name, content, is_image=is_image)
    return ArticleFile(
        name=unicodedata.normalize("NFC", name),
        path=str(path),
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _type(name: str, content: bytes, *, is_image: bool) -> str:
    named = _TYPES.get(name.rpartition(".")[2].lower(), "")
    found = type_of(content[:HEAD_BYTES])
    if is_image and found not in IMAGES:
        raise Wrong("image_type", name=name)
    if (found or named in IMAGES or named == "application/pdf") and found != named:
        raise Wrong("file_type", name=name, found=found or "?", named=named or "?")
    return found or named or "application/octet-stream"


def _path_of(parts: tuple[str, ...], home: Path, *, is_loose: bool = False) -> Path | None:
    """The path under `home`; its letters may be composed (æ) or not, as file systems keep them.

    `is_loose`: capital and small letters are the same.
    """

    def key(name: str) -> str:
        composed = unicodedata.normalize("NFC", name)
        return composed.casefold() if is_loose else composed

    path = home
    for part in parts:
        direct = path / part
        if direct.exists():
            path = direct
            continue
        if not path.is_dir():
            return None
        same = sorted(each for each in path.iterdir() if key(each.name) == key(part))
        if not same:
            return None
        path = same[0]
    return path
