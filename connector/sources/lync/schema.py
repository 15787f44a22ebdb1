"""What the call-detail database of each version has, and what is not known without it. Pure.

Facts: Microsoft, "Call detail recording (CDR) database schema" of Lync Server 2013 and Skype for
Business Server 2015 (which says what each version brought or dropped), read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

OLDEST, L2013, S2015, S2019 = 2010, 2013, 2015, 2019
VERSIONS = (OLDEST, L2013, S2015, S2019)
_FIRST_SCHEMA_OF_2013 = 39  # DbConfigInt.DbVersionSchema; lower is Lync Server 2010


class Column(NamedTuple):
    """One column that is read. `cost` is what is not known without it; "" when it must be there."""

    table: str
    name: str
    cost: str = ""
    since: int = OLDEST


def _columns(table: str, cost: str, *names: str, since: int = OLDEST) -> tuple[Column, ...]:
    return tuple(Column(table, name, cost, since) for name in names)


_PEOPLE = "who took part is not known by SIP address"
_NUMBERS = "telephone numbers of outside parties are not known"
_CLIENTS = "a response group, voicemail or attendant looks like a person"
_LENGTH = "whether and how long people spoke is not known"

SESSIONS: tuple[Column, ...] = (
    *_columns("SessionDetails", "", "SessionIdTime", "SessionIdSeq"),
    *_columns("SessionDetails", _PEOPLE, "User1Id", "User2Id"),
    *_columns("SessionDetails", "who called whom may be the wrong way round", "SessionStartedById"),
    *_columns("SessionDetails", "the legs of one call are told as several calls", "CorrelationId"),
    *_columns(
        "SessionDetails",
        "a call that was transferred is told as several calls",
        *("ReplaceDialogIdTime", "ReplaceDialogIdSeq", "ReferredById"),
    ),
    *_columns("SessionDetails", "a call that was sent on hides whom it was for", "TargetUserId"),
    *_columns("SessionDetails", "a response group's calls hide for whom they were", "OnBehalfOfId"),
    *_columns("SessionDetails", "a call begins at its record, not its first ring", "InviteTime"),
    *_columns("SessionDetails", _LENGTH, "ResponseTime", "ResponseCode", "SessionEndTime"),
    *_columns("SessionDetails", "why a call failed is told without its number", "DiagnosticId"),
    *_columns(
        "SessionDetails", "calls are told from chats by their telephone row alone", "MediaTypes"
    ),
    *_columns(
        "SessionDetails", "a call by an agent for a response group is not marked", "CallFlag"
    ),
    *_columns(
        "SessionDetails",
        "how much was written is not known",
        "User1MessageCount",
        "User2MessageCount",
    ),
    *_columns("SessionDetails", _CLIENTS, "User1ClientVerId", "User2ClientVerId"),
    *_columns("SessionDetails", "which server wrote a row is not known", "ServerId"),
    *_columns("VoipDetails", "telephone calls cannot be told", "SessionIdTime", "SessionIdSeq"),
    *_columns("VoipDetails", _NUMBERS, "FromNumberId", "ConnectedNumberId"),
    *_columns("VoipDetails", "the direction of calls is unknown", "FromGatewayId", "ToGatewayId"),
    *_columns("Users", _PEOPLE, "UserId", "UserUri"),
    *_columns("Phones", _NUMBERS, "PhoneId", "PhoneUri"),
    *_columns("Gateways", "the gateway's name is missing in the evidence", "GatewayId", "Gateway"),
    *_columns("ClientVersions", _CLIENTS, "VersionId", "Version"),
    *_columns("ClientVersions", _CLIENTS, "ClientType", since=L2013),
    *_columns("Servers", "which server wrote a row is not known", "ServerId", "ServerFQDN"),
)

_WHO_MET = "who was in a conference is not known"

CONFERENCES: tuple[Column, ...] = (
    *_columns("Conferences", "", "SessionIdTime", "SessionIdSeq"),
    *_columns("Conferences", "the address of a conference is not known", "ConferenceUriId"),
    *_columns("Conferences", "meetings of a series are not told apart", "ConfInstance"),
    *_columns(
        "Conferences", "when a conference began or ended is not known",
        "ConferenceStartTime", "ConferenceEndTime",
    ),
    *_columns("Conferences", "who called a conference is not known", "OrganizerId"),
    *_columns("Conferences", "test conferences of the server are told as real ones", "Flag"),
    *_columns(
        "ConferenceUris", "the address of a conference is not known",
        "ConferenceUriId", "ConferenceUri",
    ),
    *_columns(
        "FocusJoinsAndLeaves", _WHO_MET,
        "SessionIdTime", "SessionIdSeq", "UserId", "UserJoinTime", "UserLeaveTime",
    ),
    *_columns(
        "McuJoinsAndLeaves", "conferences with sound are not told from written ones",
        "SessionIdTime", "SessionIdSeq", "UserId", "McuId", "IsFromPstn",
        "UserJoinTime", "UserLeaveTime",
    ),
    *_columns("Mcus", "conferences with sound are not told from written ones", "McuId", "McuUri"),
    *_columns("Users", _PEOPLE, "UserId", "UserUri"),
)  # fmt: skip


class Schema(NamedTuple):
    """What one database has: version, and the columns of each table by name in lower case."""

    version: int
    tables: Mapping[str, Mapping[str, str]]

    def has(self, table: str, *names: str) -> bool:
        """Whether the table and all these columns are there."""
        found = self.tables.get(table.lower())
        return found is not None and all(name.lower() in found for name in names)

    def lacking(self, wanted: Iterable[Column]) -> list[Column]:
        """Those that this version should have and that are not there (or hidden from us)."""
        return [
            each
            for each in wanted
            if each.since <= self.version and not self.has(each.table, each.name)
        ]


def version_of(number: int | None, tables: Mapping[str, Mapping[str, str]]) -> int:
    """The version by DbVersionSchema, or by the columns it brought when that cannot be read.

    2015 and 2019 have the same documented schema, so 2019 is told as 2015.
    """
    sessions = tables.get("sessiondetails", {})
    if number is not None and number < _FIRST_SCHEMA_OF_2013:
        return OLDEST
    if "lastmodifiedtime" in sessions:
        return S2015
    if number is None and "user1endpointid" not in sessions:
        return OLDEST
    return L2013


def sentence(each: Column, version: int) -> str:
    """What is missing and what it costs."""
    what = f"{each.table}.{each.name} is missing (the database was taken for version {version})"
    fix = "grant SELECT on it, or set lync.version when the version is another"
    if not each.cost:
        return f"{what}: nothing can be read without it; {fix}"
    return f"{what}: {each.cost}; {fix}"
