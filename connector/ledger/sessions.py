"""Who is signed in to the portal. The browser holds a random token, the ledger only its SHA-256."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from connector.ledger.tables import web_session
from connector.typed import decoder

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

SEEN_EVERY_MS = 60_000  # the time of the last use is kept to the minute, not at every page


class SignedIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the sign-in said of a person. `oid` is the directory id where the issuer gives one."""

    subject: str
    oid: str = ""
    name: str = ""
    upn: str = ""
    grants: tuple[str, ...] = ()  # app roles and group ids
    intranet: str = ""  # whose word it is; "" when the person signed in


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session that stands. Times are milliseconds since the epoch."""

    sha256: str
    who: SignedIn
    seen_at: int


_decode = decoder(SignedIn).decode
# Asked at every page, so made once: to put it together takes longer than to run it.
_BY_DIGEST = sa.select(web_session).where(web_session.c.sha256 == sa.bindparam("digest"))


def begin(connection: Connection, who: SignedIn, *, now: int, life_ms: int) -> str:
    """Keep a new session; gives the token, which is known to nobody else from now on."""
    token = secrets.token_urlsafe(32)
    connection.execute(sa.delete(web_session).where(web_session.c.ends_at <= now))
    connection.execute(
        sa.insert(web_session).values(
            sha256=digest(token),
            detail=msgspec.json.encode(who).decode(),
            made_at=now,
            seen_at=now,
            ends_at=now + life_ms,
        )
    )
    return token


def find(connection: Connection, token: str, *, now: int, idle_ms: int) -> Session | None:
    """The session of this token; None when there is none, or it is over or was left idle."""
    row = connection.execute(_BY_DIGEST, {"digest": digest(token)}).one_or_none()
    if row is None or row.ends_at <= now or row.seen_at + idle_ms + SEEN_EVERY_MS <= now:
        return None
    return Session(
        sha256=row.sha256,
        who=_decode(row.detail),
        seen_at=row.seen_at,
    )


def seen(connection: Connection, session: Session, *, now: int) -> None:
    """Keep that the session was used now."""
    connection.execute(
        sa.update(web_session).where(web_session.c.sha256 == session.sha256).values(seen_at=now)
    )


def end(connection: Connection, token: str) -> None:
    """Sign out: the token is worth nothing from now on."""
    connection.execute(sa.delete(web_session).where(web_session.c.sha256 == digest(token)))


def digest(token: str) -> str:
    """What the ledger keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
