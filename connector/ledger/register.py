"""The case register as the ledger knows it: a copy for quick look-ups, never the truth itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, chunks
from connector.ledger.storable import storable
from connector.ledger.tables import case_phone, register_case
from connector.model import Case

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.linking import Scanner

_decode = msgspec.json.Decoder(Case).decode


def match_key(number: str, scanner: Scanner) -> str:
    """A register's number as the linker compares it: canonical where a pattern reads it whole."""
    hits = scanner.find(number)
    if len(hits) == 1 and hits[0].raw.strip() == number.strip():
        return hits[0].number
    return number.strip()


def keep_cases(batch: Batch, cases: Sequence[Case]) -> tuple[list[str], list[str]]:
    """Keep new and changed cases; gives the numbers and telephones to look at items for again."""
    numbers: list[str] = []
    phones: list[str] = []
    for some in chunks(cases, 500):
        changed = _changed(batch, [storable(case) for case in some])
        if not changed:
            continue
        _write(batch, changed)
        numbers += [row["match"] for row, _ in changed]
        phones += [party.phone for _, case in changed for party in case.parties if party.phone]
    return numbers, phones


def _changed(batch: Batch, cases: Sequence[Case]) -> list[tuple[dict[str, Any], Case]]:
    rows = batch.connection.execute(
        sa.select(register_case.c.number, register_case.c.detail).where(
            register_case.c.number.in_([case.number for case in cases])
        )
    )
    known = {row.number: row.detail for row in rows}
    changed = {}
    for case in cases:
        detail = msgspec.json.encode(case).decode()
        if known.get(case.number) == detail:
            continue
        row = {
            "number": case.number,
            "match": match_key(case.number, batch.policy.scanner),
            "is_open": case.is_open,
            "caseworker": case.caseworker,
            "detail": detail,
        }
        changed[case.number] = (row, case)
    return list(changed.values())


def _write(batch: Batch, changed: Sequence[tuple[dict[str, Any], Case]]) -> None:
    insert = batch.ledger.insert(register_case)
    insert = insert.on_conflict_do_update(
        index_elements=["number"],
        set_={name: insert.excluded[name] for name in ("match", "is_open", "caseworker", "detail")},
    )
    batch.connection.execute(insert, [row for row, _ in changed])
    numbers = [row["number"] for row, _ in changed]
    batch.connection.execute(sa.delete(case_phone).where(case_phone.c.case_number.in_(numbers)))
    phones = {
        (party.phone, case.number) for _, case in changed for party in case.parties if party.phone
    }
    if phones:
        batch.connection.execute(
            sa.insert(case_phone),
            [{"phone": number, "case_number": case} for number, case in sorted(phones)],
        )


def cases_by_number(connection: Connection, numbers: Iterable[str]) -> dict[str, Case]:
    """The cases of these canonical numbers, by the number asked for."""
    found: dict[str, Case] = {}
    for some in chunks(sorted(set(numbers))):
        rows = connection.execute(
            sa.select(register_case.c.match, register_case.c.detail).where(
                register_case.c.match.in_(some)
            )
        )
        found.update({row.match: _decode(row.detail) for row in rows})
    return found


def cases_by_phone(connection: Connection, phones: Iterable[str]) -> dict[str, list[Case]]:
    """The cases in which each of these telephone numbers is a party's."""
    found: dict[str, list[Case]] = {}
    for some in chunks(sorted(set(phones))):
        rows = connection.execute(
            sa.select(case_phone.c.phone, register_case.c.detail)
            .join(register_case, register_case.c.number == case_phone.c.case_number)
            .where(case_phone.c.phone.in_(some))
            .order_by(register_case.c.number)
        )
        for row in rows:
            found.setdefault(row.phone, []).append(_decode(row.detail))
    return found


def case_numbered(connection: Connection, number: str) -> Case | None:
    """The case of exactly this number, as the register writes it."""
    detail = connection.execute(
        sa.select(register_case.c.detail).where(register_case.c.number == number)
    ).scalar()
    return None if detail is None else _decode(detail)


def find_case(connection: Connection, number: str, scanner: Scanner) -> Case | None:
    """The case a person means by this number, however it is written."""
    exact = case_numbered(connection, number.strip())
    if exact is not None:
        return exact
    hits = scanner.find(number)
    numbers = [match_key(number, scanner), *(name for hit in hits for name in hit.numbers)]
    return next(iter(cases_by_number(connection, numbers).values()), None)


def list_cases(connection: Connection, *, limit: int, words: str = "") -> list[Case]:
    """Cases in order of number; `words` must be part of the number, title or case worker."""
    query = sa.select(register_case.c.detail).order_by(register_case.c.number).limit(limit)
    if words:
        query = query.where(register_case.c.detail.ilike(f"%{words}%"))
    return [_decode(row[0]) for row in connection.execute(query)]


def count_cases(connection: Connection) -> int:
    """How many cases the ledger's copy of the register holds."""
    return int(
        connection.execute(sa.select(sa.func.count()).select_from(register_case)).scalar_one()
    )
