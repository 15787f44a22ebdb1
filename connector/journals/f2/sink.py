"""The sink side of F2: an entry is an akt (matter) on the case, its files are the akt's documents.

An akt is one request, so an entry without files is there as a whole or not at all. Files follow one
by one, each by a one-time address of its own; an akt whose files are not all there is no entry yet,
and the next put goes on with what is missing.
"""

from __future__ import annotations

import msgspec

from connector.errors import (
    CaseClosed,
    CaseLocked,
    Denied,
    Gone,
    Rejected,
    RemoteError,
    Unavailable,
    Unclear,
)
from connector.journaling.connection import Connection
from connector.journaling.draft import Draft, Drafter
from connector.journaling.locks import Locks
from connector.journaling.refusals import other_content
from connector.journaling.remote import GRACE_S
from connector.journaling.words import Words
from connector.journals.f2 import text
from connector.journals.f2.checking import check
from connector.journals.f2.text import Part
from connector.journals.f2.wire import F2, REL, OneTime, is_closed, plain_number
from connector.journals.f2.xml import Node
from connector.mapping import find_zone
from connector.model import Capabilities, Entry, Finding, Receipt
from connector.ports import OpenFile, Steps


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """An akt of ours as F2 has it. `parts` are all its documents, `missing` those not there yet."""

    receipt: Receipt
    parts: tuple[Part, ...]
    missing: frozenset[Part]
    factory: str  # where one-time addresses for documents come from


class F2Sink:
    """Entries as akter on their cases."""

    def __init__(self, connection: Connection, words: Words, drafter: Drafter) -> None:
        self.name = connection.name
        self._limit = words.number("limits", "file_bytes") or None
        self.capabilities = Capabilities(
            grace_s=GRACE_S,
            in_flight=connection.in_flight, max_file_bytes=self._limit
        )  # fmt: skip
        self._words = words
        self._drafter = drafter
        self._zone = find_zone(connection.time_zone)
        self._f2 = F2(connection, words)
        self._locks = Locks()

    def check(self) -> list[Finding]:
        """Service index, sign-in, the right to read and the right to create."""
        return check(self._f2, may_write=True)

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of a whole entry: the case, its structure, the akt."""
        case = self._f2.find_case(case_number)
        held = None if case is None else self._held(case, key)
        return held.receipt if held is not None and not held.missing else None

    def put(
        self, entry: Entry, key: str, open_file: OpenFile, steps: Steps | None = None
    ) -> Receipt:
        """Write the akt, then its documents, then read both back.

        Raises Rejected with field "files" also when F2 has another file than was sent, as after a
        virus scan.
        """
        draft = self._drafter.draft(entry, key, open_file, self.name)
        self._require_sizes(draft)
        with self._locks.hold(plain_number(entry.case_number)):
            try:
                return self._put(draft, open_file, OneTime(steps))
            except RemoteError as error:
                raise self._told(error, entry.case_number) from error

    def _put(self, draft: Draft, open_file: OpenFile, addresses: OneTime) -> Receipt:
        number = draft.entry.case_number
        case = self._f2.find_case(number)
        if case is None:
            raise self._not_there(number)
        held = self._held(case, draft.key)
        if held is None:
            if is_closed(case):
                raise self._closed(number)
            url = self._f2.create(
                self._factory(case, "create-matter"),
                f"matter on {case.value('Id')}",  # never the address of another case
                addresses,
                msgspec.json.encode(self._parameters(draft, case)),
                "application/json",
            )
            held = self._read_back(self._f2.read(url), draft.key)
        self._require_same(held, draft)
        if not held.missing:
            return held.receipt
        self._upload(draft, held, open_file, addresses)
        whole = self._held(case, draft.key)
        if whole is None or whole.missing:
            text_ = f"{self.name}: F2 took the entry and does not show all of it; looked for later"
            raise Unclear(text_, system=self.name)
        return whole.receipt

    def _upload(self, draft: Draft, held: _Held, open_file: OpenFile, addresses: OneTime) -> None:
        """Send the documents that are missing, under the names that the akt gives them."""
        if not held.factory:
            raise self._no_relation("create-document", "akt")
        for part, document in zip(
            held.parts, text.documents(draft, self._words), strict=False
        ):  # the transcript, last, is a document only where the text was too long
            if part in held.missing:
                body, kind = text.form(document, part, document.content(open_file))
                name = f"{part.title} on {held.receipt.target}"
                self._f2.create(held.factory, name, addresses, body, kind)

    def _parameters(self, draft: Draft, case: Node) -> dict[str, object]:
        responsible = case.child("Responsible")
        is_wanted = self._words.text("matter", "responsible") == "case"
        party = responsible.value("PartyNumber") if responsible and is_wanted else ""
        earlier = self._earlier_number(case, draft.entry.previous_key)
        return text.matter(
            draft, self._words, self._zone, follows=earlier, responsible=party
        )  # fmt: skip

    # -- what F2 has ------------------------------------------------------------------------------

    def _akter(self, case: Node, key: str) -> list[Node]:
        """The akter on the case whose title holds the key, oldest first; deleted ones left out."""
        structure = self._f2.read(self._factory(case, "structure"))
        matters = structure.child("Matters")
        found = [
            each
            for each in (matters.all("Matter") if matters is not None else ())
            if f"[{key}]" in each.value("Title") and not each.value("BinnedDate")
        ]
        return sorted(found, key=lambda each: int(each.value("Id") or 0))

    def _held(self, case: Node, key: str) -> _Held | None:
        """Our akt of this key. A reply to it has its title too, and a higher id."""
        unmarked = ""
        for listed in self._akter(case, key) if key else []:
            matter = self._f2.read(listed.link("self"))
            mark = text.read_text(matter.value("Text"))
            if mark is None:
                unmarked = unmarked or listed.value("MatterNumber")
            elif mark[0] == key:
                return self._as_held(matter, listed, mark)
        if unmarked:
            why = (
                f"{self.name}: akt {unmarked} has the key {key} in its title, and the last line of "
                "its text, which proves it, is gone; put the line back, or take the key away"
            )
            raise Rejected(why, system=self.name, field="key")
        return None

    def _read_back(self, matter: Node, key: str) -> _Held:
        """An akt that was made a moment ago: none of its documents is there yet."""
        mark = text.read_text(matter.value("Text"))
        if mark is None or mark[0] != key:
            why = f"{self.name}: F2 shows another text than was sent; the akt is looked for there"
            raise Unclear(why, system=self.name)
        return self._as_held(matter, Node("Matter", {}, "", []), mark)

    def _as_held(
        self, matter: Node, listed: Node, mark: tuple[str, str, tuple[Part, ...]]
    ) -> _Held:
        key, sha256, parts = mark
        try:
            at = text.utc(matter.value("CreatedDate"), self._zone)
        except ValueError as error:
            why = f"{self.name}: the akt has no date of creation that can be read"
            raise Unavailable(why, system=self.name) from error
        receipt = Receipt(
            key=key,
            target=matter.value("Id"),
            at=at,
            url=matter.link("alternate") or matter.link("self"),
            sha256=sha256,
            detail=matter.value("MatterNumber"),
        )
        missing = frozenset(part for part in parts if not self._is_there(part, listed))
        factory = matter.link(REL + "create-document")
        return _Held(receipt=receipt, parts=parts, missing=missing, factory=factory)

    def _is_there(self, part: Part, listed: Node) -> bool:
        """Whether a document is on the akt. Raises Rejected for another file in its place."""
        documents = listed.child("Documents")
        for each in documents.all("Document") if documents is not None else ():
            if each.value("Title") != part.title:
                continue
            # The documentation calls it FileSize, its examples show Size.
            size = each.value("FileSize") or each.value("Size")
            is_size = part.size_bytes is None or size in ("", str(part.size_bytes))
            if each.value("FileType").lower().lstrip(".") in ("", part.file_type) and is_size:
                return True
            why = (
                f"{self.name}: document {each.value('Id')} is not the file that was sent; F2's "
                "virus scan puts a warning in the place of a file, so look at it there"
            )
            raise Rejected(why, system=self.name, field="files")
        return False

    def _earlier_number(self, case: Node, key: str) -> str:
        """The number of the akt of an earlier version, when it is on this case."""
        found = self._akter(case, key) if key else []
        number = found[0].value("MatterNumber") if found else ""
        return number if number != "0" else ""

    def _factory(self, node: Node, rel: str) -> str:
        """The address of a relation that an element must have."""
        if url := node.link(REL + rel):
            return url
        raise self._no_relation(rel, node.name.lower())

    def _no_relation(self, rel: str, where: str) -> Rejected:
        why = (
            f'{self.name}: F2 offers no "{rel}" on this {where}; the account may lack the right to '
            "it"
        )
        return Rejected(why, system=self.name, field="case_number")

    # -- what an entry must keep ------------------------------------------------------------------

    def _require_sizes(self, draft: Draft) -> None:
        for number, file in enumerate(draft.files, 1):
            if self._limit is not None and file.size_bytes > self._limit:
                why = f"{self.name}: file {number} is larger than limits.file_bytes of f2.toml"
                raise Rejected(why, system=self.name, field="files")

    def _require_same(self, held: _Held, draft: Draft) -> None:
        if held.receipt.sha256 != draft.sha256:
            raise other_content(self.name, draft.key)

    # -- what a refusal means for a case ----------------------------------------------------------

    def _told(self, error: RemoteError, number: str) -> RemoteError:
        """The error of one case, with its number; F2's reason codes are optional, so what a refusal
        without one means is asked for."""
        if isinstance(error, Gone):
            return self._not_there(number)
        if isinstance(error, Denied) and error.status == 403 and self._f2.may_create():
            why = f"{self.name}: the service account may not write on case {number}; give it access"
            return Rejected(why, system=self.name, status=403, field="case_number")
        if isinstance(error, Rejected) and error.status == 409 and not error.field:
            case = self._f2.find_case(number)
            if case is not None and is_closed(case):
                return self._closed(number)
        is_of_case = isinstance(error, CaseLocked) or getattr(error, "field", "") == "case_number"
        if is_of_case and number not in str(error):
            error.args = (f"{error} (case {number})",)
        return error

    def _closed(self, number: str) -> CaseClosed:
        why = f"{self.name}: case {number} is closed; reopen it or link the item to another"
        return CaseClosed(why, system=self.name, field="case_number")

    def _not_there(self, number: str) -> Rejected:
        why = (
            f"{self.name}: F2 has no case {number}, or it is hidden from the service account; give "
            "the account access to it or link the item to another"
        )
        return Rejected(why, system=self.name, field="case_number")
