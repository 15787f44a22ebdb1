"""Every error of the program, by what happens next.

ConnectorError
  ConfigError        .problems: all of them at once; exit 2, no traceback
  Busy               another process does this work now; try later
  RemoteError        .system .status .request_id
    Unavailable      end this run; the next tick tries again
      Throttled      .wait_s, as the server said
      CaseLocked     this case is locked for now; the rest of the run goes on
      PageLocked     somebody is editing this page; the rest of the run goes on
    Denied           end this run (or this part of it); tell a person
    Rejected         this item only; tell a person; .field
      CaseClosed     the case takes no more; a person reopens it or links elsewhere
      PageEdited     a person changed the live page; it is shown, never overwritten
    Unclear          a write whose answer was lost; recovery decides, never a blind repeat
    CursorExpired    start this part again from its window; harmless, because items are keyed
    Gone             the thing asked for no longer exists there (404, 410 on content)
  LedgerError        the ledger is in a state that must not be: a bug, or a newer schema; stop

A message says what, which and what to do. It never holds a token, a body or a subject line.
"""

from __future__ import annotations

from collections.abc import Sequence


class ConnectorError(Exception):
    """The root: whatever the program raises on purpose."""


class ConfigError(ConnectorError):
    """The configuration cannot be used; `problems` holds one sentence for each mistake."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Busy(ConnectorError):
    """Another live process holds this work."""


class LedgerError(ConnectorError):
    """The ledger cannot be used as it is."""


class RemoteError(ConnectorError):
    """A foreign system did not do what was asked. `system` is the name from the configuration."""

    def __init__(
        self, message: str, *, system: str = "", status: int | None = None, request_id: str = ""
    ) -> None:
        super().__init__(message)
        self.system = system
        self.status = status
        self.request_id = request_id


class Unavailable(RemoteError):
    """The system cannot answer now: no connection, a time-out, 5xx, an answer that is cut."""


class Throttled(Unavailable):
    """The system asks for fewer requests; `wait_s` is what it said, None when it said nothing."""

    def __init__(
        self,
        message: str,
        *,
        wait_s: float | None = None,
        system: str = "",
        status: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message, system=system, status=status, request_id=request_id)
        self.wait_s = wait_s


class CaseLocked(Unavailable):
    """Somebody holds the case or its journal locked; this entry waits, others go on."""


class PageLocked(Unavailable):
    """An editor has the page open; this page waits, others go on."""


class Denied(RemoteError):
    """Sign-in failed or a permission is missing (401, 402, 403); a person must grant something."""


class Rejected(RemoteError):
    """The system refuses this one thing for good; `field` names the part it does not like."""

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        system: str = "",
        status: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message, system=system, status=status, request_id=request_id)
        self.field = field


class CaseClosed(Rejected):
    """The case is closed for new entries."""


class PageEdited(Rejected):
    """The live page is not as we left it; a person takes the change over or dismisses it."""


class Unclear(RemoteError):
    """A write was sent and its answer never came: it may or may not have happened."""


class CursorExpired(RemoteError):
    """The server no longer knows the cursor (410, or 400 with a sync-state code)."""


class Gone(RemoteError):
    """What was asked for is not there (any more), or is hidden from us."""
