"""The sections of an article: read, checked, and which of them a reader may see. No Plone here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

CITIZEN, STAFF, UNIT = "citizen", "staff", "unit"
AUDIENCES = (CITIZEN, STAFF, UNIT)
MOST_CHARACTERS = 2_000_000
_NAMES = ("key", "heading", "html", "audience", "unit")


class NoParts(ValueError):
    """Text that is no list of sections; says which one and why."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One section. `html` begins with its heading; `unit` is a group's id or title."""

    key: str
    heading: str = ""
    html: str = ""
    audience: str = CITIZEN
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What decides over what somebody may see. `units` are in lower case."""

    is_staff: bool = False
    is_editor: bool = False
    units: frozenset[str] = frozenset()


EVERYBODY = Reader()


def parse_parts(text: str | None) -> tuple[Part, ...]:
    """The sections of a JSON list. Raises NoParts."""
    if not text:
        return ()
    if len(text) > MOST_CHARACTERS:
        raise NoParts(f"the sections are longer than {MOST_CHARACTERS} characters")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoParts(f"the sections are no JSON: {error}") from error
    if not isinstance(found, list):
        raise NoParts("the sections are no list")
    parts = tuple(_parse_part(number, each) for number, each in enumerate(found, 1))
    keys = [part.key for part in parts]
    for key in keys:
        if keys.count(key) > 1:
            raise NoParts(f"two sections have the key {key!r}")
    return parts


def _parse_part(number: int, each: object) -> Part:
    if not isinstance(each, dict) or not isinstance(each.get("key"), str):
        raise NoParts(f"section {number} is no object with a key")
    said = {name: each.get(name, "") for name in _NAMES}
    said["audience"] = each.get("audience", CITIZEN)
    for name, value in said.items():
        if not isinstance(value, str):
            raise NoParts(f"section {number}: {name} is no text")
    # An audience that is not known is refused rather than taken for everybody.
    if said["audience"] not in AUDIENCES:
        raise NoParts(f"section {number}: audience is none of {', '.join(AUDIENCES)}")
    if (said["audience"] == UNIT) != bool(said["unit"].strip()):
        raise NoParts(f"section {number}: a unit is named where audience is unit, and only there")
    return Part(**said)


def write_parts(parts: Iterable[Part]) -> str:
    """The JSON list that `parse_parts` reads."""
    return json.dumps([asdict(part) for part in parts], ensure_ascii=False)


def seen_by(reader: Reader, parts: Iterable[Part]) -> tuple[Part, ...]:
    """The sections that this reader may see."""
    return tuple(part for part in parts if may_see(reader, part))


def may_see(reader: Reader, part: Part) -> bool:
    """Whether this reader may see this section."""
    if reader.is_editor or part.audience == CITIZEN:
        return True
    if not reader.is_staff:
        return False
    return part.audience == STAFF or part.unit.strip().casefold() in reader.units


def units_of(names: Collection[str]) -> frozenset[str]:
    """Names of groups as `Reader.units` has them."""
    return frozenset(name.strip().casefold() for name in names if name.strip())
