"""Ways of telling that several scenes share."""

from __future__ import annotations

from datetime import datetime

from people import Case, Employee, mask, outside, staff
from world import World


def talk(
    w: World,
    at: datetime,
    text: str,
    rule: str = "none",
    *,
    case: Case | None = None,
    to: Employee | None = None,
    thread: str = "",
) -> None:
    """An internal chat that is not linked."""
    to = to or w.anyone()
    people = [staff("from", w.anyone(to)), staff("to", to)]
    w.add("chat", at, people, text=text, case=case, rule=rule, thread=thread or w.thread())


def from_party(
    case: Case, *, to: Employee | None = None, masked: bool = False
) -> list[dict[str, str]]:
    phone = case.party.line
    return [outside("from", phone=mask(phone) if masked else phone), staff("to", to or case.worker)]


def message(w: World, case: Case) -> str:
    opening = w.say("vm_open", case, kol=case.worker.name.split()[0])
    return f"{opening} {w.line(case, 'c')} {w.say('vm_close', case)}"
