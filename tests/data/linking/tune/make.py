"""Writes cases.csv and communications.jsonl: run `python tests/data/linking/tune/make.py`.

Seeded: every run gives the same bytes. The written items and their cases are merged in; the checks
at the end raise ValueError when a label cannot be true of the register.
"""

import csv
import io
import json
import random
import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import scenes_abstain
import scenes_link
from register import COLUMNS, HERE, STAFF, Register, read_rows
from spelling import one_off
from world import World

SEED = 27_45_04
ANY_NUMBER = re.compile(r"\d\d\.\d\d\.\d\d-[A-Z]\d\d-\d{1,4}-\d\d")
KINDS = {"chat", "call", "voicemail", "missed_call", "meeting"}
FIELDS = ["id", "kind", "started", "direction", "participants", "subject", "text", "thread_id"]
FIELDS += ["masked", "expected"]
RULES = {str(n) for n in range(1, 19)} | {"none"}


def play(world: World) -> None:
    """All scenes, in numbers that resemble a municipality's weeks."""
    scenes_link.numbered_chats(world, 95)
    scenes_link.numbered_meetings(world, 14)
    scenes_link.spoken_numbers(world, 40)
    scenes_link.corrected_numbers(world, 10)
    scenes_link.closed_later(world, 5)
    scenes_link.known_callers(world, 72)
    scenes_link.one_of_several(world, 16)
    scenes_link.masked_callers(world, 24)
    scenes_link.relayed(world, 12)
    scenes_link.threads(world, 24)
    scenes_link.continued(world, 9)
    scenes_link.restricted(world, 9)
    scenes_link.slips(world, 24)
    scenes_abstain.neighbours(world, 6)
    scenes_abstain.two_named(world, 8)
    scenes_abstain.false_numbers(world, 16)
    scenes_abstain.partial_numbers(world, 4)
    scenes_abstain.closed_cases(world, 16)
    scenes_abstain.wrong_desk(world, 18)
    scenes_abstain.several_open(world, 14)
    scenes_abstain.masked_strangers(world, 12)
    scenes_abstain.too_early(world, 10)
    scenes_abstain.traps(world)
    scenes_abstain.other_matters(world, 15)
    scenes_abstain.ordinary_talk(world)


def bystanders(world: World, count: int) -> None:
    """Cases that nobody talks about, some of them of a lawyer who has many."""
    lawyer = world.register.new_party()
    for n in range(count):
        at = world.moment()
        case = world.case(at)
        if n % 5 == 0:
            case.closed = case.opened + timedelta(days=world.dice.randint(10, 15))
        if n % 12 == 0:
            case.party.phones = []
        if n % 40 == 3:
            case.party.name += f"|{lawyer.name}, advokat"
            case.party.phones.append(lawyer.phones[0])


def check(items: list[dict[str, Any]], rows: list[dict[str, str]], world: World) -> None:
    """Raise ValueError for ids, order, numbers or labels that cannot be right."""
    cases = {row["number"]: row for row in rows}
    wrong = [] if len(cases) == len(rows) else ["two cases have one number"]
    if len({item["id"] for item in items}) != len(items):
        wrong.append("two items have one id")
    if [i["started"] for i in items] != sorted(i["started"] for i in items):
        wrong.append("not in order of time")
    for row in rows:
        if (row["status"] == "open" and row["closed"]) or not row["opened"]:
            wrong.append(f"{row['number']}: dates and status")
        if row["caseworker_upn"].split("@")[0] not in STAFF:
            wrong.append(f"{row['number']}: caseworker")
    for item in items:
        wrong += [f"{item['id']}: {what}" for what in _faults(item, cases)]
    for part, number in world.whole_after_part:
        if [n for n in cases if n.startswith(part + "-")] != [number]:
            wrong.append(f"{part}: more than one case begins so")
    if wrong:
        raise ValueError("\n".join(wrong))


def _faults(item: dict[str, Any], cases: dict[str, dict[str, str]]) -> list[str]:
    expected, faults = item["expected"], []
    number, link, rule = expected["case"], expected["link"], expected["rule"]
    if list(item) != FIELDS or item["kind"] not in KINDS or rule not in RULES:
        faults.append("fields, kind or rule")
    if item["masked"] != any(p.get("phone", "").endswith("***") for p in item["participants"]):
        faults.append("masked")
    if number is None:
        return faults + (["linked to nothing"] if link else [])
    case = cases.get(number)
    if case is None:
        return [*faults, f"{number} is not in the register"]
    day = date.fromisoformat(item["started"][:10])
    opened = date.fromisoformat(case["opened"])
    closed = date.fromisoformat(case["closed"]) if case["closed"] else date.max
    if link and not opened < day < closed:
        faults.append(f"{number} was not open")
    if (rule == "15") != (day < opened):
        faults.append(f"{number} opened {opened}")
    here = {p.get("upn") for p in item["participants"]}
    if link and rule in {"2", "3", "4", "7", "8"} and case["caseworker_upn"] not in here:
        faults.append(f"the caseworker of {number} takes no part")
    if rule == "8":
        faults += _slip_faults(item, number, cases)
    return faults


def _slip_faults(item: dict[str, Any], number: str, cases: dict[str, dict[str, str]]) -> list[str]:
    said = ANY_NUMBER.findall(item["text"])
    if any(n in cases for n in said):
        return ["the slip is a case"]
    near = {case for n in said for case in cases if one_off(n, case)}
    return [] if near <= {number} else [f"the slip resembles {sorted(near)}"]


def table(items: list[dict[str, Any]]) -> str:
    """Counts by rule, kind and outcome, for the README."""

    def outcome(item: dict[str, Any]) -> str:
        if item["expected"]["link"]:
            return "link"
        return "suggest" if item["expected"]["case"] else "no case"

    parts = [Counter(map(outcome, items)), Counter(i["kind"] for i in items)]
    parts.append(Counter(i["expected"]["rule"] for i in items))
    return "\n".join(str(dict(part.most_common())) for part in parts)


def as_csv(rows: list[dict[str, str]]) -> str:
    """The register as a file's text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def main() -> None:
    """Make, check, write, and tell the counts."""
    lines = (HERE / "written.jsonl").read_text(encoding="utf-8").splitlines()
    written = [json.loads(line) for line in lines]
    spoken_of = {n for line in lines for n in ANY_NUMBER.findall(line)}
    dice = random.Random(SEED)
    register = Register(dice, read_rows(HERE / "written-cases.csv"), spoken_of)
    world = World(dice, register)
    play(world)
    bystanders(world, 250)
    made = sorted(world.items, key=lambda item: item["started"])
    made = [{"id": f"t{n:04d}", **item} for n, item in enumerate(made, 1)]
    items = sorted(made + written, key=lambda item: (item["started"], item["id"]))
    rows = register.rows()
    check(items, rows, world)
    text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    (HERE / "communications.jsonl").write_text(text, encoding="utf-8")
    (HERE / "cases.csv").write_text(as_csv(rows), encoding="utf-8")
    print(f"{len(items)} items, {len(written)} by hand; {len(rows)} cases")  # noqa: T201
    print(table(items))  # noqa: T201


if __name__ == "__main__":
    main()
