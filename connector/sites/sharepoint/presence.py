"""Who is free now: a list with one row a person, always of the present, never a history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from connector.errors import Gone
from connector.journaling.words import Words
from connector.model import Finding, Person, Presence
from connector.sites.sharepoint import checks
from connector.sites.sharepoint.changes import Change, change_rows
from connector.sites.sharepoint.lists import prepare
from connector.sites.sharepoint.site import Site
from connector.sites.sharepoint.words import PRESENCE
from connector.sites.sharepoint.writing import short

_COMPARED = ["Title", "CtUpn", "CtDepartment", "CtAvailability", "CtActivity", "CtAway"]
_WANTED = ["Id", "CtPerson", "CtSeen", "CtMessage", *_COMPARED]


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows were made, changed and removed; `left` were refused, and told why."""

    made: int = 0
    changed: int = 0
    removed: int = 0
    left: int = 0
    reasons: tuple[str, ...] = ()


class PresenceList:
    """The list [lists] presence. One `publish` at a time, from one process."""

    def __init__(self, site: Site, words: Words, has_batch: bool) -> None:
        self.name = site.name
        self._site = site
        self._words = words
        self._has_batch = has_batch

    def check(self) -> list[Finding]:
        """Sign-in, the list, its columns, rights and room; nothing is written or made."""
        return checks.findings(self._site, self._words, (PRESENCE,))

    def publish(self, presences: Sequence[Presence], people: Sequence[Person]) -> Published:
        """Let the list hold these presences and nothing else, each with the person's name.

        Of several presences of one person the last observed counts. Somebody who is not among
        `people`, or was removed from the directory, is not shown. Rows that tell the same are left
        alone, so a second call with the same presences writes nothing. One row that is refused
        does not stop the others. Errors as for a sink; what was begun is finished by the next call.
        """
        wanted = self._wanted(presences, people)
        there: dict[str, dict[str, Any]] = {}
        spare: list[int] = []
        for row in self._rows():
            key = str(row["CtPerson"] or "")
            if key in wanted and key not in there:
                there[key] = row
            else:
                spare.append(int(row["Id"]))
        made = [Change(0, values) for key, values in wanted.items() if key not in there]
        changed = [
            Change(int(there[key]["Id"]), values)
            for key, values in wanted.items()
            if key in there and _differs(there[key], values)
        ]
        # First what is gone: a removed person's row must not stay because of another's.
        removed = [Change(number, None) for number in spare]
        reasons: list[str] = []
        counts = []
        for changes in (removed, changed, made):
            refused = change_rows(self._site, PRESENCE, changes, in_batches=self._has_batch)
            reasons += refused
            counts.append(len(changes) - len(refused))
        return Published(
            removed=counts[0],
            changed=counts[1],
            made=counts[2],
            left=len(reasons),
            reasons=tuple(dict.fromkeys(reasons)),
        )

    def _rows(self) -> list[dict[str, Any]]:
        try:
            return list(self._site.all_rows(PRESENCE, _WANTED))
        except Gone:
            prepare(self._site, self._words, (PRESENCE,))
            return []

    def _wanted(
        self, presences: Sequence[Presence], people: Sequence[Person]
    ) -> dict[str, dict[str, object]]:
        shown = {each.id: each for each in people if not each.is_removed}
        latest: dict[str, Presence] = {}
        for presence in sorted(presences, key=lambda each: each.observed_at):
            if presence.person in shown:
                latest[presence.person] = presence
        note = self._words.number("limits", "note")
        return {key: _values(shown[key], each, note) for key, each in latest.items()}


def _values(person: Person, presence: Presence, note: int) -> dict[str, object]:
    return {
        "CtPerson": person.id,
        "Title": short(person.name or person.upn or person.id, 255),
        "CtUpn": short(person.upn, 255),
        "CtDepartment": short(person.department, 255),
        "CtAvailability": short(presence.availability, 255),
        "CtActivity": short(presence.activity, 255),
        "CtAway": presence.is_out_of_office,
        "CtMessage": short(presence.message, note),
        "CtSeen": f"{presence.observed_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _differs(row: dict[str, Any], values: dict[str, object]) -> bool:
    """Whether the row tells something else, or is older. An empty text comes back as None."""
    if any((row[name] or "") != (values[name] or "") for name in (*_COMPARED, "CtMessage")):
        return True
    try:
        seen = datetime.fromisoformat(str(row["CtSeen"]))
    except ValueError:
        return True
    return seen < datetime.fromisoformat(str(values["CtSeen"]))
