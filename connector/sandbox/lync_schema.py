"""The call-detail database of Lync, table by table as its documentation gives it.

Facts: Microsoft, "Call detail recording (CDR) database schema" of Lync Server 2013 and Skype for
Business Server 2015, read 2026-11-22. Lync Server 2010 is that without what 2013 brought, and with
the two desk-phone columns that 2013 dropped.
"""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_NUMBER = {2010: 36, 2013: 39, 2015: 40, 2019: 41}
"""DbConfigInt.DbVersionSchema. Below 39 is 2010; the numbers above 39 are made up."""


def tables(version: int) -> sa.MetaData:
    """Every table that the municipality fills, as `version` (2010, 2013, 2015, 2019) has it."""
    meta = sa.MetaData()
    later = version >= 2013

    def table(name: str, *columns: sa.Column[object]) -> None:
        sa.Table(name, meta, *columns)

    table("DbConfigInt", _text("Name", 450, key=True), _int("Value"))
    table("UriTypes", _int("UriTypeId", key=True), _text("UriType", 256))
    table(
        "Users",
        _int("UserId", key=True),
        _text("UserUri", 450),
        *[_int("TenantId"), _int("UriTypeId"), _time("NextUpdateTS")],
    )
    table("Phones", _int("PhoneId", key=True), _text("PhoneUri", 450))
    table("Gateways", _int("GatewayId", key=True), _text("Gateway", 256))
    table("MediationServers", _int("MediationServerId", key=True), _text("MediationServer", 256))
    table("Servers", _int("ServerId", key=True), _text("ServerFQDN", 256))
    table("Pools", _int("PoolId", key=True), _text("PoolFQDN", 256))
    table(
        "ClientVersions",
        _int("VersionId", key=True),
        _text("Version", 256),
        *([_int("ClientType")] if later else []),
    )
    _sessions(meta, later, version)
    _conferences(meta, later, version)
    _conference_sessions(meta, later, version)
    return meta


def _sessions(meta: sa.MetaData, later: bool, version: int) -> None:
    sa.Table(
        "SessionDetails",
        meta,
        *_key(),
        _text("CorrelationId", 36),
        *(_time("ReplaceDialogIdTime"), _int("ReplaceDialogIdSeq")),
        *(_int("User1Id"), _int("User2Id")),
        *([_text("User1EndpointId", 36), _text("User2EndpointId", 36)] if later else []),
        *map(_int, ("TargetUserId", "SessionStartedById", "OnBehalfOfId", "ReferredById")),
        *map(_int, ("ServerId", "PoolId", "ContentTypeId")),
        *map(_int, ("User1ClientVerId", "User2ClientVerId")),
        *map(_int, ("User1EdgeServerId", "User2EdgeServerId")),
        *(_flag("IsUser1Internal"), _flag("IsUser2Internal")),
        *(
            []
            if later
            else [_flag("IsUser1IntegratedWithDeskPhone"), _flag("IsUser2IntegratedWithDeskPhone")]
        ),
        *(_time("InviteTime"), _time("ResponseTime")),
        *map(_int, ("ResponseCode", "DiagnosticId", "CallPriority")),
        *map(_int, ("User1MessageCount", "User2MessageCount")),
        _time("SessionEndTime"),
        *map(_int, ("MediaTypes", "User1Flag", "User2Flag", "CallFlag")),
        *([_flag("Processed")] if later else []),
        *([_time("LastModifiedTime")] if version >= 2015 else []),
    )
    sa.Table(
        "VoipDetails",
        meta,
        *_key(),
        *map(_int, ("FromNumberId", "ConnectedNumberId")),
        *map(_int, ("FromMediationServerId", "ToMediationServerId")),
        *map(_int, ("FromGatewayId", "ToGatewayId")),
        *map(_int, ("DisconnectedbyURIId", "DisconnectedbyPhoneId")),
        *([_time("LastModifiedTime")] if version >= 2015 else []),
    )


def _conferences(meta: sa.MetaData, later: bool, version: int) -> None:
    stamp = [_time("LastModifiedTime")] if version >= 2015 else []
    sa.Table(
        "ConferenceUris",
        meta,
        _int("ConferenceUriId", key=True),
        _text("ConferenceUri", 450),
        *map(_int, ("Checksum", "UriTypeId")),
    )
    sa.Table("Mcus", meta, _int("McuId", key=True), _text("McuUri", 450), _int("McuTypeId"))
    sa.Table(
        "Conferences",
        meta,
        *_key(),
        _int("ConferenceUriId"),
        _text("ConfInstance", 36),
        *(_time("ConferenceStartTime"), _time("ConferenceEndTime")),
        *map(_int, ("PoolId", "OrganizerId", "Flag")),
        *([_flag("Processed")] if later else []),
        *stamp,
    )
    sa.Table(
        "FocusJoinsAndLeaves",
        meta,
        *_key(),
        sa.Column("DialogSessionIdTime", sa.DateTime, primary_key=True),
        sa.Column("DialogSessionIdSeq", sa.Integer, primary_key=True),
        *map(_int, ("UserId", "FocusUserInstance")),
        _flag("IsUserInternal"),
        _int("UserRole"),
        *(_time("UserJoinTime"), _time("UserLeaveTime")),
        _int("ClientVerId"),
        *([_text("UserEndpointId", 36)] if later else []),
        *([_time("LastModifiedTime")] if version >= 2015 else []),
    )
    sa.Table(
        "McuJoinsAndLeaves",
        meta,
        *_key(),
        *(_int("UserId", key=True), _int("McuUserInstance", key=True)),
        _flag("IsFromPstn"),
        _int("McuId", key=True),
        *(_time("DialogSessionIdTime"), _int("DialogSessionIdSeq")),
        *(_time("UserJoinTime"), _time("UserLeaveTime")),
        *([_int("ClientVerId")] if later else []),
        *([_time("LastModifiedTime")] if version >= 2015 else []),
    )


def _conference_sessions(meta: sa.MetaData, later: bool, version: int) -> None:
    sa.Table(
        "ConferenceSessionDetails",
        meta,
        *_key(),
        _int("ConferenceUriId"),
        *([_text("ConfInstance", 36)] if later else []),
        *map(_int, ("McuConferenceUriId", "UserId")),
        _text("UserEndpointId", 36),
        *map(_int, ("OnBehalfOfId", "ReferredById", "UserClientVersionId", "ConfClientVersionId")),
        *(_time("ReplaceDialogIdTime"), _int("ReplaceDialogIdSeq")),
        *map(_flag, ("IsStartedByConfServer", "IsEndedByConfServer", "IsUserInternal")),
        *map(_int, ("ResponseCode", "DiagnosticId", "ServerId", "PoolId")),
        *map(_int, ("MediationServerId", "GatewayId", "EdgeServerId", "ContentTypeId")),
        *map(_time, ("InviteTime", "ResponseTime", "SessionEndTime")),
        *([_int("UriTypeId")] if later else []),
        *(_int("UserFlag"), _int("CallFlag")),
        *([_time("LastModifiedTime")] if version >= 2015 else []),
    )


def _key() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("SessionIdTime", sa.DateTime, primary_key=True),
        sa.Column("SessionIdSeq", sa.Integer, primary_key=True, autoincrement=False),
    )


def _int(name: str, *, key: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Integer, primary_key=key, autoincrement=False)


def _text(name: str, length: int, *, key: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.String(length), primary_key=key)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime)


def _flag(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Boolean)
