"""Pages that were written elsewhere, as HTML or Markdown files, made articles to go on with.

What can be read from a page is taken: its title, its first paragraph as the summary, its headings
as sections, its images and documents, its links to the other pages. What only a person knows (the
owner, the unit, the review date) is left open, and `articles check` asks for it. Nothing that is
there is ever overwritten.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urldefrag

import msgspec
from bs4 import BeautifulSoup, Tag
from bs4.dammit import EncodingDetector
from markdownify import markdownify

from connector.articles.drafts import read_text
from connector.articles.front_matter import split
from connector.articles.markdown import SCHEME
from connector.articles.reading import Folders
from connector.articles.writing import Head, id_of, taken_ids, write_new
from connector.durable import sync_directory, write_durable
from connector.errors import ConfigError

_PAGES = (".html", ".htm", ".md")
_FURNITURE = ("script", "style", "nav", "header", "footer", "aside", "form", "iframe", "noscript",
              "button", "svg", "template", "object", "embed", "link", "meta")  # fmt: skip
_TOLD = ("iframe", "script", "object", "embed", "form")  # of these, what a reader may miss
_TOP = re.compile(r"^#[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_CODE = re.compile(r"(^```.*?^```[^\n]*$)", re.MULTILINE | re.DOTALL)
_ATX = re.compile(r"^(#{1,6})(?=[ \t])", re.MULTILINE)
_TARGET = re.compile(r"(!?\[[^\]]*\]\()(<[^>]*>|(?:[^()\s]|\([^()\s]*\))*)((?:\s+\"[^\"]*\")?\))")
_LONGEST_SUMMARY = 300  # characters


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file: the article's id and file, or the word key of why not."""

    source: str
    id: str = ""
    path: str = ""
    why: str = ""  # "": imported
    left_out: tuple[str, ...] = ()  # the tags of what was there and no article may hold


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    title: str
    text: str  # Markdown without the title
    id: str
    left_out: tuple[str, ...] = ()


def import_folder(source: Path, folders: Folders, head: Head, language: str) -> Iterator[Imported]:
    """Make an article of every page in `source` and below; `head` is what all of them get.

    Raises ConfigError when `source` is not there.
    """
    if not source.is_dir():
        raise ConfigError([f"{source} is no folder; name the one that holds the pages"])
    taken = dict(taken_ids(folders))
    pages: list[_Page] = []
    ids: dict[str, str] = {}  # of what becomes an article, by the path of the page
    for path in _files(source):
        page, why = _read(path)
        if page is None:
            yield Imported(source=str(path), why=why)
        elif page.id in taken:
            yield Imported(source=str(path), id=page.id, path=taken[page.id], why="taken")
            ids[os.path.normpath(path)] = page.id  # links lead to the article that is there
        else:
            taken[page.id] = str(path)
            pages.append(page)
            ids[os.path.normpath(path)] = page.id
    for page in pages:
        yield _write(page, source, ids, folders, head, language)


def _files(source: Path) -> Iterator[Path]:
    root = source.resolve()
    for at, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(at) / name
            is_page = path.suffix.lower() in _PAGES and not name.startswith(".")
            if is_page and path.resolve().is_relative_to(root):
                yield path


def _read(path: Path) -> tuple[_Page | None, str]:
    left_out: tuple[str, ...] = ()
    if path.suffix.lower() == ".md":
        text = read_text(path)
        if not text.strip():
            return None, "unreadable"
        front = split(text)
        if "id" in front.fields or "overlays" in front.fields:
            return None, "is_article"
        given = front.fields["title"].text if "title" in front.fields else ""
        title, text = _title_of(front.body if front.fields else text)
        title = given or title
    else:
        try:
            found = _decoded(path.read_bytes())
        except OSError:
            return None, "unreadable"
        if not found.strip():
            return None, "unreadable"
        title, text, left_out = _from_html(found)
    title = title or path.stem.replace("-", " ").replace("_", " ").strip().capitalize()
    id = id_of(title)
    if not text.strip() or not id:
        return None, "empty"
    return _Page(path=path, title=title, text=text, id=id, left_out=left_out), ""


def _title_of(text: str) -> tuple[str, str]:
    """The first heading of level 1 as the title, and the text without it."""
    found = _TOP.search(text)
    if found is None:
        return "", text
    return found[1].strip(), text[: found.start()] + text[found.end() :]


def _decoded(content: bytes) -> str:
    """The text of a page in the encoding that it says or seems to have; "" when it is in none."""
    detector = EncodingDetector(content, is_html=True)
    for name in detector.encodings:
        try:
            return detector.markup.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return ""


def _from_html(page: str) -> tuple[str, str, tuple[str, ...]]:
    """The title and the text of the main part of a page, and the tags of what was left out."""
    soup = BeautifulSoup(page, "html.parser")
    title = _words(soup.find("h1")) or _words(soup.find("title"))
    main = soup.find("main") or soup.find("article") or soup.find("body") or soup
    left_out = tuple(name for name in _TOLD if main.find(name))
    for furniture in main.find_all(_FURNITURE):
        furniture.decompose()
    if first := main.find("h1"):
        first.decompose()
    text = str(markdownify(str(main), heading_style="ATX", bullets="-"))
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", text).split("\n")]
    return title, re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), left_out


def _words(tag: object) -> str:
    return " ".join(tag.get_text(" ").split()) if isinstance(tag, Tag) else ""


def _write(
    page: _Page,
    source: Path,
    ids: Mapping[str, str],
    folders: Folders,
    head: Head,
    language: str,
) -> Imported:
    files = _Files(_free_folder(folders.local, page.id))
    pieces = _CODE.split(page.text)
    pieces[::2] = _levelled(pieces[::2])
    pieces[::2] = [
        _TARGET.sub(lambda found: _led(found, page, source, ids, files), piece)
        for piece in pieces[::2]
    ]
    summary, text = _summary_of("".join(pieces))
    own = msgspec.structs.replace(head, id=page.id, title=page.title, summary=summary)
    for name, origin in files.origins.items():  # the article last: it is whole or not there
        _copy(origin, folders.local / files.folder / name)
    path = write_new(folders, own, text, language, taken={})  # asked for all pages at once
    return Imported(source=str(page.path), id=page.id, path=str(path), left_out=page.left_out)


def _copy(origin: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_durable(target, origin.read_bytes())
    sync_directory(target.parent)


class _Files:
    """The images and documents of one page, and the folder that they get."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.origins: dict[str, Path] = {}  # by the new name

    def address(self, path: Path) -> str:
        """How the article names this file; two of one name from different folders stay two."""
        name = unicodedata.normalize("NFC", re.sub(r"[<>]", "-", path.name))
        while self.origins.setdefault(name, path) != path:
            name = f"{path.parent.name}-{name}"
        return f"<{self.folder}/{name}>" if re.search(r"[\s()]", name) else f"{self.folder}/{name}"


def _free_folder(local: Path, id: str) -> str:
    """The name of a folder that is not there yet: the article's id, or that with a number."""
    number, name = 1, id
    while (local / name).exists():
        number += 1
        name = f"{id}-{number}"
    return name


def _levelled(pieces: Sequence[str]) -> list[str]:
    """The headings moved so that the highest is of level 2."""
    levels = [len(found[1]) for piece in pieces for found in _ATX.finditer(piece)]
    move = 2 - min(levels, default=2)
    return [_ATX.sub(lambda found: "#" * min(6, len(found[1]) + move), piece) for piece in pieces]


def _summary_of(text: str) -> tuple[str, str]:
    """A short first paragraph as the summary, and what is left."""
    first, _, rest = text.strip().partition("\n\n")
    plain = " ".join(first.split())
    is_plain = plain and not re.search(r"[#*_\[\]<>|`!]", plain)
    if is_plain and len(plain) <= _LONGEST_SUMMARY and rest.strip():
        return plain, rest.strip()
    return "", text.strip()


def _led(
    found: re.Match[str], page: _Page, source: Path, ids: Mapping[str, str], files: _Files
) -> str:
    """A link or image that pointed beside the page, pointing where that is now."""
    target = unquote(found[2].strip("<>"))
    bare, fragment = urldefrag(target)
    if SCHEME.match(target) or not bare or bare.startswith("/"):
        return found[0]
    path = Path(os.path.normpath(page.path.parent / bare.partition("?")[0]))
    if other := ids.get(str(path)):
        return f"{found[1]}article:{other}{'#' + fragment if fragment else ''}{found[3]}"
    is_inside = path.resolve().is_relative_to(source.resolve())
    if not is_inside or not path.is_file() or path.suffix.lower() in _PAGES:
        return found[0]
    return f"{found[1]}{files.address(path)}{found[3]}"
