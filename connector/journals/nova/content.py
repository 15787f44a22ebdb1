"""What an entry becomes in Nova: the JSON of its note and of its documents. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from connector.errors import Rejected
from connector.journaling.draft import Draft, shorten
from connector.journaling.words import Words
from connector.journals.nova import wire
from connector.journals.nova.answers import CaseRow
from connector.journals.nova.words import SENSITIVITIES
from connector.mapping import find_zone


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A document to be: its id, its title on the case, its file. An empty `sha256`: the page."""

    uuid: str
    title: str
    name: str
    content_type: str
    sha256: str = ""


class Content:
    """Makes notes and documents in one language, by the words of mappings/nova.toml."""

    def __init__(self, words: Words, language: str, time_zone: str, name: str) -> None:
        self._words = words
        self._language = language
        self._zone = find_zone(time_zone)
        self._name = name

    # -- the note -------------------------------------------------------------------------------

    def note_text(self, draft: Draft) -> str:
        """The note as it must be read back: the entry's text, whole or cut, and its mark.

        Raises Rejected (field "text") for a text too long where no transcript may be written.
        """
        limit = self._words.number("note", "note_chars")
        text = f"{draft.text}\n{draft.mark}"
        if len(text) > limit:
            if self._words.text("documents", "transcript") == "never":
                told = (
                    f"{self._name}: the text is longer than the {limit} characters of a note; set "
                    'transcript = "long" in [documents] of mappings/nova.toml'
                )
                raise Rejected(told, system=self._name, field="text")
            cut = self._words.text("cut_note", self._language)
            tail = f"\n\n{cut.format(document=self._page_title(draft))}\n\n{draft.mark}"
            text = shorten(draft.text, max(0, limit - len(tail))) + tail
        text = wire.without_control(text)
        return wire.plain_letters(text) if self._words.flag("note", "plain_letters") else text

    def note(self, draft: Draft, text: str) -> dict[str, Any]:
        """The journal note of an entry."""
        words = self._words
        attributes: dict[str, Any] = {
            "journalNoteDate": self._time(draft),
            "title": shorten(draft.title, words.number("note", "title_chars")),
            "journalNoteType": words.text("note", "type"),
            "format": "Text",
            "note": wire.encode_note(text, avoid_padding=words.flag("note", "avoid_padding")),
        }
        if author := words.text("note", "author_id"):
            attributes |= {"journalNoteAuthor": author, "author": self._author()}
        return {
            "uuid": wire.derived(draft.key, "note"),
            "approved": words.flag("note", "approved"),
            "journalNoteAttributes": attributes,
        }

    # -- the documents --------------------------------------------------------------------------

    def pieces(self, draft: Draft) -> Iterator[Piece]:
        """The documents of an entry: the transcript, where it is wanted, then the files."""
        wanted = self._words.text("documents", "transcript")
        limit = self._words.number("note", "note_chars")
        is_cut = len(f"{draft.text}\n{draft.mark}") > limit
        if wanted == "always" or (wanted == "long" and is_cut):
            yield Piece(
                uuid=wire.derived(draft.key, "transcript"),
                title=self._page_title(draft),
                name=draft.page_name,
                content_type="text/html",
            )
        for number, file in enumerate(draft.files, 1):
            title = self._words.text("file_title", self._language).format(
                title=draft.title, number=number, name=file.name
            )
            yield Piece(
                uuid=wire.derived(draft.key, f"file {number}"),
                title=self._title(title),
                name=file.name,
                content_type=file.content_type,
                sha256=file.sha256,
            )

    def document(self, draft: Draft, piece: Piece, case: CaseRow) -> dict[str, Any]:
        """The document that an uploaded file becomes."""
        words = self._words
        limit = words.number("documents", "description_chars")
        made: dict[str, Any] = {
            "caseUuid": case.uuid,
            "title": piece.title,
            "description": shorten(draft.mark, limit),
            "sensitivity": self._sensitivity(case),
            "documentDate": self._time(draft),
            "documentType": words.text("document_types", draft.entry.direction),
            "approved": words.flag("documents", "approved"),
            "accessToDocuments": words.flag("documents", "access"),
        }
        if category := words.text("documents", "category"):
            made["documentCategoryUuid"] = category
        if unit := self._unit(case):
            made["securityUnit"] = {"losIdentity": unit}
        if words.text("note", "author_id"):
            made["caseworker"] = self._author()
        return made

    def link(self, case: CaseRow, note_uuid: str) -> str:
        """The note's address for people; "" when the mapping has none."""
        return self._words.text("links", "note").format(
            case_uuid=case.uuid, case_number=case.number, note_uuid=note_uuid
        )

    # -- their parts ----------------------------------------------------------------------------

    def _time(self, draft: Draft) -> str:
        how = self._words.text("note", "time")
        return wire.sent_time(draft.entry.started_at, how, self._zone)

    def _author(self) -> dict[str, Any]:
        words = self._words
        name = words.text("note", "author_name")
        return {"kspIdentity": {"racfId": words.text("note", "author_id"), "fullName": name}}

    def _page_title(self, draft: Draft) -> str:
        title = self._words.text("transcript_title", self._language)
        return self._title(title.format(title=draft.title))

    def _title(self, title: str) -> str:
        return shorten(title, self._words.number("documents", "title_chars"))

    def _sensitivity(self, case: CaseRow) -> str:
        """The case's own marking, or the least that is set, whichever is more."""
        least = self._words.text("documents", "least_sensitivity")
        own = (case.sensitivity.sensitivity if case.sensitivity else None) or least
        if own not in SENSITIVITIES:
            return own  # a level we do not know may be higher than all we do
        return max(own, least, key=SENSITIVITIES.index)

    def _unit(self, case: CaseRow) -> dict[str, Any]:
        """The unit that may see the documents: the one set, else the case's own."""
        if number := self._words.number("documents", "security_unit_id"):
            name = self._words.text("documents", "security_unit_name")
            return {"administrativeUnitId": number, "fullName": name}
        unit = case.security_unit.los_identity if case.security_unit else None
        if unit is None or unit.administrative_unit_id is None:
            return {}
        made = {"administrativeUnitId": unit.administrative_unit_id, "fullName": unit.full_name}
        return {**made, "userKey": unit.user_key} if unit.user_key else made
