"""A municipality of three years for the portal's benchmark: what was said, by whom, on which case.

Everybody and everything is made up, and the same each time. Rows are those of the ledger's own
tables, as the program leaves them when it has read, linked and journaled.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import msgspec

from bench import text
from bench.web_words import Talk
from connector.ledger.tables import ms
from connector.model import Case, CaseParty, Person

Rows = dict[str, list[tuple[Any, ...]]]
END = datetime(2026, 11, 20, 16, tzinfo=UTC)
DAYS = 3 * 365
DAY_MS = 86_400_000
WORK_MS = 8 * 3_600_000  # of a day, from 7 to 15 UTC: in Denmark the same date
STAFF, UNITS, CASES = 2_000, 60, 50_000
BIG_CASES = 40  # with some hundred communications each
SYSTEM = 2  # threads that are no chats: joined calls, sightings
CALLS, SIGHTINGS = 1, 2
ITEM = (
    "id", "root_id", "thread_id", "key", "version", "kind", "sent_at", "modified_at", "taken_at",
    "is_current", "is_deleted", "sender", "sender_name", "subject", "text", "raw", "sha256",
    "detail", "call_id", "state", "case_number",
)  # fmt: skip
COLUMNS = {
    "thread": ("id", "source", "key"),
    "thread_person": ("person", "thread_id"),
    "thread_case": ("thread_id", "case_number", "links", "first_at"),
    "item": ITEM,
    "item_person": ("person", "item_id"),
    "mention": ("number", "item_id"),
    "phone": ("number", "item_id"),
    "suggestion": ("item_id", "case_number"),
    "attachment": (
        "item_id", "position", "source", "name", "ref", "content_type", "role", "url",
        "size_bytes", "sha256", "state", "note", "tries",
    ),
    "link": (
        "id", "item_id", "state", "case_number", "rule", "confidence", "reason", "evidence",
        "actor", "at", "superseded_at",
    ),
    "entry": (
        "id", "kind", "case_number", "thread_id", "item_id", "day", "started_at", "due_at",
        "version", "sha256", "is_void", "reason",
    ),
    "delivery": (
        "key", "entry_id", "version", "sink", "case_number", "state", "tries", "not_before",
        "changed_at", "reason", "receipt", "made_at", "steps",
    ),
    "event": ("id", "at", "actor", "action", "subject", "detail"),
}  # fmt: skip
_encode = msgspec.json.Encoder().encode


def case_number(place: int) -> str:
    """The number of the case at this place of the register."""
    return f"27.{place % 60 + 1:02}.{place // 60 % 60 + 1:02}-P19-{place + 1}-{24 + place % 3}"


def unit_name(place: int) -> str:
    """Sixty units: twelve sorts, five of each."""
    sort = text.UNITS[place % len(text.UNITS)]
    return f"{sort} {place // len(text.UNITS) + 1}"


class Town:
    """Who works there, and the register. A unit has 33 people, of whom every second has cases."""

    def __init__(self, cases: int = CASES) -> None:
        names = text.names(STAFF, "portal")
        self.people = [
            Person(
                id=f"00000000-0000-4000-8000-{place:012x}",
                upn=f"u{place}@nordvang.example",
                name=names[place],
                phones=(f"+45371{place:05}",),
                department=unit_name(place % UNITS),
            )
            for place in range(STAFF)
        ]
        self.case_count = cases

    def worker_of(self, case: int) -> int:
        """The place of the case's worker among the people: a thousand have fifty cases each."""
        return case * 2 % STAFF

    def case(self, place: int) -> Case:
        """A case with one party; one in a hundred is restricted."""
        worker = self.people[self.worker_of(place)]
        return Case(
            number=case_number(place),
            title=f"Sag om {text.UNITS[place % 12].lower()} nr. {place}",
            caseworker=worker.upn,
            department=worker.department,
            parties=(CaseParty(name=self.citizen(place), phone=phone_of(place)),),
            access="restricted" if place % 100 == 77 else "",
            readers=(self.people[place % STAFF].upn,) if place % 100 == 77 else (),
            is_open=place % 4 != 0,
        )

    def citizen(self, place: int) -> str:
        """The name of a case's party."""
        return f"{text.FIRST_NAMES[place % 30]} {text.LAST_NAMES[place // 30 % 20]}"

    @cached_property
    def cases(self) -> list[Case]:
        """The whole register."""
        return [self.case(place) for place in range(self.case_count)]


def phone_of(case: int) -> str:
    """The telephone of a case's party."""
    return f"+4520{case:06}"


class Talks:
    """All communications in order of time. Made once, given out in pieces."""

    def __init__(self, count: int, town: Town, talk: Talk) -> None:
        self.count, self.town, self.talk = count, town, talk
        self.threads = max(20, count * 6 // 100)
        self.rng = random.Random(f"web/{count}")
        self._item = self._link = self._event = 0
        self._said = 0
        self._rows: Rows = defaultdict(list)
        self._days: set[tuple[int, str]] = set()  # conversations that have their entry
        self._started: dict[int, tuple[str, int]] = {}  # a linked thread's case and beginning
        self._links: dict[int, int] = defaultdict(int)

    def pieces(self, size: int = 20_000) -> Iterator[Rows]:
        """Rows by table, about `size` communications at a time."""
        self._begin()
        while self._said < self.count:
            self._burst() if self.rng.random() < 0.76 else self._call()
            if len(self._rows["item"]) >= size:
                yield self._given()
        for number, (case, at) in self._started.items():
            self._rows["thread_case"].append((number, case, self._links[number], at))
        yield self._given()

    def _given(self) -> Rows:
        rows, self._rows = self._rows, defaultdict(list)
        return rows

    def _begin(self) -> None:
        rows = self._rows
        rows["thread"] += [(CALLS, "calls", "calls"), (SIGHTINGS, "call_records", "call_records")]
        self._mailbox = SYSTEM + self.threads + 1
        rows["thread"] += [
            (self._mailbox + place, "voicemail", person.id)
            for place, person in enumerate(self.town.people)
        ]
        self._members = [self._thread(SYSTEM + 1 + place) for place in range(self.threads)]

    def _thread(self, number: int) -> tuple[tuple[int, ...], int]:
        """Who talks in a thread, and the place of the case it is about; -1 for none."""
        rng, people = self.rng, self.town.people
        case = -1
        if rng.random() < 0.155:
            is_big = rng.random() < 0.14
            case = rng.randrange(BIG_CASES if is_big else self.town.case_count)
        first = self.town.worker_of(case) if case >= 0 else rng.randrange(STAFF)
        others = 14 if rng.random() < 0.05 else rng.choice((1, 1, 1, 2, 3))
        members = {first}
        for _ in range(others):  # mostly of the same unit
            near = (first + UNITS * rng.randrange(STAFF // UNITS)) % STAFF
            members.add(near if rng.random() < 0.7 else rng.randrange(STAFF))
        self._rows["thread"].append((number, "chats", f"19:{number:032x}@thread.v2"))
        self._rows["thread_person"] += [(people[each].id, number) for each in members]
        return tuple(members), case

    def _now(self) -> int:
        """When the next is said: evenly over the working hours of three years."""
        place = int(self._said / self.count * DAYS * WORK_MS)
        day, ahead = divmod(place, WORK_MS)
        return ms(END) - 9 * 3_600_000 - (DAYS - day) * DAY_MS + ahead

    def _state(self, case: int) -> str:
        """What became of something that is about this case, or about none."""
        drawn = self.rng.random()
        if case >= 0:
            return "linked" if drawn < 0.96 else "unlinked"
        if drawn > 0.99:
            return "excluded"
        # What waits is mostly of the last weeks: somebody decided about the rest.
        is_late = self._said > 0.9 * self.count
        return "waiting" if drawn < (0.14 if is_late else 0.004) else "unlinked"

    def _burst(self) -> None:
        """Some messages of one chat within a few minutes."""
        rng = self.rng
        middle = self._said / self.count * self.threads
        place = int(rng.gauss(middle, self.threads / 60))
        if rng.random() < 0.2 or not 0 <= place < self.threads:
            place = rng.randrange(self.threads)  # some chats go on for years
        number = SYSTEM + 1 + place
        members, case = self._members[place]
        at = self._now()
        state = self._state(case)
        name = case_number(case) if state == "linked" else None
        for turn in range(rng.choice((1, 2, 3, 4, 5, 8))):
            if self._said >= self.count:
                return
            at += rng.randrange(5_000, 90_000)
            words = self.talk.text()
            if state == "linked" and number not in self._started:
                words = f"Det er sag {name} {words}"
            self._message(number, members, at, words, state if turn == 0 else None, case, state)

    def _message(
        self, number: int, members: tuple[int, ...], at: int, words: str, first: str | None,
        case: int, burst: str,
    ) -> None:  # fmt: skip
        """One message; of a burst that waits or is kept out only the first does."""
        state = burst if burst == "linked" or first else "unlinked"
        name = case_number(case) if state == "linked" else None
        writer = self.town.people[members[self.rng.randrange(len(members))]]
        self._said += 1
        root = self._put(
            number, f"{at}{self._item % 1000:03}", "message", at, writer.id, writer.name, words,
            None, state, name,
        )  # fmt: skip
        if self.rng.random() < 0.01:
            self._edit(root, at, words)
        if self.rng.random() < 0.02:
            self._file(root, "chats", "bilag.pdf", "application/pdf", "file")
        if name is not None:
            self._linked_message(root, number, at, name)
        elif state != "unlinked":
            self._undecided(root, at, state, members[0])

    def _put(
        self, number: int, key: str, kind: str, at: int, sender: str, name: str,
        words: str | None, detail: str | None, state: str, case: str | None,
        call: int | None = None,
    ) -> int:  # fmt: skip
        self._item += 1
        raw = f'{{"id":"{key}","from":"{sender}","body":{{"content":"{words}"}}}}'.encode()
        self._rows["item"].append(
            (self._item, self._item, number, key, str(at), kind, at, at, at + 60_000, True, False,
             sender, name, None, words, raw, hashlib.sha256(raw).digest(), detail, call, state,
             case)
        )  # fmt: skip
        return self._item

    def _edit(self, root: int, at: int, words: str) -> None:
        """A second version: the first is no longer the current one."""
        first = self._rows["item"][-1]
        self._rows["item"][-1] = (*first[:9], False, *first[10:])
        later = at + 300_000
        raw = first[15] + b" "
        self._item += 1
        self._rows["item"].append(
            (self._item, root, *first[2:4], str(later), "message", at, later, later + 60_000, True,
             False, *first[11:14], f"{words} rettet", raw, hashlib.sha256(raw).digest(),
             *first[17:])
        )  # fmt: skip

    def _file(self, item: int, source: str, name: str, sort: str, role: str) -> None:
        sha256 = hashlib.sha256(str(item).encode()).hexdigest()
        self._rows["attachment"].append(
            (item, 0, source, name, f"r{item}", sort, role, "", 24_044, sha256, "kept", "", 1)
        )

    def _linked_message(self, root: int, number: int, at: int, name: str) -> None:
        rule = "thread"
        if number not in self._started:
            rule = "number"
            self._started[number] = (name, at)
            self._mention(root, name)
        self._links[number] += 1
        self._decided(root, at, "linked", name, rule)
        day = datetime.fromtimestamp(at / 1000, UTC).date().isoformat()
        if (number, day) not in self._days:
            self._days.add((number, day))
            self._entry(root, "conversation", name, number, None, day, at)

    def _mention(self, root: int, name: str) -> None:
        head, _, year = name.rpartition("-")
        self._rows["mention"] += [(name, root), (f"{head}-20{year}", root)]

    def _decided(self, root: int, at: int, state: str, name: str | None, rule: str) -> None:
        self._link += 1
        evidence = f'[{{"rule":"{rule}","case_number":"{name}","where":"text"}}]' if name else "[]"
        reason = f"The conversation was linked to case {name} shortly before." if name else ""
        at += 60_000
        self._rows["link"].append(
            (self._link, root, state, name, rule, 99 if state == "linked" else 60, reason,
             evidence, "casethread", at, None)
        )  # fmt: skip
        self._event += 1
        told = f'{{"case":"{name}","rule":"{rule}"}}'
        self._rows["event"].append((self._event, at, "casethread", state, f"item {root}", told))

    def _undecided(self, root: int, at: int, state: str, worker: int) -> None:
        """What waits suggests one of the cases of somebody who took part; else it is kept out."""
        if state == "excluded":
            self._decided(root, at, state, None, "private")
            return
        case = (worker // 2 + STAFF // 2 * self.rng.randrange(CASES)) % self.town.case_count
        name = case_number(case)
        self._decided(root, at, state, name, "person")
        self._rows["link"][-1] = (
            *self._rows["link"][-1][:4],
            "number",
            *self._rows["link"][-1][5:],
        )
        self._rows["suggestion"].append((root, name))
        if self.rng.random() < 0.3:
            other = case_number((case + STAFF // 2) % self.town.case_count)
            if other != name:
                self._rows["suggestion"].append((root, other))

    def _entry(
        self, root: int, kind: str, name: str, number: int | None, item: int | None, day: str,
        at: int,
    ) -> None:  # fmt: skip
        entry = f"E{root:025}"
        sha256 = hashlib.sha256(entry.encode()).hexdigest()
        self._rows["entry"].append(
            (entry, kind, name, number, item, day, at, None, 1, sha256, False, "")
        )
        receipt = _encode(
            {"key": sha256, "target": f"D{root}", "at": datetime.fromtimestamp(at // 1000, UTC),
             "url": f"https://esdh.nordvang.example/documents/{root}"}
        ).decode()  # fmt: skip
        self._rows["delivery"].append(
            (sha256, entry, 1, "esdh", name, "done", 1, 0, at + 3_600_000, "", receipt,
             at + 3_000_000, "")
        )  # fmt: skip

    def _call(self) -> None:
        """A call, a missed one, or a missed one with a voicemail; from a case's party or not."""
        rng, town = self.rng, self.town
        at = self._now()
        self._said += 1
        case = rng.randrange(town.case_count) if rng.random() < 0.17 else -1
        state = self._state(case)
        name = case_number(case) if state == "linked" else None
        worker = town.worker_of(case) if case >= 0 else rng.randrange(STAFF)
        phone = phone_of(case) if case >= 0 else f"+4530{rng.randrange(10**6):06}"
        kind = rng.choice(("call", "call", "missed_call", "voicemail"))
        number = self._mailbox + worker if kind == "voicemail" else CALLS
        words = self.talk.text() if kind == "voicemail" else town.people[worker].name
        detail = _call_detail(at, phone, town.people[worker], kind)
        root = self._put(
            number, f"C{self._item:025}", kind, at, phone, "", words, detail, state, name
        )
        if kind == "voicemail":
            self._file(root, "voicemail", "besked.wav", "audio/wav", "audio")
        else:
            self._put(
                SIGHTINGS, f"s{root}", "sighting", at, "", "", None, detail, "unlinked", None, root
            )
        self._rows["phone"] += [(phone, root), (f"{phone[:-3]}***", root)]
        self._rows["item_person"].append((town.people[worker].id, root))
        if name is not None:
            self._decided(root, at, "linked", name, "phone")
            day = datetime.fromtimestamp(at / 1000, UTC).date().isoformat()
            self._entry(root, kind, name, None, root, day, at)
        elif state != "unlinked":
            self._undecided(root, at, state, worker)


def _call_detail(at: int, phone: str, worker: Person, kind: str) -> str:
    seconds = 20 + at // 1000 % 400
    started = datetime.fromtimestamp(at // 1000, UTC)
    ended = datetime.fromtimestamp(at // 1000 + seconds, UTC)
    caller = {"phone": phone, "role": "from"}
    ours = {"person": worker.id, "name": worker.name, "role": "to"}
    its: dict[str, Any] = {"started_at": started, "ended_at": ended}
    if kind != "voicemail":
        leg = {"role": "queue", "started_at": started, "ended_at": ended,
               "who": {"name": f"Kø: {worker.department}", "role": "queue"},
               "is_answered": kind == "call"}  # fmt: skip
        its |= {"direction": "inbound", "is_answered": kind == "call", "caller": caller,
                "callees": [ours], "legs": [leg]}  # fmt: skip
    told = {"direction": "inbound", "parties": [caller, ours], "call": its}
    return _encode(told | {"duration_s": seconds}).decode()
