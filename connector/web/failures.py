"""Why a leg of a call came to nothing, in people's words; the source's own are kept beside them.

Microsoft Graph gives a stage ("callSetup", "midcall") and a free text; gateways, and Lync, give a
SIP code (RFC 3261, section 21).
"""

from __future__ import annotations

import re

from connector.web.words import say

_SIP = re.compile(r"\b(?:SIP )?([3-6]\d\d)\b")
_BY_CODE = {
    403: "forbidden", 404: "no_such", 408: "no_answer", 410: "no_such", 480: "no_answer",
    484: "no_such", 486: "busy", 487: "hung_up", 600: "busy", 603: "declined", 604: "no_such",
}  # fmt: skip
_BY_WORD = (
    ("declin", "declined"), ("reject", "declined"), ("busy", "busy"), ("not answer", "no_answer"),
    ("no answer", "no_answer"), ("timed out", "no_answer"), ("timeout", "no_answer"),
    ("cancel", "hung_up"), ("terminated", "hung_up"), ("not found", "no_such"),
    ("forbidden", "forbidden"),
)  # fmt: skip


def failure(text: str, language: str) -> str:
    """What a person is told of this; `text` is as the source wrote it."""
    return say(f"case.failed.{_sort(text)}", language)


def _sort(text: str) -> str:
    code = _SIP.search(text)
    if code is not None:
        return _BY_CODE.get(int(code[1]), "line")
    plain = text.lower()
    for word, sort in _BY_WORD:
        if word in plain:
            return sort
    if plain.startswith("midcall"):
        return "broke_off"
    return "not_set_up" if plain.startswith("callsetup") else "line"
