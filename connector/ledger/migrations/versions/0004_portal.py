"""What the portal needs: who took part, who may see a case, sessions, controls.

Revision 0004, 2026-11-22. Participants, suggestions and the new columns of cases are made from what
is kept; the cases' readers come with the next change in the register.
"""

# No `from __future__ import annotations`: Alembic loads this file outside sys.modules, where
# msgspec could not look the names up again.
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from connector.ledger.tables import PORTAL_INDEXES

revision = "0004"
down_revision = "0003"
STEP = 5000


class _Party(msgspec.Struct):
    person: str = ""


class _Call(msgspec.Struct):
    caller: _Party = msgspec.field(default_factory=_Party)
    callees: tuple[_Party, ...] = ()
    others: tuple[_Party, ...] = ()


class _Detail(msgspec.Struct):
    mentions: tuple[str, ...] = ()
    parties: tuple[_Party, ...] = ()
    call: _Call | None = None


class _Evidence(msgspec.Struct):
    case_number: str = ""
    note: str = ""


class _CaseParty(msgspec.Struct):
    name: str = ""


class _Case(msgspec.Struct):
    title: str = ""
    parties: tuple[_CaseParty, ...] = ()
    department: str = ""
    access: str = ""


def upgrade() -> None:
    """Eight tables, two columns and two indexes; the past is brought along."""
    _make_tables()
    for statement in PORTAL_INDEXES:
        op.execute(statement)
    connection = op.get_bind()
    _keep(connection, "thread_person", "thread_id", _talkers(connection))
    _keep(connection, "item_person", "item_id", _callers(connection))
    _keep_suggestions(connection)
    _fill_cases(connection)


def _make_tables() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    for name, column in (("thread_person", "thread_id"), ("item_person", "item_id")):
        op.create_table(
            name,
            sa.Column("person", sa.Text(), nullable=False),
            sa.Column(column, sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint("person", column, name=op.f(f"pk_{name}")),
        )
        op.create_index(f"ix_{name}_{column.removesuffix('_id')}", name, [column], unique=False)
    op.create_table(
        "suggestion",
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "case_number", name=op.f("pk_suggestion")),
    )
    op.create_index("ix_suggestion_case", "suggestion", ["case_number"], unique=False)
    for column in ("department", "access"):
        op.add_column(
            "register_case", sa.Column(column, sa.Text(), server_default="", nullable=False)
        )
    op.create_index("ix_register_case_department", "register_case", ["department"], unique=False)
    op.create_table(
        "case_reader",
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_number", "name", name=op.f("pk_case_reader")),
    )
    op.create_table(
        "case_word",
        sa.Column(
            "word",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("word", "case_number", name=op.f("pk_case_word")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_case_word_case", "case_word", ["case_number", "word"], unique=False)
    op.create_table(
        "web_session",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_web_session")),
    )
    op.create_table(
        "sample",
        sa.Column("id", row_id, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("period_from", sa.BigInteger(), nullable=False),
        sa.Column("period_to", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
    )
    op.create_table(
        "sample_item",
        sa.Column("sample_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("sample_id", "position", name=op.f("pk_sample_item")),
    )


def _talkers(connection: sa.Connection) -> Iterator[tuple[str, int]]:
    decode = msgspec.json.Decoder(_Detail).decode
    query = (
        "SELECT i.id, i.thread_id, i.sender, i.detail, t.key FROM item i "
        "JOIN thread t ON t.id = i.thread_id "
        "WHERE i.kind = 'message' AND i.id > :after ORDER BY i.id LIMIT :step"
    )
    for row in _rows(connection, query):
        if row.sender and "@" not in row.sender and row.sender[0] != "+":
            yield row.sender, row.thread_id
        if row.detail:
            yield from ((who, row.thread_id) for who in decode(row.detail).mentions)
        if row.key.endswith("@unq.gbl.spaces"):
            both = row.key.removesuffix("@unq.gbl.spaces").removeprefix("19:").split("_")
            yield from ((who, row.thread_id) for who in both if len(both) == 2 and who)


def _callers(connection: sa.Connection) -> Iterator[tuple[str, int]]:
    decode = msgspec.json.Decoder(_Detail).decode
    query = (
        "SELECT id, root_id, detail FROM item WHERE kind IN ('call', 'missed_call', 'voicemail') "
        "AND detail IS NOT NULL AND id > :after ORDER BY id LIMIT :step"
    )
    for row in _rows(connection, query):
        detail = decode(row.detail)
        call = detail.call
        parties = (*detail.parties, *((call.caller, *call.callees, *call.others) if call else ()))
        yield from ((party.person, row.root_id) for party in parties if party.person)


def _rows(connection: sa.Connection, query: str) -> Iterator[Any]:
    after = 0
    while True:
        rows = connection.execute(sa.text(query), {"after": after, "step": STEP}).all()
        yield from rows
        if len(rows) < STEP:
            return
        after = rows[-1].id


def _keep(
    connection: sa.Connection, table: str, column: str, pairs: Iterable[tuple[str, int]]
) -> None:
    insert = sa.text(
        f"INSERT INTO {table} (person, {column}) VALUES (:person, :number) "  # noqa: S608  ours
        "ON CONFLICT DO NOTHING"
    )
    some: dict[tuple[str, int], None] = {}
    for pair in pairs:
        some[pair] = None
        if len(some) == STEP:
            connection.execute(insert, [{"person": who, "number": n} for who, n in some])
            some.clear()
    if some:
        connection.execute(insert, [{"person": who, "number": n} for who, n in some])


def _suggested(number: str | None, evidence: Iterable[_Evidence]) -> Iterator[str]:
    """The cases it names; "" stands for a restricted one that it does not name."""
    yield from filter(None, (number, *(each.case_number for each in evidence)))
    if any(each.note == "a case with restricted access" for each in evidence):
        yield ""


def _keep_suggestions(connection: sa.Connection) -> None:
    decode = msgspec.json.Decoder(tuple[_Evidence, ...]).decode
    rows = connection.execute(
        sa.text(
            "SELECT l.item_id, l.case_number, l.evidence FROM link l "
            "JOIN item i ON i.id = l.item_id "
            "WHERE l.superseded_at IS NULL AND l.state = 'waiting' AND i.state = 'waiting'"
        )
    ).all()
    found = {
        (row.item_id, number): None
        for row in rows
        for number in _suggested(row.case_number, decode(row.evidence))
    }
    if found:
        connection.execute(
            sa.text("INSERT INTO suggestion (item_id, case_number) VALUES (:item, :number)"),
            [{"item": item, "number": number} for item, number in found],
        )


_SPELLINGS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "é": "e"})


def _words(number: str, case: _Case) -> Iterable[str]:
    """As the program keeps them now: a later version makes its own."""
    texts = (case.title, *(party.name for party in case.parties))
    plain = " ".join(texts).casefold().translate(_SPELLINGS)
    found = (re.sub(r"[\W_]+", "", number.casefold()), *re.findall(r"[^\W_]+", plain))
    return list(dict.fromkeys(found))[:60]


def _fill_cases(connection: sa.Connection) -> None:
    decode = msgspec.json.Decoder(_Case).decode
    rows = connection.execute(sa.text("SELECT number, detail FROM register_case")).all()
    filled = [(row.number, decode(row.detail)) for row in rows]
    words = [
        {"word": word, "number": number} for number, case in filled for word in _words(number, case)
    ]
    if words:
        connection.execute(
            sa.text("INSERT INTO case_word (word, case_number) VALUES (:word, :number)"), words
        )
    if filled:
        connection.execute(
            sa.text(
                "UPDATE register_case SET department = :department, access = :access "
                "WHERE number = :number"
            ),
            [
                {"number": number, "department": case.department, "access": case.access}
                for number, case in filled
            ],
        )
