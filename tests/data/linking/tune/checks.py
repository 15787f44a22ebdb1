"""What must be true of the labels. Nothing here knows how a linker works."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from register import STAFF
from spelling import one_off

Item = dict[str, Any]
Row = dict[str, str]
ANY_NUMBER = re.compile(r"\d\d\.\d\d\.\d\d-[A-Z]\d\d-\d{1,4}-\d\d(?!\d)")
KINDS = {"chat", "call", "voicemail", "missed_call", "meeting"}
FIELDS = ["id", "kind", "started", "direction", "participants", "subject", "text", "thread_id"]
FIELDS += ["masked", "expected"]
RULES = {str(n) for n in range(1, 19)} | {"none"}


def register_faults(rows: list[Row]) -> list[str]:
    """Faults of the register: numbers twice, dates and status that disagree, unknown staff."""
    faults = []
    if len({row["number"] for row in rows}) != len(rows):
        faults.append("two cases have one number")
    for row in rows:
        if (row["status"] == "closed") != bool(row["closed"]) or not row["opened"]:
            faults.append(f"{row['number']}: dates and status")
        if row["closed"] and row["closed"] < row["opened"]:
            faults.append(f"{row['number']}: closed before it was opened")
        if row["caseworker_upn"].split("@")[0] not in STAFF:
            faults.append(f"{row['number']}: caseworker")
    return faults


def item_faults(items: list[Item], rows: list[Row]) -> list[str]:
    """Faults of the items, each with the id it belongs to."""
    cases = {row["number"]: row for row in rows}
    faults = []
    if len({item["id"] for item in items}) != len(items):
        faults.append("two items have one id")
    if [i["started"] for i in items] != sorted(i["started"] for i in items):
        faults.append("not in order of time")
    for at, item in enumerate(items):
        found = _form(item) + _label(item, cases) + _rule(item, cases, items[:at])
        faults += [f"{item['id']} (rule {item['expected']['rule']}): {what}" for what in found]
    return faults


def is_open(row: Row, item: Item) -> bool:
    """Whether the case was open on the day of the item."""
    day = item["started"][:10]
    return row["opened"] < day and (not row["closed"] or day < row["closed"])


def _form(item: Item) -> list[str]:
    faults = []
    if list(item) != FIELDS or item["kind"] not in KINDS or item["expected"]["rule"] not in RULES:
        faults.append("fields, kind or rule")
    if item["masked"] != any(p.endswith("***") for p in _phones(item)):
        faults.append("masked")
    return faults


def _label(item: Item, cases: dict[str, Row]) -> list[str]:
    number, link, rule = (item["expected"][key] for key in ("case", "link", "rule"))
    if number is None:
        return ["linked to nothing"] if link else []
    if number not in cases:
        return [f"{number} is not in the register"]
    faults = []
    if link and not is_open(cases[number], item):
        faults.append(f"{number} was not open")
    if (rule == "15") != (item["started"][:10] < cases[number]["opened"]):
        faults.append(f"{number}: the day it was opened")
    if link and rule in {"2", "4", "7", "8"} and not _takes_part(cases[number], item):
        faults.append(f"the caseworker of {number} takes no part")
    if cases[number]["access"] and rule != "7":
        faults.append(f"{number} is restricted")
    return faults


def _rule(item: Item, cases: dict[str, Row], before: list[Item]) -> list[str]:
    """What the rule named in the label asks for."""
    rule, number = item["expected"]["rule"], item["expected"]["case"]
    case = cases.get(number or "")
    said = [n for n in ANY_NUMBER.findall(item["subject"] + " " + item["text"]) if n in cases]
    known = [row for row in cases.values() if is_open(row, item) and _reaches(row, item)]
    holds = {
        "1": lambda: case is not None and _named(item, number, said),
        "2": lambda: case in known,
        "3": lambda: case in known or _called_back(item, before),
        "4": lambda: case and any(p[3:] in _digits(item["text"]) for p in _split(case, "phone")),
        "5": lambda: _carried(item, before),
        "6": lambda: case and "fortsættelse af" in case["title"],
        "8": lambda: _resembles(item, number, cases),
        "9": lambda: case in known,
        "10": lambda: len(set(said)) > 1 or number is None,
        "12": lambda: case is None or bool(case["closed"]),
        "13": lambda: len(known) > 1 if case is None else not _takes_part(case, item),
        "14": lambda: item["masked"] and len({row["party_name"] for row in known}) != 1,
        "16": lambda: number is None and not (said and "http" not in item["text"]),
        "17": lambda: number is None,
        "18": lambda: not item["expected"]["link"],
        "none": lambda: number is None and not said and not known,
    }
    return [] if rule not in holds or holds[rule]() else ["the rule does not hold"]


def _takes_part(row: Row, item: Item) -> bool:
    return row["caseworker_upn"] in {p.get("upn") for p in item["participants"]}


def _phones(item: Item) -> list[str]:
    return [p["phone"] for p in item["participants"] if "phone" in p]


def _split(row: Row, what: str) -> list[str]:
    return [value for value in row[f"party_{what}"].split("|") if value]


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _reaches(row: Row, item: Item) -> bool:
    mails = {p.get("mail") for p in item["participants"]}
    numbers = _split(row, "phone")
    return any(m in mails for m in _split(row, "email")) or any(
        n == p or (p.endswith("***") and n.startswith(p[:-3]))
        for p in _phones(item)
        for n in numbers
    )


def _hours(earlier: Item, later: Item) -> float:
    gap = _when(later) - _when(earlier)
    return gap / timedelta(hours=1)


def _when(item: Item) -> datetime:
    return datetime.fromisoformat(item["started"].replace("Z", "+00:00"))


def _linked(items: Iterable[Item]) -> list[Item]:
    return [i for i in items if i["expected"]["link"]]


def _called_back(item: Item, before: list[Item]) -> bool:
    return item["direction"] == "outbound" and any(
        _hours(i, item) <= 2 and i["expected"]["case"] == item["expected"]["case"]
        for i in _linked(before)
        if i["kind"] == "voicemail" and _phones(i) == _phones(item)
    )


def _carried(item: Item, before: list[Item]) -> bool:
    thread = _linked(i for i in before if i["thread_id"] == item["thread_id"])
    numbers = {i["expected"]["case"] for i in thread}
    return numbers == {item["expected"]["case"]} and _hours(thread[-1], item) <= 24


def _resembles(item: Item, number: str, cases: dict[str, Row]) -> bool:
    written = ANY_NUMBER.findall(item["text"])
    near = {case for n in written for case in cases if one_off(n, case)}
    return not any(n in cases for n in written) and near <= {number}


def year_left_out(part: str, number: str, rows: list[Row]) -> list[str]:
    """A fault when another case begins with the same part of a number."""
    begin = [row["number"] for row in rows if row["number"].startswith(part + "-")]
    return [] if begin == [number] else [f"{part}: {begin} begin so"]


def _named(item: Item, number: str, said: list[str]) -> bool:
    """Whether the only number in the register's own form is the one of the label."""
    # Two numbers: a correction or an old case beside it, where the other may be written loosely.
    corrected = re.search(r"nej|rettelse|rigtige|tidligere|gamle|forrige", item["text"].lower())
    return not said or number in said or corrected is not None
