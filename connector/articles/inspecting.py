"""What the text of a section holds: where its links lead, which files it needs, what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from connector.article import ArticleFile
from connector.articles.fields import Wrong
from connector.articles.files import find_file
from connector.articles.markdown import SCHEME, Link, Parsed
from connector.articles.mistakes import Mistake, error, warning

WEB = frozenset(("http", "https", "mailto", "tel"))
SHOWN = 80  # characters of an address in a message


class Place(msgspec.Struct, frozen=True):
    """Where a section stands, and where its files are looked for."""

    section: str
    path: str
    text_line: int  # in that file
    home: Path  # the folder of the file
    root: Path  # no file of an article lies outside


class InnerLink(msgspec.Struct, frozen=True):
    """A link from one article to another, or to a section of its own."""

    section: str  # key of the section it stands in
    target: str  # id
    key: str  # of the section it leads to; "" for the article
    path: str
    line: int


class Findings:
    """What is found while the sections of one article are looked into."""

    def __init__(self, id: str, most_bytes: int, parse: Callable[[str], Parsed]) -> None:
        self.id = id
        self.mistakes: list[Mistake] = []
        self.files: dict[str, ArticleFile] = {}
        self.links: list[InnerLink] = []
        self.outside: list[tuple[str, str, int]] = []  # address of the web, path, line
        self.parsed: dict[str, Parsed] = {}  # by the text of the section
        self._sections: list[tuple[Place, str]] = []
        self._most_bytes = most_bytes
        self._parse = parse

    def add(self, path: str, line: int, key: str, /, **values: str) -> None:
        """An error."""
        self.mistakes.append(error(self.id, path, line, key, **values))

    def look_into(self, place: Place, text: str) -> None:
        """The links, images and HTML of one section."""
        seen = self.parsed[text] = self._parse(text)
        self._sections.append((place, text))
        before = place.text_line - 1
        for line, name in seen.dangerous:
            self.add(place.path, before + line, "dangerous", name=name)
        deepest = 2
        for line, level in seen.headings:
            if level == 1:
                self.add(place.path, before + line, "heading_top")
            elif level > deepest + 1:
                told = warning(
                    self.id, place.path, before + line, "heading_order", level=str(level)
                )
                self.mistakes.append(told)
            deepest = level
        for link in seen.links:
            if link.is_image:
                self._image(link, place, before + link.line)
            else:
                self._link(link, place, before + link.line)

    def look_across(self) -> None:
        """What is wrong between sections: a link definition counts in its own section alone.

        A section may be replaced, hidden or left out for some readers, its definitions with it.
        """
        for defining, defined in self._sections:
            for label in self.parsed[defined].labels:
                used = re.compile(rf"\[{re.escape(label)}\](?![(:])", re.IGNORECASE)
                for place, text in self._sections:
                    if place.path != defining.path or label in self.parsed[text].labels:
                        continue
                    if found := used.search(text):
                        line = place.text_line + text.count("\n", 0, found.start())
                        label_there = found[0][1:-1]
                        self.add(place.path, line, "definition_elsewhere", label=label_there)

    def _image(self, link: Link, place: Place, line: int) -> None:
        scheme, name = _split(link.target)
        if not link.text:
            self.add(place.path, line, "image_no_alt", name=link.target[:SHOWN])
        if link.target.startswith("//") or scheme not in ("", "file"):
            self.add(place.path, line, "image_elsewhere", target=link.target[:SHOWN])
        else:
            self._file(name, place, line, is_image=True)

    def _link(self, link: Link, place: Place, line: int) -> None:
        target = link.target
        scheme, rest = _split(target)
        if not link.text:
            self.add(place.path, line, "link_no_text", target=target[:SHOWN])
        if scheme == "article" or target.startswith("#"):
            id, _, key = rest.partition("#")
            inner = InnerLink(place.section, id or self.id, key, place.path, line)
            self.links.append(inner)
        elif scheme in WEB:
            self._web(target, place, line)
        elif scheme not in ("", "file"):
            self.add(place.path, line, "link_scheme", target=target[:SHOWN])
        elif not target or target.startswith("//"):
            self.add(place.path, line, "link_broken", target=target[:SHOWN])
        elif target.lower().endswith(".md"):
            self.add(place.path, line, "link_to_file", target=target[:SHOWN])
        else:
            self._file(rest, place, line, is_image=False)

    def _web(self, target: str, place: Place, line: int) -> None:
        if not target.lower().startswith("http"):
            return
        self.outside.append((target, place.path, line))
        try:
            is_whole = bool(urlsplit(target).hostname)
        except ValueError:
            is_whole = False
        if not is_whole:
            self.add(place.path, line, "link_broken", target=target[:SHOWN])

    def _file(self, name: str, place: Place, line: int, *, is_image: bool) -> None:
        try:
            one = find_file(
                name, place.home, place.root, is_image=is_image, most_bytes=self._most_bytes
            )
        except Wrong as wrong:
            self.add(place.path, line, wrong.key, **wrong.values)
            return
        other = self.files.setdefault(one.name, one)
        if other.sha256 != one.sha256:
            self.add(place.path, line, "file_name_taken", name=one.name)


def _split(target: str) -> tuple[str, str]:
    """The scheme of an address in small letters, and the rest."""
    found = SCHEME.match(target)
    return (found[1].lower(), target[found.end() :]) if found else ("", target)
