"""A call-detail database of Lync, filled from the municipality, changed in place as time goes.

Any database that SQLAlchemy reaches takes it. `show(now)` makes it what it is at that moment: a
call that runs has no end yet, and gets one later in the same row.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.sandbox import words
from connector.sandbox.lync_meetings import MCUS, Gathering, gatherings
from connector.sandbox.lync_rows import (
    CLIENTS,
    Habits,
    Row,
    local,
    session_rows,
)
from connector.sandbox.lync_schema import SCHEMA_NUMBER, tables
from connector.sandbox.municipality import Municipality
from connector.sandbox.world import Json

GATEWAY = 1
SERVERS = tuple(f"fe{n:02d}.{words.DOMAIN}" for n in (1, 2))


class LyncCdr:
    """The database as the front ends write it."""

    def __init__(
        self,
        world: Municipality,
        engine: sa.Engine,
        *,
        version: int = 2013,
        habits: Habits | None = None,
    ) -> None:
        self.habits = habits or Habits()
        self.rows = session_rows(world, self.habits)
        self.meetings = gatherings(world, self.habits)
        self._engine = engine
        self._meta = tables(version)
        self._table = self._meta.tables
        self._shown: dict[tuple[datetime, int], Json] = {}
        self._dice = random.Random(f"{world.seed}/lync/faults")
        self._ids: dict[str, dict[str, int]] = {"Users": {}, "Phones": {}, "ConferenceUris": {}}
        self._spoil()
        with engine.begin() as connection:
            self._meta.create_all(connection)
            self._fixed(connection, version)

    def _spoil(self) -> None:
        """Ends that were never seen, and people that were never named."""
        for row in self.rows:
            if row.end is not None and self._dice.random() < self.habits.unended:
                row.end = None
            if self._dice.random() < self.habits.nameless:
                row.caller = row.callee = ""

    def show(self, now: datetime) -> None:
        """Bring the database to what it is at `now`: rows come, and change in place."""
        with self._engine.begin() as connection:
            for row in self.rows:
                if row.start > now:
                    continue
                columns = self._session(row, now, connection)
                if self._shown.get(row.key) != columns:
                    self._write(connection, row, columns)
            for meeting in self.meetings:
                if meeting.start <= now:
                    self._show_meeting(connection, meeting, now)

    def _show_meeting(self, connection: sa.Connection, meeting: Gathering, now: datetime) -> None:
        """A conference and who came: its rows are written anew when something of it changed."""

        def seen(at: datetime) -> datetime | None:
            return local(at, 1, self.habits) if at <= now else None

        key = {"SessionIdTime": meeting.key[0], "SessionIdSeq": meeting.key[1]}
        uri = self._id(
            "ConferenceUris", "ConferenceUriId", "ConferenceUri", meeting.uri, connection
        )
        head: Json = {
            **key,
            "ConferenceUriId": uri,
            "ConfInstance": meeting.instance,
            "ConferenceStartTime": local(meeting.start, 1, self.habits),
            "ConferenceEndTime": seen(meeting.end),
            "PoolId": 1,
            "OrganizerId": self._user(meeting.organizer, connection),
            "Flag": meeting.flag,
        }
        rows: dict[str, list[Json]] = {"FocusJoinsAndLeaves": [], "McuJoinsAndLeaves": []}
        for place, visit in enumerate(meeting.visits, 1):
            if visit.came > now:
                continue
            common = {
                **key,
                "UserId": self._user(visit.uri, connection),
                "UserJoinTime": seen(visit.came),
                "UserLeaveTime": seen(visit.went),
                "DialogSessionIdTime": local(visit.came, 1, self.habits),
                "DialogSessionIdSeq": place,
            }
            if not visit.is_outside:
                rows["FocusJoinsAndLeaves"].append(common)
            server = {"McuId": visit.mcu, "McuUserInstance": 1, "IsFromPstn": visit.is_outside}
            rows["McuJoinsAndLeaves"].append({**common, **server})
        told = {"head": head, **rows}
        if self._shown.get(meeting.key) == told:
            return
        for name in ("Conferences", *rows):
            its = self._table[name]
            same = sa.and_(
                its.c.SessionIdTime == meeting.key[0], its.c.SessionIdSeq == meeting.key[1]
            )
            connection.execute(sa.delete(its).where(same))
            self._insert(connection, name, rows.get(name, [head]))
        self._shown[meeting.key] = told

    def purge(self, before: datetime) -> int:
        """Forget sessions that began before a moment, as the server does after 60 days."""
        edge = local(before, 1, self.habits)
        with self._engine.begin() as connection:
            for name in ("VoipDetails", "SessionDetails"):
                its = self._table[name]
                gone = connection.execute(sa.delete(its).where(its.c.SessionIdTime < edge))
        return gone.rowcount

    def _fixed(self, connection: sa.Connection, version: int) -> None:
        """Rows that stand there from the beginning."""
        self._insert(connection, "DbConfigInt", [_number_row(version)])
        self._insert(connection, "UriTypes", _named("UriTypeId", "UriType", ("Phone", "User"), 0))
        self._insert(connection, "ClientVersions", CLIENTS)
        self._insert(connection, "Gateways", _named("GatewayId", "Gateway", ("gw01",)))
        self._insert(connection, "Servers", _named("ServerId", "ServerFQDN", SERVERS))
        self._insert(connection, "Mcus", MCUS)
        pools = (f"pool01.{words.DOMAIN}",)
        self._insert(connection, "Pools", _named("PoolId", "PoolFQDN", pools))

    def _insert(self, connection: sa.Connection, name: str, rows: Iterable[Json]) -> None:
        its = self._table[name]
        known = set(its.c.keys())
        kept = [{key: row[key] for key in row if key in known} for row in rows]
        if kept:
            connection.execute(sa.insert(its), kept)

    def _write(self, connection: sa.Connection, row: Row, columns: Json) -> None:
        its = self._table["SessionDetails"]
        if row.key in self._shown:
            where = sa.and_(its.c.SessionIdTime == row.key[0], its.c.SessionIdSeq == row.key[1])
            connection.execute(sa.update(its).where(where).values(**columns))
        else:
            self._insert(connection, "SessionDetails", [columns])
            if row.media != 1:
                self._insert(connection, "VoipDetails", [self._voip(row, connection)])
        self._shown[row.key] = columns

    def _session(self, row: Row, now: datetime, connection: sa.Connection) -> Json:
        """The columns of a session as they are known at `now`."""

        def seen(at: datetime | None) -> datetime | None:
            return local(at, row.server, self.habits) if at is not None and at <= now else None

        is_told = row.answer is not None and row.answer <= now
        caller, callee = self._user(row.caller, connection), self._user(row.callee, connection)
        columns: Json = {
            "SessionIdTime": row.key[0],
            "SessionIdSeq": row.key[1],
            "CorrelationId": row.correlation or None,
            "ReplaceDialogIdTime": row.replaces.key[0] if row.replaces else None,
            "ReplaceDialogIdSeq": row.replaces.key[1] if row.replaces else None,
            "User1Id": caller,
            "User2Id": callee,
            "SessionStartedById": caller,
            "TargetUserId": self._user(row.target or row.callee, connection),
            "OnBehalfOfId": self._user(row.behalf, connection),
            "ReferredById": self._user(row.referred, connection),
            "ServerId": row.server,
            "PoolId": 1,
            "User1ClientVerId": 1,
            "User2ClientVerId": row.client,
            "IsUser1Internal": True,
            "IsUser2Internal": True,
            "InviteTime": local(row.start, row.server, self.habits),
            "ResponseTime": seen(row.answer),
            "ResponseCode": row.code if is_told else None,
            "SessionEndTime": seen(row.end),
            "User1MessageCount": row.messages[0] or None,
            "User2MessageCount": row.messages[1] or None,
            "MediaTypes": row.media,
            "CallFlag": row.flag,
        }
        known = set(self._table["SessionDetails"].c.keys())
        return {key: value for key, value in columns.items() if key in known}

    def _voip(self, row: Row, connection: sa.Connection) -> Json:
        return {
            "SessionIdTime": row.key[0],
            "SessionIdSeq": row.key[1],
            "FromNumberId": self._id("Phones", "PhoneId", "PhoneUri", row.from_phone, connection),
            "ConnectedNumberId": self._id(
                "Phones", "PhoneId", "PhoneUri", row.to_phone, connection
            ),
            "FromGatewayId": GATEWAY if row.from_phone else None,
            "ToGatewayId": GATEWAY if row.to_phone else None,
        }

    def _user(self, uri: str, connection: sa.Connection) -> int | None:
        return self._id("Users", "UserId", "UserUri", uri.removeprefix("sip:"), connection)

    def _id(
        self, table: str, key: str, column: str, value: str, connection: sa.Connection
    ) -> int | None:
        """The id of a name in its table, which gets a row for a new one."""
        if not value:
            return None
        ids = self._ids[table]
        if value not in ids:
            ids[value] = len(ids) + 1
            row: dict[str, Any] = {key: ids[value], column: value}
            self._insert(connection, table, [row])
        return ids[value]


def _number_row(version: int) -> Json:
    return {"Name": "DbVersionSchema", "Value": SCHEMA_NUMBER[version]}


def _named(key: str, column: str, values: Iterable[str], first: int = 1) -> list[Json]:
    return [{key: number, column: value} for number, value in enumerate(values, first)]
