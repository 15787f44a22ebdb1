"""Pages go into the ledger whole, once, in any order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from connector.errors import LedgerError
from connector.ledger import Ledger
from connector.ledger.cursors import cursors_of, known_versions
from connector.ledger.tables import attachment, event, item, problem, thread
from connector.ledger.take import take
from connector.model import Attachment, Direction, Kind, Person, Presence, Problem, content_sha256
from tests.making import CASE, NOON, add_cases, case, edited, message, page, policy, scanner


def rows(ledger: Ledger, *columns: Any, **where: Any) -> list[Any]:
    with ledger.read() as connection:
        query = sa.select(*columns).order_by(columns[0])
        return [tuple(row) for row in connection.execute(query.filter_by(**where))]


def test_keeps_bytes(ledger: Ledger) -> None:
    """The bytes are kept as they were received, with their SHA-256."""
    raw = b'{ "id": "1",  "body": "as it came" }'
    take(ledger, [page(message("Hej", raw=raw))], policy())

    assert [(raw, content_sha256(raw))] == rows(ledger, item.c.raw, item.c.sha256)


def test_twice_is_once(ledger: Ledger, open_again: Callable[[], Ledger]) -> None:
    """The same page taken again, by the same process or another, adds nothing."""
    pages = [page(message("a", 1), message("b", 2))]
    first = take(ledger, pages, policy())
    second = take(ledger, pages, policy())
    third = take(open_again(), pages, policy())

    assert tuple(sum(each.new.values()) for each in (first, second, third)) == (2, 0, 0)
    assert len(rows(ledger, item.c.id)) == 2


def test_one_copy_of_many(ledger: Ledger) -> None:
    """A message exported once for each participant is one item, also within one batch."""
    one = message("Til jer alle")
    pages = [page(one, part=f"u{n}", cursor=f"c{n}") for n in range(5)]
    take(ledger, pages, policy())

    assert len(rows(ledger, item.c.id)) == 1
    assert {f"u{n}": f"c{n}" for n in range(5)} == cursors_of(ledger, "chats")


def test_equal_ids_in_two_chats(ledger: Ledger) -> None:
    """A message id is unique in its chat only: two chats make two items."""
    take(ledger, [page(message("a", key="1"), message("b", key="1", thread="19:b"))], policy())

    assert len(rows(ledger, item.c.id)) == 2
    assert len(rows(ledger, thread.c.id)) == 2


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_versions_in_any_order(ledger: Ledger, order: tuple[int, ...]) -> None:
    """In whatever order the versions of a message arrive, all are kept, the newest is current."""
    first = message("første")
    versions = [first, edited(first, "anden", 5), edited(first, "tredje", 9)]
    for index in order:
        take(ledger, [page(versions[index])], policy())

    kept = rows(ledger, item.c.text, item.c.is_current)
    assert kept == [("anden", False), ("første", False), ("tredje", True)]
    assert len({row[0] for row in rows(ledger, item.c.root_id)}) == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_versions_in_one_batch(ledger: Ledger, order: tuple[int, ...]) -> None:
    """The same when they arrive in one transaction."""
    first = message("første")
    versions = [first, edited(first, "anden", 5), edited(first, "tredje", 9)]
    take(ledger, [page(*(versions[index] for index in order))], policy())

    assert rows(ledger, item.c.text, is_current=True) == [("tredje",)]
    assert len({row[0] for row in rows(ledger, item.c.root_id)}) == 1


def test_deletion_keeps_words(ledger: Ledger) -> None:
    """The empty body of a deletion never replaces what was said."""
    first = message("Det der blev sagt")
    take(ledger, [page(first)], policy())
    take(ledger, [page(edited(first, "", 3, is_deleted=True))], policy())

    kept = rows(ledger, item.c.id, item.c.text, item.c.is_deleted, item.c.is_current)
    assert [row[1:] for row in kept] == [("Det der blev sagt", False, False), (None, True, True)]


def test_cursor_with_its_items(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that fails on its last step leaves neither items nor cursor."""

    def broken(*_args: object) -> None:
        raise LedgerError("cut here")

    monkeypatch.setattr("connector.ledger.take.keep_cursors", broken)
    with pytest.raises(LedgerError):
        take(ledger, [page(message("a"))], policy())

    assert rows(ledger, item.c.id) == []
    assert cursors_of(ledger, "chats") == {}


def test_page_without_cursor(ledger: Ledger) -> None:
    """A page without a cursor leaves the part's cursor where it was."""
    take(ledger, [page(message("a", 1), cursor="one")], policy())
    take(ledger, [page(message("b", 2), cursor=None)], policy())

    assert cursors_of(ledger, "chats") == {"u1": "one"}


def test_broken_item(ledger: Ledger) -> None:
    """An item that cannot be read is kept as a problem, and its neighbours as items."""
    broken = Problem(source="chats", part="u1", key="7", reason="no id", raw=b"{}")
    for _ in range(2):
        taken = take(ledger, [page(message("a"), broken)], policy())

    assert taken.problems == 1
    assert rows(ledger, problem.c.key, problem.c.times, problem.c.raw) == [("7", 2, b"{}")]
    assert [row[0] for row in rows(ledger, event.c.action)] == ["problem"]


def test_part_problem_ends(ledger: Ledger) -> None:
    """A part that was refused is an open problem until it can be read."""
    refused = Problem(source="chats", part="u1", key="", reason="403", scope="part")
    take(ledger, [page(refused, cursor=None, source="chats")], policy())
    assert len(rows(ledger, problem.c.id)) == 1

    take(ledger, [page(message("a"))], policy())
    assert rows(ledger, problem.c.id) == []
    assert sorted(row[0] for row in rows(ledger, event.c.action)) == ["problem", "problem_over"]


def test_events_are_append_only(ledger: Ledger) -> None:
    """Neither changing nor deleting an event is possible."""
    add_cases(ledger, case())
    take(ledger, [page(message(f"Sag {CASE}"))], policy())
    for statement in ("UPDATE event SET actor = 'nobody'", "DELETE FROM event"):
        with pytest.raises(LedgerError, match="append-only"), ledger.write() as connection:
            connection.execute(sa.text(statement))

    assert rows(ledger, event.c.id)


def test_odd_characters(ledger: Ledger) -> None:
    """NUL, emoji, every plane: kept on both databases (PostgreSQL knows no NUL)."""
    text = "a\0b 😀 \U0010fffd æøå"
    take(ledger, [page(message(text, sender_name="Å\0", mentions=("u\0",)))], policy())

    assert rows(ledger, item.c.text) == [("ab 😀 \U0010fffd æøå",)]


def test_huge_text(ledger: Ledger) -> None:
    """A message of ten megabytes is kept whole, and waits: too long to be read to its end."""
    add_cases(ledger, case())
    text = f"Sag {CASE} " + " ".join(f"ord{n}" for n in range(1_200_000))
    taken = take(ledger, [page(message(text))], policy())

    assert (taken.read, taken.linked, taken.waiting) == (1, 0, 1)
    assert rows(ledger, item.c.case_number, item.c.text) == [(None, text)]


def test_known_versions(ledger: Ledger) -> None:
    """A source learns which versions are kept already."""
    take(ledger, [page(message("a", key="1", version="3"))], policy())
    known = known_versions(ledger, "chats")

    assert {("1", "3")} == known("19:a@thread.v2", [("1", "3"), ("1", "4"), ("2", "1")])
    assert set() == known("19:b@thread.v2", [("1", "3")])


def test_attachment_states(ledger: Ledger) -> None:
    """Bytes to be fetched wait; a link to a shared file is only a link; the rest is missing."""
    files = (
        Attachment(name="lyd.mp3", ref="x", role="audio"),
        Attachment(name="plan.docx", url="https://kommune.example/plan.docx"),
        Attachment(name="kort", note="cards are not kept"),
    )
    take(ledger, [page(message("a", attachments=files))], policy())

    kept = rows(ledger, attachment.c.position, attachment.c.state, attachment.c.note)
    assert kept == [
        (0, "waiting", ""),
        (1, "linked", ""),
        (2, "missing", "cards are not kept"),
    ]


def test_excluded_person(ledger: Ledger) -> None:
    """Of an excluded person only the fact of a message is kept, never its words."""
    rules = policy(excluded=frozenset({"u1"}))
    add_cases(ledger, case())
    taken = take(ledger, [page(message(f"Om {CASE}", subject="x", quoted="y"))], rules)

    assert taken.linked == 0
    assert rows(ledger, item.c.text, item.c.subject, item.c.raw, item.c.detail, item.c.state) == [
        (None, None, None, None, "excluded")
    ]


def test_directory_keeps_history(ledger: Ledger, clock: Any) -> None:
    """A changed person gets a new row and the old one an end; a removed one is kept, marked."""
    from connector.ledger.people import directory
    from connector.ledger.tables import person

    old = Person(id="u1", upn="bodil@gammel.example", name="Bodil Bech")
    new = msgspec.structs.replace(old, upn="bodil@ny.example")
    gone = Person(id="u1", is_removed=True)
    for each in (old, old, new, gone):
        take(
            ledger,
            [
                page(source="directory").__class__(
                    source="directory", part="users", cursor="d", people=(each,)
                )
            ],
            policy(),
        )
        clock.move(days=1)

    assert len(rows(ledger, person.c.id)) == 3
    (now,) = directory(ledger)
    assert (now.upn, now.is_removed) == ("bodil@ny.example", True)


def test_presence_is_only_present(ledger: Ledger) -> None:
    """One row a person, the newest observation; an older one that arrives late changes nothing."""
    from datetime import timedelta

    from connector.ledger.people import presences
    from connector.model import Page

    for minute, state in ((0, "Available"), (2, "Busy"), (1, "Away")):
        seen = Presence(
            person="u1",
            availability=state,
            activity=state,
            observed_at=NOON + timedelta(minutes=minute),
        )
        take(ledger, [Page(source="presence", part="0", presences=(seen,))], policy())

    assert [each.availability for each in presences(ledger)] == ["Busy"]


def test_words_are_found(ledger: Ledger) -> None:
    """Every current text is in the index; a superseded text is not."""
    from connector.ledger.search_query import read_query
    from connector.ledger.searching import search

    first = message("kloakering af haven", 1)
    take(ledger, [page(first, message("fjernvarme", 2))], policy())
    take(ledger, [page(edited(first, "regnvandsbassin"))], policy())
    gone = message("kontanthjælp", 3)
    take(ledger, [page(gone), page(edited(gone, "", is_deleted=True))], policy())

    def found(words: str) -> list[str]:
        with ledger.read() as connection:
            hits = search(
                connection, read_query(words, scanner()), None, limit=10, is_sqlite=ledger.is_sqlite
            ).hits
        return [hit.excerpt for hit in hits]

    assert found("fjernvarme") == ["fjernvarme"]
    assert found("regnvandsbassin") == ["regnvandsbassin"]
    assert found("kloakering") == []
    assert found("kontanthjælp") == ["kontanthjælp"]


def test_direction_is_kept(ledger: Ledger) -> None:
    """What has no column of its own comes back out of the ledger as it went in."""
    from connector.ledger.batch import item_of, select_items

    one = message("Hej", direction=Direction.INBOUND, mentions=("u2",), quoted="før", flags=("x",))
    take(ledger, [page(one)], policy())
    with ledger.read() as connection:
        (back,) = (item_of(row) for row in connection.execute(select_items()))

    assert msgspec.structs.replace(one, raw=b"") == back
    assert Kind.MESSAGE is back.kind
