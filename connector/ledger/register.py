"""The case register as the ledger knows it: a copy for quick look-ups, never the truth itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from connector.ledger.batch import Batch, chunks
from connector.ledger.case_words import words_of
from connector.ledger.storable import storable
from connector.ledger.tables import case_key, case_reader, case_word, register_case
from connector.linking.keys import MANY, canonical, keys_of, number_key
from connector.model import Case
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.linking.patterns import Scanner

MASK = "***"  # what stands for the last digits of a telephone number

_decode = decoder(Case).decode


class Changed(NamedTuple):
    """A case that is new or not as it was, and the keys that it is found by."""

    row: dict[str, Any]
    keys: tuple[str, ...]
    readers: tuple[str, ...]
    words: tuple[str, ...]


class Kept(NamedTuple):
    """How many cases were new or changed, and how items may have named them."""

    changed: int
    numbers: Sequence[str]  # in every spelling that leads there
    contacts: Sequence[str]  # the parties' telephones and addresses


def keep_cases(batch: Batch, cases: Sequence[Case]) -> Kept:
    """Keep new and changed cases; items that named them are to be looked at again."""
    count = 0
    numbers: list[str] = []
    contacts: list[str] = []
    for some in chunks(cases, 500):
        changed = _changed(batch, [storable(case) for case in some])
        if not changed:
            continue
        _write(batch, changed)
        count += len(changed)
        for each in changed:
            numbers.append(each.row["match"])
            for key in each.keys:
                sort, _, value = key.partition(":")
                if sort in ("f", "c"):
                    numbers.append(value)
                elif sort in ("t", "m"):
                    contacts.append(value)
                elif sort == "k":
                    contacts.append(value + MASK)
    return Kept(count, numbers, contacts)


def _changed(batch: Batch, cases: Sequence[Case]) -> list[Changed]:
    rows = batch.connection.execute(
        sa.select(register_case.c.number, register_case.c.detail).where(
            register_case.c.number.in_([case.number for case in cases])
        )
    )
    known = {row.number: row.detail for row in rows}
    changed: dict[str, Changed] = {}
    for case in cases:
        detail = msgspec.json.encode(case).decode()
        if known.get(case.number) == detail:
            continue
        number, *keys = keys_of(case, batch.policy.scanner)
        row = {
            "number": case.number,
            "match": number.removeprefix("n:"),
            "is_open": case.is_open,
            "caseworker": case.caseworker.casefold(),  # lower() of a database knows not all letters
            "detail": detail,
            "department": case.department,
            "access": case.access,
        }
        readers = tuple(dict.fromkeys(name.casefold() for name in case.readers))
        changed[case.number] = Changed(row, tuple(keys), readers, words_of(case))
    return list(changed.values())


def _write(batch: Batch, changed: Sequence[Changed]) -> None:
    insert = batch.ledger.insert(register_case)
    insert = insert.on_conflict_do_update(
        index_elements=["number"],
        set_={name: insert.excluded[name] for name in changed[0].row if name != "number"},
    )
    batch.connection.execute(insert, [each.row for each in changed])
    numbers = [each.row["number"] for each in changed]
    batch.connection.execute(sa.delete(case_key).where(case_key.c.case_number.in_(numbers)))
    keys = [
        {"key": key, "case_number": each.row["number"]} for each in changed for key in each.keys
    ]
    if keys:
        batch.connection.execute(sa.insert(case_key), keys)
    batch.connection.execute(sa.delete(case_reader).where(case_reader.c.case_number.in_(numbers)))
    _write_words(batch, changed, numbers)
    readers = [
        {"case_number": each.row["number"], "name": name}
        for each in changed
        for name in each.readers
    ]
    if readers:
        batch.connection.execute(sa.insert(case_reader), readers)


def _write_words(batch: Batch, changed: Sequence[Changed], numbers: Sequence[str]) -> None:
    batch.connection.execute(sa.delete(case_word).where(case_word.c.case_number.in_(numbers)))
    rows = sorted((word, each.row["number"]) for each in changed for word in each.words)
    batch.ledger.insert_many(batch.connection, case_word, ["word", "case_number"], rows)


class LedgerCases:
    """The ledger's copy of the register, as the linker asks it. For one transaction.

    What is asked for is remembered, so that a batch asks once for what its items have in common.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[str, tuple[Case, ...]] = {}

    def find(self, keys: Collection[str]) -> Mapping[str, Sequence[Case]]:
        """The cases of each key that has any: at most MANY of one key, in order of number."""
        missing = [key for key in keys if key not in self._found]
        if missing:
            self._ask(missing)
        return {key: cases for key in keys if (cases := self._found[key])}

    def _ask(self, keys: Sequence[str]) -> None:
        numbers = [key[2:] for key in keys if key.startswith("n:")]
        others = [key for key in keys if not key.startswith("n:")]
        found: dict[str, list[Case]] = {}
        for some in chunks(sorted(set(numbers))):
            for row in self._connection.execute(_BY_NUMBER, {"numbers": some}):
                _add(found, "n:" + row.match, row.detail)
        for some in chunks(sorted(set(others))):
            for row in self._connection.execute(_BY_KEY, {"keys": some}):
                _add(found, row.key, row.detail)
        self._found.update({key: tuple(found.get(key, ())) for key in keys})


def _add(found: dict[str, list[Case]], key: str, detail: str) -> None:
    cases = found.setdefault(key, [])
    if len(cases) < MANY:
        cases.append(_decode(detail))


_NUMBERED = sa.select(register_case.c.detail).where(
    register_case.c.number == sa.bindparam("number")
)
_BY_NUMBER = (
    sa.select(register_case.c.match, register_case.c.detail)
    .where(register_case.c.match.in_(sa.bindparam("numbers", expanding=True)))
    .order_by(register_case.c.number)
)
_BY_KEY = (
    sa.select(case_key.c.key, register_case.c.detail)
    .join(register_case, register_case.c.number == case_key.c.case_number)
    .where(case_key.c.key.in_(sa.bindparam("keys", expanding=True)))
    .order_by(case_key.c.case_number)
)


def cases_by_number(connection: Connection, numbers: Iterable[str]) -> dict[str, Case]:
    """The cases of these canonical numbers, by the number asked for."""
    wanted = sorted(set(numbers))
    found = LedgerCases(connection).find([number_key(each) for each in wanted])
    return {key[2:]: cases[0] for key, cases in found.items()}


def case_numbered(connection: Connection, number: str) -> Case | None:
    """The case of exactly this number, as the register writes it."""
    detail = connection.execute(_NUMBERED, {"number": number}).scalar()
    return None if detail is None else _decode(detail)


def find_case(connection: Connection, number: str, scanner: Scanner) -> Case | None:
    """The case a person means by this number, however it is written."""
    exact = case_numbered(connection, number.strip())
    if exact is not None:
        return exact
    hits = scanner.find(number)
    numbers = [canonical(number, scanner)[0], *(name for hit in hits for name in hit.numbers)]
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
