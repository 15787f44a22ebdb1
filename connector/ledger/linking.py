"""Decides which case items belong to, and lets people have the last word.

The deciding itself is pure and stands in connector/linking; here is what it needs from the ledger:
which of the numbers are cases, whose telephone it is, what a person said before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.ledger.batch import Batch, New, chunks, known, select_items, versions_of
from connector.ledger.callers import contacts_of, recent_calls, settle_calls
from connector.ledger.communications import communication_of, with_files
from connector.ledger.decisions import about
from connector.ledger.entries import Owed, owe
from connector.ledger.links import BY_PERSON, HELD, Decided, apply
from connector.ledger.register import LedgerCases
from connector.ledger.tables import item, link, mention, ms, phone
from connector.ledger.threads import Span, chats_of_calls, dirty, settle_threads
from connector.model import Case, Decision, Evidence, Kind, LinkState

if TYPE_CHECKING:
    from connector.linking.subject import Subject

BY_NUMBER = "number"
_root = item.alias("root")  # what is decided about a message, all versions of it
# What is decided about by itself: a sighting and a note go with what they belong to.
JOURNALED = frozenset({Kind.MESSAGE, Kind.CALL, Kind.MISSED_CALL, Kind.VOICEMAIL})


def decide_batch(batch: Batch, new: Sequence[New], actor: str = "casethread") -> Counter[LinkState]:
    """Decide about every current version, then let the threads carry their case on."""
    again: set[int] = set()
    subjects: dict[int, Subject] = {}
    counts, spans = _decide_alone(batch, new, actor, again, subjects)
    counts.update(settle_threads(batch, spans, actor, again, subjects))
    return counts


def _decide_alone(
    batch: Batch,
    new: Sequence[New],
    actor: str,
    again: set[int],
    subjects: dict[int, Subject] | None = None,
) -> tuple[Counter[LinkState], dict[int, Span]]:
    """All but what follows in threads: the spans of these, and into `again` what they decide.

    Into `subjects` goes what was read, by number of the version.
    """
    wanted = [
        each
        for each in new
        if each.is_current and each.item.kind in JOURNALED and not each.is_excluded
    ]
    decided = _by_evidence(batch, wanted, subjects)
    _owe_versions(batch, wanted)
    final, waiting = _apart(batch, decided)
    again.update(each.root_id for each in waiting)
    counts = apply(batch, final, actor)
    counts.update(settle_calls(batch, final, actor))
    return counts, dirty(batch, wanted, decided)


def _apart(batch: Batch, decided: Sequence[Decided]) -> tuple[list[Decided], list[Decided]]:
    """What is decided for good, and kept messages whose thread has a say in it too.

    Applying the latter first would take each off its case and put it back: two changes in the
    record for none.
    """
    kept = [each for each in decided if each.is_again and each.kind is Kind.MESSAGE]
    rules = current_rules(batch, [each.root_id for each in kept])
    again = [
        each
        for each in kept
        if each.decision.rule != BY_NUMBER and rules.get(each.root_id, "") != BY_NUMBER
    ]
    waits = {each.root_id for each in again}
    return [each for each in decided if each.root_id not in waits], again


def _owe_versions(batch: Batch, wanted: Sequence[New]) -> None:
    """An edit or deletion of something journaled makes the next version of its entry."""
    later = {each.root_id: each for each in wanted if each.root_id != each.id and not each.is_known}
    owed: list[Owed] = []
    for some in chunks(sorted(later)):
        rows = batch.connection.execute(
            sa.select(item.c.id, item.c.thread_id, item.c.sent_at, item.c.case_number).where(
                item.c.id.in_(some), item.c.case_number.is_not(None)
            )
        )
        owed += [
            Owed(
                kind=later[row.id].item.kind,
                thread_id=row.thread_id,
                root_id=row.id,
                case_number=row.case_number,
                sent_at=row.sent_at,
                changed_at=ms(later[row.id].item.modified_at),
            )
            for row in rows
        ]
    owe(batch, owed)


def _by_evidence(
    batch: Batch, wanted: Sequence[New], subjects_read: dict[int, Subject] | None
) -> list[Decided]:
    """Decisions by what stands in the item itself and by recent calls with the same number."""
    if not wanted:
        return []  # a sync without news loads no linker
    from connector.linking.asking import first_keys

    linker = batch.policy.linker()
    read = [(each, linker.read(communication_of(batch.policy, each.item))) for each in wanted]
    if subjects_read is not None:
        subjects_read.update({each.id: its for each, its in read})
    subjects = [
        (each, its)
        for each, its in read
        if each.is_known or not its.is_plain or each.item.kind is not Kind.MESSAGE
    ]
    if not subjects:
        return []
    _keep_mentions(batch, subjects)
    cases = LedgerCases(batch.connection)
    cases.find({key for _, subject in subjects for key in first_keys(subject)})
    recent = recent_calls(batch, subjects)
    held = _held_by_person(
        batch, [each for each, _ in subjects if each.is_known or each.root_id != each.id]
    )
    chats = chats_of_calls(batch, [each for each, _ in subjects])
    decided = []
    for each, subject in subjects:
        if each.root_id in held:
            continue
        if each.root_id != each.id and not each.is_known and not subject.names_something:
            continue  # an edit or deletion that names nothing leaves the link as it was
        decision = linker.decide(subject, cases, None, recent.get(each.root_id, ()))
        chat = chats.get(each.root_id)
        if chat is None and _changes_nothing(each, decision):
            continue
        decided.append(_decided(each, decision, chat))
    return decided


def _changes_nothing(each: New, decision: Decision) -> bool:
    """A call or voicemail, just arrived, that stays on no case: nobody need hear of it.

    A message is told of all the same: its thread may carry a case on to it.
    """
    is_first = each.root_id == each.id and not each.is_known
    is_message = each.item.kind is Kind.MESSAGE
    return is_first and not is_message and decision.state is LinkState.UNLINKED


def _decided(each: New, decision: Decision, chat_id: int | None) -> Decided:
    return Decided(
        root_id=each.root_id,
        thread_id=each.thread_id,
        kind=each.item.kind,
        sent_at=ms(each.item.sent_at),
        decision=decision,
        chat_id=chat_id,
        is_again=each.is_known or each.root_id != each.id,
    )


def _keep_mentions(batch: Batch, subjects: Sequence[tuple[New, Subject]]) -> None:
    """Remember every number, so that a case that appears later finds its items."""
    mentions: set[tuple[str, int]] = set()
    contacts: set[tuple[str, int]] = set()
    for each, subject in subjects:
        root = each.root_id
        mentions.update([(name, root) for name in subject.numbers])
        contacts.update([(contact, root) for contact in contacts_of(subject)])
    for table, rows in ((mention, mentions), (phone, contacts)):
        if rows:
            names = ["number", "item_id"]
            batch.ledger.insert_many(batch.connection, table, names, sorted(rows))


def _held_by_person(batch: Batch, wanted: Sequence[New]) -> set[int]:
    """Roots that a person decided about, or whose chat is private: no rule changes that."""
    rules = current_rules(batch, [each.root_id for each in wanted])
    return {root for root, rule in rules.items() if rule in HELD}


def current_rules(batch: Batch, roots: Sequence[int]) -> dict[int, str]:
    """The rule of the decision that stands, by root; nothing for what was never decided."""
    found: dict[int, str] = {}
    for some in chunks(roots):
        rows = batch.connection.execute(
            sa.select(link.c.item_id, link.c.rule).where(
                link.c.item_id.in_(some), link.c.superseded_at.is_(None)
            )
        )
        found.update({row.item_id: row.rule for row in rows})
    return found


def look_again(batch: Batch, roots: Sequence[int], actor: str = "casethread") -> Counter[LinkState]:
    """Decide again about kept items: a case appeared, or a rule changed. People's links stay.

    Threads are walked through once, at the end: each message again would be endless in a long one.
    """
    counts: Counter[LinkState] = Counter()
    spans: dict[int, Span] = {}
    again: set[int] = set()
    for some in chunks(sorted(set(roots))):
        rows = batch.connection.execute(
            select_items()
            .join(_root, _root.c.id == item.c.root_id)
            .where(
                item.c.is_current,
                versions_of(some),
                _root.c.state != LinkState.EXCLUDED.value,
            )
        ).all()
        kept = with_files(batch, [known(row) for row in rows])
        more, dirtied = _decide_alone(batch, kept, actor, again)
        counts.update(more)
        for number, (first, last) in dirtied.items():
            was = spans.get(number, (first, last))
            spans[number] = (min(was[0], first), max(was[1], last))
    counts.update(settle_threads(batch, spans, actor, again))
    return counts


def items_naming(batch: Batch, numbers: Iterable[str], contacts: Iterable[str]) -> list[int]:
    """Roots that name one of these numbers or were with one of these telephones or addresses."""
    roots: set[int] = set()
    for table, values in ((mention, numbers), (phone, contacts)):
        for some in chunks(sorted(set(values))):
            rows = batch.connection.execute(
                sa.select(table.c.item_id).where(table.c.number.in_(some))
            )
            roots.update(row[0] for row in rows)
    return sorted(roots)


def decide_by_person(
    batch: Batch, root_id: int, *, state: LinkState, case: Case | None, actor: str, reason: str
) -> None:
    """A person's word: it stands until a person changes it. The thread learns from it.

    Raises KeyError as `decide_all_by_person`.
    """
    decide_all_by_person(batch, [root_id], state=state, case=case, actor=actor, reason=reason)


def decide_all_by_person(
    batch: Batch,
    roots: Sequence[int],
    *,
    state: LinkState,
    case: Case | None,
    actor: str,
    reason: str,
) -> None:
    """The same word about several items at once.

    Raises KeyError when one is not there, or goes with another: a sighting, a note.
    """
    number = case.number if case is not None else ""
    decision = Decision(
        state=state,
        case_number=number,
        rule=BY_PERSON,
        confidence=1.0,
        reason=reason,
        evidence=(Evidence(rule=BY_PERSON, case_number=number, where="person", note=actor),),
    )
    known = about(batch, dict.fromkeys(roots, decision))
    found = [each for each in known if each.kind in JOURNALED]
    if missing := set(roots) - {each.root_id for each in found}:
        raise KeyError(min(missing))
    apply(batch, found, actor)
    settle_calls(batch, found, actor)
    settle_threads(batch, dirty(batch, [], found), actor)
