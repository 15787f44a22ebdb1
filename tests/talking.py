"""Makes communications, and asks the linker about them. Everybody here is made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from connector.linking.communication import Communication, Participant, Shape
from connector.linking.register import MemoryRegister
from connector.linking.subject import Earlier, Recent
from connector.model import Case, CaseParty, Decision, LinkState
from tests.making import NOON, linker, scanner

BODIL, CARL = "bodil@kommune.example", "carl@kommune.example"
ASGER_PHONE, BIRTHE_PHONE, BENT_PHONE = "+4520000001", "+4530000003", "+4540000004"
ASGER_MASKED = "+4520000***"
ASGER_MAIL, BIRTHE_MAIL = "asger@mail.example", "birthe@mail.example"

HELP = Case(
    number="27.36.04-P19-12-24",
    title="Hjemmehjælp",
    opened=date(2024, 1, 2),
    caseworker=BODIL,
    parties=(CaseParty(name="Asger Prøve", phone=ASGER_PHONE, mail=ASGER_MAIL),),
)
CARPORT = Case(
    number="02.34.02-G01-7-25",
    title="Byggetilladelse til carport",
    opened=date(2025, 3, 1),
    caseworker=CARL,
    parties=(CaseParty(name="Birthe Falsk", phone=BIRTHE_PHONE, mail=BIRTHE_MAIL),),
)
NEIGHBOUR = Case(  # one character from HELP
    number="27.36.04-P19-13-24",
    title="Madservice",
    opened=date(2024, 1, 2),
    caseworker=BODIL,
    parties=(CaseParty(name="Bent Testesen", phone=BENT_PHONE),),
)
OLD = Case(  # closed, of the party of HELP
    number="27.36.04-P19-8-20",
    title="Rengøring",
    is_open=False,
    opened=date(2020, 1, 2),
    closed=date(2022, 6, 30),
    caseworker=BODIL,
    parties=(CaseParty(name="Asger Prøve", phone=ASGER_PHONE, mail=ASGER_MAIL),),
)


def staff(upn: str = BODIL, role: str = "from") -> Participant:
    """One of our own."""
    return Participant(role=role, upn=upn)


def citizen(phone: str = "", mail: str = "", role: str = "from") -> Participant:
    """Somebody from outside."""
    return Participant(role=role, phone=phone, mail=mail)


def chat(text: str = "", *people: Participant, **changes: Any) -> Communication:
    """A chat message from Carl to Bodil, or between these people."""
    values: dict[str, Any] = {
        "id": "1",
        "kind": Shape.CHAT,
        "started": NOON,
        "direction": "internal",
        "participants": people or (staff(CARL), staff(BODIL, "to")),
        "text": text,
    }
    return Communication(**(values | changes))


def mail_chat(
    text: str, mail: str = ASGER_MAIL, worker: str = BODIL, **changes: Any
) -> Communication:
    """A chat message from a guest to a caseworker."""
    people = (citizen(mail=mail), staff(worker, "to"))
    return chat(text, *people, **({"direction": "inbound"} | changes))


def call(
    phone: str = ASGER_PHONE, text: str = "", worker: str = BODIL, **changes: Any
) -> Communication:
    """A call from outside to Bodil; `text` is what was said, where that is known."""
    values: dict[str, Any] = {
        "id": "1",
        "kind": Shape.CALL,
        "started": NOON,
        "direction": "inbound",
        "participants": (citizen(phone), staff(worker, "to")),
        "text": text,
    }
    return Communication(**(values | changes))


def call_out(phone: str = ASGER_PHONE, worker: str = BODIL, **changes: Any) -> Communication:
    """A call from Bodil to somebody outside."""
    people = (staff(worker), citizen(phone, role="to"))
    return call(phone, **({"participants": people, "direction": "outbound"} | changes))


def voicemail(text: str, phone: str = ASGER_PHONE, **changes: Any) -> Communication:
    """A voicemail for Bodil."""
    return call(phone, text, **({"kind": Shape.VOICEMAIL} | changes))


def earlier(case: Case = HELP, seconds_ago: float = 600.0, **changes: Any) -> Earlier:
    """The thread was linked to this case ten minutes before."""
    return Earlier(case_number=case.number, seconds_ago=seconds_ago, **changes)


def recent(
    case: Case = HELP,
    kind: Shape = Shape.VOICEMAIL,
    seconds_ago: float = 3600.0,
    worker: str = BODIL,
) -> Recent:
    """A voicemail with the same number was linked to this case an hour before."""
    workers = frozenset({worker})
    return Recent(case_number=case.number, kind=kind, seconds_ago=seconds_ago, workers=workers)


def judge(
    its: Communication,
    *cases: Case,
    thread: Earlier | None = None,
    calls: Sequence[Recent] = (),
    **rules: Any,
) -> Decision:
    """What the linker says, with the program's own tables and a register of these cases."""
    ours = linker(**rules)
    register = MemoryRegister(cases, scanner())
    return ours.decide(ours.read(its), register, thread, calls)


def outcome(decision: Decision) -> tuple[LinkState, str, str]:
    """State, rule and case number."""
    return decision.state, decision.rule, decision.case_number
