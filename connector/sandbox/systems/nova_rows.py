"""The cases of the sandbox's KMD Nova as rows: what a search finds and which blocks are shown."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class FakeCase:
    """One case. Identifications, such as CPR numbers, are only given to who asks for them."""

    number: str
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    title: str = "Sag"
    opened: str = "2026-01-05T00:00:00"
    state: str = "Oplyst"
    state_since: str = "2026-01-05T00:00:00"
    sensitivity: str | None = "IkkeFortrolige"
    caseworker: dict[str, Any] | None = None
    unit: dict[str, Any] = field(
        default_factory=lambda: {
            "novaUnitId": "5a5a5a5a-0000-4000-8000-000000000001",
            "administrativeUnitId": 70001,
            "fullName": "Borgerservice",
            "userKey": "BS",
        }
    )
    kle_number: str = ""
    facet: str = ""
    parties: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    is_hidden: bool = False
    is_locked: bool = False


def lower(value: Any) -> Any:
    """A JSON value with all member names in lower case."""
    if isinstance(value, dict):
        return {key.lower(): lower(each) for key, each in value.items()}
    return [lower(each) for each in value] if isinstance(value, list) else value


def is_asked(case: FakeCase, asked: dict[str, Any]) -> bool:
    """Whether a case fits. A number fits where it is part of the case's, an empty one everywhere:
    no client shows how exact the search is, and what is careless shows a careless caller."""
    about = asked.get("caseattributes") or {}
    by_uuid = (asked.get("common") or {}).get("uuid")
    party = (asked.get("caseparty") or {}).get("identification")
    states = {each["progressstate"] for each in (asked.get("states") or {}).get("states") or []}
    return (
        (not by_uuid or case.uuid == str(by_uuid).lower())
        and (about.get("userfriendlycasenumber") or "").lower() in case.number.lower()
        and (about.get("title") or "").lower() in case.title.lower()
        and (not states or case.state in states)
        and (not party or any(each.get("identification") == party for each in case.parties))
    )


def case_json(case: FakeCase, notes: slice) -> dict[str, Any]:
    """Everything a case can show."""
    return {
        "common": {"uuid": case.uuid},
        "caseAttributes": {
            "title": case.title,
            "userFriendlyCaseNumber": case.number,
            "caseDate": case.opened,
        },
        "state": {
            "progressState": case.state,
            "activeCode": "Aktiv",
            "fromDate": case.state_since,
        },
        "sensitivity": {"sensitivity": case.sensitivity},
        "caseClassification": {
            "kleNumber": {"code": case.kle_number},
            "proceedingFacet": {"code": case.facet},
        },
        "caseworker": {"kspIdentity": case.caseworker} if case.caseworker else None,
        "responsibleDepartment": {"losIdentity": case.unit},
        "securityUnit": {"losIdentity": case.unit},
        "caseParty": case.parties,
        "numberOfSecondaryParties": max(0, len(case.parties) - 1),
        "numberOfDocuments": len(case.documents),
        "numberOfJournalNotes": len(case.notes),
        "journalNotes": {"journalNotes": case.notes[notes]},
    }


def shown(case: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The blocks of a case that were asked for; parties and notes are lists of picked rows."""
    shown = picked(case, {"common": True, **wanted})
    if "caseParty" in shown:
        shown["caseParties"] = shown.pop("caseParty")
    if (note_wanted := wanted.get("journalnotes")) and "journalNotes" in shown:
        rows = case["journalNotes"]["journalNotes"]
        shown["journalNotes"] = {"journalNotes": [picked(row, note_wanted) for row in rows]}
    return {key: value for key, value in shown.items() if value is not None}


def picked(value: Any, wanted: Any) -> Any:
    """The members that were asked for, of a block or of each row."""
    if isinstance(value, list):
        return [picked(each, wanted) for each in value]
    if not isinstance(wanted, dict) or not isinstance(value, dict):
        return value
    return {
        key: picked(each, wanted[key.lower()])
        for key, each in value.items()
        if wanted.get(key.lower())
    }
