"""Who may see which case, and what was said; on both databases."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
import sqlalchemy as sa

from connector.ledger import Ledger
from connector.ledger.access import (
    Hidden,
    Role,
    Viewer,
    case_for,
    may_be_visible_to,
    may_see_item,
    took_part,
    visible_case,
    visible_item,
)
from connector.ledger.batch import Batch
from connector.ledger.linking import decide_by_person
from connector.ledger.tables import (
    item,
    item_person,
    register_case,
    suggestion,
    thread_person,
)
from connector.ledger.take import take
from connector.model import Item, LinkState, Party, Person
from tests.making import add_cases, case, message, page, policy, sighting

OPEN, TEKNIK, SECRET = "27.45.04-P19-12-24", "32.03.12-G01-36-26", "27.24.06-P19-9-26"
UNIT = "Borgerservice"


def viewer(name: str, *roles: Role, **changes: object) -> Viewer:
    """Somebody with one directory id and one name."""
    values: dict[str, object] = {
        "name": name,
        "upn": f"{name}@kommune.example",
        "person": name,
        "persons": frozenset({name}),
        "names": frozenset({f"{name}@kommune.example"}),
        "unit": UNIT,
        "roles": frozenset(roles or (Role.CASE_WORKER,)),
        "sees_unit": True,
    }
    return Viewer(**(values | changes))  # type: ignore[arg-type]


BODIL = viewer("bodil")  # the caseworker of OPEN
BENT = viewer("bent")  # her colleague
CARL = viewer("carl", unit="Teknik")
DORTE = viewer("dorte", unit="Teknik")
RITA = viewer("rita", Role.RECORDS_MANAGER, unit="Arkiv")
ODA = viewer("oda", Role.OPERATOR)
ERIK = viewer("erik", Role.EDITOR)
NAMED = viewer("nina", unit="Skole")
BY_GROUP = viewer("gro", unit="Skole", names=frozenset({"gro@kommune.example", "group-7"}))
NOBODY = viewer("nobody", roles=frozenset())
EVERYBODY = (BODIL, BENT, CARL, DORTE, RITA, ODA, ERIK, NAMED, BY_GROUP, NOBODY)


@pytest.fixture
def town(ledger: Ledger) -> Ledger:
    """Three cases."""
    add_cases(
        ledger,
        case(OPEN, caseworker="BODIL@Kommune.example", department=UNIT),
        case(TEKNIK, caseworker="carl@kommune.example", department="Teknik"),
        case(
            SECRET,
            caseworker="carl@kommune.example",
            department="Teknik",
            access="restricted",
            readers=("Nina@Kommune.example", "Group-7"),
        ),
    )
    return ledger


def who_sees_case(ledger: Ledger, number: str) -> set[str]:
    found = set()
    for each in EVERYBODY:
        with ledger.read() as connection:
            try:
                case_for(connection, each, number)
            except Hidden:
                continue
            found.add(each.name)
    return found


def who_sees(ledger: Ledger, root: int) -> set[str]:
    """Who sees it: all of them pass the cheaper question, too."""
    found = set()
    with ledger.read() as connection:
        for each in EVERYBODY:
            if may_see_item(connection, each, root):
                may_be = sa.select(item.c.id).where(item.c.id == root, may_be_visible_to(each.sort))
                assert connection.execute(may_be, each.values).first() is not None
                found.add(each.name)
    return found


@pytest.mark.parametrize(
    ("number", "seen_by"),
    [
        (OPEN, {"bodil", "bent", "rita"}),
        (TEKNIK, {"carl", "dorte", "rita"}),
        (SECRET, {"carl", "nina", "gro"}),
        ("99.99.99-P19-1-26", set()),
        ("", set()),
    ],
)
def test_cases(town: Ledger, number: str, seen_by: set[str]) -> None:
    """A case is for its caseworker, unit and records managers; a restricted one for those named."""
    assert who_sees_case(town, number) == seen_by


def test_caseworker_with_danish_capitals(open_again: Callable[[], Ledger]) -> None:
    """A login is the same in capitals and small letters, Æ, Ø and Å too, in both databases; also in
    a ledger from before.
    """
    number = "27.18.02-P25-90-26"
    ledger = open_again()
    add_cases(ledger, case(number, caseworker="ØST.ÅGE@kommune.example", access="restricted"))
    owner = viewer("øst.åge", names=frozenset({"øst.åge@kommune.example"}))

    def sees(one: Ledger) -> bool:
        with one.read() as connection:
            query = sa.select(register_case.c.number).where(visible_case(owner))
            return connection.execute(query, owner.values).scalar() == number

    assert sees(ledger)
    with ledger.write() as connection:
        connection.execute(sa.update(register_case).values(caseworker="ØST.ÅGE@kommune.example"))
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0007'")
    assert sees(open_again())


def test_unit_is_a_setting(town: Ledger) -> None:
    """Where a unit does not see its cases, a colleague sees none; the caseworker does."""
    alone = msgspec.structs.replace(BENT, sees_unit=False)
    own = msgspec.structs.replace(BODIL, sees_unit=False)
    with town.read() as connection:
        assert case_for(connection, own, OPEN).number == OPEN
        with pytest.raises(Hidden):
            case_for(connection, alone, OPEN)


def test_no_unit_is_no_unit(town: Ledger) -> None:
    """A viewer without a department does not see cases without one."""
    add_cases(town, case("01.00.00-G01-1-26", department="", caseworker=""))
    lost = viewer("lost", unit="", names=frozenset())
    with town.read() as connection, pytest.raises(Hidden):
        case_for(connection, lost, "01.00.00-G01-1-26")


def roots(ledger: Ledger) -> list[int]:
    with ledger.read() as connection:
        rows = connection.execute(
            sa.select(item.c.id)
            .where(item.c.root_id == item.c.id, item.c.kind != "sighting")
            .order_by(item.c.id)
        )
        return [row[0] for row in rows]


def kept(ledger: Ledger, *items: Item) -> list[int]:
    """Take these; gives the roots of what is journaled."""
    before = set(roots(ledger))
    take(ledger, [page(*items)], policy())
    return [root for root in roots(ledger) if root not in before]


def test_linked_item(town: Ledger) -> None:
    """What is on a case is seen with it, and by whoever took part."""
    (root,) = kept(town, message(f"Sag {OPEN}", sender="dorte"))

    assert who_sees(town, root) == {"bodil", "bent", "rita", "dorte"}


def put(ledger: Ledger, root: int, number: str) -> None:
    """A person puts an item on a case."""
    with ledger.write() as connection:
        batch = Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now())
        decide_by_person(
            batch, root, state=LinkState.LINKED, case=case(number), actor="carl", reason="-"
        )


def test_restricted_item(town: Ledger) -> None:
    """What is on a restricted case is not seen by records managers, nor by the unit."""
    (root,) = kept(town, message("Familien er underrettet", sender="carl"))
    put(town, root, SECRET)

    assert who_sees(town, root) == {"carl", "nina", "gro"}


def test_unlinked_item(town: Ledger) -> None:
    """What is on no case is seen by those who took part alone, mentioned people included."""
    (root,) = kept(town, message("Frokost?", sender="bent", mentions=("erik",)))

    assert who_sees(town, root) == {"bent", "erik"}


def test_chat_of_two(town: Ledger) -> None:
    """Both of a chat of two see it, also the one who wrote nothing."""
    one, two = "00000000-0000-4000-8000-0000000000b1", "00000000-0000-4000-8000-0000000000b2"
    (root,) = kept(town, message("Hej", sender=one, thread=f"19:{one}_{two}@unq.gbl.spaces"))
    silent = viewer("silent", persons=frozenset({two}))
    with town.read() as connection:
        assert may_see_item(connection, silent, root)


def test_call(town: Ledger) -> None:
    """A call is seen by our people in it; the sightings of it are no items to see."""
    call = {"callees": (Party(person="dorte", role="to"),), "caller": Party(phone="+4599999999")}
    (root,) = kept(town, sighting(call=call))
    with town.read() as connection:
        sightings = connection.execute(
            sa.select(item.c.id).where(item.c.kind == "sighting")
        ).scalars()
        seen = [each for each in sightings if may_see_item(connection, RITA, each)]

    assert who_sees(town, root) == {"dorte"}
    assert seen == []


def waiting(ledger: Ledger, *numbers: str) -> int:
    """An item that waits between these cases; written by somebody of no unit."""
    text = " eller ".join(numbers)
    (root,) = kept(ledger, message(f"Er det {text}?", sender="erik"))
    with ledger.read() as connection:
        state = connection.execute(sa.select(item.c.state).where(item.c.id == root)).scalar()
    assert state == LinkState.WAITING.value
    return root


def test_waiting_item(town: Ledger) -> None:
    """What waits is seen with each case it may belong to."""
    root = waiting(town, OPEN, TEKNIK)

    assert who_sees(town, root) == {"bodil", "bent", "carl", "dorte", "rita", "erik"}


def test_waiting_with_restricted(town: Ledger) -> None:
    """What may belong to a restricted case is not for those who may not see that case."""
    root = waiting(town, OPEN, SECRET)

    assert who_sees(town, root) == {"erik"}


def test_decided_is_no_suggestion(town: Ledger) -> None:
    """Once somebody decided, nothing is suggested any longer, and it is seen with its case."""
    root = waiting(town, OPEN, TEKNIK)
    put(town, root, TEKNIK)
    with town.read() as connection:
        left = connection.execute(sa.select(suggestion)).all()

    assert left == []
    assert who_sees(town, root) == {"carl", "dorte", "rita", "erik"}


def test_excluded_person_leaves_no_trace(town: Ledger) -> None:
    """Of somebody whom a setting excludes it is not kept with whom they talked."""
    rules = policy(excluded=frozenset({"erik"}))
    take(town, [page(message("Hej", sender="erik", mentions=("bodil",)))], rules)
    with town.read() as connection:
        assert connection.execute(sa.select(thread_person)).all() == []
        assert connection.execute(sa.select(item_person)).all() == []


@pytest.mark.parametrize("root", [0, -1, 2**63, 2**70])
def test_impossible_numbers(town: Ledger, root: int) -> None:
    """A number that no item can have is seen by nobody, and asked of no database."""
    assert who_sees(town, root) == set()


def test_without_role(town: Ledger) -> None:
    """Without a role one sees nothing, not even one's own."""
    kept(town, message(f"Sag {OPEN}", sender="nobody"))
    with town.read() as connection:
        for condition, table in (
            (visible_case(NOBODY), register_case),
            (visible_item(NOBODY), item),
            (took_part(NOBODY), item),
        ):
            assert connection.execute(sa.select(table).where(condition)).all() == []


def test_readers_follow_the_register(town: Ledger) -> None:
    """Who is no longer named no longer sees; who is named now does."""
    add_cases(
        town,
        case(SECRET, caseworker="carl@kommune.example", department="Teknik", access="restricted",
             readers=("bent@kommune.example",)),
    )  # fmt: skip

    assert who_sees_case(town, SECRET) == {"carl", "bent"}


def test_past_is_brought_along(open_again: Callable[[], Ledger]) -> None:
    """Participants, suggestions and departments of a ledger from before the portal are made."""
    ledger = open_again()
    from connector.ledger.people import keep_people

    add_cases(ledger, case(OPEN, department=UNIT), case(TEKNIK, department="Teknik"))
    kept(ledger, message(f"Er det {OPEN} eller {TEKNIK}?", sender="erik", mentions=("bodil",)))
    kept(ledger, sighting(minute=40, call={"callees": (Party(person="dorte", role="to"),)}))
    with ledger.write() as connection:
        batch = Batch(ledger=ledger, connection=connection, policy=policy(), now=ledger.now())
        keep_people(batch, [Person(id="bodil")])
    wanted = made_by_migration(ledger)
    undo_migration(ledger)

    again = open_again()

    assert made_by_migration(again) == wanted
    assert all(wanted)


def made_by_migration(ledger: Ledger) -> list[list[tuple[object, ...]]]:
    with ledger.read() as connection:
        columns = (register_case.c.number, register_case.c.department, register_case.c.access)
        return [
            sorted(tuple(row) for row in connection.execute(query))
            for query in (
                sa.select(thread_person),
                sa.select(item_person),
                sa.select(suggestion),
                sa.select(*columns),
            )
        ]


# Of the migration after the portal's, which makes them again.
ARTICLE_TABLES = (
    "article_page", "article_version", "article_edit", "article_signal", "article_signal_cursor",
    "article_answer", "article_reminder", "outside_link",
)  # fmt: skip


def undo_migration(ledger: Ledger) -> None:
    """The ledger as the version before the portal left it."""
    tables = (
        "thread_person", "item_person", "suggestion", "case_reader", "case_word", "web_session",
        "sample",
    )  # fmt: skip
    with ledger.write() as connection:
        run = connection.exec_driver_sql
        for table in (*tables, "sample_item", "look", *ARTICLE_TABLES):
            run(f"DROP TABLE {table}")
        for index in (
            "ix_item_root_sent",
            "ix_event_denied",
            "ix_event_look",
            "ix_run_job",
            "ix_register_case_department",
            "ix_register_case_caseworker",
            "ix_item_waiting_thread",
            "ix_link_person",
        ):
            run(f"DROP INDEX {index}")
        run("ALTER TABLE register_case DROP COLUMN department")
        run("ALTER TABLE register_case DROP COLUMN access")
        run("UPDATE alembic_version SET version_num = '0003'")
