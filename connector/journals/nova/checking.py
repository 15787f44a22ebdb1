"""`casethread check` of KMD Nova: what can be proven without touching a citizen's case."""

from __future__ import annotations

import contextlib
import hashlib

from connector.errors import Denied, Gone, Rejected, RemoteError
from connector.journaling.words import Words
from connector.journals.nova import wire
from connector.journals.nova.answers import CaseRow, Common
from connector.journals.nova.client import Nova
from connector.model import Finding

_NOWHERE = "S0000-0"  # no case has this number
# Its base64 ends in "==", with plain letters too, and its letters are those reported as spoilt.
_PROBE = "Casethread prøver æøå ÆØÅ og base64."
_READ = "Case/GetList, Document/GetList and Document/GetFile"
_WRITE = "Case/Update, Document/UploadFile and Document/Import"


def check(nova: Nova, words: Words) -> list[Finding]:
    """One finding for each thing that was proven, or for the first that fails."""
    findings: list[Finding] = []
    try:
        nova.case(_NOWHERE)
        findings.append(_ok(nova, "it is reached, the sign-in works, cases may be searched"))
        findings.append(_listing(nova))
        findings.append(_writing(nova))
        if number := words.text("check", "probe_case"):
            findings.append(_probe(nova, words, number))
    except RemoteError as error:
        findings.append(Finding(level="error", system=nova.name, what=str(error), fix=_fix(error)))
    return findings


def check_reading(nova: Nova) -> list[Finding]:
    """The register's part: whether cases may be searched."""
    try:
        nova.case(_NOWHERE, wire.REGISTER_OUTPUT)
    except RemoteError as error:
        return [Finding(level="error", system=nova.name, what=str(error), fix=_fix(error))]
    return [_ok(nova, "it is reached, the sign-in works, cases may be searched by number")]


def _listing(nova: Nova) -> Finding:
    """The documents of a case that does not exist: none, or refused for the case."""
    with contextlib.suppress(Gone, Rejected):
        nova.documents(CaseRow(common=Common(uuid=wire.derived("check", "case"))))
    return _ok(nova, "no right to list documents is missing, as far as such a case can tell")


def _writing(nova: Nova) -> Finding:
    """A change of nothing on a case that does not exist: who may not write is told so."""
    if may_write(nova):
        return _ok(
            nova, "no right to write is missing, as far as a case that is not there can tell"
        )
    what = "it says yes to a change of a case that does not exist, so it may not say no either"
    fix = "journal one entry on a trial case and look at it in Nova"
    return Finding(level="warning", system=nova.name, what=what, fix=fix)


def may_write(nova: Nova) -> bool:
    """Whether a change on no case is refused for its case. Raises Denied where all are shut."""
    try:
        nova.try_writing(wire.derived("check", "case"))
    except (Gone, Rejected):
        return True
    return False


def _probe(nova: Nova, words: Words, number: str) -> Finding:
    """Whether padding and Danish letters come through, by one note on the trial case.

    Its id is made of the two settings, so that each way is tried once.
    """
    padding, plain = words.flag("note", "avoid_padding"), words.flag("note", "plain_letters")
    case = nova.case(number)
    if case is None:
        what = f"there is no probe_case {number}, or it is hidden from the service account"
        fix = "name a trial case in [check] of mappings/nova.toml, or leave it empty"
        return Finding(level="error", system=nova.name, what=what, fix=fix)
    text = wire.plain_letters(_PROBE) if plain else _PROBE
    uuid = wire.derived("check", f"probe {padding} {plain} {_short(text)}")
    if nova.note(case, uuid, with_text=False) is None:
        attributes = {
            "title": "Casethread: prøve",
            "journalNoteType": words.text("note", "type"),
            "format": "Text",
            "note": wire.encode_note(text, avoid_padding=padding),
        }
        nova.add_note(
            case.uuid, {"uuid": uuid, "approved": True, "journalNoteAttributes": attributes}
        )
    note = nova.note(case, uuid, with_text=True)
    read = wire.decode_note(note.about.note) if note else ""
    if wire.same_text(read, text):
        return _ok(nova, f"a note on the trial case {number} reads as it was sent")
    # The end is what padding spoils; anything else is the letters.
    is_letters = len(read) >= len(text) and not plain
    fix = f"set {'plain_letters' if is_letters else 'avoid_padding'} = true in mappings/nova.toml"
    what = f"a note on the trial case {number} does not read as it was sent"
    return Finding(level="error", system=nova.name, what=what, fix=fix)


def _fix(error: RemoteError) -> str:
    if isinstance(error, Denied) and error.status == 403:
        return f"let KMD grant the client {_READ}; to journal, {_WRITE} as well"
    if isinstance(error, Denied):
        return "look at token_url, client_id and the secret, and whether KMD has renewed it"
    if isinstance(error, Rejected | Gone):
        return "look at url and at [api] version in mappings/nova.toml"
    return "look at url, the network and ca_bundle (Nova may leave out its issuer); else wait"


def _ok(nova: Nova, what: str) -> Finding:
    return Finding(level="ok", system=nova.name, what=what)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
