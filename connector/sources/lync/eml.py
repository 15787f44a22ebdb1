"""Exported conversations as messages: files of Export-CsArchivingData and anything alike. Pure.

Microsoft says that each is an .eml file of one conversation, and no more of its inside. So what any
mail has is read: sender, recipients, date, text as plain, HTML or RTF; a mail within the mail is a
message of its own. Source: Microsoft, "Export-CsArchivingData", read 2026-11-22.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

import msgspec

from connector.sources.lync.rtf import rtf_text
from connector.sources.lync.values import clean
from connector.sources.text import plain

_PEOPLE = ("to", "cc", "bcc", "x-participants")
_CONVERSATION = ("x-conversation-id", "x-conversationid", "conversation-id", "thread-index")
_DEEPEST = 5


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message of an exported file: who, when and what. `at` is None without a readable date."""

    key: str  # Message-ID, else made from what was said
    thread: str
    at: datetime | None
    sender: tuple[str, str]  # name, address
    others: tuple[tuple[str, str], ...]
    subject: str
    text: str
    files: tuple[tuple[str, str, int], ...] = ()  # name, type, number of the part
    flags: tuple[str, ...] = ()


def read_eml(raw: bytes) -> list[Said]:
    """The messages of a file. Raises ValueError, without content, when there is none in it."""
    if not raw.strip():
        raise ValueError("the file is empty")
    try:
        found = list(_messages(message_from_bytes(raw, policy=policy.compat32), 0))
    except (MessageError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"no mail that can be read ({type(error).__name__})") from error
    if not found:
        raise ValueError("no sender, no date and no text: this is no mail")
    return found


def read_file(raw: bytes, number: int) -> bytes | None:
    """The bytes of the part with this number; None when there is none."""
    for place, part in enumerate(message_from_bytes(raw, policy=policy.compat32).walk()):
        if place == number:
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else None
    return None


def _messages(mail: Message, depth: int) -> Iterator[Said]:
    """The mail itself when it says something, and those within it."""
    within = [part for part in mail.walk() if part.get_content_type() == "message/rfc822"]
    texts, files, flags = _body(mail)
    if mail.keys() and (texts or files) and (mail["from"] or mail["date"]):
        yield _said(mail, texts, files, flags)
    if depth >= _DEEPEST:
        return
    for part in within:
        inner = part.get_payload()
        for each in inner if isinstance(inner, list) else []:
            if isinstance(each, Message) and each is not mail:
                yield from _messages(each, depth + 1)


def _said(mail: Message, text: str, files: list[tuple[str, str, int]], flags: list[str]) -> Said:
    people = _addresses(mail, "from")
    sender = people[0] if people else ("", "")
    others = tuple(dict.fromkeys(p for name in _PEOPLE for p in _addresses(mail, name)))
    at = _date(mail)
    if at is None:
        flags.append("no date that can be read")
    subject = _header(mail, "subject")
    told = "\0".join((sender[1].lower(), str(at), subject, text)).encode("utf-8", "replace")
    key = _header(mail, "message-id") or hashlib.blake2b(told, digest_size=16).hexdigest()
    # Never made from the recipients: the same message exported for another names others.
    thread = next((found for name in _CONVERSATION if (found := _header(mail, name))), key)
    return Said(
        key=key,
        thread=thread,
        at=at,
        sender=sender,
        others=others,
        subject=subject,
        text=text,
        files=tuple(files),
        flags=tuple(flags),
    )


def _body(mail: Message) -> tuple[str, list[tuple[str, str, int]], list[str]]:
    """The words of a mail, its files, and oddities; mails within it are left to themselves."""
    texts: dict[str, list[str]] = {}
    files: list[tuple[str, str, int]] = []
    flags: list[str] = []
    for number, part in _own_parts(mail):
        kind = part.get_content_type()
        name = _words(part.get_filename())
        if name or not (kind.startswith("text/") or kind == "application/rtf"):
            files.append((name or kind, kind, number))
            continue
        words, flag = _text(part, kind)
        flags += [flag] if flag else []
        if words:
            texts.setdefault(kind, []).append(words)
    # The same words as text and as HTML: one of them is enough.
    for kind in ("text/plain", "text/html", "text/rtf", "application/rtf", *texts):
        if kind in texts:
            return "\n".join(texts[kind]), files, flags
    return "", files, flags


def _own_parts(mail: Message) -> Iterator[tuple[int, Message]]:
    """The leaves of a mail with their numbers, without those of mails within it."""
    inner: set[int] = set()
    for number, part in enumerate(mail.walk()):
        if id(part) in inner:
            continue
        if part.get_content_type() == "message/rfc822" and part is not mail:
            inner.update(id(each) for each in part.walk())
            continue
        if not part.is_multipart():
            yield number, part


def _text(part: Message, kind: str) -> tuple[str, str]:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return "", ""
    charset, flag = part.get_content_charset() or "utf-8", ""
    try:
        words = content.decode(charset)
    except (LookupError, UnicodeDecodeError):
        words, flag = content.decode("cp1252", "replace"), f"not in {charset[:20]} as it says"
    words = clean(words)
    if kind == "text/html":
        return plain(words).text, flag
    return (rtf_text(words) if "rtf" in kind else words.strip()), flag


def _addresses(mail: Message, name: str) -> list[tuple[str, str]]:
    """Names and addresses of a header; a name may be written as in RFC 2047, and badly."""
    found = []
    for value in _headers(mail, name):
        parsed = getaddresses([value])
        if any("=?" in address for _, address in parsed):
            # Name and address were encoded together, which the rule forbids and programs do.
            parsed = getaddresses([_words(value)])
        for label, address in parsed:
            person = _words(label), address.strip().removeprefix("sip:")
            if any(person):
                found.append(person)
    return found


def _headers(mail: Message, name: str) -> list[str]:
    """The values of a header as they stand there; bytes that are no ASCII as UTF-8 or cp1252."""
    values = []
    for label, value in mail.raw_items():
        if label.lower() == name:
            raw = str(value).encode("utf-8", "surrogateescape")
            try:
                values.append(raw.decode("utf-8"))
            except UnicodeDecodeError:
                values.append(raw.decode("cp1252", "replace"))
    return values


def _header(mail: Message, name: str) -> str:
    """The first of them, in words."""
    return next((_words(value) for value in _headers(mail, name)), "")


def _words(value: object) -> str:
    """A header's words, RFC 2047 undone; what cannot be undone stays as it was written."""
    if value is None:
        return ""
    text = " ".join(str(value).split())
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return clean("".join(_part(content, charset) for content, charset in parts)).strip()


def _part(content: bytes | str, charset: str | None) -> str:
    if isinstance(content, str):
        return content
    try:
        return content.decode(charset or "utf-8", "replace")
    except LookupError:
        return content.decode("cp1252", "replace")


def _date(mail: Message) -> datetime | None:
    """When it was sent, in UTC; a date without a zone is taken for UTC."""
    try:
        at = parsedate_to_datetime(_header(mail, "date"))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return None
