"""Raises when an item, a case or a label cannot be: run by make.py on everything it writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

RULES = {str(number) for number in range(1, 19)} | {"none"}
KINDS = {"chat", "call", "voicemail", "missed_call", "meeting"}
ROLES = {"from", "to", "transferred_to", "organizer", "attendee"}

Item = dict[str, Any]
Row = dict[str, str]


def _open(row: Row, day: str) -> bool:
    """Open on the day, whatever the register says today."""
    return row["opened"] <= day and (not row["closed"] or row["closed"] > day)


def _outside(item: Item) -> tuple[set[str], set[str]]:
    """Telephones (E.164 or masked) and mail addresses of people from outside."""
    people = [person for person in item["participants"] if "upn" not in person]
    return {p["phone"] for p in people if "phone" in p}, {p["mail"] for p in people if "mail" in p}


def _fits(phone: str, row: Row) -> bool:
    """True when a whole or masked telephone is one of the party's."""
    known = [number for number in row["party_phone"].split("|") if number]
    if phone.endswith("***"):
        return phone[:-3] in {number[:-3] for number in known}
    return phone in known


def _of_caller(item: Item, rows: Sequence[Row]) -> list[Row]:
    """Open cases whose party is in the item by telephone or mail."""
    phones, mails = _outside(item)
    day = item["started"][:10]

    def speaks(row: Row) -> bool:
        return any(_fits(p, row) for p in phones) or bool(
            mails & set(row["party_email"].split("|"))
        )

    return [row for row in rows if _open(row, day) and speaks(row)]


def _says_who(item: Item, row: Row) -> bool:
    return row["caseworker_upn"] in {person.get("upn") for person in item["participants"]}


def _label(item: Item, rows: dict[str, Row], seen: list[Item]) -> str:
    """What is wrong with the label, or nothing."""
    case, link, rule = (item["expected"][key] for key in ("case", "link", "rule"))
    row = rows[case] if case else None
    if rule not in RULES or (link and not row) or (rule == "none" and case):
        return "the label contradicts itself"
    if row is None:
        return _no_case(item, list(rows.values()))
    if link and not _open(row, item["started"][:10]):
        return "linked to a case that was not open"
    restricted = row["access"] == "restricted"
    if link and (restricted != (rule == "7") or (restricted and not _says_who(item, row))):
        return "restricted without rule 7 and its caseworker, or rule 7 without restriction"
    return _by_rule(item, row, list(rows.values()), seen) if link else ""


def _no_case(item: Item, rows: list[Row]) -> str:
    """A silent item without a case must not be one that rule 2 or 3 links."""
    mine = [row for row in _of_caller(item, rows) if _says_who(item, row)]
    silent = not item["text"] and not item["subject"]
    linkable = silent and len(mine) == 1 and item["expected"]["rule"] not in {"7", "13", "14"}
    return "rule 2 or 3 would give a case" if linkable else ""


def _by_rule(item: Item, row: Row, rows: list[Row], seen: list[Item]) -> str:
    """What the rule of a linked item asks for and does not find."""
    rule = item["expected"]["rule"]
    found = _of_caller(item, rows)
    if rule in {"2", "8"}:
        mine = [r for r in found if _says_who(item, r)]
        if row not in mine or (len(mine) > 1 and not item["text"]):
            return "not the caller's one open case with its caseworker"
    if rule == "3" and found != [row] and not _called_before(item, row, seen):
        return "the five digits do not lead to one open case"
    if rule == "4" and not (_says_who(item, row) and _named(item, row)):
        return "the relayed name and telephone are not the party's"
    if rule == "5":
        return _thread(item, seen)
    if rule == "6" and "fortsættelse af" not in row["title"]:
        return "continues nothing"
    return ""


def _when(item: Item) -> datetime:
    return datetime.fromisoformat(item["started"])


def _named(item: Item, row: Row) -> bool:
    digits = "".join(sign for sign in item["text"] if sign.isdigit())
    people = zip(row["party_name"].split("|"), row["party_phone"].split("|"), strict=False)
    said = item["text"].casefold()
    return any(name.casefold() in said and phone[3:] in digits for name, phone in people)


def _called_before(item: Item, row: Row, seen: list[Item]) -> bool:
    """True when a linked voicemail from the same digits came within two hours before."""
    phones, _ = _outside(item)
    return _says_who(item, row) and any(
        other["kind"] == "voicemail"
        and other["expected"]["link"]
        and other["expected"]["case"] == row["number"]
        and _outside(other)[0] == phones
        and _when(item) - _when(other) <= timedelta(hours=2)
        for other in seen
    )


def _thread(item: Item, seen: list[Item]) -> str:
    """Rule 5: the last linked message is at most a day old, and the thread knows one case."""
    linked = [o for o in seen if o["thread_id"] == item["thread_id"] and o["expected"]["link"]]
    if not linked or {o["expected"]["case"] for o in linked} != {item["expected"]["case"]}:
        return "the thread has not dealt with just this case"
    quiet = _when(item) - _when(linked[-1])
    return "" if quiet <= timedelta(hours=24) else "the thread was quiet too long"


def _twice(names: Iterable[str], what: str) -> list[str]:
    return [f"{what} twice: {name}" for name, count in Counter(names).items() if count > 1]


def _shape(item: Item) -> str:
    """What is wrong with the fields, or nothing."""
    people = item["participants"]
    masked = any(person.get("phone", "").endswith("***") for person in people)
    if item["kind"] not in KINDS or not people or {p["role"] for p in people} - ROLES:
        return "kind or role unknown"
    if masked != item["masked"] or not all(p.get("phone", "+45").startswith("+45") for p in people):
        return "a telephone is not E.164, or masked is wrong"
    if item["kind"] == "chat" and not (item["text"] and item["thread_id"]):
        return "a chat without text or thread"
    return ""


def check(items: Sequence[Item], rows: Sequence[Row]) -> None:
    """Raises ValueError naming every item or case that cannot be right."""
    known = {row["number"]: row for row in rows}
    wrong = _twice((row["number"] for row in rows), "case")
    wrong += _twice((item["id"] for item in items), "id")
    halfway = [row["number"] for row in rows if bool(row["closed"]) != (row["status"] == "closed")]
    wrong += [f"{number}: closed and status disagree" for number in halfway]
    if [_when(item) for item in items] != sorted(_when(item) for item in items):
        wrong.append("items are not in order of time")
    for place, item in enumerate(items):
        case = item["expected"]["case"]
        problem = "expects a case that the register lacks" if case and case not in known else ""
        problem = problem or _shape(item) or _label(item, known, list(items[:place]))
        if problem:
            wrong.append(f"{item['id']}: {problem}")
    if wrong:
        raise ValueError("\n".join(wrong))
