"""The municipality in a box: made from a seed, the same every time, and it knows the truth."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from connector.sandbox import people, phone, post, talk, words
from connector.sandbox.world import (
    CaseFile,
    Chat,
    Citizen,
    Draw,
    Json,
    Mail,
    Message,
    PhoneCall,
    Staff,
    Team,
    by_key,
)

COLUMNS = (
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
)


@dataclass(slots=True, kw_only=True)
class Municipality:
    """Everything there is. Not changed after it was built; times after `now` are still to come."""

    seed: int
    now: datetime
    since: datetime
    tenant: str
    staff: tuple[Staff, ...]
    shared: tuple[Staff, ...]  # the queues' shared mailboxes; in the directory, sign-in disabled
    citizens: tuple[Citizen, ...]
    case_files: tuple[CaseFile, ...]
    chats: tuple[Chat, ...]
    messages: tuple[Message, ...]
    teams: tuple[Team, ...]
    channel_messages: tuple[Message, ...]
    calls: tuple[PhoneCall, ...]
    mails: tuple[Mail, ...]
    person: dict[str, Staff] = field(default_factory=dict)
    chat: dict[str, Chat] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.person = dict(by_key(self.staff + self.shared))
        self.chat = {chat.key: chat for chat in self.chats}

    def cases(self) -> tuple[CaseFile, ...]:
        """The cases of the register, open and closed."""
        return self.case_files

    def truth(self) -> Iterator[Json]:
        """Each communication with its right case, or None, and why. See docs/scenarios.md."""
        for message in self.messages + self.channel_messages:
            yield _truth_of_message(message)
        for call in self.calls:
            yield _truth_of_call(call)
        for mail in self.mails:
            yield _truth_of_mail(mail)


def _truth_of_message(message: Message) -> Json:
    return {
        "kind": "event" if message.event else "message",
        "source": "teams.channels" if message.team else "teams.chats",
        "thread": message.thread,
        "key": message.key,
        "case": message.right.case,
        "why": message.right.why,
    }


def _truth_of_call(call: PhoneCall) -> Json:
    return {
        "kind": "call" if call.is_answered else "missed_call",
        "record": call.key,
        "pstn": call.pstn["id"] if call.pstn else None,
        "direct_routing": [row["id"] for row in call.direct],
        "events": [list(event) for event in call.events],
        "mails": [list(mail) for mail in call.mails],
        "start": call.start.isoformat(),
        "case": call.right.case,
        "why": call.right.why,
    }


def _truth_of_mail(mail: Mail) -> Json:
    return {
        "kind": {"voicemail": "voicemail", "missed": "missed_call_mail"}.get(mail.kind, "mail"),
        "mailbox": mail.mailbox,
        "key": mail.internet_id,
        "id": mail.key,
        "call": mail.call or None,
        "case": mail.right.case,
        "why": mail.right.why,
    }


def build(seed: int = 1, users: int = 420, days: int = 14, *, now: datetime) -> Municipality:
    """The municipality as it is at `now` (aware), with `days` of talk behind it.

    Pure: equal arguments give an equal municipality. Nothing that exists is later than `now`; only
    edits, deletions and late call records may be, and they show when the server's clock gets there.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    since = now - timedelta(days=max(1, days))

    def part(name: str) -> Draw:
        return Draw(seed, name, since, now)

    staff = people.staff(part("staff"), users)
    outside = people.citizens(part("citizens"), users)
    cases = people.cases(part("cases"), staff, outside)
    chats = talk.chats(part("chats"), staff, outside)
    messages = talk.talk(part("talk"), chats, cases, int(users * days * talk.MESSAGES_PER_USER_DAY))
    teams = people.teams(part("teams"), staff)
    room = phone.exchange(
        part("calls"),
        staff,
        outside,
        cases,
        chats,
        int(users * days * phone.CALLS_PER_USER_DAY),
        {(message.thread, int(message.key)) for message in messages},
    )
    shared = _shared(part("shared"))
    room.draw = part("mail")
    mails = post.mails(room, dict(zip(words.QUEUES, shared, strict=True)), days)
    return Municipality(
        seed=seed,
        now=now,
        since=since,
        tenant=part("tenant").guid(),
        staff=staff,
        shared=shared,
        citizens=outside,
        case_files=cases,
        chats=chats,
        messages=tuple(sorted((*messages, *room.events), key=lambda m: (m.at, m.thread, m.key))),
        teams=teams,
        channel_messages=talk.channel_talk(part("channels"), teams, cases),
        calls=tuple(_with_mails(room.calls, mails)),
        mails=mails,
    )


def _shared(draw: Draw) -> tuple[Staff, ...]:
    return tuple(
        Staff(
            key=draw.guid(),
            upn=f"{people.ascii_name(queue)}@{words.DOMAIN}",
            given="",
            surname=queue,
            title="",
            phone="",
            centre="",
            department=queue,
            is_enabled=False,
        )
        for queue in words.QUEUES
    )


def _with_mails(calls: Iterable[PhoneCall], mails: tuple[Mail, ...]) -> Iterator[PhoneCall]:
    told: dict[str, list[tuple[str, str]]] = {}
    for mail in mails:
        if mail.call:
            told.setdefault(mail.call, []).append((mail.mailbox, mail.internet_id))
    for call in calls:
        yield replace(call, mails=tuple(told.get(call.key, ())))


def cases_csv(municipality: Municipality) -> str:
    """The register file: UTF-8, comma, ISO dates, several values in a field separated by "|"."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(case) for case in municipality.cases())
    return out.getvalue()


def _row(case: CaseFile) -> tuple[str, ...]:
    return (
        case.number,
        case.title,
        "open" if case.is_open else "closed",
        case.opened.isoformat(),
        case.closed.isoformat() if case.closed else "",
        case.caseworker.upn,
        case.department,
        "|".join(party.name for party in case.parties),
        "|".join(party.phone for party in case.parties),
        "|".join(party.mail for party in case.parties),
        case.kle_subject,
        case.kle_facet,
        case.access,
    )


def write_cases_csv(municipality: Municipality, path: Path) -> None:
    """Write the register file."""
    path.write_text(cases_csv(municipality), encoding="utf-8")


def write_truth(municipality: Municipality, path: Path) -> None:
    """Write the truth, one JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for row in municipality.truth():
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
