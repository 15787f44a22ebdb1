"""What `casethread check` can tell of a GetOrganized without writing anything there."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from connector.errors import (
    ConnectorError,
    Denied,
    Gone,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
)
from connector.journaling.words import Words
from connector.journals.getorganized.answers import Place
from connector.journals.getorganized.refusals import GRANT
from connector.journals.getorganized.rows import case_numbers
from connector.journals.getorganized.sign_in import READ_GRANT
from connector.journals.getorganized.wire import Wire, quoted, whole
from connector.journals.getorganized.words import Names
from connector.model import Finding

# SharePoint's SPBasePermissions, lower half.
_ADD, _EDIT = 0x2, 0x4


class _Cases(msgspec.Struct):
    ResultsXml: str


class _Rights(msgspec.Struct):
    Low: int | str
    High: int | str = 0


class _Usage(msgspec.Struct):
    StoragePercentageUsed: float


class _Field(msgspec.Struct):
    InternalName: str
    Required: bool = False


class _Fields(msgspec.Struct):
    value: list[_Field]


def register_findings(wire: Wire, words: Words) -> list[Finding]:
    """Reachable, signed in, a case found and its fields named as the mapping does."""
    try:
        return list(_case_findings(wire, words, _some_case(wire, words)))
    except ConnectorError as error:
        return [_broken(wire, error)]


def sink_findings(wire: Wire, words: Words, names: Names) -> list[Finding]:
    """As for the register, and the right to write, room, and the document's fields."""
    try:
        place = _some_case(wire, words)
        findings = list(_case_findings(wire, words, place))
        findings += _right_findings(wire, place)
        findings += _room_findings(wire, place)
        findings += _field_findings(wire, words, names, place)
    except ConnectorError as error:
        return [_broken(wire, error)]
    return findings


def may_write_elsewhere(wire: Wire, words: Words, number: str) -> bool:
    """Whether the account may write on another case than this; False when none can be asked."""
    try:
        place = _some_case(wire, words, other_than=number)
        return place.number != number and not _missing_rights(wire, place)
    except RemoteError:
        return False


def _some_case(wire: Wire, words: Words, other_than: str = "") -> Place:
    """A case to look at: that of [check] case_number, else the first one a search gives."""
    number = words.text("check", "case_number")
    if not number or number == other_than:
        asked = {
            "CaseIdFilter": words.text("check", "case_filter"),
            "IncludeRegularCases": True,
            "IncludeOrphanedCases": False,
            "StartItemIndex": 0,
            "ItemCount": 2,
            "CustomProperties": "",
        }
        found = wire.remote.json(
            "POST", "_goapi/Cases/FindCases", _Cases, value=asked, is_read=True
        )
        try:
            numbers = case_numbers(found.ResultsXml)
        except ValueError as error:
            raise Unavailable(f"{wire.name}: {error}", system=wire.name) from error
        number = next((each for each in numbers if each != other_than), "")
    place = wire.place(number)
    if place is None:
        text = (
            f"{wire.name}: the sign-in is good, but no case is seen to check on; {READ_GRANT}, or "
            f"set [check] case_number in {words.name}"
        )
        raise Rejected(text, system=wire.name, field="case_number")
    return place


def _case_findings(wire: Wire, words: Words, place: Place) -> Iterator[Finding]:
    yield _ok(wire, f"signed in at {wire.remote.base_url}; case {place.number} is found")
    row = wire.case_row(place.number)
    if row is None:
        what = f"the metadata of case {place.number} cannot be read"
        yield Finding(level="error", system=wire.name, what=what, fix=READ_GRANT)
        return
    keys = ("status", "category", "owner", "department", "kle", "facet", "opened")
    missing = [name for key in keys if (name := words.text("case", key)) and name not in row]
    if missing:
        yield Finding(
            level="warning",
            system=wire.name,
            what=f"case {place.number} has no {', '.join(missing)}",
            fix=f"name the fields of this installation under [case] in {words.name}",
        )
    else:
        yield _ok(wire, f"the fields of [case] in {words.name} are on case {place.number}")


def _missing_rights(wire: Wire, place: Place) -> list[str]:
    path = f"{wire.site(place)}/_api/web/EffectiveBasePermissions"
    rights = whole(wire.remote.json("GET", path, _Rights).Low) or 0
    needed = ((_ADD, "add documents"), (_EDIT, "edit documents"))
    return [what for bit, what in needed if not rights & bit]


def _right_findings(wire: Wire, place: Place) -> Iterator[Finding]:
    if missing := _missing_rights(wire, place):
        what = f"the account may not {' or '.join(missing)} on case {place.number}"
        yield Finding(level="error", system=wire.name, what=what, fix=GRANT)
    else:
        what = (
            f"the account may add and edit documents on case {place.number}; to journalise and to "
            "finalise is not tried"
        )
        yield _ok(wire, what)


def _room_findings(wire: Wire, place: Place) -> Iterator[Finding]:
    try:
        usage = wire.remote.json("GET", f"{wire.site(place)}/_api/site/usage", _Usage)
    except (Denied, Gone, Rejected):
        # Only site collection administrators see it on some servers: nothing proven, nothing wrong.
        return
    used = usage.StoragePercentageUsed
    if used >= 1:
        what = f"the case site of {place.number} has no room left"
        fix = "ask the SharePoint administrators for a larger quota of the site collection"
        yield Finding(level="error", system=wire.name, what=what, fix=fix)
    elif used > 0.95:
        what = f"the case site of {place.number} is {used:.0%} full"
        yield Finding(level="warning", system=wire.name, what=what, fix="ask for a larger quota")


def _field_findings(wire: Wire, words: Words, names: Names, place: Place) -> Iterator[Finding]:
    """Which fields of the mapping the library lacks, and which it requires that are not filled."""
    library = f"{place.url}/{words.text('documents', 'library')}"
    path = (
        f"{wire.site(place)}/_api/web/GetList(@l)/Fields?$select=InternalName,Required"
        f"&@l='{quoted(library)}'"
    )
    fields = wire.remote.json("GET", path, _Fields).value
    have = {f"ows_{each.InternalName}" for each in fields}
    filled = {names.title, names.date, names.direction, names.mark, *dict(names.fixed)} - {""}
    if missing := sorted(filled - have):
        yield Finding(
            level="error" if names.mark in missing else "warning",
            system=wire.name,
            what=f"the library has no field {', '.join(missing)}",
            fix=f"name fields of this installation under [fields] in {words.name}",
        )
    required = {f"ows_{each.InternalName}" for each in fields if each.Required}
    if unfilled := sorted(required - filled - {"ows_FileLeafRef"}):
        yield Finding(
            level="warning",
            system=wire.name,
            what=f"the library requires {', '.join(unfilled)}",
            fix=f'fill it with [fields] fixed in {words.name}, such as ["{unfilled[0]}=..."]',
        )
    if not missing and not unfilled:
        yield _ok(wire, f"the fields of [fields] in {words.name} are in the library")


def _ok(wire: Wire, what: str) -> Finding:
    return Finding(level="ok", system=wire.name, what=what)


def _broken(wire: Wire, error: ConnectorError) -> Finding:
    fix = "look at the address, and whether GetOrganized answers there"
    if isinstance(error, Denied):
        fix = "look at the user and the password and whether it has expired; then " + READ_GRANT
    elif isinstance(error, Throttled):
        fix = "wait, or lower in_flight"
    elif isinstance(error, Rejected) and error.field:
        fix = "see mappings/getorganized.toml"
    elif isinstance(error, RemoteError) and error.status and error.status >= 500:
        fix = "wait until GetOrganized is up again; ask those who run it"
    return Finding(level="error", system=wire.name, what=str(error), fix=fix)
