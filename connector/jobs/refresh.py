"""The register's cases into the ledger's copy; items that name a new or changed case are decided
again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from connector.errors import Rejected, RemoteError
from connector.ledger.asked import note_asked, numbers_to_ask
from connector.ledger.batch import Batch, chunks
from connector.ledger.linking import items_naming, look_again
from connector.ledger.register import keep_cases
from connector.ledger.tables import cursor
from connector.model import Case, LinkState
from connector.progress import Progress, Silent

if TYPE_CHECKING:
    from connector.ledger import Ledger
    from connector.ledger.policy import Policy
    from connector.ports import CaseRegister

_ASKED = 50  # numbers in one transaction; a look-up takes a slow register half a second
MOST_ASKED = 2_000  # in one run: the next goes on


@dataclass(slots=True)
class Refreshed:
    """What one reading of the register did."""

    read: int = 0
    changed: int = 0
    linked: int = 0
    waiting: int = 0
    problems: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The figures kept with the run."""
        return {
            "read": self.read,
            "changed": self.changed,
            "linked": self.linked,
            "waiting": self.waiting,
        }


def refresh(
    ledger: Ledger, register: CaseRegister, policy: Policy, *, progress: Progress | None = None
) -> Refreshed:
    """Bring the copy of the register up to date. Safe to stop at any time and to repeat."""
    progress = progress or Silent()
    name = f"register.{register.name}"
    progress.begin(name, None)
    result = Refreshed()
    try:
        if register.can_list:
            _list(ledger, register, policy, result, name, progress)
        else:
            _ask(ledger, register, policy, result, name, progress)
    finally:
        progress.end(name)
    return result


def ask_for(ledger: Ledger, register: CaseRegister, policy: Policy, number: str) -> Case | None:
    """Ask the register for one number that a person typed, and keep its answer.

    None when there is no such case. Raises RemoteError when the register does not answer.
    """
    case = _answer(register, number, Refreshed())
    if case is not None:
        with ledger.write() as connection:
            batch = Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())
            _keep(batch, [case], Refreshed())
    return case


def _list(
    ledger: Ledger,
    register: CaseRegister,
    policy: Policy,
    result: Refreshed,
    name: str,
    progress: Progress,
) -> None:
    """Read what changed since the last time."""
    with ledger.read() as connection:
        since = connection.execute(
            sa.select(cursor.c.value).where(cursor.c.source == name, cursor.c.part == "")
        ).scalar()
    for cases, keep in register.changes(since):
        with ledger.write() as connection:
            batch = Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())
            _keep(batch, cases, result)
            if keep is not None:
                _keep_cursor(batch, name, keep)
        progress.step(name, result.read, result.counts())


def _ask(
    ledger: Ledger,
    register: CaseRegister,
    policy: Policy,
    result: Refreshed,
    name: str,
    progress: Progress,
) -> None:
    """Ask for each number that was mentioned. What was answered is kept, whatever comes after."""
    for _ in range(MOST_ASKED // _ASKED):
        with ledger.read() as connection:
            numbers = numbers_to_ask(connection, ledger.now(), _ASKED)
        answers: dict[str, Case | None] = {}
        try:
            for number in numbers:
                answers[number] = _answer(register, number, result)
        except RemoteError:
            if not answers:
                raise
        with ledger.write() as connection:
            batch = Batch(ledger=ledger, connection=connection, policy=policy, now=ledger.now())
            _keep(batch, [case for case in answers.values() if case is not None], result)
            note_asked(batch, list(answers))
        progress.step(name, result.read, result.counts())
        if len(numbers) < _ASKED:
            return


def _answer(register: CaseRegister, number: str, result: Refreshed) -> Case | None:
    """The case of one number; None too when the register cannot say which, which is told."""
    try:
        return register.lookup(number)
    except Rejected as error:
        result.problems.append(str(error))
        return None


def _keep(batch: Batch, cases: list[Case], result: Refreshed) -> None:
    """Keep the cases and decide the items anew that name them."""
    kept = keep_cases(batch, cases)
    for some in chunks(items_naming(batch, kept.numbers, kept.contacts)):
        counts = look_again(batch, some)
        result.linked += counts[LinkState.LINKED]
        result.waiting += counts[LinkState.WAITING]
    result.read += len(cases)
    result.changed += kept.changed


def _keep_cursor(batch: Batch, name: str, value: str) -> None:
    insert = batch.ledger.insert(cursor)
    batch.connection.execute(
        insert.on_conflict_do_update(
            index_elements=["source", "part"],
            set_={"value": insert.excluded.value, "kept_at": insert.excluded.kept_at},
        ),
        {"source": name, "part": "", "value": value, "kept_at": batch.now},
    )
