"""One put and what becomes of it; and, after a crash, what became of one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeGuard

from connector.errors import (
    CaseLocked,
    ConnectorError,
    Denied,
    Rejected,
    RemoteError,
    Throttled,
    Unavailable,
    Unclear,
)
from connector.ledger.deliveries import Delivery, Outcome, back_off_s

if TYPE_CHECKING:
    from connector.ports import OpenFile, Sink, Steps

_LONGEST_OUTAGE_WAIT_S = 900  # so a system that is back is given everything within this time


def put(
    sink: Sink, each: Delivery, open_file: OpenFile, steps: Steps
) -> tuple[Outcome, ConnectorError | None]:
    """Give it to the sink. The outcome is what the ledger keeps, the error what the run asks."""
    try:
        receipt = sink.put(each.entry, each.key, open_file, steps)
    except Rejected as error:
        field = f" ({error.field})" if error.field else ""
        return Outcome(key=each.key, state="failed", reason=f"{error}{field}"), error
    except Unclear as error:
        found = found_out(sink, each)
        return (found if found.state != "waiting" else _later(each, error)), error
    except Throttled as error:
        wait = error.wait_s if error.wait_s is not None else back_off_s(each.tries)
        return Outcome(key=each.key, state="waiting", reason=str(error), wait_s=wait), error
    except RemoteError as error:
        return _later(each, error), error
    return Outcome(key=each.key, state="done", receipt=receipt), None


def found_out(sink: Sink, each: Delivery) -> Outcome:
    """Ask the sink whether it has this one: done, waiting (it has not), or unsure."""
    if not sink.capabilities.can_find:
        reason = f"{sink.name} cannot be asked whether it arrived; look there, then use 'retry'"
        return Outcome(key=each.key, state="unsure", reason=reason)
    try:
        receipt = sink.find(each.key, each.entry.case_number)
    except RemoteError as error:
        return Outcome(key=each.key, state="unsure", reason=str(error))
    if receipt is None:
        return Outcome(key=each.key, state="waiting", reason="not there after a crash")
    return Outcome(key=each.key, state="done", receipt=receipt)


def is_about_the_system(error: ConnectorError | None) -> TypeGuard[Unavailable | Denied]:
    """Whether this ends the run: the system is away or shut to us, and not one case of it."""
    return isinstance(error, Unavailable | Denied) and not isinstance(error, CaseLocked)


def _later(each: Delivery, error: RemoteError) -> Outcome:
    """Put off; not for long when the whole system is away, because then the run itself waits."""
    longest = _LONGEST_OUTAGE_WAIT_S if is_about_the_system(error) else math.inf
    wait = min(back_off_s(each.tries), longest)
    return Outcome(key=each.key, state="waiting", reason=str(error), wait_s=wait)
