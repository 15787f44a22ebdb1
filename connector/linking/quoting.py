"""Which parts of a text are the sender's own words, and which are quoted or sent on.

Every look round a sign is bounded, so that ten megabytes of them take time in proportion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

Role = Literal["own", "quoted", "forwarded"]


class Part(msgspec.Struct, frozen=True):
    """A stretch of a text and whose words it is; "forwarded" is somebody else's, sent on."""

    start: int
    end: int
    role: Role


Mark = tuple[int, int, str]  # start, end; what begins or stands there

# Each begins with a letter or a sign, not with "at the start of a line": a search for those is
# quick, and what stands before is looked at afterwards.
_QUOTED_LINE = re.compile(r">[^\n]*(?:\n|\Z)")
_COPIED = re.compile(  # "[12-11-2024 10:15] Hanne Holm: ...", as Teams copies messages
    r"\[[^\]\n]{0,24}\d{1,2}[.:]\d{2}[^\]\n]{0,6}\][ \t][^\n]*\n?"
)
_SAID = re.compile(r"(?:skrev|wrote)\b")
_SAID_END = re.compile(r"[^\n]{0,120}?(?:\n[^\n]{0,80}?)?:(?=[ \t]*(?:\n|\Z))")
_SAID_INLINE = re.compile(r"[^\n:]{0,80}:(?=\s)")
_DAY = re.compile(r"(?:\b(?:Den|D\.|On)\s|^)(?=[^\n]{0,60}\d)", re.MULTILINE)
_CLOCK = re.compile(r"\d{1,2}[.:]\d{2}(?!\.?\d)")
_DATE = re.compile(
    r"\d{1,2}(?:\.\s?|[/-]|\s)(?:\d{1,2}\b|[a-zA-Z]{3})|[A-Z][a-z]{2,8}\.?\s\d{1,2},|\d{4}-\d\d-\d\d"
)
_STAMPED = re.compile(r"\d{1,2}[.:]\d{2}(?!\.?\d)|\b20\d\d\b|@")
_STOP = re.compile(r"[.!?:]\s{0,3}\n")
_QUOTED_NEXT = re.compile(r"\s{0,20}>")
_FIELD = re.compile(
    r"(?:Fra|FRA|From|FROM|Sendt|Sent|Dato|Date|Emne|EMNE|Subject|Til|To|Cc|Tlf|Telefon|Phone)"
    r"(?=\*{0,2}\s?:)"
)
_SENDERS = frozenset({"Fra", "FRA", "From", "FROM"})
_OF_MAIL = frozenset({"Sendt", "Sent", "Dato", "Date", "Emne", "EMNE", "Subject"})
_OF_CALL = frozenset({"Tlf", "Telefon", "Phone"})  # then it is a telephone note, no mail
_HEAD_CHARS = 300
_RULE = re.compile(
    r"--(?<!---)-{0,58}+\s?(?:(?P<end>Slut på|End of)\s[^\n-]{1,60}"
    r"|(?P<forward>Videresendt|Forwarded)\s[^\n-]{1,60}"
    r"|(?:Oprindelig|Original|Opprinnelig|Ursprungligt)\s[^\n-]{1,30})-{2,20}",
    re.IGNORECASE,
)
_FORWARD_LINE = re.compile(
    r"[VvFfB](?:(?<=[Vv])[SsBb]\s?:|(?<=[Ff])[Ww][Dd]?\s?:|(?<=B)egin forwarded message:"
    r"|(?<=[Vv])ideresendt(?:\s(?:besked|mail|meddelelse|e-mail|fra|af)\b[^\n:]{0,60})?\s?:)"
)
_SENDS_ON = re.compile(
    r"videresend|\bsender\s+(?:\w+\s+){0,2}videre\b|\bfyi\b|\borientering\b|\bse\s+(?:neden|under)"
    r"|(?<!svar )\bneden(?:for|stående)\b|\bherunder\b|\bforwarding\b|\bsee below\b",
    re.IGNORECASE,
)


def parts(text: str) -> tuple[Part, ...]:
    """The whole text in order as the sender's own, quoted and forwarded stretches.

    Quoted are lines with ">", and all that follows "Den ... skrev X:" or the head of a mail. Such a
    mail is forwarded when the words before it say so, or when there are none. A head that mail
    programs make is needed: "Hanne skrev at ..." is own.
    """
    if not text:
        return ()
    # In every text that quotes or forwards one of these stands, and in few others.
    if not (":" in text or ">" in text or "--" in text):
        return (Part(0, len(text), "own"),)
    merged: list[Part] = []
    for part in _roles(text, sorted(_marks(text))):
        is_blank = not text[part.start : part.end].strip()
        if merged and (is_blank or part.role == merged[-1].role):
            merged[-1] = Part(merged[-1].start, part.end, merged[-1].role)
        elif not is_blank or part.end == len(text):
            merged.append(Part(merged[-1].end if merged else 0, part.end, part.role))
    return tuple(merged)


def _marks(text: str) -> Iterator[Mark]:
    yield from _quoted_lines(text)
    if "--" in text:
        for match in _RULE.finditer(text):
            kind = "end" if match["end"] else ("forward" if match["forward"] else "mail")
            yield *match.span(), kind
    if ":" in text:
        for match in _FORWARD_LINE.finditer(text):
            if (start := _line_start(text, match.start())) >= 0:
                yield start, match.end(), "prefix"
        if any(map(text.__contains__, _SENDERS)):
            yield from _mail_heads(text)
        if "skrev" in text or "wrote" in text:
            yield from _said(text)


def _quoted_lines(text: str) -> Iterator[Mark]:
    if ">" in text:
        for match in _QUOTED_LINE.finditer(text):
            if (start := _line_start(text, match.start())) >= 0:
                yield start, match.end(), "line"
    if "[" in text:
        for match in _COPIED.finditer(text):
            if _line_start(text, match.start()) == match.start():
                end = text.find("\n\n", match.end() - 1)
                yield match.start(), end if end >= 0 else len(text), "line"


def _line_start(text: str, at: int) -> int:
    """Where the line begins when at most three spaces stand before `at`; -1 for words before it."""
    start = text.rfind("\n", max(0, at - 4), at) + 1
    is_start = start > 0 or at <= 3
    return start if is_start and not text[start:at].strip() else -1


def _mail_heads(text: str) -> Iterator[Mark]:
    """ "Fra: ... Sendt: ... Til: ... Emne: ...", on lines of their own or all on one."""
    fields = [
        (at, match[0])
        for match in _FIELD.finditer(text)
        if (at := _field_start(text, match.start())) >= 0
    ]
    for i, (at, name) in enumerate(fields):
        if name not in _SENDERS:
            continue
        near = [n for place, n in fields[i + 1 : i + 5] if place - at <= _HEAD_CHARS]
        if _OF_MAIL.intersection(near) and not _OF_CALL.intersection(near):
            yield at, at + len(name), "mail"


def _field_start(text: str, at: int) -> int:
    """Where a field with its asterisks begins; -1 when a word stands right before it."""
    while at and text[at - 1] == "*":
        at -= 1
    return at if not at or text[at - 1].isspace() or text[at - 1] == ">" else -1


def _said(text: str) -> Iterator[Mark]:
    """ "Den 12. nov. 2024 kl. 10.15 skrev X:" and "X skrev den 12. nov.:", also cut by a break."""
    for match in _SAID.finditer(text):
        at = match.start()
        if text[at - 1 : at].isalnum() or text.find(":", at, at + _HEAD_CHARS) < 0:
            continue
        end = _SAID_END.match(text, match.end()) or _SAID_INLINE.match(text, match.end())
        if end is None:
            continue
        start = _said_start(text, at, end[0])
        head = text[start : end.end()] if start >= 0 else ""
        at_line_end = text[end.end() : end.end() + 1] in ("", "\n")
        if _DATE.search(head) and (_CLOCK if not at_line_end else _STAMPED).search(head):
            yield start, end.end(), "said"


def _said_start(text: str, at: int, after: str) -> int:
    """Where the head begins whose "skrev" stands at `at`; -1 when there is no sign of one."""
    low = max(0, at - 160)
    line = text.rfind("\n", low, at) + 1 or low
    two_lines = text.rfind("\n", low, max(low, line - 1)) + 1 or low
    days = [m.start() for m in _DAY.finditer(text, two_lines, at)]
    if days and not _STOP.search(text, days[-1], line):
        return days[-1]
    return line if _DATE.search(after) or _CLOCK.search(text, line, at) else -1


def _roles(text: str, marks: list[Mark]) -> Iterator[Part]:
    """A head takes all that follows, or the lines with ">" right after it; the rest is own."""
    last_head = max((start for start, _, kind in marks if kind in ("mail", "forward")), default=-1)
    at, sends_on = 0, False
    role: Role = "own"
    for start, end, kind in marks:
        if start < at or (role == "own") is (kind == "end"):
            continue
        if kind == "end":
            yield Part(at, end, role)
            at, role = end, "own"
        elif role == "own":
            yield Part(at, start, "own")
            at = start
            if kind == "line" or (kind == "said" and _QUOTED_NEXT.match(text, end)):
                yield Part(start, end, "quoted")
                at = end
            elif kind == "prefix" and start < last_head:
                at = text.find("\n", end) + 1 or len(text)
                yield Part(start, at, "forwarded")
                sends_on = True
            else:
                sends_on = sends_on or kind in ("forward", "prefix") or _is_sent_on(text, start)
                role = "forwarded" if sends_on and kind != "said" else "quoted"
    yield Part(at, len(text), role)


def _is_sent_on(text: str, head: int) -> bool:
    """Whether the words before the head of a mail send it on; nobody answers without a word."""
    before = text[max(0, head - 2000) : head]
    return not before.strip() or _SENDS_ON.search(before) is not None
