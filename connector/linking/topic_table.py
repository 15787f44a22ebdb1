"""mappings/subjects.toml, checked and made ready: fields, their KLE numbers, and the word lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connector.errors import ConfigError
from connector.linking.topic_words import MIN_STEM, Kind, Lexicon, Mark, Phrase, fold, words_of

_LISTS = {
    "talk": ("words", "soft", "greetings"),
    "going_on": ("work", "words", "others", "answers"),
    "turning": ("strong", "soft"),
    "about": (
        "words", "leads", "asks", "plain", "mention", "negations", "with", "it", "skips", "stops",
        "little",
    ),
    "names": (
        "cues", "weak", "roles", "after", "introduce", "titles", "nobody", "ambiguous", "places",
    ),
    "title": ("generic", "streets"),
    "nothing": ("words",),
}  # fmt: skip
_MARKED = {
    ("talk", "words"): Kind.TALK,
    ("talk", "soft"): Kind.SOFT_TALK,
    ("talk", "greetings"): Kind.GREETING,
    ("going_on", "work"): Kind.WORK,
    ("turning", "strong"): Kind.TURN,
    ("turning", "soft"): Kind.SOFT_TURN,
    ("nothing", "words"): Kind.NOTHING,
}
_FIELD_KEYS = ("name", "kle", "stems", "weak", "apart", "near")
_KLE = re.compile(r"[0-9]{2}(?:\.[0-9]{2}){0,2}", re.ASCII)
_WRITTEN = re.compile(r"\w+\*?")
_SEPARATOR = re.compile(r"[,\n]")


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The compiled table. `lists` are the word lists that are sets, by "section.list".

    `kle` gives the fields of a KLE number of two, five or eight characters; `near` the fields of
    which one may speak without leaving a field.
    """

    lexicon: Lexicon
    kle: Mapping[str, frozenset[str]]
    near: Mapping[str, frozenset[str]]
    lists: Mapping[str, frozenset[str]]


class _Words:
    """Collects entries, and what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._marks: dict[tuple[str, ...], Mark] = {}

    def add(self, where: str, entry: str, mark: Mark) -> None:
        words, goes_on = _parse(entry)
        fault = _fault(words, goes_on=goes_on)
        if fault:
            self.problems.append(f"subjects: {where}: {entry!r} {fault}")
            return
        key = words if len(words) > 1 or not goes_on else (*words, "*")
        there = self._marks.get(key)
        if there is not None and (there.kind is not mark.kind or there.apart != mark.apart):
            self.problems.append(
                f"subjects: {where}: {entry!r} is listed as {_shown(there)} already"
            )
            return
        self._marks[key] = mark if there is None else _joined(there, mark)

    def lexicon(self, streets: Iterable[str]) -> Lexicon:
        exact = {words[0]: mark for words, mark in self._marks.items() if len(words) == 1}
        stems = {w[0]: mark for w, mark in self._marks.items() if len(w) == 2 and w[1] == "*"}
        several = [(words, mark) for words, mark in self._marks.items() if len(words) > 1]
        phrases: list[Phrase] = [each for each in several if each[0][1] != "*"]
        return Lexicon(exact, stems, phrases, streets)


def compile_table(*tables: Mapping[str, Any]) -> Table:
    """One table, or the program's own and what a site adds to it; lists are joined.

    Raises ConfigError with every problem at once.
    """
    words = _Words()
    fields: dict[str, list[Mapping[str, Any]]] = {}
    lists: dict[str, set[str]] = {f"{s}.{n}": set() for s, names in _LISTS.items() for n in names}
    for table in tables:
        words.problems += _section_faults(table)
        for name, row in _rows(table):
            fields.setdefault(name, []).append(row)
        for section, name, entries in _all_lists(table):
            _take_list(words, lists, section, name, entries)
    if not fields:
        words.problems.append("subjects: there is no [field.NAME] in the table")
    near: dict[str, frozenset[str]] = {}
    kle: dict[str, frozenset[str]] = {}
    for name, rows in fields.items():
        for row in rows:
            _take_field(words, name, row)
            for number in _entries(row.get("kle")):
                if _KLE.fullmatch(number):
                    kle[number] = kle.get(number, frozenset()) | {name}
                else:
                    words.problems.append(f"subjects: field {name}: {number!r} is no KLE number")
            others = _entries(row.get("near"))
            words.problems += [
                f"subjects: field {name}: near names {other!r}, which is no field"
                for other in others
                if other not in fields
            ]
            near[name] = near.get(name, frozenset()).union(others)
    if words.problems:
        raise ConfigError(words.problems)
    return Table(
        lexicon=words.lexicon(sorted(lists["title.streets"])),
        kle=kle,
        near=_both_ways(near),
        lists={name: frozenset(entries) for name, entries in lists.items()},
    )


def _both_ways(near: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {
        name: others.union(other for other, theirs in near.items() if name in theirs)
        for name, others in near.items()
    }


def _rows(table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = table.get("field", {})
    if isinstance(rows, Mapping):
        for name, row in rows.items():
            if isinstance(row, Mapping):
                yield name, row


def _all_lists(table: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[str]]]:
    for section, names in _LISTS.items():
        rows = table.get(section, {})
        if isinstance(rows, Mapping):
            for name in names:
                if name in rows:
                    yield section, name, _entries(rows[name])


def _take_list(
    words: _Words, lists: dict[str, set[str]], section: str, name: str, entries: Sequence[str]
) -> None:
    kind = _MARKED.get((section, name))
    for entry in entries:
        if kind is not None:
            words.add(f"{section}.{name}", entry, Mark(kind))
            continue
        found, _ = _parse(entry)
        if len(found) == 1:
            lists[f"{section}.{name}"].add(found[0])
        else:
            words.problems.append(f"subjects: {section}.{name}: {entry!r} must be one word")


def _take_field(words: _Words, name: str, row: Mapping[str, Any]) -> None:
    where = f"field {name}"
    for entry in _entries(row.get("stems")):
        words.add(where, entry, Mark(Kind.FIELD, strong=(name,)))
    for entry in _entries(row.get("weak")):
        words.add(where, entry, Mark(Kind.FIELD, weak=(name,)))
    for thing in _entries(row.get("apart")):
        spellings = [each.strip() for each in thing.split("/")]
        for entry in spellings:
            words.add(where, entry, Mark(Kind.FIELD, strong=(name,), apart=fold(spellings[0])))
    if not _entries(row.get("stems")) and not _entries(row.get("apart")):
        words.problems.append(f"subjects: {where} has no stems, so no text would ever speak of it")


def _section_faults(table: Mapping[str, Any]) -> Iterator[str]:
    for section, rows in table.items():
        if section != "field" and section not in _LISTS:
            yield f"subjects: unknown section [{section}]"
        elif not isinstance(rows, Mapping):
            yield f"subjects: [{section}] must be a section with lists in it"
        elif section == "field":
            for name, row in rows.items():
                yield from _value_faults(f"field {name}", row, _FIELD_KEYS)
        else:
            yield from _value_faults(section, rows, _LISTS[section])


def _value_faults(where: str, row: object, known: Sequence[str]) -> Iterator[str]:
    if not isinstance(row, Mapping):
        yield f"subjects: {where} must be a section"
        return
    for key, value in row.items():
        if key not in known:
            yield f"subjects: {where}: unknown setting {key!r}"
        elif not isinstance(value, str) and not (
            isinstance(value, list) and all(isinstance(each, str) for each in value)
        ):
            yield f"subjects: {where}: {key} must be text with commas, or a list of texts"


def _entries(value: object) -> tuple[str, ...]:
    """The entries of a list, or of one text with commas or line breaks between them."""
    if isinstance(value, list):
        pieces = [each for each in value if isinstance(each, str)]
    else:
        pieces = _SEPARATOR.split(value) if isinstance(value, str) else []
    return tuple(dict.fromkeys(stripped for each in pieces if (stripped := each.strip())))


def _parse(entry: str) -> tuple[tuple[str, ...], bool]:
    """An entry's folded words, and whether its one word may go on."""
    words = tuple(
        word + ("*" if written.endswith("*") else "")
        for written in _WRITTEN.findall(entry)
        for word in words_of(written)
    )
    if len(words) == 1:
        return (words[0].rstrip("*"),), not entry.lstrip().startswith("=")
    return words, False


def _fault(words: tuple[str, ...], *, goes_on: bool) -> str:
    if not words:
        return "holds no word"
    if goes_on and len(words[0]) < MIN_STEM:
        return f"is shorter than {MIN_STEM} letters; write ={words[0]} for the word alone"
    if len(words) > 1 and words[0].endswith("*"):
        return "has a star at its first word; write each form out"
    return ""


def _joined(one: Mark, other: Mark) -> Mark:
    strong = tuple(dict.fromkeys((*one.strong, *other.strong)))
    weak = tuple(dict.fromkeys(w for w in (*one.weak, *other.weak) if w not in strong))
    return Mark(one.kind, strong, weak, one.apart)


def _shown(mark: Mark) -> str:
    fields = ", ".join((*mark.strong, *mark.weak))
    return f"{mark.kind} ({fields})" if fields else str(mark.kind)
