"""Documents in Open Zaak: found by our identifier, made once, linked to a case once.

The identifier is checked for uniqueness by the system, but is no constraint of its database: two
writers at one moment make two documents. So one process writes a key at a time, and of several
documents the first is taken.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import BinaryIO

import msgspec
from urllib3 import encode_multipart_formdata

from connector.errors import CaseClosed, Rejected
from connector.journals.openzaak.service import Invalid, Service, sure
from connector.journals.openzaak.zaken import ZAKEN, Zaak
from connector.ports import Steps
from connector.typed import read_json

DOCUMENTS = "documenten/api/v1/enkelvoudiginformatieobjecten"
LINKS = f"{ZAKEN}/zaakinformatieobjecten"
IDENTIFIER_LENGTH = 40
_TRIES = 9


class Part(msgspec.Struct):
    """A piece of a large file, and whether it has arrived."""

    url: str
    volgnummer: int
    omvang: int
    voltooid: bool = False


class Integrity(msgspec.Struct):
    """A checksum that came with the document."""

    algoritme: str = ""
    waarde: str = ""


class Document(msgspec.Struct, rename="camel"):
    """A document's facts, without its content. `lock` is told once, to whoever made it."""

    url: str
    identificatie: str
    begin_registratie: datetime
    beschrijving: str = ""
    bestandsomvang: int | None = None
    integriteit: Integrity | None = None
    locked: bool = False
    lock: str = ""
    bestandsdelen: list[Part] = []

    @property
    def uuid(self) -> str:
        """Its id: the end of its address."""
        return self.url.rstrip("/").rpartition("/")[2]

    @property
    def is_unfinished(self) -> bool:
        """Whether parts of its content never came. A person who edits it locks it as well."""
        return self.locked and bool(self.bestandsdelen)


class _Link(msgspec.Struct):
    url: str


class Documents:
    """Makes and links documents of `organisation` (nine digits). Larger ones go in parts."""

    def __init__(self, service: Service, organisation: str, single_upload_bytes: int) -> None:
        self._service = service
        self._organisation = organisation
        self._single_upload_bytes = single_upload_bytes

    def find(self, identifier: str) -> Document | None:
        """The document of this identifier, the oldest when a race has made several."""
        query = {"identificatie": identifier, "bronorganisatie": self._organisation}
        found = [
            each
            for each in self._service.every(DOCUMENTS, Document, query)
            if each.identificatie == identifier
        ]
        return min(found, key=lambda each: (each.begin_registratie, each.url), default=None)

    def make(
        self,
        identifier: str,
        fields: dict[str, object],
        size_bytes: int,
        opened: Callable[[], BinaryIO],
        steps: Steps,
    ) -> Document:
        """The document of this identifier with its whole content; made when it is not there.

        A large one goes in parts, and goes on when `steps` has its lock. Without the lock nobody
        can finish it: it stays behind, locked and empty, and another is made as "identifier.2".
        What is there counts, not its size: the limit may have been another when it was begun.
        """
        at_once = opened if size_bytes <= self._single_upload_bytes else None
        for number in range(1, _TRIES + 1):
            name = identifier if number == 1 else f"{identifier}.{number}"
            document = self.find(name) or self.create(name, fields, size_bytes, at_once)
            locks = read_json(steps.load() or "{}", dict[str, str])
            if document.lock and locks.get(name) != document.lock:
                locks[name] = document.lock
                steps.save(msgspec.json.encode(locks).decode())
            if document.is_unfinished and name in locks:
                self._finish(document, locks[name], opened)
                document = self.find(name) or document
            if not document.is_unfinished:
                return document
        text = (
            f"{self._service.name}: {_TRIES} uploads of {identifier} were cut off; an "
            "administrator deletes the locked documents whose identifier begins so"
        )
        raise Rejected(text, system=self._service.name, field="files")

    def is_linked(self, case: Zaak, document: Document) -> bool:
        """Whether the document stands on the case."""
        query = {"zaak": case.url, "informatieobject": document.url}
        return bool(self._service.get(LINKS, list[_Link], query))

    def link(self, case: Zaak, document: Document, title: str) -> None:
        """Put the document on the case; nothing happens when it is there.

        Raises CaseClosed, and Unclear when the answer is lost.
        """
        value = {"zaak": case.url, "informatieobject": document.url, "titel": title}
        try:
            self._service.post(LINKS, value, _Link)
        except CaseClosed as error:
            raise self._closed(case) from error
        except Rejected:
            if not self.is_linked(case, document):
                raise

    def try_link(self, case: Zaak) -> None:
        """Ask to put a document on the case that does not exist: refused for that, and nothing is
        written. Raises Denied or CaseClosed when no document could be put there."""
        unknown = f"{self._service.remote.base_url}/{DOCUMENTS}/0"
        value = {"zaak": case.url, "informatieobject": unknown}
        try:
            sure(lambda: self._service.post(LINKS, value, _Link), lambda: None)
        except CaseClosed as error:
            raise self._closed(case) from error
        except Invalid:
            return

    def _closed(self, case: Zaak) -> CaseClosed:
        text = (
            f"{self._service.name}: case {case.identificatie} was closed meanwhile; reopen it or "
            "link the item to another case"
        )
        return CaseClosed(text, system=self._service.name, field="case_number")

    def create(
        self,
        identifier: str,
        fields: dict[str, object],
        size_bytes: int,
        opened: Callable[[], BinaryIO] | None,
    ) -> Document:
        """Make it, and find it when the answer is lost or another process was faster.

        Without `opened` the content comes later, in parts.
        """
        content = None
        if opened is not None:
            with opened() as source:
                content = base64.b64encode(source.read()).decode()
        value = {
            **fields,
            "identificatie": identifier,
            "bronorganisatie": self._organisation,
            "bestandsomvang": size_bytes,
            "inhoud": content,
        }
        return sure(
            lambda: self._service.post(DOCUMENTS, value, Document), lambda: self.find(identifier)
        )

    def _finish(self, document: Document, lock: str, opened: Callable[[], BinaryIO]) -> None:
        """Send the parts that have not come, and unlock."""
        ordered = sorted(document.bestandsdelen, key=lambda part: part.volgnummer)
        for part, content in _pieces(ordered, opened):
            form: dict[str, str | tuple[str, bytes]] = {
                "inhoud": (str(part.volgnummer), content),
                "lock": lock,
            }
            body, kind = encode_multipart_formdata(form)
            self._service.send("PUT", part.url, body, kind)
        body = msgspec.json.encode({"lock": lock})
        self._service.send("POST", f"{document.url}/unlock", body, "application/json")


def _pieces(ordered: list[Part], opened: Callable[[], BinaryIO]) -> Iterator[tuple[Part, bytes]]:
    """The parts that have not come, with their bytes, in the order of the file."""
    with opened() as source:
        for part in ordered:
            content = source.read(part.omvang)
            if not part.voltooid:
                yield part, content
