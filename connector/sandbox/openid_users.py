"""Who may sign in to the demonstration: a few employees, one for each job that the portal has."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from connector.sandbox.municipality import Municipality
from connector.sandbox.world import CaseFile, Right, Staff

CASE_WORKER = "CaseWorker"
RECORDS_MANAGER = "RecordsManager"
EDITOR = "Editor"
OPERATOR = "Operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    """One who may sign in. `oid` is the directory's object id, `roles` are app roles."""

    oid: str
    upn: str
    name: str
    mail: str
    department: str
    roles: tuple[str, ...]
    groups: tuple[str, ...] = ()  # object ids


def demo_users(
    municipality: Municipality, *, until: datetime | None = None
) -> tuple[DemoUser, ...]:
    """Case worker, colleague, case worker elsewhere, records manager, editor, operator; in order.

    The first is the case worker of the open, unrestricted case with most kinds of communication,
    then with most of it, as it is at `until` (else at the municipality's `now`); the second is of
    the same unit. In a municipality of fewer than six
    employees somebody has several of these jobs and appears once, with all their roles.
    """
    staff = municipality.staff
    first = _busiest(municipality, until or municipality.now) or staff[0]
    own = [each for each in staff if each.department == first.department]
    other = [each for each in staff if each.department != first.department]
    jobs = (
        ([first], (CASE_WORKER,)),
        (own, (CASE_WORKER,)),
        (other, (CASE_WORKER,)),
        (other, (RECORDS_MANAGER,)),
        (other, (EDITOR, CASE_WORKER)),
        (other, (OPERATOR,)),
    )
    roles: dict[Staff, tuple[str, ...]] = {}
    for liked, wanted in jobs:
        person = _free(roles, (*liked, *staff)) or (liked or list(staff))[0]
        roles[person] = tuple(dict.fromkeys((*roles.get(person, ()), *wanted)))
    return tuple(_user(municipality.tenant, person, held) for person, held in roles.items())


def with_many_groups(users: Iterable[DemoUser], count: int) -> tuple[DemoUser, ...]:
    """The same people, members of `count` groups more."""
    return tuple(
        replace(
            user,
            groups=(
                *user.groups,
                *(str(uuid.uuid5(uuid.UUID(user.oid), f"group {n}")) for n in range(count)),
            ),
        )
        for user in users
    )


def group_id(tenant: str, name: str) -> str:
    """The object id of the security group for a unit or a role."""
    return str(uuid.uuid5(uuid.UUID(tenant), f"group/{name}"))


def _free(taken: dict[Staff, tuple[str, ...]], people: Iterable[Staff]) -> Staff | None:
    return next((each for each in people if each not in taken), None)


def _user(tenant: str, person: Staff, roles: tuple[str, ...]) -> DemoUser:
    return DemoUser(
        oid=person.key,
        upn=person.upn,
        name=person.name,
        mail=person.upn,
        department=person.department,
        roles=roles,
        groups=tuple(group_id(tenant, name) for name in (person.department, *roles)),
    )


def _busiest(municipality: Municipality, until: datetime) -> Staff | None:
    kinds: dict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for kind, right, at in _talk(municipality):
        if right.case and at <= until:
            kinds[right.case].add(kind)
            counts[right.case] += 1

    def much(case: CaseFile) -> tuple[int, int]:
        return len(kinds[case.number]), counts[case.number]

    able = [each for each in municipality.cases() if each.is_open and not each.access]
    return max(able, key=much).caseworker if able else None


def _talk(municipality: Municipality) -> Iterator[tuple[str, Right, datetime]]:
    for message in municipality.messages + municipality.channel_messages:
        yield "message", message.right, message.at
    for call in municipality.calls:
        yield ("call" if call.is_answered else "missed"), call.right, call.start
    for mail in municipality.mails:
        if mail.kind == "voicemail":
            yield "voicemail", mail.right, mail.at
