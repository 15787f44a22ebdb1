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
from datetime import timedelta
from typing import Any

import checks
import scenes_abstain
import scenes_link
from register import COLUMNS, HERE, Register, read_rows
from world import World

SEED = 27_45_04
ANY_FIVE = re.compile(r"\+45(\d{5})")


def play(world: World) -> None:
    """All scenes, in numbers that resemble a municipality's weeks."""
    scenes_link.numbered_chats(world, 95)
    scenes_link.numbered_meetings(world, 20)
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
    faults = checks.register_faults(rows) + checks.item_faults(items, rows)
    for part, number in world.whole_after_part:
        faults += checks.year_left_out(part, number, rows)
    if faults:
        raise ValueError("\n".join(faults))


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
    spoken_of = {n for line in lines for n in checks.ANY_NUMBER.findall(line)}
    dice = random.Random(SEED)
    register = Register(dice, read_rows(HERE / "written-cases.csv"), spoken_of)
    register.fives |= {five for line in lines for five in ANY_FIVE.findall(line)}
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
