"""What `casethread check` says of an F2: each thing that was tried, one finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connector.errors import Denied, Rejected, RemoteError, Unavailable
from connector.journals.f2.wire import F2, NO_CASE
from connector.model import Finding

_CLIENT = (
    "in ClientValidationRules.config on the F2-REST server: a <Client> with this client_id and "
    "secret, the F2 user under <Users>, RequireUserPassword false unless client_secret is set too"
)
_READ = "in F2: a role for the user that may read the cases that are journaled on"
_WRITE = "in F2: a role for the user that may create akter and documents on the cases"
_RUN = "see whether F2-REST runs and url is its root; ask the F2 service provider"


def check(f2: F2, *, may_write: bool) -> list[Finding]:
    """Index, sign-in, a look-up, and (for a sink) a one-time address; nothing is created."""
    return list(_findings(f2, may_write=may_write))


def _findings(f2: F2, *, may_write: bool) -> Iterator[Finding]:
    try:
        missing = f2.read_index()
    except RemoteError as error:
        yield _error(f2, error, _CLIENT if isinstance(error, Denied) else _RUN)
        return
    for rel in missing:
        what = f'the service index has no relation "{rel}"'
        yield Finding(level="error", system=f2.name, what=what, fix="F2-REST 13 or later")
    if missing:
        return
    yield Finding(level="ok", system=f2.name, what="the service index answers")
    signed_in = _tried(f2, f2.sign_in, "the client and the F2 user can sign in", _CLIENT)
    yield signed_in
    if signed_in.level != "ok":
        return
    # That F2 says there is no such case shows that it looks cases up for us.
    yield _tried(f2, lambda: f2.find_case(NO_CASE), "cases can be looked up", _READ)
    if may_write:
        ask = "akter can be created (a one-time address was given and not used)"
        yield _tried(f2, lambda: f2.one_time_address(f2.address("create-matter")), ask, _WRITE)


def _tried(f2: F2, attempt: Callable[[], object], what: str, fix: str) -> Finding:
    try:
        attempt()
    except RemoteError as error:
        return _error(f2, error, fix if isinstance(error, Denied | Rejected) else _RUN)
    return Finding(level="ok", system=f2.name, what=what)


def _error(f2: F2, error: RemoteError, fix: str) -> Finding:
    is_later = isinstance(error, Unavailable) and error.status == 429
    more = "; raise the rate limit of this client in F2-REST's web.config" if is_later else ""
    return Finding(level="error", system=f2.name, what=str(error), fix=fix + more)
