"""Writes cases.csv and communications.jsonl: the made-up and the written items, in order of time.

Run `python tests/data/linking/held/make.py`; the same bytes come out each time. All is fictional.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import scenes_kept_back as back
import scenes_no_case as no_case
import scenes_number as number
import scenes_party as party
from check import check
from people import Party
from world import World

HERE = Path(__file__).parent
SEED = 20260417
_NUMBER = re.compile(r"\d\d\.\d\d\.\d\d-[A-Z]\d\d-\d+-\d\d")

# How often each scene is played: as in a municipality of middle size, rare things a little more.
PROGRAMME = (
    (number.written_number, 72),
    (number.closed_later, 5),
    (number.citizen_writes, 10),
    (number.meeting, 18),
    (number.spoken_number, 48),
    (number.english_number, 5),
    (number.third_persons_telephone, 6),
    (number.correction, 9),
    (number.earlier_closed, 7),
    (number.own_over_quoted, 6),
    (number.one_number("forward"), 11),
    (number.one_number("file_name"), 6),
    (number.own_link, 8),
    (party.known_telephone, 44),
    (party.known_voicemail, 16),
    (party.known_guest, 10),
    (party.several_one_mine, 9),
    (party.several_by_matter, 9),
    (party.shared_telephone, 7),
    (party.masked_number, 18),
    (number.call_back, 7),
    (party.relayed, 10),
    (number.thread, 20),
    (number.continuation, 8),
    (number.restricted, 8),
    (back.slip_with_evidence, 10),
    (back.slip_alone, 14),
    (back.anothers_number, 6),
    (back.two_cases, 9),
    (back.number_of_nobody, 16),
    (back.quoted_under_other, 8),
    (back.closed_case, 18),
    (back.old_decision, 5),
    (back.several_cases, 11),
    (back.answered_by_another, 14),
    (back.hint_to_another, 5),
    (back.relayed_to_another, 4),
    (back.masked_several, 9),
    (no_case.caller_of_nobody, 52),
    (back.before_the_case, 5),
    (no_case.only_marks, 40),
    (no_case.other_matter, 9),
    (back.old_thread, 7),
    (back.thread_of_two, 5),
    (back.restricted_without_number, 6),
    (no_case.chatter, 66),
    (no_case.chatter_meeting, 14),
    (back.partial_number, 5),
)
UNTOUCHED = 260  # cases of the register that nobody speaks of


def _written_cases() -> list[dict[str, str]]:
    with (HERE / "written-cases.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _written_items() -> list[dict[str, Any]]:
    lines = (HERE / "written.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _played(cases: list[dict[str, str]], items: list[dict[str, Any]]) -> World:
    """The world after the untouched cases and every scene, beside what is written by hand."""
    named = {found for item in items for found in _NUMBER.findall(item["text"])}
    world = World(SEED, cases, named - {row["number"] for row in cases})
    for _ in range(UNTOUCHED):
        closed = world.rng.random() < 0.35
        access = "restricted" if world.rng.random() < 0.06 else ""
        unreachable = Party(world.name(), "", "") if world.rng.random() < 0.1 else None
        world.case(world.moment(), party=unreachable, closed=closed, access=access)
    for scene, times in PROGRAMME:
        for _ in range(times):
            scene(world)
    return world


def _numbered(world: World) -> list[dict[str, Any]]:
    """The items of the world in order of time, with their ids."""
    world.items.sort(key=lambda item: str(item["started"]))
    return [{"id": f"held-g{place:04d}", **item} for place, item in enumerate(world.items, 1)]


def main() -> None:
    """Writes both files and prints what is in them.

    Raises:
        ValueError: an item, a case or a label cannot be right.
    """
    cases, written = _written_cases(), _written_items()
    world = _played(cases, written)
    items = sorted(_numbered(world) + written, key=lambda item: (item["started"], item["id"]))
    rows = sorted([case.row() for case in world.cases] + cases, key=lambda row: row["number"])
    check(items, rows)
    with (HERE / "cases.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    (HERE / "communications.jsonl").write_text(text, encoding="utf-8")
    _report(items, len(rows))


def _report(items: list[dict[str, Any]], cases: int) -> None:
    labels = [item["expected"] for item in items]
    state = Counter("link" if e["link"] else "suggest" if e["case"] else "no case" for e in labels)
    lines = [
        f"{len(items)} items, {cases} cases",
        f"by state: {dict(state)}",
        f"by kind: {dict(Counter(item['kind'] for item in items))}",
        f"by rule: {dict(sorted(Counter(e['rule'] for e in labels).items()))}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
