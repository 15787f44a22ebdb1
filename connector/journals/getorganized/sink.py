"""The sink side of GetOrganized: an entry is a page of HTML on its case, with its files beside it.

There is no entity for a note of a call, and no key that the system keeps unique. Our key stands in
the file name, which is looked for before anything is added, and with the entry's hash in a field of
the metadata. The files come first and the page last: a page with all of its documents journalised
and finalised is the entry. What is only begun is gone on with, step by step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.errors import CaseClosed, Denied, Rejected, RemoteError, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.draft import Draft, Drafter, read_mark
from connector.journaling.locks import Locks
from connector.journaling.names import safe_key
from connector.journaling.refusals import other_content
from connector.journaling.remote import GRACE_S
from connector.journaling.words import Words
from connector.journals.getorganized import check
from connector.journals.getorganized.answers import Document, Place
from connector.journals.getorganized.refusals import GRANT
from connector.journals.getorganized.sendable import Sendable, files_told, row_of, wanted_of
from connector.journals.getorganized.upload import upload, wait_for_id
from connector.journals.getorganized.wire import Sleep, Wire, quoted
from connector.journals.getorganized.words import Names
from connector.mapping import find_zone
from connector.model import Capabilities, Entry, Finding, Receipt
from connector.ports import OpenFile, Steps


class GetOrganizedSink:
    """Entries as journalised documents. `sleep` waits for the index after a large upload."""

    def __init__(
        self,
        connection: Connection,
        wire: Wire,
        words: Words,
        names: Names,
        drafter: Drafter,
        sleep: Sleep,
    ) -> None:
        self.name = connection.name
        self.capabilities = Capabilities(
            grace_s=GRACE_S,
            max_file_bytes=words.number("documents", "most_bytes"),
            in_flight=connection.in_flight,
        )
        self._wire = wire
        self._words = words
        self._names = names
        self._drafter = drafter
        self._zone = find_zone(connection.time_zone)
        self._sleep = sleep
        self._locks = Locks()

    def check(self) -> list[Finding]:
        """Sign-in, rights, room and the fields of the mapping; nothing is written."""
        return check.sink_findings(self._wire, self._words, self._names)

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of a whole entry: three requests, and one more for each of its files."""
        place = self._wire.place(case_number)
        if place is None:
            return None
        found = self._whole(self._wire.documents(place, key), key)
        return None if found is None else self._receipt(found, place)

    def put(
        self,
        entry: Entry,
        key: str,
        open_file: OpenFile,
        steps: Steps | None = None,  # noqa: ARG002  all that was done can be read back
    ) -> Receipt:
        """Write what is missing of the entry. Eight requests for a new one, two more for a file."""
        draft = self._drafter.draft(entry, key, open_file, self.name)
        wanted = wanted_of(draft, self._words, self.name)
        with self._locks.hold(entry.case_number):
            place = self._wire.place(entry.case_number)
            if place is None:
                raise self._unknown(entry.case_number)
            there = self._wire.documents(place, key)
            self._require_same(there, draft)
            if found := self._whole(there, key):
                return self._receipt(found, place)
            self._require_open(entry.case_number)
            try:
                self._write(wanted, there, place, draft, open_file)
            except Denied as error:
                raise self._refused(error, place) from error
            return self._read_back(place, draft)

    def _row(self, sendable: Sendable, draft: Draft, date_key: str) -> str:
        local = draft.entry.started_at.astimezone(self._zone)
        date = local.strftime(self._words.text("fields", date_key))
        return row_of(sendable, draft, self._names, self._words, date)

    # -- what is there -----------------------------------------------------------------------------

    def _mark(self, document: Document) -> tuple[str, str] | None:
        return read_mark(document.row.get(self._names.mark, ""))

    def _whole(self, documents: Sequence[Document], key: str) -> list[Document] | None:
        """The documents of a complete entry, its page first; None while a step is missing."""
        ending = f"_{safe_key(key)}.html"
        pages = [each for each in documents if each.name.endswith(ending)]
        if not pages or not all(self._is_done(each, key) for each in documents):
            return None
        files = [each for each in documents if each not in pages]
        if len(files) < files_told(pages[0].row.get(self._names.mark, "")):
            return None
        return [*pages, *files]

    def _is_done(self, document: Document, key: str) -> bool:
        mark = self._mark(document)
        return (
            mark is not None
            and mark[0] == key
            and (not self._words.flag("finish", "mark_as_record") or self._is_record(document))
            and (self._words.text("finish", "finalize") == "no" or self._is_final(document))
        )

    def _is_record(self, document: Document) -> bool:
        return _is_set(document.row, self._names.record)

    def _is_final(self, document: Document) -> bool:
        return _is_set(document.row, self._names.final)

    def _require_same(self, documents: Sequence[Document], draft: Draft) -> None:
        for each in documents:
            mark = self._mark(each)
            if mark is not None and mark != (draft.key, draft.sha256):
                raise other_content(self.name, draft.key)

    def _receipt(self, documents: Sequence[Document], place: Place) -> Receipt:
        page = documents[0]
        key, sha256 = self._mark(page) or ("", "")
        return Receipt(
            key=key,
            target=str(page.id),
            at=page.at,
            url=f"{self._wire.remote.origin}{quoted(page.url)}",
            sha256=sha256,
            detail=f"{place.number}: {len(documents)} documents",
        )

    def _unknown(self, number: str) -> Rejected:
        text = (
            f"{self.name}: GetOrganized finds no case {number}; it may be hidden from the service "
            "account: let the account read it, or link the item to another case"
        )
        return Rejected(text, system=self.name, field="case_number")

    def _require_open(self, number: str) -> None:
        row = self._wire.case_row(number)
        if row is None:
            raise self._unknown(number)
        status = row.get(self._words.text("case", "status"), "")
        if status not in self._words.list("case", "open_values"):
            text = (
                f"{self.name}: case {number} is closed; reopen it or link the item to another "
                f'case (its status is "{status}", and [case] open_values in {self._words.name} '
                "lists the open ones)"
            )
            raise CaseClosed(text, system=self.name, field="case_number")

    def _refused(self, error: Denied, place: Place) -> RemoteError:
        """A 403 is this case's own when the account may write on another: the others go on."""
        if error.status != 403 or not check.may_write_elsewhere(
            self._wire, self._words, place.number
        ):
            return error
        text = f"{self.name}: the account may write on other cases and not on {place.number}; "
        text += GRANT
        return Rejected(text, system=self.name, status=403, field="case_number")

    # -- what is done ------------------------------------------------------------------------------

    def _write(
        self,
        wanted: Sequence[Sendable],
        there: Sequence[Document],
        place: Place,
        draft: Draft,
        open_file: OpenFile,
    ) -> None:
        known = {each.name: each for each in there}
        numbers = [
            self._ensure(each, known.get(each.name), place, draft, open_file) for each in wanted
        ]
        self._finish(place, numbers, there)

    def _ensure(
        self,
        wanted: Sendable,
        there: Document | None,
        place: Place,
        draft: Draft,
        open_file: OpenFile,
    ) -> int:
        """The id of a document that is whole and carries our mark; only what is missing is done."""
        direct = self._words.number("documents", "direct_bytes")
        if there is None and wanted.size_bytes <= direct:
            with wanted.open(open_file) as source:
                content = source.read()
            xml = self._row(wanted, draft, "date_on_adding")
            return self._wire.add(place, wanted.name, content, xml)
        if there is None or (there.size_bytes != wanted.size_bytes and self._mark(there) is None):
            with wanted.open(open_file) as source:
                upload(self._wire, place, wanted.name, source, wanted.size_bytes)
            there = None
        if there is None or there.id is None:
            there = wait_for_id(self._wire, place, draft.key, wanted.name, self._sleep)
        if there.id is None:
            raise Unavailable(f"{self.name}: a document has no id", system=self.name)
        if self._mark(there) is None:
            xml = self._row(wanted, draft, "date_on_changing")
            self._wire.set_row(place, there.id, xml)
        return there.id

    def _finish(self, place: Place, numbers: Sequence[int], there: Sequence[Document]) -> None:
        """Journalise, then finalise, whatever is not so yet."""
        records = {each.id for each in there if self._is_record(each)}
        finals = {each.id for each in there if self._is_final(each)}
        if self._words.flag("finish", "mark_as_record") and (
            todo := [each for each in numbers if each not in records]
        ):
            self._wire.mark(place, todo)
        if self._words.text("finish", "finalize") != "no" and (
            todo := [each for each in numbers if each not in finals]
        ):
            self._wire.finalize(place, todo)

    def _read_back(self, place: Place, draft: Draft) -> Receipt:
        """The receipt from what the system now says. A 200 that changed nothing is found here."""
        documents = self._wire.documents(place, draft.key)
        if found := self._whole(documents, draft.key):
            return self._receipt(found, place)
        unmarked = [each.id for each in documents if each.id and self._mark(each) is None]
        if unmarked:
            text = (
                f"{self.name}: document {unmarked[0]} on case {place.number} did not keep the "
                f"field {self._names.mark}; name one that exists as [fields] mark in "
                f"{self._words.name}"
            )
            raise Rejected(text, system=self.name, field="mark")
        text = (
            f"{self.name}: GetOrganized answered yes, but a document on case {place.number} is not "
            "there, not journalised or not finalised; it is looked for again. May the account do "
            "both?"
        )
        raise Unclear(text, system=self.name)


def _is_set(row: Mapping[str, str], field: str) -> bool:
    """Whether a number or flag in a row says yes: "12", "1;#1", "True"; not "", "0", "1;#0"."""
    value = row.get(field, "").rpartition(";#")[2].strip().lower()
    return value not in ("", "0", "false", "nej", "no")
