"""The sink: files first, the row of the list last, so that the row makes the entry exist.

The row's key is unique in the list: whoever writes it second is refused, looks it up and gives the
same receipt. A file's name is made from the key and holds no person's name; a file is whole when
its columns are set. What is only begun is gone on with, under the same names.
"""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote

from connector.errors import Gone, Rejected, Unclear
from connector.journaling.connection import Connection
from connector.journaling.draft import Draft, Drafter
from connector.journaling.locks import Locks
from connector.journaling.refusals import other_content
from connector.journaling.remote import GRACE_S
from connector.journaling.words import Words
from connector.model import Capabilities, Entry, Finding, Receipt
from connector.ports import OpenFile, Steps
from connector.sites.sharepoint import checks
from connector.sites.sharepoint.lists import is_unused, prepare
from connector.sites.sharepoint.site import FileState, Site
from connector.sites.sharepoint.upload import upload
from connector.sites.sharepoint.words import DOCUMENTS, ENTRIES, PLANS
from connector.sites.sharepoint.writing import ROW, Sendable, receipt_of, row_values

_LONGEST_LINK = 255  # of SharePoint's hyperlink columns


class SharePointSink:
    """Entries as rows of a list, with their files in a library."""

    def __init__(self, connection: Connection, site: Site, words: Words, drafter: Drafter) -> None:
        self.name = connection.name
        self.capabilities = Capabilities(
            grace_s=GRACE_S,
            max_file_bytes=words.number("documents", "most_bytes"),
            in_flight=connection.in_flight,
        )
        self._site = site
        self._words = words
        self._drafter = drafter
        self._locks = Locks()
        self._folders: set[str] = set()
        self._folders_lock = threading.Lock()

    def check(self) -> list[Finding]:
        """Sign-in, lists, columns, indexes, rights and room; nothing is written or made."""
        return checks.findings(self._site, self._words, PLANS)

    def prepare(self) -> None:
        """Make the list and the library, as far as they are missing. Errors as lists.prepare."""
        prepare(self._site, self._words, PLANS)

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of an entry, from its row: one request. None without the list."""
        try:
            row = self._row(key)
        except Gone:
            return None
        return receipt_of(row) if row is not None and row["CtCase"] == case_number else None

    def put(
        self,
        entry: Entry,
        key: str,
        open_file: OpenFile,
        steps: Steps | None = None,  # noqa: ARG002  all that was done can be read back
    ) -> Receipt:
        """Write what is missing of the entry. Five requests for a new one, two more for a file.

        A day's first entry takes one or two more, for its folder.
        """
        draft = self._drafter.draft(entry, key, open_file, self.name)
        wanted = self._wanted(draft)
        folder = self._folder_of(entry)
        link = self._link(f"{folder}/{draft.page_name}")
        with self._locks.hold(key):
            row = self._first_look(key)
            if row is None:
                for each in wanted:
                    self._ensure(each, folder, draft, open_file)
                self._add_row(draft, link, len(wanted))
                row = self._row(key)
            return self._same_receipt(row, draft)

    # -- what is wanted ----------------------------------------------------------------------------

    def _wanted(self, draft: Draft) -> list[Sendable]:
        """The files and then the page. Raises Rejected for one that is too large."""
        files = [
            Sendable(name=each.name, size_bytes=each.size_bytes, sha256=each.sha256)
            for each in draft.files
        ]
        page = Sendable(
            name=draft.page_name,
            size_bytes=len(draft.page),
            sha256=draft.sha256,
            page=draft.page,
        )
        most = self._words.number("documents", "most_bytes")
        for each in (*files, page):
            if each.size_bytes > most:
                text = (
                    f"{self.name}: {each.name} has {each.size_bytes} bytes, more than [documents] "
                    f"most_bytes in {self._words.name} ({most})"
                )
                raise Rejected(text, system=self.name, field="files")
        return [*files, page]

    def _folder_of(self, entry: Entry) -> str:
        """A folder a day: no folder reaches the 5,000 files that SharePoint shows at once."""
        day = entry.local_day
        return f"{self._site.list_url(DOCUMENTS)}/{day:%Y}/{day:%Y-%m-%d}"

    def _link(self, path: str) -> str:
        link = self._site.origin + quote(path)
        if len(link) > _LONGEST_LINK:
            text = (
                f"{self.name}: the transcript's address has {len(link)} characters, and a link in "
                f"SharePoint at most {_LONGEST_LINK}; give the library a shorter name"
            )
            raise Rejected(text, system=self.name, field="url")
        return link

    # -- what is there -----------------------------------------------------------------------------

    def _first_look(self, key: str) -> dict[str, Any] | None:
        """The row of a key. A list that is not there is made, when the mapping lets us."""
        try:
            return self._row(key)
        except Gone:
            if not self._words.flag("lists", "make"):
                text = f"{self.name}: there is no list {self._site.list_url(ENTRIES)}"
                raise Rejected(
                    f"{text}; make it as docs/systems/sharepoint.md tells",
                    system=self.name,
                    field="list",
                ) from None
            self.prepare()
            return None

    def _row(self, key: str) -> dict[str, Any] | None:
        """The row of exactly this key; the database does not tell upper and lower case apart.

        Raises Gone when the list is not there, or was only begun.
        """
        try:
            rows = self._site.rows_with(ENTRIES, "CtKey", key, ROW)
        except Rejected as error:
            if is_unused(self._site, ENTRIES):
                raise Gone(f"{self.name}: the list is only begun", system=self.name) from error
            raise
        found = [row for row in rows if row["CtKey"] == key]
        return min(found, key=lambda row: int(row["Id"]), default=None)

    def _same_receipt(self, row: dict[str, Any] | None, draft: Draft) -> Receipt:
        if row is None:
            text = f"{self.name}: SharePoint took the row of {draft.key}, but does not show it"
            raise Unclear(f"{text}; it is looked for again", system=self.name)
        if row["CtHash"] != draft.sha256:
            raise other_content(self.name, draft.key)
        return receipt_of(row)

    # -- files -------------------------------------------------------------------------------------

    def _ensure(self, wanted: Sendable, folder: str, draft: Draft, open_file: OpenFile) -> None:
        """The file is there, whole, with its columns; only what is missing is done."""
        from connector.sites.sharepoint.line import Taken

        path = f"{folder}/{wanted.name}"
        self._ensure_folder(folder)
        is_small = wanted.size_bytes <= self._words.number("documents", "part_bytes")
        there = None if is_small else self._site.file_state(path)
        if there is None:
            try:
                self._send(wanted, folder, open_file, overwrite=False)
            except Taken:
                there = self._site.file_state(path)
        if there is not None:
            if self._is_whole(there, wanted, draft):
                return
            if there.size_bytes != wanted.size_bytes or not wanted.is_same(
                self._site.file_content(path)
            ):
                self._send(wanted, folder, open_file, overwrite=True)
        self._mark(path, wanted, draft)

    def _is_whole(self, there: FileState, wanted: Sendable, draft: Draft) -> bool:
        """Its columns are set last. Raises Rejected when they are those of another entry."""
        if not there.key:
            return False
        if (there.key, there.sha256) != (draft.key, wanted.sha256):
            raise other_content(self.name, draft.key)
        return True

    def _ensure_folder(self, folder: str) -> None:
        with self._folders_lock:
            if folder not in self._folders:
                self._site.add_folder(folder.rpartition("/")[0])
                self._site.add_folder(folder)
                self._folders = {*list(self._folders)[-30:], folder}

    def _send(self, wanted: Sendable, folder: str, open_file: OpenFile, *, overwrite: bool) -> None:
        part_bytes = self._words.number("documents", "part_bytes")
        with wanted.open(open_file) as source:
            if wanted.size_bytes > part_bytes:
                self._site.add_file(folder, wanted.name, b"", overwrite=True)
                upload(self._site, f"{folder}/{wanted.name}", source, part_bytes)
            else:
                self._site.add_file(folder, wanted.name, source.read(), overwrite=overwrite)

    def _mark(self, path: str, wanted: Sendable, draft: Draft) -> None:
        values = {
            "CtKey": draft.key,
            "CtCase": draft.entry.case_number,
            "CtHash": wanted.sha256,
        }
        refused = self._site.set_file_columns(path, values)
        if refused:
            text = (
                f"{self.name}: the library does not take {', '.join(refused)}; "
                '"casethread check" tells what is wrong with its columns'
            )
            raise Rejected(text, system=self.name, field="columns")

    # -- the row -----------------------------------------------------------------------------------

    def _add_row(self, draft: Draft, link: str, files: int) -> None:
        from connector.sites.sharepoint.line import Taken

        try:
            self._site.add_row(
                ENTRIES, row_values(draft, link, files, self._drafter.mapping, self._words)
            )
        except Taken:
            return  # another process was first: its row is read, and compared
