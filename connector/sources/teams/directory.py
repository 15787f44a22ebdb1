"""The directory: who there is, by users/delta.

Keyed by object id, because names, addresses and numbers change and are reused. Facts: Microsoft
Graph, "user: delta" and "user resource type", read 2026-11-21.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from connector.errors import CursorExpired, Gone, Rejected, Unavailable
from connector.http import Answer, Graph
from connector.model import Finding, Page, Person
from connector.ports import Known
from connector.sources import rights
from connector.typed import read_json

PART = "users"
_SELECT = (
    "id,userPrincipalName,mail,displayName,businessPhones,mobilePhone,proxyAddresses,imAddresses,"
    "department,officeLocation,accountEnabled,onPremisesImmutableId"
)
_PAGES = 20_000  # a directory of 2 million people; more is a loop


def delta_request() -> str:
    """The first page of a full reading that ends in a delta link."""
    return f"users/delta?$select={_SELECT}"


def list_request() -> str:
    """The first page of a plain listing, where delta is not to be had."""
    return f"users?$select={_SELECT}&$top=999"


class _User(msgspec.Struct, rename="camel"):
    id: str
    user_principal_name: str | None = None
    mail: str | None = None
    display_name: str | None = None
    business_phones: list[str] | None = None
    mobile_phone: str | None = None
    proxy_addresses: list[str] | None = None
    im_addresses: list[str] | None = None
    department: str | None = None
    office_location: str | None = None
    account_enabled: bool | None = None
    on_premises_immutable_id: str | None = None
    removed: dict[str, Any] | None = msgspec.field(name="@removed", default=None)


class _List(msgspec.Struct):
    value: list[msgspec.Raw]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)
    delta: str | None = msgspec.field(name="@odata.deltaLink", default=None)


class UserPage(msgspec.Struct, frozen=True):
    """One page of the directory; `delta` is there on the last page of a delta reading."""

    people: tuple[Person, ...]
    next: str = ""
    delta: str = ""


def parse_users(answer: Answer) -> UserPage:
    """A page of users. A row that is not a user is left out; it comes again when it changes."""
    page = read_json(answer.body, _List)
    people = [person for raw in page.value if (person := _person(raw)) is not None]
    return UserPage(tuple(people), page.next or "", page.delta or "")


def _person(raw: msgspec.Raw) -> Person | None:
    try:
        user = read_json(raw, _User)
    except msgspec.DecodeError:
        return None
    phones = [*(user.business_phones or ()), user.mobile_phone or ""]
    return Person(
        id=user.id,
        upn=user.user_principal_name or "",
        mail=user.mail or "",
        name=user.display_name or "",
        sip=_sip(user),
        phones=tuple([p for p in dict.fromkeys(phones) if p]),
        department=user.department or "",
        office=user.office_location or "",
        is_enabled=user.account_enabled is not False,
        is_removed=user.removed is not None,
        account=_account(user.on_premises_immutable_id or ""),
    )


def _account(immutable_id: str) -> str:
    """The objectGUID of which Entra Connect makes the immutable id by default; "" for another."""
    try:
        return str(uuid.UUID(bytes_le=base64.b64decode(immutable_id, validate=True)))
    except ValueError:
        return ""


def _sip(user: _User) -> str:
    for address in user.proxy_addresses or ():
        if address.lower().startswith("sip:"):
            return address[4:]
    return next((a.removeprefix("sip:") for a in user.im_addresses or () if a), "")


class _Cursor(msgspec.Struct, omit_defaults=True):
    delta: str = ""
    next: str = ""


class Directory:
    """Everybody in the tenant, or only `users` (object ids). One part.

    With a saved delta link a directory in which nothing changed costs one request.
    """

    def __init__(
        self, graph: Graph, *, name: str = "teams.directory", users: Collection[str] = ()
    ) -> None:
        self.name = name
        self._graph = graph
        self._users = frozenset(users)

    def check(self) -> list[Finding]:
        """One page of the delta listing."""

        def attempt() -> None:
            self._graph.get("users?$select=id,displayName&$top=1", service="directory")

        return rights.check(self._graph, self.name, rights.DIRECTORY, attempt)

    def parts(self, people: Sequence[Person]) -> list[str]:
        del people  # the directory is where they come from
        return [PART]

    def changes(self, part: str, cursor: str | None, known: Known) -> Iterator[Page]:
        """People added, changed or removed since the cursor; everybody when it has expired.

        A delta row may hold only some properties on other clouds; Graph sends all selected ones.
        """
        del part, known  # one part; a person has no versions
        state = _state(cursor)
        if state.delta or state.next:
            try:
                first = self._graph.ask(state.next or state.delta, parse_users, service="directory")
            except (CursorExpired, Gone, Rejected):
                first = None  # the token lives seven days; read everybody again
            if first is not None:
                yield from self._pages(first)
                return
        yield from self._pages(self._first())

    def _first(self) -> UserPage:
        try:
            return self._graph.ask(delta_request(), parse_users, service="directory")
        except (Gone, Rejected, CursorExpired):
            return self._graph.ask(list_request(), parse_users, service="directory")

    def _pages(self, page: UserPage) -> Iterator[Page]:
        seen: set[str] = set()
        while True:
            # No cursor on the way: a saved skip token has no promise to live, a delta link has.
            cursor = msgspec.json.encode(_Cursor(delta=page.delta)).decode() if page.delta else None
            yield Page(source=self.name, part=PART, cursor=cursor, people=self._wanted(page.people))
            if not page.next:
                return
            if page.next in seen or len(seen) >= _PAGES:
                raise Unavailable(
                    f"{self.name}: the server's next link leads back to a page already read",
                    system=self.name,
                )
            seen.add(page.next)
            page = self._graph.ask(page.next, parse_users, service="directory")

    def _wanted(self, people: tuple[Person, ...]) -> tuple[Person, ...]:
        if not self._users:
            return people
        return tuple([person for person in people if person.id in self._users])

    def content(self, ref: str) -> Iterator[bytes]:
        """People have no attachments."""
        raise Gone(f"{self.name}: there is no content {ref[:40]!r}", system=self.name)

    @property
    def in_flight(self) -> int:
        return 1


def _state(cursor: str | None) -> _Cursor:
    try:
        return read_json(cursor or "{}", _Cursor)
    except msgspec.DecodeError:
        return _Cursor()
