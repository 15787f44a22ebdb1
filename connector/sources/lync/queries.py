"""The queries, with every column by name: versions differ, and a new column must not break them.

A column that a database lacks is asked for as NULL, a table that it lacks is not joined. Columns
have no types on purpose: values come as the driver gives them, and the key of the last row goes
back as it came, because SQL Server's `datetime` has steps of 3.33 ms that no text keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa

from connector.sources.lync.schema import Schema

Paged = Callable[..., sa.Select[Any]]


class Key(NamedTuple):
    """What tells a session or conference from all others, as the driver gave it."""

    time: object
    seq: object


class SessionRow(NamedTuple):
    """One two-party session. Names in the order of the query; any of them may be None."""

    time: object
    seq: object
    correlation: object
    replaces_time: object
    replaces_seq: object
    user1_id: object
    user2_id: object
    started_id: object
    invite: object
    response: object
    code: object
    diagnostic: object
    end: object
    media: object
    call_flag: object
    messages1: object
    messages2: object
    user1: object
    user2: object
    target: object
    behalf: object
    referred: object
    client1: object
    client1_type: object
    client2: object
    client2_type: object
    server: object
    voip: object  # the session's row in VoipDetails, when it has one
    from_number: object
    to_number: object
    from_gateway_id: object
    to_gateway_id: object
    from_gateway: object
    to_gateway: object

    @property
    def key(self) -> Key:
        return Key(self.time, self.seq)


class Asked:
    """A FROM clause that grows by LEFT JOINs, over the columns that are there."""

    def __init__(self, schema: Schema, table: str) -> None:
        self._schema = schema
        self.main = self.alias(table, "s")
        self._from: Any = self.main

    def alias(self, table: str, name: str) -> Any:
        columns = self._schema.tables.get(table.lower(), {}).values()
        return sa.table(table, *(sa.column(each) for each in columns)).alias(name)

    def join(self, table: str, name: str, key: str, value: Any) -> Any:
        """The table as `name`, joined where its `key` is `value`; None when either is missing."""
        if value is None or not self._schema.has(table, key):
            return None
        other = self.alias(table, name)
        self._from = self._from.outerjoin(other, self.of(other, key) == value)
        return other

    def join_key(self, table: str, name: str) -> Any:
        """The table that has the same key as the main one."""
        if not self._schema.has(table, "SessionIdTime", "SessionIdSeq"):
            return None
        other = self.alias(table, name)
        time, seq = self.of(other, "SessionIdTime"), self.of(other, "SessionIdSeq")
        main = self.of(self.main, "SessionIdTime"), self.of(self.main, "SessionIdSeq")
        self._from = self._from.outerjoin(other, sa.and_(time == main[0], seq == main[1]))
        return other

    @staticmethod
    def of(table: Any, name: str) -> Any:
        """A column, in the database's own spelling; None when it is not there."""
        if table is None:
            return None
        return next((each for each in table.c if each.name.lower() == name.lower()), None)

    def select(self, *columns: Any) -> sa.Select[Any]:
        named = [
            sa.null().label(f"n{n}") if column is None else column.label(f"n{n}")
            for n, column in enumerate(columns)
        ]
        return sa.select(*named).select_from(self._from)

    def paged(self, columns: list[Any], end: str) -> Paged:
        """Makes the queries of pages in the order of keys; `end` is the column of the end."""
        time, seq = self.of(self.main, "SessionIdTime"), self.of(self.main, "SessionIdSeq")
        ended = self.of(self.main, end)

        def page(
            size: int,
            first: object = None,
            after: Key | None = None,
            before: object = None,
            ended_since: object = None,
        ) -> sa.Select[Any]:
            """At most `size` rows, `first` <= time < `before`; `after` goes on behind a key.

            `ended_since` gives only those without an end, or with one since then.
            """
            wanted = self.select(*columns)
            if after is not None:
                # The first half lets the key's index be used, the second is what is meant.
                wanted = wanted.where(
                    time >= after.time, sa.or_(time > after.time, seq > after.seq)
                )
            elif first is not None:
                wanted = wanted.where(time >= first)
            if before is not None:
                wanted = wanted.where(time < before)
            if ended_since is not None and ended is not None:
                wanted = wanted.where(sa.or_(ended.is_(None), ended >= ended_since))
            return wanted.order_by(time, seq).limit(size)

        return page


_PLAIN = (
    *("SessionIdTime", "SessionIdSeq", "CorrelationId", "ReplaceDialogIdTime"),
    *("ReplaceDialogIdSeq", "User1Id", "User2Id", "SessionStartedById", "InviteTime"),
    *("ResponseTime", "ResponseCode", "DiagnosticId", "SessionEndTime", "MediaTypes"),
    *("CallFlag", "User1MessageCount", "User2MessageCount"),
)


def asked_of(schema: Schema, table: str) -> Asked:
    """The start of a query of a table."""
    return Asked(schema, table)


def sessions_query(schema: Schema) -> Paged:
    """Makes the query of a page of sessions; see `page`."""
    asked = Asked(schema, "SessionDetails")

    def own(name: str) -> Any:
        return asked.of(asked.main, name)

    def named(table: str, alias: str, key: str, by: Any, *wanted: str) -> list[Any]:
        other = asked.join(table, alias, key, by)
        return [asked.of(other, name) for name in wanted]

    def user(alias: str, by: str) -> Any:
        return named("Users", alias, "UserId", own(by), "UserUri")[0]

    voip = asked.join_key("VoipDetails", "v")

    def phone(alias: str, by: str) -> Any:
        return named("Phones", alias, "PhoneId", asked.of(voip, by), "PhoneUri")[0]

    def gateway(alias: str, by: str) -> Any:
        return named("Gateways", alias, "GatewayId", asked.of(voip, by), "Gateway")[0]

    def client(alias: str, by: str) -> list[Any]:
        return named("ClientVersions", alias, "VersionId", own(by), "Version", "ClientType")

    columns = [
        *map(own, _PLAIN),
        user("u1", "User1Id"),
        user("u2", "User2Id"),
        user("u3", "TargetUserId"),
        user("u4", "OnBehalfOfId"),
        user("u5", "ReferredById"),
        *client("c1", "User1ClientVerId"),
        *client("c2", "User2ClientVerId"),
        *named("Servers", "f", "ServerId", own("ServerId"), "ServerFQDN"),
        asked.of(voip, "SessionIdSeq"),
        phone("p1", "FromNumberId"),
        phone("p2", "ConnectedNumberId"),
        asked.of(voip, "FromGatewayId"),
        asked.of(voip, "ToGatewayId"),
        gateway("g1", "FromGatewayId"),
        gateway("g2", "ToGatewayId"),
    ]
    return asked.paged(columns, end="SessionEndTime")
