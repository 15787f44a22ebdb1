"""The department of a colleague who takes part: it orders suggestions, and links nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.bootstrap import Program
from connector.ledger import Ledger
from connector.ledger.batch import Batch
from connector.ledger.people import keep_people
from connector.ledger.tables import link
from connector.ledger.take import take
from connector.linking.communication import Communication, Participant
from connector.model import Case, LinkState, Page, Person
from connector.settings import parse
from tests.making import CASE, OTHER_CASE, add_cases, case, page, policy, sighting
from tests.talking import ASGER_MASKED, ASGER_PHONE, BODIL, CARL, HELP, call, citizen, judge
from tests.test_bootstrap import SETTINGS

NOTE = "a colleague of its department takes part"
IDA = "ida@kommune.example"
WAITING = LinkState.WAITING


def asger(number: str, department: str, **changes: Any) -> Case:
    """A case of Asger's in a department; it is nobody's who takes part."""
    fields: dict[str, Any] = {"title": "Sag", "caseworker": CARL} | changes
    return msgspec.structs.replace(HELP, number=number, department=department, **fields)


FIRST = asger("27.36.04-P19-1-24", "Byggeri")
SECOND = asger("27.36.04-P19-2-24", "Hjemmepleje")
THIRD = asger("27.36.04-P19-3-24", "Hjemmepleje")


def to_ida(phone: str = ASGER_PHONE, department: str = "Hjemmepleje", **more: Any) -> Communication:
    """A call to a colleague of this department."""
    ida = Participant(role="to", upn=IDA, department=department)
    return call(phone, participants=(citizen(phone), ida), **more)


@pytest.mark.parametrize("phone", [ASGER_PHONE, ASGER_MASKED])
@pytest.mark.parametrize(
    ("department", "cases", "first"),
    [
        ("Hjemmepleje", (FIRST, SECOND), SECOND),
        ("  hjemmepleje ", (FIRST, SECOND), SECOND),
        ("Hjemmepleje", (FIRST, SECOND, THIRD), SECOND),
        ("Byggeri", (FIRST, SECOND), FIRST),
        ("Ydelse", (FIRST, SECOND), FIRST),  # of neither: as the register orders them
        ("", (FIRST, asger("27.36.04-P19-4-24", "")), FIRST),
        (" ", (FIRST, asger("27.36.04-P19-4-24", "")), FIRST),
    ],
)
def test_first_suggestion(
    phone: str, department: str, cases: tuple[Case, ...], first: Case
) -> None:
    """Of a caller's open cases the department's own is suggested first; none is linked."""
    decision = judge(to_ida(phone, department), *cases)

    assert (decision.state, decision.case_number) == (WAITING, first.number)


@pytest.mark.parametrize(
    ("its", "more"),
    [
        (to_ida(text="Det er om min hjemmehjælp"), {"title": "Hjemmehjælp"}),  # the matter
        (
            call(ASGER_MASKED, participants=(
                citizen(ASGER_MASKED), Participant(role="to", upn=BODIL),
                Participant(role="transferred_to", upn=IDA, department="Hjemmepleje"),
            )),
            {"caseworker": BODIL},
        ),
    ],
)  # fmt: skip
def test_what_goes_before(its: Communication, more: dict[str, Any]) -> None:
    """What is said, and a case's own caseworker, go before a department."""
    other = msgspec.structs.replace(FIRST, **more)

    assert judge(its, other, SECOND).case_number == other.number


def test_open_before_closed() -> None:
    """A closed case of the department stays behind an open one of another."""
    closed = msgspec.structs.replace(SECOND, is_open=False)

    assert judge(to_ida(ASGER_MASKED), FIRST, closed).case_number == FIRST.number


@pytest.mark.parametrize(
    ("participant", "is_ours"),
    [
        (Participant(role="to", upn=IDA, department="Hjemmepleje"), True),
        (Participant(role="to", upn=IDA), False),
        (Participant(role="to", upn="ida_x#EXT#@kommune.example", department="Hjemmepleje"), False),
        (Participant(role="from", mail="ida@mail.example", department="Hjemmepleje"), False),
    ],
)
def test_whose_department(participant: Participant, is_ours: bool) -> None:
    """Only a colleague's counts, no guest's. The evidence says so."""
    its = call(participants=(citizen(ASGER_PHONE), participant))
    decision = judge(its, FIRST, SECOND)

    assert decision.case_number == (SECOND if is_ours else FIRST).number
    notes = {each.case_number: each.note for each in decision.evidence}
    assert (NOTE in notes[SECOND.number], NOTE in notes[FIRST.number]) == (is_ours, False)


def test_never_a_link() -> None:
    """The only open case of a caller is still no link to a colleague of its department."""
    assert judge(to_ida(), SECOND).state is WAITING


def test_restricted_case_stays_hidden() -> None:
    """A colleague of the department is not told of a restricted case."""
    hidden = msgspec.structs.replace(SECOND, access="restricted")
    decision = judge(to_ida(), FIRST, hidden)

    assert decision.case_number == FIRST.number
    assert hidden.number not in {each.case_number for each in decision.evidence}


def test_from_the_directory(ledger: Ledger) -> None:
    """The directory's department of whoever took the call puts the case of that one first."""
    cases = [
        case(CASE, department="Ydelse", caseworker="vita@kommune.example"),
        case(OTHER_CASE, department="Byggeri", caseworker="vita@kommune.example"),
    ]
    add_cases(ledger, *cases)
    rules = policy(departments={"u1": "Byggeri"})
    take(ledger, [page(sighting("call_records"))], rules)

    with ledger.read() as connection:
        row = connection.execute(sa.select(link)).one()
    assert (row.state, row.rule, row.case_number) == ("waiting", "several of phone", OTHER_CASE)


def test_the_program_knows_departments(ledger: Ledger, tmp_path: Path) -> None:
    """What the directory says of a person reaches the linker."""
    people = [Person(id="u1", upn=BODIL, department="Ydelse"), Person(id="u2", upn=CARL)]
    with ledger.write() as connection:
        keep_people(
            Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now()), people
        )
    program = Program(parse(SETTINGS, tmp_path, {}))
    program.__dict__["ledger"] = ledger

    assert program.policy().staff().departments == {"u1": "Ydelse"}


def test_a_new_colleague(ledger: Ledger) -> None:
    """A call that came before the directory knew who took it is ordered by the department, too."""
    cases = [
        case(CASE, department="Ydelse", caseworker="vita@kommune.example"),
        case(OTHER_CASE, department="Byggeri", caseworker="vita@kommune.example"),
    ]
    add_cases(ledger, *cases)
    rules = policy(upns={})
    take(ledger, [page(sighting("call_records"))], rules)
    assert suggested(ledger) == CASE
    joined = Person(id="u1", upn=BODIL, department="Byggeri")
    take(ledger, [Page(source="directory", part="", people=(joined,))], rules)

    assert suggested(ledger) == OTHER_CASE


def suggested(ledger: Ledger) -> str:
    with ledger.read() as connection:
        query = sa.select(link.c.case_number).where(link.c.superseded_at.is_(None))
        return str(connection.execute(query).scalar_one())
