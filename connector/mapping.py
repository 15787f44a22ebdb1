"""How an entry reads in a journal: its title, its words and its times, in Danish or English.

The words are data (mappings/entry.toml), checked as a whole when they are loaded. Pure: the caller
reads the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connector.errors import ConfigError, Rejected
from connector.model import About, Direction, Entry

LANGUAGES = ("da", "en")
COMMUNICATIONS = ("conversation", "call", "missed_call", "voicemail")
KINDS = (*COMMUNICATIONS, "note")
SPOKEN = ("call", "missed_call", "voicemail")  # a note about one of these is a telephone note
TITLE_PARTS = ("kind", "direction", "when", "day", "duration", "messages", "about")
ROLES = (
    "from", "to", "organizer", "attendee", "caller", "callee", "other", "user", "queue",
    "attendant", "voicemail", "phone", "service", "bot", "audio", "image", "file", "quote",
    "card", "author",
)  # fmt: skip
RULES = (
    "number", "thread", "phone", "mail", "masked", "continuation", "slip", "call-back", "relayed",
    "name", "person", "note",
)  # fmt: skip
PLACES = (
    "subject", "text", "transcript", "thread", "phone", "quoted", "person", "mail", "link", "file",
    "register",
)  # fmt: skip
NOTES = (
    "case not open that day", "not in the register", "one character apart", "spoken",
    "letters read as digits", "its caseworker takes no part",
    "a colleague of its department takes part", "not plainly about the case",
    "earlier", "mentioned", "example", "foreign", "negated",
)  # fmt: skip
TEXTS = (
    "facts", "kind", "direction", "case", "started", "ended", "zone", "duration", "parties",
    "linked", "linked_by", "found", "version", "follows", "key", "hash", "written",
    "conversation", "time", "who", "message", "edited", "earlier_text",
    "earlier_unread",
    "deleted", "deleted_by", "deleted_text", "attached", "transcript", "transcript_note",
    "transcript_none", "audio", "audio_none", "legs", "leg", "from_time", "to_time",
    "answered", "yes", "no", "failure", "to_voicemail", "files", "file", "original_name",
    "size", "file_missing", "missing", "note", "note_hint", "void", "void_text",
    "void_reason", "void_previous", "unknown_person", "withheld", "masked", "one_message",
    "many_messages", "correction", "hours", "minutes", "seconds", "decimal_point",
    "clock_point", "made_by", "not_given", "offset_note", "automatic", "subject",
    "phone_note", "about", "written_note",
)  # fmt: skip
_SECTIONS: dict[str, tuple[str, ...]] = {
    "kinds": KINDS,
    "directions": tuple(Direction),
    "roles": ROLES,
    "rules": RULES,
    "places": PLACES,
    "notes": NOTES,
    "texts": TEXTS,
}
_FILE_NAME = re.compile(r"[a-z0-9]{1,20}")
_DATE_LENGTHS = {"weekdays": 7, "months": 12}
_PLACEHOLDERS = {
    "many_messages": "{count}",
    "correction": "{version}",
    "linked_by": "{who}",
}


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one language. Made by `load`, which has checked that all of them are there."""

    language: str
    words: dict[str, dict[str, str]]
    titles: dict[str, tuple[str, ...]]
    file_names: dict[str, str]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]

    def title(self, entry: Entry) -> str:
        """A short subject line: what, which way, when, how long. No text, name or number.

        "Telefonsamtale, indgående, 20-11-2026 14.12, 3 min 20 s"
        """
        zone = find_zone(entry.time_zone)
        lines = sum(1 for line in entry.lines if line.deleted_at is None)
        duration_s = entry.duration_s if entry.duration_s else 0
        values = {
            "kind": self.kind_of(entry),
            "direction": self.direction(entry.direction),
            "when": self.short(entry.started_at, zone),
            "day": self.short_day(entry.local_day),
            "duration": self.duration(duration_s) if duration_s else "",
            "messages": self.messages(lines) if lines else "",
            "about": self.about(entry.about, zone).lower() if entry.about else "",
        }
        parts = [values[part] for part in self.titles[entry.kind] if values[part]]
        if entry.version > 1:
            parts.append(self.text("correction").format(version=entry.version))
        title = ", ".join(parts)
        return f"{self.text('void')}: {title}" if entry.is_void else title

    def text(self, key: str) -> str:
        """A word or sentence of the transcript."""
        return self.words["texts"][key]

    def kind(self, kind: str) -> str:
        """What a kind of entry is called."""
        return self.words["kinds"][kind]

    def kind_of(self, entry: Entry) -> str:
        """What an entry is called: a note about a call is a telephone note."""
        if entry.about is not None and entry.about.kind in SPOKEN:
            return self.text("phone_note")
        return self.kind(entry.kind)

    def about(self, about: About, zone: ZoneInfo) -> str:
        """What a note is about: "Telefonsamtale 20-11-2026 14.12", "Chat 20-11-2026"."""
        if about.kind == "conversation":
            return f"{self.kind(about.kind)} {self.short_day(about.local_day)}"
        return f"{self.kind(about.kind)} {self.short(about.started_at, zone)}"

    def direction(self, direction: str) -> str:
        """Which way, in words; "" when it is not known."""
        return self.words["directions"].get(direction, "")

    def role(self, role: str) -> str:
        """What a party, leg or file is; a role we have no word for is shown as it is."""
        return self.words["roles"].get(role, role)

    def rule(self, rule: str) -> str:
        """Why something stands on a case; another rule's name is shown as it is."""
        return self.words["rules"].get(rule, rule)

    def linked_by(self, entry: Entry) -> str:
        """Who put an entry on the case: "automatically" with the rule, or "by" a person.

        The rule is left out where the evidence, which is shown below, tells it better.
        """
        if not entry.linked_by.startswith("rule "):
            return self.text("linked_by").format(who=entry.linked_by)
        if entry.evidence:
            return self.text("automatic")
        return f"{self.text('automatic')}: {self.rule(entry.linked_by.removeprefix('rule '))}"

    def note(self, note: str) -> str:
        """What is said of a piece of evidence; words we have none for are shown as they are."""
        known = self.words["notes"]
        return ", ".join(known.get(each, each) for each in note.split(", "))

    def place(self, place: str) -> str:
        """Where evidence was found."""
        return self.words["places"].get(place, place)

    def file_name(self, kind: str) -> str:
        """The word of a kind in a file name: a-z and 0-9 only."""
        return self.file_names[kind]

    def messages(self, count: int) -> str:
        """ "1 besked", "12 beskeder"."""
        if count == 1:
            return self.text("one_message")
        return self.text("many_messages").format(count=count)

    def long(self, moment: datetime, zone: ZoneInfo) -> str:
        """ "fredag den 20. november 2026 kl. 14.12" or "Friday 20 November 2026 at 14:12"."""
        there = moment.astimezone(zone)
        weekday, month = self.weekdays[there.weekday()], self.months[there.month - 1]
        clock = self.clock(moment, zone)
        if self.language == "da":
            return f"{weekday} den {there.day}. {month} {there.year} kl. {clock}"
        return f"{weekday} {there.day} {month} {there.year} at {clock}"

    def short(self, moment: datetime, zone: ZoneInfo) -> str:
        """ "20-11-2026 14.12" or "2026-11-20 14:12"."""
        return f"{self.short_day(moment.astimezone(zone).date())} {self.clock(moment, zone)}"

    def short_day(self, day: date) -> str:
        """ "20-11-2026" or "2026-11-20"."""
        return day.strftime("%d-%m-%Y") if self.language == "da" else day.isoformat()

    def clock(self, moment: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
        """ "14.12" or "14:12" there; in the hour that comes twice in autumn with its UTC offset."""
        there = moment.astimezone(zone)
        point = self.text("clock_point")
        text = there.strftime(f"%H{point}%M{point}%S" if seconds else f"%H{point}%M")
        return f"{text} ({offset(moment, zone)})" if is_shown_twice(there) else text

    def duration(self, duration_s: int) -> str:
        """ "3 min 20 s", "1 t 2 min 0 s"; "0 s" for nothing."""
        hours, rest = divmod(max(0, duration_s), 3600)
        minutes, seconds = divmod(rest, 60)
        parts = [f"{seconds} {self.text('seconds')}"]
        if hours or minutes:
            parts.insert(0, f"{minutes} {self.text('minutes')}")
        if hours:
            parts.insert(0, f"{hours} {self.text('hours')}")
        return " ".join(parts)

    def size(self, size_bytes: int) -> str:
        """ "12,3 kB", "1,0 MB"; below 1,000 bytes exactly."""
        if size_bytes < 1000:
            return f"{size_bytes} B"
        scaled, unit = (
            (size_bytes / 1e3, "kB") if size_bytes < 999_950 else (size_bytes / 1e6, "MB")
        )
        return f"{scaled:.1f} {unit}".replace(".", self.text("decimal_point"))


def local(moment: datetime, zone: str) -> datetime:
    """The moment on the clocks of a place, daylight saving included. Rejected as `find_zone`."""
    return moment.astimezone(find_zone(zone))


def offset(moment: datetime, zone: ZoneInfo) -> str:
    """ "UTC+01:00"."""
    difference = moment.astimezone(zone).utcoffset() or timedelta()
    minutes = int(difference.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def is_shown_twice(there: datetime) -> bool:
    """Whether clocks show this time twice: in the hour that is repeated in autumn."""
    twin = there.replace(fold=1 - there.fold)
    return twin.utcoffset() != there.utcoffset() and is_real(twin)


def is_real(there: datetime) -> bool:
    """Whether clocks ever show this: not so for the hour that is skipped in spring."""
    utc = there.astimezone(ZoneInfo("UTC"))
    return utc.astimezone(there.tzinfo).replace(tzinfo=None) == there.replace(tzinfo=None)


def find_zone(name: str) -> ZoneInfo:
    """The IANA time zone of this name. Raises Rejected with field "time_zone"."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        text = f'"{name}" is no time zone that is known here; use a name such as Europe/Copenhagen'
        raise Rejected(text, field="time_zone") from error


def load(table: Table[str, Any], language: str) -> Mapping:
    """Check the table of mappings/entry.toml and take the words of one language, "da" or "en".

    Raises ConfigError with one sentence for every missing, unknown or unusable word.
    """
    problems: list[str] = []
    if language not in LANGUAGES:
        problems.append(f'the language "{language}" is not known; use da or en')
    problems += _problems(table)
    if problems:
        raise ConfigError([f"mappings/entry.toml: {problem}" for problem in problems])
    return Mapping(
        language=language,
        words={
            section: {key: str(table[section][key][language]) for key in keys}
            for section, keys in _SECTIONS.items()
        },
        titles={kind: tuple(table["titles"][kind]) for kind in KINDS},
        file_names={kind: table["kinds"][kind][f"file_{language}"] for kind in KINDS},
        weekdays=tuple(table["dates"]["weekdays"][language]),
        months=tuple(table["dates"]["months"][language]),
    )


def _problems(table: Table[str, Any]) -> list[str]:
    problems = [
        f"[{name}] is not known" for name in table if name not in {*_SECTIONS, "titles", "dates"}
    ]
    for section, keys in _SECTIONS.items():
        problems += _section_problems(section, table.get(section), keys)
    problems += _title_problems(table.get("titles"))
    problems += _date_problems(table.get("dates"))
    return problems


def _section_problems(section: str, words: object, keys: tuple[str, ...]) -> list[str]:
    if not isinstance(words, dict):
        return [f"[{section}] is missing"]
    problems = [f"[{section}] {key} is not known" for key in words if key not in keys]
    languages = (*LANGUAGES, "file_da", "file_en") if section == "kinds" else LANGUAGES
    for key in keys:
        texts = words.get(key)
        for language in languages:
            text = texts.get(language) if isinstance(texts, dict) else None
            if not isinstance(text, str) or not (text or section == "directions"):
                problems.append(f"[{section}] {key} has no {language}")
            elif language.startswith("file_") and not _FILE_NAME.fullmatch(text):
                problems.append(f"[{section}] {key}: {language} may hold a-z and 0-9 only")
            elif section == "texts" and _PLACEHOLDERS.get(key, "") not in text:
                problems.append(f"[{section}] {key}: {language} must hold {_PLACEHOLDERS[key]}")
            elif section == "texts" and _has_stray_brace(text, _PLACEHOLDERS.get(key, "")):
                problems.append(f"[{section}] {key}: {language} holds a brace that means nothing")
    return problems


def _has_stray_brace(text: str, placeholder: str) -> bool:
    rest = text.replace(placeholder, "") if placeholder else text
    return "{" in rest or "}" in rest


def _title_problems(titles: object) -> list[str]:
    if not isinstance(titles, dict):
        return ["[titles] is missing"]
    problems = [f"[titles] {kind} is not known" for kind in titles if kind not in KINDS]
    for kind in KINDS:
        parts = titles.get(kind)
        if not isinstance(parts, list) or not parts:
            problems.append(f"[titles] {kind} has no list of parts")
            continue
        problems += [
            f'[titles] {kind}: "{part}" is not known; use {", ".join(TITLE_PARTS)}'
            for part in parts
            if part not in TITLE_PARTS
        ]
    return problems


def _date_problems(dates: object) -> list[str]:
    if not isinstance(dates, dict):
        return ["[dates] is missing"]
    problems = [f"[dates] {key} is not known" for key in dates if key not in _DATE_LENGTHS]
    for key, length in _DATE_LENGTHS.items():
        names = dates.get(key)
        for language in LANGUAGES:
            listed = names.get(language) if isinstance(names, dict) else None
            if not isinstance(listed, list) or len(listed) != length:
                problems.append(f"[dates] {key}: {language} must hold {length} names")
            elif not all(isinstance(name, str) and name for name in listed):
                problems.append(f"[dates] {key}: {language} holds something that is no name")
    return problems
