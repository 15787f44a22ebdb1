"""An explanation in words for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connector import screen
from connector.commands.looking import journaled_lines, local, reason, rule_name
from connector.linking.reasons import MORE, TOO_LONG
from connector.model import Kind

if TYPE_CHECKING:
    from connector.commands import Session
    from connector.ledger.explaining import Decided, Explanation
    from connector.model import Evidence


def tell_item(session: Session, found: Explanation) -> None:
    """Everything about one item on standard output."""
    for line in lines(session, found):
        screen.say(line)
    screen.say()


def lines(session: Session, found: Explanation) -> Iterator[str]:
    """What it is, what stands now and why, what stood before, where it went."""
    kind = session.text(f"item.{found.kind}")
    yield session.text("explain.item", item=found.item, kind=kind, at=local(session, found.at))
    yield f"  {found.source}  {found.thread}  {found.key}"
    if found.call is not None and found.kind == "sighting":
        yield f"  {session.text('explain.of_call', call=found.call)}"
        return
    if not found.decisions:
        yield f"  {session.text('explain.none')}"
    for number, decided in enumerate(found.decisions):
        if number == 1:
            yield f"  {session.text('explain.before')}"
        yield from _decision_lines(session, decided, "  " if number == 0 else "    ")
    if found.kind == Kind.NOTE:
        yield f"  {session.text('history.about', item=found.call)}"
    else:
        yield from _hit_lines(session, found)
    if found.note is not None:
        yield f"  {session.text('explain.note', item=found.note)}"
    if found.sightings:
        yield f"  {session.text('explain.sightings')}"
    for each in found.sightings:
        same = ", ".join(each.same)
        yield f"    [{each.item}] {each.source}  {local(session, each.started_at)}  {same}"
    if found.deliveries:
        yield f"  {session.text('explain.deliveries')}"
        yield from journaled_lines(session, found.deliveries)


def _decision_lines(session: Session, decided: Decided, indent: str) -> Iterator[str]:
    yield indent + session.text(
        "explain.decision",
        state=session.text(f"state.{decided.state}"),
        case=decided.case_number,
        rule=rule_name(session, decided.rule),
        confidence=decided.confidence,
        actor=decided.actor,
        at=local(session, decided.at),
    )
    why = reason(session, decided.rule, decided.reason, decided.case_number)
    if why:
        yield indent + session.text("explain.reason", reason=why)
    if decided.evidence:
        yield indent + session.text("explain.evidence")
    for each in decided.evidence:
        yield f"{indent}  - {_evidence_line(session, each)}"


def _evidence_line(session: Session, each: Evidence) -> str:
    """A reason as people read it: the case, what points to it, where it was found, what is odd."""
    if each.rule == MORE:
        return session.text("explain.more", count=int(each.found))
    if each.rule == TOO_LONG:
        return session.text("explain.too_long", count=int(each.found))
    words = session.program.mapping
    found = f": {each.found}" if each.found else ""
    if each.where not in (each.rule, "person"):
        found = f" ({words.place(each.where)}){found}"
    note = f"; {words.note(each.note)}" if each.note else ""
    return f"{each.case_number}  {words.rule(each.rule)}{found}{note}".strip()


def _hit_lines(session: Session, found: Explanation) -> Iterator[str]:
    if not found.hits:
        yield f"  {session.text('explain.now_none')}"
        return
    yield f"  {session.text('explain.now')}"
    for each in found.hits:
        known = session.text("explain.known" if each.is_case else "explain.not_known")
        place = session.program.mapping.place(each.where)
        yield f"    - {each.number}  {place}  {each.pattern}  ({known})"
