"""The sink side of SBSYS: a journal note for every entry, documents for what a note cannot hold.

The documents go first and the note last, so the note makes the entry whole: what a crash leaves
before it is a document with our mark on the case, which the next put finds and does not send again.
SBSYS has no key of ours and no unique index for one; only looking first keeps an entry single.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from connector.errors import CaseClosed, CaseLocked, Denied, Gone, Rejected, Unavailable
from connector.journaling.connection import Connection
from connector.journaling.draft import Draft, Drafter, shorten
from connector.journaling.locks import Locks
from connector.journaling.refusals import other_content
from connector.journaling.remote import GRACE_S
from connector.journaling.words import Words
from connector.journals.sbsys import checking, pieces, wire
from connector.journals.sbsys.pieces import Piece
from connector.journals.sbsys.service import Service
from connector.journals.sbsys.wire import CaseRow, Document, Note
from connector.mapping import find_zone
from connector.model import Capabilities, Entry, Finding, Receipt
from connector.ports import OpenFile, Steps

_REFERENCE_LENGTH = 250  # of the line that leads to a document or to the earlier note, at most


class SbsysJournal:
    """Entries as journal notes of cases in one SBSYS. Use `make_sink`."""

    def __init__(self, connection: Connection, words: Words, drafter: Drafter) -> None:
        self.name = connection.name
        megabytes = words.number("limits", "file_mb")
        self.capabilities = Capabilities(
            grace_s=GRACE_S,
            max_file_bytes=megabytes * 1_000_000 or None,
            in_flight=connection.in_flight,
        )
        self._user = connection.user
        self._words = words
        self._drafter = drafter
        self._service = Service(connection)
        self._zone: ZoneInfo = find_zone(connection.time_zone)
        self._locks = Locks()

    def check(self) -> list[Finding]:
        """Sign-in, the search by number and the rights to write, each with what to ask for."""
        found = self._drafter.findings(self.name)
        return [*found, *checking.check_sink(self._service, self._words, self._user)]

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of a whole entry: its note is there. Two requests."""
        case = self._service.the_case(case_number)
        if case is None:
            return None
        note = wire.oldest(self._notes(case, case_number), key)
        return None if note is None else self._receipt(case, note, key)

    def put(
        self,
        entry: Entry,
        key: str,
        open_file: OpenFile,
        steps: Steps | None = None,  # noqa: ARG002  all of it can be read back
    ) -> Receipt:
        """Write what is missing of the entry, the note last, and read the note back.

        Four requests for a note alone, six and one for each document with documents. The same key
        with another entry is Rejected with field "key".
        """
        sha256 = self._drafter.content_sha256(entry, self.name)
        number = entry.case_number
        with self._locks.hold(number):
            case = self._service.the_case(number)
            if case is None:
                raise self._unknown(number)
            notes = self._notes(case, number)
            if note := wire.oldest(notes, key):
                return self._same(case, note, key, sha256)
            self._require_open(case, number)
            draft = self._drafter.draft(entry, key, open_file, self.name)
            wanted = self._pieces(draft, open_file)
            written = self._write_documents(case, draft, wanted) if wanted else []
            self._write_note(case, draft, wanted, written, notes)
            return self._read_back(case, number, key)

    # -- documents --------------------------------------------------------------------------------

    def _pieces(self, draft: Draft, open_file: OpenFile) -> list[Piece]:
        """What goes beside the note: the files, and the transcript when the note is too small."""
        texts = [draft.text, self._earlier_texts(draft)]
        room = self._note_limit - _REFERENCE_LENGTH * (len(draft.files) + 1)
        is_long = len(wire.note_html(texts, draft.mark)) > room
        is_always = self._words.text("note", "transcript") == "always"
        mapping = self._drafter.mapping
        return pieces.pieces_of(
            draft,
            open_file,
            self._words,
            mapping.language,
            mapping.role,
            with_page=is_long or is_always,
            system=self.name,
        )

    def _write_documents(
        self, case: CaseRow, draft: Draft, wanted: Sequence[Piece]
    ) -> list[Document]:
        """Send the documents that are not on the case yet; all of them as the case now has them."""
        number = draft.entry.case_number
        with self._about(case, number, "journalise documents (dokument/journaliser)"):
            there = self._service.documents(case.id)
            missing = [piece for piece in wanted if pieces.there(piece, there) is None]
            for piece in missing:
                fields = pieces.fields_of(piece, case.id, draft.entry.direction, self._words)
                self._service.journalise(fields, piece.name, piece.content_type, piece.read())
            if missing:
                there = self._service.documents(case.id)
        found = [pieces.there(piece, there) for piece in wanted]
        written = [document for document in found if document is not None]
        if len(written) < len(wanted):
            raise self._not_found_again("a document", number)
        return written

    # -- the note ---------------------------------------------------------------------------------

    def _write_note(
        self,
        case: CaseRow,
        draft: Draft,
        wanted: Sequence[Piece],
        written: Sequence[Document],
        notes: Sequence[Note],
    ) -> None:
        entry = draft.entry
        zone = self._zone if self._words.text("note", "time") == "offset" else None
        page_id = written[0].shown_id if wanted and wanted[0].is_page else 0
        body = wire.note_body(
            case.id,
            shorten(draft.title, self._words.number("limits", "heading")),
            self._note_html(draft, self._references(draft, wanted, written, notes), page_id),
            wire.iso_time(entry.started_at, zone),
        )
        with self._about(case, entry.case_number, "write journal notes (journalarknote/create)"):
            self._service.create_note(body)

    def _references(
        self,
        draft: Draft,
        wanted: Sequence[Piece],
        written: Sequence[Document],
        notes: Sequence[Note],
    ) -> str:
        """The lines that lead to the earlier note and to the documents."""
        lines = []
        if draft.entry.previous_key and (before := wire.oldest(notes, draft.entry.previous_key)):
            lines.append(self._text("earlier").format(id=before.id))
        lines += [
            self._text("document").format(id=document.shown_id, name=piece.name)
            for piece, document in zip(wanted, written, strict=True)
        ]
        return "\n".join(lines)

    def _earlier_texts(self, draft: Draft) -> str:
        """What messages said before they were edited; the plain text has their last words only."""
        mapping = self._drafter.mapping
        zone = find_zone(draft.entry.time_zone)
        said = [
            f"{mapping.clock(line.at, zone)} {line.who}: {text}"
            for line in draft.entry.lines
            for text in line.earlier
        ]
        return "\n".join([f"{mapping.text('earlier_text')}:", *said]) if said else ""

    def _note_html(self, draft: Draft, references: str, page_id: int) -> str:
        """The note within its limit; one that is cut says in which document the whole is."""
        whole = wire.note_html([draft.text, self._earlier_texts(draft), references], draft.mark)
        if len(whole) <= self._note_limit or not page_id:
            return whole
        cut = self._text("full_text").format(id=page_id)
        length = self._note_limit
        while length > 0:
            text = shorten(draft.text, length)
            short = wire.note_html([text, cut, references], draft.mark)
            if len(short) <= self._note_limit:
                return short
            # Characters that HTML escapes take more room: by how much is seen by trying.
            length -= max(50, len(short) - self._note_limit)
        return wire.note_html([cut, references], draft.mark)

    def _read_back(self, case: CaseRow, number: str, key: str) -> Receipt:
        note = wire.oldest(self._notes(case, number), key)
        if note is None:
            raise self._not_found_again("a note", number)
        return self._receipt(case, note, key)

    def _receipt(self, case: CaseRow, note: Note, key: str) -> Receipt:
        at = wire.read_time(note.created, self._zone)
        found = note.mark
        if at is None or found is None:
            text = f"{self.name}: SBSYS does not say when note {note.id} was made; look at it there"
            raise Unavailable(text, system=self.name)
        url = self._words.text("links", "case")
        return Receipt(
            key=key,
            target=f"journalarknote/{note.uuid or note.id}",
            at=at,
            url=url.format(id=case.id, uuid=case.uuid, number=case.number or ""),
            sha256=found[1],
        )

    def _same(self, case: CaseRow, note: Note, key: str, sha256: str) -> Receipt:
        receipt = self._receipt(case, note, key)
        if receipt.sha256 != sha256:
            raise other_content(self.name, key)
        return receipt

    # -- the case ---------------------------------------------------------------------------------

    def _notes(self, case: CaseRow, number: str) -> list[Note]:
        with self._about(case, number, "read journal notes (sag/journalarknotes)"):
            return self._service.notes(case.id)

    def _require_open(self, case: CaseRow, number: str) -> None:
        if not checking.is_open(case, self._words):
            text = (
                f"{self.name}: case {number} is closed; reopen it in SBSYS or link the item to "
                "another case"
            )
            raise CaseClosed(text, system=self.name, field="case_number")

    @contextmanager
    def _about(self, case: CaseRow, number: str, what: str) -> Iterator[None]:
        """Turns a refusal by this case into the error that says what to do about it."""
        try:
            yield
        except CaseLocked:
            # 409 is said of a closed case and of a conflict alike: look which it is.
            now = self._service.the_case(number)
            if now is not None:
                self._require_open(now, number)
            raise
        except Gone as error:
            raise self._unknown(number) from error
        except Denied as error:
            if error.status != 403:
                raise
            grant = f'the SBSYS user "{self._user}" may not {what}'
            if checking.is_restricted(case) or self._may_write():
                # One case must not hold up all the others.
                text = (
                    f"{self.name}: {grant} on case {number}; add the user to the case's access "
                    "list (its security set) or unit, or journal it by hand"
                )
                raise Rejected(text, system=self.name, status=403, field="case_number") from error
            text = f"{self.name}: {grant}; give it that right in the units of the cases"
            raise Denied(text, system=self.name, status=403) from error

    def _may_write(self) -> bool:
        """Whether the account may write notes and documents at all, where trying is allowed."""
        return self._words.flag("check", "try_writing") and all(
            finding.level == "ok" for finding in checking.try_writing(self._service, self._user)
        )

    def _unknown(self, number: str) -> Rejected:
        text = (
            f"{self.name}: SBSYS shows no case {number}; it is not there, has been given another "
            f'number, or is hidden from the service account "{self._user}"'
        )
        return Rejected(text, system=self.name, field="case_number")

    def _not_found_again(self, what: str, number: str) -> Rejected:
        """A write with a good answer whose mark is not there: never tried again by itself."""
        text = (
            f"{self.name}: SBSYS answered that it took {what} on case {number}, and our mark is "
            "not there; look at the case before trying again: a new try may write it twice"
        )
        return Rejected(text, system=self.name, field="key")

    @property
    def _note_limit(self) -> int:
        return self._words.number("limits", "note")

    def _text(self, key: str) -> str:
        return self._words.text("texts", f"{key}_{self._drafter.mapping.language}")
