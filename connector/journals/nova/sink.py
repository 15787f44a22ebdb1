"""The sink side of KMD Nova: documents first, the journal note last.

The note makes the entry exist: its id is made of our key, and its last line is our mark. Whatever a
crash leaves before it lies at ids made of the same key, so the next put goes on there.
"""

from __future__ import annotations

import hashlib
from typing import Any

from connector.errors import (
    CaseClosed,
    Denied,
    Gone,
    Rejected,
    RemoteError,
    Unclear,
)
from connector.journaling.connection import Connection
from connector.journaling.draft import Draft, Drafter, read_mark
from connector.journaling.locks import Locks
from connector.journaling.refusals import other_content
from connector.journaling.remote import GRACE_S
from connector.journaling.words import Words
from connector.journals.nova import wire
from connector.journals.nova.answers import CaseRow
from connector.journals.nova.checking import check, may_write
from connector.journals.nova.client import Nova
from connector.journals.nova.content import Content
from connector.journals.nova.filing import Filing, load_taken, save_taken
from connector.mapping import find_zone
from connector.model import Capabilities, Entry, Finding, Receipt
from connector.ports import NoSteps, OpenFile, Steps

_MEGABYTE = 1_000_000


def make_sink(connection: Connection, words: Words, drafter: Drafter) -> NovaSink:
    """The sink of one [sinks.NAME] of kind "nova"."""
    return NovaSink(connection, words, drafter)


class NovaSink:
    """Entries as journal notes on the cases of one Nova."""

    def __init__(self, connection: Connection, words: Words, drafter: Drafter) -> None:
        self.name = connection.name
        self.capabilities = Capabilities(
            grace_s=GRACE_S,
            max_file_bytes=words.number("documents", "file_mb") * _MEGABYTE,
            in_flight=connection.in_flight,
        )
        self._words = words
        self._drafter = drafter
        self._nova = Nova(connection, words)
        self._zone = find_zone(connection.time_zone)
        language = drafter.mapping.language
        self._content = Content(words, language, connection.time_zone, self.name)
        self._filing = Filing(self._nova, self._content, self.name)
        self._locks = Locks()

    def check(self) -> list[Finding]:
        """Reading, writing, and the note on the trial case when one is named."""
        return [*self._drafter.findings(self.name), *check(self._nova, self._words)]

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of a note with our id and mark; two requests, one when the case is unknown.

        Rejected with field "text" when the note is there and its mark cannot be read.
        """
        case = self._nova.case(case_number)
        found = None if case is None else self._find(case, key)
        return None if found is None else found[0]

    def put(
        self, entry: Entry, key: str, open_file: OpenFile, steps: Steps | None = None
    ) -> Receipt:
        """Write the documents and then the note, and read the note back.

        A note that does not come back as it was sent is Rejected (field "text") and is never sent
        again: a person looks at it.
        """
        sha256 = self._drafter.content_sha256(entry, self.name)
        steps = steps or NoSteps()
        with self._locks.hold(entry.case_number):
            case = self._known(entry.case_number)
            if found := self._find(case, key):
                return self._same(found, sha256)
            self._require_open(case)
            self._require_unsent(case, key, steps)
            draft = self._drafter.draft(entry, key, open_file, self.name)
            self._require_small(draft)
            text = self._content.note_text(draft)
            try:
                self._filing.file(draft, case, open_file, steps)
                self._nova.add_note(case.uuid, self._content.note(draft, text))
            except (Rejected, Denied, Gone) as error:
                raise self._refused(entry.case_number, key, error) from error
            return self._read_back(case, key, text, steps)

    # -- what is there --------------------------------------------------------------------------

    def _known(self, number: str) -> CaseRow:
        case = self._nova.case(number)
        if case is None:
            raise self._no_case(number)
        return case

    def _find(self, case: CaseRow, key: str) -> tuple[Receipt, str, str] | None:
        """Receipt, hash of the entry and text of the key's note on this case.

        The texts of all the notes are only asked for when ours is among them.
        """
        if self._nova.note(case, wire.derived(key, "note"), with_text=False) is None:
            return None
        return self._read(case, key)

    def _read(self, case: CaseRow, key: str) -> tuple[Receipt, str, str] | None:
        uuid = wire.derived(key, "note")
        note = self._nova.note(case, uuid, with_text=True)
        if note is None:
            return None
        about = note.about
        text = wire.decode_note(about.note)
        mark = read_mark(text)
        at = wire.parse_time(about.created_time, self._zone)
        at = at or wire.parse_time(about.journal_note_date, self._zone)
        if mark is None or mark[0] != key or at is None:
            raise self._damaged(case.number, uuid)
        receipt = Receipt(
            key=key,
            target=uuid,
            at=at,
            url=self._content.link(case, uuid),
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )
        return receipt, mark[1], text

    def _same(self, found: tuple[Receipt, str, str], sha256: str) -> Receipt:
        if found[1] != sha256:
            raise other_content(self.name, found[0].key)
        return found[0]

    def _read_back(self, case: CaseRow, key: str, text: str, steps: Steps) -> Receipt:
        found = self._read(case, key)
        if found is None:
            save_taken(steps, {*load_taken(steps), wire.derived(key, "note")})
            told = f"{self.name}: the note was taken and cannot be read yet; it is looked for there"
            raise Unclear(told, system=self.name)
        if not wire.same_text(found[2], text):
            raise self._damaged(case.number, found[0].target)
        return found[0]

    # -- what is refused ------------------------------------------------------------------------

    def _require_open(self, case: CaseRow) -> None:
        if not wire.is_open(case, self._words.list("register", "open_states")):
            raise self._closed(case.number)

    def _require_unsent(self, case: CaseRow, key: str, steps: Steps) -> None:
        """A note that Nova took and does not show is not sent again before somebody has looked:
        what a repeated UUID does is not known."""
        taken, uuid = load_taken(steps), wire.derived(key, "note")
        if uuid not in taken:
            return
        save_taken(steps, taken - {uuid})
        text = (
            f"{self.name}: Nova took note {uuid} on case {case.number} and does not show it; look "
            "at the case before trying again: a new try may write it twice"
        )
        raise Rejected(text, system=self.name, field="key")

    def _require_small(self, draft: Draft) -> None:
        most = self.capabilities.max_file_bytes or 0
        for number, file in enumerate(draft.files, 1):
            if file.size_bytes > most:
                text = f"{self.name}: file {number} of the entry has more than {most} bytes"
                raise Rejected(text, system=self.name, field="files")

    def _refused(self, number: str, key: str, error: RemoteError) -> RemoteError:
        """Why a write was refused, by how things stand now: done meanwhile, closed, or as said."""
        case = self._nova.case(number)
        if case is None:
            return self._no_case(number)
        if not wire.is_open(case, self._words.list("register", "open_states")):
            return self._closed(number)
        if self._nova.note(case, wire.derived(key, "note"), with_text=False) is not None:
            text = f"{self.name}: the note was refused and is there all the same; it is looked for"
            return Unclear(text, system=self.name, status=error.status)
        if isinstance(error, Denied):
            text = (
                f"{self.name}: the account may read case {number} and not write to it; grant the "
                "client Case/Update, Document/UploadFile and Document/Import for the case's unit"
            )
            about: dict[str, Any] = {"system": self.name, "status": error.status}
            if error.status == 403 and self._may_write():  # one case must not hold up the others
                return Rejected(text, field="case_number", **about)
            return Denied(text, **about)
        if isinstance(error, Gone):
            text = f"{error}; Nova shows case {number}, so look at url, and [api] version"
            return Rejected(text, system=self.name, status=error.status)
        return error

    def _may_write(self) -> bool:
        try:
            return may_write(self._nova)
        except Denied:
            return False

    def _no_case(self, number: str) -> Rejected:
        text = (
            f"{self.name}: there is no case {number}, or it is hidden from the service account; "
            "give the account the right to it or link the item to another case"
        )
        return Rejected(text, system=self.name, field="case_number")

    def _closed(self, number: str) -> CaseClosed:
        text = f"{self.name}: case {number} is closed; reopen it or link the item to another case"
        return CaseClosed(text, system=self.name, field="case_number")

    def _damaged(self, number: str, uuid: str) -> Rejected:
        text = (
            f"{self.name}: note {uuid} on case {number} is there and does not read as it was sent, "
            "and is not sent again; look at it in Nova, and at avoid_padding and plain_letters in "
            "mappings/nova.toml (casethread check with a probe_case tells which)"
        )
        return Rejected(text, system=self.name, field="text")
