"""What Plone's refusals mean. It has three shapes of them, and its own use of the status numbers.

401 is said to a signed-in user without the right as well; a locked page is 403 to a change and 423
to a removal; a validation error is 400 with a Python list as its text (plone.restapi #496).
"""

from __future__ import annotations

import ast
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connector.errors import Denied, Gone, PageLocked, Rejected, RemoteError, Unavailable
from connector.journaling.remote import Answer
from connector.sites.plone.answers import Refusal

RIGHTS = "Contributor, Editor, Reviewer and Reader on the folder of the articles"
_CONFLICT = "conflict"


def body_of(answer: Answer) -> Refusal:
    """What the answer says; nothing where its body is empty or no JSON of this kind."""
    try:
        return answer.decoded(Refusal)
    except msgspec.DecodeError:
        return Refusal()


def is_conflict(answer: Answer) -> bool:
    """Whether two writers met in the database: nothing was written, and it may be tried again."""
    if answer.status < 500:
        return False
    said = body_of(answer)
    return _CONFLICT in f"{said.name} {said.said}".lower()


def refusal(answer: Answer, system: str, user: str) -> RemoteError | None:
    """The error of ours, or None to leave it to the general rules of HTTP."""
    said = body_of(answer)
    what = f"{answer.method} {urlsplit(answer.url).path[:160]}"
    about: dict[str, Any] = {"system": system, "status": answer.status}
    if answer.status in (301, 302, 303, 307, 308):
        if "login" in answer.headers.get("Location", ""):
            return Denied(f"{system}: {user} is not signed in for {what}", **about)
        return Gone(f"{system}: {what} has another address now", **about)
    if answer.status == 423 or (answer.status == 403 and "locked" in said.said.lower()):
        return PageLocked(f"{system}: somebody is editing the page; tried again later", **about)
    if answer.status in (401, 403):
        text = f"{system}: {user} has no right to {what}; an administrator gives it {RIGHTS}"
        return Denied(text, **about)
    if answer.status == 400:
        field, why = _invalid(said.said)
        text = f"{system}: Plone does not take {what}: {why}"
        return Rejected(text, field=field, **about)
    if is_conflict(answer):
        text = f"{system}: somebody else writes at the same time; nothing was written, tried later"
        return Unavailable(text, **about)
    return None


def _invalid(message: str) -> tuple[str, str]:
    """(field, reason) of a 400."""
    if "already in use" in message:
        return "id", "the id is already in use"
    try:
        errors = ast.literal_eval(message)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return "", message[:200]
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        first = errors[0]
        field = str(first.get("field", ""))
        if field == "language":
            return field, "it does not know the language; add it in Site set-up, Language"
        return field, f"{field}: {str(first.get('message', ''))[:200]}"
    return "", message[:200]
