"""The sink side of Open Zaak: an entry is a document on the case, and what belongs to it.

In this order, so that the last step makes the entry exist and everything before it can be found
and gone on with:

1. the transcript as a document, its identifier our key, its description our mark
2. each file as a document, identifier "KEY-01", and its link to the case
3. the contact moment in Open Klant, when it is connected
4. the link of the transcript to the case
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from functools import partial

from connector.errors import CaseClosed, Denied, Rejected, Unclear
from connector.journaling.draft import Draft, Drafter, DraftFile, read_mark, shorten
from connector.journaling.locks import Locks
from connector.journaling.refusals import other_content
from connector.journaling.remote import GRACE_S
from connector.journaling.words import Words
from connector.journals.openzaak import checks
from connector.journals.openzaak.contacts import Contacts
from connector.journals.openzaak.documents import IDENTIFIER_LENGTH, Document, Documents
from connector.journals.openzaak.service import Service, Signer
from connector.journals.openzaak.zaken import Types, Zaak, find_case
from connector.model import Capabilities, Entry, Finding, Receipt
from connector.ports import NoSteps, OpenFile, Steps


class OpenZaakSink:
    """Entries as documents of cases; see the module for their order."""

    def __init__(
        self,
        service: Service,
        words: Words,
        drafter: Drafter,
        signer: Signer,
        contacts: Contacts | None,
        *,
        in_flight: int,
    ) -> None:
        self.name = service.name
        self.capabilities = Capabilities(grace_s=GRACE_S, in_flight=in_flight)
        self._service = service
        self._words = words
        self._drafter = drafter
        self._signer = signer
        self._contacts = contacts
        self._types = Types(service)
        self._documents = Documents(
            service,
            words.text("document", "organisation"),
            words.number("limits", "single_upload_kb") * 1000,
        )
        self._linkable: set[str] = set()  # types of case that take our documents
        self._locks = Locks()

    def check(self) -> list[Finding]:
        """Each right that is needed, proven by a request that is refused for its content."""
        contacts = self._contacts
        return checks.sink_findings(self._service, self._words, self._drafter, contacts)

    def find(self, key: str, case_number: str) -> Receipt | None:
        """The receipt of an entry whose transcript stands on the case; two or three requests."""
        case = self._case(case_number)
        document = self._documents.find(key) if case is not None and key else None
        if case is None or document is None or not self._documents.is_linked(case, document):
            return None
        return self._receipt(key, case, document)

    def put(
        self, entry: Entry, key: str, open_file: OpenFile, steps: Steps | None = None
    ) -> Receipt:
        """Write the entry, or what is missing of it, and read it back.

        A known key with other content is Rejected with field "key".
        """
        draft = self._drafter.draft(entry, key, open_file, self.name)
        if len(key) > IDENTIFIER_LENGTH - len("-01.2"):
            text = f"{self.name}: the key {key} is too long to be a document's identifier"
            raise Rejected(text, system=self.name, field="key")
        with self._locks.hold(key), self._signer.acting(self._worker(entry)):
            case = self._case(entry.case_number)
            document = self._documents.find(key)
            if document is not None:
                self._require_same(document, draft)
                if case is not None and self._documents.is_linked(case, document):
                    return self._receipt(key, case, document)
            case = self._require_open(case, entry.case_number)
            with self._about(case, draft):
                if case.zaaktype not in self._linkable:  # else documents would be left on no case
                    self._documents.try_link(case)
                    self._linkable.add(case.zaaktype)
                written = self._write(draft, case, document, open_file, steps or NoSteps())
            # A note is no contact of its own: what it is about is one.
            if self._contacts is not None and entry.kind != "note":
                self._contacts.put(draft, case, [each.uuid for each in written])
            with self._about(case, draft):
                self._documents.link(case, written[0], self._title(draft.title))
            return self._read_back(key, case)

    # -- writing ---------------------------------------------------------------------------------

    def _write(
        self,
        draft: Draft,
        case: Zaak,
        page: Document | None,
        open_file: OpenFile,
        steps: Steps,
    ) -> list[Document]:
        """All documents, the transcript first, and all links but the transcript's.

        The types are asked for first: nothing is written then.

        The transcript tells when it was written, so one that is there already is the one that
        counts, although ours is no longer the same to the byte.
        """
        page_type = self._types.url(case, self._words.text("types", draft.entry.kind))
        file_type = self._types.url(case, self._words.text("types", "file")) if draft.files else ""
        if page is None:
            fields = {**self._fields(draft, case), **self._page(draft)}
            page = self._documents.create(
                draft.key,
                {**fields, "informatieobjecttype": page_type},
                len(draft.page),
                partial(io.BytesIO, draft.page),
            )
        written = [page]
        for number, file in enumerate(draft.files, 1):
            fields = {
                **self._fields(draft, case),
                **self._file(draft, file),
                "informatieobjecttype": file_type,
            }
            document = self._documents.make(
                f"{draft.key}-{number:02}",
                fields,
                file.size_bytes,
                partial(file.open, open_file),
                steps,
            )
            self._require_file(document, file)
            self._documents.link(case, document, str(fields["titel"]))
            written.append(document)
        return written

    def _fields(self, draft: Draft, case: Zaak) -> dict[str, object]:
        """What all documents of an entry have in common."""
        words = self._words
        level = words.text("document", "confidentiality") or case.vertrouwelijkheidaanduiding
        return {
            "creatiedatum": draft.entry.local_day.isoformat(),
            "auteur": shorten(words.text("document", "author"), words.number("limits", "author")),
            "taal": words.text("document", "language"),
            "status": "definitief",
            "vertrouwelijkheidaanduiding": level,
            # Left open, it keeps the case from being closed (standard for Zaken, zrc-008).
            "indicatieGebruiksrecht": False,
        }

    def _page(self, draft: Draft) -> dict[str, object]:
        """The transcript's own fields; its description ends in our mark."""
        follows = ""
        if draft.entry.previous_key:
            label = self._drafter.mapping.text("follows").capitalize()
            follows = f"{label}: {draft.entry.previous_key}. "
        return {
            "titel": self._title(draft.title),
            "bestandsnaam": draft.page_name,
            "formaat": "text/html",
            "beschrijving": f"{follows}{draft.mark}",
            "integriteit": _integrity(hashlib.sha256(draft.page).hexdigest(), draft),
        }

    def _file(self, draft: Draft, file: DraftFile) -> dict[str, object]:
        """A file's own fields.

        The name it had where it came from stands in the transcript only: titles are shown in
        lists, and people write names into file names.
        """
        short = file.name.removeprefix(f"{draft.stem}_")
        most = self._words.number("limits", "title")
        return {
            "titel": f"{shorten(draft.title, most - len(short) - 2)}: {short}",
            "bestandsnaam": file.name,
            "formaat": file.content_type[:255],
            "beschrijving": f"Casethread {draft.key}",
            "integriteit": _integrity(file.sha256, draft),
        }

    def _title(self, title: str) -> str:
        return shorten(title, self._words.number("limits", "title"))

    def _worker(self, entry: Entry) -> str:
        """Who the audit trail shall name: who put the entry on the case, if the mapping says so."""
        if self._words.text("document", "user") != "worker":
            return ""
        return "" if entry.linked_by.startswith("rule ") else entry.linked_by

    # -- reading ---------------------------------------------------------------------------------

    def _case(self, number: str) -> Zaak | None:
        return find_case(self._service, number, self._words.text("case", "organisation"))

    def _read_back(self, key: str, case: Zaak) -> Receipt:
        document = self._documents.find(key)
        if document is None or not self._documents.is_linked(case, document):
            text = (
                f"{self.name}: the document {key} was taken and is not on case "
                f"{case.identificatie} when it is read back; it is looked for again"
            )
            raise Unclear(text, system=self.name)
        return self._receipt(key, case, document)

    def _receipt(self, key: str, case: Zaak, document: Document) -> Receipt:
        link = self._words.text("case", "link").format(
            number=case.identificatie, uuid=case.uuid, document=document.uuid
        )
        proof = document.integriteit
        return Receipt(
            key=key,
            target=document.uuid,
            at=document.begin_registratie.astimezone(UTC),
            url=link or document.url,
            sha256=proof.waarde if proof is not None else "",
        )

    # -- what must hold --------------------------------------------------------------------------

    def _require_same(self, document: Document, draft: Draft) -> None:
        if read_mark(document.beschrijving) == (draft.key, draft.sha256):
            return
        raise other_content(self.name, draft.key)

    def _require_file(self, document: Document, file: DraftFile) -> None:
        proof = document.integriteit
        if proof is not None and proof.waarde.lower() == file.sha256:
            return
        text = (
            f"{self.name}: the document {document.identificatie} is there with another content "
            "than the entry's file; an administrator gives it another identifier"
        )
        raise Rejected(text, system=self.name, field="files")

    @contextmanager
    def _about(self, case: Zaak, draft: Draft) -> Iterator[None]:
        """Rejected, where this case's type or confidentiality is beyond the rights and others are
        not: one case must not hold up all the others."""
        try:
            yield
        except Denied as error:
            kinds = {draft.entry.kind, *(["file"] if draft.files else [])}
            names = {self._words.text("types", kind) for kind in kinds}
            if error.status != 403 or not self._may_write_elsewhere(case, names):
                raise
            text = (
                f"{self.name}: the application may not put documents on case {case.identificatie}; "
                "give it zaken.bijwerken for the type of the case, and documenten.aanmaken up to "
                f'the confidentiality "{case.vertrouwelijkheidaanduiding}"'
            )
            raise Rejected(text, system=self.name, status=403, field="case_number") from error

    def _may_write_elsewhere(self, case: Zaak, names: set[str]) -> bool:
        try:
            urls = [self._types.url(case, name) for name in sorted(names)]
            return checks.may_write_elsewhere(self._service, case, urls)
        except (Denied, Rejected):
            return False

    def _require_open(self, case: Zaak | None, number: str) -> Zaak:
        if case is None:
            text = (
                f"{self.name}: there is no case {number}, or it is hidden from the service "
                "account: its type or its confidentiality may be beyond the application's rights"
            )
            raise Rejected(text, system=self.name, field="case_number")
        if case.einddatum is not None:
            text = (
                f"{self.name}: case {number} is closed; reopen it or link the item to another case"
            )
            raise CaseClosed(text, system=self.name, field="case_number")
        return case


def _integrity(sha256: str, draft: Draft) -> dict[str, str]:
    """The checksum as Open Zaak keeps it beside a document."""
    day = draft.written_at.astimezone(UTC).date().isoformat()
    return {"algoritme": "sha_256", "waarde": sha256, "datum": day}
