"""Talking to F2-REST: addresses by their relation, signing in, cases by number, posting once.

Only the address of the service index is fixed. A create is two requests: an empty POST gives an
address that works once, and the POST of the content there may be repeated without harm.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from urllib.parse import quote, urljoin

import msgspec

from connector.errors import Denied, Gone, Rejected, RemoteError, Unavailable, Unclear
from connector.journaling.connection import Connection
from connector.journaling.remote import Answer, Remote, SignIn, no_sign_in
from connector.journaling.token import Token, basic
from connector.journaling.words import Words
from connector.journals.f2.reasons import refusal
from connector.journals.f2.xml import Node, XmlError, parse
from connector.ports import NoSteps, Steps
from connector.typed import read_json

REL = "http://cbrain.com/casefile/rel/"
NEEDED = ("oauth2-token", "case-by-case-number", "create-matter")
NO_CASE = "0000-0"  # no F2 case has this number
XML = "application/vnd.cbrain.casefile+xml"
_AS_XML = {"Accept": XML}
_FORM = "application/x-www-form-urlencoded"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_SPACES = re.compile(r"\s+")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_PARTS = re.compile(r"(\d{4})-(\d+)")


def plain_number(number: str) -> str:
    """A case number without spaces: "2022 - 60", "2022 — 60" and "2022-60" are one."""
    return _DASHES.sub("-", _SPACES.sub("", number))


def spellings(number: str) -> tuple[str, ...]:
    """How F2 may want a number in an address: its documentation writes "2022 - 60" and "2022-1170",
    and does not say which of them a look-up takes."""
    plain = plain_number(number)
    found = _PARTS.fullmatch(plain)
    return (plain, f"{found[1]} - {found[2]}") if found else (plain,)


def is_closed(case: Node) -> bool:
    """Whether F2 does not say that a case is open (D 43: a bool, always there)."""
    return case.value("Closed").lower() not in ("false", "0")


class _Link(msgspec.Struct):
    href: str


class OneTime:
    """The one-time addresses of one delivery by what they create, kept in its steps as JSON."""

    def __init__(self, steps: Steps | None) -> None:
        self._steps = steps or NoSteps()
        try:
            self._known = read_json(self._steps.load() or "{}", dict[str, str])
        except msgspec.DecodeError:
            self._known = {}  # another kind's memory; what is in the system is looked up anyway

    def get(self, name: str) -> str:
        """The address kept for this; "" without one."""
        return self._known.get(name, "")

    def keep(self, name: str, url: str) -> None:
        """Keep the address. Durable when it returns."""
        self._known[name] = url
        self._steps.save(msgspec.json.encode(self._known).decode())


class F2:
    """One F2-REST service as one of its users. Safe from many threads."""

    def __init__(self, connection: Connection, words: Words) -> None:
        self.name = connection.name
        self._connection = connection
        self._words = words
        self._lock = threading.Lock()
        self._index: Mapping[str, _Link] = {}
        self._token: Token | None = None
        self._open = self._make_remote(no_sign_in)
        self._remote = self._make_remote(self._sign_in)

    def _refuse(self, answer: Answer) -> RemoteError | None:
        return refusal(answer, self.name)

    def _make_remote(self, sign_in: SignIn) -> Remote:
        connection = self._connection
        return Remote(
            connection.url,
            name=connection.name,
            sign_in=sign_in,
            refuse=self._refuse,
            ca_bundle=connection.ca_bundle,
            timeout_s=(10.0, connection.timeout_s),
            in_flight=connection.in_flight,
            adapter=connection.adapter,
        )

    # -- the service ------------------------------------------------------------------------------

    def read_index(self) -> list[str]:
        """Read the service index anew; the relations we need that it does not have."""
        answer = self._open.get(self._words.text("service", "index"))
        self._index = self._open.read(answer, dict[str, _Link], is_read=True)
        return [rel for rel in NEEDED if REL + rel not in self._index]

    def sign_in(self) -> None:
        """Get a token anew. Raises Denied when F2 refuses."""
        self._sign_in(True)

    def address(self, rel: str, **values: str) -> str:
        """The address of a relation in the service index, its {placeholders} filled in.

        Raises Unavailable when F2 does not have the relation, or points to another host: every
        entry would meet it, so none is refused for it, and the index is read again the next time.
        """
        with self._lock:
            if not self._index:
                self.read_index()
        link = self._index.get(REL + rel)
        if link is None:
            text = (
                f'{self.name}: the service index has no relation "{rel}"; is F2-REST 13 or later?'
            )
            raise self._no_address(text)
        url = link.href
        for name, value in values.items():
            url = url.replace("{" + name + "}", quote(value, safe=""))
        url = urljoin(self._connection.url + "/", url)
        try:
            return self._open.url(url)
        except Rejected as error:
            raise self._no_address(str(error)) from error

    def _no_address(self, text: str) -> Unavailable:
        self._index = {}
        return Unavailable(text, system=self.name)

    def _sign_in(self, renew: bool) -> Mapping[str, str]:
        connection = self._connection
        if self._token is None:
            url = connection.token_url or self.address("oauth2-token")
            form = {"grant_type": "password", "username": connection.user}
            if connection.client_secret and connection.secret:
                form["password"] = connection.secret
            if organization := self._words.text("service", "organization"):
                form["organization_partyno"] = organization
            secret = connection.client_secret or connection.secret
            headers = {**basic(connection.client_id, secret)(False), "Accept": "application/json"}
            self._token = Token(
                self._open, url, form, headers=headers, monotonic=time.monotonic
            )  # fmt: skip
        return self._token(renew)

    # -- reading ----------------------------------------------------------------------------------

    def read(self, url: str) -> Node:
        """The XML at an address, over redirects. Raises Gone, Denied, Unavailable ..."""
        for _ in range(4):
            answer = self._remote.send("GET", url, headers=_AS_XML)
            target = answer.headers.get("Location", "")
            if answer.status not in _REDIRECTS or not target:
                break
            url = urljoin(answer.url, target)
        if not answer.is_good:
            raise self._refuse(answer) or self._remote.refusal(answer)
        return self._node(answer)

    def find_case(self, number: str) -> Node | None:
        """The case of exactly this number; None when F2 has none, or hides it from the account."""
        wanted = plain_number(number)
        for spelling in spellings(number) if wanted else ():
            case = self._looked_up(spelling)
            if case is None:
                continue
            # A look-up that is looser than ours, or another thing, must not pass for the case.
            if case.name == "Case" and plain_number(case.value("CaseNumber")) == wanted:
                return case
        return None

    def _looked_up(self, spelling: str, *, is_probe: bool = False) -> Node | None:
        """What F2 shows for a number as it is spelled; None for nothing, or nothing to us."""
        try:
            return self.read(self.address("case-by-case-number", caseNumber=spelling))
        except Gone:
            return None
        except Rejected as error:
            if error.field != "case_number":
                raise
            return None
        except Denied as error:
            # Reason codes are optional: 403 may hide this case alone, or shut us out altogether.
            if error.status != 403 or is_probe:
                raise
            self._looked_up(NO_CASE, is_probe=True)
            return None

    def may_create(self) -> bool:
        """Whether the account may create akter at all; nothing is created."""
        try:
            self.one_time_address(self.address("create-matter"))
        except (Denied, Rejected, Gone):
            return False
        return True

    def _node(self, answer: Answer) -> Node:
        try:
            return parse(answer.body)
        except XmlError as error:
            what = "a page for people" if answer.is_html else "no XML that can be read"
            text = f"{self.name}: the answer to {answer.method} is {what} (HTTP {answer.status})"
            raise self._lost(text, answer.status) from error

    def _lost(self, text: str, status: int) -> Unavailable:
        return Unavailable(text, system=self.name, status=status)

    # -- posting once -----------------------------------------------------------------------------

    def create(
        self, factory: str, name: str, addresses: OneTime, body: bytes, content_type: str
    ) -> str:
        """Create something and give its address.

        A kept one-time address is used again: F2 then creates, or answers with what it created. An
        address that F2 forgot has created nothing that a look-up just before did not find, so a new
        one is asked for. Raises Unclear when the answer is lost, Gone when the place is not there.
        """
        if kept := addresses.get(name):
            made = self._deliver(kept, body, content_type)
            if made:
                return made
        fresh = self.one_time_address(factory)
        addresses.keep(name, fresh)
        made = self._deliver(fresh, body, content_type)
        if not made:
            text = f"{self.name}: what was to be written on is not there any more, or is hidden"
            raise Gone(text, system=self.name, status=404)
        return made

    def one_time_address(self, factory: str) -> str:
        """An address for one create. Nothing is created by asking; F2 forgets it after a while."""
        headers = {"Content-Type": _FORM, **_AS_XML}
        # The documentation says 303, its examples and a public client 201.
        answer = self._remote.send("POST", factory, body=b"", headers=headers, is_read=True)
        target = answer.headers.get("Location", "")
        if answer.status in (200, 201, 303) and target:
            return urljoin(answer.url, target)
        if answer.is_good:
            text = f"{self.name}: F2 gave no one-time address (HTTP {answer.status})"
            raise self._lost(text, answer.status)
        raise self._refuse(answer) or self._remote.refusal(answer, is_read=True)

    def _deliver(self, url: str, body: bytes, content_type: str) -> str:
        """Post the content; the address of what it made, "" when F2 no longer knows the address."""
        headers = {"Content-Type": content_type, **_AS_XML}
        answer = self._remote.send("POST", url, body=body, headers=headers)
        target = answer.headers.get("Location", "")
        if answer.status in (200, 201, 303) and target:
            return urljoin(answer.url, target)
        if answer.is_good:
            text = f"{self.name}: F2 does not say what it created (HTTP {answer.status})"
            raise Unclear(f"{text}; it is looked for there", system=self.name)
        refused = self._refuse(answer)
        if refused is None and answer.status in _GONE:
            return ""
        raise refused or self._remote.refusal(answer)
