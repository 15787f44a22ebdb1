"""What of exchangelib is used: sessions with their sign-in, versions of the schema, SOAP heads.

Its models of items and folders are not, and its patience neither; see wire.py and line.py.
"""

from __future__ import annotations

import logging
import threading
import xml.sax
from collections.abc import Callable
from typing import Any

import requests
import requests.auth
import urllib3
from exchangelib import errors as ews
from exchangelib.account import Account, Identity
from exchangelib.configuration import Configuration
from exchangelib.credentials import DELEGATE, IMPERSONATION, Credentials
from exchangelib.ewsdatetime import UTC
from exchangelib.protocol import FailFast, Protocol
from exchangelib.services.common import EWSAccountService
from exchangelib.transport import AUTH_TYPE_MAP, BASIC, GSSAPI, NOAUTH, NTLM
from lxml import etree

from connector.sources.exchange import soap, wire
from connector.sources.exchange.access import Access
from connector.sources.exchange.refusals import Refusal

_KINDS = {"ntlm": NTLM, "basic": BASIC, "kerberos": GSSAPI, "oauth": NOAUTH}
_VERSIONS = frozenset(
    {
        *("ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion", "ErrorInvalidRequest"),
        "ErrorInvalidSchemaVersionForMailboxVersion",
    }
)
# What the library raises for the request as a whole, and what it lets through of the line.
LIBRARY = (
    *(ews.EWSError, ews.NaiveDateTimeNotAllowed, etree.LxmlError, xml.sax.SAXException),
    soap.NotSoap,
)
LINE = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, KeyError)


class Busy(Exception):
    """The server asks for a pause; `wait_s` is what it said, or None."""

    def __init__(self, wait_s: float | None) -> None:
        super().__init__("busy")
        self.wait_s = wait_s


class Forbidden(Exception):
    """HTTP 403: EWS is not open to this account, or not at all."""


class _Policy(FailFast):  # type: ignore[misc]  # exchangelib has no types
    """Never waits by itself; keeps what the server said of waiting."""

    def raise_response_errors(self, response: Any) -> None:
        """Judge an answer by its status."""
        status = response.status_code
        if status == 403:
            raise Forbidden
        if status in (429, 503):
            raise Busy(_seconds(response.headers.get("Retry-After")))
        super().raise_response_errors(response)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdigit() else None


class _Bearer(requests.auth.AuthBase):
    """Puts the present token on each request."""

    def __init__(self, token: Callable[[bool], str]) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token(False)}"
        return request


class OwnProtocol(Protocol):  # type: ignore[misc]
    """The library's protocol with our time-outs, certificates and proxy."""

    RETRY_WAIT = 0
    USERAGENT = "Casethread"
    access: Access
    bearer: _Bearer | None = None

    def create_session(self) -> Any:
        """A session, which is a connection."""
        session = super().create_session()
        # REQUESTS_CA_BUNDLE in the environment would overrule a session's own certificates.
        session.trust_env = False
        session.verify = self.access.ca_bundle or True
        if self.access.proxy:
            session.proxies = {"http": self.access.proxy, "https": self.access.proxy}
        if self.bearer is not None:
            session.auth = self.bearer
        return session


class Service(EWSAccountService):  # type: ignore[misc]
    """One kind of request; the answer's messages come as XML, a refusal by its code."""

    def ask(self, payload: wire.Element) -> list[wire.Element]:
        """The response messages."""
        return list(self._get_response_xml(payload=payload))

    @classmethod
    def _get_soap_parts(cls, response: Any) -> tuple[wire.Element, wire.Element]:
        """The library reads an answer byte by byte, which takes longer than all the rest."""
        root = soap.parsed(response.content)
        body = root.find(wire.SOAP + "Body")
        if body is None:
            raise soap.NotSoap("no SOAP body")
        return root.find(wire.SOAP + "Header"), body

    @classmethod
    def _raise_soap_errors(cls, fault: wire.Element) -> None:
        code, text, back_off_s = soap.fault_of(fault)
        if code in _VERSIONS:
            raise vars(ews)[code](code)
        raise Refusal(code, text, back_off_s)


class FindFolder(Service):
    """The folders of a mailbox."""

    SERVICE_NAME = "FindFolder"


class GetFolder(Service):
    """One folder."""

    SERVICE_NAME = "GetFolder"


class SyncFolderItems(Service):
    """The changes of a folder."""

    SERVICE_NAME = "SyncFolderItems"


class GetItem(Service):
    """Items, opened."""

    SERVICE_NAME = "GetItem"


class Mailbox(Account):  # type: ignore[misc]
    """The library's account without its look at the machine's language and time zone."""

    def __init__(self, address: str, access_type: str, protocol: OwnProtocol) -> None:
        self.identity = Identity(primary_smtp_address=address)
        self.access_type = access_type
        self.protocol = protocol
        self.default_timezone = UTC
        self.affinity_cookie = None
        self._version = None
        self._version_lock = threading.Lock()

    @classmethod
    def of(cls, address: str, access: Access, protocol: OwnProtocol) -> Mailbox:
        """A mailbox, read with the right that the settings name."""
        kind = IMPERSONATION if access.access == "impersonation" else DELEGATE
        return cls(address, kind, protocol)


def can_sign_in(access: Access) -> bool:
    """Whether what this kind of sign-in needs is installed."""
    return _KINDS[access.auth] in AUTH_TYPE_MAP


def protocol_for(access: Access, token: Callable[[bool], str] | None) -> OwnProtocol:
    """A protocol of our own. Nothing is asked yet."""
    # The library writes whole requests and answers to its log when something surprises it.
    logging.getLogger("exchangelib").setLevel(logging.CRITICAL + 1)
    needs_password = access.auth in ("ntlm", "basic")
    config = Configuration(
        service_endpoint=access.url,
        credentials=Credentials(access.user, access.password) if needs_password else None,
        auth_type=_KINDS[access.auth],
        retry_policy=_Policy(),
        max_connections=access.parallel,
    )
    # Not by calling the class: it would give the protocol that another reader of this URL made.
    made: OwnProtocol = type.__call__(OwnProtocol, config=config)
    made.access = access
    made.TIMEOUT = access.timeout_s
    if token is not None:
        made.bearer = _Bearer(token)
    return made
