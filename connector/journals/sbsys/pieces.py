"""The documents of an entry: which ones there are, and which of them stand on the case. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from connector.errors import Gone, Rejected
from connector.journaling.draft import Draft, DraftFile, mark, shorten
from connector.journaling.words import Words
from connector.journals.sbsys.vocabulary import NOT_SENT
from connector.journals.sbsys.wire import Document
from connector.ports import OpenFile


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A document to be. `description` is the same at every try, so it is known again there."""

    name: str  # of the file: ours, ASCII
    title: str
    description: str
    external_id: str
    content_type: str
    read: Callable[[], bytes]
    is_page: bool = False  # the transcript

    def is_in(self, document: Document) -> bool:
        """Whether the document is this one, also when a person wrote beside our words."""
        if self.description in (document.description or ""):
            return True
        return bool(self.external_id) and document.external_id == self.external_id


def pieces_of(
    draft: Draft,
    open_file: OpenFile,
    words: Words,
    language: str,
    role_word: Callable[[str], str],
    *,
    with_page: bool,
    system: str,
) -> list[Piece]:
    """The transcript, if wanted, and every file. Raises Rejected when a mark does not fit."""
    made: list[Piece] = []
    if with_page:
        made.append(_page(draft, words, language, system))
    for number, file in enumerate(draft.files, 1):
        made.append(
            _piece(
                draft,
                words,
                system,
                name=file.name,
                told=f"{role_word(file.role)} {number}",
                sha256=file.sha256,
                external=f"{draft.key}-{number}",
                content_type=file.content_type,
                read=_reader(file, open_file, system),
            )
        )
    return made


def fields_of(piece: Piece, case_id: int, direction: str, words: Words) -> dict[str, object]:
    """The part `json` of a document. One member too many breaks the call, so none is a guess."""
    fields: dict[str, object] = {
        "SagID": case_id,
        "DokumentNavn": piece.title,
        "Beskrivelse": piece.description,
    }
    if kind := words.number("document_kinds", direction):
        fields["DokumentArt"] = {"Id": kind}
    told = words.text("document", "access_requests")
    if told != NOT_SENT:
        fields["OmfattetAfAktindsigt"] = told == "yes"
    if piece.external_id:
        fields[words.text("document", "external_id")] = piece.external_id
    return fields


def there(piece: Piece, documents: Iterable[Document]) -> Document | None:
    """The oldest document that is this piece."""
    own = [document for document in documents if piece.is_in(document)]
    return min(own, key=lambda document: document.shown_id) if own else None


def _page(draft: Draft, words: Words, language: str, system: str) -> Piece:
    is_html = words.text("document", "transcript_type") == "html"
    content = draft.page if is_html else draft.text.encode()
    piece = _piece(
        draft,
        words,
        system,
        name=draft.page_name if is_html else f"{draft.stem}.txt",
        told=words.text("texts", f"transcript_{language}"),
        sha256=draft.sha256,
        external=f"{draft.key}-0",
        content_type="text/html" if is_html else "text/plain",
        read=lambda: content,
    )
    return msgspec.structs.replace(piece, is_page=True)


def _piece(
    draft: Draft,
    words: Words,
    system: str,
    *,
    name: str,
    told: str,
    sha256: str,
    external: str,
    content_type: str,
    read: Callable[[], bytes],
) -> Piece:
    description = f"{name} {mark(draft.key, sha256)}"
    has_external = bool(words.text("document", "external_id"))
    if len(description) > words.number("limits", "description") or len(external) > 50:
        text = f"{system}: the key of the entry is too long to be kept in SBSYS"
        raise Rejected(text, system=system, field="key")
    end = f", {told}"
    return Piece(
        name=name,
        title=shorten(draft.title, words.number("limits", "name") - len(end)) + end,
        description=description,
        external_id=external if has_external else "",
        content_type=content_type,
        read=read,
    )


def _reader(file: DraftFile, open_file: OpenFile, system: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with file.open(open_file) as source:
                return source.read()
        except Gone as error:
            text = f"{system}: a file of the entry went from the spool while it was to be sent"
            raise Rejected(text, system=system, field="files") from error

    return read
