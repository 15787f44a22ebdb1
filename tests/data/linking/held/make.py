"""Writes cases.csv and communications.jsonl: the made-up and the written items, in order of time.

Run `python tests/data/linking/held/make.py`; the same bytes come out each time. Everything is fictional.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import scenes_kept_back as back
import scenes_linked as linked
from check import check
from world import Party, World

HERE = Path(__file__).parent
SEED = 20260417
FIELDS = [
    "number",
    "title",
    "status",
    "opened",
    "closed",
    "caseworker_upn",
    "department",
    "party_name",
    "party_phone",
    "party_email",
    "kle_subject",
    "kle_facet",
    "access",
]

# How often each scene is played: what a municipality of middle size sees, with rare things a little more often.
PROGRAMME = (
    (linked.written_number, 72), (linked.closed_later, 5), (linked.citizen_writes, 10), (linked.meeting, 18),
    (linked.spoken_number, 48), (linked.english_number, 5), (linked.third_persons_telephone, 6),
    (linked.correction, 9), (linked.earlier_closed, 7), (linked.own_over_quoted, 6),
    (linked.one_number("forward"), 11), (linked.one_number("file_name"), 6), (linked.own_link, 8),
    (linked.known_telephone, 44), (linked.known_voicemail, 16), (linked.known_guest, 10),
    (linked.several_one_mine, 9), (linked.several_by_matter, 9), (linked.shared_telephone, 7),
    (linked.masked_number, 18),
    (linked.call_back, 7), (linked.relayed, 10), (linked.thread, 20), (linked.continuation, 8),
    (linked.restricted, 8), (back.slip_with_evidence, 10), (back.slip_alone, 14), (back.anothers_number, 6),
    (back.two_cases, 9), (back.number_of_nobody, 16), (back.quoted_under_other, 8), (back.closed_case, 18),
    (back.old_decision, 5), (back.several_cases, 11), (back.answered_by_another, 14), (back.hint_to_another, 5),
    (back.relayed_to_another, 4), (back.masked_several, 9), (back.caller_of_nobody, 52),
    (back.before_the_case, 5), (back.only_marks, 40), (back.other_matter, 9), (back.old_thread, 7),
    (back.thread_of_two, 5), (back.restricted_without_number, 6), (back.chatter, 66),
    (back.chatter_meeting, 14), (back.partial_number, 5),
)  # fmt: skip
UNTOUCHED = 260  # cases of the register that nobody speaks of


def _written_cases() -> list[dict[str, str]]:
    with (HERE / "written-cases.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _written_items() -> list[dict[str, Any]]:
    lines = (HERE / "written.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _played(written: list[dict[str, str]]) -> World:
    """The world after every scene and the untouched cases."""
    world = World(SEED, written)
    for _ in range(UNTOUCHED):
        closed = world.rng.random() < 0.35
        restricted = world.rng.random() < 0.06
        party = Party(world.name(), "", "") if world.rng.random() < 0.1 else None
        world.case(
            world.moment(), party=party, closed=closed, access="restricted" if restricted else ""
        )
    for scene, times in PROGRAMME:
        for _ in range(times):
            scene(world)
    return world


def main() -> None:
    """Writes both files and prints what is in them.

    Raises:
        ValueError: an item, a case or a label cannot be right.
    """
    written = _written_cases()
    world = _played(written)
    world.items.sort(key=lambda item: str(item["started"]))
    made = [{"id": f"held-g{place:04d}", **item} for place, item in enumerate(world.items, 1)]
    items = sorted(
        made + _written_items(), key=lambda item: (str(item["started"]), str(item["id"]))
    )
    rows = sorted([case.row() for case in world.cases] + written, key=lambda row: row["number"])
    check(items, rows)
    with (HERE / "cases.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    (HERE / "communications.jsonl").write_text(text, encoding="utf-8")
    _report(items, len(rows))


def _report(items: list[dict[str, Any]], cases: int) -> None:
    labels = [item["expected"] for item in items]
    state = Counter("link" if e["link"] else "suggest" if e["case"] else "no case" for e in labels)
    lines = [f"{len(items)} items, {cases} cases", f"by state: {dict(state)}",
             f"by kind: {dict(Counter(item['kind'] for item in items))}",
             f"by rule: {dict(sorted(Counter(e['rule'] for e in labels).items()))}"]  # fmt: skip
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
