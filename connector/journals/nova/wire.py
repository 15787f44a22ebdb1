"""KMD Nova's JSON: what is asked, and its ids, texts and times. Pure.

Source: PyPI itk-dev-shared-components 2.17.4, kmd_nova; mtm-aarhus/oomtm, src/oomtm/nova.py (both
read 2026-11-22). Identifications of parties, which are CPR numbers, are never asked for.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.journals.nova.answers import CaseRow

# Fixed for ever: the same key must give the same UUIDs in every version of the program.
_NAMESPACE = uuid.UUID("7c1f6a52-6d0e-5b7e-9d53-3a1c5c0e9b41")
_PLAIN_LETTERS = str.maketrans(
    {"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa"}
)  # fmt: skip
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:; ?[\w-]+=[\w.-]+)*", re.ASCII)
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), "\ufffd")


# -- ids -----------------------------------------------------------------------------------------


def derived(key: str, part: str) -> str:
    """The UUID (version 5) of a part of the entry with this key: "note", "transcript", "file 1"."""
    return str(uuid.uuid5(_NAMESPACE, f"{key}/{part}"))


def common(own: str = "") -> dict[str, str]:
    """The block that every request has: a transaction of its own, and the object's id."""
    block = {"transactionId": str(uuid.uuid4())}
    return {**block, "uuid": own} if own else block


# -- what is asked ---------------------------------------------------------------------------------

_UNIT = {"losIdentity": {"administrativeUnitId": True, "fullName": True, "userKey": True}}
CASE_OUTPUT = {
    "caseAttributes": {"title": True, "userFriendlyCaseNumber": True, "caseDate": True},
    "state": {"progressState": True, "fromDate": True},
    "sensitivity": {"sensitivity": True},
    "securityUnit": _UNIT,
    "numberOfJournalNotes": True,
}
REGISTER_OUTPUT = {
    **CASE_OUTPUT,
    "caseClassification": {"kleNumber": {"code": True}, "proceedingFacet": {"code": True}},
    "caseworker": {"kspIdentity": {"racfId": True, "fullName": True}},
    "responsibleDepartment": _UNIT,
    "caseParty": {"name": True, "participantContactInformation": True},
}


def cases_request(
    number: str, start: int, rows: int, output: Mapping[str, Any] = CASE_OUTPUT
) -> dict[str, Any]:
    """The cases of a number; Nova may give others too."""
    return {
        "common": common(),
        "paging": {"startRow": start, "numberOfRows": rows},
        "caseAttributes": {"userFriendlyCaseNumber": number},
        "caseGetOutput": output,
    }


def notes_request(case_uuid: str, start: int, rows: int, *, with_text: bool) -> dict[str, Any]:
    """The notes of one case. A public client says that paging counts notes here."""
    attributes = {"title": True, "createdTime": True, "journalNoteDate": True}
    if with_text:
        attributes["note"] = True
    return {
        "common": common(case_uuid),
        "paging": {"startRow": start, "numberOfRows": rows},
        "caseGetOutput": {
            "numberOfJournalNotes": True,
            "journalNotes": {"uuid": True, "journalNoteAttributes": attributes},
        },
    }


def documents_request(case_uuid: str, start: int, rows: int) -> dict[str, Any]:
    """The documents of one case."""
    return {
        "common": common(),
        "paging": {"startRow": start, "numberOfRows": rows},
        "caseUuid": case_uuid,
        "getOutput": {"title": True},
    }


def form(name: str, content: bytes, content_type: str) -> tuple[bytes, str]:
    """One file as multipart/form-data, and its content type. `name` must be plain ASCII."""
    kind = content_type if _MEDIA_TYPE.fullmatch(content_type) else "application/octet-stream"
    border = f"casethread-{uuid.uuid4().hex}"
    head = (
        f"--{border}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    body = head.encode("ascii", "replace") + content + f"\r\n--{border}--\r\n".encode()
    return body, f"multipart/form-data; boundary={border}"


# -- text and time --------------------------------------------------------------------------------


def plain_letters(text: str) -> str:
    """Æ, ø and å as two letters, as a public client writes them."""
    return text.translate(_PLAIN_LETTERS)


def without_control(text: str) -> str:
    """A text without the characters that no XML can hold."""
    return text.translate(_CONTROL)


def encode_note(text: str, *, avoid_padding: bool) -> str:
    """The note as base64. With `avoid_padding`, spaces at its end keep it free of "="."""
    raw = text.encode()
    if avoid_padding:
        raw += b" " * (-len(raw) % 3)
    return base64.b64encode(raw).decode()


def decode_note(written: str | None) -> str:
    """A note's text: from base64, or as it stands when it is none; damaged bytes are replaced.

    A text of ours is never mistaken for base64: it has spaces and lines.
    """
    text = written or ""
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return text
    return raw.decode("utf-8", "replace")


def same_text(one: str, other: str) -> bool:
    """Whether two notes say the same: line ends and white space at their end do not count."""
    return _ended(one) == _ended(other)


def _ended(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip()


def sent_time(moment: datetime, how: str, zone: ZoneInfo) -> str:
    """A time for Nova: "local" without a zone, "utc" with Z, "offset" with the local offset."""
    whole = moment.replace(microsecond=0)
    if how == "utc":
        return whole.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    there = whole.astimezone(zone)
    return (there if how == "offset" else there.replace(tzinfo=None)).isoformat()


def parse_time(written: str | None, zone: ZoneInfo) -> datetime | None:
    """A time of Nova's in UTC; without a zone it is local. None for what is no time."""
    try:
        moment = datetime.fromisoformat(written or "")
    except ValueError:
        return None
    if moment.year == 1:  # .NET's "nothing"; turned to UTC it would be before all time
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def is_open(case: CaseRow, open_states: tuple[str, ...]) -> bool:
    """Whether a case takes entries; a state that is not known does not."""
    return (case.state.progress_state if case.state else None) in open_states


def same_number(case: CaseRow, number: str) -> bool:
    """Whether a hit is the case that was asked for; a search gives others too."""
    return bool(number) and case.number == number
