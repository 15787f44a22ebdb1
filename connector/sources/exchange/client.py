"""Asks an Exchange server by EWS: signing in, waiting as it says, and its errors as ours.

exchangelib does the transport: sessions, NTLM and Kerberos, the version of the schema, SOAP heads.
Waiting is done here, with a bound: the library's own policy for busy servers takes a wrong password
for throttling and tries for an hour, and shares itself among all accounts with the same URL.
"""

from __future__ import annotations

import logging
import re
import threading
import time
import xml.sax
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.auth
import urllib3
from exchangelib import errors as ews
from exchangelib.account import Account, Identity
from exchangelib.attachments import AttachmentId
from exchangelib.configuration import Configuration
from exchangelib.credentials import DELEGATE, IMPERSONATION, Credentials
from exchangelib.ewsdatetime import UTC
from exchangelib.protocol import FailFast, Protocol
from exchangelib.services import GetAttachment
from exchangelib.services.common import EWSAccountService
from exchangelib.transport import AUTH_TYPE_MAP, BASIC, GSSAPI, NOAUTH, NTLM
from exchangelib.util import ElementNotFound
from exchangelib.version import Build
from lxml import etree

from connector.errors import Denied, Gone, Rejected, RemoteError, Throttled, Unavailable
from connector.sources.exchange import wire
from connector.sources.exchange.access import Access
from connector.sources.exchange.refusals import GONE, PASSING, Refusal

ONLINE = (
    "the mailboxes are in Exchange Online, where EWS is being switched off (tenant by tenant from "
    "2026-10-01, for all on 2027-04-01). Read them by Microsoft Graph: set "
    "sources.exchange.enabled to false and sources.voicemail.enabled to true"
)
_ONLINE_HOSTS = (".office365.com", ".office.com", ".outlook.com", ".office365.us", ".outlook.cn")
_ONLINE_BUILD = Build(15, 20)
_KINDS = {"ntlm": NTLM, "basic": BASIC, "kerberos": GSSAPI, "oauth": NOAUTH}
_WAITS_S = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0)  # when the server does not say how long
_ATTEMPTS = 3  # at a line that breaks
_VERSIONS = frozenset(
    {
        *("ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion", "ErrorInvalidRequest"),
        "ErrorInvalidSchemaVersionForMailboxVersion",
    }
)
_CHUNK_BYTES = 64 * 1024
_END = b"Envelope>"
_FORBIDDEN = re.compile(  # control characters, as they are or written out
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));"
)


class _Busy(Exception):
    """The server asks for a pause; `wait_s` is what it said, or None."""

    def __init__(self, wait_s: float | None) -> None:
        super().__init__("busy")
        self.wait_s = wait_s


class _Forbidden(Exception):
    """HTTP 403: EWS is not open to this account, or not at all."""


class _Policy(FailFast):  # type: ignore[misc]  # exchangelib has no types
    """Never waits by itself; keeps what the server said of waiting."""

    def raise_response_errors(self, response: Any) -> None:
        status = response.status_code
        if status == 403:
            raise _Forbidden
        if status in (429, 503):
            raise _Busy(_seconds(response.headers.get("Retry-After")))
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


class _Protocol(Protocol):  # type: ignore[misc]
    """The library's protocol with our time-outs, certificates and proxy."""

    RETRY_WAIT = 0
    USERAGENT = "Casethread"
    access: Access
    bearer: _Bearer | None = None

    def create_session(self) -> Any:
        session = super().create_session()
        # REQUESTS_CA_BUNDLE in the environment would overrule a session's own certificates.
        session.trust_env = False
        session.verify = self.access.ca_bundle or True
        if self.access.proxy:
            session.proxies = {"http": self.access.proxy, "https": self.access.proxy}
        if self.bearer is not None:
            session.auth = self.bearer
        return session


class _Service(EWSAccountService):  # type: ignore[misc]
    """One kind of request; the answer's messages come as XML, a refusal by its code."""

    def ask(self, payload: wire.Element) -> list[wire.Element]:
        return list(self._get_response_xml(payload=payload))

    @classmethod
    def _get_soap_parts(cls, response: Any) -> tuple[wire.Element, wire.Element]:
        """The library reads an answer byte by byte, which takes longer than all the rest."""
        root = _parsed(response.content)
        body = root.find(wire.SOAP + "Body")
        if body is None:
            raise ews.MalformedResponseError("no SOAP body")
        return root.find(wire.SOAP + "Header"), body

    @classmethod
    def _raise_soap_errors(cls, fault: wire.Element) -> None:
        code, text, back_off_s = _fault(fault)
        if code in _VERSIONS:
            raise vars(ews)[code](code)
        raise Refusal(code, text, back_off_s)


class FindFolder(_Service):
    SERVICE_NAME = "FindFolder"


class GetFolder(_Service):
    SERVICE_NAME = "GetFolder"


class SyncFolderItems(_Service):
    SERVICE_NAME = "SyncFolderItems"


class GetItem(_Service):
    SERVICE_NAME = "GetItem"


def _parsed(content: bytes) -> wire.Element:
    """An answer as XML. Characters that XML forbids are left out, as real servers send them."""
    try:
        return etree.fromstring(content, parser=_strict())
    except etree.XMLSyntaxError as error:
        if not content.rstrip().endswith(_END):
            raise ews.MalformedResponseError("the answer is no SOAP, or is cut") from error
    return etree.fromstring(_FORBIDDEN.sub(b"", content), parser=_strict())


def _strict() -> etree.XMLParser:
    """No entities, nothing fetched; huge, because bodies and recordings may be."""
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def _fault(fault: wire.Element) -> tuple[str, str, float | None]:
    """(code, text, how long to wait in seconds) of a SOAP fault."""
    detail = fault.find("detail")
    code = detail.findtext(wire.E + "ResponseCode") if detail is not None else None
    text = detail.findtext(wire.E + "Message") if detail is not None else None
    wait: float | None = None
    for value in detail.iter(wire.T + "Value") if detail is not None else ():
        if value.get("Name") == "BackOffMilliseconds" and (value.text or "").isdigit():
            wait = int(value.text) / 1000
    fallback = (fault.findtext("faultcode") or "").rpartition(":")[2]
    return (code or fallback or "SOAP fault").strip(), (text or "").strip(), wait


class _Mailbox(Account):  # type: ignore[misc]
    """The library's account without its look at the machine's language and time zone."""

    def __init__(self, address: str, access_type: str, protocol: _Protocol) -> None:
        self.identity = Identity(primary_smtp_address=address)
        self.access_type = access_type
        self.protocol = protocol
        self.default_timezone = UTC
        self.affinity_cookie = None
        self._version = None
        self._version_lock = threading.Lock()


class Client:
    """One Exchange server. Safe from many threads; each uses a connection of its own."""

    def __init__(
        self,
        access: Access,
        *,
        token: Callable[[bool], str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._access, self._monotonic, self._sleep = access, monotonic, sleep
        self._token = token
        self._lock = threading.Lock()
        self._protocol: _Protocol | None = None
        self._is_signed_in = False
        self._refused: Denied | None = None  # then nobody tries again: accounts get locked
        self._free_at = 0.0  # all threads wait until then: the server said so to one of them

    @property
    def is_impersonating(self) -> bool:
        """Whether mailboxes are read as their owners."""
        return self._access.access == "impersonation"

    def close(self) -> None:
        """Give the connections back."""
        if self._protocol is not None:
            self._protocol.close()

    # -- asking ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """A new run: the password may have been put right since the last one."""
        self._refused = None

    def sign_in(self) -> None:
        """Sign in and learn the server's version. Raises Denied or Unavailable."""
        self.begin()
        self._patiently(lambda: None)

    def folders(self, mailbox: str) -> list[wire.Folder]:
        """All folders of a mailbox. Raises Refusal, and our errors as `ask` does."""
        found: list[wire.Folder] = []
        offset: int | None = 0
        while offset is not None and offset >= len(found):
            request = wire.folders_request(self._named(mailbox), offset)
            rows, offset = wire.parse_folders(self._only(mailbox, FindFolder, request))
            found += rows
        return found

    def changes(self, mailbox: str, folder: str, state: str) -> wire.Changes:
        """A page of a folder's changes."""
        request = wire.sync_request(folder, state)
        return wire.parse_changes(self._only(mailbox, SyncFolderItems, request))

    def items(self, mailbox: str, ids: list[str]) -> list[wire.Element]:
        """A response message for each id."""
        return self.ask(mailbox, GetItem, wire.items_request(ids))

    def root(self, mailbox: str) -> None:
        """Whether the mailbox can be opened at all."""
        self._only(mailbox, GetFolder, wire.root_request(self._named(mailbox)))

    def _named(self, mailbox: str) -> str:
        """A delegate names the mailbox in the request; who impersonates is already in it."""
        return "" if self.is_impersonating else mailbox

    def _only(self, mailbox: str, service: type[_Service], payload: wire.Element) -> wire.Element:
        """The one message of an answer."""
        for attempt in range(_ATTEMPTS):
            messages = self.ask(mailbox, service, payload)
            if not messages:
                raise Refusal("no response message")
            code, text = wire.code_of(messages[0])
            if code == "NoError":
                return messages[0]
            if code not in PASSING or attempt == _ATTEMPTS - 1:
                raise Refusal(code, text)
            self._sleep(_WAITS_S[attempt])
        raise AssertionError("unreachable")

    def ask(
        self, mailbox: str, service: type[_Service], payload: wire.Element
    ) -> list[wire.Element]:
        """The response messages to a request, after the waits that the server asked for.

        Raises Refusal when Exchange refuses the request as a whole, Denied when nobody's can be
        read (wrong password, EWS closed, Exchange Online), Throttled or Unavailable.
        """
        answer: list[wire.Element] = self._patiently(
            lambda: service(account=self._account(mailbox)).ask(payload)
        )
        return answer

    def stream(self, mailbox: str, attachment: str) -> Iterator[bytes]:
        """The bytes of an attachment. Raises Gone, Denied, Throttled, Unavailable or Rejected."""
        try:
            first = self._patiently(lambda: self._begin(mailbox, attachment))
            yield from first
        except Refusal as error:
            text = f"{self._system}: the attachment is not to be had ({error.code})"
            if error.code in GONE or error.code.startswith("ErrorInvalid"):
                raise Gone(text, system=self._system) from error
            raise Rejected(text, system=self._system) from error

    def _begin(self, mailbox: str, attachment: str) -> Iterator[bytes]:
        """The stream with its first bytes read, so that a refusal shows before they are given."""
        service = GetAttachment(account=self._account(mailbox))
        service.timeout = self._access.timeout_s
        stream = service.stream_file_content(AttachmentId(id=attachment))
        try:
            first = next(stream, b"")
        except (ews.ErrorServerBusy, ews.ErrorTimeoutExpired):
            raise  # a pause, or a line that broke
        except ews.ResponseMessageError as error:
            raise Refusal(type(error).__name__) from error
        except ElementNotFound as error:
            raise Refusal("ErrorItemNotFound") from error  # no bytes, and no reason
        return self._rest(first, stream)

    def _rest(self, first: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
        yield first
        try:
            yield from stream
        except (*_LINE, xml.sax.SAXException) as error:
            raise self._unavailable("the line broke in an attachment") from error

    # -- waiting and errors ------------------------------------------------------------------------

    def _patiently(self, attempt: Callable[[], Any]) -> Any:
        """Do it, and again after a wait while that can help and our patience lasts."""
        waited_s, breaks, refusals = self._wait_for_others(), 0, 0
        pauses = iter(_WAITS_S)
        while True:
            try:
                self._open()
                answer = attempt()
                self._is_signed_in = True
                return answer
            except ews.UnauthorizedError as error:
                # Seen: a busy server answers 401 to an account that it just had let in.
                refusals += 1
                if refusals > 1 or not (self._is_signed_in or self._token):
                    self._refused = self._denied_sign_in()
                    raise self._refused from error
                wait_s = _WAITS_S[0]
                if self._token is not None:
                    self._token(True)  # it may have been withdrawn before its time
            except (_Busy, ews.ErrorServerBusy, Refusal) as error:
                said = _back_off(error)
                if isinstance(error, Refusal) and error.code not in PASSING:
                    raise
                pause = next(pauses, _WAITS_S[-1])
                wait_s = pause if said is None else said
                if waited_s + wait_s > self._access.patience_s:
                    raise self._throttled(said) from error
                with self._lock:
                    self._free_at = max(self._free_at, self._monotonic() + wait_s)
            except (*_LIBRARY, *_LINE, _Forbidden) as error:
                breaks += 1
                if breaks >= _ATTEMPTS or not _may_help(error):
                    raise self._meaning(error) from error
                wait_s = _WAITS_S[breaks - 1]
            self._sleep(wait_s)
            waited_s += wait_s

    def _wait_for_others(self) -> float:
        """Wait as long as the server told another thread to; how long that was."""
        wait_s = self._free_at - self._monotonic()
        if wait_s <= 0:
            return 0.0
        if wait_s > self._access.patience_s:
            raise self._throttled(wait_s)
        self._sleep(wait_s)
        return wait_s

    def _open(self) -> None:
        """Sign in and learn the server's version, once. Raises Denied for an online server."""
        if self._refused is not None:
            raise self._refused
        if self._protocol is not None:
            return
        host = urlsplit(self._access.url).hostname or ""
        if host.endswith(_ONLINE_HOSTS):
            raise Denied(f"{self._system}: {ONLINE}", system=self._system)
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if self._protocol is not None:
                return
            protocol = self._made()
            try:
                version = protocol.version  # asks the server
            except ews.UnauthorizedError as error:
                protocol.close()
                if self._token is not None:
                    raise
                self._refused = self._denied_sign_in()
                raise self._refused from error
            except BaseException:
                protocol.close()
                raise
            if version.build >= _ONLINE_BUILD:
                protocol.close()
                raise Denied(f"{self._system}: {ONLINE}", system=self._system)
            self._protocol = protocol

    def _made(self) -> _Protocol:
        its = self._access
        kind = _KINDS[its.auth]
        if kind not in AUTH_TYPE_MAP:
            text = "signing in by Kerberos needs the extra: pip install 'casethread[kerberos]'"
            raise Denied(f"{self._system}: {text}", system=self._system)
        # The library writes whole requests and answers to its log when something surprises it.
        logging.getLogger("exchangelib").setLevel(logging.CRITICAL + 1)
        needs_password = its.auth in ("ntlm", "basic")
        config = Configuration(
            service_endpoint=its.url,
            credentials=Credentials(its.user, its.password) if needs_password else None,
            auth_type=kind,
            retry_policy=_Policy(),
            max_connections=its.parallel,
        )
        # Not by the class: it would give the protocol that another reader of this URL has made.
        protocol: _Protocol = type.__call__(_Protocol, config=config)
        protocol.access = its
        protocol.TIMEOUT = its.timeout_s
        if self._token is not None:
            protocol.bearer = _Bearer(self._token)
        return protocol

    def _account(self, mailbox: str) -> _Mailbox:
        if self._protocol is None:
            raise AssertionError("asked before signing in")
        kind = IMPERSONATION if self.is_impersonating else DELEGATE
        return _Mailbox(mailbox, kind, self._protocol)

    @property
    def _system(self) -> str:
        return self._access.name

    def _denied_sign_in(self) -> Denied:
        if self._token is not None:
            text = "Exchange refuses the app's token; look at graph.client_id and its permission"
        else:
            text = (
                f"Exchange refuses the user {self._access.user} or the password. Look at "
                f"sources.exchange.user (DOMAIN\\name or a UPN), the password in "
                f"{self._access.password_from}, and auth"
            )
        return Denied(f"{self._system}: {text}", system=self._system, status=401)

    def _throttled(self, wait_s: float | None) -> Throttled:
        text = (
            f"{self._system}: Exchange is busy or throttles us; the next run goes on. Lower "
            "sources.exchange.parallel, or give the account a throttling policy of its own"
        )
        return Throttled(text, wait_s=wait_s, system=self._system, status=503)

    def _unavailable(self, what: str) -> Unavailable:
        return Unavailable(f"{self._system}: {what}; the next run tries again", system=self._system)

    def _meaning(self, error: BaseException) -> RemoteError:
        """An error of the library or the line as one of ours; its text may hold contents."""
        system, text = self._system, str(error)
        if isinstance(error, _Forbidden):
            what = (
                f"{system}: Exchange forbids EWS to this account (HTTP 403). Look at "
                "Get-OrganizationConfig and Get-CASMailbox: EwsEnabled, EwsApplicationAccessPolicy "
                f"and the allow list. If {ONLINE}"
            )
            return Denied(what, system=system, status=403)
        if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
            return Unavailable(
                f"{system}: the server's certificate is not signed by a known authority; name your "
                "own in sources.exchange.ca_bundle (PEM)",
                system=system,
            )
        if isinstance(error, ews.RedirectError):
            return self._unavailable("the server leads to another address; look at url")
        return self._unavailable(
            f"no useful answer ({_kind(error)}); look at url, proxy and network"
        )


# What the library raises for the request as a whole, and what it lets through of the line.
_LIBRARY = (ews.EWSError, ews.NaiveDateTimeNotAllowed, etree.LxmlError, xml.sax.SAXException)
_LINE = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, KeyError)


def _may_help(error: BaseException) -> bool:
    """Whether trying again may help: not against a closed door or a foreign certificate."""
    closed = (_Forbidden, ews.RedirectError, ews.ErrorInvalidServerVersion)
    return not isinstance(error, closed) and "ertificate" not in str(error)


def _back_off(error: BaseException) -> float | None:
    if isinstance(error, Refusal):
        return error.back_off_s
    if isinstance(error, _Busy):
        return error.wait_s
    back_off: float | None = getattr(error, "back_off", None)
    return back_off


def _kind(error: BaseException) -> str:
    """The kind of an error, and of the one it was made of; never its text."""
    name = type(error).__name__
    return "connection or time-out" if name == "ErrorTimeoutExpired" else name
