"""Images and documents of articles, in two folders beside the pages: for everybody, and for staff.

Not within the pages: an image within a page that everybody may read can be read by everybody, also
one that only a staff section shows.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Collection, Mapping
from contextlib import suppress

import msgspec

from connector.article import CITIZEN, ArticleFile, ArticlePage
from connector.errors import Gone, Rejected
from connector.ports import OpenFile
from connector.sites.plone.answers import Content, Sharing, Workflow
from connector.sites.plone.forms import DIRECT
from connector.sites.plone.service import Service
from connector.sites.showing import content_of, files_in

OPEN, INTERNAL = "filer", "filer-internt"
_TITLES = {OPEN: "Filer til artikler", INTERNAL: "Filer til artikler, kun for medarbejdere"}
_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ß": "ss"})
_SIGNED_IN = "AuthenticatedUsers"
_ODD = re.compile(r"[^a-z0-9]+")
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"})


class Files:
    """The files of all articles of one site. Listed once, when first needed."""

    def __init__(self, service: Service, place: str) -> None:
        self._service = service
        self._place = place
        self._listed: dict[str, tuple[str, str]] | None = None  # name -> (UID, address)
        self._prepared: set[str] = set()

    def _known(self) -> dict[str, tuple[str, str]]:
        if self._listed is None:
            found: dict[str, tuple[str, str]] = {}
            for folder in (OPEN, INTERNAL):
                with suppress(Gone):  # the folder is made with its first file
                    for hit in self._service.search(["Image", "File"], f"{self._place}/{folder}"):
                        found[f"{folder}/{hit.id}"] = (hit.uid, hit.url)
            self._listed = found
        return self._listed

    def name_of_url(self, url: str) -> str:
        """The name of the file at this address, or at one within it ("@@images/..."); "" for none
        of ours."""
        for folder in (OPEN, INTERNAL):
            begin = f"{self._place}/{folder}/"
            if url.startswith(begin):
                return f"{folder}/{url.removeprefix(begin).partition('/')[0]}"
        return ""

    def lacks(self, page: ArticlePage) -> bool:
        """Whether a file that the page shows is still to be put."""
        return any(name not in self._known() for name in canonical_names(page).values())

    def put(self, page: ArticlePage, open_file: OpenFile) -> dict[str, str]:
        """Let every file that the page shows be there; name in the text -> UID."""
        made = {}
        for file, folder in placed(page):
            self._prepare(folder)
            name = f"{folder}/{shortname(page.id, file)}"
            if name not in self._known():
                self._upload(file, folder, name, open_file)
            made[file.name] = self._known()[name][0]
        return made

    def keep(self, page_id: str, names: Collection[str]) -> None:
        """Remove the article's files that its page does not show."""
        ours = re.compile(rf"[^/]+/{re.escape(page_id)}\.[^/]*\.[0-9a-f]{{12}}(\.[^./]*)?\Z")
        for name in [each for each in self._known() if ours.match(each) and each not in names]:
            with suppress(Gone):
                self._service.remove(self._known()[name][1])
            del self._known()[name]

    def _upload(self, file: ArticleFile, folder: str, name: str, open_file: OpenFile) -> None:
        content = content_of(file, open_file, self._service.name)
        kind, field = ("Image", "image") if file.media_type in _IMAGES else ("File", "file")
        value = {
            "@type": kind,
            "id": name.partition("/")[2],
            "title": file.name.rpartition("/")[2],
            field: {
                "data": base64.b64encode(content).decode(),
                "encoding": "base64",
                "filename": file.name.rpartition("/")[2],
                "content-type": file.media_type,
            },
        }
        place = f"{self._place}/{folder}"
        try:
            made = self._service.write("POST", place, value, Content)
        except Rejected as error:
            if error.field != "id":
                raise
            made = self._service.get(f"{place}/{value['id']}", Content)  # of a run that was cut
        self._known()[name] = (made.uid, made.url)

    def _prepare(self, folder: str) -> None:
        """Let the folder be there and read by those whom it is for; looked at once by a run, as
        one that was cut may have made it and not shown it."""
        if folder in self._prepared:
            return
        url = f"{self._place}/{folder}"
        try:
            workflow = self._service.get(f"{url}/@workflow", Workflow)
        except Gone:
            value = {
                "@type": "Folder", "id": folder, "title": _TITLES[folder], "exclude_from_nav": True,
            }  # fmt: skip
            self._service.write("POST", self._place, value, Content)
            workflow = self._service.get(f"{url}/@workflow", Workflow)
        if folder == OPEN:
            moves = {move.id: move.url for move in workflow.transitions}
            for name in DIRECT:
                if name in moves:
                    self._service.write("POST", moves[name], {}, msgspec.Raw)
                    break
        else:
            self._show_to_staff(url)
        self._prepared.add(folder)

    def _show_to_staff(self, url: str) -> None:
        """The folder stays private; who is signed in reads it, or those with whom a person has
        shared it instead. True is a role given here, no inherited one ("acquired", "global")."""
        sharing = self._service.get(f"{url}/@sharing", Sharing)
        readers = {each.id for each in sharing.entries if each.roles.get("Reader") is True}
        if not readers - {self._service.user}:
            entry = {"id": _SIGNED_IN, "type": "group", "roles": {"Reader": True}}
            self._service.tell(f"{url}/@sharing", {"inherit": True, "entries": [entry]})


def placed(page: ArticlePage) -> list[tuple[ArticleFile, str]]:
    """Each file that the page shows, with its folder: open only where everybody reads it."""
    is_open = page.audience == CITIZEN
    seen = files_in(part.html for part in page.parts if part.audience == CITIZEN and is_open)
    shown = files_in(part.html for part in page.parts)
    return [
        (file, OPEN if file.name in seen else INTERNAL) for file in page.files if file.name in shown
    ]


def canonical_names(page: ArticlePage) -> Mapping[str, str]:
    """Name in the text -> name within the site, for every file that the page shows."""
    return {file.name: f"{folder}/{shortname(page.id, file)}" for file, folder in placed(page)}


def shortname(page_id: str, file: ArticleFile) -> str:
    """The file's id in Plone: "pas.billeder-aeroe-paa-kort.0f3a51c2d7e9.png"."""
    stem, _, suffix = file.name.rpartition(".")
    return f"{page_id}.{_slug(stem or suffix)[:60]}.{file.sha256[:12]}.{_slug(suffix)[:8] or 'bin'}"


def _slug(text: str) -> str:
    lowered = unicodedata.normalize("NFC", text).lower().translate(_LETTERS)
    bare = unicodedata.normalize("NFD", lowered).encode("ascii", "ignore").decode()
    return _ODD.sub("-", bare).strip("-") or "fil"
