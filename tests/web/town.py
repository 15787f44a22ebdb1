"""A small made-up town for the portal's tests: who works there, their cases, what was said.

bodil and bent work in Borgerservice, carl in Teknik; rita keeps the records, erik the articles,
oda runs the program. Of the cases one is bodil's, one carl's, and one of carl's is restricted.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector import settings as settings_module
from connector.bootstrap import Program
from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.sessions import SignedIn
from connector.ledger.take import take
from connector.model import (
    Attachment,
    Call,
    Case,
    CaseParty,
    Direction,
    Item,
    Kind,
    Leg,
    LinkState,
    Page,
    Party,
    Person,
    Presence,
)
from tests.conftest import Clock
from tests.making import NOON, add_cases, edited, message, policy, sighting

BODILS = "27.18.02-P25-14-26"
CARLS = "05.01.02-P19-3-26"
SECRET = "27.24.06-P19-9-26"  # restricted to carl and those named (bent)
CLOSED = "27.18.02-P25-2-25"
CITIZEN = "+4537500001"

PEOPLE = {
    "bodil": Person(
        id="00000000-0000-4000-8000-0000000000b1", upn="bodil@nordvang.example",
        name="Bodil Bæk", department="Borgerservice", phones=("+4537100001",),
    ),
    "bent": Person(
        id="00000000-0000-4000-8000-0000000000b2", upn="bent@nordvang.example",
        name="Bent Bro", department="Borgerservice",
    ),
    "carl": Person(
        id="00000000-0000-4000-8000-0000000000c1", upn="carl@nordvang.example",
        name="Carl Ølgård", department="Teknik",
    ),
    "rita": Person(
        id="00000000-0000-4000-8000-0000000000d1", upn="rita@nordvang.example",
        name="Rita Riis", department="Arkiv",
    ),
    "erik": Person(
        id="00000000-0000-4000-8000-0000000000e1", upn="erik@nordvang.example",
        name="Erik Eng", department="Kommunikation",
    ),
    "oda": Person(
        id="00000000-0000-4000-8000-0000000000f1", upn="oda@nordvang.example",
        name="Oda Ås", department="It",
    ),
}  # fmt: skip
ROLES = {
    "bodil": ("CaseWorker",),
    "bent": ("CaseWorker",),
    "carl": ("CaseWorker",),
    "rita": ("RecordsManager",),
    "erik": ("Editor",),
    "oda": ("Operator",),
    "nobody": (),
}


def signed_in(name: str) -> SignedIn:
    """What the issuer says of one of them."""
    person = PEOPLE.get(name)
    if person is None:
        return SignedIn(subject=name, oid="00000000-0000-4000-8000-00000000dead", name=name)
    return SignedIn(
        subject=f"sub-{name}", oid=person.id, name=person.name, upn=person.upn, grants=ROLES[name]
    )


def chat_of(one: str, other: str) -> str:
    """The key of the chat between two of them."""
    return f"19:{PEOPLE[one].id}_{PEOPLE[other].id}@unq.gbl.spaces"


def cases() -> list[Case]:
    """The register."""
    party = CaseParty(name="Asta Prøve", phone=CITIZEN, mail="asta@borger.example")
    return [
        Case(number=BODILS, title="Boligstøtte, Asta Prøve", caseworker="Bodil@nordvang.example",
             department="Borgerservice", parties=(party,), kle_subject="27.18.02"),
        Case(number=CARLS, title="Vejbump på Åvej", caseworker="carl@nordvang.example",
             department="Teknik", parties=(CaseParty(name="Bo Test", phone="+4537500002"),)),
        Case(number=SECRET, title="Underretning", caseworker="carl@nordvang.example",
             department="Teknik", access="restricted", readers=("bent@nordvang.example",)),
        Case(number=CLOSED, title="Boligstøtte 2025", caseworker="bodil@nordvang.example",
             department="Borgerservice", is_open=False),
    ]  # fmt: skip


def message_of(who: str, thread: str, text: str, minute: float, **changes: Any) -> Item:
    """One of them writes in a chat, `minute` minutes after NOON."""
    person = PEOPLE[who]
    return message(
        text, minute, thread=thread, sender=person.id, sender_name=person.name, **changes
    )


def second_case() -> Case:
    """A second open case of Bodil's, so that what names both waits for her."""
    return Case(
        number="27.18.02-P25-77-26", title="Boligstøtte 2026", caseworker=PEOPLE["bodil"].upn,
        department="Borgerservice",
    )  # fmt: skip


def items() -> list[Item]:
    """What was said: chats, calls, a voicemail; on every case something, and some on none."""
    both = chat_of("bodil", "bent")
    first = message_of("bodil", both, f"Jeg ringer til Asta om {BODILS} i dag", 0)
    start = NOON + timedelta(minutes=30)
    leg = Leg(
        role="queue", started_at=start, ended_at=start + timedelta(seconds=40),
        who=Party(name="Kø: Borgerservice", role="queue"), is_answered=True,
    )  # fmt: skip
    answered = sighting(
        minute=30,
        call={
            "caller": Party(phone=CITIZEN, role="from"),
            "callees": (Party(person=PEOPLE["bodil"].id, name="Bodil Bæk", role="to"),),
            "legs": (leg,),
        },
    )
    missed = sighting(
        minute=90,
        call={
            "caller": Party(phone=CITIZEN, role="from"),
            "callees": (Party(person=PEOPLE["bodil"].id, name="Bodil Bæk", role="to"),),
            "is_answered": False,
        },
    )
    at = NOON + timedelta(minutes=95)
    voicemail = Item(
        source="voicemail", thread=PEOPLE["bodil"].id, key="vm1", version="1",
        kind=Kind.VOICEMAIL, sent_at=at, modified_at=at, raw=b'{"id":"vm1"}',
        text="Hej, det er Asta. Ring tilbage om min boligstøtte", sender=CITIZEN,
        sender_name="Asta Prøve", direction=Direction.INBOUND, duration_s=14,
        parties=(Party(phone=CITIZEN, role="from"),
                 Party(person=PEOPLE["bodil"].id, name="Bodil Bæk", role="to")),
        attachments=(Attachment(name="besked.wav", ref="a1", content_type="audio/wav",
                                size_bytes=24_044, role="audio"),),
        call=Call(started_at=at, ended_at=at + timedelta(seconds=14)),
    )  # fmt: skip
    return [
        first,
        message_of("bent", both, "Husk at spørge om huslejen <script>alert(1)</script>", 2),
        edited(
            message_of("bodil", both, "Hun betaler 6.000 kr.", 4, key="e1"),
            "Hun betaler 6.500 kr.", 3,
        ),
        message_of("carl", chat_of("bent", "carl"), f"Bumpet på Åvej, sag {CARLS}, er målt", 10),
        message_of("carl", "19:secret@thread.v2", f"Familien i {SECRET} er underrettet", 12),
        message_of("bodil", "19:frokost@thread.v2", "Skal vi spise kl. 12?", 15),
        answered,
        missed,
        voicemail,
    ]  # fmt: skip


def settings(
    folder: Path, url: str, *, ledger_url: str = "", issuer: str = "", more: str = ""
) -> Any:
    """A configuration whose ledger and journal are in `folder` and whose portal is at `url`;
    `more` is added to it."""
    text = f"""
language = "da"
organisation = "Nordvang Kommune"
[ledger]
url = "{ledger_url or "sqlite:///" + str(folder / "ledger.db")}"
spool = "{folder / "spool"}"
[graph]
tenant = "00000000-0000-4000-8000-000000000001"
client_id = "00000000-0000-4000-8000-000000000002"
[register]
path = "{folder / "journal"}"
[sinks.journal]
kind = "folder"
path = "{folder / "journal"}"
[web]
url = "{url}"
issuer = "{issuer or "http://127.0.0.1:9/tenant/v2.0"}"
client_id = "portal"
unit_sees_cases = true
{more}
"""
    environ = {"CASETHREAD_CLIENT_SECRET": "x", "CASETHREAD_WEB_CLIENT_SECRET": "y"}
    return settings_module.parse(text, folder, environ)


def staff_page() -> Page:
    """The directory and the present state, as a source gives them."""
    seen = datetime(2026, 11, 20, 11, 58, tzinfo=UTC)
    states = {"bodil": "Available", "bent": "Busy", "carl": "Away"}
    presences = tuple(
        Presence(person=PEOPLE[name].id, availability=state, activity=state, observed_at=seen)
        for name, state in states.items()
    )
    return Page(
        source="directory", part="users", cursor="c", people=tuple(PEOPLE.values()),
        presences=presences,
    )  # fmt: skip


def fill(program: Program) -> None:
    """People, cases and communications, linked by the program's own linker."""
    ledger = program.ledger
    take(ledger, [staff_page()], policy())
    add_cases(ledger, *cases())
    rules = program.policy()
    take(ledger, [Page(source="chats", part="p", cursor="1", items=tuple(items()))], rules)


def put(ledger: Ledger, program: Program, root: int, case: Case, actor: str = "bodil") -> None:
    """A person puts an item on a case."""
    with ledger.write(durable=True) as connection:
        batch = Batch(
            ledger=ledger, connection=connection, policy=program.policy(), now=ledger.now()
        )
        decide_by_person(
            batch, root, state=LinkState.LINKED, case=case, actor=actor, reason="made for a test"
        )


def made(folder: Path) -> Path:
    """A ledger file with the town in it, as it is on the Friday of the fixture `clock`."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock(datetime(2026, 11, 20, 12, tzinfo=UTC))
    program = Program(settings=settings(folder, "http://127.0.0.1:8080"), clock=clock)
    fill(program)
    program.close()
    return folder / "ledger.db"
