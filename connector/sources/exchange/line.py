"""The line to an Exchange server: signing in once, waiting as it says, its errors as ours.

Waiting has a bound: the library's own policy for busy servers takes a wrong password for throttling
and tries for an hour.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from exchangelib import errors as ews
from exchangelib.version import Build

from connector.errors import Denied, RemoteError, Throttled, Unavailable
from connector.sources.exchange.access import Access
from connector.sources.exchange.library import (
    LIBRARY,
    LINE,
    Busy,
    Forbidden,
    Mailbox,
    OwnProtocol,
    can_sign_in,
    protocol_for,
)
from connector.sources.exchange.refusals import PASSING, TOO_MUCH, Refusal, told

ONLINE = (
    "the mailboxes are in Exchange Online, where EWS is being switched off (tenant by tenant from "
    "2026-10-01, for all on 2027-04-01). Read them by Microsoft Graph: set "
    "sources.exchange.enabled to false and sources.voicemail.enabled to true"
)
_ONLINE_HOSTS = (".office365.com", ".office.com", ".outlook.com", ".office365.us", ".outlook.cn")
_ONLINE_BUILD = Build(15, 20)
WAITS_S = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0)  # when the server does not say how long
ATTEMPTS = 3  # at a line that breaks
MOST_CLOSED = 10  # so many mailboxes closed in a run, and none open: it is not the mailboxes


class Line:
    """One Exchange server. Safe from many threads."""

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
        self._protocol: OwnProtocol | None = None
        self._has_opened = False  # a mailbox in this run
        self._closed: set[str] = set()  # mailboxes that HTTP refused in this run
        self._refused: Denied | None = None  # then nobody tries again: accounts get locked
        self._free_at = 0.0  # all threads wait until then: the server said so to one of them

    def close(self) -> None:
        """Give the connections back."""
        if self._protocol is not None:
            self._protocol.close()

    def begin(self) -> None:
        """A new run: the password may have been put right since the last one."""
        self._refused, self._has_opened, self._closed = None, False, set()

    def mailbox(self, address: str) -> Mailbox:
        """A mailbox to ask about; after signing in."""
        if self._protocol is None:
            raise AssertionError("asked before signing in")
        return Mailbox.of(address, self._access, self._protocol)

    # -- waiting and errors ------------------------------------------------------------------------

    def patiently(self, attempt: Callable[[], Any], mailbox: str = "") -> Any:
        """Do it, and again after a wait while that can help and our patience lasts.

        Raises Refusal when Exchange refuses it, of which HTTP 401 and 403 are about this mailbox:
        the account itself was let in meanwhile.
        """
        waited_s, breaks, closed = self._wait_for_others(), 0, 0
        pauses = iter(WAITS_S)
        while True:
            try:
                self._open_anew() if closed else self._open()
                answer = attempt()
                self._has_opened |= bool(mailbox)
                return answer
            except (ews.UnauthorizedError, Forbidden) as error:
                # Seen: a busy server answers 401 to an account that it just had let in.
                closed += 1
                if closed > 1:
                    raise self._shut(mailbox, error) from error
                self._renew_token(error)
                wait_s = WAITS_S[0]
            except (Busy, ews.ErrorServerBusy, Refusal) as error:
                if isinstance(error, Refusal) and not self._is_worth_waiting(error, waited_s):
                    raise
                said = _back_off(error)
                pause = next(pauses, WAITS_S[-1])
                wait_s = pause if said is None else said
                if waited_s + wait_s > self._access.patience_s:
                    raise self._throttled(said) from error
                if said is not None or _is_busy(error):
                    self._let_others_wait(wait_s)
            except (*LIBRARY, *LINE) as error:
                breaks += 1
                if breaks >= ATTEMPTS or not _may_help(error):
                    raise self._meaning(error) from error
                wait_s = WAITS_S[breaks - 1]
            self._sleep(wait_s)
            waited_s += wait_s

    def _renew_token(self, error: Exception) -> None:
        """It may have been withdrawn before its time."""
        if self._token is not None and not isinstance(error, Forbidden):
            self._token(True)

    def _shut(self, mailbox: str, error: Exception) -> RemoteError | Refusal:
        """What it means that HTTP refused a mailbox twice, and let the account in between."""
        status = 403 if isinstance(error, Forbidden) else 401
        with self._lock:
            self._closed.add(mailbox)
            if self._has_opened or len(self._closed) < MOST_CLOSED:
                return Refusal(f"HTTP {status}")
        text = f"{told(f'HTTP {status}')}. So were {MOST_CLOSED} mailboxes, and none was opened"
        return self._denied(text, status)

    def _is_worth_waiting(self, error: Refusal, waited_s: float) -> bool:
        """What may be too much at once is tried a second time only; then less is asked for."""
        return error.code in PASSING and (error.code not in TOO_MUCH or not waited_s)

    def _let_others_wait(self, wait_s: float) -> None:
        with self._lock:
            self._free_at = max(self._free_at, self._monotonic() + wait_s)

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
        if self._protocol is not None and self._refused is None:
            return
        host = urlsplit(self._access.url).hostname or ""
        if host.endswith(_ONLINE_HOSTS):
            raise self._denied(ONLINE)
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if self._protocol is None:
                self._protocol = self._opened()

    def _open_anew(self) -> None:
        """See whether the server still lets us in, by a line of its own and without a mailbox.

        Raises Denied when it does not.
        """
        with self._lock:
            if self._refused is not None:
                raise self._refused
            opened = self._opened(is_last=True)
            if self._protocol is None:
                self._protocol = opened
            else:
                opened.close()

    def _opened(self, *, is_last: bool = False) -> OwnProtocol:
        """A line on which the server let us in. `is_last`: another token is not tried."""
        if not can_sign_in(self._access):
            text = "signing in by Kerberos needs the extra: pip install 'casethread[kerberos]'"
            raise self._denied(text)
        protocol = protocol_for(self._access, self._token)
        try:
            version = protocol.version  # asks the server
            if version.build >= _ONLINE_BUILD:
                raise self._denied(ONLINE)
        except ews.UnauthorizedError as error:
            protocol.close()
            if self._token is not None and not is_last:
                raise
            self._refused = self._denied_sign_in()
            raise self._refused from error
        except Forbidden as error:
            protocol.close()
            raise self._meaning(error) from error
        except BaseException:
            protocol.close()
            raise
        return protocol

    def _denied(self, text: str, status: int | None = None) -> Denied:
        return Denied(f"{self.system}: {text}", system=self.system, status=status)

    @property
    def system(self) -> str:
        """The source's name."""
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
        return Denied(f"{self.system}: {text}", system=self.system, status=401)

    def _throttled(self, wait_s: float | None) -> Throttled:
        text = (
            f"{self.system}: Exchange is busy or throttles us; the next run goes on. Lower "
            "sources.exchange.parallel, or give the account a throttling policy of its own"
        )
        return Throttled(text, wait_s=wait_s, system=self.system, status=503)

    def unavailable(self, what: str) -> Unavailable:
        """The next run may do better."""
        return Unavailable(f"{self.system}: {what}; the next run tries again", system=self.system)

    def _meaning(self, error: BaseException) -> RemoteError:
        """An error of the library or the line as one of ours; its text may hold contents."""
        system, text = self.system, str(error)
        if isinstance(error, Forbidden):
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
            return self.unavailable("the server leads to another address; look at url")
        return self.unavailable(
            f"no useful answer ({_kind(error)}); look at url, proxy and network"
        )


def _may_help(error: BaseException) -> bool:
    """Whether trying again may help: not against a closed door or a foreign certificate."""
    closed = (ews.RedirectError, ews.ErrorInvalidServerVersion)
    return not isinstance(error, closed) and "ertificate" not in str(error)


def _is_busy(error: BaseException) -> bool:
    """Whether the server has too much to do, and not only one mailbox of it trouble."""
    return not isinstance(error, Refusal) or error.code == "ErrorServerBusy"


def _back_off(error: BaseException) -> float | None:
    if isinstance(error, Refusal):
        return error.back_off_s
    if isinstance(error, Busy):
        return error.wait_s
    back_off: float | None = getattr(error, "back_off", None)
    return back_off


def _kind(error: BaseException) -> str:
    """The kind of an error, and of the one it was made of; never its text."""
    name = type(error).__name__
    return "connection or time-out" if name == "ErrorTimeoutExpired" else name
