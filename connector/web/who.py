"""Who asks: from a session's cookie, or from the token of a program, to a `Viewer`."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING

from fastapi import Request

from connector.ledger import sessions
from connector.ledger.access import Role, Viewer
from connector.ledger.directory import directory
from connector.ledger.merging import names_of_one, same_persons
from connector.ledger.people import entry_of
from connector.web.page import NotSignedIn
from connector.web.site import Site, site_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from connector.ledger.sessions import SignedIn
    from connector.settings import Web

REMEMBERED_S = 60  # a person who moves to another unit is seen to have moved within a minute
MOST_REMEMBERED = 5000


class Known:
    """Viewers by what their sign-in said, for a minute each: the directory is long."""

    def __init__(self) -> None:
        self._viewers: dict[SignedIn, tuple[float, Viewer]] = {}
        self._lock = threading.Lock()

    def viewer(self, site: Site, who: SignedIn) -> Viewer:
        """The viewer, looked up in the directory when that was not done within the last minute."""
        now = time.monotonic()
        known = self._viewers.get(who)
        if known is not None and now - known[0] < REMEMBERED_S:
            return known[1]
        with site.read() as connection:
            viewer = viewer_of(connection, who, site.web)
        with self._lock:
            if len(self._viewers) >= MOST_REMEMBERED:
                self._viewers.clear()
            self._viewers[who] = (now, viewer)
        return viewer


def viewer_of(connection: Connection, who: SignedIn, web: Web) -> Viewer:
    """The person of the directory who signed in, with everything that access depends on.

    The directory id (`oid`) decides where the issuer gives one; a user principal name only where it
    does not. A mail address never: its owner may be able to choose it.
    """
    if who.oid:
        found = entry_of(connection, who.oid)
    else:
        found = directory(connection).by_upn.get(who.upn.casefold())
    grants = frozenset(grant.casefold() for grant in who.grants)
    roles = roles_of(grants, web)
    if who.intranet:
        # It can say who somebody is, not what they may do: each reads what is their own, no more.
        is_here = found is not None and found.is_enabled and not found.is_removed
        roles = frozenset({Role.CASE_WORKER} if is_here else ())
    if found is not None and (found.is_removed or not found.is_enabled):
        roles = frozenset()  # who left keeps a session no longer than the directory needs to say so
    if found is None or found.is_removed:
        return Viewer(name=who.name or who.upn, upn=who.upn, names=grants, roles=roles)
    same = same_persons(connection)
    goes_by = same.get(found.id, found.id)
    persons = {number for number, other in same.items() if other == goes_by} | {goes_by, found.id}
    return Viewer(
        name=found.name or who.name or found.upn,
        upn=found.upn or who.upn,
        person=found.id,
        persons=frozenset(persons),
        names=names_of_one(connection, persons) | grants,
        unit=found.department,
        roles=roles,
        sees_unit=web.unit_sees_cases and not who.intranet,
    )


def roles_of(grants: frozenset[str], web: Web) -> frozenset[Role]:
    """The roles that these app roles and groups (in lower case) give."""
    wanted = {
        Role.CASE_WORKER: web.case_workers,
        Role.RECORDS_MANAGER: web.records_managers,
        Role.EDITOR: web.editors,
        Role.OPERATOR: web.operators,
    }
    return frozenset(
        role for role, names in wanted.items() if grants & {name.casefold() for name in names}
    )


def asker(request: Request) -> Viewer | None:
    """Who sent this request; None for nobody.

    Raises NotSignedIn for a token or a session that is not, or no longer, valid.
    """
    site = site_of(request)
    if request.headers.get("authorization") and request.url.path.startswith("/api/"):
        from connector.web.bearer import signed_in_by_token

        who: SignedIn | None = signed_in_by_token(request, site)
    else:
        who = _by_session(request, site)
    if who is None:
        return None
    viewer: Viewer = request.app.state.known.viewer(site, who)
    request.state.viewer = viewer
    return viewer


def _by_session(request: Request, site: Site) -> SignedIn | None:
    token = request.cookies.get(site.cookie, "")
    if not token:
        return None
    now = site.ledger.now()
    with site.read() as connection:
        found = sessions.find(connection, token, now=now, idle_ms=site.web.idle_min * 60_000)
    if found is None:
        raise NotSignedIn("wrong.sign_in")
    if now - found.seen_at >= sessions.SEEN_EVERY_MS:
        with site.write(durable=False) as connection:
            sessions.seen(connection, found, now=now)
    request.state.csrf = csrf_of(token)
    return found.who


def csrf_of(token: str) -> str:
    """What a form must send back: only who has the session's token can know it."""
    return hashlib.sha256(b"csrf " + token.encode()).hexdigest()[:40]
