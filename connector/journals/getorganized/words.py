"""mappings/getorganized.toml: its rows, and what the adapter makes of them."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from connector.errors import ConfigError
from connector.journaling.words import Row, Words

KIND = "getorganized"
DIRECTIONS = ("inbound", "outbound", "internal", "unknown")

WORDS: tuple[Row, ...] = (
    Row("connection", "sign_in", "choice", "ntlm", choices=("ntlm", "basic")),
    Row("documents", "library", "text", "Dokumenter"),
    Row("documents", "bytes", "choice", "numbers", choices=("numbers", "base64")),
    Row("documents", "direct_bytes", "integer", 10 << 20, low=1, high=1 << 30),
    Row("documents", "part_bytes", "integer", 10 << 20, low=1, high=1 << 30),
    Row("documents", "most_bytes", "integer", 250 << 20, low=1, high=1 << 40),
    Row("documents", "index_tries", "integer", 6, low=1, high=100),
    Row("documents", "index_wait_s", "integer", 5, low=0, high=120),
    Row("documents", "filter_by_name", "flag", True),
    Row("finish", "mark_as_record", "flag", True),
    Row("finish", "finalize", "choice", "multiple", choices=("multiple", "single", "no")),
    Row("fields", "title", "text", "ows_Title"),
    Row("fields", "date", "text", "ows_Dato"),
    Row("fields", "direction", "text", "ows_Korrespondance"),
    Row("fields", "mark", "text", "ows_Beskrivelse"),
    Row("fields", "fixed", "list", ()),
    Row("fields", "title_limit", "integer", 255, low=150, high=255),
    Row("fields", "date_on_adding", "text", "%d-%m-%Y"),
    Row("fields", "date_on_changing", "text", "%m-%d-%Y"),
    Row("directions", "", "text", "", each=DIRECTIONS),
    Row("state", "record", "text", "ows_CaseRecordNumber"),
    Row("state", "final", "text", "ows_Finalized"),
    Row("case", "status", "text", "ows_CaseStatus"),
    Row("case", "open_values", "list", ("Åben",)),
    Row("case", "category", "text", "ows_CaseCategory"),
    Row("case", "open_categories", "list", ("Åben for alle",)),
    Row("case", "owner", "text", "ows_CaseOwner"),
    Row("case", "caseworker", "template", "", placeholders=("login", "name")),
    Row("case", "department", "text", "ows_Afdeling"),
    Row("case", "kle", "text", "ows_KLENummer"),
    Row("case", "facet", "text", "ows_Facet"),
    Row("case", "opened", "text", "ows_Modtaget"),
    Row("case", "closed", "text", "ows_Lukket"),
    Row("case", "contact", "text", "ows_CCMContactData"),
    Row("case", "url_start", "text", ""),
    Row("errors", "closed", "list", ("sagen er lukket", "case is closed")),
    Row("errors", "locked", "list", ("låst", "is locked", "checked out", "tjekket ud")),
    Row("errors", "full", "list", ("storage quota", "lagerkvote", "0x80070070")),
    Row("check", "case_filter", "text", "*"),
    Row("check", "case_number", "text", ""),
)

_FIELD = re.compile(r"ows_[A-Za-z0-9_]+")


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The document's fields. `mark` may be the title's: then the mark stands at its end."""

    title: str
    date: str
    direction: str
    mark: str
    fixed: tuple[tuple[str, str], ...]
    title_limit: int
    record: str
    final: str


def names_of(words: Words) -> Names:
    """The fields of [fields] and [state]. Raises ConfigError with everything that is wrong."""
    problems = []
    for section, keys in (
        ("fields", ("title", "date", "direction", "mark")),
        ("state", ("record", "final")),
    ):
        for key in keys:
            name = words.text(section, key)
            is_optional = key in ("date", "direction")
            if not _FIELD.fullmatch(name) and not (is_optional and not name):
                problems.append(
                    f'{words.name}: [{section}] {key}: "{name}" is not like "ows_Title"'
                )
    for section, key in (("case", "status"), ("documents", "library")):
        if not words.text(section, key).strip():
            problems.append(f"{words.name}: [{section}] {key}: may not be empty")
    if not any(words.list("case", "open_values")):
        problems.append(f"{words.name}: [case] open_values: empty, so every case is closed")
    fixed = []
    for pair in words.list("fields", "fixed"):
        name, is_pair, value = pair.partition("=")
        if not is_pair or not _FIELD.fullmatch(name):
            problems.append(f'{words.name}: [fields] fixed: "{pair}" is not like "ows_Art=Notat"')
        fixed.append((name, value))
    problems += [
        f"{words.name}: [fields] {key}: must hold %d, %m and %Y"
        for key in ("date_on_adding", "date_on_changing")
        if not _is_date_pattern(words.text("fields", key))
    ]
    if problems:
        raise ConfigError(problems)
    return Names(
        title=words.text("fields", "title"),
        date=words.text("fields", "date"),
        direction=words.text("fields", "direction"),
        mark=words.text("fields", "mark"),
        fixed=tuple(fixed),
        title_limit=words.number("fields", "title_limit"),
        record=words.text("state", "record"),
        final=words.text("state", "final"),
    )


def _is_date_pattern(pattern: str) -> bool:
    day = datetime(2026, 11, 20)  # noqa: DTZ001  only its day is written
    try:
        return all(part in day.strftime(pattern) for part in ("20", "11", "2026"))
    except ValueError:
        return False
