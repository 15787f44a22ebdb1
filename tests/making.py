"""Makes items, cases and policies for tests. Everybody here is made up."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connector.defaults import defaults_dir
from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.policy import Policy, Staff
from connector.ledger.register import keep_cases
from connector.linking.linker import Linker
from connector.linking.patterns import Scanner, compile_patterns
from connector.linking.rules import Rules
from connector.linking.topic import Topics, compile_topics
from connector.model import Call, Case, CaseParty, Direction, Item, Kind, Page, Party

NOON = datetime(2026, 11, 18, 11, tzinfo=UTC)  # a Wednesday, noon in Denmark
CASE = "27.45.04-P19-12-24"
OTHER_CASE = "32.03.12-G01-36-26"


@cache
def scanner() -> Scanner:
    """The default patterns."""
    table = tomllib.loads((defaults_dir() / "mappings" / "case-numbers.toml").read_text("utf-8"))
    return compile_patterns(table, ["kle", "kle_nf"])


@cache
def topics() -> Topics:
    """The program's own table of subjects."""
    table = tomllib.loads((defaults_dir() / "mappings" / "subjects.toml").read_text("utf-8"))
    return compile_topics(table)


def linker(**rules: Any) -> Linker:
    """The linker with the program's own tables and these rules."""
    return _linker(msgspec.json.encode(rules, order="sorted"))


@cache
def _linker(rules: bytes) -> Linker:
    its = Rules(**msgspec.json.decode(rules))
    return Linker(scanner(), topics(), its, ZoneInfo("Europe/Copenhagen"))


def policy(**changes: Any) -> Policy:
    """The default policy with one sink; `rules` are those of the linker. u1 is the caseworker."""
    rules = changes.pop("rules", {})
    names = {"upns": {"u1": "bodil@kommune.example"}} | {
        name: changes.pop(name)
        for name in ("names", "upns", "aliases", "departments", "excluded")
        if name in changes
    }  # fmt: skip
    staff = Staff(**names)
    values: dict[str, Any] = {
        "patterns": scanner,
        "linker": lambda: linker(**rules),
        "staff": lambda: staff,
        "zone": ZoneInfo("Europe/Copenhagen"),
        "sinks": ("journal",),
    }
    return Policy(**(values | changes))


def message(text: str, minute: float = 0, **changes: Any) -> Item:
    """A chat message `minute` minutes after noon."""
    sent_at = changes.pop("sent_at", NOON + timedelta(minutes=minute))
    key = changes.pop("key", str(int(sent_at.timestamp() * 1000)))
    values: dict[str, Any] = {
        "source": "chats",
        "thread": "19:a@thread.v2",
        "key": key,
        "version": key,
        "kind": Kind.MESSAGE,
        "sent_at": sent_at,
        "modified_at": sent_at,
        "text": text,
        "sender": "u1",
        "sender_name": "Bodil Bech",
        "direction": Direction.INTERNAL,
    }
    values |= changes
    values.setdefault("raw", msgspec.json.encode([values["key"], values["version"], text]))
    return Item(**values)


def edited(item: Item, text: str, minutes: float = 5, **changes: Any) -> Item:
    """A later version of a message."""
    modified_at = item.modified_at + timedelta(minutes=minutes)
    version = str(int(modified_at.timestamp() * 1000))
    raw = msgspec.json.encode([item.key, version, text])
    values = {"text": text, "modified_at": modified_at, "version": version, "raw": raw} | changes
    return msgspec.structs.replace(item, **values)


def sighting(source: str = "call_records", minute: float = 0, **changes: Any) -> Item:
    """One source's view of a call from a citizen to u1, answered and three minutes long."""
    started = NOON + timedelta(minutes=minute)
    call: dict[str, Any] = {
        "started_at": started,
        "ended_at": started + timedelta(minutes=3),
        "direction": Direction.INBOUND,
        "is_answered": True,
        "caller": Party(phone="+4520000001", role="from"),
        "callees": (Party(person="u1", role="to"),),
    }
    call |= changes.pop("call", {})
    key = changes.pop("key", f"{source}-{minute}")
    values: dict[str, Any] = {
        "source": source,
        "thread": source,
        "key": key,
        "version": "1",
        "kind": Kind.SIGHTING,
        "sent_at": call["started_at"],
        "modified_at": call["started_at"],
        "raw": f'{{"id":"{key}"}}'.encode(),
        "call": Call(**call),
    }
    return Item(**(values | changes))


def page(*items: Any, cursor: str | None = "c1", source: str = "", part: str = "u1") -> Page:
    """A page of these items."""
    name = source or (items[0].source if items else "chats")
    return Page(source=name, part=part, cursor=cursor, items=tuple(items))


def case(number: str = CASE, **changes: Any) -> Case:
    """An open case with one party."""
    values: dict[str, Any] = {
        "title": "Flytning",
        "caseworker": "bodil@kommune.example",
        "parties": (CaseParty(name="Asger Prøve", phone="+4520000001"),),
    }
    return Case(number=number, **(values | changes))


def add_cases(ledger: Ledger, *cases: Case, rules: Policy | None = None) -> None:
    """Put cases into the ledger's copy of the register."""
    with ledger.write() as connection:
        batch = Batch(
            ledger=ledger, connection=connection, policy=rules or policy(), now=ledger.now()
        )
        keep_cases(batch, cases)
