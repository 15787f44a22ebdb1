"""Calls of Lync's call-detail database: each once, whole, and as the servers misbehave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.mssql import pymssql as dialect

from connector.errors import Denied, Unavailable
from connector.identity import People
from connector.jobs.collect import collect
from connector.ledger import Ledger
from connector.ledger.batch import Detail
from connector.ledger.tables import item
from connector.ledger.take import take
from connector.model import Call, Direction, Kind, Page, Party, Person
from connector.sandbox.lync_cdr import LyncCdr
from connector.sandbox.lync_rows import Habits, is_meeting, step
from connector.sandbox.world import End, PhoneCall
from connector.sources.lync import Database
from connector.sources.lync.queries import Key, sessions_query
from connector.sources.lync.rows import KINDS, Sessions
from connector.sources.lync.schema import CONFERENCES, SESSIONS, Schema, version_of
from connector.sources.lync.sessions import UNENDED
from connector.sources.lync.values import Address, Who, address, guid, key_text, moment
from tests.lync_world import NOW, WORLD, Server, filled, items, people, problems, read, source
from tests.making import policy

CALLS = [call for call in WORLD.calls if not is_meeting(call)]
MEETINGS = [call for call in WORLD.calls if is_meeting(call)]
PARTS = ("LcsCDR/sessions", "LcsCDR/conferences")
FIRST = WORLD.since


def joined(ledger: Ledger) -> list[Call]:
    """The calls in the ledger as they are now."""
    with ledger.read() as connection:
        rows = connection.execute(
            sa.select(item.c.detail).where(
                item.c.kind.in_(("call", "missed_call")), item.c.is_current
            )
        )
        found = [msgspec.json.decode(row.detail, type=Detail).call for row in rows]
    return [call for call in found if call is not None]


def know(ledger: Ledger, known: list[Person] | None = None) -> None:
    """Let the ledger know the directory."""
    page = Page(source="directory", part="users", people=tuple(known or people()))
    take(ledger, [page], policy())


def whole(pages: list[Page]) -> dict[str, str]:
    """Newest version of each key."""
    return {each.key: each.version for each in items(pages)}


def end_of(end: End) -> str:
    """Who that is in a party: directory id or number."""
    return end.key


def names(call: Call) -> set[str]:
    return {party.person or party.phone for party in call.parties if party.person or party.phone}


# -- the municipality's calls ---------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address_of_cdr(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A filled call-detail database on either kind of server."""
    if request.param == "sqlite":
        filled(tmp_path / "cdr.db")
        return f"sqlite:///{tmp_path / 'cdr.db'}"
    url = str(request.getfixturevalue("postgres_url"))
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    LyncCdr(WORLD, engine).show(NOW)
    engine.dispose()
    return url


def test_every_call_is_one(address_of_cdr: str, tmp_path: Path) -> None:
    """Forked, queued, transferred or plain: each call of the municipality is one call, answered or
    not as it was, with those who took part; written conversations are no calls."""
    from connector.ledger import open_ledger

    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=lambda: NOW)
    know(ledger)
    first = collect(ledger, source(address_of_cdr), policy())
    found = joined(ledger)
    again = collect(ledger, source(address_of_cdr), policy())

    assert first.taken.problems == 0
    assert len(found) == len(CALLS) + len(MEETINGS)
    assert sum(call.is_answered is True for call in found) == sum(
        call.is_answered for call in WORLD.calls
    )
    assert sum(call.went_to_voicemail for call in found) == sum(map(left_message, CALLS))
    assert again.taken.read == 0
    for call in CALLS:
        told = [one for one in found if is_of(one, call)]
        assert len(told) == 1, call
        assert {end_of(end) for end in call.participants} <= names(told[0])
        assert told[0].direction is direction(call)
    ledger.close()


def left_message(call: PhoneCall) -> bool:
    return call.sessions[-1][-1].callee == End("service", "voicemail")


def is_of(told: Call, call: PhoneCall) -> bool:
    """The same call by its beginning: a front end's clock is up to two seconds ahead."""
    apart = (told.started_at - call.start).total_seconds()
    return -0.1 < apart < 2 and {end_of(end) for end in call.participants[:1]} <= names(told)


def direction(call: PhoneCall) -> Direction:
    if call.participants[0].kind == "phone":
        return Direction.INBOUND
    return Direction.OUTBOUND if call.participants[-1].kind == "phone" else Direction.INTERNAL


@pytest.mark.parametrize("version", [2010, 2013, 2015, 2019])
def test_every_version(tmp_path: Path, version: int) -> None:
    """Each version's tables are read whole, also those of 2010, which has no client types."""
    filled(tmp_path / "cdr.db", version=version)
    its = source(f"sqlite:///{tmp_path / 'cdr.db'}")
    found = read(its)
    told = {each.key: each.call.is_answered for each in items(found) if each.call}
    filled(tmp_path / "other.db", version=2013)
    other = items(read(source(f"sqlite:///{tmp_path / 'other.db'}")))

    assert problems(found) == []
    assert told == {each.key: each.call.is_answered for each in other if each.call}
    assert [f"version {min(version, 2015)}" in one.what for one in its.check()] == [True]


def test_meetings(tmp_path: Path) -> None:
    """A conference with sound is a call of all who came; a written one or a test is none."""
    filled(tmp_path / "cdr.db")
    found = items(read(source(f"sqlite:///{tmp_path / 'cdr.db'}"), PARTS[1]))
    spoken = [each.call for each in found if each.kind is Kind.SIGHTING and each.call]

    assert len(spoken) == len(MEETINGS) > 3
    assert all("watcher" not in str(each.parties) for each in found)
    for call in MEETINGS:
        (told,) = [one for one in spoken if abs(one.started_at - call.start) < timedelta(seconds=1)]
        assert names(told) == {end.key for end in (*call.participants, call.organizer)}
        assert len(told.legs) == len(call.sessions)
        has_phone = any(end.kind == "phone" for end in call.participants)
        assert told.direction is (Direction.UNKNOWN if has_phone else Direction.INTERNAL)


# -- rows change in place -------------------------------------------------------------------------


def test_read_as_it_grows(tmp_path: Path) -> None:
    """Read every few hours while rows come and change, the end is what one reading gives."""
    cdr = filled(tmp_path / "cdr.db", now=FIRST)
    url = f"sqlite:///{tmp_path / 'cdr.db'}"
    seen: dict[str, str] = {}
    told: list[str] = []
    cursor: str | None = None
    at = FIRST

    def known(_thread: str, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        return set(pairs) & set(seen.items())

    while at < NOW:
        at = min(NOW, at + timedelta(hours=7))
        cdr.show(at)
        its = source(url, now=at)
        its.parts(people())
        pages = list(its.changes(PARTS[0], cursor, known))
        cursor = next((page.cursor for page in reversed(pages) if page.cursor), cursor)
        told += [each.key for each in items(pages)]
        seen |= whole(pages)

    assert seen == whole(read(source(url)))
    assert len(told) == len(set(told))


def test_a_running_call_waits(tmp_path: Path) -> None:
    """A call that runs is told when it is over, with its whole length."""
    file = tmp_path / "cdr.db"
    call = max(CALLS, key=lambda each: each.end - each.start)
    cdr = filled(file, now=call.end - timedelta(seconds=10))
    url = f"sqlite:///{file}"
    row = max((r for r in cdr.rows if r.call == call.key and r.end), key=lambda r: r.end or r.start)
    key = key_text(*row.key)
    before = read(source(url, now=call.end - timedelta(seconds=10)))
    cdr.show(call.end + timedelta(minutes=1))
    after = read(source(url, now=call.end + timedelta(minutes=1)))
    (found,) = [each for each in items(after) if each.key == key]

    assert key not in whole(before)
    assert row.end is not None
    assert row.answer is not None
    assert found.flags == ()
    assert (
        abs((found.call.ended_at - found.call.started_at) - (row.end - row.start))
        < timedelta(milliseconds=10)
        if found.call
        else False
    )


def test_a_call_without_end(tmp_path: Path) -> None:
    """A session whose end was never seen is told after a day, its length unknown; when the end
    comes later after all, even after weeks, the call gets it."""
    file = tmp_path / "cdr.db"
    filled(file)
    server = Server(file)
    key = items(read(source(server)))[0].key
    time, seq = key.split("/")
    begun = moment(time, UTC)
    assert begun is not None
    server.run(f"""UPDATE "SessionDetails" SET "SessionEndTime" = NULL, "ResponseCode" = 200
        WHERE "SessionIdTime" LIKE '{time}%' AND "SessionIdSeq" = {seq}""")
    early = source(server, now=begun + timedelta(hours=23))
    late = source(server, now=begun + timedelta(hours=25))
    pages = read(late)
    (unended,) = [each for each in items(pages) if each.key == key]

    assert key not in whole(read(early))
    assert unended.flags == (UNENDED,)
    assert unended.call is not None
    assert unended.call.is_answered is True
    # Eight days later, and the last reading was just before.
    cursor = read(source(server))[-1].cursor
    server.run(f"""UPDATE "SessionDetails" SET "SessionEndTime" = '2026-11-20 12:30:00.000000'
        WHERE "SessionIdTime" LIKE '{time}%' AND "SessionIdSeq" = {seq}""")
    known = {(key, unended.version)}
    tomorrow = source(server, now=NOW + timedelta(days=1))
    tomorrow.parts(people())
    pages = list(tomorrow.changes(PARTS[0], cursor, lambda _t, pairs: known & set(pairs)))
    (ended,) = [each for each in items(pages) if each.key == key]

    assert ended.flags == ()
    assert ended.call is not None
    assert ended.call.ended_at == datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    assert ended.modified_at > unended.modified_at


def test_purged_rows_change_nothing(tmp_path: Path) -> None:
    """Rows that the server deleted are not asked for, and what was told of them stays."""
    cdr = filled(tmp_path / "cdr.db")
    url = f"sqlite:///{tmp_path / 'cdr.db'}"
    first = read(source(url))
    assert cdr.purge(NOW - timedelta(days=5)) > 10
    its = source(url)
    again = list(its.changes(PARTS[0], first[-1].cursor, lambda _t, pairs: set(pairs)))

    assert [*items(again), *problems(again)] == []
    assert again[-1].cursor == first[-1].cursor


def test_a_clock_ahead_does_not_move_the_place(tmp_path: Path) -> None:
    """Rows of a front end whose clock is ahead are told, and do not make the next run skip any."""
    filled(tmp_path / "cdr.db", habits=Habits(skew_s=(0.0, 90_000.0)))
    its = source(f"sqlite:///{tmp_path / 'cdr.db'}")
    pages = read(its)
    found = items(pages)
    cursor = msgspec.json.decode(pages[-1].cursor or "{}", type=dict[str, Any])

    assert max(each.sent_at for each in found) > NOW
    assert datetime.fromisoformat(cursor["at"]) <= NOW
    assert ["ahead" in one.what for one in its.check() if one.level == "warning"] == [True]


# -- time -----------------------------------------------------------------------------------------


def test_local_time(tmp_path: Path) -> None:
    """A database that keeps Danish time gives the same moments when it is said so."""
    zone = ZoneInfo("Europe/Copenhagen")
    filled(tmp_path / "utc.db")
    filled(tmp_path / "local.db", habits=Habits(zone=zone))
    in_utc = items(read(source(f"sqlite:///{tmp_path / 'utc.db'}")))
    in_local = items(read(source(f"sqlite:///{tmp_path / 'local.db'}", zone=zone)))

    assert [(e.sent_at, e.modified_at) for e in in_local] == [
        (e.sent_at, e.modified_at) for e in in_utc
    ]


@pytest.mark.parametrize(
    ("micros", "shown"), [(0, 0), (1700, 3000), (5000, 7000), (999_500, 1_000_000), (3300, 3000)]
)
def test_steps_of_sql_server(micros: int, shown: int) -> None:
    """The sandbox keeps times in steps of a 300th of a second, as SQL Server shows them."""
    at = datetime(2026, 11, 20, 12)  # noqa: DTZ001  a database's own time

    assert step(at + timedelta(microseconds=micros)) == at + timedelta(microseconds=shown)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_pages_by_key(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the pages, every session comes once, also those that began in one instant."""
    filled(tmp_path / "cdr.db")
    server = Server(tmp_path / "cdr.db")
    server.run("""UPDATE "SessionDetails" SET "SessionIdSeq" = rowid,
        "SessionIdTime" = '2026-11-18 09:00:00.003000' WHERE rowid % 3 = 0""")
    expected = items(read(source(server)))
    monkeypatch.setattr(Sessions, "size", size)
    found = items(read(source(server)))

    assert [each.key for each in found] == [each.key for each in expected]
    assert len({each.key for each in found}) == len(found) > 100


# -- what is missing ------------------------------------------------------------------------------


def test_nulls_everywhere(tmp_path: Path) -> None:
    """Rows of which only the key is there are told too: without people, and never as answered."""
    filled(tmp_path / "cdr.db")
    server = Server(tmp_path / "cdr.db")
    with sa.create_engine(f"sqlite:///{server.file}").connect() as connection:
        columns: Any = sa.inspect(connection).get_columns("SessionDetails")
    nulls = ", ".join(f'"{c["name"]}" = NULL' for c in columns if not c["primary_key"])
    server.run(f'UPDATE "SessionDetails" SET {nulls}')
    server.run('UPDATE "VoipDetails" SET "FromNumberId" = NULL, "ConnectedNumberId" = NULL')
    pages = read(source(server, now=NOW + timedelta(days=2)))
    found = items(pages)

    assert problems(pages) == []
    assert len(found) > 100
    assert {each.call.is_answered for each in found if each.call} == {False}
    assert {party for each in found for party in each.parties} == {Party(), Party(role="to")}


def test_nameless_people(tmp_path: Path) -> None:
    """Ids that are null leave people out and lose no call."""
    filled(tmp_path / "cdr.db", habits=Habits(nameless=1.0))
    found = items(read(source(f"sqlite:///{tmp_path / 'cdr.db'}")))
    filled(tmp_path / "named.db")

    assert len(found) == len(items(read(source(f"sqlite:///{tmp_path / 'named.db'}"))))


@pytest.mark.parametrize(
    "lost",
    [
        *("SessionDetails.CallFlag", "SessionDetails.CorrelationId", "SessionDetails.MediaTypes"),
        *("SessionDetails.User1Id", "SessionDetails.InviteTime", "SessionDetails.ServerId"),
        *("VoipDetails.FromGatewayId", "ClientVersions.ClientType", "Users.UserUri"),
    ],
)
def test_a_missing_column(tmp_path: Path, lost: str) -> None:
    """A column that is not there is told with its price; all sessions are read nevertheless."""
    filled(tmp_path / "cdr.db")
    server = Server(tmp_path / "cdr.db")
    count = len(items(read(source(server))))
    table, column = lost.split(".")
    server.run(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
    its = source(server)
    pages = read(its)

    assert [one.key for one in problems(pages)] == [lost]
    assert "version 2013" in problems(pages)[0].reason
    assert len(items(pages)) == count
    assert [lost in one.what and one.level == "warning" for one in its.check()] == [True]


@pytest.mark.parametrize(
    "table", ["VoipDetails", "Users", "Phones", "Gateways", "ClientVersions", "Servers"]
)
def test_a_missing_table(tmp_path: Path, table: str) -> None:
    """A table beside the sessions that is not there costs what it holds, and no session."""
    filled(tmp_path / "cdr.db")
    server = Server(tmp_path / "cdr.db")
    count = len(items(read(source(server))))
    server.run(f'DROP TABLE "{table}"')
    pages = read(source(server))

    assert {one.key.partition(".")[0] for one in problems(pages)} == {table}
    assert len(items(pages)) == count


def test_without_gateways_the_direction_is_unknown(tmp_path: Path) -> None:
    """What is not known is not guessed."""
    filled(tmp_path / "cdr.db")
    server = Server(tmp_path / "cdr.db")
    server.run('DROP TABLE "VoipDetails"')
    found = [each.call for each in items(read(source(server))) if each.call]

    assert {call.direction for call in found} == {Direction.UNKNOWN}


@pytest.mark.parametrize("table", ["SessionDetails", "Conferences"])
def test_nothing_to_read_from(tmp_path: Path, table: str) -> None:
    """A database without the very table is one refused part; the other part is read."""
    filled(tmp_path / "cdr.db")
    server = Server(tmp_path / "cdr.db")
    server.run(f'DROP TABLE "{table}"')
    lost, left = PARTS if table == "SessionDetails" else reversed(PARTS)
    its = source(server)
    pages = read(its, lost)

    assert [(one.scope, table in one.reason) for one in problems(pages)] == [("part", True)]
    assert [page.cursor for page in pages] == [None]
    assert items(read(its, left))
    assert any(one.level == "error" or table in one.what for one in its.check())


def test_conferences_without_servers_are_calls(tmp_path: Path) -> None:
    """Where it cannot be told whether people spoke, no conference is lost, and it says so."""
    filled(tmp_path / "cdr.db")
    server = Server(tmp_path / "cdr.db")
    server.run('DROP TABLE "McuJoinsAndLeaves"')
    found = items(read(source(server), PARTS[1]))

    assert len(found) > len(MEETINGS)
    assert {each.kind for each in found} == {Kind.SIGHTING}
    assert all(each.flags for each in found)


def test_an_unreadable_row(tmp_path: Path) -> None:
    """A row with nonsense in it is a problem of its own, told with its key."""
    filled(tmp_path / "cdr.db")
    server = Server(tmp_path / "cdr.db")
    keys = [each.key for each in items(read(source(server)))]
    server.run("""UPDATE "SessionDetails" SET "ResponseCode" = 'OK' WHERE rowid = 5""")
    server.run("""UPDATE "SessionDetails" SET "InviteTime" = 'yesterday' WHERE rowid = 9""")
    pages = read(source(server))
    broken = {one.key for one in problems(pages)}

    assert len(broken) == 2
    assert {each.key for each in items(pages)} | broken == set(keys)


@pytest.mark.parametrize("how", ["down", "cut"])
def test_a_database_that_goes_away(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, ledger: Ledger
) -> None:
    """A database that goes away in the middle ends the run; the next one loses nothing and doubles
    nothing."""
    filled(tmp_path / "cdr.db")
    server = Server(tmp_path / "cdr.db")
    monkeypatch.setattr(Sessions, "size", 20)
    know(ledger)
    its = source(server)
    server.fail(how, after=9)  # of fifteen queries, four of them for conferences
    cut = collect(ledger, its, policy())
    some = len(joined(ledger))
    server.fail("well")
    collect(ledger, its, policy())

    assert cut.refused or cut.stopped
    assert 0 < some < len(CALLS)
    assert len(joined(ledger)) == len(CALLS) + len(MEETINGS)


def test_a_database_that_is_not_named_any_more(tmp_path: Path) -> None:
    """A part of a database that left the settings is refused, and nothing else."""
    filled(tmp_path / "cdr.db")
    pages = read(source(f"sqlite:///{tmp_path / 'cdr.db'}"), "Other/sessions")

    assert [one.scope for one in problems(pages)] == ["part"]


# -- one call of many rows ------------------------------------------------------------------------


CallsOf = Callable[["Hand"], list[Call]]


class Hand:
    """A database into which single sessions are written by hand."""

    def __init__(self, file: Path) -> None:
        self.engine = sa.create_engine(f"sqlite:///{file}")
        empty = empty_world()
        self.cdr = LyncCdr(empty, self.engine)
        self.url = f"sqlite:///{file}"
        self._meta = sa.MetaData()
        self._meta.reflect(self.engine)
        self._ids: dict[str, int] = {}
        self._rows = 0

    def user(self, uri: str) -> int | None:
        if not uri:
            return None
        if uri not in self._ids:
            self._ids[uri] = len(self._ids) + 1
            self._insert("Users", UserId=self._ids[uri], UserUri=uri)
        return self._ids[uri]

    def session(
        self, at_s: float, length_s: float, caller: str, callee: str, **more: Any
    ) -> datetime:
        """An audio session, answered after 3 s unless code says otherwise; its SessionIdTime."""
        begun = step((NOW - timedelta(hours=5) + timedelta(seconds=at_s)).replace(tzinfo=None))
        code = more.pop("code", 200)
        gate = more.pop("gate", None)
        phone = more.pop("phone", None)
        names = {
            "referred": "ReferredById",
            "target": "TargetUserId",
            "starter": "SessionStartedById",
        }
        users = {names[k]: self.user(more.pop(k)) for k in list(names) if k in more}
        self._insert(
            "SessionDetails",
            SessionIdTime=begun,
            SessionIdSeq=more.pop("seq", 1),
            User1Id=self.user(caller),
            User2Id=self.user(callee),
            InviteTime=begun,
            ResponseTime=begun + timedelta(seconds=3),
            ResponseCode=code,
            SessionEndTime=begun + timedelta(seconds=3 + length_s) if code == 200 else None,
            **{"MediaTypes": 16, "User1ClientVerId": 1, "User2ClientVerId": 1, **users, **more},
        )
        number = None
        if phone:
            number = len(phone) + 1000 + self._rows
            self._insert("Phones", PhoneId=number, PhoneUri=phone)
        self._rows += 1
        self._insert(
            "VoipDetails",
            SessionIdTime=begun,
            SessionIdSeq=1,
            FromNumberId=number if gate == "in" else None,
            ConnectedNumberId=number if gate == "out" else None,
            FromGatewayId=1 if gate == "in" else None,
            ToGatewayId=1 if gate == "out" else None,
        )
        return begun

    def _insert(self, table: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.insert(self._meta.tables[table]).values(**values))

    def insert(self, table: str, **values: Any) -> None:
        self._insert(table, **values)


def empty_world() -> Any:
    """A municipality in which nothing happens."""
    from dataclasses import replace

    return replace(WORLD, calls=(), messages=(), person={}, chat={})


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path / "hand.db")


@pytest.fixture
def calls_of(ledger: Ledger) -> CallsOf:
    """Reads a hand-written database into the ledger and gives the calls."""

    def read_all(hand: Hand) -> list[Call]:
        know(ledger)
        collect(ledger, source(hand.url), policy())
        return sorted(joined(ledger), key=lambda call: call.started_at)

    return read_all


ANNA, BO, CARL = (person.upn for person in WORLD.staff[:3])
CITIZEN = "+4537401234"


def test_attended_transfer(hand: Hand, calls_of: CallsOf) -> None:
    """The session that replaced another is the same call, with its legs in order."""
    first = hand.session(0, 60, f"{CITIZEN}@x;user=phone", ANNA, gate="in", phone=CITIZEN)
    hand.session(
        63,
        100,
        f"{CITIZEN}@x;user=phone",
        BO,
        gate="in",
        phone=CITIZEN,
        ReplaceDialogIdTime=first,
        ReplaceDialogIdSeq=1,
    )
    (call,) = calls_of(hand)

    assert [leg.who.mail for leg in call.legs] == [ANNA, BO]
    assert call.is_answered is True
    assert call.duration_s == 166
    assert call.caller.phone == CITIZEN


def test_blind_transfer(hand: Hand, calls_of: CallsOf) -> None:
    """A session referred by somebody belongs to the caller's session with that person."""
    hand.session(0, 60, f"{CITIZEN}@x;user=phone", ANNA, gate="in", phone=CITIZEN)
    hand.session(65, 100, f"{CITIZEN}@x;user=phone", BO, gate="in", phone=CITIZEN, referred=ANNA)
    hand.session(300, 10, f"{CITIZEN}@x;user=phone", CARL, gate="in", phone=CITIZEN, referred=ANNA)
    first, second = calls_of(hand)

    assert [leg.who.mail for leg in first.legs] == [ANNA, BO]
    assert [leg.who.mail for leg in second.legs] == [CARL]


def test_an_agent_passes_a_caller_on(hand: Hand, calls_of: CallsOf) -> None:
    """A caller that a response group gave to an agent, and the agent to another, is one call."""
    citizen = {"gate": "in", "phone": CITIZEN}
    number, group = f"{CITIZEN}@x;user=phone", "group@x.example"
    hand.session(0, 100, number, group, CorrelationId="c1", User2ClientVerId=2, **citizen)
    hand.session(10, 80, group, ANNA, CorrelationId="c1")
    hand.session(94, 200, number, BO, referred=ANNA, **citizen)
    (call,) = calls_of(hand)

    assert [leg.who.mail for leg in call.legs] == [group, ANNA, BO]
    assert (call.is_answered, call.direction) == (True, Direction.INBOUND)


def test_forks_without_a_correlation(hand: Hand, calls_of: CallsOf) -> None:
    """Devices that ring at once are one call, answered when one of them was; calling again is
    another."""
    hand.session(0, 0, ANNA, BO, code=487)
    hand.session(0.04, 50, ANNA, BO)
    hand.session(20, 0, ANNA, BO, code=480)
    first, second = calls_of(hand)

    assert (first.is_answered, len(first.legs)) == (True, 2)
    assert second.is_answered is False
    assert "SIP 480" in second.legs[0].failure


def test_user1_is_not_always_the_caller(hand: Hand, calls_of: CallsOf) -> None:
    """Who started the session called, whichever of the two columns holds him."""
    hand.session(0, 50, ANNA, BO, starter=BO)
    (call,) = calls_of(hand)

    assert (call.caller.mail, call.callees[0].mail) == (BO, ANNA)


def test_voicemail(hand: Hand, calls_of: CallsOf) -> None:
    """A caller that Exchange took for somebody was not answered; one who called Exchange itself is
    told as having reached an attendant."""
    hand.session(0, 0, ANNA, BO, code=487, CorrelationId="c1")
    hand.session(12, 30, ANNA, "um@x.example", target=BO, User2ClientVerId=3, CorrelationId="c1")
    hand.session(600, 30, ANNA, "um@x.example", target="um@x.example", User2ClientVerId=3)
    missed, attended = calls_of(hand)

    assert (missed.is_answered, missed.went_to_voicemail) == (False, True)
    assert [leg.role for leg in missed.legs] == ["user", "voicemail"]
    assert (attended.is_answered, attended.went_to_voicemail) == (None, False)


def test_a_call_that_became_a_conference(hand: Hand, calls_of: CallsOf) -> None:
    """The conference that a call grew into is the same call, with all who came."""
    first = hand.session(0, 60, ANNA, BO)
    later = first + timedelta(seconds=60)
    key = {"SessionIdTime": later, "SessionIdSeq": 1}
    hand.insert(
        "ConferenceUris", ConferenceUriId=1, ConferenceUri="sip:a@x;opaque=app:conf:focus:1"
    )
    hand.insert(
        "Conferences",
        **key,
        ConferenceUriId=1,
        OrganizerId=hand.user(ANNA),
        ConferenceStartTime=later,
        ConferenceEndTime=later + timedelta(seconds=300),
    )
    for name in (ANNA, BO, CARL):
        hand.insert(
            "McuJoinsAndLeaves",
            **key,
            UserId=hand.user(name),
            McuUserInstance=1,
            McuId=2,
            UserJoinTime=later,
            UserLeaveTime=later + timedelta(seconds=290),
        )
    hand.insert(
        "ConferenceSessionDetails",
        SessionIdTime=later + timedelta(seconds=1),
        SessionIdSeq=1,
        ConferenceUriId=1,
        ReplaceDialogIdTime=first,
        ReplaceDialogIdSeq=1,
    )
    (call,) = calls_of(hand)

    assert len(call.legs) == 4
    assert names(call) == {person.key for person in WORLD.staff[:3]}
    assert call.duration_s == 350


def test_an_agent_on_behalf_of_a_group(hand: Hand) -> None:
    """A call that an agent makes for a response group says so."""
    hand.session(0, 50, ANNA, BO, CallFlag=2)
    (found,) = items(read(source(hand.url)))

    assert found.flags == ("by an agent of a response group",)


def test_the_same_number_of_seconds_apart(hand: Hand, calls_of: CallsOf) -> None:
    """Two people who call the same third at once are two calls."""
    hand.session(0, 50, ANNA, CARL)
    hand.session(0.01, 0, BO, CARL, code=486)

    assert len(calls_of(hand)) == 2


# -- small pieces ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sip:Anna.Holm@Nordvang.example", Address(sip="anna.holm@nordvang.example")),
        ("anna@nordvang.example;opaque=user:epid:x;gruu", Address(sip="anna@nordvang.example")),
        ("sip:+4537401234@nordvang.example;user=phone", Address(phone="+4537401234")),
        ("+4537401234@nordvang.example", Address(phone="+4537401234")),
        ("tel:+4537401234;phone-context=enterprise", Address(phone="+4537401234")),
        ("sip:4711;phone-context=dk@nordvang.example;user=phone", Address(phone="4711")),
        ("tel:37 40 12 34", Address(phone="+4537401234")),
        ("37401234", Address(phone="+4537401234")),
        ("sip:anonymous@anonymous.invalid", Address()),
        ("nonsense", Address()),
        ("sip:2012@nordvang.example", Address(sip="2012@nordvang.example")),
    ],
)
def test_addresses(uri: str, expected: Address) -> None:
    """SIP addresses and numbers come out plain, in whatever form the server wrote them."""
    assert address(uri) == expected


def test_people_by_sip_and_number() -> None:
    """A SIP address finds its person; a number that came over a gateway stays a number."""
    anna = Person(id="a1", upn="ah@x.example", sip="sip:anna@x.example", phones=("+4536111111",))
    who = Who(People([anna]))

    assert who.party("sip:Anna@x.example").person == "a1"
    assert who.party("4536111111", None).person == "a1"
    assert who.party("", "+4536111111", is_outside=True) == Party(phone="+4536111111")
    assert who.party(None) == Party()


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-20 12:00:00.003000", "2026-11-20 12:00:00.003/1"),
        ("2026-11-20T12:00:00", "2026-11-20 12:00:00/1"),
        (datetime(2026, 11, 20, 12, 0, 0, 3000), "2026-11-20 12:00:00.003/1"),  # noqa: DTZ001
        (datetime(2026, 11, 20, 12), "2026-11-20 12:00:00/1"),  # noqa: DTZ001
        (datetime(2026, 11, 20, 10), "2026-11-20 10:00:00/1"),  # noqa: DTZ001
    ],
)
def test_keys_in_words(time: object, expected: str) -> None:
    """A key is the same in words whichever driver gave it."""
    assert key_text(time, 1) == expected


def test_empty_guids() -> None:
    """The GUID of zeros correlates nothing."""
    assert guid("{00000000-0000-0000-0000-000000000000}") == ""
    assert guid("{AB}") == "ab"


@pytest.mark.parametrize(
    ("number", "columns", "expected"),
    [
        (36, {"lastmodifiedtime"}, 2010),
        (39, set(), 2013),
        (39, {"lastmodifiedtime"}, 2015),
        (None, {"user1endpointid"}, 2013),
        (None, set(), 2010),
    ],
)
def test_version_by_itself(number: int | None, columns: set[str], expected: int) -> None:
    """The number of the schema decides, and without it the columns that a version brought."""
    assert version_of(number, {"sessiondetails": dict.fromkeys(columns, "x")}) == expected


def whole_schema() -> Schema:
    tables: dict[str, dict[str, str]] = {}
    for each in (*SESSIONS, *CONFERENCES):
        tables.setdefault(each.table.lower(), {})[each.name.lower()] = each.name
    return Schema(2013, tables)


def test_words_of_the_query() -> None:
    """SQL Server is asked for named columns, a bounded page by its key, and never an OFFSET."""
    key = Key(datetime(2026, 11, 20, 12), 1)  # noqa: DTZ001
    query = sessions_query(whole_schema())(1000, after=key, ended_since=key.time)
    server: Any = dialect.dialect
    told = str(query.compile(dialect=server()))

    assert told.startswith("SELECT TOP")
    assert "*" not in told
    assert "OFFSET" not in told
    assert told.count("LEFT OUTER JOIN") == 13
    assert "ORDER BY s.[SessionIdTime], s.[SessionIdSeq]" in told


@pytest.mark.parametrize("is_nested", [True, False])
@pytest.mark.parametrize(
    ("number", "expected"),
    [(18456, Denied), (229, Denied), (4060, Denied), (1205, Unavailable), (20009, Unavailable)],
)
def test_errors_of_the_driver(
    number: int, expected: type[Exception], is_nested: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver's errors are ours, by their numbers, and say nothing of what was asked for."""
    import pymssql

    def connect(*_args: Any, **_named: Any) -> Any:
        told = (number, b"Login failed for user 'secret'")
        raise pymssql.OperationalError(told) if is_nested else pymssql.OperationalError(*told)

    monkeypatch.setattr(pymssql, "connect", connect)
    with pytest.raises(expected) as caught:
        Database("LcsCDR", "mssql://reader@sql.example/LcsCDR").rows(sa.select(sa.literal(1)))
    assert "secret" not in str(caught.value)
    assert str(number) in str(caught.value)


def test_no_server() -> None:
    """The real driver, where nobody listens: Unavailable with its number, at once."""
    database = Database("LcsCDR", "mssql://reader@127.0.0.1:1/LcsCDR", password="secret~1")
    with pytest.raises(Unavailable) as caught:
        database.rows(sa.select(sa.literal(1)))

    assert "20009" in str(caught.value)
    assert "secret~1" not in str(caught.value)


def test_every_kind_has_its_tables() -> None:
    """What a kind of record needs is asked for."""
    assert "ConferenceSessionDetails" in KINDS["conferences"].tables
    assert "Mcus" in KINDS["conferences"].tables


def test_read_only(tmp_path: Path) -> None:
    """Nothing can be written through the connection of the source."""
    filled(tmp_path / "cdr.db")
    database = Database("LcsCDR", f"sqlite:///{tmp_path / 'cdr.db'}")
    with database.engine.connect() as connection, pytest.raises(sa.exc.OperationalError):
        connection.exec_driver_sql('DELETE FROM "SessionDetails"')


def test_item_of_a_conversation(tmp_path: Path) -> None:
    """A written conversation without its words is known as an event, with who wrote how much."""
    filled(tmp_path / "cdr.db")
    chats = [e for e in items(read(source(f"sqlite:///{tmp_path / 'cdr.db'}"))) if not e.call]
    raw = msgspec.json.decode(chats[0].raw)

    assert {each.kind for each in chats} == {Kind.EVENT}
    assert raw["media"] == 1
    assert raw.get("messages1", 0) + raw.get("messages2", 0) > 0
