"""What GetOrganized means when it refuses to write. Pure.

No public client shows how a closed or locked case, or a full site, reads in an answer; so the words
that tell are in the mapping ([errors]), and what they do not match keeps to the rules of HTTP.
"""

from __future__ import annotations

from typing import Any

from connector.errors import CaseClosed, CaseLocked, Denied, Rejected, RemoteError, Unavailable
from connector.journaling.remote import Answer
from connector.journaling.words import Words

GRANT = (
    "ask for the right to add and edit documents on the cases, to journalise and to finalise "
    "(in GetOrganized's own groups; in SharePoint: Contribute on the case sites)"
)
_LONGEST_SAID = 20_000


def refusal(answer: Answer, number: str, words: Words, system: str) -> RemoteError | None:
    """Our error for an answer that is not 2xx to a write on this case; None by HTTP's own rules."""
    # A page for people is a proxy's: it tells of connections that are closed, not of cases.
    said = "" if answer.is_html else answer.body[:_LONGEST_SAID].decode("utf-8", "replace").lower()
    about: dict[str, Any] = {"system": system, "status": answer.status}

    def says(kind: str) -> bool:
        return any(each.lower() in said for each in words.list("errors", kind) if each)

    if answer.status == 401:
        return None
    if says("closed"):
        text = f"{system}: case {number} is closed; reopen it or link the item to another case"
        return CaseClosed(text, field="case_number", **about)
    if answer.status == 423 or says("locked"):
        text = f"{system}: case {number} or a document on it is locked; tried again later"
        return CaseLocked(text, **about)
    if says("full"):
        text = f"{system}: there is no room left; ask for a larger quota of the case site"
        return Unavailable(text, **about)
    if answer.status == 403:
        return Denied(f"{system}: the account may not write on case {number}; {GRANT}", **about)
    if answer.status in (404, 410):
        text = f"{system}: case {number} or its library is gone, or hidden from the account"
        return Rejected(text, field="case_number", **about)
    return None
